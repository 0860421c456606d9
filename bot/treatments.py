"""A person's words become a treatment: lyrics, what shall be seen, and the words that set something."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, get_args

from pipeline.errors import OverLimit
from pipeline.lyrics import read_lyrics
from pipeline.storyboard import WORDS_MOST, Shape, Treatment

#: words that set something, wherever they stand on the first line or on a line of their own
_SHAPE = re.compile(r"(?<![\d:])(9:16|16:9|1:1|4:5)(?![\d:])")
_RATE = re.compile(r"\b(24|25|30|60) ?fps\b", re.IGNORECASE)
_LOOK = re.compile(r"\b(?:look|style|stil)\s*[:=]\s*([^\n,;]+)[,;]?", re.IGNORECASE)
_WORDS: tuple[tuple[re.Pattern[str], dict[str, Any]], ...] = (
    (re.compile(r"\bkaraoke\b", re.IGNORECASE), {"titles": "karaoke"}),
    (re.compile(r"\b(?:no|without) (?:titles|lyrics|text|subtitles)\b", re.IGNORECASE), {"titles": "none"}),
    (re.compile(r"\b(?:word by word|pop titles)\b", re.IGNORECASE), {"titles": "pop"}),
    (re.compile(r"\b(?:calm|slow) cuts\b", re.IGNORECASE), {"pace": "calm"}),
    (re.compile(r"\b(?:quick|fast) cuts\b", re.IGNORECASE), {"pace": "quick"}),
    (re.compile(r"\bthere[- ]and[- ]back\b", re.IGNORECASE), {"loop": "there-and-back"}),
)
_CROP = re.compile(r"\bcrop (\d{1,2}) ?%", re.IGNORECASE)
_STAMP = re.compile(r"^\s*\[\d{1,3}:\d{2}", re.MULTILINE)
_MARK = re.compile(r"^\s*\[[^\]\n]{2,30}\]\s*$", re.MULTILINE)
_CUES = re.compile(r"-->")
#: how an LRC or an SRT begins: a time, a tag, a head
_TIMED = re.compile(
    r"\s*\[\d{1,3}:\d{2}|\s*\[(?:ti|ar|al|au|by|la|length|offset|re|ve):|\s*WEBVTT|.*-->", re.IGNORECASE
)

LYRICS_FROM = 3  # lines: what has so many is sung, not wished for


def treatment_of(words: str, lyrics: str = "", *, base: Treatment | None = None) -> Treatment:
    """Return the treatment that the words ask for.

    `words` are what stood in the message: the first line says what shall be seen, three lines or more below it are
    lyrics, as are an LRC or an SRT. `lyrics` came by themselves, as a file or a form. Raises OverLimit, BadLyrics.
    """
    words = words.replace("\0", "").strip()
    told, sung = _before_times(words) if _is_timed(words) else _parted(words)
    lyrics = (lyrics or sung).replace("\0", "")
    if lyrics.strip():
        read_lyrics(lyrics)  # refuses now what could not be read later
    treatment, wish = _settings(told, base or Treatment())
    if len(wish) > WORDS_MOST:
        raise OverLimit(
            f"What shall be seen is told in {len(wish)} characters; {WORDS_MOST} are taken.",
            hint="Say it in fewer words, and send lyrics as a file.",
        )
    return replace(treatment, wish=wish or treatment.wish, lyrics=lyrics or treatment.lyrics)


def _parted(words: str) -> tuple[str, str]:
    """Part what is wished for from what is sung: the first line from the others, where those are enough."""
    lines = words.split("\n")
    rest = [line for line in lines[1:] if line.strip()]
    if _MARK.search(words):  # [Chorus]: from the first mark on it is lyrics
        at = next(number for number, line in enumerate(lines) if _MARK.match(line))
        return "\n".join(lines[:at]), "\n".join(lines[at:])
    if len(rest) >= LYRICS_FROM:
        first = lines[0]
        if _settings(first, Treatment())[0] != Treatment() or not lines[1].strip():
            return first, "\n".join(lines[1:])  # a line that sets something, or stands apart
        return "", words
    return words, ""


def _is_timed(words: str) -> bool:
    return bool(_STAMP.search(words) or _CUES.search(words))


def _before_times(words: str) -> tuple[str, str]:
    """Part what stands before an LRC or an SRT from it."""
    lines = words.split("\n")
    at = next((number for number, line in enumerate(lines) if _TIMED.match(line)), 0)
    if at and lines[at - 1].strip().isdecimal():  # an SRT counts its lines
        at -= 1
    return "\n".join(lines[:at]), "\n".join(lines[at:])


def _settings(words: str, treatment: Treatment) -> tuple[Treatment, str]:
    """Take the words out that set something; return the treatment and the other words."""
    chosen: dict[str, Any] = {}
    for pattern, values in _WORDS:
        if pattern.search(words):
            chosen |= values
            words = pattern.sub(" ", words)
    for name, pattern, read in (
        ("shape", _SHAPE, str),
        ("frame_rate", _RATE, int),
        ("look", _LOOK, str.strip),
        ("bottom_crop_percent", _CROP, int),
    ):
        if found := pattern.search(words):
            chosen[name] = read(found[1])
            words = pattern.sub(" ", words)
    if chosen.get("shape") not in (None, *get_args(Shape)) or chosen.get("bottom_crop_percent", 0) > 90:
        chosen.pop("bottom_crop_percent", None)
    return replace(treatment, **chosen), re.sub(r"\s*,(?:\s*,)+", ",", " ".join(words.split())).strip(" ,;.")
