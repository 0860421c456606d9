"""Text in rows: cut where a reader would, balanced, in the order in which its script is read.

All lengths are in ems, so that the same rows serve every size.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Literal

import budoux
from uniseg.graphemecluster import grapheme_clusters
from uniseg.linebreak import line_break_units

from pipeline.titles.faces import Extent, Run, shaped

Way = Literal["ltr", "rtl", "any"]

PAUSES = ("Po", "Pe", "Pd", "Pf")  # kinds of sign after which a row ends best: stops, closing brackets, dashes
APOSTROPHES = "'\u2019"
PAUSE_WORTH = 0.2  # of the row's length, that balance may suffer for a break at a pause
_TOKEN = re.compile(r"\S+\s*")
_SOLID = re.compile(r"[\w'\"(]+[.,;:!?'\")]*\s*", re.ASCII)
_THAI = re.compile(r"[\u0e00-\u0e7f]+")
_PARSERS = {
    "japanese": budoux.load_default_japanese_parser,
    "simplified": budoux.load_default_simplified_chinese_parser,
    "traditional": budoux.load_default_traditional_chinese_parser,
    "thai": budoux.load_default_thai_parser,
}
_HAN = ("japanese", "simplified", "traditional", "korean")
_MIRRORED = str.maketrans("()[]<>\u00ab\u00bb\u2039\u203a", ")(][><\u00bb\u00ab\u203a\u2039")


@dataclass(frozen=True)
class Unit:
    """What is never broken: a word with its signs, one letter of Chinese."""

    runs: tuple[Run, ...]  #: from left to right
    text: str
    first: int  #: where it begins and ends in the whole text
    last: int
    way: Way
    space: float  #: what is left free after it, inside a row

    @cached_property
    def advance(self) -> float:
        return sum(run.advance for run in self.runs)

    @cached_property
    def ink(self) -> Extent:
        return _joined(self.runs)

    @property
    def pauses(self) -> bool:
        return unicodedata.category(self.text[-1]) in PAUSES and self.text[-1] not in APOSTROPHES


@dataclass(frozen=True)
class Row:
    """Units from left to right, each with the place of its pen."""

    units: tuple[Unit, ...]
    places: tuple[float, ...]
    width: float

    @cached_property
    def ink(self) -> Extent:
        boxes = [
            Extent(x + u.ink.left, u.ink.top, x + u.ink.right, u.ink.bottom)
            for x, u in zip(self.places, self.units, strict=True)
        ]
        return Extent(
            min(box.left for box in boxes),
            min(box.top for box in boxes),
            max(box.right for box in boxes),
            max(box.bottom for box in boxes),
        )

    def stretches(self) -> list[tuple[Run, float]]:
        """Return the runs with their places, neighbours in one font as one: fewer things to draw."""
        found: list[tuple[Run, float]] = []
        space = 0.0
        for unit, place in zip(self.units, self.places, strict=True):
            for run in unit.runs:
                last = found[-1][0] if found else None
                if last and last.face == run.face and self._plain and _spaces_so(run.face, space):
                    found[-1] = (_continued(last, run, space), found[-1][1])
                else:
                    found.append((run, place))
                place, space = place + run.advance, 0.0
            space = unit.space
        return found

    @cached_property
    def _plain(self) -> bool:
        return all(unit.way != "rtl" for unit in self.units)


def units_of(text: str, faces: Sequence[str]) -> tuple[Unit, ...]:
    """Return a text's units in the order of reading; what no font has is left out."""
    units, at = [], 0
    for piece in _pieces(text, faces):
        word = piece.rstrip()
        units.append(_unit(word, at, 0.0 if word == piece else _space(faces), faces))
        at += len(piece)
    return tuple(unit for unit in units if unit.runs)


def width_of(units: Sequence[Unit]) -> float:
    return sum(unit.advance + unit.space for unit in units) - (units[-1].space if units else 0.0)


def fitting(units: Sequence[Unit], width: float, faces: Sequence[str]) -> tuple[Unit, ...]:
    """Break the units that are wider than a row, between letters if nothing else helps."""
    return tuple(part for unit in units for part in ([unit] if unit.advance <= width else _broken(unit, width, faces)))


def parted(units: Sequence[Unit], parts: int) -> list[tuple[Unit, ...]]:
    """Cut into so many parts of about the same width, rather at a pause than elsewhere."""
    rest, cuts = list(units), []
    for left in range(parts, 1, -1):
        if len(rest) < 2:
            break
        at = _best_cut(rest, width_of(rest) / left)
        cuts.append(tuple(rest[:at]))
        rest = rest[at:]
    return [*cuts, tuple(rest)]


def row_of(units: Sequence[Unit], *, rtl: bool) -> Row:
    """Put units beside each other in the order in which the eye meets them from the left."""
    pen, places, ordered = 0.0, [], _visual(units, rtl=rtl)
    for unit in ordered:
        places.append(pen)
        pen += unit.advance + unit.space
    return Row(tuple(ordered), tuple(places), pen - ordered[-1].space)


def reads_from_right(units: Sequence[Unit]) -> bool:
    """Whether the first word that has a direction goes to the left."""
    return next((unit.way == "rtl" for unit in units if unit.way != "any"), False)


