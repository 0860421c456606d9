"""When each line is on the picture, and in which of the two places.

A line comes with its time, never before and never later; how long it stays is decided here. Two voices that sing at
once get a place each. Nothing is shown for so short a time that nobody could read it: what would be is left out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.storyboard import Line
from pipeline.titles.rows import Unit, fitting, parted, units_of, width_of
from pipeline.titles.wording import inert

FLICKER_S = 0.2  # shorter, and a title is a flicker
LEAST_S = 0.4  # that a title is meant to stay, however short its line
OVERLAP_S = 0.3  # that two voices sing at once; less is one breath before the next
HOLD_S = 0.9  # that a line stays when nothing follows
BRIDGE_S = 1.6  # a rest this short is no reason to take the line away before the next
LETTER_S = 0.16  # a letter is sung no slower, where nobody has timed the words ...
LAST_S = 0.6  # ... but for the last one
EARLY_S = 2.0  # that a line of karaoke may stand before it is sung
FIRST_EARLY_S = 0.8  # the same of the very first one: before it stands the card with the song's name
FOUND = 0.7  # share of the words that must be found again in the line


@dataclass(frozen=True)
class Phrase:
    """What is shown at once: a line, or a part of a line that is too long."""

    units: tuple[Unit, ...]
    times: tuple[tuple[float, float], ...]  #: when each unit is sung
    end: float  #: until when it belongs to the song, sung or held

    @property
    def start(self) -> float:
        return self.times[0][0]


@dataclass(frozen=True)
class Slot:
    """A phrase on the picture; place 0 is the usual one."""

    phrase: Phrase
    start: float
    end: float
    place: int = 0


def phrases_of(lines: Iterable[Line], faces: Sequence[str], *, width: float, most: float) -> list[Phrase]:
    """Return the lines' phrases in order of time; no unit is wider than `width` ems, no phrase than `most`."""
    phrases = []
    for line in sorted(lines, key=lambda line: (line.start, line.end)):
        text = inert(line.text)
        units = fitting(units_of(text, faces), width, faces)
        if units:
            clock = sung(line, text)
            parts = parted(units, -int(-width_of(units) // most))
            phrases += phrased(parts, [[(clock(u.first), clock(u.last)) for u in part] for part in parts], line.end)
    return phrases


def phrased(
    parts: Sequence[Sequence[Unit]], times: Sequence[Sequence[tuple[float, float]]], end: float
) -> list[Phrase]:
    """Return the parts of a line; each lasts until the next one, the last until the line's end."""
    ends = [*(part[0][0] for part in times[1:]), max(end, times[-1][-1][1])]
    return [Phrase(tuple(u), tuple(t), e) for u, t, e in zip(parts, times, ends, strict=True)]


def sung(line: Line, text: str) -> Callable[[float], float]:
    """Return the time at which a place in the text is sung: by its words where they are timed, else by its letters."""
    reach = np.concatenate([[0.0], np.cumsum([_length(sign) for sign in text])])
    marks = _word_marks(line, text) or _line_marks(line, float(reach[-1]))
    places = np.interp([place for place, _ in marks], np.arange(len(reach)), reach)
    times = np.maximum.accumulate([time for _, time in marks])
    return lambda place: float(np.interp(_at(reach, place), places, times))


def one_by_one(phrases: Sequence[Phrase]) -> list[Slot]:
    """Show each phrase from its start on; a second voice stands in the second place."""
    shown: list[Slot] = []
    for phrase in phrases:
        busy = [slot for slot in shown[-4:] if _busy(slot, phrase.start)]
        free = {0, 1} - {slot.place for slot in busy}
        if not free:
            continue
        shown.append(Slot(phrase, phrase.start, max(phrase.end, phrase.start + LEAST_S), min(free)))
    return [_stay(slot, shown[at + 1 :]) for at, slot in enumerate(shown)]


def in_turn(phrases: Sequence[Phrase]) -> list[Slot]:
    """Show phrases in the two places in turn, each one early enough to be read before it is sung."""
    shown: list[Slot] = []
    for phrase in phrases:
        before = shown[-2] if len(shown) > 1 else None
        if before and phrase.start - before.phrase.start < LEAST_S:
            continue
        gone = before.end if before else 0.0
        if before and gone > phrase.start - LEAST_S:
            gone = max(before.phrase.start, min(gone, phrase.start - LEAST_S / 2))
            shown[-2] = replace(before, end=gone)
        end = max(phrase.end, phrase.start + LEAST_S) + LEAST_S
        early = EARLY_S if shown else FIRST_EARLY_S
        shown.append(Slot(phrase, max(gone, phrase.start - early, 0.0), end, len(shown) % 2))
    return [slot for slot in shown if slot.end - slot.start >= LEAST_S / 2]


def _stay(slot: Slot, later: Sequence[Slot]) -> Slot:
    """Let a slot last until something takes its place, or for a while after it is sung."""
    following = [other for other in later[:4] if other.start > slot.start]
    same = next((other.start for other in following if other.place == slot.place), np.inf)
    done = max(slot.end - OVERLAP_S, slot.start + FLICKER_S)
    after = next((other.start for other in following if other.start >= done), np.inf)
    until = min(same, after)
    rest = until - slot.end
    end = until if rest <= BRIDGE_S else slot.end + HOLD_S
    return replace(slot, end=float(end))


def _busy(slot: Slot, time: float) -> bool:
    """Whether a slot cannot be taken away yet: still sung, or not read."""
    return max(slot.phrase.end - OVERLAP_S, slot.start + FLICKER_S) > time


def _at(reach: NDArray[np.float64], place: float) -> float:
    return float(np.interp(place, np.arange(len(reach)), reach))


def _length(sign: str) -> float:
    """Return how long a character takes to sing, against a Latin letter."""
    if not sign.isalnum():
        return 0.0 if unicodedata.combining(sign) else 0.1
    return 2.5 if unicodedata.east_asian_width(sign) == "W" else 1.0


def _line_marks(line: Line, letters: float) -> list[tuple[float, float]]:
    length = max(line.end - line.start, 0.0)
    return [(0, line.start), (1e9, line.start + min(length, LETTER_S * letters + LAST_S))]


def _word_marks(line: Line, text: str) -> list[tuple[float, float]]:
    """Find the timed words in the text; return nothing when too few are there."""
    marks: list[tuple[float, float]] = []
    folded, at = text.casefold(), 0
    if len(folded) != len(text):
        folded = text
    for word in line.words:
        wanted = inert(word.text)
        found = folded.find(wanted.casefold() if folded is not text else wanted, at) if wanted else -1
        if found >= 0:
            at = found + len(wanted)
            marks += [(found, word.start), (at, max(word.end, word.start))]
    if len(marks) < 2 * FOUND * len(line.words):
        return []
    apart = [(place, time + 1e-6 * n) for n, (place, time) in enumerate(marks)]
    return apart if all(a <= b for (a, _), (b, _) in pairwise(apart)) else []
