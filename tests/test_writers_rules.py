"""Directions by rule: the three lengths, and what they must not name."""

from __future__ import annotations

import pytest

from pipeline.cuesheet import STYLES, Brief, Style
from pipeline.writers.rules import BRIEF_WORDS, LONG_WORDS, load
from tests.test_cues import a_sheet


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("lengths", [(0.5,), (12,), (9, 11, 10, 3, 2)])
def test_the_three_lengths(style: Style, lengths: tuple[float, ...]):
    sheet = load().write(a_sheet(*lengths, brief=Brief(style=style)))
    for cue in sheet.cues:
        assert cue.prompts["simple"] == cue.seen
        assert BRIEF_WORDS[0] <= len(cue.prompts["brief"].split()) <= BRIEF_WORDS[1]
        assert LONG_WORDS[0] <= len(cue.prompts["long"].split()) <= LONG_WORDS[1]
        assert cue.prompt == cue.prompts["brief"]


@pytest.mark.parametrize("length", ["simple", "brief", "long"])
def test_the_asked_length_is_the_prompt(length: str):
    sheet = load().write(a_sheet(9, 9, brief=Brief(prompt_length=length)))  # type: ignore[arg-type]
    assert all(cue.prompt == cue.prompts[length] for cue in sheet.cues)  # type: ignore[index]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("banned", "words"),
    [("drums", ("drum", "percussion", "taiko", "shaker")), ("piano", ("piano",)), ("strings", ("string", "cello"))],
)
def test_what_is_excluded_is_not_named(style: Style, banned: str, words: tuple[str, ...]):
    sheet = load().write(a_sheet(9, 9, brief=Brief(style=style, exclude=(banned,))))
    for cue in sheet.cues:
        text = f"{cue.prompts['brief']} {cue.prompts['long']}".replace("steel-string", "")
        assert not any(word in text for word in words), text


def test_fields_stay_as_they_are():
    bare = a_sheet(9, 9)
    written = load().write(bare)
    for before, after in zip(bare.cues, written.cues, strict=True):
        assert (before.tempo, before.key, before.bars, before.hits) == (after.tempo, after.key, after.bars, after.hits)
