"""The written ending: where the last chord falls, how it is approached, how long each player holds it.

The last chord is a fermata: whatever the click track leaves over is its length, so the music ends with the film.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from pipeline.cuesheet import HitPoint
from pipeline.orchestra.clock import Clock, slow_down
from pipeline.orchestra.styles import Ending, Palette
from pipeline.orchestra.tone import Tone

LONGEST_RING_S = 3.4  # a chord held longer than this is waited out, not listened to
SHORTEST_RING_S = 1.0  # less and the last sound is still loud when the film is over
CUT_RING_S = 0.5  # a cut this near the end may carry the last chord itself
SLOW_ENDINGS: tuple[Ending, ...] = ("ring-out", "plagal", "open", "picardy")  # these take a ritard into the last chord
RITARD_BEATS = 2.0
MOST_RITARD = 0.45  # of a beat: the last step comes at two thirds of the tempo, where Friberg & Sundberg's runners stop
HELD_S: dict[Ending, float] = {"button": 0.34, "unresolved": 0.9}  # seconds; the others hold until the film is over

Bars = Sequence[tuple[float, float]]
Hits = Sequence[tuple[float, HitPoint]]


def place_last_chord(palette: Palette, clock: Clock, bars: Bars, hits: Hits, end: float) -> tuple[float, Clock]:
    """Choose the beat of the last chord; returns it and the clock, with a ritard where there is room.

    Bar lines are preferred, cuts near the end more so. `end` is the clip's length in seconds.
    """
    goal = min(palette.ring_s, 0.4 * end)
    shortest = min(SHORTEST_RING_S, 0.25 * end)
    costs = {beat: _cost(beat, place, end - clock.time(beat), goal, hits) for beat, place in _beats(bars)}
    choices = {beat: cost for beat, cost in costs.items() if end - clock.time(beat) >= shortest}
    for beat, hit in hits:
        if hit.kind != "jolt" and end - hit.time >= min(CUT_RING_S, shortest):
            choices[beat] = _cost(beat, 0, end - hit.time, goal, hits) + 0.4
    end_beat = min(choices, key=lambda beat: (choices[beat], beat), default=0.0)
    ring = end - clock.time(end_beat)
    free = all(beat < end_beat - RITARD_BEATS - 1 for beat, _ in hits if beat > 0) and end_beat > RITARD_BEATS + 2
    if palette.ending in SLOW_ENDINGS and free and ring > goal + 0.1:
        late = min(ring - goal, MOST_RITARD * clock.beat_s(end_beat - 1))
        return end_beat, slow_down(clock, end_beat - RITARD_BEATS, end_beat, late)
    return end_beat, clock


def _beats(bars: Bars) -> list[tuple[float, int]]:
    """Return every beat and its place in its bar."""
    return [(start + step, step) for start, beats in bars for step in range(math.ceil(beats - 1e-6))]


def _cost(beat: float, place: int, ring: float, goal: float, hits: Hits) -> float:
    """Weigh a place for the last chord: the ring that the style likes, metre, cuts that would come after it."""
    cost = abs(ring - goal) + {0: 0.0, 2: 0.5}.get(place, 0.9) + 3.0 * (ring > max(LONGEST_RING_S, goal + 0.8))
    cost += sum(1.5 * hit.weight for at, hit in hits if at > beat + 0.05 and hit.kind != "jolt")
    return cost - 0.8 * any(abs(at - beat) < 0.02 for at, _ in hits)


def held(ending: Ending, tones: Sequence[Tone], end_beat: float, beat_s: float) -> list[Tone]:
    """Return the tones with those of the last chord as long as the ending wants them."""
    most = HELD_S.get(ending, math.inf) / beat_s
    return [replace(tone, beats=min(tone.beats, most)) if tone.beat >= end_beat - 1e-6 else tone for tone in tones]
