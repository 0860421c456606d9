from __future__ import annotations

import numpy as np
import pytest

from pipeline.painter import figures
from pipeline.painter.canvas import Canvas, Sheet, Stage
from pipeline.storyboard import FIGURES, WORLDS
from tests import painter_measures as measures

SOMEBODY = [figure for figure in FIGURES if figure != "none"]
FLYING = ("bird", "balloon")


def stage(tall: float = 0.2, *, light: tuple[float, float] = (0.2, 0.5)) -> Stage:
    return Stage((0.5, 0.74), tall, 0.6, 1, light, 0.62, sky=0.3)


def stood(
    figure: measures.Kind,
    *,
    seed: int = 1,
    size: tuple[int, int] = measures.PREVIEW,
    tall: float = 0.2,
    light: tuple[float, float] = (0.2, 0.5),
    hour: measures.Hour = "day",
) -> Sheet:
    palette = measures.colours(measures.a_picture(hour=hour))
    (sheet,) = figures.stand(
        figure, stage(tall, light=light), palette, canvas=Canvas.of(size), rng=np.random.default_rng(seed)
    )
    return sheet


def solid(sheet: Sheet) -> np.ndarray:
    return sheet.pixels[..., 3] > 200


def test_nobody_is_nobody() -> None:
    palette = measures.colours(measures.a_picture())
    rng = np.random.default_rng(1)
    assert figures.stand("none", stage(), palette, canvas=Canvas.of(measures.PREVIEW), rng=rng) == []


@pytest.mark.parametrize("figure", SOMEBODY)
def test_it_is_there_and_large_enough_to_read(figure: measures.Kind) -> None:
    for seed in range(4):
        mask = solid(stood(figure, seed=seed))
        assert mask.mean() > 0.0008, seed
        rows, columns = np.nonzero(mask)
        if figure != "bird":
            assert np.ptp(rows) > 0.07 * 324, seed
        if figure != "train":
            assert columns.min() > 0.05 * mask.shape[1], seed
            assert columns.max() < 0.95 * mask.shape[1], seed


@pytest.mark.parametrize("figure", [figure for figure in SOMEBODY if figure not in FLYING])
def test_it_stands_on_its_feet(figure: measures.Kind) -> None:
    for seed in range(4):
        mask = solid(stood(figure, seed=seed))
        foot = np.nonzero(mask.any(1))[0].max() / mask.shape[0]
        assert foot == pytest.approx(0.74, abs=0.035), seed


@pytest.mark.parametrize("figure", FLYING)
def test_what_flies_is_in_the_sky(figure: measures.Kind) -> None:
    mask = solid(stood(figure))
    assert np.nonzero(mask.any(1))[0].max() / mask.shape[0] < 0.62


def test_a_closer_framing_shows_it_larger() -> None:
    heights = [np.ptp(np.nonzero(solid(stood("walker", seed=2, tall=tall)))[0]) for tall in (0.16, 0.3, 0.5)]
    assert heights[0] * 1.5 < heights[1] < heights[2] / 1.4


def test_the_light_falls_on_the_side_it_comes_from() -> None:
    def lean(light: tuple[float, float]) -> float:
        sheet = stood("walker", seed=3, hour="dusk", tall=0.4, light=light)
        mask, shine = solid(sheet), measures.grey(sheet.pixels[..., :3].astype(np.float32) / 255)
        middle = np.nonzero(mask)[1].mean()
        columns = np.broadcast_to(np.arange(mask.shape[1]), mask.shape)
        return float(shine[mask & (columns < middle)].mean() - shine[mask & (columns >= middle)].mean())

    assert lean((0.02, 0.5)) > 0.01
    assert lean((0.98, 0.5)) < -0.01


def test_windows_glow_at_night() -> None:
    def brightest(hour: measures.Hour) -> float:
        sheet = stood("house", seed=0, hour=hour)
        pixels = sheet.pixels[..., :3][solid(sheet)].astype(np.float32)
        return float(np.percentile(pixels[:, 2] - pixels[:, 0], 97))

    assert brightest("night") > brightest("day")


def test_a_boat_is_mirrored_in_the_water() -> None:
    sheet = stood("boat", seed=5)
    height = sheet.pixels.shape[0]
    below = sheet.pixels[round(0.76 * height) : round(0.84 * height), :, 3]
    assert below.max() > 40
    assert below.max() < 200


@pytest.mark.parametrize("figure", SOMEBODY)
def test_the_same_seed_stands_the_same_at_every_size(figure: measures.Kind) -> None:
    one, again = stood(figure, seed=7), stood(figure, seed=7)
    np.testing.assert_array_equal(one.pixels, again.pixels)
    large = stood(figure, seed=7, size=(540, 960))
    assert solid(large).mean() == pytest.approx(solid(one).mean(), rel=0.2)


@pytest.mark.parametrize("figure", SOMEBODY)
def test_seeds_bring_other_shapes(figure: measures.Kind) -> None:
    masks = [solid(stood(figure, seed=seed)) for seed in range(5)]
    assert any(np.logical_xor(masks[0], other).sum() > 0.15 * masks[0].sum() for other in masks[1:])


def test_who_would_be_out_of_place_stays_away() -> None:
    assert figures.fitting("boat", "sea") == "boat"
    assert figures.fitting("boat", "desert") == "none"
    assert all(figures.fitting("walker", world) == "walker" for world in WORLDS)


def test_who_walks_in_the_rain_has_an_umbrella() -> None:
    palette = measures.colours(measures.a_picture())
    canvas = Canvas.of(measures.PREVIEW)
    for seed in range(3):
        dry, wet = (
            figures.stand("walker", stage(0.3), palette, canvas=canvas, rng=np.random.default_rng(seed), wet=wet)[0]
            for wet in (False, True)
        )
        upper = [np.ptp(np.nonzero(solid(sheet))[1]) for sheet in (dry, wet)]
        assert upper[1] >= upper[0] * 0.9
        assert solid(wet)[np.nonzero(solid(wet).any(1))[0].min() + 6].sum() > 15
