"""The colours of a song's parts: kin to the film's, and told from each other."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from pipeline.imagery.shades import find_shade
from pipeline.painter.palette import brightness, from_hex, to_oklab
from pipeline.storyboard import Part

FILM = ("#141a33", "#2b3f75", "#a5652f", "#e59a4c", "#f7e2c4")
PARTS: tuple[Part, ...] = ("intro", "verse", "chorus", "bridge", "instrumental", "outro")


def labs(colours: tuple[str, ...]) -> np.ndarray:
    return np.stack([to_oklab(from_hex(text)) for text in colours])


def chroma(colours: tuple[str, ...]) -> float:
    return float(np.hypot(*labs(colours)[:, 1:].T).mean())


def test_every_part_has_its_own_five_from_dark_to_light():
    for one, other in combinations(PARTS, 2):
        shades = [find_shade(FILM, part, nth=0) for part in (one, other)]
        assert np.linalg.norm(labs(shades[0]) - labs(shades[1]), axis=1).mean() > 0.008, (one, other)
        for shade in shades:
            lights = [brightness(from_hex(text)) for text in shade]
            assert lights == sorted(lights)


def test_the_chorus_is_brighter_and_more_vivid_than_its_verse():
    verse, chorus = (find_shade(FILM, part, nth=0) for part in ("verse", "chorus"))
    assert chroma(chorus) > 1.15 * chroma(verse)
    assert labs(chorus)[:, 0].mean() > labs(verse)[:, 0].mean() + 0.02


def test_the_first_verse_has_the_films_own_and_the_next_ones_stray():
    assert find_shade(FILM, "verse", nth=0) == FILM
    away = [np.linalg.norm(labs(find_shade(FILM, "verse", nth=n)) - labs(FILM), axis=1).mean() for n in (1, 2, 3)]
    assert min(away) > 0.01


def test_the_bridge_is_farthest_and_colours_that_were_named_stay_near():
    def away(part: Part, *, named: bool = False) -> float:
        shade = find_shade(FILM, part, nth=0, named=named)
        return float(np.linalg.norm((labs(shade) - labs(FILM))[:, 1:], axis=1).mean())

    assert away("bridge") == max(map(away, PARTS))
    assert away("bridge", named=True) < 0.5 * away("bridge")


@pytest.mark.parametrize("part", PARTS)
def test_black_and_white_stays_so(part: Part):
    assert chroma(find_shade(("#101010", "#404040", "#808080", "#b0b0b0", "#f0f0f0"), part, nth=1)) < 0.005
