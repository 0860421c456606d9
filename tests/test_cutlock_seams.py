"""Cross-fades without a bump."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.cutlock.seams import cross


def level(audio: np.ndarray) -> np.ndarray:
    return np.sqrt(np.square(audio).reshape(10, -1).mean(axis=1))


@pytest.mark.parametrize("same", [True, False])
def test_the_level_stays_whether_the_two_are_alike_or_strangers(same: bool):
    rng = np.random.default_rng(1)
    one = rng.standard_normal((48_000, 2)).astype(np.float32)
    other = one.copy() if same else rng.standard_normal((48_000, 2)).astype(np.float32)
    assert level(cross(one, other)) == pytest.approx(np.ones(10), abs=0.03)


def test_copies_come_out_as_they_went_in():
    one = np.random.default_rng(1).standard_normal((480, 2)).astype(np.float32)
    assert np.allclose(cross(one, one), one, atol=1e-6)


def test_silence_and_nothing_at_all():
    silent = np.zeros((100, 2), np.float32)
    assert not cross(silent, silent).any()
    assert len(cross(silent[:0], silent[:0])) == 0
    assert np.isfinite(cross(silent, silent + 1)).all()


def test_opposites_do_not_blow_up():
    one = np.ones((100, 2), np.float32)
    assert np.abs(cross(one, -one)).max() <= 1.01
