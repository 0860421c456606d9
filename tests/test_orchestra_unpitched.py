from __future__ import annotations

import numpy as np
import pytest

from pipeline.music import RATE
from pipeline.orchestra.part import Note
from pipeline.orchestra.unpitched import draw


@pytest.mark.parametrize("kind", ["sub drop", "riser", "swell"])
@pytest.mark.parametrize("length", [0.05, 0.4, 2.0])
def test_every_sound_is_sane_at_any_length(kind, length):
    begins, sound = draw(kind, Note(3.0, length, 50, 100))
    assert begins == 3.0
    assert len(sound) == pytest.approx(length * RATE, abs=0.02 * RATE)
    assert np.isfinite(sound).all()
    assert 0.1 < np.abs(sound).max() <= 1.01
    assert np.abs(sound[-1]).max() < 1e-3, "it must not click"
    assert np.abs(sound[0]).max() < 1e-2


@pytest.mark.parametrize("kind", ["riser", "swell"])
def test_noise_is_the_same_each_time(kind):
    first, second = (draw(kind, Note(0.0, 1.0, 50, 100))[1] for _ in range(2))
    assert np.array_equal(first, second)


def test_a_riser_rises():
    _, sound = draw("riser", Note(0.0, 3.0, 45, 100))

    def centre(part: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(part[:, 0])) ** 2
        return float((power * np.fft.rfftfreq(len(part), 1 / RATE)).sum() / power.sum())

    assert centre(sound[2 * RATE : 3 * RATE]) > 1.5 * centre(sound[RATE // 2 : RATE])
