"""Neighbouring cues meet on bar lines; what clashes does not overlap."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from pipeline.certificate import judge_ending
from pipeline.cuesheet import Cue, CueSheet
from pipeline.cutlock.joins import join
from pipeline.cutlock.lock import Locked, lock
from pipeline.ear.loudness import integrated
from pipeline.keys import read_key
from pipeline.mix import lay
from pipeline.music import RATE, Audio, Recording, Take
from tests.bands import play, steady
from tests.sheets import cue, sheet

BORDER, END = 12.0, 24.0
PLAN = sheet(
    [
        cue("folk", 0, BORDER, [(0.0, 0.6), (5.2, 0.6)], number="1m1"),
        cue("folk", BORDER, END, [(BORDER, 0.8), (17.3, 0.5)], number="1m2"),
    ]
)


@cache
def sounding(bpm: float, tonic: float) -> Audio:
    return play(steady(22, bpm), 22, tonic=tonic)


@cache
def locked(number: int, bpm: float, tonic: float, key: str) -> Locked:
    plan: Cue = PLAN.cues[number]
    before, after = (2.5, 0.0) if number else (0.0, 3.0)
    return replace(lock(sounding(bpm, tonic), plan, before_s=before, after_s=after), key=read_key(key))


def joined(
    *, bpm: tuple[float, float] = (100, 100), keys: tuple[str, str] = ("A minor", "A minor")
) -> tuple[Take, ...]:
    return join([locked(0, bpm[0], 220.0, keys[0]), locked(1, bpm[1], 220.0, keys[1])], PLAN)


def music(take: Take) -> Audio:
    return take.stems["music"]


def end_of(take: Take) -> float:
    return take.start + len(music(take)) / RATE


def level_db(take: Take, first: float, last: float) -> float:
    part = music(take)[max(0, round((first - take.start) * RATE)) : max(0, round((last - take.start) * RATE))]
    return 10 * float(np.log10(np.square(part, dtype=np.float64).mean() + 1e-12)) if len(part) else -120.0


def test_there_is_one_take_for_each_cue_and_the_last_one_ends_for_real():
    takes = joined()
    assert [take.cue for take in takes] == ["1m1", "1m2"]
    assert [list(take.stems) for take in takes] == [["music"], ["music"]]
    assert end_of(takes[1]) == pytest.approx(END, abs=1e-3)
    assert judge_ending(music(takes[1]), RATE)[0] == "decays"
    assert all(np.isfinite(music(take)).all() for take in takes)


def test_the_coming_cue_strikes_on_the_border():
    piece = locked(1, 100, 220.0, "A minor")
    assert min(abs(line - BORDER) for line in piece.downbeats) < 0.06
    (_, coming) = joined(bpm=(100, 131))
    assert level_db(coming, BORDER, BORDER + 0.1) > level_db(coming, BORDER - 0.2, BORDER - 0.05) + 20


def test_keys_that_agree_overlap_and_the_leaving_one_fades_by_the_next_beats():
    leaving, coming = joined(bpm=(100, 131))
    assert BORDER + 0.1 < end_of(leaving) <= BORDER + 1.3
    assert level_db(leaving, BORDER - 0.5, BORDER) > -40
    assert abs(float(music(leaving)[-1].max())) < 1e-3
    assert coming.start > BORDER - 0.1


def test_beats_that_agree_let_the_coming_cue_pick_up_before_the_border():
    beats = tuple(np.arange(0.0, 15.0, 0.6))
    pieces = [
        replace(locked(0, 100, 220.0, "A minor"), beats=beats),
        replace(locked(1, 100, 220.0, "A minor"), beats=tuple(beat + 0.01 for beat in beats if beat > 9)),
    ]
    _, coming = join(pieces, PLAN)
    assert BORDER - 2.5 < coming.start < BORDER - 0.5
    assert level_db(coming, coming.start, coming.start + 0.2) < level_db(coming, BORDER, BORDER + 0.6) - 10


def test_keys_that_clash_do_not_sound_together():
    leaving, coming = joined(keys=("A minor", "F# major"))
    assert end_of(leaving) <= BORDER + 0.02
    assert coming.start >= BORDER - 0.08
    assert level_db(leaving, BORDER - 0.1, BORDER) < level_db(leaving, BORDER - 2.0, BORDER - 1.0) - 30
    power = np.square(music(leaving)).sum(axis=1)[-RATE:]
    steps = power[: len(power) // 480 * 480].reshape(-1, 480).mean(axis=1)
    assert 10 * np.log10(steps[1:] / np.maximum(steps[:-1], 1e-12)).min() > -45  # it dies, it is not chopped


def test_neighbours_are_levelled():
    quiet = replace(locked(1, 100, 220.0, "A minor"), audio=locked(1, 100, 220.0, "A minor").audio * np.float32(0.3))
    first, second = join([locked(0, 100, 220.0, "A minor"), quiet], PLAN)
    assert abs(integrated(music(first), RATE) - integrated(music(second)[: 9 * RATE], RATE)) < 2.0


def test_a_bold_cue_stands_out_from_a_faint_one():
    cues = (replace(PLAN.cues[0], intensity=0.0), replace(PLAN.cues[1], intensity=1.0))
    faint, bold = join([locked(0, 100, 220.0, "A minor"), locked(1, 100, 220.0, "A minor")], PLAN.with_cues(cues))
    assert 2.0 < integrated(music(bold)[: 9 * RATE], RATE) - integrated(music(faint), RATE) < 6.0


def test_the_film_hears_no_hole_at_the_border():
    mix = lay(Recording("a model", "for tests", joined()), PLAN)
    grains = np.square(mix.music[round(9 * RATE) : round(15 * RATE)]).reshape(-1, RATE // 5, 2).mean(axis=(1, 2))
    assert 10 * np.log10(grains.min() / np.median(grains)) > -14


def test_silent_pieces_and_pieces_without_a_beat_are_joined():
    silent = Locked(np.zeros((round(BORDER * RATE), 2), np.float32), 0.0, (), (), 0, 2, (1.0, 1.0), None)
    plain = replace(locked(1, 100, 220.0, "A minor"), beats=(), downbeats=())
    takes = join([silent, plain], PLAN)
    assert not music(takes[0]).any()
    assert judge_ending(music(takes[1]), RATE)[0] == "decays"


def test_one_cue_alone():
    alone: CueSheet = sheet([PLAN.cues[0]])
    (take,) = join([locked(0, 100, 220.0, "A minor")], alone)
    assert end_of(take) == pytest.approx(BORDER, abs=1e-3)
    assert take.start >= -0.05


@pytest.mark.parametrize("late_s", [-0.08, -0.06, 0.06, 0.09])
def test_a_leaving_strike_beside_the_coming_one_makes_no_flam(late_s: float):
    coming = locked(1, 100, 220.0, "A minor")
    strike = min(coming.beats, key=lambda beat: abs(beat - BORDER))
    leaving = locked(0, 131, 220.0, "A minor")
    leaving = replace(leaving, beats=(strike - 2.0, strike - 1.0, strike + late_s, strike + 0.5))
    left, came = join([leaving, coming], PLAN)
    assert end_of(left) <= min(strike, strike + late_s)
    assert came.start == pytest.approx(strike - 0.008, abs=0.002)


def test_leaving_beats_that_fall_on_the_strike_or_far_from_it_ring_on():
    for beats in ((BORDER - 1.0, BORDER, BORDER + 1.0), (BORDER - 1.0, BORDER - 0.3, BORDER + 0.4)):
        leaving = replace(locked(0, 131, 220.0, "A minor"), beats=beats)
        assert end_of(join([leaving, locked(1, 100, 220.0, "A minor")], PLAN)[0]) > BORDER + 0.15
