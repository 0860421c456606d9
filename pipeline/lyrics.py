"""Lyrics as the client gave them: LRC (also word-timed), SRT, or plain lines with marks such as [Chorus].

What the client wrote is the truth: times are kept to the millisecond, words stay as they are. Only what no reader sees
is taken out: direction overrides, control characters, and marks once they are understood.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from pipeline.errors import BadLyrics, OverLimit
from pipeline.singing.lengths import LEAST_LINE_S, break_lines, close_lines
from pipeline.singing.lrc import STAMPED, read_lrc
from pipeline.singing.plain import read_plain
from pipeline.singing.subtitles import read_subtitles, subtitle_kind
from pipeline.singing.syllables import guess_language
from pipeline.singing.verse import Lyrics, Verse, how_many, to_ms
from pipeline.storyboard import LYRICS_MOST, Line, Word

__all__ = ["LEAST_LINE_S", "LINES_MOST", "Lyrics", "Verse", "decode_lyrics", "fit_lines", "read_lyrics", "shifted"]

LINES_MOST = 1000  # after repetitions are written out: an hour of song; what is beyond is left out with a note
HURRIED_LINE_S = 1.2  # on average: faster than most can read along

_GARBAGE = 0.05  # share of characters that no text has; random bytes have 0.11
_FOREIGN = 0.3  # share of bytes beyond ASCII: French has 0.05; more are letters of another alphabet
_MARKS_PER_LETTER = 6  # combining marks: Hebrew with accents has three
_MARK = "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
_KEPT_FORMATS = frozenset("\u200c\u200d\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2")  # they shape letters


def decode_lyrics(data: bytes) -> str:
    """Return the text of a lyrics file: UTF-8 or UTF-16, else Western European; raises BadLyrics for other letters."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            return data.removeprefix(mark).decode(encoding, "replace")
    sample = data[:2000]
    for zeros, letters, encoding in ((1, 0, "utf-16-le"), (0, 1, "utf-16-be")):  # Latin text: every other byte is zero
        if len(sample) > 3 and sample[zeros::2].count(0) > 0.3 * len(sample) and not sample[letters::2].count(0):
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        if sum(byte >= 0x80 for byte in sample) > _FOREIGN * sum(byte > 0x20 for byte in sample):
            raise BadLyrics(
                "The letters of these lyrics cannot be told.", hint="Save them as UTF-8 text and send them again."
            ) from None
        return data.decode("cp1252", "replace")


def read_lyrics(text: str) -> Lyrics:
    """Read lyrics of any of the three kinds; raises BadLyrics for what is none, OverLimit for too much."""
    if len(text) > LYRICS_MOST:
        raise OverLimit(
            f"These lyrics have {len(text):,} characters; {LYRICS_MOST:,} are taken.",
            hint="Send only what is sung in this track, each repetition as a mark such as [Chorus] or (x2).",
        )
    text = _clean(text)
    if not text.strip():
        raise BadLyrics(
            "The lyrics are empty.", hint="Send a line of text for each line that is sung, an LRC or an SRT."
        )
    if kind := subtitle_kind(text):
        lyrics = read_subtitles(text, kind)
    else:
        lyrics = read_lrc(text) if STAMPED.search(text) else read_plain(text, most=LINES_MOST)
    if not lyrics.lines:
        raise BadLyrics(
            "There is not one line to sing in these lyrics.",
            hint="Send the words themselves, a line of text for each line that is sung.",
        )
    return _finished(lyrics)


def _finished(lyrics: Lyrics) -> Lyrics:
    """Break what is too long, leave out what is too much, and say when each line ends."""
    lines, notes = break_lines(lyrics.lines, most=LINES_MOST), lyrics.notes
    if len(lines) > LINES_MOST:
        lines = lines[:LINES_MOST]
        notes += (f"The lyrics have more than {LINES_MOST:,} lines with every repetition; the rest is left out.",)
    language = guess_language("\n".join(line.text for line in lines))
    return replace(lyrics, lines=close_lines(lines, language), notes=notes)


def shifted(lines: tuple[Line, ...], seconds: float, *, duration: float) -> tuple[Line, ...]:
    """Move every line and word by so much; what leaves the track is cut off or dropped."""

    def moved(time: float) -> float:
        return min(to_ms(max(time + seconds, 0.0)), duration)

    kept = []
    for line in lines:
        words = tuple(Word(word.text, moved(word.start), moved(word.end)) for word in line.words)
        whole = all(word.end > word.start for word in words)
        if moved(line.end) > moved(line.start):
            kept.append(replace(line, start=moved(line.start), end=moved(line.end), words=words if whole else ()))
    return tuple(kept)


def fit_lines(lines: tuple[Verse, ...], duration: float) -> tuple[tuple[Verse, ...], tuple[str, ...]]:
    """Return the lines that a track of so many seconds has room for, and what the client should know about the rest.

    A line with a time at or behind the track's end is left out; of lines without times, as many stay as can be read.
    """
    inside = [line for line in lines if line.start is None or line.start < duration - 0.05]
    notes = []
    if late := len(lines) - len(inside):
        notes.append(f"{how_many(late)} would come after the track's end and {'is' if late == 1 else 'are'} left out.")
    most = max(1, int(duration / LEAST_LINE_S))
    free = sum(line.start is None for line in inside)
    if surplus := min(max(0, len(inside) - most), free):
        loose = [at for at, line in enumerate(inside) if line.start is None][-surplus:]
        inside = [line for at, line in enumerate(inside) if at not in set(loose)]
        notes.append(
            "The lyrics are too long for this track: the last"
            f" {'line' if surplus == 1 else f'{surplus} lines'} would flash by unread and"
            f" {'is' if surplus == 1 else 'are'} left out."
        )
    elif free and duration / max(1, len(inside)) < HURRIED_LINE_S:
        notes.append("The lyrics are long for this track; the lines go by quickly.")
    return tuple(inside), tuple(notes)


def _clean(text: str) -> str:
    """Return the text in NFC with plain line ends, without what cannot be seen; raises BadLyrics for bytes."""
    garbage = sum(
        char == "\ufffd" or (unicodedata.category(char) == "Cc" and char not in "\t\n\v\f\r\x85") for char in text
    )
    if garbage > max(2, _GARBAGE * len(text)):
        raise BadLyrics("This is not text.", hint="Send the lyrics as plain text (UTF-8), an LRC or an SRT.")
    text = re.sub(r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]", "\n", text)
    text = "".join(char for char in text if _is_seen(char))
    marks = rf"((?:{_MARK}){{{_MARKS_PER_LETTER}}})(?:{_MARK})+"
    return re.sub(r"[ \t\u00a0]+", " ", re.sub(marks, r"\1", unicodedata.normalize("NFC", text)))


def _is_seen(char: str) -> bool:
    if char in "\n\t" or char in _KEPT_FORMATS or 0xE0020 <= ord(char) <= 0xE007F:  # the last spell flags
        return True
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co") and (ord(char) & 0xFFFE) != 0xFFFE
