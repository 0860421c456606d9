"""What a piece of sound offers to a cut: beats and accents, and how well each would carry one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from pipeline import certificate
from pipeline.ear.features import LEVEL_S, LOOK_S, Features, listen
from pipeline.ear.listen import Heard, hear
from pipeline.ear.pulse import find_pulse
from pipeline.ear.tonality import find_key
from pipeline.keys import Key, read_key
from pipeline.music import RATE, Audio

Times = NDArray[np.float64]  #: seconds

NEAR_S = 0.035  # a strike this near a beat is the beat's: the beat is known to 5 ms, the strike to less
APART_S = 0.04  # two landmarks nearer than this are one
TURN_S = 4.0  # of sound to either side that a turn of the music is judged by
AUDIBLE_LU = 35.0  # under the loud parts; what is quieter at either end is left off
SHORTEST_S = 0.5  # less sound has no beat

#: what makes a landmark good for a cut, 1 in all: a strike that is heard, on the beat, on the bar line, where the music
#: turns to something new
STRIKE, BEAT, BAR, TURN = 0.4, 0.15, 0.35, 0.1


@dataclass(frozen=True)
class Landmarks:
    times: Times  #: beats and accents as the certificate hears them, ascending
    appeal: Times  #: of each, 0-1: how good it is for a cut
    beats: Times  #: empty where there is no beat to cut on
    downbeats: Times
    audible: tuple[float, float]  #: seconds between which there is sound; equal where there is none
    key: Key | None


def find_landmarks(sound: Audio) -> Landmarks:
    """Listen to (n, 2) at RATE."""
    length = len(sound) / RATE
    if length < SHORTEST_S:
        return _nothing((0.0, length if sound.any() else 0.0))
    looks = listen(sound)
    audible = _audible(looks, length)
    if audible[1] - audible[0] < SHORTEST_S:
        return _nothing(audible)
    heard, pulse, key = hear(sound, RATE), find_pulse(looks, sound), find_key(looks)
    beats, downbeats = (pulse.beats, pulse.downbeats) if pulse else (np.zeros(0), np.zeros(0))
    beats, downbeats = (lines[(lines >= audible[0] - NEAR_S) & (lines < audible[1])] for lines in (beats, downbeats))
    strikes = np.array(heard.onsets)
    times = _once(_snapped(certificate.landmarks(heard), strikes))
    times = times if times.size else _rises(looks)
    appeal = (
        STRIKE * np.minimum(1.0, _strengths(times, heard))
        + BEAT * _near(times, beats)
        + BAR * _near(times, downbeats)
        + TURN * _turns(times, looks)
    )
    return Landmarks(
        times, appeal, _snapped(beats, strikes), _snapped(downbeats, strikes), audible, read_key(key) if key else None
    )


def _nothing(audible: tuple[float, float]) -> Landmarks:
    return Landmarks(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0), audible, None)


def _audible(looks: Features, length: float) -> tuple[float, float]:
    """Return where sound begins and ends, seconds."""
    if not looks.levels.size:
        return 0.0, 0.0
    loud = np.flatnonzero(looks.levels > max(float(np.quantile(looks.levels, 0.9)) - AUDIBLE_LU, -69.0))
    if not loud.size:
        return 0.0, 0.0
    # a level belongs to 400 ms from its time on
    first = (int(loud[0]) + 3) * LEVEL_S if loud[0] else 0.0
    return min(first, length), min(length, int(loud[-1]) * LEVEL_S + 0.4 + LEVEL_S)


def _snapped(times: Times, strikes: Times) -> Times:
    """Move each time to the strike that it is meant for, where there is one."""
    if not strikes.size or not times.size:
        return times
    nearest = _nearest(times, strikes)
    return np.unique(np.where(np.abs(nearest - times) <= NEAR_S, nearest, times))


def _nearest(times: Times, among: Times) -> Times:
    after = np.clip(np.searchsorted(among, times), 1, max(1, len(among) - 1))
    before = among[after - 1]
    later = among[np.minimum(after, len(among) - 1)]
    nearest: Times = np.where(times - before <= later - times, before, later)
    return nearest


def _once(times: Times) -> Times:
    return times[np.diff(times, prepend=-np.inf) > APART_S]


def _near(times: Times, among: Times) -> Times:
    """Return 1 for each time with one of the others by it, else 0."""
    if not among.size or not times.size:
        return np.zeros(len(times))
    return (np.abs(_nearest(times, among) - times) <= NEAR_S).astype(np.float64)


def _strengths(times: Times, heard: Heard) -> Times:
    """Return how hard something strikes at each time; 1 is strong."""
    onsets, strengths = np.array(heard.onsets), np.array(heard.strengths)
    if not onsets.size or not times.size:
        return np.zeros(len(times))
    nearest = np.clip(np.searchsorted(onsets, _nearest(times, onsets)), 0, len(onsets) - 1)
    return np.where(np.abs(onsets[nearest] - times) <= NEAR_S, strengths[nearest], 0.0)


def _rises(looks: Features) -> Times:
    """Return where sound without any strike swells most, a few seconds apart."""
    smooth = ndimage.gaussian_filter1d(looks.levels, 3.0)
    rise = np.maximum(0, np.gradient(smooth))
    peaks, _ = signal.find_peaks(rise, height=max(0.05, float(np.quantile(rise, 0.75))), distance=10)
    return np.asarray(peaks * LEVEL_S + 0.2, dtype=np.float64)


def _turns(times: Times, looks: Features) -> Times:
    """Return how much the music changes at each time, 0-1 by rank: timbre and loudness before it against after it."""
    if len(times) < 2:
        return np.zeros(len(times))
    timbre = looks.timbre / np.maximum(looks.timbre.std(axis=1, keepdims=True), 1e-6)
    total = np.concatenate([np.zeros((len(timbre), 1)), np.cumsum(timbre, axis=1, dtype=np.float64)], axis=1)
    last = total.shape[1] - 1
    wide = round(TURN_S / LOOK_S)
    at = np.clip(np.round(times / LOOK_S).astype(int), 0, last)
    behind, ahead = np.maximum(at - wide, 0), np.minimum(at + wide, last)
    after = (total[:, ahead] - total[:, at]) / np.maximum(ahead - at, 1)
    before = (total[:, at] - total[:, behind]) / np.maximum(at - behind, 1)
    turn = np.linalg.norm(after - before, axis=0)
    turn[(at - behind < wide / 2) | (ahead - at < wide / 2)] = 0
    rank: Times = turn.argsort().argsort() / (len(turn) - 1)
    return rank
