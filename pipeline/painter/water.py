"""Water: what stands over it, mirrored; ripples, the light's path, foam."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painter import brush
from pipeline.painter.canvas import Canvas, Mask, Paint, Sheet
from pipeline.painter.palette import Palette, mix
from pipeline.painter.sky import Light


def flattened(sheets: Sequence[Sheet]) -> Paint:
    """Return sheets laid upon each other, back to front, as one paint."""
    paint = sheets[0].pixels[..., :3].astype(np.float32) * np.float32(1 / 255)
    for sheet in sheets[1:]:
        mask = sheet.pixels[..., 3] * np.float32(1 / 255)
        brush.lay(paint, sheet.pixels[..., :3] * np.float32(1 / 255), mask)
    return paint


def lake(
    canvas: Canvas,
    palette: Palette,
    sheets: Sequence[Sheet],
    sun: Light,
    rng: np.random.Generator,
    *,
    shore: float,
    rough: float = 0.5,
    swell: float = 0.0,
) -> tuple[Paint, Mask]:
    """Return still water from a shore line (fraction down) to the foot, with what is behind it mirrored in ripples."""
    soft = canvas.coarser()
    above = cv2.resize(flattened(sheets), (soft.width, soft.height), interpolation=cv2.INTER_AREA)
    below = np.clip((soft.rows - np.float32(shore)) / np.float32(1 - shore), 0, 1)
    ripple = _ripples(soft, rng, shore)
    wave = (ripple - 0.5) * np.float32(rough) * (0.012 + 0.05 * below)
    rows = (2 * shore - soft.rows * 1.0 + wave * 1.4) * soft.height - 0.5
    columns = (soft.columns + wave * 0.35) * soft.width - 0.5
    field = (
        np.broadcast_to(rows, wave.shape).astype(np.float32),
        np.broadcast_to(columns, wave.shape).astype(np.float32),
    )
    mirror = np.asarray(
        cv2.remap(np.asarray(above, np.float32), field[1], field[0], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT),
        np.float32,
    )
    deep = mix(palette.shade, palette.ink, 0.55)
    brush.lay(mirror, deep, np.broadcast_to(0.12 + 0.5 * below, wave.shape).astype(np.float32))
    if swell:
        long = _ripples(soft, rng, shore, fine=0.3)
        brush.darken(mirror, brush.step(long, 0.52, 0.3) * (0.3 + below), 0.5 * swell)
        brush.shine(mirror, palette.sky, brush.step(long, 0.55, 0.75) * (0.3 + below) * np.float32(0.22 * swell))
    crest = brush.step(ripple, 0.6, 0.74) * (1 - 0.5 * below)
    brush.shine(mirror, mix(palette.horizon, palette.sky, 0.3), (crest * 0.16).astype(np.float32))
    if sun.veiled < 0.8:
        path = np.exp(-np.abs((soft.columns - sun.at[0]) * soft.across) / (0.05 + 0.16 * below)).astype(np.float32)
        glint = brush.step(ripple + 0.14 * path, 0.60, 0.72) * path
        tint = palette.light if palette.hour != "night" else mix(palette.glow, palette.light, 0.5)
        brush.shine(mirror, tint, glint * np.float32(0.8 * (1 - sun.veiled)))
    edge = brush.step(soft.rows, shore + 0.012, shore)
    brush.lay(mirror, palette.haze, np.broadcast_to(edge * 0.6, wave.shape).astype(np.float32))
    mask = np.clip((canvas.rows - np.float32(shore)) * canvas.height + 0.5, 0, 1)
    return brush.enlarged(mirror, canvas), np.repeat(mask, canvas.width, axis=1).astype(np.float32)


def _ripples(canvas: Canvas, rng: np.random.Generator, shore: float, *, fine: float = 1.0) -> NDArray[np.float32]:
    """Return waves in perspective, 0-1: small and dense at the shore line far away, broad in front."""
    rise = np.clip(canvas.rows - np.float32(shore), 0.002, None)
    away = np.float32(1.0) / (rise + np.float32(0.02))
    u = (canvas.columns - np.float32(0.5)) * np.float32(canvas.across) * away * np.float32(0.9 * fine)
    v = np.repeat(away * np.float32(3.2 * fine), canvas.width, axis=1)
    return brush.plane(rng, u, v, octaves=4, roughness=0.6)
