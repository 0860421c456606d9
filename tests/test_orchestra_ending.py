from __future__ import annotations

import pytest

from pipeline.cuesheet import STYLES, Style
from pipeline.orchestra.arrange import arrange
from pipeline.orchestra.ending import held
from pipeline.orchestra.form import lay_out
from pipeline.orchestra.tone import Tone
from tests.sheets import cue, one_cue, sheet


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("length", [12.0, 32.0, 61.3])
def test_the_last_chord_rings_out_before_the_last_frame(style: Style, length: float) -> None:
    plays = arrange(sheet([cue(style, 0, length)]))[0]
    notes = [note for part in plays.parts for note in part.notes]
    assert 0.9 <= length - max(note.time for note in notes) <= 3.6
    assert max(note.time + note.length for note in notes) <= length


@pytest.mark.parametrize("length", [0.04, 0.3, 0.8, 1.5, 3.0])
def test_the_shortest_clips_have_a_chord_that_rings(length: float) -> None:
    for style in STYLES:
        notes = [note for part in arrange(sheet([cue(style, 0, length)]))[0].parts for note in part.notes]
        assert notes
        assert min(note.time for note in notes) == pytest.approx(0, abs=0.03)
        assert all(note.time + note.length <= length for note in notes)
        assert length - max(note.time for note in notes) >= 0.2 * length


def test_a_cut_close_to_the_end_carries_the_last_chord() -> None:
    plan = lay_out(sheet([cue("cinematic", 0, 20, [(18.1, 0.7)])]))[0]
    assert plan.clock.time(plan.end_beat) == pytest.approx(18.1)


def test_sustained_sounds_fade_to_nothing() -> None:
    for style in STYLES:
        for part in arrange(one_cue(style))[0].parts:
            if part.expression:
                assert part.expression[-1][1] == 0.0
                assert part.expression[-1][0] < 32


def test_a_button_is_short() -> None:
    tones = held("button", [Tone(10, 4, 60), Tone(16, 4, 60)], 16.0, 0.5)
    assert [tone.beats for tone in tones] == [4, pytest.approx(0.68)]
