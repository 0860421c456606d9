"""What words make one see."""

from __future__ import annotations

import pytest

from pipeline.imagery.lexicon import _ENTRIES, TONGUES, find_motifs, find_tongues
from pipeline.imagery.prompts import SETTINGS


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("We walk along the sea at night", ["walk", "sea", "night"]),
        ("WAVES, waves & more waves; one star", ["sea", "stars"]),
        ("Ich gehe durch die Straßen und es regnet in der Nacht", ["street", "rain", "night"]),
        ("Soy un fantasma que no tiene corazón en la lluvia", ["shadow", "love", "rain"]),
        ("Je suis dans la rue et les étoiles brillent", ["street", "stars"]),
        ("夜の海で君と踊る", ["sea", "night", "dance"]),
        ("밤 바다", ["sea", "night"]),
        ("", []),
        ("12345 !!", []),
    ],
)
def test_motifs_in_many_tongues(text: str, names: list[str]):
    assert sorted(motif.name for motif in find_motifs(text, find_tongues(text))) == sorted(names)


def test_what_is_named_most_comes_first():
    assert [motif.name for motif in find_motifs("rain sea sea rain sea city")] == ["sea", "rain", "city"]


def test_a_word_counts_only_in_its_tongue():
    text = "je t'aime car tu es la plus belle et je suis dans ton monde"
    assert find_tongues(text) == ("fr",)
    assert not find_motifs(text, find_tongues(text))
    assert [motif.name for motif in find_motifs("I drive my car")] == ["car"]


def test_a_text_of_no_tongue_may_be_any():
    assert find_tongues("oh oh oh") == TONGUES


def test_the_book_holds_together():
    names = [motif.name for motif, _ in _ENTRIES]
    assert len(names) == len(set(names))
    for motif, words in _ENTRIES:
        assert words.count("|") == len(TONGUES), motif.name
        assert set(motif.worlds) <= set(SETTINGS)
        assert all(-1 <= value <= 1 for value in motif.mood)
