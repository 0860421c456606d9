"""What a picture is painted on and what comes out: Canvas, Sheet, Stage, Scenery."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.float32]  #: (H, W), 0-1
Paint = NDArray[np.float32]  #: (H, W, 3) BGR, 0-1
Colour = NDArray[np.float32]  #: (3,) BGR, 0-1
Point = tuple[float, float]  #: fractions of the canvas, across and down

_ASPECTS = (9 / 16, 4 / 5, 1.0, 5 / 4, 16 / 9)  # of films
OVERSCAN = 1.2  # canvas over frame: room for a camera that pushes by 12 % and layers that shift by 4 %


@dataclass(frozen=True)
class Canvas:
    """The surface in pixels; everything on it is said in fractions of it or of its shorter side."""

    width: int
    height: int

    @classmethod
    def of(cls, size: tuple[int, int]) -> Canvas:
        """Return the canvas for a frame of `size` (width, height): OVERSCAN larger."""
        width, height = size
        return cls(round(width * OVERSCAN), round(height * OVERSCAN))

    @property
    def short(self) -> int:
        return min(self.width, self.height)

    @property
    def aspect(self) -> float:
        """Width over height; the same at every size of one shape, whatever rounding to pixels does to it."""
        exact = self.width / self.height
        return next((shape for shape in _ASPECTS if abs(exact / shape - 1) < 0.02), round(exact, 2))

    @property
    def across(self) -> float:
        """The width in shorter sides."""
        return max(self.aspect, 1.0)

    @property
    def down(self) -> float:
        """The height in shorter sides."""
        return max(1.0 / self.aspect, 1.0)

    def coarser(self, least: int = 500) -> Canvas:
        """Return a smaller canvas of the same shape for soft things, no smaller than `least` on its shorter side."""
        part = max(1, self.short // least)
        return self if part == 1 else Canvas(round(self.width / part), round(self.height / part))

    @property
    def columns(self) -> NDArray[np.float32]:
        """(1, W): where each pixel's centre lies across, 0-1."""
        return np.asarray((np.arange(self.width) + 0.5) / self.width, np.float32)[None, :]

    @property
    def rows(self) -> NDArray[np.float32]:
        """(H, 1): where each pixel's centre lies down, 0-1."""
        return np.asarray((np.arange(self.height) + 0.5) / self.height, np.float32)[:, None]


@dataclass(frozen=True)
class Sheet:
    """One finished layer."""

    pixels: NDArray[np.uint8]  #: (H, W, 4) BGRA, alpha straight; the backmost is opaque
    depth: float  #: 0 infinitely far, 1 right before the camera
    #: its own widths and heights a second, to the right and down; what drifts goes on at its other side without a seam
    drift: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Stage:
    """Where in a scenery a figure may stand, and how it is lit there."""

    feet: Point  #: where it touches the ground (or floats, sails, flies)
    tall: float  #: how high a grown person is there, in shorter sides of the canvas
    depth: float  #: of the ground it stands on
    slot: int  #: figures and weather are put before the sheet with this number
    light: Point  #: where the sun, moon or brightest lamp is; may lie off the canvas
    horizon: float  #: fraction down
    sky: float = 0.3  #: fraction down at which something may fly


@dataclass(frozen=True)
class Scenery:
    """A painted world before figures, weather and the hand's treatment."""

    sheets: tuple[Sheet, ...]
    stage: Stage
