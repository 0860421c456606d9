from __future__ import annotations

from itertools import pairwise

import pytest

from pipeline.cuesheet import STYLES, Style
from pipeline.keys import read_key
from pipeline.orchestra.form import lay_out
from pipeline.orchestra.harmony import chord_at, harmonise, spell, voice
from tests.sheets import cue, film, one_cue, sheet


def test_symbols_mean_degrees_of_the_mode() -> None:
    minor = read_key("A minor")
    assert spell("6", minor).triad == (5, 9, 0)  # F
    assert spell("V", minor).triad == (4, 8, 11)  # E major, with its leading note
    assert spell("5/7", read_key("C major")).bass == 11
    assert spell("I", minor).triad == (9, 1, 4)
    assert spell("iv", read_key("C major")).triad == (5, 8, 0)


def test_there_are_no_diminished_triads() -> None:
    for name in ("C major", "C minor", "C dorian", "C phrygian", "C lydian", "C mixolydian"):
        for degree in "1234567":
            chord = spell(degree, read_key(name))
            assert (chord.tones[2] - chord.root) % 12 == 7


@pytest.mark.parametrize("style", STYLES)
def test_chords_tile_the_cue_and_change_on_every_anchored_cut(style: Style) -> None:
    plan = lay_out(one_cue(style))[0]
    spans = harmonise(plan)
    assert spans[0].start == 0
    assert spans[-1].end == pytest.approx(plan.beats)
    for one, other in pairwise(spans):
        assert other.start == pytest.approx(one.end)
    for beat, _ in plan.hits:
        if 0 < beat <= plan.end_beat:
            before, after = chord_at(spans, beat - 0.01), chord_at(spans, beat + 0.01)
            assert (before.triad, before.bass) != (after.triad, after.bass)


@pytest.mark.parametrize("style", STYLES)
def test_the_last_chord_is_home(style: Style) -> None:
    plan = lay_out(one_cue(style))[0]
    assert harmonise(plan)[-1].chord.root == plan.key.tonic


def test_the_next_key_is_prepared() -> None:
    """The chord before the cut belongs to the key that follows."""
    for plan in lay_out(film())[:-1]:
        assert plan.next_key is not None
        assert set(harmonise(plan)[-1].chord.triad) <= {*plan.next_key.scale, (plan.next_key.tonic + 11) % 12}


def test_a_dominant_leads_into_a_far_key() -> None:
    cues = [cue("cinematic", 0, 12, key="C major"), cue("cinematic", 12, 24, [(12, 0.7)], number="1m2", key="E major")]
    last = harmonise(lay_out(sheet(cues))[0])[-1].chord
    assert last.root == 11  # B, the fifth of E
    assert (last.tones[1] - last.root) % 12 == 4


def test_voices_move_little_and_leave_the_depths_open() -> None:
    key = read_key("G major")
    previous: tuple[int, ...] = ()
    for symbol in ("1", "5", "6", "4", "2", "5", "3", "1"):
        notes = voice(spell(symbol, key, "add9"), low=48, high=76, voices=4, previous=previous)
        assert list(notes) == sorted(set(notes))
        assert all(48 <= note <= 76 for note in notes)
        if previous:
            assert max(min(abs(n - old) for old in previous) for n in notes) <= 5
        previous = notes
