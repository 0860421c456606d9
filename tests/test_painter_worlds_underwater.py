from __future__ import annotations

from pipeline.storyboard import HOURS
from tests import painter_measures as measures


def test_the_light_comes_from_above() -> None:
    image = measures.grey(measures.flat(measures.scenery(measures.a_picture("underwater", seed=2)).sheets))
    high, low = image[: len(image) // 4].mean(), image[-len(image) // 4 :].mean()
    assert high > low + 0.15


def test_every_hour_is_under_water() -> None:
    """Blue or green stands over red, whatever the sky above does."""
    for hour in HOURS:
        image = measures.flat(measures.scenery(measures.a_picture("underwater", hour=hour, seed=5)).sheets)
        blue, green, red = image.reshape(-1, 3).mean(0)
        assert max(blue, green) > red
