"""Which landmark of the sound falls on which moment of the film: a dynamic programme over both.

The sound may start anywhere, and between two moments it may go faster or slower by 6 per cent. Where that is not enough
it may leap on a cut, as a music editor's razor does: a part of a beat is left out or played twice before the strike.
What is weighed: how good each landmark is, how much the tempo is bent and how unevenly, the leaps, and what it costs to
let a cut pass without a landmark.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.cutlock.landmarks import Landmarks, Times

MOST = 1.06  # the fastest that a stretch may go, and the inverse the slowest: more is heard as haste and as smear
_BOUND = math.log(MOST) * (1 - 1e-4)  # room for the rounding to samples
PACES = (1.0, 1.015, 1 / 1.015, 1.03, 1 / 1.03, 1.045, 1 / 1.045)  # that the whole may go at

BEND = 1.0  # cost of going at the limit when the whole does not
PACE = 0.5  # cost of the whole going at the limit, for the first segment; it grows with the root of their number
PLAIN = (0.3, 1.0)  # cost of a landmark without appeal, for a moment of no weight, and more for one of full weight
LEAP, FAR = 2.2, 1.0  # cost of a leap, and more for each second that is left out or played twice
MISSED = (3.5, 4.0)  # cost of a cut without a landmark, as for PLAIN: more than all the bending that would meet it
UNHEARD = 6.0  # cost of a landmark that was tried and not heard afterwards
SCARCE = 0.5  # cost of having no sound for the lead-in or for the ring after the end

SLACKS = ((0.0, 0.0), (-0.04, 0.5), (0.04, 0.5))  # seconds that a strike may come off its cut, and what that costs
SHORTEST_S = 0.12  # between two anchors: nearer ones are met together or not at all
FARTHEST_S = 0.5  # of a leap: a beat at 120 BPM
LEAPS_APART_S = 0.9  # from a leap back to the anchor before it: music that leaps more often limps
PASSED_S, PASSED = 6.0, 2  # of film, or so many moments in a row, that may pass without a landmark

Choice = tuple[int, int]  #: (moment, landmark)


@dataclass(frozen=True)
class Moment:
    """Of the film, that a landmark shall fall on."""

    time: float  #: seconds of the film
    weight: float  #: 0-1, more where a bar line is wanted whatever else falls on none
    missed: float  #: what it costs when none does


@dataclass(frozen=True)
class Span:
    """Of the film, that sound is needed for; seconds."""

    start: float
    end: float
    before: float  #: more that is welcome
    after: float


@dataclass(frozen=True)
class Anchors:
    chosen: tuple[Choice, ...]  #: ascending; at least one
    film: Times
    sound: Times
    pace: float  #: at which the sound goes before the first and after the last one, and before a leap
    cost: float


@dataclass(frozen=True)
class _Place:
    """A time of the film at which a landmark may be met for the sake of a moment."""

    moment: int
    time: float
    cost: float


@dataclass(frozen=True)
class _Task:
    marks: Landmarks
    moments: Sequence[Moment]
    span: Span
    unheard: Collection[Choice]

    @property
    def passed(self) -> Times:
        """What it costs to let all moments before each one pass, and all of them."""
        return np.concatenate([[0.0], np.cumsum([moment.missed for moment in self.moments])])


def choose_anchors(
    marks: Landmarks, moments: Sequence[Moment], span: Span, unheard: Collection[Choice] = ()
) -> Anchors | None:
    """Return the cheapest way through; None where no landmark can be met, or the sound is too short for the span."""
    if not moments or not marks.times.size:
        return None
    task = _Task(marks, moments, span, unheard)
    exact = [way for pace in PACES if (way := _at_pace(pace, task, SLACKS[:1]))]
    if not exact:
        return None
    best = min(exact, key=lambda way: way.cost)
    return _at_pace(best.pace, task, SLACKS) or best


def is_leap(film_s: float, sound_s: float) -> bool:
    """Whether so much sound cannot be bent to so much film."""
    return sound_s <= 0 or abs(math.log(sound_s / film_s)) > _BOUND + 1e-9


def _at_pace(pace: float, task: _Task, slacks: Sequence[tuple[float, float]]) -> Anchors | None:
    """Go through the moments with the whole sound at a pace (Viterbi)."""
    times, passed = task.marks.times, task.passed
    places = [_Place(n, moment.time + off, cost) for n, moment in enumerate(task.moments) for off, cost in slacks]
    best: list[Times] = []
    came: list[NDArray[np.intp]] = []  # for each place the (place, landmark) before each landmark, -1 where it is first
    for place in places:
        cost = passed[place.moment] + _lead_costs(place, pace, task)
        origin = np.full((len(times), 2), -1)
        for number in _before(place, places):
            earlier = places[number]
            step, start = _steps(best[number], times, place.time - earlier.time, pace)
            step += passed[place.moment] - passed[earlier.moment + 1]
            better = step < cost
            cost[better] = step[better]
            origin[better] = np.stack([np.full(len(times), number), start], axis=1)[better]
        best.append(cost + place.cost + _appeal_costs(place.moment, task))
        came.append(origin)
    ends = [
        cost + _tail_costs(place, pace, task) + passed[-1] - passed[place.moment + 1]
        for cost, place in zip(best, places, strict=True)
    ]
    last = min(range(len(places)), key=lambda number: float(ends[number].min()))
    cost = float(ends[last].min()) + PACE * (math.log(pace) / _BOUND) ** 2 * len(task.moments) ** 0.5
    if not math.isfinite(cost):
        return None
    way = [(last, int(ends[last].argmin()))]
    while came[way[-1][0]][way[-1][1], 0] >= 0:
        number, mark = came[way[-1][0]][way[-1][1]]
        way.append((int(number), int(mark)))
    way.reverse()
    film = np.array([places[number].time for number, _ in way])
    chosen = tuple((places[number].moment, mark) for number, mark in way)
    return Anchors(chosen, film, times[[mark for _, mark in way]], pace, cost)


def _before(place: _Place, places: Sequence[_Place]) -> Iterator[int]:
    """Yield the places that may come just before one."""
    for number, earlier in enumerate(places):
        near = place.time - earlier.time <= PASSED_S or place.moment - earlier.moment <= PASSED
        if earlier.moment < place.moment and near and place.time - earlier.time >= SHORTEST_S:
            yield number


def _steps(best: Times, times: Times, apart: float, pace: float) -> tuple[Times, NDArray[np.intp]]:
    """Return the least cost of coming to each landmark from one that lies `apart` of film before, and which that is."""
    leap = FARTHEST_S if apart >= LEAPS_APART_S else 0.0
    first = np.searchsorted(times, times - max(apart * MOST, apart * pace + leap))
    last = np.searchsorted(times, times - min(apart / MOST, apart * pace - leap), side="right")
    wide = int((last - first).max(initial=0))
    if not wide:
        return np.full(len(times), np.inf), np.zeros(len(times), dtype=int)
    start = np.minimum(first[:, None] + np.arange(wide)[None, :], len(times) - 1)
    sound = times[:, None] - times[start]
    bend = np.log(np.maximum(sound, 1e-3) / apart)
    off = np.abs(sound - apart * pace)
    leaping = np.where(off <= leap, LEAP + FAR * off, np.inf)
    cost = np.where(np.abs(bend) <= _BOUND, BEND * ((bend - math.log(pace)) / _BOUND) ** 2, leaping)
    cost = np.where(start < last[:, None], cost + best[start], np.inf)
    chosen = cost.argmin(axis=1)
    rows = np.arange(len(times))
    return cost[rows, chosen], start[rows, chosen]


def _appeal_costs(number: int, task: _Task) -> Times:
    cost: Times = (PLAIN[0] + PLAIN[1] * task.moments[number].weight) * (1 - task.marks.appeal)
    cost[[mark for at, mark in task.unheard if at == number]] += UNHEARD
    return cost


def _lead_costs(place: _Place, pace: float, task: _Task) -> Times:
    """Return what it costs each landmark to be the first one met: infinitely much where the sound begins too late."""
    spare = task.marks.times - task.marks.audible[0] - (place.time - task.span.start) * pace
    return _room_costs(spare, task.span.before * pace)


def _tail_costs(place: _Place, pace: float, task: _Task) -> Times:
    spare = task.marks.audible[1] - task.marks.times - (task.span.end - place.time) * pace
    return _room_costs(spare, task.span.after * pace)


def _room_costs(spare: Times, welcome: float) -> Times:
    short = np.clip(1 - spare / welcome, 0, 1) if welcome > 0 else np.zeros(len(spare))
    return np.where(spare >= -1e-6, SCARCE * short, np.inf)
