"""Buildings: rows of towers against the sky, their windows, edges of light and beacons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.painter import brush
from pipeline.painter.canvas import Canvas, Colour, Mask, Paint
from pipeline.painter.palette import Palette, brightness, lighter, mix, turned, vivid
from pipeline.storyboard import Hour

Roof = Literal["flat", "steps", "spire", "slant", "dome", "tank", "twin"]
_ROOFS: tuple[Roof, ...] = ("flat", "flat", "steps", "spire", "slant", "dome", "tank", "twin")
#: the share of windows with a light on
LIT: dict[Hour, float] = {"dawn": 0.16, "day": 0.0, "dusk": 0.30, "night": 0.36}
_OPEN = (0.62, 0.55)  # the share of a window in its cell, across and down


@dataclass(frozen=True)
class Tower:
    """One building: fractions of the canvas, its foot below what hides it."""

    left: float
    right: float
    top: float
    roof: Roof
    tone: float  #: lighter or darker than its neighbours, in Oklab lightness
    lit: float  #: how many of its windows are, against the others
    bars: bool  #: windows in upright bands instead of a grid

    @property
    def wide(self) -> float:
        return self.right - self.left


def row(
    rng: np.random.Generator,
    canvas: Canvas,
    *,
    base: float,
    wide: float,
    tall: tuple[float, float],
    peak: float,
    gap: float,
) -> list[Tower]:
    """Return towers side by side across the canvas.

    `base`: where they stand, fraction down; `wide`: a usual width and `tall`: the least and greatest height, in shorter
    sides; `peak`: where across the highest stand; `gap`: where across they stay low, so that the light gets through.
    """
    towers, at = [], -0.04 - float(rng.uniform(0, 0.05))
    unit = canvas.short / canvas.width
    while at < 1.04:
        width = wide * unit * float(np.exp(rng.normal(0, 0.32)))
        centre = at + width / 2
        bump = np.exp(-(((centre - peak) / 0.24) ** 2)) * (1 - 0.75 * np.exp(-(((centre - gap) / 0.13) ** 2)))
        high = tall[0] + (tall[1] - tall[0]) * float(np.clip(0.18 * rng.random() + bump * rng.uniform(0.35, 1.0), 0, 1))
        roof = _ROOFS[int(rng.integers(len(_ROOFS)))]
        tone, lit, bars = float(rng.normal(0, 0.02)), float(rng.uniform(0.25, 1.5)), bool(rng.random() < 0.3)
        towers.append(Tower(at, at + width, base - high * canvas.short / canvas.height, roof, tone, lit, bars))
        at += width * float(rng.uniform(0.86, 1.12))
    return towers


def silhouette(canvas: Canvas, towers: Sequence[Tower], *, foot: float) -> Mask:
    """Return the mask of a row of towers down to `foot`, with what stands on their roofs."""
    polygons: list[NDArray[np.float64]] = []
    for tower in towers:
        polygons += _outline(tower, canvas, foot)
    return brush.fill(canvas, polygons)


def _outline(tower: Tower, canvas: Canvas, foot: float) -> list[NDArray[np.float64]]:
    wide, middle = tower.wide, (tower.left + tower.right) / 2
    tall = wide * canvas.width / canvas.height  # as high as the tower is wide
    top = tower.top

    def block(half: float, low: float, high: float, *, slant: float = 0.0, aside: float = 0.0) -> NDArray[np.float64]:
        left, right = middle + (aside - half) * wide, middle + (aside + half) * wide
        return np.array([(left, low), (right, low), (right, high + slant), (left, high)])

    body = block(0.5, foot, top)
    if tower.roof == "steps":
        return [body, block(0.36, top, top - 0.28 * tall), block(0.2, top - 0.28 * tall, top - 0.5 * tall)]
    if tower.roof == "spire":
        steps = [block(0.34, top, top - 0.22 * tall), block(0.2, top - 0.22 * tall, top - 0.4 * tall)]
        crown = np.array([(middle - 0.13 * wide, top), (middle + 0.13 * wide, top), (middle, top - 1.0 * tall)])
        return [body, *steps, crown, block(0.012, top, top - 1.5 * tall)]
    if tower.roof == "slant":
        return [block(0.5, foot, top, slant=0.45 * tall)]
    if tower.roof == "dome":
        turn = np.linspace(0, np.pi, 20)
        arc = np.stack([middle + 0.3 * wide * np.cos(turn), top - (0.1 + 0.26 * np.sin(turn)) * tall], 1)
        return [body, block(0.32, top, top - 0.1 * tall), arc, block(0.012, top, top - 0.75 * tall)]
    if tower.roof == "tank":
        side = middle - 0.2 * wide
        tank = np.array([(side - 0.1 * wide, top), (side + 0.1 * wide, top), (side + 0.1 * wide, top - 0.2 * tall)])
        return [body, np.vstack([tank, (side, top - 0.28 * tall), (side - 0.1 * wide, top - 0.2 * tall)])]
    if tower.roof == "twin":
        masts = [block(0.012, top, top - 0.6 * tall, aside=side * 0.2) for side in (-1, 1)]
        return [body, block(0.3, top, top - 0.1 * tall), *masts]
    return [body, block(0.14, top, top - 0.09 * tall, aside=0.2)]


def cover(cells: NDArray[np.floating], pixel: ArrayLike, share: float) -> NDArray[np.float32]:
    """Return how much of each pixel is window, for places counted in cells of which `share` is open; exact."""
    low, pixel = (1 - share) / 2, np.asarray(pixel, np.float32)

    def area(at: NDArray[np.floating]) -> NDArray[np.float32]:
        whole = np.floor(at)
        return np.asarray(whole * share + np.clip(at - whole - low, 0, share), np.float32)

    return np.asarray((area(cells + pixel / 2) - area(cells - pixel / 2)) / pixel, np.float32)


def faces(
    canvas: Canvas,
    paint: Paint,
    towers: Sequence[Tower],
    rng: np.random.Generator,
    palette: Palette,
    *,
    pitch: float,
    foot: float,
    sun_side: float,
    strength: float = 1.0,
) -> Mask:
    """Paint the towers' faces into `paint`, windows and all; return how brightly each pixel's windows shine.

    `pitch`: from window to window, in shorter sides.
    """
    lights = np.zeros((canvas.height, canvas.width), np.float32)
    for tower in towers:
        area, shine, tone = _face(canvas, tower, rng, palette, pitch=pitch, foot=foot, sun_side=sun_side)
        if shine.size == 0:
            continue
        paint[area] *= tone[None, :, None]
        if palette.hour == "day":
            brush.lay(paint[area], mix(palette.sky, palette.light, 0.3), shine * np.float32(0.34 * strength))
        else:
            lights[area] = shine
    if palette.hour != "day":
        tints = (
            mix(palette.light, warm(palette), 0.7),
            lighter(warm(palette), -0.1),
            mix(palette.light, palette.glow, 0.5),
        )
        brush.shine(paint, tints[0], np.minimum(lights, 1) * np.float32(strength))
    return lights


def _face(
    canvas: Canvas,
    tower: Tower,
    rng: np.random.Generator,
    palette: Palette,
    *,
    pitch: float,
    foot: float,
    sun_side: float,
) -> tuple[tuple[slice, slice], Mask, NDArray[np.float32]]:
    """Return where a tower's face lies, its windows (0-1) and the tone of its columns."""
    columns = max(2, round(tower.wide * canvas.width / canvas.short / pitch))
    rows = max(2, round((foot - tower.top) * canvas.height / canvas.short / (pitch * 1.25)))
    usual = LIT[palette.hour] * tower.lit
    floors = np.where(rng.random((rows, 1)) < 0.10, 2.2, rng.uniform(0.4, 1.2, (rows, 1)))
    on = (rng.random((rows, columns)) < usual * floors).astype(np.float32)
    if palette.hour == "day":
        on = rng.random((rows, columns), dtype=np.float32)
    else:
        on *= rng.uniform(0.35, 1.0, (rows, columns)).astype(np.float32)
    left, right = round(tower.left * canvas.width), round(tower.right * canvas.width)
    top, low = round(tower.top * canvas.height), round(foot * canvas.height)
    area = (slice(max(top, 0), max(low, 0)), slice(max(left, 0), max(min(right, canvas.width), 0)))
    x = (np.arange(area[1].start, area[1].stop, dtype=np.float32) + 0.5 - left) / max(right - left, 1) * columns
    y = (np.arange(area[0].start, area[0].stop, dtype=np.float32) + 0.5 - top) / max(low - top, 1) * rows
    # rounded widths: the last pixel may lie a hair outside
    across = np.clip(x.astype(int), 0, columns - 1)
    down = np.clip(y.astype(int), 0, rows - 1)
    shine = cover(x, columns / max(right - left, 1), _OPEN[0])[None, :]
    shine = shine * cover(y, rows / max(low - top, 1), 0.86 if tower.bars else _OPEN[1])[:, None]
    split = columns * (0.32 if sun_side > 0 else 0.68)
    shaded = (x < split) if sun_side > 0 else (x > split)
    tone = np.where(shaded, 0.82, 1.05).astype(np.float32) * np.float32(1 + 2.5 * tower.tone)
    return area, shine * on[np.ix_(down, across)], tone


