from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pipeline.cuesheet import STYLES
from pipeline.generated.prompts import write_prompt
from pipeline.writers.rules import Rules
from tests.sheets import cue, one_cue

CUE = replace(cue("folk", 0, 12), prompt="Open on a street. Nylon guitar, light drums and flute over warm chords.")


def test_tempo_key_and_that_nobody_sings_are_told_in_words() -> None:
    prompt = write_prompt(CUE)
    assert prompt.text.startswith("Open on a street. Nylon guitar, light drums and flute over warm chords. ")
    assert prompt.text.endswith("104 BPM, G major, instrumental.")
    assert prompt.exclude == ()


def test_a_meter_is_told_where_it_is_not_the_usual_one() -> None:
    assert "3/4 time" in write_prompt(replace(CUE, meter="3/4")).text
    assert "4/4" not in write_prompt(CUE).text


def test_instrumental_is_said_once() -> None:
    assert write_prompt(replace(CUE, prompt="Purely instrumental folk music.")).text.lower().count("instrumental") == 1


def test_players_that_the_prompt_does_not_name_are_added() -> None:
    prompt = write_prompt(replace(CUE, instruments=("nylon guitar", "cello", "drums"), exclude=("drums",)))
    assert "cello, 104 BPM" in prompt.text
    assert prompt.text.lower().count("nylon guitar") == 1
    assert "drum" not in prompt.text


@pytest.mark.parametrize(
    ("wish", "gone"),
    [
        ("drums", "drum"),
        ("no drums at all", "drum"),
        ("percussion", "drum"),
        ("guitars", "guitar"),
        ("woodwinds", "flute"),
        ("flute", "flute"),
    ],
)
def test_what_is_ruled_out_is_not_named(wish: str, gone: str) -> None:
    prompt = write_prompt(replace(CUE, exclude=(wish,)))
    assert gone not in prompt.text.lower()
    assert prompt.text.startswith("Open on a street.")
    assert len(prompt.exclude) == 1
    assert not prompt.exclude[0].startswith("no ")


def test_wishes_beside_the_cues_own_count_as_well() -> None:
    prompt = write_prompt(replace(CUE, exclude=("drums",)), ("flute", "drums"))
    assert prompt.exclude == ("flute", "drums")
    assert not re.search("flute|drum", prompt.text)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("wish", ["drums", "piano", "strings", "bass"])
def test_a_written_direction_stays_one(style, wish: str) -> None:
    (written,) = Rules().write(one_cue(style, exclude=(wish,))).cues
    prompt = write_prompt(replace(written, exclude=(wish,)))
    assert not re.search(rf"\b{wish}\b", prompt.text)
    assert len(prompt.text.split()) > 12


def test_a_denial_becomes_an_exclusion() -> None:
    prompt = write_prompt(replace(CUE, prompt="Soft chords, no drums or bass, without any vocals. No hurry."))
    assert prompt.exclude == ("drums", "bass", "vocals")
    assert prompt.text.startswith("Soft chords. No hurry. ")


def test_other_noes_stay() -> None:
    said = "No hard accents. Lead into the next cue without a stop."
    assert write_prompt(replace(CUE, prompt=said)).text.startswith(said)


def test_a_bassoon_is_no_bass() -> None:
    prompt = write_prompt(replace(CUE, prompt="A bassoon over brushed chords, with a warm bass.", exclude=("bass",)))
    assert "bassoon" in prompt.text
    assert not re.search(r"\bbass\b", prompt.text)


@pytest.mark.parametrize("said", ["", "No drums.", "Drums and more drums", "   "])
def test_of_nothing_the_cue_itself_is_left(said: str) -> None:
    prompt = write_prompt(replace(CUE, prompt=said, exclude=("drums",)))
    assert prompt.text == "plain folk music. 104 BPM, G major, instrumental."


def test_a_wish_of_unknown_words_counts_as_it_stands() -> None:
    prompt = write_prompt(replace(CUE, prompt="Warm chords, a kazoo (solo) and flute.", exclude=("kazoo (solo",)))
    assert "kazoo" not in prompt.text
    assert "flute" in prompt.text
