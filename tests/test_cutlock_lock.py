"""Music of a wrong beat on the cuts of a film: hits rise from chance to the bar."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from pipeline.backends import Session
from pipeline.certificate import judge
from pipeline.composers.orchestra import load
from pipeline.cutlock.lock import Locked, lock
from pipeline.music import RATE, Audio
from tests.bands import play, steady, swaying
from tests.sheets import cue, sheet

CUTS = (0.0, 3.7, 6.1, 10.9, 14.2, 19.6)  # on no grid
END = 22.0


@cache
def rendered() -> Audio:
    """The embedded orchestra at 104 beats a minute, with its cuts somewhere else."""
    recording = load().compose(sheet([cue("folk", 0, 29, [(5.0, 0.5), (17.3, 0.5)])]), Session())
    return np.asarray(sum(recording.takes[0].stems.values()), dtype=np.float32)


def locked_on(sound: Audio, cuts: Sequence[float] = CUTS, end: float = END, **around: float) -> Locked:
    plan = cue("folk", 0, end, [(cut, 0.6) for cut in cuts])
    return lock(sound, plan, before_s=around.get("before", 1.0), after_s=around.get("after", 2.0))


def in_film(locked: Locked, end: float = END) -> Audio:
    first = round(-locked.start * RATE)
    return locked.audio[first : first + round(end * RATE)]


def hits(audio: Audio, cuts: Sequence[float] = CUTS, end: float = END) -> float:
    return judge(audio, RATE, cuts, picture_s=end).hit or 0.0


def test_hits_of_rendered_music_rise_from_chance_to_the_bar():
    laid = [rendered()[round(at * RATE) :][: round(END * RATE)] for at in (0.0, 1.3, 2.9, 5.2)]  # wherever it falls
    locked = locked_on(rendered())
    after = judge(in_film(locked), RATE, CUTS, picture_s=END)
    assert np.mean([hits(sound) for sound in laid]) <= 0.5  # chance is a quarter
    assert after.hit is not None
    assert after.hit >= 0.9
    assert after.kappa is not None
    assert after.kappa >= 0.85
    assert locked.hits >= 0.9 * locked.asked == 0.9 * len(CUTS)
    assert 1 / 1.06 <= locked.stretch[0] <= locked.stretch[1] <= 1.06


@pytest.mark.parametrize(("drift", "jitter", "noise", "bpm"), [(0.03, 0.03, 0.02, 96), (0.03, 0.0, 0.0, 141)])
def test_a_swaying_unsteady_noisy_beat_is_locked_too(drift: float, jitter: float, noise: float, bpm: float):
    sound = play(swaying(29, bpm, drift=drift, jitter=jitter), 29, noise=noise)
    assert hits(in_film(locked_on(sound))) >= 0.8  # five cuts are not at the film's ends: one may be missed


def test_it_covers_the_cue_and_what_is_welcome_around_it():
    sound = play(steady(29, 90), 29)
    plan = cue("folk", 10, 10 + END, [(10 + cut, 0.6) for cut in CUTS])
    locked = lock(sound, plan, before_s=2.0, after_s=3.0)
    assert locked.start == pytest.approx(8.0, abs=0.01)
    assert len(locked.audio) / RATE == pytest.approx(END + 5.0, abs=0.05)
    assert locked.audio.dtype == np.float32
    assert np.isfinite(locked.audio).all()
    assert all(locked.start <= beat < locked.start + len(locked.audio) / RATE for beat in locked.beats)
    assert set(locked.downbeats) <= set(locked.beats)
    assert locked.key is not None
    assert locked.key.fifths == 0


def test_a_cue_that_starts_on_a_cut_starts_on_a_bar_line():
    locked = locked_on(play(steady(29, 90), 29), (0.0, 13.1))
    assert min(abs(line) for line in locked.downbeats) < 0.045


def test_one_cut_is_met_by_choice_of_place_alone():
    locked = locked_on(play(steady(29, 90), 29), (7.77,), 18.0)
    assert locked.hits == 1
    assert locked.stretch[1] - locked.stretch[0] < 0.05


def test_sound_shorter_than_its_cue_goes_on():
    locked = locked_on(play(steady(9, 100), 9))
    assert len(in_film(locked)) == END * RATE
    tail = in_film(locked)[-4 * RATE :]
    assert np.sqrt(np.square(tail).mean()) > 0.01
    assert hits(in_film(locked)) >= 0.8


def test_without_a_beat_accents_or_swells_meet_cuts_and_it_says_so():
    t = np.arange(30 * RATE) / RATE
    swell = np.sin(2 * np.pi * 220 * t) * (0.05 + 0.2 * np.maximum(0, np.sin(2 * np.pi * t / 5.3)))
    locked = locked_on(np.stack([swell, swell], axis=1).astype(np.float32), (0.0, 12.0, 17.0))
    assert locked.beats == ()
    assert locked.downbeats == ()
    assert len(in_film(locked)) == END * RATE


def test_cuts_nearer_than_a_beat_do_not_upset_it():
    cuts = [k * 0.21 for k in range(40)]
    locked = locked_on(play(steady(17, 100), 17), cuts, 12.0)
    assert locked.asked == 40
    assert len(in_film(locked, 12.0)) == 12 * RATE
    assert 1 / 1.06 <= locked.stretch[0] <= locked.stretch[1] <= 1.06


@pytest.mark.parametrize("end", [0.3, 1.0])
def test_very_short_cues(end: float):
    locked = locked_on(play(steady(8, 100), 8), (0.0,), end, before=0.0, after=0.0)
    assert len(locked.audio) / RATE == pytest.approx(end, abs=0.05)


@pytest.mark.parametrize(
    "sound",
    [np.zeros((0, 2)), np.zeros((5 * RATE, 2)), np.ones((1, 2)), np.full((5 * RATE, 2), np.nan), np.full(3000, np.inf)],
    ids=["empty", "silent", "one sample", "no numbers", "infinite"],
)
def test_what_is_no_music_becomes_silence_of_the_cues_length(sound: Audio):
    locked = lock(sound, cue("folk", 2, 7, [(3.0, 0.5)]), before_s=1.0, after_s=1.0)
    assert len(locked.audio) == 5 * RATE
    assert not locked.audio.any()
    assert (locked.start, locked.hits, locked.asked, locked.beats) == (2, 0, 1, ())


def test_the_same_sound_gives_the_same_samples():
    sound = play(steady(12, 100), 12)
    once, again = (locked_on(sound, (0.0, 4.4), 7.0).audio for _ in range(2))
    assert once.tobytes() == again.tobytes()


def test_broken_samples_and_one_channel_are_taken():
    sound = play(steady(14, 100), 14)[:, :1].copy()
    sound[5000:5200] = np.nan
    locked = locked_on(sound, (0.0, 4.4), 10.0)
    assert locked.audio.shape[1] == 2
    assert np.isfinite(locked.audio).all()