def _pieces(text: str, faces: Sequence[str]) -> Iterator[str]:
    """Cut a text where a line may be broken, between words only in languages that write no spaces too."""
    ends = set(itertools.accumulate(len(piece) for token in _TOKEN.findall(text) for piece in _broken_token(token)))
    words = _word_ends(text, next((face for face in faces if face in _HAN), ""))
    ends = {end for end in ends if end in words or not _within_word(text, end)}
    for thai in _THAI.finditer(text):
        ends |= {thai.start() + end for end in _word_ends(thai[0], "thai") if end < len(thai[0])}
    for start, end in pairwise([0, *sorted(ends | {len(text)})]):
        yield text[start:end]


def _broken_token(token: str) -> Iterable[str]:
    """Break what stands between two spaces; most words need no look at the rules, which take a millisecond each."""
    return (token,) if _SOLID.fullmatch(token) else line_break_units(token)


def _word_ends(text: str, language: str) -> set[int]:
    """Return where words end, by a small model of the language; every place where there is no model."""
    return set(itertools.accumulate(map(len, _parser(language).parse(text)))) if language in _PARSERS else set()


@functools.cache
def _parser(language: str) -> budoux.Parser:
    return _PARSERS[language]()


def _within_word(text: str, place: int) -> bool:
    """Whether letters of Chinese, Japanese or Korean stand on both sides."""
    return all(unicodedata.east_asian_width(sign) == "W" and sign.isalpha() for sign in text[place - 1 : place + 1])


def _space(faces: Sequence[str]) -> float:
    return shaped(" ", faces)[0].advance


def _unit(word: str, first: int, space: float, faces: Sequence[str]) -> Unit:
    way = _way(word)
    runs = shaped(word, faces)
    if way == "rtl":
        runs = tuple(_turned(run, faces) for run in reversed(runs))
    return Unit(runs, word, first, first + len(word), way, space)


def _way(word: str) -> Way:
    for sign in word:
        kind = unicodedata.bidirectional(sign)
        if kind in ("R", "AL"):
            return "rtl"
        if kind == "L":
            return "ltr"
    return "any"


def _turned(run: Run, faces: Sequence[str]) -> Run:
    """Mirror the signs of a right-to-left word that stand in a font of their own."""
    if any(unicodedata.bidirectional(sign) in ("R", "AL", "AN", "EN", "L") for sign in run.text):
        return run
    turned = shaped(run.text[::-1].translate(_MIRRORED), (run.face, *faces))
    return turned[0] if len(turned) == 1 else run


def _broken(unit: Unit, width: float, faces: Sequence[str]) -> list[Unit]:
    """Break one unit between letters."""
    parts, at = [""], unit.first
    for cluster in grapheme_clusters(unit.text):
        if parts[-1] and sum(run.advance for run in shaped(parts[-1] + cluster, faces)) > width:
            parts.append("")
        parts[-1] += cluster
    units = []
    for part in parts:
        units.append(_unit(part, at, 0.0, faces))
        at += len(part)
    return [*units[:-1], replace(units[-1], space=unit.space)]


def _best_cut(units: Sequence[Unit], target: float) -> int:
    """Return how many units come before the cut that is nearest to the target."""
    best, cost, wide = 1, float("inf"), 0.0
    for count, unit in enumerate(units[:-1], 1):
        wide += unit.advance
        off = abs(wide - target) - (PAUSE_WORTH * target if unit.pauses else 0.0)
        if off < cost:
            best, cost = count, off
        wide += unit.space
    return best


def _visual(units: Sequence[Unit], *, rtl: bool) -> list[Unit]:
    """Order words as the Unicode bidirectional algorithm does, taking each word as one letter."""
    base = 1 if rtl else 0
    levels = _levels([unit.way for unit in units], base)
    ordered = list(zip(levels, units, strict=True))
    for level in range(max(levels), 0, -1):
        start = None
        for at in range(len(ordered) + 1):
            inside = at < len(ordered) and ordered[at][0] >= level
            if inside and start is None:
                start = at
            elif not inside and start is not None:
                ordered[start:at] = ordered[start:at][::-1]
                start = None
    spaced = [unit for _, unit in ordered]
    return _respaced(units, spaced) if max(levels) else spaced


def _levels(ways: Sequence[Way], base: int) -> list[int]:
    """Return the embedding level of each word; one without a direction goes with its neighbours if they agree."""
    own = {"rtl": 1, "ltr": 2 * base, "any": base}
    levels = []
    for at, way in enumerate(ways):
        if way == "any":
            before = next((other for other in reversed(ways[:at]) if other != "any"), way)
            after = next((other for other in ways[at + 1 :] if other != "any"), way)
            way = before if before == after else way
        levels.append(own[way])
    return levels


def _respaced(read: Sequence[Unit], seen: Sequence[Unit]) -> list[Unit]:
    """Move each space to where its two words still meet: after the left one of them."""
    if not any(unit.space for unit in read):
        return list(seen)
    space = max(unit.space for unit in read)
    return [replace(unit, space=space) for unit in seen]


def _spaces_so(face: str, space: float) -> bool:
    """Whether a font's own space is as wide as the one that is wanted."""
    own = shaped(" ", (face,))
    return not space or (bool(own) and abs(own[0].advance - space) < 1e-3)


def _continued(run: Run, more: Run, space: float) -> Run:
    text = f"{run.text} {more.text}" if space else run.text + more.text
    return replace(run, text=text, advance=run.advance + space + more.advance)


def _joined(runs: Sequence[Run]) -> Extent:
    pen, boxes = 0.0, []
    for run in runs:
        boxes.append((pen + run.ink.left, run.ink.top, pen + run.ink.right, run.ink.bottom))
        pen += run.advance
    left, top, right, bottom = zip(*boxes, strict=True)
    return Extent(min(left), min(top), max(right), max(bottom))
