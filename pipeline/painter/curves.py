"""Outlines of things that stand in pictures: smooth curves through few points, tapered limbs, ovals; and Figure.

Points are (n, 2): across to the right and up, in heights of a grown person, the ground at 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Outline = NDArray[np.float64]  #: (n, 2)
#: "ink" is the silhouette; the others are lit: cloth and second in the picture's colours, glass dim, lamps shining
Tone = Literal["ink", "cloth", "second", "leaf", "crown", "glass", "lamp", "signal"]

_STEPS = 10  # points that a curve gets between two given ones: round at 2160 px
_CAP = 7  # points around the end of a limb


@dataclass(frozen=True)
class Part:
    """One outline of a figure and what it is made of."""

    outline: Outline
    tone: Tone = "ink"


@dataclass(frozen=True)
class Figure:
    """What stands in a picture: parts from back to front."""

    parts: tuple[Part, ...]
    melt: float = 0.0  #: how far joints flow into each other, in heights of a person
    where: Literal["ground", "water", "sky"] = "ground"

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of all of it."""
        every = np.vstack([part.outline for part in self.parts])
        (left, low), (right, high) = every.min(0), every.max(0)
        return float(left), float(right), float(low), float(high)

    def moved(
        self, *, by: tuple[float, float] = (0.0, 0.0), scale: float = 1.0, turn: float = 0.0, flip: bool = False
    ) -> Figure:
        parts = (replace(part, outline=moved(part.outline, by, scale, turn, flip)) for part in self.parts)
        return replace(self, parts=tuple(parts))


def curve(points: ArrayLike, *, closed: bool = True) -> Outline:
    """Return a smooth line through the points (Catmull-Rom); a point given twice is a corner."""
    knots = np.asarray(points, np.float64)
    if closed:
        before, start, end, after = (np.roll(knots, by, 0) for by in (1, 0, -1, -2))
    else:
        longer = np.vstack([2 * knots[0] - knots[1], knots, 2 * knots[-1] - knots[-2]])
        before, start, end, after = longer[:-3], longer[1:-2], longer[2:-1], longer[3:]
    part = (np.arange(_STEPS) / _STEPS)[None, :, None]
    before, start, end, after = (side[:, None, :] for side in (before, start, end, after))
    line = 0.5 * (
        2 * start
        + (end - before) * part
        + (2 * before - 5 * start + 4 * end - after) * part**2
        + (3 * start - before - 3 * end + after) * part**3
    )
    line = np.where(np.all(start == end, axis=-1, keepdims=True), start, line).reshape(-1, 2)  # a corner is no loop
    return line if closed else np.vstack([line, knots[-1]])


def limb(points: ArrayLike, widths: Sequence[float]) -> Outline:
    """Return the outline of something that bends through the points and is as wide as said along it; round ends."""
    middle = curve(points, closed=False)
    half = np.interp(np.linspace(0, len(widths) - 1, len(middle)), np.arange(len(widths)), widths) / 2
    along = np.gradient(middle, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    aside = np.stack([-along[:, 1], along[:, 0]], 1) * half[:, None]
    head = _cap(middle[-1], half[-1], np.arctan2(along[-1, 1], along[-1, 0]) - np.pi / 2)
    tail = _cap(middle[0], half[0], np.arctan2(along[0, 1], along[0, 0]) + np.pi / 2)
    return np.vstack([middle - aside, head, (middle + aside)[::-1], tail])


def _cap(at: Outline, radius: float, start: float) -> Outline:
    turn = np.linspace(0, np.pi, _CAP + 2)[1:-1] + start
    return np.asarray(at + radius * np.stack([np.cos(turn), np.sin(turn)], 1))


def oval(x: float, y: float, across: float, up: float, turn: float = 0.0) -> Outline:
    """Return an ellipse by its centre and its two radii."""
    around = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ring = np.stack([across * np.cos(around), up * np.sin(around)], 1)
    return moved(ring, (x, y), 1.0, turn, False)


def box(left: float, low: float, right: float, high: float) -> Outline:
    return np.array([(left, low), (right, low), (right, high), (left, high)], np.float64)


def moved(outline: Outline, by: tuple[float, float], scale: float, turn: float, flip: bool) -> Outline:
    """Return an outline mirrored, then turned (radians, counterclockwise), scaled and moved."""
    points = outline * (-1, 1) if flip else outline
    cos, sin = np.cos(turn), np.sin(turn)
    return np.asarray(points @ np.array([[cos, sin], [-sin, cos]]) * scale + by)
