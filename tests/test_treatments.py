"""Words become a treatment: lyrics, a wish, and what they set."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bot.treatments import treatment_of
from pipeline.errors import UserError
from pipeline.storyboard import Treatment

TREATMENT: TypeAdapter[Treatment] = TypeAdapter(Treatment)
SRT = "1\n00:00:01,000 --> 00:00:02,000\nhi"
LRC = "[00:01.00]hello\n[00:02.00]again"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("", {}),
        ("neon city in the rain", {"wish": "neon city in the rain"}),
        ("a boat, look: anime, 1:1, karaoke", {"wish": "a boat", "look": "anime", "shape": "1:1", "titles": "karaoke"}),
        ("no titles, 24 fps, fast cuts", {"titles": "none", "frame_rate": 24, "pace": "quick"}),
        ("there and back, crop 12%", {"loop": "there-and-back", "bottom_crop_percent": 12}),
        ("one\ntwo\nthree\nfour", {"lyrics": "one\ntwo\nthree\nfour"}),
        ("16:9\none\ntwo\nthree", {"shape": "16:9", "lyrics": "one\ntwo\nthree"}),
        ("the sea\n\none\ntwo\nthree", {"wish": "the sea", "lyrics": "\none\ntwo\nthree"}),
        ("the sea\n[Verse]\none", {"wish": "the sea", "lyrics": "[Verse]\none"}),
        (LRC, {"lyrics": LRC}),
        ("1\n00:00:01,000 --> 00:00:02,000\nhi", {"lyrics": "1\n00:00:01,000 --> 00:00:02,000\nhi"}),
        (f"neon, 16:9\n\n{LRC}", {"wish": "neon", "shape": "16:9", "lyrics": LRC}),
        (f"neon\n[ti:Home]\n{LRC}", {"wish": "neon", "lyrics": f"[ti:Home]\n{LRC}"}),
        (f"neon\n{SRT}", {"wish": "neon", "lyrics": SRT}),
        ("crop 95%", {}),
    ],
)  # fmt: skip
def test_words_are_understood(words: str, meant: dict[str, Any]) -> None:
    plain = asdict(Treatment())
    assert {name: value for name, value in asdict(treatment_of(words)).items() if value != plain[name]} == meant


def test_lyrics_of_their_own_stand_above_the_words() -> None:
    told = treatment_of("one\ntwo\nthree\nfour", LRC)
    assert told.lyrics == LRC


def test_what_is_not_said_stays_as_it_was() -> None:
    base = Treatment(wish="a forest", lyrics="la la", shape="4:5", seed=7)
    told = treatment_of("karaoke", base=base)
    assert told == Treatment(wish="a forest", lyrics="la la", shape="4:5", seed=7, titles="karaoke")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_words_make_a_treatment_or_a_sentence(words: str) -> None:
    try:
        told = treatment_of(words)
    except UserError:
        return
    TREATMENT.validate_python(asdict(told))
