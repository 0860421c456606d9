"""The light: pulses on the strong beats of loud sections, and the fades at both ends of the film.

The fade at the end is the encoder's, since it takes the titles with it (pipeline/edit.py).
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

from pipeline.storyboard import Chart, Pace

Levels = NDArray[np.float64]

LOUD = 0.6  # energy, 0-1: sections and moments below it have no pulse
ZOOM = 0.015  # that a pulse adds, at most
LIGHT = 0.04  # the same of the brightness
STRENGTH: dict[Pace, float] = {"calm": 0.4, "normal": 0.75, "quick": 1.0}
BEAT_S = 0.5  # how long a pulse lasts where the tempo is not known

FADE_IN_S, FADE_OUT_S = 0.4, 1.2
FIRST_LIGHT = 0.15  # on the very first frame, which players show before they play
FADED_MOST = 0.25  # of a short film


def find_pulses(chart: Chart, pace: Pace, *, rate: int, frames: int) -> Levels:
    """Return for each frame how far a pulse is up, 0-1; it begins on the frame nearest to its beat."""
    levels = np.zeros(frames)
    if not chart.rhythmic:
        return levels
    for beat in chart.downbeats:
        first = int(beat * rate + 0.5)
        last = min(frames, first + max(1, round(_beat_s(chart, beat) * rate)))
        if first < frames and (strength := _strength(chart, beat)):
            decay = 1 - np.arange(last - first) / max(1, last - first)
            levels[first:last] = np.maximum(levels[first:last], STRENGTH[pace] * strength * decay**3)
    return levels


def fade_in(*, rate: int, frames: int) -> Levels:
    """Return for each frame how much light there is, 0-1; the first has some."""
    levels, rising = np.ones(frames), count_faded(FADE_IN_S, rate=rate, frames=frames)
    levels[:rising] = FIRST_LIGHT + (1 - FIRST_LIGHT) * np.arange(rising) / max(1, rising)
    return levels


def count_faded(seconds: float, *, rate: int, frames: int) -> int:
    """Return how many frames a fade takes; it leaves a short film mostly light."""
    return min(round(seconds * rate), int(frames * FADED_MOST))


def _strength(chart: Chart, beat: float) -> float:
    energy = chart.energy_at(beat)
    loud = chart.section_at(beat).energy >= LOUD and energy >= LOUD
    return 0.5 + 0.5 * (energy - LOUD) / (1 - LOUD) if loud else 0.0


def _beat_s(chart: Chart, beat: float) -> float:
    """Return how long the beat is that begins there."""
    after = bisect_right(chart.beats, beat + 0.01)
    if after < len(chart.beats):
        return min(chart.beats[after] - beat, 2 * BEAT_S)
    return 60 / chart.tempo if chart.tempo else BEAT_S
