"""Pictures: the same by seed, at every size, in every world; without holes; never a flat card."""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.painter import OVERSCAN, Canvas, Sheet, Stage, figures
from pipeline.painter.palette import from_hex, to_oklab
from pipeline.painter.sheets import sheets
from pipeline.painter.water import flattened
from pipeline.storyboard import HOURS, WEATHERS, WORLDS, Picture, StyleSheet, World

SMALL = (108, 192)
LAND: tuple[World, ...] = ("mountains", "sea", "forest", "desert", "fields")
SHIFT = 0.04  # of the width: how far layers may move against each other


def picture(world: World, **more: Any) -> Picture:
    return Picture("p01", "", world, **{"hour": "dusk", "seed": 3, **more})


@cache
def painted(
    world: World, size: tuple[int, int] = SMALL, look: str = "", film: tuple[str, ...] = (), **more: Any
) -> tuple[Sheet, ...]:
    return tuple(sheets(picture(world, **more), StyleSheet(look, palette=film), size=size))


def flat(*args: Any, **more: Any) -> NDArray[np.float32]:
    return flattened(painted(*args, **more))


def luminance(paint: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(paint @ np.array([0.114, 0.587, 0.299], np.float32))


def likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


@pytest.mark.parametrize("world", WORLDS)
def test_the_same_picture_has_the_same_pixels(world: World) -> None:
    again = sheets(picture(world), StyleSheet(""), size=SMALL)
    assert len(again) == len(painted(world))
    for one, other in zip(painted(world), again, strict=True):
        assert one.depth == other.depth
        assert np.array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize("size", [(108, 192), (192, 108), (120, 120), (96, 120)])
@pytest.mark.parametrize("world", LAND)
def test_layers_fill_the_canvas_from_back_to_front(world: World, size: tuple[int, int]) -> None:
    layers = painted(world, size)
    assert 3 <= len(layers) <= 8
    for layer in layers:
        assert layer.pixels.shape == (round(size[1] * OVERSCAN), round(size[0] * OVERSCAN), 4)
        assert 0 <= layer.depth <= 1
    assert layers[0].pixels[..., 3].min() == 255
    assert all(layer.pixels[..., 3].min() < 255 for layer in layers[1:])


@pytest.mark.parametrize("world", WORLDS)
def test_no_picture_is_a_flat_card(world: World) -> None:
    for hour in HOURS:
        light = luminance(flat(world, hour=hour))
        edges = np.hypot(cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1))
        assert light.std() > 0.035, hour  # a flat card has 0, a lone gradient no edges
        assert np.percentile(light, 98) > 0.12, hour  # not black
        assert np.percentile(light, 2) < 0.75, hour  # not blank
        assert (edges > 0.08).mean() > 0.012, hour


@pytest.mark.parametrize("world", WORLDS)
def test_other_seeds_are_other_pictures(world: World) -> None:
    seen = [luminance(flat(world, seed=seed)) for seed in (1, 2, 3, 4)]
    for number, one in enumerate(seen):
        for other in seen[number + 1 :]:
            assert np.abs(one - other).mean() > 0.015


@pytest.mark.parametrize("world", LAND)
def test_moved_layers_show_no_hole(world: World) -> None:
    """What lies behind a front layer goes on beneath it: however layers move, no sky shows through the land."""
    layers = painted(world)
    width = layers[0].pixels.shape[1]
    by = round(SHIFT * width)
    for sign in (-1, 1):
        moved = flattened(
            [Sheet(np.roll(one.pixels, round(sign * by * one.depth), axis=1), one.depth) for one in layers]
        )
        middle = slice(by, -by)
        land = np.max([np.roll(one.pixels[..., 3], round(sign * by * one.depth), axis=1) for one in layers[1:]], axis=0)
        assert land[round(0.8 * len(land)) :, middle].min() > 250
        still, away = flattened(layers)[:, middle], moved[:, middle]
        low, high = (np.quantile(luminance(still), part) for part in (0.001, 0.999))
        light = luminance(away)
        assert light.min() > low - 0.06
        assert light.max() < high + 0.06
        assert abs(light.mean() - luminance(still).mean()) < 0.02


@pytest.mark.parametrize("world", LAND)
def test_front_layers_reach_the_foot_of_the_canvas(world: World) -> None:
    for layer in painted(world)[1:]:
        alpha = layer.pixels[..., 3]
        covered = (alpha > 200).mean(axis=1)
        if covered.max() > 0.98 and layer.depth < 0.9:  # ground or water across the whole width
            assert covered[-1] > 0.98


