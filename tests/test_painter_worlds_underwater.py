from __future__ import annotations

import numpy as np
import pytest

from pipeline.storyboard import FIGURES, HOURS, WEATHERS, Framing
from tests import painter_measures as measures

FRAMINGS: tuple[Framing, ...] = ("wide", "medium", "close")


@pytest.mark.parametrize("seed", range(8))
def test_it_is_a_picture_and_no_flat_card(seed: int) -> None:
    picture = measures.a_picture(
        "underwater",
        hour=HOURS[seed % 4],
        weather=WEATHERS[seed % 6],
        framing=FRAMINGS[seed % 3],
        arousal=(-0.9, 0.0, 0.9)[seed % 3],
        seed=seed,
    )
    measures.assert_picture(measures.scenery(picture).sheets, measures.SMALL)


def test_the_same_seed_paints_the_same_and_another_does_not() -> None:
    one, again, other = (
        measures.scenery(measures.a_picture("underwater", hour="dusk", seed=seed)).sheets for seed in (5, 5, 6)
    )
    for sheet, twin in zip(one, again, strict=True):
        np.testing.assert_array_equal(sheet.pixels, twin.pixels)
    assert measures.distance(measures.flat(one), measures.flat(other)) > 0.03


@pytest.mark.parametrize("size", [(240, 135), (160, 160)])
def test_it_fills_every_shape(size: tuple[int, int]) -> None:
    measures.assert_picture(measures.scenery(measures.a_picture("underwater", hour="dawn", seed=3), size).sheets, size)


def test_the_composition_holds_at_every_size() -> None:
    picture = measures.a_picture("underwater", hour="dusk", seed=11)
    small = measures.flat(measures.scenery(picture, (135, 240)).sheets)
    large = measures.flat(measures.scenery(picture, (270, 480)).sheets)
    assert measures.likeness(small, large) > 0.93


def test_hours_have_their_light() -> None:
    dark, bright = (
        np.mean(
            [
                measures.flat(measures.scenery(measures.a_picture("underwater", hour=hour, seed=seed)).sheets).mean()
                for seed in range(3)
            ]
        )
        for hour in ("night", "day")
    )
    assert bright > dark + 0.05


@pytest.mark.parametrize("figure", FIGURES)
def test_whoever_stands_in_it_stands_within_the_frame(figure: measures.Kind) -> None:
    scenery = measures.scenery(measures.a_picture("underwater", figure=figure, seed=4))
    stage = scenery.stage
    assert 0.15 < stage.feet[0] < 0.85
    assert 0.4 < stage.feet[1] < 0.92
    assert 1 <= stage.slot <= len(scenery.sheets)
    assert 0.04 <= stage.tall <= 0.6


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("across", [-0.04, 0.04])
def test_no_hole_opens_when_the_layers_shift(seed: int, across: float) -> None:
    scenery = measures.scenery(measures.a_picture("underwater", hour=HOURS[seed], figure="walker", seed=seed))
    height = scenery.sheets[0].pixels.shape[0]
    ground = round((scenery.stage.horizon + 0.14) * height)
    covered = measures.framed(measures.covered(scenery.sheets, across=across, down=abs(across) / 4)[:, :])
    assert covered[ground - round(height / 12) :].min() > 0.99


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
