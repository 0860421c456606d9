"""Land with height, seen from a camera over it: mountains, dunes, rolling fields; lit, in perspective, in the haze.

World units: at distance 1 a thing of size 1 fills the canvas's shorter side. x goes to the right, z away, height up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painter import brush
from pipeline.painter.canvas import Canvas, Mask, Paint, Sheet

Field = NDArray[np.float32]  #: (slices, columns)
Height = Callable[[Field, Field], Field]  #: height at (x, z)

_FINE = 2  # the land's pixels per canvas pixel in each direction, averaged: inner ridges have clean edges
_BETWEEN = 3  # slices drawn for each that was surveyed: slopes that face the camera show no steps
_FINE_MOST = 1500  # px of shorter side from which on they are drawn as they are


@dataclass(frozen=True)
class Camera:
    """Where the picture is seen from."""

    height: float  #: over the plain
    horizon: float  #: fraction down the canvas


@dataclass(frozen=True)
class Ground:
    """A stretch of land as the camera's rays meet it: (slices, columns), the nearest slice first."""

    x: Field
    z: Field
    height: Field
    slope_x: Field  #: rise per step to the right
    slope_z: Field  #: rise per step away
    seen: Field  #: fraction down at which each place appears

    def lit(self, sun: tuple[float, float, float]) -> Field:
        """Return how squarely the light falls on each place, 0-1; `sun` points to it: right, up, away."""
        right, up, away = sun
        norm = np.sqrt(1 + self.slope_x**2 + self.slope_z**2) * np.float32(np.sqrt(right**2 + up**2 + away**2))
        return np.asarray(np.clip((up - right * self.slope_x - away * self.slope_z) / norm, 0, 1), np.float32)


def survey(canvas: Canvas, camera: Camera, height: Height, *, near: float, far: float, slices: int = 200) -> Ground:
    """Return the land between two distances as it lies before the camera; `near` 0: from the canvas's foot on."""
    plan = canvas.coarser()
    near = near or 0.8 * camera.height / ((1.08 - camera.horizon) * canvas.down)
    slices = max(60, round(slices * min(1.0, plan.short / 500)))
    z = np.geomspace(near, far, slices, dtype=np.float32)[:, None]
    screen = (plan.columns - np.float32(0.5)) * np.float32(canvas.across)
    x = screen * z
    z = np.broadcast_to(z, x.shape)
    tall = height(x, z)
    step_x = np.gradient(x, axis=1)
    slope_x = np.gradient(tall, axis=1) / step_x
    slope_z = (np.gradient(tall, axis=0) - slope_x * np.gradient(x, axis=0)) / np.gradient(z, axis=0)
    seen = camera.horizon + (camera.height - tall) / z / np.float32(canvas.down)
    parts = (np.asarray(part, np.float32) for part in (x, z, tall, slope_x, slope_z, seen))
    return Ground(*parts)


def sheet(canvas: Canvas, ground: Ground, colour: NDArray[np.float32], *, depth: float, floor: bool = False) -> Sheet:
    """Return the land drawn in its colours, (slices, columns, 3); what is nearer hides what is behind."""
    paint, mask = drawn(canvas, ground, colour)
    return brush.sheet(paint, None if floor else mask, depth=depth)


def drawn(canvas: Canvas, ground: Ground, colour: NDArray[np.float32]) -> tuple[Paint, Mask]:
    """Return the land's paint and where it is; below its nearest edge it goes on to the foot of the canvas."""
    fine = _FINE if canvas.short < _FINE_MOST else 1
    width, height = canvas.width * fine, canvas.height * fine
    slices = len(ground.seen) * _BETWEEN
    seen = cv2.resize(ground.seen, (width, slices), interpolation=cv2.INTER_LINEAR)
    edge = np.asarray(np.minimum.accumulate(seen, axis=0) * np.float32(height), np.float32)
    top = int(np.clip(np.floor(edge.min()) // fine * fine, 0, height - fine))
    which = _first_seen(edge - top, height - top)
    table = np.empty((slices, canvas.width, 4), np.uint8)
    table[..., :3] = cv2.resize(np.clip(colour, 0, 1), (canvas.width, slices)) * 255 + 0.5
    table[..., 3] = 255
    table = np.concatenate([table, table[-1:] * np.array([1, 1, 1, 0], np.uint8)])
    across = np.arange(width, dtype=np.int32) // fine
    flat = which * np.int32(canvas.width) + across[None, :]
    pixels = table.view(np.uint32)[..., 0].ravel()[flat].view(np.uint8).reshape(height - top, width, 4)
    if fine > 1:
        pixels = cv2.resize(pixels, (canvas.width, (height - top) // fine), interpolation=cv2.INTER_AREA)
    paint = np.empty((canvas.height, canvas.width, 3), np.float32)
    mask = np.zeros((canvas.height, canvas.width), np.float32)
    paint[top // fine :] = pixels[..., :3] * np.float32(1 / 255)
    paint[: top // fine] = paint[top // fine]
    mask[top // fine :] = pixels[..., 3] * np.float32(1 / 255)
    return paint, mask


def _first_seen(edge: Field, rows: int) -> NDArray[np.int32]:
    """Return for each pixel which slice is seen there: the first whose edge is not below it; their number for none."""
    width = edge.shape[1]
    last = np.ceil(edge - 0.5).astype(np.int32) - 1
    inside = np.minimum(last, rows - 1)
    place = (inside * width + np.arange(width, dtype=np.int32))[last >= 0]
    count = np.bincount(place, minlength=rows * width).reshape(rows, width)
    return np.cumsum(count[::-1], axis=0, dtype=np.int32)[::-1]


def haze(ground: Ground, *, thick: float, valley: float = 0.0, pool: float = 0.1) -> Field:
    """Return how far each place has melted into the haze, 0-1: with distance, and in valleys up to `pool` high."""
    far = 1 - np.exp(-np.float32(thick) * ground.z)
    low = np.float32(valley) * np.exp(-np.clip(ground.height, 0, None) / np.float32(pool))
    return np.asarray(1 - (1 - far) * (1 - low), np.float32)
