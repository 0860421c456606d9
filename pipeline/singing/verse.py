"""The lines as they were given: what all kinds of lyrics are read into."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

from pipeline.singing.syllables import count_syllables, split_words
from pipeline.storyboard import Word

NOTE_SIGNS = "♩♪♫♬♭♯"
EDGES = " \t" + NOTE_SIGNS


@dataclass(frozen=True)
class Verse:
    """One line as it was given; no times where the client gave none."""

    text: str
    part: str = ""  #: "chorus", "verse 2": the mark above it
    start: float | None = None
    end: float | None = None
    words: tuple[Word, ...] = ()
    stanza: int = 0  #: lines with the same number stand together


@dataclass(frozen=True)
class Lyrics:
    """All lines, in order; a repetition such as [Chorus] without words, or (x2), is written out."""

    lines: tuple[Verse, ...]
    timed: Literal["words", "lines", "no"]
    title: str = ""  #: from LRC tags
    artist: str = ""
    notes: tuple[str, ...] = ()  #: "Two lines went back in time; they were put in order."


def is_sung(text: str) -> bool:
    """Tell whether there is anything to show: a letter, a digit or an emoji."""
    return any(
        unicodedata.category(char)[0] in "LN" or (unicodedata.category(char) in ("So", "Cn") and char not in NOTE_SIGNS)
        for char in text
    )


def share_time(words: tuple[str, ...], start: float, end: float, language: str = "") -> list[Word]:
    """Give each word its share of the time, by syllables."""
    counts = [count_syllables(word, language) for word in words]
    total, at, shared = max(1, sum(counts)), 0, []
    for word, count in zip(words, counts, strict=True):
        times = [to_ms(start + (end - start) * place / total) for place in (at, at + count)]
        shared.append(Word(word, *times))
        at += count
    return shared


def share_words(text: str, start: float, end: float, language: str = "") -> tuple[Word, ...]:
    """Return the line's words with times between start and end, by syllables; () where nothing in it is sung."""
    return tuple(share_time(split_words(text), start, end, language))


def how_many(count: int) -> str:
    return "One line" if count == 1 else f"{count} lines"


def to_ms(time: float) -> float:
    return round(time, 3)


def how_timed(lines: list[Verse]) -> Literal["words", "lines", "no"]:
    if lines and all(line.words or not split_words(line.text) for line in lines):
        return "words" if any(line.words for line in lines) else "lines"
    return "lines" if any(line.start is not None for line in lines) else "no"