def warm(palette: Palette) -> Colour:
    """Return the colour of lamps and lit rooms."""
    return mix(np.array([0.45, 0.76, 1.0], np.float32), palette.light, 0.25)


def neon(palette: Palette, rng: np.random.Generator) -> Colour:
    """Return a colour of signs: the accent, or one beside it on the wheel, bright and full."""
    colour = vivid(turned(palette.accent, float(rng.choice([0.0, 0.0, -60.0, 140.0, 200.0]))), 1.5)
    return lighter(colour, 0.72 - brightness(colour))


def edges(
    canvas: Canvas, towers: Sequence[Tower], rng: np.random.Generator, *, count: int
) -> list[list[NDArray[np.float64]]]:
    """Return a few signs of neon: edges and crowns of some towers, the lines of each."""
    inside = [tower for tower in towers if tower.left > 0.06 and tower.right < 0.94]
    signs = []
    for number in rng.permutation(len(inside))[:count]:
        tower = inside[int(number)]
        tall = tower.wide * canvas.width / canvas.height
        kind = int(rng.integers(3))
        low = tower.top + tall * float(rng.uniform(0.8, 2.2))
        inset = tower.wide * 0.06
        if kind == 0:
            x = tower.left + inset if rng.random() < 0.5 else tower.right - inset
            lines = [[(x, tower.top + 0.03 * tall), (x, low)]]
        elif kind == 1:
            lines = [
                [(tower.left + inset, tower.top + k * tall), (tower.right - inset, tower.top + k * tall)]
                for k in (0.08, 0.2)
            ]
        else:
            x = tower.left + tower.wide * float(rng.uniform(0.3, 0.7))
            lines = [[(x, tower.top + 0.2 * tall), (x, low)], [(x + inset, tower.top + 0.2 * tall), (x + inset, low)]]
        signs.append([np.array(line, np.float64) for line in lines])
    return signs


def beacons(towers: Sequence[Tower], canvas: Canvas) -> NDArray[np.float64]:
    """Return the red lamps on spires and masts, as brush.dots takes them."""
    spots = []
    for tower in towers:
        tall = tower.wide * canvas.width / canvas.height
        up = {"spire": 1.5, "dome": 0.75, "twin": 0.6}.get(tower.roof)
        if up is not None:
            side = 0.2 * tower.wide if tower.roof == "twin" else 0.0
            spots.append(((tower.left + tower.right) / 2 + side, tower.top - up * tall, 0.0035, 1.0))
    return np.array(spots, np.float64).reshape(-1, 4)
