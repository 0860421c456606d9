"""The words of a picture."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.imagery.prompts import ACTS, SETTINGS, Subject, clean, write_action, write_prompt
from pipeline.storyboard import FIGURES, HOURS, MOVES, WEATHERS, WORLDS, Picture, StyleSheet

STYLE = StyleSheet(look="loose watercolour", cast="a tall dancer", place="a harbour town")


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("framing", ["wide", "medium", "close"])
def test_every_world_has_words_at_every_distance(world: str, framing: str):
    for turn, (figure, hour, weather) in enumerate(itertools.product(FIGURES, HOURS, WEATHERS)):
        picture = Picture("p01", "", world, hour, weather, figure, framing, 0.5, -0.5)  # type: ignore[arg-type]
        text = write_prompt(picture, Subject(("stars/a comet",), cast="a tall dancer"), STYLE, seed=1, turn=turn)
        assert 30 <= len(text.split()) <= 90
        assert text.endswith("Loose watercolour.")
        assert "/" not in text
        assert "{" not in text


def test_neighbours_say_it_in_other_words():
    picture = Picture("p01", "", "sea")
    texts = {write_prompt(picture, Subject(), STYLE, seed=1, turn=turn).split(".")[0] for turn in range(3)}
    assert len(texts) == 3


def test_the_setting_does_not_say_again_what_is_sung():
    picture = Picture("p01", "", "mountains")
    text = write_prompt(picture, Subject(("towering summits and a high pass",)), STYLE, seed=1, turn=1)
    assert text.count("summits") == 1


def test_too_many_words_lose_the_lens_and_keep_wish_and_look():
    wish = " ".join(f"word{number}" for number in range(50))
    text = write_prompt(Picture("p01", "", "sea"), Subject(("a", "b"), wish), STYLE, seed=1, turn=0)
    assert wish[1:] in text
    assert "lens" not in text
    assert text.endswith("Loose watercolour.")


@pytest.mark.parametrize("move", MOVES)
def test_an_action_names_what_moves_and_the_camera(move: str):
    text = write_action(Picture("p01", "", "sea", weather="snow", figure="boat"), move, turn=0)  # type: ignore[arg-type]
    assert "snow" in text
    assert "boat" in text
    assert text.count(".") == 3


def test_figures_and_worlds_are_all_known():
    assert set(ACTS) == set(FIGURES)
    assert set(SETTINGS) == set(WORLDS)


@given(st.text(max_size=300), st.integers(1, 100))
def test_clean_words_are_bounded_and_printable(text: str, most: int):
    done = clean(text, most)
    assert len(done) <= most
    assert done.isprintable()
    assert "://" not in clean(text + " http://x.y/z?k=v ", 2000) or "://" in text
    assert clean(done, most) == done


def test_links_and_signs_that_steer_are_taken_out():
    assert clean("see https://a.b/c?d and WWW.x.y now\x00\u202e\u2028ok") == "see and now ok"
