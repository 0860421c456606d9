from __future__ import annotations

import numpy as np
import pytest

from pipeline.storyboard import FIGURES, HOURS, WEATHERS, Framing
from tests import painter_measures as measures

FRAMINGS: tuple[Framing, ...] = ("wide", "medium", "close")


@pytest.mark.parametrize("seed", range(8))
def test_it_is_a_picture_and_no_flat_card(seed: int) -> None:
    picture = measures.a_picture(
        "abstract",
        hour=HOURS[seed % 4],
        weather=WEATHERS[seed % 6],
        framing=FRAMINGS[seed % 3],
        arousal=(-0.9, 0.0, 0.9)[seed % 3],
        seed=seed,
    )
    measures.assert_picture(measures.scenery(picture).sheets, measures.SMALL)


def test_the_same_seed_paints_the_same_and_another_does_not() -> None:
    one, again, other = (
        measures.scenery(measures.a_picture("abstract", hour="dusk", seed=seed)).sheets for seed in (5, 5, 6)
    )
    for sheet, twin in zip(one, again, strict=True):
        np.testing.assert_array_equal(sheet.pixels, twin.pixels)
    assert measures.distance(measures.flat(one), measures.flat(other)) > 0.03


@pytest.mark.parametrize("size", [(240, 135), (160, 160)])
def test_it_fills_every_shape(size: tuple[int, int]) -> None:
    measures.assert_picture(measures.scenery(measures.a_picture("abstract", hour="dawn", seed=3), size).sheets, size)


def test_the_composition_holds_at_every_size() -> None:
    picture = measures.a_picture("abstract", hour="dusk", seed=11)
    small = measures.flat(measures.scenery(picture, (135, 240)).sheets)
    large = measures.flat(measures.scenery(picture, (270, 480)).sheets)
    assert measures.likeness(small, large) > 0.93


def test_hours_have_their_light() -> None:
    dark, bright = (
        np.mean(
            [
                measures.flat(measures.scenery(measures.a_picture("abstract", hour=hour, seed=seed)).sheets).mean()
                for seed in range(3)
            ]
        )
        for hour in ("night", "day")
    )
    assert bright > dark + 0.05


@pytest.mark.parametrize("figure", FIGURES)
def test_whoever_stands_in_it_stands_within_the_frame(figure: measures.Kind) -> None:
    scenery = measures.scenery(measures.a_picture("abstract", figure=figure, seed=4))
    stage = scenery.stage
    assert 0.15 < stage.feet[0] < 0.85
    assert 0.4 < stage.feet[1] < 0.92
    assert 1 <= stage.slot <= len(scenery.sheets)
    assert 0.04 <= stage.tall <= 0.6


def test_wild_moods_break_what_calm_ones_let_flow() -> None:
    """Hard edges: the strongest change from pixel to pixel, over many seeds."""

    def edges(arousal: float) -> float:
        images = (
            measures.flat(measures.scenery(measures.a_picture("abstract", arousal=arousal, seed=seed)).sheets)
            for seed in range(10)
        )
        return float(np.mean([np.percentile(np.abs(np.diff(measures.grey(image), axis=1)), 98) for image in images]))

    assert edges(0.9) > 1.1 * edges(-0.9)


def test_seeds_bring_several_families() -> None:
    images = [
        measures.flat(measures.scenery(measures.a_picture("abstract", hour="day", seed=seed)).sheets)
        for seed in range(12)
    ]
    spread = {round(measures.detail(image)[0] * 200) for image in images}
    assert len(spread) >= 4
