# ruff: noqa: RUF001 - signs of many scripts
"""How long a line is: on the screen and in time."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline.singing.syllables import count_syllables, is_ideograph, split_words
from pipeline.singing.verse import Verse, is_sung, to_ms
from pipeline.storyboard import Word

LEAST_LINE_S = 0.35  # a line that stands shorter cannot be read; subtitlers ask for 0.8 s
LONG_LINE = 84  # units of width, an ideograph two: longer ones are broken where a singer breathes ...
LINE_AIM = 44  # ... into about so much

_SYLLABLE_S = 0.45  # of slow singing; the median over four songs that are timed by word is 0.3
_BREATH_S = 0.6
_GAP_S = 2.0  # a title waits so long for the next one rather than leave the screen for a moment
_LAST_WORD_S = 1.5  # the most that a word lasts whose end nobody gave

_STOPS = frozenset(".!?;:,，。！？、；)")


def break_lines(lines: Iterable[Verse], *, most: int) -> tuple[Verse, ...]:
    """Break lines that no title holds; stop soon after `most` lines."""
    broken: list[Verse] = []
    for line in lines:
        broken += _in_pieces(line, _pieces(line.text)) if _width(line.text) > LONG_LINE else [line]
        if len(broken) > most:
            break
    return tuple(broken)


def _in_pieces(line: Verse, texts: list[str]) -> list[Verse]:
    """Give each piece the words that stand in it; the first starts with the line, the last ends with it."""
    left = line.words
    pieces: list[Verse] = []
    for text in texts:
        words, left = left[: len(split_words(text))], left[len(split_words(text)) :]
        start = words[0].start if pieces and words else None if pieces else line.start
        pieces.append(replace(line, text=text, start=start, end=None, words=words))
    pieces[-1] = replace(pieces[-1], end=line.end)
    return pieces


def _width(text: str) -> int:
    return sum(1 + is_ideograph(char) for char in text)


def _pieces(text: str) -> list[str]:
    """Break a long line into even pieces, best after a sentence or a comma, else between words, else anywhere."""
    pieces = []
    left = _width(text)
    even = round(left / max(1, round(left / LINE_AIM)))
    while left > 1.5 * LINE_AIM:
        at = _break(text, even)
        pieces.append(text[:at].strip())
        left -= _width(text[:at]) + len(text) - at - len(text[at:].lstrip())
        text = text[at:].lstrip()
    return [piece for piece in [*pieces, text] if is_sung(piece)] or [text]


def _break(text: str, aim: int) -> int:
    """Return where to break a line so that about `aim` units stand before."""
    width, best, least = 0, 0, float("inf")
    for at, char in enumerate(text[: 2 * aim], start=1):
        width += 1 + is_ideograph(char)
        if at >= len(text) or not _may_break(char, text[at]):
            continue
        price = abs(width - aim) / aim + (0 if char in _STOPS else 0.35 if text[at].isspace() else 0.6)
        price += 0 if text[at].isspace() or is_ideograph(char) or char in _STOPS else 1.5
        best, least = (at, price) if price < least else (best, least)
    return best or min(2 * aim, len(text))


def _may_break(before: str, after: str) -> bool:
    """Tell whether two characters can stand on two lines without changing."""
    joiners = "\u200c\u200d\ufe0e\ufe0f"
    modifier = unicodedata.category(after)[0] in "MC" or unicodedata.category(after) == "Sk"
    return before not in joiners and after not in joiners and not modifier


def close_lines(lines: Sequence[Verse], language: str) -> tuple[Verse, ...]:
    """Give every line that has a start its end: the next line's start, or a natural length before a long pause.

    A line before one whose time is not known yet stays open.
    """
    closed: list[Verse] = []
    after: float | None = None  # the start of the line behind
    later: float | None = None  # the next start that is another one: two voices may start together
    for line in reversed(lines):
        if line.start is None:
            closed.append(line)
            continue
        later = after if after is not None and after > line.start else later
        end = line.end if line.end is not None and line.end > line.start else None
        if end is None and not (closed and closed[-1].start is None):
            end = to_ms(_natural_end(line, line.start, later, language))
        closed.append(replace(line, end=end, words=_closed(line.words, end)))
        after = line.start
    return tuple(reversed(closed))


def _natural_end(line: Verse, start: float, later: float | None, language: str) -> float:
    end = max([start + natural_s(line.text, language), *(word.end for word in line.words)])
    return later if later is not None and later - end < _GAP_S else end


def _closed(words: tuple[Word, ...], end: float | None) -> tuple[Word, ...]:
    """Give the last word an end where the file had none."""
    if not words or words[-1].end > words[-1].start:
        return words
    last = words[-1]
    stop = min(last.start + _LAST_WORD_S, end) if end is not None and end > last.start else last.start + _LAST_WORD_S
    return (*words[:-1], replace(last, end=to_ms(stop)))


def natural_s(text: str, language: str = "") -> float:
    """Return how long a line stands when nothing presses: sung slowly, and a breath."""
    return _BREATH_S + _SYLLABLE_S * max(1, count_syllables(text, language))
