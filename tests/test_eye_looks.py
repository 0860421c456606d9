"""Flashes of light, told from other changes of light."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.eye.looks import find_flashes, name_camera
from pipeline.eye.watched import Watched

FRAMES = 60


def lit(levels: list[float], *, share: float = 1.0) -> Watched:
    """A still picture at 24 frames a second whose light takes these levels, in a part of the picture."""
    stamps = np.full((FRAMES, 18, 32, 3), 128, np.uint8)
    stamps[..., 0] = 40
    stamps[:, :, : round(32 * share), 0] = np.array(levels, np.uint8)[:, None, None]
    return Watched(
        times=np.arange(FRAMES) / 24,
        stamps=stamps,
        shifts=np.zeros((FRAMES, 2)),
        shift_trust=np.ones(FRAMES),
        proposals=(),
    )


def struck(*, held: int) -> list[float]:
    """Lightning in frame 30 that stays for so many frames."""
    return [160.0 if 30 <= frame < 30 + held else 40.0 for frame in range(FRAMES)]


def test_lightning_is_a_flash():
    watched = lit(struck(held=3))
    assert find_flashes(watched, 0, FRAMES - 1) == [pytest.approx(30 / 24)]
    assert name_camera(watched, 0, FRAMES - 1) == "flashing"


@pytest.mark.parametrize(
    "watched",
    [
        lit(struck(held=30)),  # a light that is switched on
        lit(struck(held=3), share=0.4),  # a lamp in a corner
        lit([40.0 + frame for frame in range(FRAMES)]),  # dawn
        lit([40.0] * FRAMES),
    ],
)
def test_other_light_is_none(watched: Watched):
    assert find_flashes(watched, 0, FRAMES - 1) == []
    assert name_camera(watched, 0, FRAMES - 1) == "steady"
