"""Who and where, out of a wish."""

from __future__ import annotations

import pytest

from pipeline.imagery.cast import find_cast, find_place, stranger, wanted


@pytest.mark.parametrize(
    ("wish", "figure", "words"),
    [
        ("A girl with a red umbrella walks home", "walker", "a girl with a red umbrella"),
        ("the old fisherman mends his nets", "walker", "an old fisherman"),
        ("An old lighthouse keeper in a yellow raincoat", "walker", "an old lighthouse keeper in a yellow raincoat"),
        ("two lovers on a roof", "couple", "two lovers"),
        ("a ballerina in a black dress turns", "dancer", "a ballerina in a black dress"),
        ("a red fox in the snow", "none", "a red fox"),
        ("ein Mädchen läuft durch den Regen", "walker", "a young girl"),
        ("una mujer baila en la playa", "walker", "a young woman"),
        ("no people, only waves", "none", ""),
        ("ohne Menschen", "none", ""),
    ],
)
def test_the_cast_of_a_wish(wish: str, figure: str, words: str):
    cast = find_cast(wish)
    assert cast is not None
    assert (cast.figure, cast.words) == (figure, words)


@pytest.mark.parametrize("wish", ["", "waves and wind", "夜の海"])
def test_a_wish_without_anybody(wish: str):
    assert find_cast(wish) is None


def test_strangers_have_faces_and_things_have_none():
    assert stranger("walker", seed=1).words
    assert stranger("walker", seed=1) == stranger("walker", seed=1)
    assert stranger("boat", seed=1).words == ""


def test_places():
    assert find_place("she walks through rainy Tokyo at night", "city", seed=1) == "rainy Tokyo"
    assert find_place("in a small harbour town", "sea", seed=1) == "a small harbour town"
    assert find_place("", "sea", seed=1)


def test_what_is_ruled_out_is_not_looked_for():
    assert "rain" not in wanted("a city without rain")
    assert "Regen" not in wanted("Stadt ohne Regen")
