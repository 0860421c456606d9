"""Hands: the words of a look change how a picture is painted."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.painter.canvas import Canvas, Sheet
from pipeline.painter.hands import HANDS, hand, treat
from pipeline.painter.palette import to_oklab
from pipeline.painter.sheets import sheets
from pipeline.painter.water import flattened
from pipeline.storyboard import Picture, StyleSheet

LOOKS = {
    "painted": "",
    "watercolour": "soft watercolor",
    "paper": "cut paper",
    "ink": "film noir",
    "neon": "synthwave",
    "anime": "Anime",
    "pastel": "pastel tones",
}


def flat(look: str) -> np.ndarray:
    picture = Picture("p01", "", "mountains", hour="dusk", seed=4)
    return flattened(sheets(picture, StyleSheet(look), size=(108, 192)))


PAINTED = {name: flat(look) for name, look in LOOKS.items()}


def chroma(paint: np.ndarray) -> float:
    lab = to_oklab(paint)
    return float(np.hypot(lab[..., 1], lab[..., 2]).mean())


@pytest.mark.parametrize(
    ("look", "name"),
    [
        ("", "painted"),
        ("oil on canvas, cinematic", "painted"),
        ("Watercolour, loose", "watercolour"),
        ("water-color sketch", "watercolour"),
        ("paper cut-out", "paper"),
        ("black and white film", "ink"),
        ("neon noir", "neon"),
        ("studio ghibli", "anime"),
        ("soft pastel colours", "pastel"),
        ("thinking of you", "painted"),  # "ink" is no word in it
        ("excellent", "painted"),  # nor "cel"
    ],
)
def test_words_choose_the_hand(look: str, name: str) -> None:
    assert hand(look) == name


def test_every_hand_has_its_look() -> None:
    assert set(LOOKS) == set(HANDS)
    assert all(hand(look) == name for name, look in LOOKS.items())


def test_every_hand_paints_differently() -> None:
    for number, one in enumerate(HANDS):
        for other in HANDS[number + 1 :]:
            assert np.abs(PAINTED[one] - PAINTED[other]).mean() > 0.01, (one, other)


def test_ink_is_near_monochrome_and_anime_is_not() -> None:
    assert chroma(PAINTED["ink"]) < 0.35 * chroma(PAINTED["painted"])
    assert chroma(PAINTED["anime"]) > 1.1 * chroma(PAINTED["painted"])


def test_pastel_is_paler() -> None:
    assert PAINTED["pastel"].mean() > PAINTED["painted"].mean()
    assert chroma(PAINTED["pastel"]) < chroma(PAINTED["painted"])


def test_neon_turns_to_magenta() -> None:
    blue, green, red = (PAINTED["neon"][..., channel].mean() for channel in range(3))
    assert green < 0.8 * min(blue, red)


@pytest.mark.parametrize("look", LOOKS.values())
def test_the_backmost_sheet_stays_opaque(look: str) -> None:
    picture = Picture("p01", "", "sea", seed=2)
    layers = sheets(picture, StyleSheet(look), size=(60, 80))
    assert layers[0].pixels[..., 3].min() == 255
    assert all(layer.pixels[..., 3].min() < 255 for layer in layers[1:])


def test_a_smooth_sky_has_no_streaks() -> None:
    """The painted hand's grain is as rough down as across where there is nothing but air."""
    canvas = Canvas.of((270, 480))
    air = np.full((canvas.height, canvas.width, 4), (190, 150, 120, 255), np.uint8)
    (sky,) = treat([Sheet(air, 0.0)], "", canvas=canvas, rng=np.random.default_rng(3))
    soft = cv2.GaussianBlur(sky.pixels[..., 0].astype(np.float32), (0, 0), 2)
    down, across = (np.abs(np.diff(soft, axis=axis)).mean() for axis in (0, 1))
    assert down < 1.2 * across


def test_what_drifts_is_left_as_it_is() -> None:
    canvas = Canvas.of((60, 80))
    pixels = np.random.default_rng(1).integers(0, 256, (canvas.height, canvas.width, 4), np.uint8)
    for look in LOOKS.values():
        ground = Sheet(np.full_like(pixels, 255), 0.0)
        _, air = treat([ground, Sheet(pixels, 0.9, (0.1, 0.2))], look, canvas=canvas, rng=np.random.default_rng(3))
        assert air.drift == (0.1, 0.2)
        assert np.array_equal(air.pixels, pixels)
