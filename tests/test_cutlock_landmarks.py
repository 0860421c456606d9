"""What a sound offers to a cut."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.cutlock.landmarks import find_landmarks
from pipeline.music import RATE, Audio
from tests.bands import play, steady, swaying


@pytest.fixture(scope="module")
def music() -> Audio:
    silence = np.zeros((RATE, 2), np.float32)
    return np.concatenate([silence, play(steady(24, 100), 24), silence])


def test_beats_and_bar_lines_are_found_where_they_are(music: Audio):
    marks = find_landmarks(music)
    true = 1 + steady(24, 100)
    inside = marks.beats[(marks.beats > 0.5) & (marks.beats < 24.6)]
    assert np.abs(inside[:, None] - true).min(axis=1).max() < 0.02
    assert len(marks.beats) >= len(true) - 2
    bars = true[::4]
    assert (np.abs(marks.downbeats[:, None] - bars).min(axis=1) < 0.02).mean() > 0.9


def test_bar_lines_appeal_most(music: Audio):
    marks = find_landmarks(music)
    on_bar = np.abs(marks.times[:, None] - (1 + steady(24, 100)[::4])).min(axis=1) < 0.03
    assert marks.appeal[on_bar].mean() > marks.appeal[~on_bar].mean() + 0.15
    assert marks.appeal.min() >= 0
    assert marks.appeal.max() <= 1
    assert (np.diff(marks.times) > 0.039).all()


def test_silence_at_the_ends_is_left_off(music: Audio):
    first, last = find_landmarks(music).audible
    assert 0.7 <= first <= 1.01
    assert 24.8 <= last <= 25.6


def test_the_key_is_heard(music: Audio):
    key = find_landmarks(music).key
    assert key is not None
    assert key.fifths == 0  # A minor and C major share their notes


def test_sound_without_a_beat_has_no_beats_but_accents_or_rises():
    t = np.arange(20 * RATE) / RATE
    swell = np.sin(2 * np.pi * 220 * t) * (0.02 + 0.3 * np.maximum(0, np.sin(2 * np.pi * t / 6.7)) ** 2)
    marks = find_landmarks(np.stack([swell, swell], axis=1).astype(np.float32))
    assert not marks.beats.size
    assert marks.times.size


def test_nothing_is_found_in_nothing():
    for sound in (np.zeros((0, 2)), np.zeros((10, 2)), np.zeros((5 * RATE, 2))):
        marks = find_landmarks(sound.astype(np.float32))
        assert not marks.times.size
        assert marks.audible[1] - marks.audible[0] == 0
        assert marks.key is None


def test_a_swaying_tempo_is_followed():
    beats = swaying(24, 112, drift=0.03, jitter=0.02)
    marks = find_landmarks(play(beats, 24))
    assert (np.abs(beats[1:-1, None] - marks.times).min(axis=1) < 0.03).mean() > 0.85
