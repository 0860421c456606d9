"""SRT, WebVTT and ASS."""

from __future__ import annotations

import re
from itertools import pairwise

import pysubs2

from pipeline.errors import BadLyrics
from pipeline.singing.marks import mark_lines
from pipeline.singing.verse import EDGES, Lyrics, Verse, how_many, to_ms

_ARROW = re.compile(r"\d{1,3}:\d{1,2}(?:[:.,]\d{1,3}){0,2}\s*-->")


def subtitle_kind(text: str) -> str:
    """Return "srt", "vtt" or "ass"; "" for what is none of them."""
    head = text.lstrip()[:200]
    if head.startswith("[Script Info]"):
        return "ass"
    if not _ARROW.search(text):
        return ""
    return "vtt" if head.startswith("WEBVTT") else "srt"


def read_subtitles(text: str, kind: str) -> Lyrics:
    """Read subtitles; a row that stands under another belongs to the same line."""
    try:
        events = [event for event in pysubs2.SSAFile.from_string(text, format_=kind).events if not event.is_comment]
    except (pysubs2.Pysubs2Error, ValueError, ArithmeticError, LookupError) as exc:
        raise BadLyrics(
            f"These subtitles cannot be read as {kind.upper()}.", hint="Send them as SRT, LRC or plain lines."
        ) from exc
    notes = []
    if back := sum(after.start < before.start for before, after in pairwise(events)):
        notes.append(f"{how_many(back)} went back in time; they were put in order.")
    lines: list[Verse] = []
    for event in sorted(events, key=lambda event: event.start):
        text = re.sub(r"\s+", " ", event.plaintext.replace("\n", " ")).strip(EDGES)
        end = to_ms(event.end / 1000) if event.end > event.start else None
        lines.append(Verse(text, start=to_ms(max(0, event.start) / 1000), end=end))
    lines = mark_lines(lines)
    return Lyrics(tuple(lines), "lines", notes=tuple(notes))
