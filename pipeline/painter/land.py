"""Slopes, ridges, mesas and foregrounds: land as outlines that stand behind each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.painter import brush
from pipeline.painter.canvas import Canvas, Colour, Mask, Paint
from pipeline.painter.palette import Palette, lighter, mix
from pipeline.painter.sky import Light

Line = NDArray[np.float32]  #: (W,) fractions down


def columns(canvas: Canvas) -> Line:
    """Return where each column lies across, 0-1: (W,)."""
    return np.asarray(canvas.columns[0], np.float32)


def between(dark: Colour, lit: Colour, tone: NDArray[np.float32]) -> Paint:
    """Return the colours from shade to light for a field of 0-1."""
    return brush.gradient(tone, [(0.0, dark), (1.0, lit)])


def slope(
    canvas: Canvas, palette: Palette, sun: Light, line: Line, tint: Colour, *, mist: float, reach: float = 0.16
) -> Paint:
    """Return the paint of a ridge: its own colour along the line, mist below, the light's glow where it is near."""
    soft = canvas.coarser()
    edge = np.interp(columns(soft), columns(canvas), line)
    under = np.clip((soft.rows - edge[None, :] + 0.02) / np.float32(reach), 0, 1)
    paint = brush.gradient(under.astype(np.float32), [(0.0, tint), (1.0, mix(tint, palette.haze, mist))])
    near = brush.glow(soft, sun.at, radius=0.3, squash=1.3)
    return brush.enlarged(brush.lay(paint, palette.glow, near * np.float32(0.55 * (1 - sun.veiled))), canvas)


def dark(canvas: Canvas, palette: Palette, sun: Light, *, lift: float = 0.0) -> Paint:
    """Return foreground paint: ink, a little warmer where the light comes from; `lift` takes it towards the shade."""
    soft = canvas.coarser()
    ink = mix(palette.ink, palette.shade, lift)
    stops = [(0.0, mix(ink, palette.shade, 0.35)), (0.75, ink), (1.0, lighter(ink, -0.03))]
    paint = brush.vertical(soft, stops)
    near = brush.glow(soft, sun.at, radius=0.35, squash=1.2)
    return brush.enlarged(brush.lay(paint, palette.glow, near * np.float32(0.28 * (1 - sun.veiled))), canvas)


def mesas(canvas: Canvas, rng: np.random.Generator, *, base: float, tall: float, count: int) -> Line:
    """Return table mountains on a plain: flat tops, steep walls, slopes of scree."""
    at = columns(canvas)
    line = np.full(at.shape, base, np.float32)
    for number in range(count):
        middle = (number + float(rng.uniform(0.1, 0.9))) / count
        half = float(rng.choice([0.02, 0.05, 0.13, 0.2])) * float(rng.uniform(0.8, 1.2)) / canvas.across
        high = tall * float(rng.uniform(0.45, 1.0))
        rough = 0.012 * (brush.profile(rng, at, cells=40, octaves=3) - 0.5)
        out = (np.abs(at - middle) + rough / canvas.across) / half
        wall = np.clip((1.10 - out) / 0.2, 0, 1) * 0.58
        shoulder = np.clip((1.34 - out) / 0.18, 0, 1) * 0.14
        scree = np.clip((2.3 - out) / 1.3, 0, 1) ** 1.6 * 0.28
        top = 1 + 0.05 * (brush.profile(rng, at, cells=26, octaves=2) - 0.5)
        line = np.minimum(line, base - high * top * (wall + shoulder + scree))
    return np.asarray(line, np.float32)


def lit_side(canvas: Canvas, sun: Light, mask: Mask, *, reach: float = 0.004) -> Mask:
    """Return the edge of a mask that faces the light: a thin rim."""
    by = max(1, round(reach * canvas.short))
    aside = int(np.sign(sun.at[0] - 0.5) * by)
    shifted = np.roll(mask, (by, -aside), axis=(0, 1))
    return np.asarray(np.clip(mask - shifted, 0, 1), np.float32)
