"""Colours by the names that people give them."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.eye.palette import find_palette


def filled(*bgr: tuple[int, int, int]) -> np.ndarray:
    """Stripes of equal width."""
    return np.concatenate([np.full((36, 64 // len(bgr), 3), colour, np.uint8) for colour in bgr], axis=1)


@pytest.mark.parametrize(
    ("bgr", "name"),
    [
        ((40, 30, 200), "red"),
        ((60, 22, 14), "midnight blue"),
        ((150, 190, 246), "peach"),
        ((60, 218, 250), "yellow"),
        ((128, 128, 128), "grey"),
        ((8, 8, 8), "black"),
        ((56, 150, 66), "green"),
    ],
)
def test_a_plain_picture_has_one_colour(bgr: tuple[int, int, int], name: str):
    assert find_palette([filled(bgr)])[0] == (name,)


def test_two_colours_and_those_that_are_lit():
    tones, lit = find_palette([filled((8, 8, 8), (8, 8, 8), (190, 30, 235), (245, 225, 0))])
    assert set(tones) == {"magenta", "cyan"}
    assert set(lit) == {"magenta", "cyan"}


def test_one_name_of_a_family_is_enough():
    assert len(find_palette([filled((60, 22, 14), (110, 42, 22))])[0]) == 1


def test_nothing_seen_nothing_named():
    assert find_palette([]) == ((), ())
