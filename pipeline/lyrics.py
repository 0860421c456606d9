"""Lyrics as the client gave them: LRC (also word-timed), SRT, or plain lines with marks such as [Chorus]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.storyboard import Line, Word


@dataclass(frozen=True)
class Verse:
    """One line as it was given; no times where the client gave none."""

    text: str
    part: str = ""  #: "chorus", "verse 2": the mark above it
    start: float | None = None
    end: float | None = None
    words: tuple[Word, ...] = ()


@dataclass(frozen=True)
class Lyrics:
    """All lines, in order; a repetition such as [Chorus] without words, or (x2), is written out."""

    lines: tuple[Verse, ...]
    timed: Literal["words", "lines", "no"]
    title: str = ""  #: from LRC tags
    artist: str = ""
    notes: tuple[str, ...] = ()  #: "Two lines went back in time; they were put in order."


def read_lyrics(text: str) -> Lyrics:
    """Read lyrics of any of the three kinds; raises BadLyrics for what is none, OverLimit for too much."""
    raise NotImplementedError


def shifted(lines: tuple[Line, ...], seconds: float, *, duration: float) -> tuple[Line, ...]:
    """Move every line and word by so much; what leaves the track is cut off or dropped."""
    raise NotImplementedError
