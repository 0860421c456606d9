"""What a client's words ask for."""

from __future__ import annotations

import pytest

from pipeline.cuesheet import Brief
from pipeline.spotting.wishes import understand


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("epic orchestral, no drums or brass, in D minor at 120 bpm",
         {"style": "epic", "exclude": ("drums", "brass"), "key": "D minor", "tempo": 120.0}),
        ("Warm, nostalgic Lo-Fi without piano", {"style": "lofi", "exclude": ("piano",)}),
        ("No vocals, no percussion, and no strings!", {"exclude": ("vocals", "percussion", "strings")}),
        ("something funny but not too fast", {"style": "playful", "tempo": None}),
        ("no horror please, just ambient", {"style": "ambient"}),
        ("very slow and subtle", {"tempo": 58, "intensity": 0.2}),
        ("a minor detail of the house we built", {"key": None}),
        ("in f# minor", {"key": "F# minor"}),
        ("A♭ major", {"key": "Ab major"}),
        ("I don't want any guitar or bass", {"exclude": ("guitar", "bass")}),
        ("999 bpm", {"tempo": 240.0}),
        ("", {"style": None, "tempo": None, "key": None, "exclude": ()}),
    ],
)  # fmt: skip
def test_words_are_understood(wish: str, expected: dict[str, object]):
    brief = understand(Brief(wish=wish)).brief
    assert {name: getattr(brief, name) for name in expected} == expected


def test_options_go_before_words():
    wish = understand(Brief(wish="epic at 140 bpm in C major, no drums", style="folk", tempo=90, key="G minor"))
    assert (wish.brief.style, wish.brief.tempo, wish.brief.key) == ("folk", 90, "G minor")
    assert wish.brief.exclude == ("drums",)


def test_a_mood_that_is_refused_is_not_taken():
    wish = understand(Brief(wish="not sad, hopeful"))
    assert wish.mood_word == "hopeful"
    assert wish.mood is not None
    assert wish.mood[0] > 0


def test_only_a_number_makes_the_tempo_steady():
    assert understand(Brief(wish="120 bpm")).steady
    assert not understand(Brief(wish="fast")).steady


def test_hostile_words_do_no_harm():
    nasty = "'; rm -rf / #$(touch x) \x00 [in]scale=1:1 " + "no " * 5000 + "{}" * 999
    assert understand(Brief(wish=nasty)).brief.wish == nasty
