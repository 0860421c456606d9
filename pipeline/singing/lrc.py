"""LRC: a time before each line, perhaps one before each word."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from pipeline.singing.marks import mark_lines
from pipeline.singing.syllables import is_ideograph, split_words
from pipeline.singing.verse import EDGES, Lyrics, Verse, how_many, how_timed, is_sung, share_time, to_ms
from pipeline.storyboard import SHIFT_MOST_S, Word

_TIME = r"(?:(\d{1,2}):(?=\d{1,2}:\d{1,2}\.))?(\d{1,3}):(\d{1,2})(?:[.:](\d{1,3}))?"  # hours only before a fraction
_STAMP = re.compile(rf"\s*\[{_TIME}\]")
_INNER = re.compile(rf"[<\[]{_TIME}[>\]]")
_LIKE_STAMP = re.compile(r"\s*\[[-+]?\w{1,3}:[-+]?\w{1,3}(?:[.:]\w{0,3})?\]")
STAMPED = re.compile(rf"^[ ]?\[{_TIME}\]", re.MULTILINE)
_TAG = re.compile(r"^\s*\[(ti|ar|al|au|lr|by|re|ve|la|id|tool|offset|length|#)\s*:(.*)\]\s*$", re.IGNORECASE)
_TAG_MOST = 200  # characters of a title


def read_lrc(text: str) -> Lyrics:
    """Read lines with times before them; those whose time cannot be have none."""
    tags, rows = split_tags(text)
    offset, notes = _offset(tags.get("offset", ""))
    lines: list[Verse] = []
    heads: list[float] = []
    unclear = 0
    for row in rows:
        verses, clear = _stamped(row, offset)
        unclear += not clear
        heads += [verses[0].start] if verses and verses[0].start is not None else []
        lines += verses
    if unclear:
        are = "it is" if unclear == 1 else "they are"
        notes.append(f"{how_many(unclear)} had a time that cannot be; {are} placed anew.")
    if back := sum(after < before for before, after in pairwise(heads)):
        notes.append(f"{how_many(back)} went back in time; they were put in order.")
    lines = mark_lines(_in_order(lines))
    return Lyrics(tuple(lines), how_timed(lines), tags.get("ti", ""), tags.get("ar", ""), tuple(notes))


def split_tags(text: str) -> tuple[dict[str, str], list[str]]:
    """Return title, artist and the other tags by their two letters, and the rows that are none."""
    tags: dict[str, str] = {}
    rows = []
    for row in text.split("\n"):
        if tag := _TAG.match(row):
            tags.setdefault(tag[1].lower(), tag[2].strip()[:_TAG_MOST])
        else:
            rows.append(row)
    return tags, rows


def _offset(given: str) -> tuple[float, list[str]]:
    """Return the seconds to add to every time: a positive offset, in milliseconds, lets lines come sooner."""
    number = re.fullmatch(r"([-+]?)\s*(\d{1,9})", given)
    if not given or (number and int(number[2]) <= 1000 * SHIFT_MOST_S):
        return (-int(number[1] + number[2]) / 1000 if number else 0.0), []
    return 0.0, [f"The file's offset cannot be meant: {given[:20]}; it is not applied."]


def _stamped(row: str, offset: float) -> tuple[list[Verse], bool]:
    """Return the line once for each of its times, and whether these can be."""
    starts: list[float] = []
    clear = True
    while stamp := _STAMP.match(row) or _LIKE_STAMP.match(row):
        time = _seconds(stamp) if stamp.re is _STAMP else None
        starts += [] if time is None else [time]
        clear = clear and time is not None
        row = row[stamp.end() :]
    words, text = _inner_words(row, starts[0] if starts else None)
    if not starts and words:
        starts = [words[0].start]
    verses = [
        Verse(text, start=_moved(start, offset), words=_moved_words(words, start - starts[0] + offset))
        for start in starts
    ]
    if not starts and is_sung(text):
        verses = [Verse(text)]
    return verses, clear or not is_sung(text)


def _seconds(stamp: re.Match[str]) -> float | None:
    """Return the time of a stamp; None when its seconds are more than a minute has."""
    hours, minutes, seconds, fraction = stamp.groups()
    part = int(fraction) / 10 ** len(fraction) if fraction else 0.0
    return to_ms(3600 * int(hours or 0) + 60 * int(minutes) + int(seconds) + part) if int(seconds) < 60 else None


def _inner_words(row: str, start: float | None) -> tuple[tuple[Word, ...], str]:
    """Return the words of a line with stamps inside, and its text without them; no words where stamps are broken.

    A word ends at the next stamp; the last one's end may stay open: then it is equal to its start.
    """
    stamps = list(_INNER.finditer(row))
    text = re.sub(r"\s+", " ", _INNER.sub("", row)).strip(EDGES)
    if not stamps:
        return (), text
    pieces = [row[: stamps[0].start()]] + [
        row[stamp.end() : stop]
        for stamp, stop in zip(stamps, [*(stamp.start() for stamp in stamps[1:]), len(row)], strict=True)
    ]
    times = [start if start is not None else _seconds(stamps[0]), *map(_seconds, stamps)]
    words: list[Word] = []
    before = ""
    for at, (piece, begin) in enumerate(zip(pieces, times, strict=True)):
        end = times[at + 1] if at + 1 < len(times) else begin
        if begin is None or end is None or end < begin:
            return (), text
        inside = share_time(split_words(piece), begin, end)
        if words and inside and _goes_on(before, piece):
            words[-1] = Word(words[-1].text + inside[0].text, words[-1].start, inside[0].end)
            inside = inside[1:]
        words += inside
        before = piece or before
    return (tuple(words) if tuple(word.text for word in words) == split_words(text) else ()), text


def _goes_on(before: str, piece: str) -> bool:
    """Tell whether a piece is the rest of the word before it: stamps may stand at syllables."""
    last, first = before[-1:], piece[:1]
    return last.isalnum() and first.isalnum() and not (is_ideograph(last) or is_ideograph(first))


def _moved(time: float, by: float) -> float:
    return to_ms(max(0.0, time + by))


def _moved_words(words: tuple[Word, ...], by: float) -> tuple[Word, ...]:
    return tuple(replace(word, start=_moved(word.start, by), end=_moved(word.end, by)) for word in words)


def _in_order(lines: list[Verse]) -> list[Verse]:
    """Sort by time; a line without one stays behind the line that it stood behind."""
    keys, at = [], 0.0
    for line in lines:
        at = line.start if line.start is not None else at
        keys.append(at)
    return [lines[index] for index in sorted(range(len(lines)), key=keys.__getitem__)]
