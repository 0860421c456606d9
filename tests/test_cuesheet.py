"""The cue sheet: JSON both ways, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pipeline.cuesheet import Bar, Cue, CueSheet, HitPoint, Scene
from pipeline.errors import BadSheet


def a_cue(number: str = "1m1", start: float = 0.0, end: float = 4.0, bpm: float = 120.0) -> Cue:
    beats = (end - start) * bpm / 60
    return Cue(
        number=number, start=start, end=end, scenes=(0,), seen="a red square", style="cinematic", emotion="neutrality",
        mood="calm", valence=0.0, arousal=0.0, intensity=0.5, tempo=bpm, key="D minor",
        bars=(Bar(start, beats, bpm),), hits=(HitPoint(start, 0.5, "cut"),), prompts={"brief": "soft strings"},
    )  # fmt: skip


def a_sheet(*cues: Cue) -> CueSheet:
    cues = cues or (a_cue(),)
    end = cues[-1].end
    return CueSheet(duration=end, frame_rate=24, seed=1, scenes=(Scene(0, 0.0, end, "start"),), cues=cues)


def test_json_goes_both_ways():
    sheet = a_sheet(a_cue(), a_cue("1m2", 4.0, 6.0))
    assert CueSheet.from_json(sheet.to_json()) == sheet


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (a_cue("1m2", 5.0, 6.0), "a gap before the cue 1m2"),
        (a_cue("1m2", 3.0, 6.0), "an overlap with the cue 1m2"),
    ],
)
def test_gaps_and_overlaps_are_refused(second: Cue, says: str):
    with pytest.raises(BadSheet, match=says) as refusal:
        a_sheet(a_cue(), second)
    assert refusal.value.hint


def test_a_sheet_must_end_with_the_clip():
    with pytest.raises(BadSheet, match=r"end at 4\.000 s, not at 9\.000 s"):
        replace(a_sheet(), duration=9.0)


def test_a_hit_outside_its_cue_is_refused():
    with pytest.raises(BadSheet, match="outside cue 1m1"):
        a_sheet(replace(a_cue(), hits=(HitPoint(7.0, 0.5, "cut"),)))


def test_bars_must_tile_their_cue():
    with pytest.raises(BadSheet, match="bar of cue 1m1"):
        a_sheet(replace(a_cue(), bars=(Bar(0.0, 4, 120), Bar(3.0, 2, 120))))


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("style", "polka", "cues.0.style"),
        ("tempo", 5000, "cues.0.tempo"),
        ("tempo", "fast", "cues.0.tempo"),
        ("valence", 3, "cues.0.valence"),
        ("surprise", 1, "cues.0.surprise"),
        ("start", float("nan"), "not usable"),
    ],
)
def test_a_wrong_field_is_named(field: str, value: object, says: str):
    raw = json.loads(a_sheet().to_json())
    raw["cues"][0][field] = value
    with pytest.raises(BadSheet, match=says):
        CueSheet.from_json(json.dumps(raw))


def test_nonsense_is_refused_with_a_hint():
    for text in ("", "{", "[]", "null", '"x"'):
        with pytest.raises(BadSheet) as refusal:
            CueSheet.from_json(text)
        assert refusal.value.hint


@pytest.mark.parametrize("number", ["../1m1", "/1m1", "", ".", "..", "1m1/", "a\0b", "1m1\n", "\u202e1m1", "x" * 40])
def test_a_cue_number_never_leads_out_of_the_folder(number: str):
    plan = json.loads(a_sheet().to_json())
    plan["cues"][0]["number"] = number
    with pytest.raises(BadSheet, match="number"):
        CueSheet.from_json(json.dumps(plan))


@pytest.mark.parametrize("number", ["1m1", "2m14a", "7", "Love theme", "1m1-new", "Ankunft_ü"])
def test_a_cue_may_be_called_what_a_person_likes(number: str):
    sheet = a_sheet(a_cue(number))
    assert CueSheet.from_json(sheet.to_json()) == sheet


def test_two_cues_never_share_a_number():
    with pytest.raises(BadSheet, match="1m1"):
        a_sheet(a_cue(), a_cue("1m1", 4.0, 6.0))
