from __future__ import annotations

import statistics

import pytest

from pipeline.cuesheet import STYLES, Style
from pipeline.orchestra.arrange import arrange
from pipeline.orchestra.perform import metre
from tests.sheets import film, one_cue


@pytest.mark.parametrize("style", STYLES)
def test_nobody_plays_every_note_alike(style: Style) -> None:
    for part in arrange(one_cue(style))[0].parts:
        if isinstance(part.instrument, int) and len(part.notes) >= 12:
            assert statistics.pstdev([note.velocity for note in part.notes]) >= 5


def test_timing_wavers_but_never_far() -> None:
    played = arrange(one_cue("folk"))[0]
    bass = next(part for part in played.parts if part.stem == "bass")
    beats = [played.plan.clock.beat(note.time) for note in bass.notes]
    away = [(beat - round(beat * 2) / 2) * played.plan.clock.beat_s(beat) for beat in beats]
    assert max(map(abs, away)) < 0.03
    assert statistics.pstdev(away) > 0.002


def test_the_one_is_the_heaviest_and_off_beats_are_light() -> None:
    plan = arrange(one_cue("cinematic"))[0].plan
    assert metre(plan, 0) > metre(plan, 2) > metre(plan, 1) > metre(plan, 0.5) > metre(plan, 0.25)


def test_the_next_key_is_not_sung_over() -> None:
    for played in arrange(film())[:-1]:
        assert all(n.time + n.length <= played.plan.cue.end + 0.05 for part in played.parts for n in part.notes)