def test_hours_go_from_dark_to_light() -> None:
    for world in LAND:
        bright = {
            hour: float(np.mean([luminance(flat(world, hour=hour, seed=seed)).mean() for seed in (1, 2)]))
            for hour in HOURS
        }
        assert bright["night"] < bright["dusk"] < bright["day"]
        assert bright["night"] < bright["dawn"]


def test_every_weather_leaves_its_mark() -> None:
    clear = flat("mountains", hour="day", weather="clear")
    for weather in WEATHERS[1:]:
        assert np.abs(flat("mountains", hour="day", weather=weather) - clear).mean() > 0.01, weather
    storm = luminance(flat("mountains", hour="day", weather="storm")).mean()
    assert storm < luminance(clear).mean()


@pytest.mark.parametrize(
    "film",
    [("#0b132b", "#1c2541", "#3a506b", "#5bc0be", "#e0fbfc"), ("#2b0b0b", "#6b1d1d", "#b23a2e", "#e8a15b", "#fff0d0")],
)
def test_the_films_palette_is_felt_in_every_world(film: tuple[str, ...]) -> None:
    """Its mean chroma turns from where the hour alone would have it to where the film's colours are."""
    wanted = np.mean([to_oklab(from_hex(text)) for text in film], axis=0)[1:]

    def toward(colours: tuple[str, ...], world: World) -> float:
        mean = to_oklab(flat(world, film=colours)).reshape(-1, 3).mean(axis=0)[1:]
        return float(mean @ wanted / (np.linalg.norm(mean) * np.linalg.norm(wanted)))

    with_film = [toward(film, world) for world in LAND]
    assert np.mean(with_film) > max(0.35, np.mean([toward((), world) for world in LAND]))


@pytest.mark.parametrize("world", LAND)
def test_who_is_close_is_large(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    tall = []
    stand = figures.stand

    def measured(figure: Any, stage: Stage, *args: Any, **more: Any) -> list[Sheet]:
        tall.append(stage.tall)
        assert 0.1 < stage.feet[0] < 0.9
        assert 0.5 < stage.feet[1] < 0.98
        return stand(figure, stage, *args, **more)

    monkeypatch.setattr(figures, "stand", measured)
    for framing in ("wide", "medium", "close"):
        sheets(picture(world, framing=framing, figure="walker"), StyleSheet(""), size=SMALL)
    assert tall[0] < 1.01 * tall[1] < tall[2] / 1.4


def test_mood_moves_colour_and_contrast() -> None:
    def chroma(**mood: float) -> float:
        lab = to_oklab(flat("mountains", hour="day", **mood))
        return float(np.hypot(lab[..., 1], lab[..., 2]).mean())

    assert chroma(valence=0.9, arousal=0.9) > 1.15 * chroma(valence=-0.9, arousal=-0.9)


@pytest.mark.parametrize("world", WORLDS)
def test_the_composition_is_the_same_at_every_size(world: World) -> None:
    large, small = luminance(flat(world, (324, 576))), luminance(flat(world))
    reduced = cv2.resize(large, small.shape[::-1], interpolation=cv2.INTER_AREA)
    soft = [cv2.GaussianBlur(one, (0, 0), 1.5) for one in (reduced, small)]
    assert likeness(*soft) > 0.95


@pytest.mark.parametrize("world", LAND)
def test_framings_are_composed_differently(world: World) -> None:
    wide, close = luminance(flat(world)), luminance(flat(world, framing="close"))
    assert np.abs(wide - close).mean() > 0.015


def test_a_sky_shows_no_bands() -> None:
    """Between two rows of a smooth sky no step is as wide as a band would be: 8-bit steps are broken by dither."""
    sky = painted("desert", (216, 384), hour="night", weather="clear", seed=5)[0].pixels[..., 0].astype(int)
    column = sky[40:160]
    runs = (np.diff(column, axis=1) == 0).mean()
    assert runs < 0.75


def test_canvas_is_larger_than_the_frame() -> None:
    assert Canvas.of((1080, 1920)) == Canvas(1296, 2304)
    assert Canvas.of((270, 480)).aspect == Canvas.of((1080, 1920)).aspect


def test_progress_is_told() -> None:
    told: list[float] = []
    sheets(picture("sea"), StyleSheet(""), size=(60, 60), progress=told.append)
    assert told == sorted(told)
    assert told


@pytest.mark.parametrize("weather", ["clear", "storm"])
def test_whoever_lives_at_sea_lives_in_a_lighthouse(weather: str) -> None:
    """It stands in the picture, and its lamp burns: the brightest thing above the horizon beside the moon."""
    without = flat("sea", hour="night", weather=weather)
    with_one = flat("sea", hour="night", weather=weather, figure="house")
    assert len(painted("sea", hour="night", weather=weather, figure="house")) > 3
    assert np.abs(with_one - without).max() > 0.3
