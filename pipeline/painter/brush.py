"""Marks on a canvas: noise, gradients, masks, strokes, glow, grain, and the step to 8 bits.

Everything is relative: cells and radii are counted in shorter sides, so a mark is the same at every size.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.painter.canvas import Canvas, Colour, Mask, Paint, Point, Sheet
from pipeline.painter.palette import ramp

_FINE_PX = 640  # shapes are drawn at least this fine across the shorter side, then reduced: no jaggies in previews
_SUBPIXEL_BITS = 4  # of cv2's fixed-point coordinates
_RAMP_STEPS = 1024  # entries of a gradient's table: finer than 8 bits can show
_LATTICE = 64  # side of the random lattices that endless noise repeats after
_TURN = np.float32(1.93 * np.cos(0.65)), np.float32(1.93 * np.sin(0.65))  # each octave is finer and turned: no grid
_BAND = 40_000  # pixels that are worked on at once: they stay in the cache, twice as fast as all of them
_TILE = 256  # px, side of the dither pattern


def noise(
    canvas: Canvas,
    rng: np.random.Generator,
    *,
    cells: float,
    octaves: int = 5,
    roughness: float = 0.5,
    stretch: float = 1.0,
    coarse: int = 1,
) -> Mask:
    """Return fractal noise, 0-1 around 0.5.

    `cells`: of the first octave down a shorter side; `stretch`: how many times wider than high they are;
    `coarse`: divides the working resolution (soft things such as clouds need no more than a half or a third).
    """
    across = max(2, round(cells * canvas.across / stretch) + 1)
    down = max(2, round(cells * canvas.down) + 1)
    field = np.zeros((down, across), np.float32)
    weight, total = 1.0, 0.0
    for _ in range(octaves):
        field = np.asarray(cv2.resize(field, (across, down), interpolation=cv2.INTER_CUBIC), np.float32)
        field += weight * rng.random((down, across), dtype=np.float32)
        total += weight
        weight *= roughness
        across, down = across * 2, down * 2
    return resized(field / np.float32(total), canvas, coarse=coarse)


def plane(
    rng: np.random.Generator,
    u: NDArray[np.float32],
    v: NDArray[np.float32],
    *,
    octaves: int,
    roughness: float = 0.5,
    ridged: bool = False,
) -> NDArray[np.float32]:
    """Return fractal noise, 0-1, at any places (u, v) of an endless plane; one cell is 1 by 1, `ridged` has crests."""
    shape = np.broadcast_shapes(u.shape, v.shape)
    u, v = (np.array(np.broadcast_to(side, shape), np.float32) for side in (u, v))
    total, before = np.zeros(shape, np.float32), np.ones(shape, np.float32)
    weight, whole = 1.0, 0.0
    for _ in range(octaves):
        lattice = rng.random((_LATTICE, _LATTICE), dtype=np.float32)
        lattice[-1], lattice[:, -1] = lattice[0], lattice[:, 0]
        value = np.asarray(cv2.remap(lattice, _eased(u), _eased(v), cv2.INTER_LINEAR), np.float32)
        if ridged:
            value = 1 - np.abs(2 * value - 1)
            value *= value
            total += np.float32(weight) * value * before
            before = np.clip(value * 1.6, 0.15, 1)
        else:
            total += np.float32(weight) * value
        whole += weight
        weight *= roughness
        u, v = _TURN[0] * u - _TURN[1] * v, _TURN[1] * u + _TURN[0] * v
    return total / np.float32(whole)


def _eased(side: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the place within the lattice, eased so that linear mixing shows no grid."""
    whole = np.floor(side)
    part = side - whole
    return np.asarray(whole % (_LATTICE - 1) + part * part * (3 - 2 * part), np.float32)


