"""The click track: tempo and bar lines chosen so that cuts fall on beats, the strong ones on downbeats.

A music editor's search, by dynamic programming over the cuts. Between two anchored cuts lies a whole number of half
beats; tempo follows the mood, may lean a little from one stretch to the next, and the odd bar goes last, before the
cut. A cut that would bend the tempo too far is not anchored: it becomes an accent inside a bar. The cost function
builds on Drake & Botte 1993 (a step of up to 3 % in tempo passes unnoticed) and on ITU-R BT.1359 (sound up to 45 ms
early or 125 ms late passes as together with the picture).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.cuesheet import Bar, HitPoint

Floats = NDArray[np.float64]

TEMPO_REACH = 0.20  # how far the tempo may leave the mood's, as a share; beyond it the mood changes
TEMPO_STEPS = 81  # grid over that reach: 0.5 % apart, a sixth of what a listener notices
LEAN = 0.04  # log2 of a tempo step that costs 1: 2.8 %, under the 3 % that pass unnoticed
DRIFT = 0.20  # log2 of a distance from the mood's tempo that costs 1: about 15 %
SQUEEZE_S = 0.030  # 30 ms of error at the cut, taken up by the stretch before it, costs 1 (times the cut's weight)
MAX_SQUEEZE = 0.06  # beyond 6 % even a fill does not hide a change of tempo
JUMP_COST = 6.0  # a new tempo at a cue's start, under a breath or a held chord, costs this at the most
SKIPS = 8  # cuts in a row that may be left to accents
SKIP_COST = 1.5  # an accent inside a bar, before its weight and its distance from the half-beat are counted
SKIP_CAP = 20.0  # an accent 130 ms off the grid is as bad as it gets
LONGEST_BAR = 4  # quarter notes; the meter is 4/4
SLOWEST, FASTEST = 30.0, 240.0  # BPM that a click track may run at
MIN_ANCHORED_BEATS = 2.0  # a scene under two beats is an accent inside its neighbour's bar


@dataclass(frozen=True)
class Stretch:
    """One cue as the click track sees it."""

    start: float
    end: float
    tempo: float  #: BPM that the mood asks for
    hits: tuple[HitPoint, ...]  #: cuts strictly inside, in order


@dataclass(frozen=True)
class _Edge:
    """A way from anchor `left` to anchor `right`, for each tempo of the grid."""

    left: int
    right: int
    beats: Floats  # (tempi,) whole half beats
    cost: Floats  # (tempi,)


def lay_bars(stretches: Sequence[Stretch], *, steady: bool = False) -> list[tuple[Bar, ...]]:
    """Return the bars of each stretch; they tile it, and every anchored cut is a bar line.

    `steady` narrows the search to the tempo that was asked for (a client's own BPM): 3 % either way.
    """
    reach = 0.03 if steady else TEMPO_REACH
    ratios = np.exp2(np.linspace(math.log2(1 - reach), math.log2(1 + reach), TEMPO_STEPS))
    chosen = _search(stretches, ratios)
    return [_bars(stretch, anchors) for stretch, anchors in zip(stretches, chosen, strict=True)]


def _search(stretches: Sequence[Stretch], ratios: Floats) -> list[list[tuple[float, float]]]:
    """Find the cheapest chain of anchors; gives (end of span, beats in it) for each stretch."""
    best = np.zeros(len(ratios))  # the cost of arriving at the present anchor in each tempo
    tables = []
    for number, stretch in enumerate(stretches):
        tempi = stretch.tempo * ratios
        if number:
            before = stretches[number - 1].tempo * ratios
            step = np.minimum(_step_cost(before, tempi), JUMP_COST)
            entry = best[:, None] + step
            came_from = entry.argmin(axis=0)
            best = entry.min(axis=0)
        else:
            came_from = np.arange(len(ratios))
        times = [stretch.start, *(hit.time for hit in stretch.hits), stretch.end]
        final = number == len(stretches) - 1
        best, edges = _through(stretch, times, tempi, best, final=final)
        tables.append((times, edges, came_from))
    state = int(best.argmin())
    result: list[list[tuple[float, float]]] = []
    for times, edges, came_from in reversed(tables):
        spans: list[tuple[float, float]] = []
        at = len(times) - 1
        while at > 0:
            edge, previous = edges[at][state]
            spans.append((times[at], float(edge.beats[state])))
            at, state = edge.left, previous
        result.append(spans[::-1])
        state = int(came_from[state])
    return result[::-1]


def _through(
    stretch: Stretch, times: Sequence[float], tempi: Floats, entry: Floats, *, final: bool
) -> tuple[Floats, dict[int, list[tuple[_Edge, int]]]]:
    """Walk one stretch; returns the cost of leaving it in each tempo, and the edge and tempo behind each choice."""
    lean = _step_cost(tempi, tempi)
    cost_at: dict[int, Floats] = {0: entry}
    chosen: dict[int, list[tuple[_Edge, int]]] = {}
    for right in range(1, len(times)):
        ways: list[tuple[Floats, NDArray[np.intp], _Edge]] = []
        for left in range(max(0, right - 1 - SKIPS), right):
            edge = _edge(stretch, times, left, right, tempi, final=final)
            if left == 0:  # no step inside the stretch yet
                ways.append((cost_at[0] + edge.cost, np.arange(len(tempi)), edge))
            else:
                reached = cost_at[left][:, None] + lean
                ways.append((reached.min(axis=0) + edge.cost, reached.argmin(axis=0), edge))
        total = np.stack([way[0] for way in ways])
        pick = total.argmin(axis=0)
        cost_at[right] = total.min(axis=0)
        chosen[right] = [(ways[way][2], int(ways[way][1][tempo])) for tempo, way in enumerate(pick)]
    return cost_at[len(times) - 1], chosen


def _edge(stretch: Stretch, times: Sequence[float], left: int, right: int, tempi: Floats, *, final: bool) -> _Edge:
    """Cost of running from one anchor to another with the cuts between them left to accents."""
    length = times[right] - times[left]
    beats = np.maximum(np.round(length * tempi / 30) / 2, 0.5)
    squeeze_s = np.abs(length - beats * 60 / tempi)
    is_end = right == len(times) - 1
    weight = 1.0 if is_end else stretch.hits[right - 1].weight
    if is_end and final:
        weight = 0.1  # the last chord is a fermata: it absorbs what is left
    cost = weight * (squeeze_s / SQUEEZE_S) ** 2
    cost = cost + np.where(squeeze_s > MAX_SQUEEZE * length, 20.0, 0.0)
    cost = cost + (0.3 if is_end and final else 1.0) * _bar_cost(beats, weight)
    cost = cost + (np.log2(tempi / stretch.tempo) / DRIFT) ** 2
    if beats.max() < MIN_ANCHORED_BEATS and len(times) > 2:
        cost = cost + 4.0
    real = 60 * beats / length
    for hit in stretch.hits[left : right - 1]:
        place = (hit.time - times[left]) * real / 60
        miss_s = np.abs(place - np.round(place * 2) / 2) * 60 / real
        cost = (
            cost + SKIP_COST + 2.0 * hit.weight + (0.5 + hit.weight) * np.minimum((miss_s / SQUEEZE_S) ** 2, SKIP_CAP)
        )
    return _Edge(left, right, beats, cost)


def _step_cost(before: Floats, after: Floats) -> Floats:
    """Cost (before, after) of going from one tempo to another."""
    step: Floats = (np.log2(after[None, :] / before[:, None]) / LEAN) ** 2
    return step


def _bar_cost(beats: Floats, weight: float) -> Floats:
    """What an odd bar costs: none for 4/4, .4 for a 2/4, .6 for a 3/4, .8 for 3/4+2/4, 1 for a half beat."""
    odd = np.mod(beats, 4)
    cost = np.select([odd == 0, odd == 2, odd == 3, odd == 1], [0.0, 0.4, 0.6, 0.8], default=1.0 + weight)
    return np.where((beats == 8) | (beats == 16), cost - 0.2, cost)


def _bars(stretch: Stretch, spans: Sequence[tuple[float, float]]) -> tuple[Bar, ...]:
    bars: list[Bar] = []
    start = stretch.start
    for end, beats in spans:
        bpm = 60 * beats / (end - start)
        if not SLOWEST <= bpm <= FASTEST:  # a span too short for half a beat, or a clip's worth of one
            beats, bpm = (end - start) * stretch.tempo / 60, stretch.tempo
        at, sizes = start, _sizes(beats)
        for size in sizes:
            bars.append(Bar(start=at, beats=size, bpm=bpm))
            at = bars[-1].end
        start = end
    return tuple(bars)


def _sizes(beats: float) -> list[float]:
    """Part a span into bars of four with the odd one last, no bar under two beats where it can be helped."""
    full, odd = divmod(beats, LONGEST_BAR)
    sizes = [float(LONGEST_BAR)] * int(full)
    if odd == 0:
        return sizes
    if odd >= 2 or not sizes:
        return [*sizes, odd]
    if odd == 0.5:
        return [*sizes[:-1], LONGEST_BAR + odd]
    return [*sizes[:-1], 3.0, odd + 1]  # 5 is 3+2, 5.5 is 3+2.5
