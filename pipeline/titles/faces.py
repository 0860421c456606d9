"""The fonts that come with the product: which of them draws a text, and how large it will be.

Measured with HarfBuzz, as libass does. A character that none of the fonts has is left out. Lengths are in ems: one em
is the size of the font, y goes down, the pen stands on the base line.
"""

from __future__ import annotations

import functools
import struct
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import uharfbuzz
from uniseg.graphemecluster import grapheme_clusters

FONTS = Path(__file__).with_name("fonts")

#: the faces that set a mood; `plain` has all of Latin, Greek, Cyrillic and Vietnamese
MOODS = ("plain", "serif", "condensed", "hand")

_SCRIPTS = (
    "latin", "arabic", "hebrew", "devanagari", "thai", "bengali", "gurmukhi", "gujarati", "tamil", "telugu", "kannada",
    "malayalam", "sinhala", "khmer", "lao", "myanmar", "armenian", "georgian", "ethiopic",
)  # fmt: skip
_HAN = ("simplified", "traditional", "japanese", "korean")
_SIGNS = ("music", "symbols", "arrows", "emoji")

_UNSEEN = "\u200c\u200d"  # joiners need no glyph


@dataclass(frozen=True)
class Extent:
    """What ink covers, in ems from the pen."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Run:
    """A stretch of text in one font."""

    face: str
    text: str
    advance: float  #: how far the pen goes
    ink: Extent


@dataclass(frozen=True)
class Metrics:
    """What libass makes of a font's size: it takes these two together for it."""

    ascent: float
    descent: float

    @property
    def height(self) -> float:
        return self.ascent + self.descent


def family(face: str) -> str:
    return f"Reel {face.title()}"


@functools.cache
def font_file(face: str) -> Path:
    return next(path for path in FONTS.iterdir() if path.stem == face and path.suffix in (".ttf", ".otf"))


@functools.cache
def metrics(face: str) -> Metrics:
    opened = _font(face).face
    ascent, descent = struct.unpack_from(">HH", opened.reference_table("OS/2").data, 74)  # usWinAscent, usWinDescent
    return Metrics(ascent / opened.upem, descent / opened.upem)


def faces_for(mood: str, texts: Iterable[str]) -> tuple[str, ...]:
    """Return the fonts in the order in which they are asked, for a song with these texts.

    The mood's own face comes first when it has every letter: one that lacks some would leave words spotted.
    """
    seen = set("".join(texts))
    letters = {sign for sign in seen if sign.isalpha() and _european(sign)}
    first = mood if all(_has(mood, sign) for sign in letters) else "plain"
    order = (first, "plain", *_SCRIPTS, *_han_order(seen), *_SIGNS)
    return tuple(dict.fromkeys(order))


def shaped(text: str, faces: Sequence[str]) -> tuple[Run, ...]:
    """Return the text in runs of one font each, in the order of reading."""
    parts: list[tuple[str, str]] = []
    for cluster in text if text.isascii() else grapheme_clusters(text):
        for face, letters in _drawable(cluster, tuple(faces)):
            if parts and parts[-1][0] == face:
                parts[-1] = (face, parts[-1][1] + letters)
            else:
                parts.append((face, letters))
    return tuple(_measured(face, letters) for face, letters in parts)


@functools.cache
def _font(face: str) -> uharfbuzz.Font:
    return uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(font_file(face)))))


@functools.lru_cache(100_000)
def _has(face: str, sign: str) -> bool:
    return sign in _UNSEEN or _font(face).get_nominal_glyph(ord(sign)) is not None


@functools.lru_cache(20_000)
def _drawable(cluster: str, faces: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Find the first font that has the whole cluster; else draw what can be drawn of it."""
    for face in faces:
        if all(_has(face, sign) for sign in cluster):
            return ((face, cluster),)
    if len(cluster) == 1:
        return ()
    base = _drawable(cluster[0], faces)
    if not base:
        return tuple(part for sign in cluster[1:] if not unicodedata.combining(sign) for part in _drawable(sign, faces))
    face = base[0][0]
    return ((face, "".join(sign for sign in cluster if _has(face, sign))),)


def _european(sign: str) -> bool:
    code = ord(sign)
    return code < 0x530 or 0x1E00 <= code < 0x2000


def _han_order(seen: set[str]) -> tuple[str, ...]:
    """Put first the language whose letters these are: the same Han character is drawn differently in each."""
    if any("\u3041" <= sign <= "\u30ff" for sign in seen):
        return ("japanese", "korean", "traditional", "simplified")
    if any("\uac00" <= sign <= "\ud7a3" for sign in seen):
        return ("korean", "traditional", "japanese", "simplified")
    han = [sign for sign in seen if "\u4e00" <= sign <= "\u9fff"]
    if sum(_has("traditional", sign) for sign in han) > sum(_has("simplified", sign) for sign in han):
        return ("traditional", "simplified", "japanese", "korean")
    return _HAN


@functools.lru_cache(20_000)
def _measured(face: str, text: str) -> Run:
    font = _font(face)
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    uharfbuzz.shape(font, buffer, {})
    em = font.face.upem
    pen, boxes = 0, []
    for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        box = font.get_glyph_extents(info.codepoint)
        if box is not None and box.width:
            left, top = pen + place.x_offset + box.x_bearing, place.y_offset + box.y_bearing
            boxes.append((left, -top, left + box.width, -top - box.height))
        pen += place.x_advance
    return Run(face, text, pen / em, _around(boxes, em))


def _around(boxes: Sequence[tuple[int, int, int, int]], em: int) -> Extent:
    if not boxes:
        return Extent(0, 0, 0, 0)
    left, top, right, bottom = zip(*boxes, strict=True)
    return Extent(min(left) / em, min(top) / em, max(right) / em, max(bottom) / em)