def resized(field: NDArray[np.float32], canvas: Canvas, *, coarse: int = 1) -> NDArray[np.float32]:
    """Return a field stretched over the canvas, smoothly in both directions."""
    size = (max(2, canvas.width // coarse), max(2, canvas.height // coarse))
    smaller = size[0] < field.shape[1]
    out = cv2.resize(field, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    if coarse > 1:
        out = cv2.resize(out, (canvas.width, canvas.height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(out, np.float32)


def profile(
    rng: np.random.Generator,
    at: ArrayLike,
    *,
    cells: float,
    octaves: int = 6,
    roughness: float = 0.5,
    sharp: float = 0.0,
) -> NDArray[np.float32]:
    """Return a fractal line, 0-1, at positions `at` (0-1 is the canvas's width); `sharp` 1 makes peaks of its hills."""
    at = np.asarray(at, np.float64)
    total = np.zeros(at.shape)
    weight, whole, count = 1.0, 0.0, max(2.0, cells)
    for _ in range(octaves):
        knots = rng.random(int(count) + 4)
        place = np.clip(at * count + rng.random(), 0, len(knots) - 2)
        left = np.floor(place).astype(int)
        part = place - left
        smooth = part * part * (3 - 2 * part)
        value = knots[left] + (knots[left + 1] - knots[left]) * (smooth * (1 - sharp) + part * sharp)
        total += weight * value
        whole += weight
        weight *= roughness
        count *= 2
    return np.asarray(total / whole, np.float32)


def enlarged(paint: NDArray[np.float32], canvas: Canvas) -> NDArray[np.float32]:
    """Return what was painted on a coarser canvas at the size of this one."""
    if paint.shape[:2] == (canvas.height, canvas.width):
        return paint
    return np.asarray(cv2.resize(paint, (canvas.width, canvas.height), interpolation=cv2.INTER_LINEAR), np.float32)


def step(field: ArrayLike, low: float, high: float) -> NDArray[np.float32]:
    """Return 0 below `low`, 1 above `high`, smooth between; the other way round when low > high."""
    part = np.clip((np.asarray(field, np.float32) - low) / ((high - low) or 1e-9), 0, 1)
    return np.asarray(part * part * (3 - 2 * part), np.float32)


def gradient(field: Mask, stops: Sequence[tuple[float, Colour]]) -> Paint:
    """Return the colours of a field: `stops` are (value, colour), ascending, mixed as the eye mixes."""
    table = ramp(stops, _RAMP_STEPS)
    low, high = stops[0][0], stops[-1][0]
    index = np.clip((field - low) * ((_RAMP_STEPS - 1) / (high - low)), 0, _RAMP_STEPS - 1)
    return np.asarray(table[index.astype(np.int16)], np.float32)


def flat(canvas: Canvas, colour: Colour) -> Paint:
    return np.full((canvas.height, canvas.width, 3), colour, np.float32)


def vertical(canvas: Canvas, stops: Sequence[tuple[float, Colour]]) -> Paint:
    """Return a gradient down the canvas; stops are fractions of its height."""
    column = gradient(canvas.rows, stops)
    return np.repeat(column, canvas.width, axis=1)


def distance(canvas: Canvas, at: Point, *, squash: float = 1.0) -> Mask:
    """Return how far each pixel is from a point, in shorter sides; `squash` > 1 makes circles wide ellipses."""
    across = (canvas.columns - at[0]) * (canvas.width / canvas.short / squash)
    down = (canvas.rows - at[1]) * (canvas.height / canvas.short)
    return np.asarray(np.sqrt(across * across + down * down), np.float32)


def glow(canvas: Canvas, at: Point, *, radius: float, squash: float = 1.0, sharp: float = 1.0) -> Mask:
    """Return light around a point: 1 there, about 0.3 at `radius` shorter sides, a long soft tail."""
    far = distance(canvas, at, squash=squash) / np.float32(radius)
    return np.asarray(np.exp(-1.2 * far**sharp), np.float32)


def disc(canvas: Canvas, at: Point, *, radius: float) -> Mask:
    """Return a filled circle with a clean edge."""
    edge = 1.0 / canvas.short
    return np.asarray(np.clip((radius - distance(canvas, at)) / edge + 0.5, 0, 1), np.float32)


def below(canvas: Canvas, line: NDArray[np.float32], *, soft: float = 0.0) -> Mask:
    """Return what lies below a line, given as fractions down at every column: (W,); `soft` in shorter sides."""
    edge = max(1.0, soft * canvas.short)
    depth = (canvas.rows - np.asarray(line, np.float32)[None, :]) * np.float32(canvas.height)
    slope = np.sqrt(1 + (np.gradient(line) * canvas.height) ** 2).astype(np.float32)
    return np.asarray(np.clip(depth / (edge * slope[None, :]) + 0.5, 0, 1), np.float32)


def fill(canvas: Canvas, polygons: Sequence[ArrayLike]) -> Mask:
    """Return the union of polygons; each is (n, 2) in fractions of the canvas."""
    mask, scale = _stencil(canvas)
    for polygon in polygons:
        cv2.fillPoly(mask, [_fixed(polygon, mask)], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
    return _reduced(mask, canvas, scale)


def stroke(canvas: Canvas, lines: Sequence[ArrayLike], *, width: float) -> Mask:
    """Return drawn lines, each (n, 2) in fractions of the canvas; `width` in shorter sides."""
    mask, scale = _stencil(canvas)
    pixels = width * canvas.short * scale
    for line in lines:
        cv2.polylines(mask, [_fixed(line, mask)], False, 255, max(1, round(pixels)), cv2.LINE_AA, _SUBPIXEL_BITS)
    return _reduced(mask, canvas, scale) * np.float32(min(1.0, pixels))


def dots(canvas: Canvas, spots: ArrayLike) -> Mask:
    """Return round spots: (n, 4) of fraction across, fraction down, radius in shorter sides, strength 0-1."""
    mask = np.zeros((canvas.height, canvas.width), np.float32)
    for across, down, radius, strength in np.asarray(spots, np.float64):
        _dot(mask, across * canvas.width - 0.5, down * canvas.height - 0.5, radius * canvas.short, strength)
    return mask


def _dot(mask: Mask, x: float, y: float, radius: float, strength: float) -> None:
    """Put one spot with its light spread exactly over the pixels it touches."""
    reach = radius + 1.0
    top, bottom = max(0, math.ceil(y - reach)), min(mask.shape[0], math.floor(y + reach) + 1)
    left, right = max(0, math.ceil(x - reach)), min(mask.shape[1], math.floor(x + reach) + 1)
    if top >= bottom or left >= right:
        return
    far = np.hypot(np.arange(left, right)[None, :] - x, np.arange(top, bottom)[:, None] - y)
    edge = (
        np.clip(radius + 0.5 - far, 0, 1) if radius >= 0.5 else np.clip(1 - far, 0, 1) * min(1.0, 4 * radius * radius)
    )
    area = mask[top:bottom, left:right]
    np.maximum(area, (edge * strength).astype(np.float32), out=area)


def _stencil(canvas: Canvas) -> tuple[NDArray[np.uint8], int]:
    scale = max(1, math.ceil(_FINE_PX / canvas.short)) if canvas.short < _FINE_PX else 1
    scale = min(scale, 4)
    return np.zeros((canvas.height * scale, canvas.width * scale), np.uint8), scale


def _fixed(points: ArrayLike, mask: NDArray[np.uint8]) -> NDArray[np.int32]:
    spots = np.asarray(points, np.float64) * (mask.shape[1], mask.shape[0]) - 0.5
    return np.asarray(np.round(spots * (1 << _SUBPIXEL_BITS)), np.int32)


def _reduced(mask: NDArray[np.uint8], canvas: Canvas, scale: int) -> Mask:
    if scale == 1:
        return np.asarray(mask, np.float32) / np.float32(255)
    smaller = cv2.resize(mask, (canvas.width, canvas.height), interpolation=cv2.INTER_AREA)
    return np.asarray(smaller, np.float32) / np.float32(255)


def blur(canvas: Canvas, field: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    """Return a field softened by a Gaussian of `radius` shorter sides; wide ones are worked on a smaller copy."""
    sigma = radius * canvas.short
    if sigma < 0.3:
        return field
    small = max(1, int(sigma / 3))
    height, width = field.shape[:2]
    less = cv2.resize(field, (max(2, width // small), max(2, height // small)), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(less, (0, 0), sigma / small, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def lay(paint: Paint, colour: NDArray[np.float32], mask: Mask) -> Paint:
    """Return paint with a colour (or another paint) laid over it where the mask is; `paint` itself is changed."""
    whole = colour.ndim == 3
    for rows in _touched(mask):
        part = paint[rows]
        change = (colour[rows] if whole else colour) - part
        change *= mask[rows, :, None]
        part += change
    return paint


def shine(paint: Paint, colour: Colour, mask: Mask) -> Paint:
    """Return paint with light on it (screen), which never burns out; `paint` itself is changed."""
    for rows in _touched(mask):
        part = paint[rows]
        change = 1 - part
        change *= colour * mask[rows, :, None]
        part += change
    return paint


def darken(paint: Paint, mask: Mask, amount: float = 1.0) -> Paint:
    """Return paint with shade on it; `paint` itself is changed."""
    for rows in _touched(mask):
        paint[rows] *= 1 - np.float32(amount) * mask[rows, :, None]
    return paint


def _touched(mask: Mask) -> list[slice]:
    """Return the bands of rows in which a mask is not empty, each small enough to be worked on in the cache."""
    high = max(1, _BAND // mask.shape[1])
    bands = (slice(top, top + high) for top in range(0, mask.shape[0], high))
    return [rows for rows in bands if mask[rows].any()]


def sheet(paint: Paint, mask: Mask | None, *, depth: float, grain: float = 0.6) -> Sheet:
    """Finish a layer to 8 bits: dithered, with `grain` in 1/255 (0.5 is pure dither). No mask: opaque."""
    height, width = paint.shape[:2]
    pixels = np.empty((height, width, 4), np.uint8)
    pixels[..., 3] = 255
    rough = _pattern(height, width) * np.float32(2 * grain) + np.float32(0.5)
    high = max(1, _BAND // width)
    for top in range(0, height, high):
        rows = slice(top, top + high)
        worn = paint[rows] * np.float32(255)
        worn += rough[rows, :, None]
        pixels[rows, :, :3] = np.clip(worn, 0, 255, out=worn)
        if mask is not None:
            pixels[rows, :, 3] = np.clip(mask[rows] * np.float32(255) + np.float32(0.5), 0, 255)
    return Sheet(pixels, depth)


@functools.cache
def _tile() -> NDArray[np.float32]:
    """A tile of -0.5 to 0.5 with little low-frequency content, which is what makes dither invisible."""
    rough = np.random.default_rng(7).random((_TILE, _TILE), dtype=np.float32)
    fine = rough - cv2.GaussianBlur(rough, (0, 0), 1.2, borderType=cv2.BORDER_REFLECT)
    rank = np.argsort(np.argsort(fine, axis=None), axis=None).reshape(fine.shape)
    return np.asarray(rank / np.float32(rank.size) - 0.5, np.float32)


def _pattern(height: int, width: int) -> NDArray[np.float32]:
    return np.tile(_tile(), (-(-height // _TILE), -(-width // _TILE)))[:height, :width]
