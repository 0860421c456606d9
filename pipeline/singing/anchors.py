"""Words that an acoustic model has heard become times of lines; what it cannot have heard is taken back.

A forced alignment always puts every word somewhere. Where the words were not sung it squeezes them together, tears a
line apart or lays it over silence: such lines lose their times again and are placed between those that were heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
from numpy.typing import NDArray

from pipeline.singing.places import Place, imply_parts, kind_of
from pipeline.singing.syllables import count_syllables, guess_language, split_words
from pipeline.singing.verse import Verse, to_ms
from pipeline.singing.voice import STEP_S
from pipeline.storyboard import Chart, Word

STRETCH_S = 300.0  # is heard at once: memory and time grow with it, and whole songs come out best
_MARGIN_S = 4.0  # to both sides of a stretch whose ends are only guessed

_TORN_S = 3.0  # a pause that no singer makes within a line
_HEARD = 0.5  # share of a line's words that must have been
_SQUEEZED, _DRAWN = 0.4, 5.0  # times the song's own pace: outside, a line is not where its words are
_FASTEST_S = 0.06  # a syllable
_ASTRAY_S = 5.0
_LEAST_S = 0.04  # of a word that was not heard
_VOICED = 0.3  # of a line's time must sound like a voice, on average


@dataclass(frozen=True)
class Stretch:
    """Lines that are listened for together, and where."""

    first: int
    behind: int
    start: float
    end: float


def find_stretches(lines: Sequence[Verse], places: Sequence[Place], *, duration: float) -> list[Stretch]:
    """Return where to listen for the lines without times: between those with one, and in pieces of a long track."""
    stretches: list[Stretch] = []
    at = 0
    while at < len(lines):
        if lines[at].start is not None:
            at += 1
            continue
        start = 0.0 if at == 0 else lines[at - 1].end or places[at - 1].end
        if at and lines[at - 1].start is None:  # the piece before ended here
            start = max(stretches[-1].start, places[at].start - _MARGIN_S)
        behind = at
        while behind < len(lines) and lines[behind].start is None:
            begins_stanza = behind > at and lines[behind].stanza != lines[behind - 1].stanza
            if begins_stanza and _stanza_end(lines, places, behind) - start > STRETCH_S:
                break
            behind += 1
        known = behind < len(lines) and lines[behind].start is not None
        end = duration if behind == len(lines) else places[behind].start + (0.0 if known else _MARGIN_S)
        if end - start > 0.2:
            stretches.append(Stretch(at, behind, start, min(end, duration)))
        at = behind
    return stretches


def _stanza_end(lines: Sequence[Verse], places: Sequence[Place], at: int) -> float:
    stanza = lines[at].stanza
    while at + 1 < len(lines) and lines[at + 1].stanza == stanza:
        at += 1
    return places[at].end


def hold_heard(
    lines: Sequence[Verse],
    heard: dict[tuple[int, int], tuple[float, float]],
    voice: NDArray[np.float64],
    *,
    places: Sequence[Place],
    chart: Chart,
) -> list[Verse]:
    """Return the lines with the times of what was heard in them; lines that had a time keep it.

    `heard` has start and end in seconds for (line, word). `voice` is the curve of voice.hear_voice, or empty;
    `places` are those of places.place_lines, where the lines would be if nothing had been heard.
    """
    language = guess_language("\n".join(line.text for line in lines))
    spans = [
        _whole([heard.get((at, word)) for word in range(len(split_words(line.text)))]) if line.start is None else []
        for at, line in enumerate(lines)
    ]
    usual = _pace(lines, spans, language)
    held, least = [], 0.0
    for line, span, place, part in zip(lines, spans, places, imply_parts(lines), strict=True):
        least = max(least, line.start or 0.0)
        words = _filled(line.text, span, language, usual, least) if any(span) else []
        astray = bool(words) and _is_astray(words[0].start, place.start, part, chart)
        if words and not astray and _is_believable(words, language, usual, voice):
            held.append(replace(line, start=words[0].start, words=tuple(words)))
            least = words[-1].end
        else:
            held.append(line)
    return held


def _pace(lines: Sequence[Verse], spans: Sequence[Sequence[tuple[float, float] | None]], language: str) -> float:
    """Return the seconds that a syllable takes, median over what was heard; 0 where nothing was."""
    paces = []
    for line, span in zip(lines, spans, strict=True):
        if known := [times for times in span if times]:
            paces.append((known[-1][1] - known[0][0]) / max(1, count_syllables(line.text, language)))
    return median(paces) if paces else 0.0


def _whole(span: list[tuple[float, float] | None]) -> list[tuple[float, float] | None]:
    """Keep the largest group of words that no pause tears apart; nothing when too few words are left."""
    groups: list[list[int]] = []
    until = 0.0
    for at, times in enumerate(span):
        if times is None:
            continue
        if not groups or times[0] - until > _TORN_S:
            groups.append([])
        groups[-1].append(at)
        until = times[1]
    kept = max(groups, key=len, default=[])
    if len(kept) < max(1, _HEARD * len(span)):
        return [None] * len(span)
    return [times if at in kept else None for at, times in enumerate(span)]


def _filled(
    text: str, span: Sequence[tuple[float, float] | None], language: str, pace: float, least: float
) -> list[Word]:
    """Give the words that were not heard times between their neighbours', by syllables."""
    words = split_words(text)
    counts = [count_syllables(word, language) for word in words]
    known = {at: times for at, times in enumerate(span) if times}
    first, last = min(known), max(known)
    begin = max(min(least, known[first][0]), known[first][0] - pace * sum(counts[:first]))
    end = known[last][1] + pace * sum(counts[last + 1 :])
    timed: list[Word] = []
    at = 0
    while at < len(words):
        if times := span[at]:
            timed.append(Word(words[at], to_ms(times[0]), to_ms(times[1])))
            at += 1
            continue
        behind = next((one for one in known if one > at), len(words))
        if timed:
            timed[-1] = _shortened(
                timed[-1], by=_LEAST_S * (behind - at) - (known.get(behind, (end,))[0] - timed[-1].end)
            )
        left = timed[-1].end if timed else min(begin, known[first][0] - _LEAST_S * first)
        right = known[behind][0] if behind in known else max(end, left + _LEAST_S * (behind - at))
        total, gone = sum(counts[at:behind]), 0
        for index in range(at, behind):
            edges = [left + (right - left) * share / total for share in (gone, gone + counts[index])]
            timed.append(Word(words[index], to_ms(edges[0]), to_ms(edges[1])))
            gone += counts[index]
        at = behind
    return timed


def _shortened(word: Word, *, by: float) -> Word:
    """Return the word without its last seconds, so that others have room; half of it stays."""
    return replace(word, end=to_ms(max(word.end - max(by, 0.0), (word.start + word.end) / 2)))


def _is_astray(heard: float, placed: float, part: str, chart: Chart) -> bool:
    """Tell whether a line is heard far from its place, and in a section of another kind than the one that it names."""
    right = [chart.section_at(time).part == kind_of(part) for time in (heard, placed)]
    return abs(heard - placed) > _ASTRAY_S and right == [False, True]


def _is_believable(words: Sequence[Word], language: str, usual: float, voice: NDArray[np.float64]) -> bool:
    start, end = words[0].start, words[-1].end
    pace = (end - start) / sum(count_syllables(word.text, language) for word in words)
    if not max(_FASTEST_S, _SQUEEZED * usual) <= pace <= _DRAWN * usual:
        return False
    heard = voice[int(start / STEP_S) : max(int(end / STEP_S), int(start / STEP_S) + 1)]
    return not heard.size or float(heard.mean()) >= _VOICED
