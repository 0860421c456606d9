"""Art directions and palettes."""

from __future__ import annotations

import colorsys
import itertools

import pytest

from pipeline.imagery.looks import Look, find_look, find_palette


def luma(colour: str) -> float:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def hues(colours: tuple[str, ...]) -> list[float]:
    return [colorsys.rgb_to_hls(*(int(c[at : at + 2], 16) / 255 for at in (1, 3, 5)))[0] for c in colours]


@pytest.mark.parametrize("valence", [-0.8, 0.0, 0.8])
@pytest.mark.parametrize("arousal", [-0.8, 0.0, 0.8])
@pytest.mark.parametrize("seed", range(4))
def test_a_palette_is_five_colours_from_dark_to_light(valence: float, arousal: float, seed: int):
    colours = find_palette(Look("x"), "", valence=valence, arousal=arousal, seed=seed)
    lights = [luma(colour) for colour in colours]
    assert len(colours) == 5
    assert lights == sorted(lights)
    assert lights[0] < 40
    assert lights[4] > 190
    assert min(b - a for a, b in itertools.pairwise(lights)) > 12


def test_black_and_white_has_no_colour_and_named_ones_rule():
    grey = find_palette(Look("x", chroma=0.0), "", valence=0.5, arousal=0.5, seed=1)
    assert all(colour[1:3] == colour[3:5] == colour[5:7] for colour in grey)
    red = find_palette(Look("x"), "everything in red", valence=0.0, arousal=0.0, seed=1)
    assert all(hue > 0.9 or hue < 0.06 for hue in hues(red)[3:])


def test_the_clients_words_stay_and_known_ones_are_unfolded():
    known = find_look("Aquarell", "", "sea", valence=0, arousal=0, seed=1)
    assert known.words.startswith("Aquarell, loose watercolour")
    own = find_look("like my grandmother's wallpaper.", "", "sea", valence=0, arousal=0, seed=1)
    assert own.words == "like my grandmother's wallpaper, one consistent style throughout"
    assert len(find_look("word " * 300, "", "sea", valence=0, arousal=0, seed=1).words.split()) < 60


def test_a_wish_may_name_the_look_but_things_in_it_are_no_looks():
    assert "anime" in find_look("", "an anime about cats", "city", valence=0, arousal=0, seed=1).words
    told = find_look("", "she watches an old film in an oil lamp's light", "sea", valence=0.5, arousal=-0.5, seed=1)
    assert "oil" not in told.words


def test_neon_only_where_there_are_lamps():
    for seed in range(8):
        assert not find_look("", "", "sea", valence=-0.5, arousal=0.5, seed=seed).night
