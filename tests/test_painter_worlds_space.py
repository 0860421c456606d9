from __future__ import annotations

import numpy as np

from pipeline.storyboard import HOURS
from tests import painter_measures as measures


def test_a_planet_has_a_day_and_a_night() -> None:
    """The planet's sheet: its lit side is far lighter than its dark one."""
    for seed in range(4):
        planet = measures.scenery(
            measures.a_picture("space", hour="dusk", figure="walker", seed=seed), (270, 480)
        ).sheets[1]
        inside = planet.pixels[..., 3] > 250
        light = measures.grey(planet.pixels[..., :3].astype(np.float32) / 255)[inside]
        assert inside.mean() > 0.02
        assert np.percentile(light, 90) > np.percentile(light, 10) + 0.15


def test_space_is_dark_at_every_hour() -> None:
    for hour in HOURS:
        sky = measures.scenery(measures.a_picture("space", hour=hour, seed=1)).sheets[0].pixels[..., :3]
        assert np.median(sky[: len(sky) // 5]) < 120
