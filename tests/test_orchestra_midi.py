from __future__ import annotations

import io

import mido
import pytest

from pipeline.orchestra.arrange import arrange
from pipeline.orchestra.midi import write_midi
from tests.sheets import film, one_cue


def test_the_file_has_a_tempo_map_markers_and_one_track_per_player() -> None:
    score = film()
    played = arrange(score)
    file = mido.MidiFile(file=io.BytesIO(write_midi(score, played)))
    assert file.type == 1
    conductor = file.tracks[0]
    assert [m.text for m in conductor if m.type == "marker"][2].startswith("1m3 epic")
    assert sum(m.type == "set_tempo" for m in conductor) >= 4
    names = [track.name for track in file.tracks[1:]]
    assert len(names) == len(set(names))
    assert "drum kit" in names
    notes = sum(m.type == "note_on" for track in file.tracks for m in track)
    written = sum(len(p.notes) for a in played for p in a.parts if p.instrument not in ("swell", "riser", "sub drop"))
    assert notes == written


def test_notes_are_where_they_sound() -> None:
    score = one_cue("electronic")
    played = arrange(score)
    file = mido.MidiFile(file=io.BytesIO(write_midi(score, played)))
    at, times = 0.0, []
    for message in file:
        at += message.time
        if message.type == "note_on" and message.channel == 9:
            times.append(at)
    kit = next(part for part in played[0].parts if part.instrument == "drums")
    assert times == pytest.approx(sorted(note.time for note in kit.notes), abs=0.004)


def test_every_note_that_starts_ends() -> None:
    score = one_cue("epic")
    file = mido.MidiFile(file=io.BytesIO(write_midi(score, arrange(score))))
    for track in file.tracks:
        sounding: set[int] = set()
        for message in track:
            if message.type == "note_on":
                assert message.note not in sounding
                sounding.add(message.note)
            elif message.type == "note_off":
                sounding.discard(message.note)
        assert not sounding
