"""Where in a track lines without times are sung: the cheapest places for all of them together.

One pass over lines and moments (dynamic programming) weighs what a listener would: a line wants to lie where somebody
sings, at a pace like the other lines', a chorus in a chorus; between stanzas there may be a long pause, inside them
hardly; singing that no line covers is a mistake, and so is a line over silence. Lines never change their order, so that
the second chorus can not fall onto the first. All costs are in seconds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.singing.lengths import LEAST_LINE_S
from pipeline.singing.syllables import count_syllables, guess_language
from pipeline.singing.verse import Verse, to_ms
from pipeline.singing.voice import STEP_S
from pipeline.storyboard import Chart

_GRID_S = 0.1
_MOMENTS_MOST = 8000  # per run; memory is lines x moments x 5 bytes: 40 MB at the most

_FASTEST_S, _SLOWEST_S = 0.12, 0.6  # a syllable; rap and a slow ballad
_STRETCHES = np.array([0.55, 0.7, 0.85, 1.0, 1.2, 1.45, 1.8, 2.3, 3.0, 4.0, 5.5, 7.5, 10.0, 14.0])
_PACES = (1.0, 0.87, 0.75, 0.65, 0.55, 0.45)  # shares of the one that fills all that is sung
_PACE_S, _UNUSUAL = 0.45, 0.5  # seconds a syllable, median over four songs; cost of each second at e times that pace
_UNEVEN = 2.0  # cost of each second of a line that is sung e times slower or faster than the others
_FREE = 0.15  # the same for a vocalise, which lasts as long as it likes
_VOCALISE = re.compile(r"(?:\W*(?:[aeiou]+h*|o+w|y?e+a+h?|la+|na+|da+|m+h?m*|hu*m+|do+)\W*)+", re.IGNORECASE)
_MISSED = 0.5  # cost of each second of singing that no line covers: a solo sounds like singing ...
_MISSED_BY_FORM = 1.0  # ... and where only the form is known, lines fill it
_LINGER = 0.35  # cost of each second of pause within a stanza
_ELSEWHERE = 1.0  # cost of each second in a section of another kind than the line's mark says
_SECTION = 1.5  # worth of beginning a chorus where one begins
_ENTRANCE, _OPENING = 1.2, 3.0  # worth of beginning where a voice sets in, for a line and for a stanza
_BEAT, _BAR, _PHRASE = 0.03, 0.08, 0.2  # worth of beginning on one
_NEAR_S = 0.12  # a line begins on a beat or phrase that is so near

_SUNG = {"verse": 0.9, "chorus": 0.95, "bridge": 0.8, "intro": 0.12, "outro": 0.2, "instrumental": 0.08}
_HINT = 0.35  # how much the form says where the voice can be heard too
_HELD = 0.85  # of the time to the next line: so long is a single line sung whose start is given


@dataclass(frozen=True)
class Place:
    """Where a line is sung, in seconds."""

    start: float
    end: float


def place_lines(lines: Sequence[Verse], chart: Chart, voice: NDArray[np.float64]) -> list[Place]:
    """Return a place for every line, in order; a line that has a start keeps it to the millisecond.

    `voice` is the curve of voice.hear_voice; an empty one leaves the song's form alone to say where singing is.
    """
    if not lines:
        return []
    language = guess_language("\n".join(line.text for line in lines))
    weights = [max(1, count_syllables(line.text, language)) for line in lines]
    fixed = [at for at, line in enumerate(lines) if line.start is not None]
    implied = imply_parts(lines)
    places: list[Place] = []
    for first, behind in _runs(len(lines), fixed):
        begin = lines[first].start if first in fixed else 0.0
        end = lines[behind].start if behind < len(lines) else chart.duration
        stage = _Stage(
            implied[first:behind], chart, voice, begin or 0.0, max(end or 0.0, (begin or 0.0) + 0.01 * (behind - first))
        )
        latest = max(begin or 0.0, end or 0.0)  # no room at all: then they stand there together
        for place in _placed(lines[first:behind], weights[first:behind], stage, held=first in fixed):
            places.append(place if place.start <= latest else Place(latest, latest + _GRID_S))
    return [
        place if line.start is None else Place(line.start, max(place.end, line.start + 0.01))
        for line, place in zip(lines, places, strict=True)
    ]


def imply_parts(lines: Sequence[Verse]) -> list[str]:
    """Return the part of each line; if none is marked, what comes in several stanzas is chorus, the rest verse."""
    stanzas: dict[str, set[int]] = {}
    for line in lines:
        stanzas.setdefault(line.text.casefold(), set()).add(line.stanza)
    again = [len(stanzas[line.text.casefold()]) > 1 for line in lines]
    if not any(again) or any(line.part for line in lines):
        return [line.part for line in lines]
    return [
        "" if _is_vocalise(line.text) else "chorus" if twice else "verse"
        for line, twice in zip(lines, again, strict=True)
    ]


def _runs(count: int, fixed: list[int]) -> list[tuple[int, int]]:
    """Divide the lines so that each run begins with a line whose time is known, the first one perhaps not."""
    edges = sorted({0, *fixed, count})
    return list(pairwise(edges))


class _Stage:
    """The stretch of track that a run of lines is placed in, as curves over a grid of moments."""

    def __init__(
        self, marks: Sequence[str], chart: Chart, voice: NDArray[np.float64], begin: float, end: float
    ) -> None:
        self.chart, self.begin, self.length = chart, begin, end - begin
        self.voice, self.marks = voice, marks

    def lay(self, lines: int) -> None:
        """Choose the grid: fine enough that every line has some steps of it."""
        self.step = max(min(_GRID_S, self.length / (4 * lines)), self.length / _MOMENTS_MOST)
        self.moments = max(2, round(self.length / self.step))
        self.times = self.begin + np.arange(self.moments + 1) * self.step
        starts = [section.start for section in self.chart.sections]
        which = np.clip(np.searchsorted(starts, self.times + 1e-6, side="right") - 1, 0, None)
        self.parts = np.array([section.part for section in self.chart.sections])[which]
        form = np.array([_SUNG[part] for part in self.parts])
        self.sung, self.missed = form, _MISSED_BY_FORM
        self.entrance = np.zeros(len(self.times))
        if self.voice.size and float(self.voice.std()) > 0.05:
            heard = np.interp(self.times, (np.arange(len(self.voice)) + 0.5) * STEP_S, self.voice)
            self.sung, self.missed = np.clip(heard + _HINT * (form - 0.5), 0.0, 1.0), _MISSED
            reach = max(1, round(0.3 / self.step))
            padded = np.pad(heard, reach, mode="edge")
            rise = np.maximum(0.0, padded[2 * reach :] - padded[: -2 * reach])
            self.entrance = rise * (rise >= ndimage.maximum_filter1d(rise, 2 * reach + 1) - 1e-9)

    def worth(self, entrance: float) -> NDArray[np.float64]:
        """Return what it is worth to begin a line at each moment."""
        worth = entrance * self.entrance
        for marks, value in ((self.chart.beats, _BEAT), (self.chart.downbeats, _BAR), (self.chart.phrases, _PHRASE)):
            at = np.round((np.array(marks) - self.begin) / self.step).astype(int) if marks else np.zeros(0, int)
            at = at[(at >= 0) & (at <= self.moments)]
            worth[at] = np.maximum(worth[at], entrance * self.entrance[at] + value)
        return worth

    def section_starts(self, part: str) -> NDArray[np.float64]:
        """Return what it is worth to begin a stanza where a section of its kind begins."""
        worth = np.zeros(len(self.times))
        for section in self.chart.sections:
            if section.part == kind_of(part):
                worth[np.abs(self.times - section.start) <= _NEAR_S] = _SECTION
        return worth

    def mismatch(self, part: str) -> NDArray[np.float64]:
        """Return, summed up from the left, what it costs to sing a line of this part at each moment."""
        kind = kind_of(part)
        if kind not in _SUNG or kind not in {section.part for section in self.chart.sections}:
            return np.zeros(self.moments + 2)
        return np.concatenate([[0.0], np.cumsum(_ELSEWHERE * self.step * (self.parts != kind))])


def kind_of(part: str) -> str:
    """Return the part without its number, and without what it comes before or after."""
    return part.split(" ")[0].removeprefix("pre-").removeprefix("post-")


def _placed(lines: Sequence[Verse], weights: list[int], stage: _Stage, *, held: bool) -> list[Place]:
    """Place a run of lines; `held`: the first one begins where the stage begins."""
    if held and len(lines) == 1:
        sung = min(_HELD * stage.length, 4 * _SLOWEST_S * weights[0])
        return [Place(stage.begin, to_ms(stage.begin + sung))]
    stage.lay(len(lines))
    tried = [_sung_at(pace, lines, weights, stage, held=held) for pace in _paces(weights, stage)]
    cost, places = min(tried, key=lambda one: one[0])
    return _untangled(places, stage) if np.isfinite(cost) else _even(weights, stage)


def _sung_at(
    pace: float, lines: Sequence[Verse], weights: list[int], stage: _Stage, *, held: bool
) -> tuple[float, list[Place]]:
    """Return the cheapest places at a pace of so many seconds a syllable, and what they cost."""
    step, moments = stage.step, stage.moments
    steps = [np.maximum(1, np.round(_STRETCHES * pace * weight / step)).astype(int) for weight in weights]
    uneven = [
        (_FREE if _is_vocalise(line.text) else _UNEVEN) * pace * weight * np.log(_STRETCHES) ** 2
        for line, weight in zip(lines, weights, strict=True)
    ]
    covered = np.concatenate([[0.0], np.cumsum((1 - stage.sung) * step)])
    missed = stage.missed * np.concatenate([[0.0], np.cumsum(stage.sung * step)])[:-1]
    parts = list(stage.marks)
    elsewhere = {part: stage.mismatch(part) for part in parts}
    worth, moment = stage.worth(_ENTRANCE), np.arange(moments + 1)
    openings = {part: stage.worth(_OPENING) + stage.section_starts(part) for part in set(parts)}
    cost = missed - openings[parts[0]] if not held else np.where(moment == 0, 0.0, np.inf)
    chosen, came = [], []
    for at, line in enumerate(lines):
        done, choice = np.full(moments + 1, np.inf), np.zeros(moments + 1, np.int8)
        for k, length in enumerate(steps[at]):
            if length > moments:
                continue
            price = cost[: moments + 1 - length] + uneven[at][k]
            for sums in (covered, elsewhere[parts[at]]):
                price = price + sums[length : moments + 1] - sums[: moments + 1 - length]
            better = price < done[length:]
            done[length:][better], choice[length:][better] = price[better], k
        chosen.append(choice)
        if at + 1 == len(lines):
            cost = done + missed[-1] - missed
            break
        pause = missed + (_LINGER * step * moment if lines[at + 1].stanza == line.stanza else 0.0)
        least = np.minimum.accumulate(done - pause)
        came.append(np.maximum.accumulate(np.where(done - pause == least, moment, 0)).astype(np.int32))
        cost = least + pause - (worth if lines[at + 1].stanza == line.stanza else openings[parts[at + 1]])
    end = int(np.argmin(cost))
    total = float(cost[end]) + _UNUSUAL * sum(weights) * pace * float(np.log(pace / _PACE_S)) ** 2
    places: list[Place] = []
    for at in reversed(range(len(lines) if np.isfinite(total) else 0)):
        start = end - int(steps[at][chosen[at][end]])
        places.append(Place(_near(stage, start), to_ms(stage.begin + end * step)))
        end = int(came[at - 1][start]) if at else 0
    return total, places[::-1]


def _is_vocalise(text: str) -> bool:
    """Tell whether a line is nothing but oohs and la-la-las, which last as long as they like."""
    return bool(_VOCALISE.fullmatch(text))


def _paces(weights: list[int], stage: _Stage) -> list[float]:
    """Return paces to try, in seconds a syllable: one that fills all that is sung, and quicker ones."""
    sung = float(np.count_nonzero(stage.sung > 0.5)) * stage.step or stage.length / 2
    room = 0.95 * stage.length / sum(weights)
    full = float(np.clip(sung / sum(weights), _FASTEST_S, _SLOWEST_S))
    return sorted({min(room, max(_FASTEST_S, share * full)) for share in _PACES})


def _near(stage: _Stage, moment: int) -> float:
    """Return the phrase, downbeat or beat that a moment is near to, else the moment itself."""
    time = stage.begin + moment * stage.step
    for marks in (stage.chart.phrases, stage.chart.downbeats, stage.chart.beats):
        nearest = min(marks, key=lambda mark: abs(mark - time), default=None)
        if nearest is not None and abs(nearest - time) <= min(_NEAR_S, stage.step * 1.5) and nearest >= stage.begin:
            return to_ms(nearest)
    return to_ms(time)


def _untangled(places: list[Place], stage: _Stage) -> list[Place]:
    """Let every line stand long enough to be read before the next one begins, as far as there is room."""
    apart = min(LEAST_LINE_S, stage.length / len(places))
    starts = [place.start for place in places]
    for at in range(1, len(starts)):
        starts[at] = max(starts[at], starts[at - 1] + apart)
    latest = stage.begin + stage.length
    for at in reversed(range(len(starts))):
        latest = starts[at] = max(stage.begin, min(starts[at], latest - apart))
    return [
        Place(to_ms(start), to_ms(max(place.end, start + apart))) for start, place in zip(starts, places, strict=True)
    ]


def _even(weights: list[int], stage: _Stage) -> list[Place]:
    edges = stage.begin + np.concatenate([[0.0], np.cumsum(weights)]) * stage.length / sum(weights)
    return [Place(to_ms(a), to_ms(b)) for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]
