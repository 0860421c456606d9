"""Palettes: mixed as the eye mixes, bent by hour, weather and mood, ruled by the film's own colours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.painter.palette import (
    Palette,
    brightness,
    from_hex,
    from_oklab,
    lighter,
    mix,
    palette,
    ramp,
    to_hex,
    to_oklab,
    turned,
    vivid,
)
from pipeline.storyboard import HOURS, WEATHERS, Picture, StyleSheet

COLOURS = st.lists(st.floats(0, 1), min_size=3, max_size=3).map(lambda parts: np.array(parts, np.float32))
FILM = ("#0b132b", "#1c2541", "#3a506b", "#5bc0be", "#e0fbfc")


def made(seed: int = 1, film: tuple[str, ...] = (), **more: Any) -> Palette:
    return palette(Picture("p01", "", "sea", **more), StyleSheet("", palette=film), np.random.default_rng(seed))


@given(COLOURS)
def test_oklab_there_and_back(colour: np.ndarray) -> None:
    assert np.allclose(from_oklab(to_oklab(colour)), colour, atol=2e-3)


@given(COLOURS, COLOURS, st.floats(0, 1))
def test_a_mixture_lies_between(one: np.ndarray, other: np.ndarray, share: float) -> None:
    low, high = sorted((brightness(one), brightness(other)))
    assert low - 0.02 <= brightness(mix(one, other, share)) <= high + 0.02


def test_colours_are_read_as_bgr() -> None:
    assert np.allclose(from_hex("#ff8000"), [0, 128 / 255, 1])


def test_colours_are_changed_in_one_way_each() -> None:
    blue = from_hex("3a6ea5")
    assert brightness(lighter(blue, 0.1)) > brightness(blue) + 0.08
    assert np.hypot(*to_oklab(vivid(blue, 0.5))[1:]) == pytest.approx(0.5 * np.hypot(*to_oklab(blue)[1:]), abs=2e-3)
    assert np.allclose(turned(turned(blue, 40), -40), blue, atol=0.01)


def test_a_ramp_meets_its_stops() -> None:
    table = ramp([(0.0, from_hex("000000")), (0.5, from_hex("ff0000")), (1.0, from_hex("ffffff"))], 101)
    assert np.allclose(table[[0, 50, 100]], [[0, 0, 0], [0, 0, 1], [1, 1, 1]], atol=5e-3)


def test_days_are_lighter_than_nights() -> None:
    sky = {hour: np.mean([brightness(made(seed, hour=hour).sky) for seed in range(6)]) for hour in HOURS}
    assert sky["night"] < sky["dusk"] < sky["dawn"] < sky["day"] + 0.05


@pytest.mark.parametrize("hour", HOURS)
@pytest.mark.parametrize("weather", WEATHERS)
def test_land_stands_before_its_haze(hour: Any, weather: Any) -> None:
    for film in ((), FILM):
        for seed in range(4):
            colours = made(seed, film, hour=hour, weather=weather)
            assert brightness(colours.ink) < brightness(colours.shade) < brightness(colours.haze)
            assert brightness(colours.light) > 0.7
            assert brightness(colours.at(0.0)) < brightness(colours.at(0.5)) < brightness(colours.at(1.0))


def test_mood_bends_the_palette() -> None:
    sad, glad = made(valence=-1, arousal=-1), made(valence=1, arousal=1)
    assert np.hypot(*to_oklab(glad.zenith)[1:]) > np.hypot(*to_oklab(sad.zenith)[1:])
    assert glad.contrast > sad.contrast


def hue_of(colours: Palette) -> np.ndarray:
    """The direction in which a palette's colours point together, at length 1."""
    sum_of = np.sum([to_oklab(c)[1:] for c in (colours.zenith, colours.sky, colours.haze, colours.shade)], axis=0)
    return np.asarray(sum_of / np.linalg.norm(sum_of))


@pytest.mark.parametrize("hour", HOURS)
def test_colours_lean_to_the_films_and_keep_their_hour(hour: Any) -> None:
    red = ("#2b0b0b", "#6b1d1d", "#b23a2e", "#e8a15b", "#fff0d0")
    for film in (FILM, red):
        way = np.sum([to_oklab(from_hex(text))[1:] for text in film], axis=0)
        alone = np.mean([hue_of(made(seed, hour=hour)) @ way for seed in range(8)])
        assert hue_of(made(film=film, hour=hour)) @ way > min(alone, 0.55 * np.linalg.norm(way))
    sky = {each: brightness(made(film=FILM, hour=each).sky) for each in HOURS}
    assert sky["night"] < sky["dusk"] < sky["day"]


def test_a_film_has_one_sky_for_an_hour_whatever_the_seed() -> None:
    assert np.allclose(made(1, FILM, hour="dusk").sky, made(2, FILM, hour="dusk").sky)


def test_a_pictures_own_colours_come_before_the_films() -> None:
    own = made(film=FILM, palette=("#2b0b0b", "#6b1d1d", "#b23a2e", "#e8a15b", "#fff0d0"))
    assert not np.allclose(own.sky, made(film=FILM).sky, atol=0.02)


def test_black_and_white_has_no_colour_at_any_hour() -> None:
    for hour in HOURS:
        colours = made(film=("#101010", "#404040", "#808080", "#b0b0b0", "#f0f0f0"), hour=hour)
        assert (
            max(np.hypot(*to_oklab(c)[1:]) for c in (colours.zenith, colours.sky, colours.shade, colours.accent)) < 0.01
        )


def test_no_sky_is_green_unless_the_film_is() -> None:
    def green(colour: np.ndarray) -> bool:
        light, a, b = to_oklab(colour)
        return bool(np.hypot(a, b) > 0.03 and 112 < np.degrees(np.arctan2(b, a)) % 360 < 168 and light > 0.3)

    orange_and_teal = ("#101820", "#20424f", "#c8703c", "#e9b06a", "#f7ead0")
    for hour in HOURS:
        colours = made(film=orange_and_teal, hour=hour)
        assert not any(map(green, (colours.zenith, colours.sky, colours.horizon)))


def test_hex_there_and_back() -> None:
    assert [to_hex(from_hex(text)) for text in FILM] == list(FILM)
