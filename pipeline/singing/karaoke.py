"""Lines that have their places become lines in time: every one with an end, and with a time for each word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from pipeline.singing.lengths import close_lines
from pipeline.singing.places import Place
from pipeline.singing.syllables import count_syllables, guess_language, split_words
from pipeline.singing.verse import Verse, share_time, to_ms
from pipeline.storyboard import Line, Word

SUNG_SHARE = 0.85  # of the time to the next line: then the singer breathes (four songs timed by word: 0.8-0.9)
_SLOW = 1.2  # times the song's own pace: what is longer is a pause after the line
_SHORTEST_S = 0.05  # of a line or word: less than a frame cannot be seen


def time_words(lines: Sequence[Verse], places: Sequence[Place], *, duration: float) -> tuple[Line, ...]:
    """Return the lines at their places, cut off at the track's end; words that have no times share their line's.

    A line that came with a time keeps it, whatever its place says, and its words are sung at the song's own pace.
    """
    if not lines:
        return ()
    language = guess_language("\n".join(line.text for line in lines))
    starts = [place.start if line.start is None else line.start for line, place in zip(lines, places, strict=True)]
    behind = [next((later for later in starts[at + 1 :] if later > start), duration) for at, start in enumerate(starts)]
    pace = _pace(lines, starts, behind, language)
    timed = []
    for line, place, start, later in zip(lines, places, starts, behind, strict=True):
        stop = place.end if line.start is None else _sung_until(line, start, later, pace, language)
        stop = max(min(stop, duration), start + _SHORTEST_S)
        words = line.words or tuple(share_time(split_words(line.text), start, stop, language))
        timed.append(replace(line, start=start, words=words))
    return tuple(_line(line, duration) for line in close_lines(timed, language))


def _pace(lines: Sequence[Verse], starts: list[float], behind: list[float], language: str) -> float:
    """Return the seconds from line to line for each syllable, median over the song."""
    each = zip(lines, starts, behind, strict=True)
    return median((later - start) / max(1, count_syllables(line.text, language)) for line, start, later in each)


def _sung_until(line: Verse, start: float, later: float, pace: float, language: str) -> float:
    room = SUNG_SHARE * (later - start)
    if line.end is not None and start < line.end < later:
        room = min(max(room, SUNG_SHARE * (line.end - start)), line.end - start)
    return start + min(room, _SLOW * pace * max(1, count_syllables(line.text, language)))


def _line(line: Verse, duration: float) -> Line:
    start = min(to_ms(line.start or 0.0), duration - _SHORTEST_S)
    end = min(max(to_ms(line.end or 0.0), start + _SHORTEST_S), duration)
    words = tuple(Word(word.text, min(word.start, end), min(word.end, duration)) for word in line.words)
    return Line(line.text, start, end, words if _in_order(words) else (), line.part)


def _in_order(words: Sequence[Word]) -> bool:
    return all(word.start <= word.end for word in words) and all(a.start <= b.start for a, b in pairwise(words))
