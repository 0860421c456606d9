"""Weather before a scenery: rain in depth, snow, fog banks, lightning; and what drifts in the air by mood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painter import brush
from pipeline.painter.canvas import Canvas, Colour, Mask, Paint, Sheet, Stage
from pipeline.painter.palette import Palette, brightness, lighter, mix, vivid
from pipeline.storyboard import Picture, World

Drift = Literal["none", "dust", "fireflies", "sparks", "petals"]

SHELTERED: tuple[World, ...] = ("space", "abstract", "underwater")  # they make what they can of it themselves
_DRIFT_SHARE = 0.6  # of the clear pictures whose mood lets something drift
_SLANT = 0.16  # of rain: across per down


@dataclass(frozen=True)
class Air:
    """What fills the air of a picture, by where it belongs."""

    sky: list[Sheet]  #: right before the backmost sheet
    behind: list[Sheet]  #: behind the figure
    before: list[Sheet]  #: before everything


def air(picture: Picture, stage: Stage, palette: Palette, *, canvas: Canvas, rng: np.random.Generator) -> Air:
    """Return weather, and what drifts about when there is none; some worlds have no weather."""
    if picture.world in SHELTERED:
        return Air([], [], [])
    kind = picture.weather
    if kind == "rain":
        return Air([], _mist(canvas, palette, stage, rng, 0.35), [_rain(canvas, palette, rng, heavy=False)])
    if kind == "storm":
        return Air([_lightning(canvas, palette, stage, rng)], [], [_rain(canvas, palette, rng, heavy=True)])
    if kind == "snow":
        return Air([], _mist(canvas, palette, stage, rng, 0.3), [_snow(canvas, palette, rng)])
    if kind == "fog":
        return Air([], _mist(canvas, palette, stage, rng, 0.8), _mist(canvas, palette, stage, rng, 0.28))
    mood = drifting(picture.valence, picture.arousal, palette) if rng.random() < _DRIFT_SHARE else "none"
    return Air([], [], drift(mood, stage, palette, canvas=canvas, rng=rng))


def drift(kind: Drift, stage: Stage, palette: Palette, *, canvas: Canvas, rng: np.random.Generator) -> list[Sheet]:
    """Return one sheet of small things in the air: dust in light, fireflies, sparks, petals."""
    if kind == "none":
        return []
    if kind == "petals":
        return [_petals(canvas, palette, rng)]
    return [_lights(canvas, palette, stage, rng, kind)]


def drifting(valence: float, arousal: float, palette: Palette) -> Drift:
    """Return what drifts in the air in a mood: sparks where it is wild, petals where glad, else dust or nothing."""
    if arousal > 0.45:
        return "sparks" if palette.hour in ("night", "dusk") else "dust"
    if valence > 0.35:
        return "fireflies" if palette.hour in ("night", "dusk") else "petals"
    return "dust" if palette.hour in ("dawn", "dusk") else "none"


def _blank(canvas: Canvas) -> Mask:
    return np.zeros((canvas.height, canvas.width), np.float32)


def _rain(canvas: Canvas, palette: Palette, rng: np.random.Generator, *, heavy: bool) -> Sheet:
    """Return streaks in three distances: many fine ones far away, a few long bright ones near."""
    slant = _SLANT * (2.0 if heavy else 1.0) * (1 if rng.random() < 0.5 else -1)
    mask = _blank(canvas)
    many = 1.7 if heavy else 1.0
    # (streaks, length, width, strength): lengths and widths in shorter sides
    for count, long, wide, strong in ((650, 0.035, 0.0010, 0.26), (260, 0.075, 0.0016, 0.34), (70, 0.16, 0.0026, 0.38)):
        count = int(count * many)
        start = rng.random((count, 2)) * 1.2 - 0.1
        length = long * rng.uniform(0.6, 1.3, count)
        lean = slant + rng.normal(0, 0.012, count)
        end = start + np.stack([length * lean * canvas.short / canvas.width, length * canvas.short / canvas.height], 1)
        streaks = _streaks(canvas, start, end, wide)
        mask = mask + (1 - mask) * streaks * np.float32(strong)
    veil = np.float32(0.06 if heavy else 0.04)
    tint = mix(palette.light, palette.haze, 0.35)
    return brush.sheet(brush.flat(canvas, tint), mask + veil, depth=0.9)


def _streaks(canvas: Canvas, start: NDArray[np.float64], end: NDArray[np.float64], wide: float) -> Mask:
    """Return lines as a mask; those thinner than a pixel are fainter instead."""
    scale = 2 if canvas.short < 700 else 1
    mask = np.zeros((canvas.height * scale, canvas.width * scale), np.uint8)
    size = (mask.shape[1], mask.shape[0])
    pixels = wide * canvas.short * scale
    lines = np.round(np.stack([start * size, end * size], 1) * 16).astype(np.int32)
    cv2.polylines(mask, list(lines), False, 255, max(1, round(pixels)), cv2.LINE_AA, 4)
    if scale > 1:
        mask = np.asarray(cv2.resize(mask, (canvas.width, canvas.height), interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(mask, np.float32) * np.float32(min(1.0, max(0.35, pixels)) / 255)


def _snow(canvas: Canvas, palette: Palette, rng: np.random.Generator) -> Sheet:
    """Return flakes: fine far ones, round near ones, a few large and out of focus."""
    mask = _blank(canvas)
    for count, size, strong in ((900, 0.0016, 0.75), (320, 0.0036, 0.9), (90, 0.0075, 0.75)):
        spots = np.column_stack([
            rng.random((count, 2)), size * rng.uniform(0.6, 1.4, count), strong * rng.uniform(0.5, 1.0, count)
        ])  # fmt: skip
        mask = np.maximum(mask, brush.dots(canvas, spots))
    large = np.column_stack([rng.random((16, 2)), rng.uniform(0.014, 0.03, 16), rng.uniform(0.15, 0.35, 16)])
    mask = np.maximum(mask, brush.blur(canvas, brush.dots(canvas, large), 0.004))
    white = lighter(palette.light, max(0.0, 0.93 - brightness(palette.light)))
    return brush.sheet(brush.flat(canvas, mix(white, palette.haze, 0.08)), mask, depth=0.88)


def _mist(canvas: Canvas, palette: Palette, stage: Stage, rng: np.random.Generator, thick: float) -> list[Sheet]:
    """Return banks of fog over the ground, and a thin veil over everything."""
    small = canvas.coarser()
    field = brush.noise(small, rng, cells=1.8, octaves=4, stretch=3.2, roughness=0.5)
    height = small.rows
    low = np.exp(-(((height - np.float32(stage.horizon + 0.04)) / np.float32(0.20)) ** 2)).astype(np.float32)
    bank = brush.step(field, 0.30, 0.72) * low
    veil = np.float32(0.30 * thick) * (0.65 + 0.35 * field) * (1 - 0.45 * brush.step(height, 0.75, 1.0))
    mask = np.clip(veil + bank * np.float32(0.75 * thick), 0, 0.92)
    near = brush.glow(small, stage.light, radius=0.5)
    paint = brush.flat(small, palette.haze)
    brush.lay(paint, mix(palette.haze, palette.glow, 0.55), near * np.float32(0.8))
    return [brush.sheet(brush.enlarged(paint, canvas), brush.enlarged(mask.astype(np.float32), canvas), depth=0.6)]


def _lightning(canvas: Canvas, palette: Palette, stage: Stage, rng: np.random.Generator) -> Sheet:
    """Return a bolt from the clouds to the horizon, its branches and the light it throws on the clouds."""
    x = float(rng.choice([0.24, 0.3, 0.7, 0.76])) + float(rng.normal(0, 0.03))
    trunk = _bolt(rng, (x, -0.02), (x + float(rng.normal(0, 0.09)), stage.horizon), 0.075)
    branches = []
    for _ in range(4):
        at = trunk[int(rng.integers(len(trunk) // 5, len(trunk) * 3 // 4))]
        end = (at[0] + float(rng.normal(0, 0.13)), at[1] + float(rng.uniform(0.06, 0.18)))
        branches.append(_bolt(rng, (at[0], at[1]), end, 0.03))
    core = brush.stroke(canvas, [trunk], width=0.0045)
    core = np.maximum(core, brush.stroke(canvas, branches, width=0.002) * np.float32(0.7))
    small = canvas.coarser()
    halo = brush.glow(small, (x, 0.10), radius=0.34, squash=1.4) * np.float32(0.42)
    light = np.minimum(1, brush.blur(canvas, core, 0.012) * np.float32(3.0)) * np.float32(0.7)
    mask = 1 - (1 - core) * (1 - light) * (1 - brush.enlarged(halo, canvas))
    tint = lighter(mix(palette.light, vivid(palette.sky, 1.4), 0.22), 0.04)
    paint = brush.lay(brush.flat(canvas, mix(tint, palette.sky, 0.25)), np.ones(3, np.float32), core)
    return brush.sheet(paint, np.clip(mask, 0, 1), depth=0.05)


def _bolt(
    rng: np.random.Generator, start: tuple[float, float], end: tuple[float, float], sway: float
) -> NDArray[np.float64]:
    """Return a jagged line between two points, halved six times."""
    line = np.array([start, end], np.float64)
    for _ in range(6):
        middle = (line[:-1] + line[1:]) / 2
        middle[:, 0] += rng.normal(0, sway, len(middle))
        line = np.insert(line, np.arange(1, len(line)), middle, axis=0)
        sway *= 0.52
    return line


def _lights(canvas: Canvas, palette: Palette, stage: Stage, rng: np.random.Generator, kind: Drift) -> Sheet:
    """Return glowing specks: dust around the light, fireflies over the ground, sparks rising."""
    count = {"dust": 150, "fireflies": 46, "sparks": 130}[kind]
    across, chance = rng.random(count), rng.random((count, 3))
    if kind == "dust":
        down, size, strong = chance[:, 0], 0.0012 + 0.0022 * chance[:, 1] ** 2, 0.25 + 0.4 * chance[:, 2]
    elif kind == "fireflies":
        down, size, strong = (
            stage.horizon + 0.3 * (chance[:, 0] - 0.35),
            0.0018 + 0.0026 * chance[:, 1],
            0.5 + 0.5 * chance[:, 2],
        )
    else:
        down, size, strong = (
            1 - 0.95 * chance[:, 0] ** 1.3,
            0.001 + 0.0026 * chance[:, 1] ** 2,
            0.5 + 0.5 * chance[:, 2],
        )
    core = brush.dots(canvas, np.column_stack([across, down, size, strong]))
    halo = np.minimum(1, brush.blur(canvas, core, 0.007) * np.float32(2.4 if kind == "dust" else 4.0)) * np.float32(0.6)
    tint = {"dust": palette.light, "fireflies": mix(palette.light, palette.glow, 0.5)}.get(
        kind, lighter(vivid(mix(palette.accent, palette.glow, 0.5), 1.3), 0.05)
    )
    paint: Paint = brush.lay(brush.flat(canvas, tint), palette.light, core)
    return brush.sheet(paint, 1 - (1 - core) * (1 - halo), depth=0.85)


def _petals(canvas: Canvas, palette: Palette, rng: np.random.Generator) -> Sheet:
    """Return petals on the wind: small drops turned every way."""
    polygons = []
    turn = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    shape = np.stack([np.cos(turn), 0.55 * np.sin(turn) * (1 - 0.35 * np.cos(turn))], 1)
    for _ in range(64):
        x, y, angle, flat = rng.random(), rng.random(), rng.uniform(0, 2 * np.pi), rng.uniform(0.35, 1.0)
        size = 0.004 + 0.010 * rng.random() ** 2
        cos, sin = np.cos(angle), np.sin(angle)
        points = (shape * (1, flat)) @ np.array([[cos, sin], [-sin, cos]]) * size
        polygons.append(points * (canvas.short / canvas.width, canvas.short / canvas.height) + (x, y))
    tint: Colour = lighter(mix(palette.accent, palette.light, 0.45), 0.05)
    return brush.sheet(brush.flat(canvas, tint), brush.fill(canvas, polygons) * np.float32(0.85), depth=0.88)
