"""A part of a canvas that something small is painted in, so that it costs what it covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.painter import brush
from pipeline.painter.canvas import Canvas, Mask, Paint, Point


@dataclass(frozen=True)
class Patch:
    """A rectangle of pixels of a canvas; `part` is a canvas of its own."""

    whole: Canvas
    left: int
    top: int
    part: Canvas

    @property
    def area(self) -> tuple[slice, slice]:
        """Where the patch lies in arrays of the whole canvas."""
        return slice(self.top, self.top + self.part.height), slice(self.left, self.left + self.part.width)

    def inside(self, points: ArrayLike) -> NDArray[np.float64]:
        """Return points given in fractions of the whole canvas in fractions of the patch."""
        pixels = np.asarray(points, np.float64) * (self.whole.width, self.whole.height) - (self.left, self.top)
        return np.asarray(pixels / (self.part.width, self.part.height))

    def size(self, shorts: float) -> float:
        """Return a size given in shorter sides of the whole canvas in those of the patch."""
        return shorts * self.whole.short / self.part.short

    def fill(self, polygons: Sequence[ArrayLike]) -> Mask:
        return brush.fill(self.part, [self.inside(polygon) for polygon in polygons])

    def stroke(self, lines: Sequence[ArrayLike], *, width: float) -> Mask:
        return brush.stroke(self.part, [self.inside(line) for line in lines], width=self.size(width))

    def blur(self, mask: Mask, radius: float) -> Mask:
        return brush.blur(self.part, mask, self.size(radius))

    def disc(self, at: Point, *, radius: float) -> Mask:
        x, y = self.inside(at)
        return brush.disc(self.part, (float(x), float(y)), radius=self.size(radius))

    def halo(self, at: Point, *, radius: float, squash: float = 1.0) -> Mask:
        """Return light around a point as brush.glow does, ending before the patch does."""
        x, y = self.inside(at)
        light = brush.glow(self.part, (float(x), float(y)), radius=self.size(radius), squash=squash)
        return np.asarray(np.clip((light - 0.03) / 0.97, 0, 1), np.float32)


def around(canvas: Canvas, polygons: Sequence[ArrayLike], *, margin: float = 0.0) -> Patch | None:
    """Return the patch that holds the polygons and `margin` shorter sides around them; None when none of it is seen."""
    points = np.vstack([np.asarray(polygon, np.float64) for polygon in polygons])
    spare = margin * canvas.short + 2
    low = points.min(0) * (canvas.width, canvas.height) - spare
    high = points.max(0) * (canvas.width, canvas.height) + spare
    left, top = max(0, int(low[0])), max(0, int(low[1]))
    right, foot = min(canvas.width, int(np.ceil(high[0]))), min(canvas.height, int(np.ceil(high[1])))
    if right - left < 2 or foot - top < 2:
        return None
    return Patch(canvas, left, top, Canvas(right - left, foot - top))


def near(canvas: Canvas, at: Point, radius: float, *, squash: float = 1.0) -> Patch | None:
    """Return the patch around a point that a halo of `radius` shorter sides needs."""
    unit = 3.0 * radius
    return around(
        canvas,
        [
            [
                (at[0] - unit * squash * canvas.short / canvas.width, at[1] - unit * canvas.short / canvas.height),
                (at[0] + unit * squash * canvas.short / canvas.width, at[1] + unit * canvas.short / canvas.height),
            ]
        ],
    )


def over(paint: Paint, mask: Mask, colour: NDArray[np.float32], cover: Mask) -> None:
    """Lay colour over what is there, both with their coverage (straight alpha); `paint` and `mask` are changed."""
    total = cover + mask * (1 - cover)
    brush.lay(paint, colour, np.asarray(cover / np.maximum(total, 1e-4), np.float32))
    mask[:] = total
