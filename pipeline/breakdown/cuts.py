"""The cuts inside a passage: the best way through its beats, or through its phrases where there is no beat.

A cheapest path: every shot costs by how far its length is from what the music asks for there, every cut by how weak its
moment is. A shot's cost is weighed by its length, so that many short ones are no dearer than one long one.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.breakdown.passages import LEAST_SHOT_S, Passage
from pipeline.orchestra.chance import dice
from pipeline.storyboard import ENERGY_STEP_S, SHOTS_MOST, Chart, Line, Pace, Part

#: seconds that a shot stands at middling energy and normal pace
SHOT_S: dict[Part, float] = {
    "intro": 5.0,
    "verse": 3.8,
    "chorus": 2.8,
    "bridge": 4.6,
    "instrumental": 3.0,
    "outro": 5.5,
}
PACE: dict[Pace, float] = {"calm": 1.7, "normal": 1.0, "quick": 0.6}
#: what that is multiplied by where it is quietest and where it is loudest
HASTE = {"chorus": (1.3, 0.7), "elsewhere": (1.2, 0.8)}
ASKED_MOST_S: dict[Pace, float] = {"calm": 10.0, "normal": 6.5, "quick": 4.5}  # a picture is read by then
ENDS_LONGER = 1.5  # the first and the last shot of a film: one arrives, and one is let go
BUILD_S = 4.0  # before a chorus that is louder the cuts come faster
WITHOUT_BEAT = 1.3  # music that flows is cut slower
LONGEST = 2.0  # times the asked length: nothing stands longer where there is a place to cut
#: how much longer or shorter than asked a shot may be: a film whose shots are all alike ticks
SWING = (0.55, 0.66, 0.85, 1.0, 1.0, 1.35, 1.7)
CHORUS_SWING = (0.5, 0.5, 0.85, 1.0, 1.0, 1.0, 1.0, 1.3)  # two beats now and then, among bars

# what a cut costs where it falls, in the same coin as a shot that is off its length by half an octave
DOWNBEAT, HALF_BAR, OFF_BEAT = 0.0, 0.3, 0.7
PHRASE = -0.25  # cheaper: something begins
SPLITS_LINE, AT_LINE = 0.5, -0.3
NO_REASON = 1.4  # a moment taken only because nothing else is near
STIFFNESS = 2.0

LINE_LEAD_S = 0.35  # a cut may come so much before its line, or by AFTER_LINE_S after it has begun
AFTER_LINE_S = 0.2


@dataclass(frozen=True)
class Places:
    """The moments at which the film may be cut, ascending, and what each costs."""

    times: tuple[float, ...]
    costs: tuple[float, ...]

    def inside(self, start: float, end: float) -> Places:
        a, b = bisect_left(self.times, start + LEAST_SHOT_S), bisect_right(self.times, end - LEAST_SHOT_S)
        return Places(self.times[a:b], self.costs[a:b])


def find_places(chart: Chart, lines: Sequence[Line]) -> Places:
    """Return where cuts may fall: beats where there are any, and elsewhere phrases, lulls and the starts of lines."""
    places = _beats(chart) if chart.rhythmic and chart.beats else {}
    for time, cost in _breaths(chart, lines).items():
        if _lonely(time, places, chart) and 0.0 < time < chart.duration:
            places[time] = cost
    times = sorted(places)
    sung = sorted((line.start, line.end) for line in lines)
    starts = [start for start, _ in sung]
    return Places(tuple(times), tuple(places[time] + _against_lines(time, sung, starts) for time in times))


def cut_passage(
    passage: Passage, places: Places, chart: Chart, *, pace: Pace, seed: int, lifts: bool
) -> tuple[float, ...]:
    """Return the moments inside a passage at which it is cut; `lifts`: a louder chorus comes next."""
    inside = places.inside(passage.start, passage.end)
    times = (passage.start, *inside.times, passage.end)
    costs = (0.0, *inside.costs, 0.0)
    asked = [_asked(time, passage, chart, pace=pace, seed=seed, lifts=lifts) for time in times]
    best, came_from = [0.0], [0]
    for j in range(1, len(times)):
        cheapest, where = math.inf, 0
        for i in range(j - 1, -1, -1):
            length = times[j] - times[i]
            if length > LONGEST * asked[i] and where:
                break
            if length < LEAST_SHOT_S or best[i] == math.inf:
                continue
            ends = ENDS_LONGER if times[j] == chart.duration and len(times) > 2 else 1.0
            cost = best[i] + costs[j] + _strain(length, min(asked[i] * ends, ASKED_MOST_S[pace]))
            if cost < cheapest:
                cheapest, where = cost, i
        best.append(cheapest)
        came_from.append(where)
    at, found = came_from[-1], []
    while at > 0:
        found.append(times[at])
        at = came_from[at]
    return tuple(reversed(found))


def _strain(length: float, asked: float) -> float:
    share = length / asked
    return STIFFNESS * share * math.log2(share) ** 2


def _asked(time: float, passage: Passage, chart: Chart, *, pace: Pace, seed: int, lifts: bool) -> float:
    """How long a shot that begins here shall stand, in seconds."""
    energy = (passage.energy + chart.energy_at(time)) / 2
    calm, loud = HASTE["chorus" if passage.part == "chorus" else "elsewhere"]
    asked = SHOT_S[passage.part] * PACE[pace] * (calm + (loud - calm) * energy)
    bar = 240.0 / chart.tempo if chart.tempo else 2.5
    into = int((time - passage.start + 0.05) / bar)
    swing = CHORUS_SWING if passage.part == "chorus" else SWING
    swung = dice(seed, "swing", passage.group, into).choice(swing)  # a chorus that returns is cut as it was
    asked *= swung if time > 0 else max(1.0, swung)
    if not chart.rhythmic:
        asked *= WITHOUT_BEAT
    if lifts and passage.end - time < max(BUILD_S, 2 * bar) and passage.length > 2 * BUILD_S:
        asked *= 0.6
    if time <= 0.0:
        asked *= ENDS_LONGER
    return max(min(asked, ASKED_MOST_S[pace]), LEAST_SHOT_S, chart.duration / SHOTS_MOST * 1.5)


def _beats(chart: Chart) -> dict[float, float]:
    """Every beat and its cost: downbeats are free, the bar's middle is dear, the others dearer."""
    reach = (60.0 / chart.tempo if chart.tempo else 0.5) * 0.45
    bars = [bisect_left(chart.beats, bar - 1e-3) for bar in chart.downbeats] or list(range(0, len(chart.beats), 4))
    costs = {}
    for i, beat in enumerate(chart.beats):
        at = bisect_right(bars, i) - 1
        since = i - bars[at] if at >= 0 else bars[0] - i
        cost = DOWNBEAT if since % 4 == 0 else HALF_BAR if since % 2 == 0 else OFF_BEAT
        near = bisect_left(chart.phrases, beat - reach)
        if near < len(chart.phrases) and chart.phrases[near] <= beat + reach:
            cost += PHRASE
        costs[beat] = cost
    return costs


