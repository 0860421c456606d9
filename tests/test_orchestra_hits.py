from __future__ import annotations

import pytest

from pipeline.cuesheet import STYLES, CueSheet, Style
from pipeline.orchestra.arrange import arrange
from pipeline.orchestra.hits import make_room
from pipeline.orchestra.instruments import INSTRUMENTS
from pipeline.orchestra.part import Note
from tests.sheets import cue, film, one_cue, sheet

SHARP = {i.name for i in INSTRUMENTS.values() if i.attack in ("struck", "plucked", "synth")} | {"drum kit"}


def attacks(score: CueSheet, time: float) -> list[Note]:
    """Return the notes with a sharp attack within 10 ms of a time."""
    parts = [part for arrangement in arrange(score) for part in arrangement.parts if part.name in SHARP]
    return [note for part in parts for note in part.notes if abs(note.time - time) <= 0.010]


@pytest.mark.parametrize("style", STYLES)
def test_every_cut_has_sharp_attacks_within_ten_milliseconds(style: Style) -> None:
    score = one_cue(style)
    for hit in score.cues[0].hits:
        assert len(attacks(score, hit.time)) >= 4


def test_cuts_between_cues_and_off_the_grid_are_struck_too() -> None:
    for hit in (hit for cue_ in film().cues for hit in cue_.hits):
        assert attacks(film(), hit.time)
    score = sheet([cue("folk", 0, 12, [(4, 0.5)], accents=[(4.83, 0.4), (7.31, 0.6)])])
    assert attacks(score, 4.83)
    assert attacks(score, 7.31)


def test_cuts_strike_harder_than_beats() -> None:
    for style in STYLES:
        score = one_cue(style)
        bars = [bar.start + step * bar.beat_s for bar in score.cues[0].bars for step in range(int(bar.beats))]
        cuts = [hit.time for hit in score.cues[0].hits]
        plain = [time for time in bars if time < 28 and min(abs(time - cut) for cut in cuts) > 0.1]
        force = {time: sum(note.velocity for note in attacks(score, time)) for time in [*plain, *cuts]}
        middle = sorted(force[time] for time in plain)[len(plain) // 2]
        assert all(force[cut] > middle for cut in cuts)


def test_a_great_cut_is_preceded_by_silence() -> None:
    score = one_cue("cinematic")
    played = arrange(score)[0]
    start, stop = played.plan.breaths[0]
    assert played.plan.clock.time(stop) == pytest.approx(17.7)
    opens = played.plan.clock.time(start)
    notes = [note for part in played.parts for note in part.notes]
    assert not [note for note in notes if opens + 0.03 < note.time < 17.7 - 0.08]


def test_the_pattern_makes_room_around_an_accent() -> None:
    played = arrange(sheet([cue("electronic", 0, 16, accents=[(7.3, 0.6)])]))[0]
    kit = next(part for part in played.parts if part.instrument == "drums")
    near = [note.time for note in kit.notes if abs(note.time - 7.3) < 0.14]
    assert near
    assert all(abs(time - 7.3) < 0.002 for time in near)
    assert make_room([], played.plan) == []
