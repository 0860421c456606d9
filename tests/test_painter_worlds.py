"""What every one of these worlds must be: a picture, the same for its seed, whole in every shape and under a camera."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.storyboard import FIGURES, HOURS, WEATHERS, Framing, World
from tests import painter_measures as measures

#: how far under the horizon the ground of each begins, as a share of the height; abstract forms have none
GROUNDS: dict[World, float] = {"city": 0.06, "street": 0.08, "space": 0.1, "underwater": 0.14}
WORLDS: tuple[World, ...] = ("abstract", *GROUNDS)

FRAMINGS: tuple[Framing, ...] = ("wide", "medium", "close")


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("seed", range(8))
def test_it_is_a_picture_and_no_flat_card(world: World, seed: int) -> None:
    picture = measures.a_picture(
        world,
        hour=HOURS[seed % 4],
        weather=WEATHERS[seed % 6],
        framing=FRAMINGS[seed % 3],
        arousal=(-0.9, 0.0, 0.9)[seed % 3],
        seed=seed,
    )
    measures.assert_picture(measures.scenery(picture).sheets, measures.SMALL)


@pytest.mark.parametrize("world", WORLDS)
def test_the_same_seed_paints_the_same_and_another_does_not(world: World) -> None:
    one, again, other = (
        measures.scenery(measures.a_picture(world, hour="dusk", seed=seed)).sheets for seed in (5, 5, 6)
    )
    for sheet, twin in zip(one, again, strict=True):
        np.testing.assert_array_equal(sheet.pixels, twin.pixels)
    assert measures.distance(measures.flat(one), measures.flat(other)) > 0.03


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("size", [(240, 135), (160, 160)])
def test_it_fills_every_shape(world: World, size: tuple[int, int]) -> None:
    measures.assert_picture(measures.scenery(measures.a_picture(world, hour="dawn", seed=3), size).sheets, size)


@pytest.mark.parametrize("world", WORLDS)
def test_the_composition_holds_at_every_size(world: World) -> None:
    picture = measures.a_picture(world, hour="dusk", seed=11)
    small = measures.flat(measures.scenery(picture, (135, 240)).sheets)
    large = measures.flat(measures.scenery(picture, (270, 480)).sheets)
    assert measures.likeness(small, large) > 0.93


@pytest.mark.parametrize("world", WORLDS)
def test_hours_have_their_light(world: World) -> None:
    dark, bright = (
        np.mean(
            [
                measures.flat(measures.scenery(measures.a_picture(world, hour=hour, seed=seed)).sheets).mean()
                for seed in range(3)
            ]
        )
        for hour in ("night", "day")
    )
    assert bright > dark + 0.05


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("figure", FIGURES)
def test_whoever_stands_in_it_stands_within_the_frame(world: World, figure: measures.Kind) -> None:
    scenery = measures.scenery(measures.a_picture(world, figure=figure, seed=4))
    stage = scenery.stage
    assert 0.15 < stage.feet[0] < 0.85
    assert 0.4 < stage.feet[1] < 0.92
    assert 1 <= stage.slot <= len(scenery.sheets)
    assert 0.04 <= stage.tall <= 0.6


@pytest.mark.parametrize("world", GROUNDS)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("across", [-0.04, 0.04])
def test_no_hole_opens_when_the_layers_shift(world: World, seed: int, across: float) -> None:
    scenery = measures.scenery(measures.a_picture(world, hour=HOURS[seed], figure="walker", seed=seed))
    height = scenery.sheets[0].pixels.shape[0]
    ground = round((scenery.stage.horizon + GROUNDS[world]) * height)
    covered = measures.framed(measures.covered(scenery.sheets, across=across, down=abs(across) / 4)[:, :])
    assert covered[ground - round(height / 12) :].min() > 0.99