def _breaths(chart: Chart, lines: Sequence[Line]) -> dict[float, float]:
    """Moments that are no beats, and their costs: the filling grid first, so that better ones take its place."""
    places = {at * 0.5 + 0.5: NO_REASON for at in range(int(chart.duration * 2))}
    curve = chart.energy
    for i in range(1, len(curve) - 1):
        if curve[i - 1] > curve[i] <= curve[i + 1]:
            places[i * ENERGY_STEP_S] = HALF_BAR
    places |= {max(0.0, line.start - LINE_LEAD_S / 2): HALF_BAR for line in lines}
    places |= dict.fromkeys(chart.phrases, PHRASE)
    return places


def _lonely(time: float, places: dict[float, float], chart: Chart) -> bool:
    """Whether there is no beat for a bar around a moment."""
    if not (chart.rhythmic and chart.beats):
        return True
    bar = 240.0 / chart.tempo if chart.tempo else 2.0
    at = bisect_left(chart.beats, time)
    before = chart.beats[at - 1] if at else -math.inf
    after = chart.beats[at] if at < len(chart.beats) else math.inf
    return time - before > bar and after - time > bar


def _against_lines(time: float, sung: Sequence[tuple[float, float]], starts: Sequence[float]) -> float:
    """What a cut costs for the line that is sung then: cheaper as it begins, dearer in its middle."""
    at = bisect_right(starts, time + LINE_LEAD_S) - 1
    if at < 0:
        return 0.0
    start, end = sung[at]
    if start - LINE_LEAD_S <= time <= start + AFTER_LINE_S:
        return AT_LINE
    return SPLITS_LINE if start < time < end - LINE_LEAD_S else 0.0
