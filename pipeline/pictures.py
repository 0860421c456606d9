"""The storyboard's pictures: drawn by the illustrator, filmed by the animator, each once; fallbacks where one fails."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layer:
    """One sheet of a picture, as PNG: 8-bit BGR for the backmost, BGRA above it; all of the same size."""

    file: Path
    depth: float  #: 0 infinitely far, 1 right before the camera: how much it moves against the others


@dataclass(frozen=True)
class Painting:
    """A drawn picture: layers from back to front, a little larger than the frame so that the camera has room."""

    layers: tuple[Layer, ...]
    illustrator: str
    licence: str
    cost_usd: float = 0.0


@dataclass(frozen=True)
class MovingPicture:
    """A filmed picture: an MP4 (H.264), checked by the door, of whatever size and length; looped where it is short."""

    file: Path
    animator: str
    licence: str
    cost_usd: float = 0.0
