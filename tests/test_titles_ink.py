"""Colours and tags."""

from __future__ import annotations

import colorsys

from pipeline.titles.ink import accents, bgr, fades
from tests.titled import PALETTE


def test_accents_are_the_palettes_own_hues_and_light() -> None:
    for colour in accents(PALETTE):
        red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
        assert 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.45
        assert colorsys.rgb_to_hls(red, green, blue)[2] > 0.5
    assert accents(PALETTE) == accents(PALETTE)


def test_a_grey_palette_has_gold() -> None:
    assert accents(("#101010", "#808080", "#f0f0f0")) == accents(()) == ("#ffd166",)


def test_colours_are_written_backwards() -> None:
    assert bgr("#12ab9f") == "&H9FAB12&"


def test_a_fade_shows_its_first_frame_and_ends_with_its_title() -> None:
    assert fades(2.0, come_s=0.2, go_s=0.3) == "\\fade(140,0,255,0,200,1700,2000)"
    assert fades(0.3, come_s=0.2, go_s=0.3) == "\\fade(140,0,255,0,100,200,300)"
