"""Sound that is too short goes back to a bar line."""

from __future__ import annotations

import numpy as np

from pipeline.cutlock.landmarks import find_landmarks
from pipeline.cutlock.loops import lengthen
from pipeline.music import RATE
from tests.bands import clicks, onsets, play, steady


def test_the_beat_goes_on_and_the_ends_stay():
    music = play(steady(10, 120), 10)
    marks = find_landmarks(music)
    longer = lengthen(music, marks, 25.0)
    assert len(longer) >= 25 * RATE
    assert np.array_equal(longer[:RATE], music[:RATE])
    first, last = (round(time * RATE) for time in marks.audible)
    assert np.array_equal(longer[-RATE:], music[first:last][-RATE:])
    beats = find_landmarks(longer).beats
    assert np.abs(np.diff(beats) - 0.5).max() < 0.03


def test_it_goes_on_by_whole_bars():
    times = steady(10, 120)
    music = play(times, 10)
    marks = find_landmarks(music)
    audible = marks.audible[1] - marks.audible[0]
    added = (len(lengthen(music, marks, 20.0)) / RATE - audible) / 2.0  # bars of two seconds
    assert abs(added - round(added)) < 0.02


def test_long_enough_is_left_alone():
    music = play(steady(10, 120), 10)
    assert np.array_equal(lengthen(music, find_landmarks(music), 5.0), music)


def test_sound_without_a_beat_goes_on_softly():
    t = np.arange(8 * RATE) / RATE
    pad = np.repeat((0.2 * np.sin(2 * np.pi * 220 * t))[:, None], 2, axis=1).astype(np.float32)
    longer = lengthen(pad, find_landmarks(pad), 21.0)
    assert len(longer) >= 21 * RATE
    level = np.sqrt(np.square(longer[RATE : 20 * RATE, 0]).reshape(-1, RATE // 10).mean(axis=1))
    assert level.min() > 0.6 * level.max()


def test_silence_becomes_longer_silence():
    silent = np.zeros((RATE, 2), np.float32)
    assert lengthen(silent, find_landmarks(silent), 3.0).shape == (3 * RATE, 2)


def test_a_single_click_does_not_run_away():
    click = clicks(np.array([0.0]), 0.04)
    longer = lengthen(click, find_landmarks(click), 2.0)
    assert len(longer) >= 2 * RATE
    assert len(onsets(longer, np.array([0.1]))) == 1
