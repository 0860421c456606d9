"""Weather before a scenery: rain in depth, snow, fog banks, lightning; and what drifts in the air by mood.

What falls or drifts lies on two sheets, one nearer and faster than the other. Such a sheet is endless: what leaves it
on one side is painted on the other side too, so that it can go round and round while the camera looks on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
_SLANT = 0.16  # of rain: across per down; it falls along its streaks
_AROUND = [(across, down) for across in (-1, 0, 1) for down in (-1, 0, 1)]  # a sheet and its neighbours, all the same


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
        return Air([], [_mist(canvas, palette, stage, rng, 0.35)], _rain(canvas, palette, rng, heavy=False))
    if kind == "storm":
        return Air([_lightning(canvas, palette, stage, rng)], [], _rain(canvas, palette, rng, heavy=True))
    if kind == "snow":
        return Air([], [_mist(canvas, palette, stage, rng, 0.3)], _snow(canvas, palette, rng))
    if kind == "fog":
        return _fog(canvas, palette, stage, rng)
    mood = drifting(picture.valence, picture.arousal, palette) if rng.random() < _DRIFT_SHARE else "none"
    return Air([], [], drift(mood, stage, palette, canvas=canvas, rng=rng))


def drift(kind: Drift, stage: Stage, palette: Palette, *, canvas: Canvas, rng: np.random.Generator) -> list[Sheet]:
    """Return sheets of small things in the air: dust in light, fireflies, sparks, petals."""
    if kind == "none":
        return []
    side = _side(rng)
    # across and down, far and near: dust hangs, fireflies roam, sparks rise, petals fall
    far, near = {
        "dust": ((-0.006 * side, 0.004), (0.012 * side, -0.007)),
        "fireflies": ((-0.008 * side, 0.0), (0.014 * side, 0.0)),
        "sparks": ((0.012 * side, -0.055), (-0.02 * side, -0.11)),
        "petals": ((0.035 * side, 0.05), (0.06 * side, 0.09)),
    }[kind]
    sheets = []
    for share, way, depth in ((0.5, far, 0.8), (0.5, near, 0.9)):
        if kind == "petals":
            sheet = _petals(canvas, palette, rng, share)
        else:
            sheet = _lights(canvas, palette, stage, rng, kind, share)
        sheets.append(replace(sheet, depth=depth, drift=way))
    return sheets


def drifting(valence: float, arousal: float, palette: Palette) -> Drift:
    """Return what drifts in the air in a mood: sparks where it is wild, petals where glad, else dust or nothing."""
    if arousal > 0.45:
        return "sparks" if palette.hour in ("night", "dusk") else "dust"
    if valence > 0.35:
        return "fireflies" if palette.hour in ("night", "dusk") else "petals"
    return "dust" if palette.hour in ("dawn", "dusk") else "none"


def _blank(canvas: Canvas) -> Mask:
    return np.zeros((canvas.height, canvas.width), np.float32)


def _side(rng: np.random.Generator) -> int:
    return 1 if rng.random() < 0.5 else -1


def _rain(canvas: Canvas, palette: Palette, rng: np.random.Generator, *, heavy: bool) -> list[Sheet]:
    """Return streaks in two distances: many fine ones far away, fewer long bright ones near and faster."""
    slant = _SLANT * (2.0 if heavy else 1.0) * _side(rng)
    many, haste = (1.7, 1.25) if heavy else (1.0, 1.0)
    tint = mix(palette.light, palette.haze, 0.35)
    # (streaks, length, width, strength): lengths and widths in shorter sides
    far = ((480, 0.04, 0.0011, 0.2), (110, 0.065, 0.0015, 0.26))
    near = ((90, 0.09, 0.0018, 0.32), (60, 0.18, 0.0026, 0.36))
    sheets = []
    for kinds, veil, speed, depth in ((far, 0.04, 0.75, 0.75), (near, 0.0, 1.4, 0.9)):
        mask = _blank(canvas)
        for count, long, wide, strong in kinds:
            start = rng.random((int(count * many), 2))
            length = long * rng.uniform(0.6, 1.3, len(start)) * canvas.short
            way = length[:, None] * (slant / canvas.width, 1 / canvas.height)
            mask = mask + (1 - mask) * _streaks(canvas, start, start + way, wide) * np.float32(strong)
        veil *= 1.5 if heavy else 1.0
        speed *= haste * rng.uniform(0.95, 1.1)
        sheet = brush.sheet(brush.flat(canvas, tint), mask + np.float32(veil), depth=depth)
        sheets.append(replace(sheet, drift=_falling(canvas, speed, slant)))
    return sheets


def _falling(canvas: Canvas, speed: float, slant: float) -> tuple[float, float]:
    """Return the drift of what falls so many heights a second, and `slant` as far across as down."""
    return speed * slant / canvas.aspect, speed


def _streaks(canvas: Canvas, start: NDArray[np.float64], end: NDArray[np.float64], wide: float) -> Mask:
    """Return lines as an endless mask; those thinner than a pixel are fainter instead."""
    scale = 2 if canvas.short < 700 else 1
    mask = np.zeros((canvas.height * scale, canvas.width * scale), np.uint8)
    size = (mask.shape[1], mask.shape[0])
    pixels = wide * canvas.short * scale
    ends = np.concatenate([np.stack([start, end], 1) + by for by in _AROUND])
    lines = np.round(ends * size * 16).astype(np.int32)
    cv2.polylines(mask, list(lines), False, 255, max(1, round(pixels)), cv2.LINE_AA, 4)
    if scale > 1:
        mask = np.asarray(cv2.resize(mask, (canvas.width, canvas.height), interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(mask, np.float32) * np.float32(min(1.0, max(0.35, pixels)) / 255)


def _snow(canvas: Canvas, palette: Palette, rng: np.random.Generator) -> list[Sheet]:
    """Return flakes: fine far ones, round near ones, a few large and out of focus."""
    white = lighter(palette.light, max(0.0, 0.93 - brightness(palette.light)))
    paint = brush.flat(canvas, mix(white, palette.haze, 0.08))
    wind = rng.uniform(0.05, 0.35) * _side(rng)
    # (flakes, radius, strength): far ones, near ones
    kinds = ((900, 0.0016, 0.75), (220, 0.0034, 0.9)), ((110, 0.004, 0.9), (90, 0.0075, 0.75))
    sheets = []
    for number, (flakes, speed, depth) in enumerate(zip(kinds, (0.085, 0.16), (0.75, 0.9), strict=True)):
        mask = _blank(canvas)
        for count, size, strong in flakes:
            spots = np.column_stack([
                rng.random((count, 2)), size * rng.uniform(0.6, 1.4, count), strong * rng.uniform(0.5, 1.0, count)
            ])  # fmt: skip
            mask = np.maximum(mask, _dots(canvas, spots))
        if number:
            large = np.column_stack([rng.random((16, 2)), rng.uniform(0.014, 0.03, 16), rng.uniform(0.15, 0.35, 16)])
            mask = np.maximum(mask, _soft(canvas, _dots(canvas, large), 0.004))
        sheet = brush.sheet(paint, mask, depth=depth)
        sheets.append(replace(sheet, drift=_falling(canvas, speed * rng.uniform(0.95, 1.15), wind * (1 + number / 3))))
    return sheets


def _dots(canvas: Canvas, spots: NDArray[np.float64]) -> Mask:
    """Return round spots on an endless sheet."""
    return brush.dots(canvas, np.concatenate([spots + np.array([*by, 0, 0]) for by in _AROUND]))


def _soft(canvas: Canvas, mask: Mask, radius: float) -> Mask:
    """Return an endless mask softened, endless still."""
    spare = round(4 * radius * canvas.short) + 1
    wider = np.asarray(cv2.copyMakeBorder(mask, spare, spare, spare, spare, cv2.BORDER_WRAP), np.float32)
    return brush.blur(canvas, wider, radius)[spare:-spare, spare:-spare]


def _mist(canvas: Canvas, palette: Palette, stage: Stage, rng: np.random.Generator, thick: float) -> Sheet:
    """Return banks of fog over the ground, and a thin veil over everything."""
    small = canvas.coarser()
    field = brush.noise(small, rng, cells=1.8, octaves=4, stretch=3.2, roughness=0.5)
    mask = np.clip(_veil(small, field, thick) + _bank(small, field, stage, thick), 0, 0.92)
    return _hazy(canvas, palette, stage, mask)


def _fog(canvas: Canvas, palette: Palette, stage: Stage, rng: np.random.Generator) -> Air:
    """Return a veil that stands, and banks that move through the picture, behind the figure and before everything."""
    small, side = canvas.coarser(), _side(rng)
    field = brush.noise(small, rng, cells=1.8, octaves=4, stretch=3.2, roughness=0.5)
    veil = _hazy(canvas, palette, stage, _veil(small, field, 1.3))
    banks = []
    for thick, speed, depth in ((1.0, 0.013, 0.6), (0.65, 0.027, 0.9)):
        mask = np.clip(_bank(small, _endless(small, rng), stage, thick), 0, 0.92)
        paint = brush.flat(canvas, mix(palette.haze, palette.glow, 0.12))
        sheet = brush.sheet(paint, brush.enlarged(mask, canvas), depth=depth)
        banks.append(replace(sheet, drift=(side * speed * rng.uniform(0.9, 1.1), 0.0)))
    return Air([], [veil, banks[0]], [banks[1]])


def _veil(canvas: Canvas, field: Mask, thick: float) -> Mask:
    light = np.float32(0.30 * thick) * (0.65 + 0.35 * field)
    return np.asarray(light * (1 - 0.45 * brush.step(canvas.rows, 0.75, 1.0)), np.float32)


def _bank(canvas: Canvas, field: Mask, stage: Stage, thick: float) -> Mask:
    low = np.exp(-(((canvas.rows - np.float32(stage.horizon + 0.04)) / np.float32(0.20)) ** 2))
    return np.asarray(brush.step(field, 0.30, 0.72) * low * np.float32(0.75 * thick), np.float32)


def _hazy(canvas: Canvas, palette: Palette, stage: Stage, mask: Mask) -> Sheet:
    """Return haze where the mask is, lit around the light; the mask may be of a coarser canvas."""
    small = canvas.coarser()
    paint = brush.flat(small, palette.haze)
    near = brush.glow(small, stage.light, radius=0.5)
    brush.lay(paint, mix(palette.haze, palette.glow, 0.55), near * np.float32(0.8))
    return brush.sheet(brush.enlarged(paint, canvas), brush.enlarged(mask, canvas), depth=0.6)


def _endless(canvas: Canvas, rng: np.random.Generator) -> Mask:
    """Return noise whose left edge goes on at its right one: one field in the middle, another one's middle around."""
    inner, outer = (brush.noise(canvas, rng, cells=1.8, octaves=4, stretch=3.2, roughness=0.5) - 0.5 for _ in range(2))
    outer = np.roll(outer, canvas.width // 2, axis=1)
    turn = np.pi * canvas.columns
    share = np.sin(turn) ** 2
    even = np.sqrt(share**2 + (1 - share) ** 2)  # as rough where they meet as elsewhere
    return np.asarray(0.5 + (inner * share + outer * (1 - share)) / even, np.float32)


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


def _lights(
    canvas: Canvas, palette: Palette, stage: Stage, rng: np.random.Generator, kind: Drift, share: float
) -> Sheet:
    """Return glowing specks: dust anywhere, fireflies over the ground, sparks."""
    count = round({"dust": 150, "fireflies": 46, "sparks": 130}[kind] * share)
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
            chance[:, 0],
            0.001 + 0.0026 * chance[:, 1] ** 2,
            0.5 + 0.5 * chance[:, 2],
        )
    core = _dots(canvas, np.column_stack([across, down, size, strong]))
    halo = np.minimum(1, _soft(canvas, core, 0.007) * np.float32(2.4 if kind == "dust" else 4.0)) * np.float32(0.6)
    tint = {"dust": palette.light, "fireflies": mix(palette.light, palette.glow, 0.5)}.get(
        kind, lighter(vivid(mix(palette.accent, palette.glow, 0.5), 1.3), 0.05)
    )
    paint: Paint = brush.lay(brush.flat(canvas, tint), palette.light, core)
    return brush.sheet(paint, 1 - (1 - core) * (1 - halo), depth=0.85)


def _petals(canvas: Canvas, palette: Palette, rng: np.random.Generator, share: float) -> Sheet:
    """Return petals on the wind: small drops turned every way."""
    polygons = []
    turn = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    shape = np.stack([np.cos(turn), 0.55 * np.sin(turn) * (1 - 0.35 * np.cos(turn))], 1)
    for _ in range(round(64 * share)):
        x, y, angle, flat = rng.random(), rng.random(), rng.uniform(0, 2 * np.pi), rng.uniform(0.35, 1.0)
        size = 0.004 + 0.010 * rng.random() ** 2
        cos, sin = np.cos(angle), np.sin(angle)
        points = (shape * (1, flat)) @ np.array([[cos, sin], [-sin, cos]]) * size
        shape_at = points * (canvas.short / canvas.width, canvas.short / canvas.height) + (x, y)
        polygons += [shape_at + by for by in _AROUND]
    tint: Colour = lighter(mix(palette.accent, palette.light, 0.45), 0.05)
    return brush.sheet(brush.flat(canvas, tint), brush.fill(canvas, polygons) * np.float32(0.85), depth=0.88)
