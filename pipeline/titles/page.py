"""The page that titles are set on: its size, what is free of it, and how a phrase is set in rows there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.titles.rows import Row, Unit, parted, reads_from_right, row_of
from pipeline.titles.safe import Box

SMALLER = (1.0, 0.92, 0.85, 0.78, 0.72)  # sizes that are tried before a row is broken once more
LEADING = 1.22  # ems between two base lines, if the letters leave it at that
APART = 0.16  # ems that ink of two rows is kept apart


@dataclass(frozen=True)
class Page:
    width: int
    height: int
    safe: Box
    faces: tuple[str, ...]
    accents: tuple[str, ...]
    em: float  #: pixels of the usual size of text


@dataclass(frozen=True)
class Setting:
    """Rows with a size and a place: for each row its left end and its base line, in pixels."""

    rows: tuple[Row, ...]
    em: float
    lefts: tuple[float, ...]
    bases: tuple[float, ...]

    def places(self) -> Iterator[tuple[Unit, float, float]]:
        """Go through all units with the pen and the base line of each, in pixels."""
        for row, left, base in zip(self.rows, self.lefts, self.bases, strict=True):
            for unit, place in zip(row.units, row.places, strict=True):
                yield unit, left + place * self.em, base

    @property
    def top(self) -> float:
        return self.bases[0] + self.rows[0].ink.top * self.em

    @property
    def bottom(self) -> float:
        return self.bases[-1] + self.rows[-1].ink.bottom * self.em


def set_rows(units: Sequence[Unit], page: Page, *, em: float, most: int = 2) -> tuple[tuple[Row, ...], float]:
    """Break a phrase into at most so many rows, as large as they can be; returns them and the size."""
    rtl = reads_from_right(units)
    for scale in SMALLER:
        for count in range(1, most + 1):
            rows = tuple(row_of(part, rtl=rtl) for part in parted(units, count))
            if max(inked(row) for row in rows) * em * scale <= page.safe.width:
                return rows, em * scale
    return rows, page.safe.width / max(inked(row) for row in rows)


def placed(
    rows: tuple[Row, ...], page: Page, *, em: float, at: float, hang: float, top: float | None = None
) -> Setting:
    """Centre rows in the page; `hang` of their height (0-1) stands above the line `at`, all of it inside the page."""
    steps = [0.0]
    for upper, lower in pairwise(rows):
        steps.append(steps[-1] + em * max(LEADING, upper.ink.bottom - lower.ink.top + APART))
    highest, lowest = rows[0].ink.top * em, steps[-1] + rows[-1].ink.bottom * em
    first = at - hang * (lowest - highest) - highest
    ceiling = page.safe.top if top is None else top
    first = min(max(first, ceiling - highest), page.safe.bottom - lowest)
    lefts = tuple(_left(row, page, em) for row in rows)
    return Setting(rows, em, lefts, tuple(first + step for step in steps))


def inked(row: Row) -> float:
    """Return how wide a row is, with what hangs out of it, in ems."""
    return max(row.width, row.ink.right) - min(0.0, row.ink.left)


def room(page: Page, em: float, rows: int) -> tuple[float, float]:
    """Return the widest unit and the longest phrase that rows of the smallest size take, in ems."""
    width = page.safe.width / (em * SMALLER[-1]) * 0.98
    return width, width * rows * (0.85 if rows > 1 else 1.0)


def _left(row: Row, page: Page, em: float) -> float:
    """Centre a row in the picture; ink that hangs out of it stays in the safe area."""
    left = page.width / 2 - row.width * em / 2
    left = min(left, page.safe.right - row.ink.right * em)
    return max(left, page.safe.left - row.ink.left * em)
