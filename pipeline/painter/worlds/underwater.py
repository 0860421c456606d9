"""Underwater: shafts of light, caustics, reefs in the haze, kelp, shoals, bubbles; a whale, a ray or jellyfish."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painter import brush, sky
from pipeline.painter.canvas import Canvas, Colour, Mask, Paint, Point, Scenery, Sheet, Stage
from pipeline.painter.curves import Outline, curve, limb, moved
from pipeline.painter.palette import Palette, brightness, lighter, mix, vivid
from pipeline.storyboard import Framing, Hour, Picture

_PERSON: dict[Framing, float] = {"wide": 0.16, "medium": 0.26, "close": 0.46}
_LARGER: dict[Framing, float] = {"wide": 0.8, "medium": 1.1, "close": 1.6}
_BRIGHT: dict[Hour, float] = {"dawn": 0.74, "day": 0.80, "dusk": 0.68, "night": 0.52}  # lightness of the water on top
_SEA = np.array([0.62, 0.52, 0.10], np.float32)  # what water makes of every light
_BED = 0.80  # fraction down where the ground begins


def paint(picture: Picture, palette: Palette, *, canvas: Canvas, rng: np.random.Generator) -> Scenery:
    top, middle, deep = _waters(palette, picture.weather in ("storm", "fog", "rain"))
    sun = (float(rng.choice([0.3, 0.42, 0.58, 0.7])), -0.04)
    back = _depths(canvas, palette, rng, sun, (top, middle, deep))
    sheets = [
        brush.sheet(back, None, depth=0.0),
        _reef(
            canvas,
            rng,
            far=0.72,
            base=0.70,
            tall=0.20,
            colours=(mix(middle, deep, 0.45), mix(middle, deep, 0.2)),
            depth=0.18,
        ),
        _life(picture, canvas, palette, rng, (top, middle, deep), sun),
        _bed(canvas, palette, rng, (top, middle, deep), sun),
        _garden(canvas, palette, rng, (top, middle, deep)),
    ]
    feet = (float(np.clip(sun[0] + rng.normal(0, 0.06), 0.34, 0.66)), _BED + 0.06)
    stage = Stage(feet, _PERSON[picture.framing], 0.6, 4, sun, 0.70, sky=0.30)
    return Scenery(tuple(sheets), stage)


def _waters(palette: Palette, murky: bool) -> tuple[Colour, Colour, Colour]:
    """Return the water's colours near the light, half way down and in the deep."""
    share = 0.5 if palette.hour in ("day", "night") else 0.56
    top = mix(palette.glow, _SEA, share)
    middle = mix(palette.sky, _SEA, share + 0.08)
    deep = mix(palette.zenith, _SEA, share * 0.75)
    bright = _BRIGHT[palette.hour] - (0.06 if murky else 0.0)
    wanted = (bright, bright - 0.24, max(0.16, bright - 0.50))
    rich = 0.8 if murky else 1.12
    return tuple(vivid(lighter(c, w - brightness(c)), rich) for c, w in zip((top, middle, deep), wanted, strict=True))  # type: ignore[return-value]


def _depths(
    canvas: Canvas, palette: Palette, rng: np.random.Generator, sun: Point, water: tuple[Colour, Colour, Colour]
) -> Paint:
    """Return the water itself, its bright ceiling and the shafts of light in it."""
    top, middle, deep = water
    small = canvas.coarser()
    paint = brush.vertical(
        small, [(0.0, mix(top, middle, 0.35)), (0.40, middle), (0.85, deep), (1.0, lighter(deep, -0.03))]
    )
    near = brush.glow(small, sun, radius=0.55, squash=1.1)
    brush.lay(paint, top, near * np.float32(0.9))
    brush.shine(paint, palette.light, brush.glow(small, sun, radius=0.15, squash=1.3) * np.float32(0.85))
    ceiling = _caustics(small, rng, cells=5.0, stretch=2.6)
    high = np.clip(1 - small.rows / np.float32(0.16), 0, 1) ** 1.4
    brush.shine(paint, palette.light, (ceiling * high * np.float32(0.8)).astype(np.float32))
    shafts = sky.rays(small, rng, (sun[0], -0.22), reach=1.25)
    brush.shine(paint, mix(top, palette.light, 0.5), shafts * np.float32(0.62))
    return brush.enlarged(paint, canvas)


def _caustics(canvas: Canvas, rng: np.random.Generator, *, cells: float, stretch: float = 1.0) -> Mask:
    """Return the net of light that waves throw: bright where two folds of a field meet zero."""
    net = np.zeros((canvas.height, canvas.width), np.float32)
    for _ in range(2):
        field = brush.noise(canvas, rng, cells=cells, octaves=3, roughness=0.45, stretch=stretch)
        net += np.exp(-np.abs(field - np.float32(0.5)) / np.float32(0.022))
    return np.asarray(np.clip(net * 0.75, 0, 1), np.float32)


def _reef(
    canvas: Canvas,
    rng: np.random.Generator,
    *,
    far: float,
    base: float,
    tall: float,
    colours: tuple[Colour, Colour],
    depth: float,
) -> Sheet:
    """Return rocks far away: heaps at the sides, melting into the water downwards."""
    at = canvas.columns[0]
    heap = np.abs(at - 0.5) ** 1.3 * 2.4
    line = base - tall * (heap * brush.profile(rng, at, cells=5, octaves=6, roughness=0.55, sharp=0.3) * 1.7 - 0.12)
    paint = brush.vertical(
        canvas, [(0.0, colours[0]), (base - 0.06, colours[0]), (base + 0.14, colours[1]), (1.0, colours[1])]
    )
    mask = brush.below(canvas, line.astype(np.float32), soft=0.003)
    return brush.sheet(paint, mask * np.float32(1.0 - 0.25 * far), depth=depth)


# --- what lives there ---


def _life(
    picture: Picture,
    canvas: Canvas,
    palette: Palette,
    rng: np.random.Generator,
    water: tuple[Colour, Colour, Colour],
    sun: Point,
) -> Sheet:
    """Return a shoal, and one great animal in most pictures that have no other figure."""
    _, middle, deep = water
    large = _LARGER[picture.framing]
    outlines = _shoal(canvas, rng, (float(rng.uniform(0.3, 0.7)), float(rng.uniform(0.30, 0.52))), large)
    mask = brush.fill(canvas, outlines)
    paint = brush.flat(canvas, mix(deep, middle, 0.15))
    if rng.random() < 0.8:
        beast: Callable[[np.random.Generator], list[Outline]] = (_whale, _ray, _turtle)[int(rng.integers(3))]
        size = float(rng.uniform(0.40, 0.52)) * large
        size = size * (0.55 if picture.figure != "none" else 1.0)
        at = (1 - sun[0] + float(rng.normal(0, 0.04)), float(rng.uniform(0.26, 0.38)))
        shapes = [_placed(outline, canvas, at, size) for outline in beast(rng)]
        body = brush.fill(canvas, shapes)
        mask = np.maximum(mask, body)
        _lit_from_above(canvas, paint, body, mix(water[0], palette.light, 0.3), lighter(deep, -0.04), sun, at)
    else:
        glowing, halo = _jellies(canvas, rng, large)
        brush.lay(paint, lighter(mix(palette.accent, palette.light, 0.35), 0.05), np.clip(glowing + halo, 0, 1))
        mask = np.maximum(mask, np.clip(glowing * 0.75 + halo, 0, 1))
    return brush.sheet(paint, mask, depth=0.32)


def _placed(outline: Outline, canvas: Canvas, at: Point, size: float) -> NDArray[np.float64]:
    """Return an outline (a unit long, up is up) at a place of the canvas."""
    return np.asarray(outline * (size * canvas.short / canvas.width, -size * canvas.short / canvas.height) + at)


def _lit_from_above(canvas: Canvas, paint: Paint, body: Mask, lit: Colour, dark: Colour, sun: Point, at: Point) -> None:
    """Shade a body: dark, its back lighter where the light falls."""
    soft = brush.blur(canvas, body, 0.012)
    across, down = (at[0] - sun[0]) * canvas.width, (at[1] - sun[1]) * canvas.height
    reach = 0.016 * canvas.short / max(float(np.hypot(across, down)), 1.0)
    matrix = np.array([[1, 0, across * reach], [0, 1, down * reach]], np.float32)
    behind = np.asarray(cv2.warpAffine(soft, matrix, (canvas.width, canvas.height)), np.float32)
    brush.lay(paint, dark, body)
    brush.lay(paint, lit, np.clip((soft - behind) * 1.9, 0, 0.85) * body)


def _shoal(canvas: Canvas, rng: np.random.Generator, centre: Point, large: float) -> list[NDArray[np.float64]]:
    """Return many fish in one curved body, all turned the same way."""
    side = bool(rng.random() < 0.5)
    fish = np.vstack([
        curve([(0.5, 0.0), (0.25, 0.15), (-0.1, 0.15), (-0.36, 0.03), (-0.36, -0.03), (-0.1, -0.13), (0.25, -0.13)]),
    ])  # fmt: skip
    tail = np.array([(-0.32, 0.0), (-0.55, 0.17), (-0.47, 0.0), (-0.55, -0.17)])
    outlines = []
    bend = float(rng.uniform(-0.25, 0.25))
    for _ in range(int(60 + 20 * large)):
        along, aside = float(rng.normal(0, 0.5)), float(rng.normal(0, 1))
        x = centre[0] + along * 0.26
        y = centre[1] + bend * along * along * 0.5 + aside * 0.028 * (1.2 - min(abs(along), 1.0))
        size = float(rng.uniform(0.014, 0.028)) * large**0.5
        turn = float(rng.normal(0, 0.16)) - bend * along * (1 if side else -1)
        outlines += [_placed(moved(part, (0.0, 0.0), 1.0, turn, side), canvas, (x, y), size) for part in (fish, tail)]
    return outlines


def _whale(rng: np.random.Generator) -> list[Outline]:
    body = curve(
        [
            (0.5, 0.0),
            (0.44, 0.07),
            (0.28, 0.115),
            (0.08, 0.115),
            (-0.12, 0.075),
            (-0.30, 0.03),
            (-0.42, 0.02),
            (-0.42, -0.01),
            (-0.28, -0.03),
            (-0.08, -0.075),
            (0.14, -0.11),
            (0.34, -0.10),
            (0.46, -0.05),
        ]
    )
    fluke = curve(
        [
            (-0.39, 0.01),
            (-0.46, 0.05),
            (-0.56, 0.12),
            (-0.62, 0.13),
            (-0.62, 0.13),
            (-0.54, 0.03),
            (-0.52, 0.0),
            (-0.56, -0.05),
            (-0.56, -0.05),
            (-0.47, -0.03),
        ]
    )
    fin = limb([(0.20, -0.06), (0.12, -0.18), (0.0, -0.26)], (0.08, 0.07, 0.01))
    back = curve([(-0.16, 0.06), (-0.22, 0.095), (-0.26, 0.10), (-0.26, 0.10), (-0.25, 0.04)])
    turn, flip = float(rng.uniform(-0.15, 0.35)), bool(rng.random() < 0.5)
    return [moved(part, (0.0, 0.0), 1.0, -turn if flip else turn, flip) for part in (body, fluke, fin, back)]


def _ray(rng: np.random.Generator) -> list[Outline]:
    lift = float(rng.uniform(-0.05, 0.16))
    body = curve(
        [
            (0.0, 0.14),
            (0.06, 0.12),
            (0.16, 0.09 + lift * 0.5),
            (0.34, 0.05 + lift),
            (0.5, -0.06 + lift),
            (0.5, -0.06 + lift),
            (0.32, -0.06 + lift * 0.5),
            (0.14, -0.13),
            (0.03, -0.19),
            (0.0, -0.2),
            (-0.03, -0.19),
            (-0.14, -0.13),
            (-0.32, -0.06 + lift * 0.5),
            (-0.5, -0.06 + lift),
            (-0.5, -0.06 + lift),
            (-0.34, 0.05 + lift),
            (-0.16, 0.09 + lift * 0.5),
            (-0.06, 0.12),
        ]
    )
    tail = limb([(0.0, -0.18), (0.03, -0.34), (0.0, -0.5), (0.05, -0.62)], (0.022, 0.012, 0.008, 0.004))
    horns = [limb([(s * 0.035, 0.12), (s * 0.05, 0.18), (s * 0.03, 0.22)], (0.035, 0.026, 0.01)) for s in (-1, 1)]
    turn = float(rng.uniform(-0.5, 0.5))
    return [moved(part, (0.0, 0.0), 0.95, turn, False) for part in (body, tail, *horns)]


def _turtle(rng: np.random.Generator) -> list[Outline]:
    shell = curve(
        [
            (0.22, 0.02),
            (0.16, 0.12),
            (0.0, 0.16),
            (-0.16, 0.11),
            (-0.27, 0.0),
            (-0.2, -0.06),
            (0.0, -0.085),
            (0.16, -0.06),
        ]
    )
    head = limb([(0.18, 0.0), (0.28, 0.03), (0.36, 0.03)], (0.07, 0.07, 0.075))
    front = limb([(0.12, -0.03), (0.14, -0.19), (0.04, -0.34)], (0.09, 0.10, 0.02))
    other = limb([(0.14, 0.03), (0.26, 0.14), (0.25, 0.30)], (0.06, 0.075, 0.02))
    rear = limb([(-0.2, -0.01), (-0.32, -0.08), (-0.42, -0.09)], (0.07, 0.07, 0.02))
    turn, flip = float(rng.uniform(0.0, 0.45)), bool(rng.random() < 0.5)
    return [moved(part, (0.0, 0.0), 0.8, -turn if flip else turn, flip) for part in (shell, head, front, other, rear)]


def _jellies(canvas: Canvas, rng: np.random.Generator, large: float) -> tuple[Mask, Mask]:
    """Return jellyfish and the light around them."""
    bells, threads = [], []
    for number in range(4):
        at = (float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.18, 0.55)))
        size = (0.20 if number == 0 else float(rng.uniform(0.06, 0.12))) * large
        tilt = float(rng.uniform(-0.25, 0.25))
        bell = curve(
            [
                (-0.5, 0.0),
                (-0.5, 0.0),
                (-0.46, 0.28),
                (-0.25, 0.5),
                (0.0, 0.56),
                (0.25, 0.5),
                (0.46, 0.28),
                (0.5, 0.0),
                (0.5, 0.0),
                (0.25, 0.07),
                (0.0, 0.03),
                (-0.25, 0.07),
            ]
        )
        bells.append(_placed(moved(bell, (0.0, 0.0), 1.0, tilt, False), canvas, at, size))
        for x in np.linspace(-0.4, 0.4, 7):
            sway = rng.uniform(-0.16, 0.16, 3)
            long = float(rng.uniform(0.9, 1.7))
            joints = [
                (x, 0.04),
                (x * 0.9 + sway[0], -0.3 * long),
                (x * 0.8 + sway[1], -0.65 * long),
                (x * 0.7 + sway[2], -long),
            ]
            threads.append(
                _placed(moved(limb(joints, (0.05, 0.035, 0.02, 0.006)), (0.0, 0.0), 1.0, tilt, False), canvas, at, size)
            )
    bodies = brush.fill(canvas, bells)
    rim = np.clip(bodies - brush.blur(canvas, bodies, 0.014) * np.float32(0.9), 0, 1)
    mask = np.maximum(bodies * np.float32(0.30) + rim * np.float32(0.9), brush.fill(canvas, threads) * np.float32(0.38))
    return mask, np.minimum(1, brush.blur(canvas, mask, 0.03) * np.float32(0.8))


# --- the ground ---


def _bed(
    canvas: Canvas, palette: Palette, rng: np.random.Generator, water: tuple[Colour, Colour, Colour], sun: Point
) -> Sheet:
    """Return sand with the net of light on it, melting into the water behind."""
    top, middle, deep = water
    small = canvas.coarser()
    edge = _BED - 0.02 + 0.05 * (brush.profile(rng, canvas.columns[0], cells=2, octaves=4) - 0.5)
    near = np.clip((small.rows - np.float32(_BED - 0.05)) / np.float32(1.06 - _BED), 0, 1)
    sand = mix(mix(palette.light, middle, 0.55), deep, 0.38)
    paint = brush.gradient(
        np.repeat(near, small.width, axis=1),
        [(0.0, mix(middle, deep, 0.25)), (0.3, mix(sand, deep, 0.25)), (1.0, lighter(deep, -0.02))],
    )
    away = cv2.resize(
        _caustics(small, rng, cells=4.0, stretch=2.8),
        (small.width, max(2, small.height // 3)),
        interpolation=cv2.INTER_AREA,
    )
    net = np.zeros((small.height, small.width), np.float32)
    net[small.height - away.shape[0] :] = away
    spread = brush.glow(small, (sun[0], _BED + 0.05), radius=0.5, squash=1.6)
    brush.shine(paint, top, net * spread * np.float32(0.55) * np.sqrt(np.clip(near, 0, 1)))
    return brush.sheet(
        brush.enlarged(paint, canvas), brush.below(canvas, edge.astype(np.float32), soft=0.02), depth=0.55
    )


def _garden(canvas: Canvas, palette: Palette, rng: np.random.Generator, water: tuple[Colour, Colour, Colour]) -> Sheet:
    """Return what frames the view: kelp and coral at the sides, dark, and bubbles rising."""
    _, middle, deep = water
    dark = lighter(mix(deep, palette.ink, 0.45), -0.01)
    outlines: list[NDArray[np.float64]] = []
    heavy = float(rng.choice([-1.0, 1.0]))
    for side in (-1.0, 1.0):
        for _ in range(6 if side == heavy else 3):
            x = 0.5 + side * float(rng.uniform(0.34, 0.52))
            tall = float(rng.uniform(0.25, 0.75 if side == heavy else 0.45)) / max(1.0, canvas.down**0.3)
            outlines += _kelp(canvas, rng, x, tall)
        outlines += _coral(canvas, rng, 0.5 + side * 0.40)
    mask = brush.fill(canvas, outlines)
    paint = brush.vertical(canvas, [(0.0, mix(dark, middle, 0.35)), (0.6, mix(dark, middle, 0.12)), (1.0, dark)])
    line = (
        0.965
        - 0.05 * np.abs(canvas.columns[0] - 0.5) * 2
        + 0.02 * brush.profile(rng, canvas.columns[0], cells=9, octaves=4)
    )
    mask = np.maximum(mask, brush.below(canvas, line.astype(np.float32)))
    rings, shine = _bubbles(canvas, rng)
    brush.lay(paint, mix(water[0], palette.light, 0.5), np.clip(rings * 2, 0, 1) * (1 - mask))
    return brush.sheet(brush.lay(paint, palette.light, shine), np.maximum(mask, np.maximum(rings, shine)), depth=0.85)


def _kelp(canvas: Canvas, rng: np.random.Generator, x: float, tall: float) -> list[NDArray[np.float64]]:
    """Return one stem of kelp with its leaves, swaying."""
    unit = canvas.short / canvas.width
    steps = 16
    up = np.linspace(0, 1, steps)
    sway = (
        0.05 * np.sin(up * float(rng.uniform(3, 6)) + float(rng.uniform(0, 6.28))) * up
        + float(rng.normal(0, 0.06)) * up**2
    )
    joints = np.stack([x + sway * 1.6 * unit, 1.0 - tall * up], 1)
    scale = np.array([canvas.width, -canvas.height]) / canvas.short
    stem = limb(joints * scale, (0.012, 0.010, 0.006, 0.002))
    parts = [stem / scale]
    for place in range(2, steps - 1):
        for side in (-1, 1):
            long, droop = float(rng.uniform(0.045, 0.08)) * (1.1 - 0.5 * up[place]), float(rng.uniform(0.2, 0.9))
            start = joints[place] * scale
            tip = start + long * np.array([side * np.cos(droop), np.sin(droop)])
            middle = (start + tip) / 2 + (0, -0.008)
            parts.append(limb([start, middle, tip], (0.004, 0.017, 0.002)) / scale)
    return parts


def _coral(canvas: Canvas, rng: np.random.Generator, x: float) -> list[NDArray[np.float64]]:
    """Return a bush of coral: branches that fork, blunt at their ends."""
    scale = np.array([canvas.width, -canvas.height]) / canvas.short
    parts = []

    def grow(at: NDArray[np.float64], angle: float, long: float, left: int) -> None:
        end = at + long * np.array([np.cos(angle), np.sin(angle)])
        parts.append(limb([at, (at + end) / 2, end], (0.016 + 0.003 * left, 0.014 + 0.003 * left, 0.015)) / scale)
        if left:
            for turn in (-1, 1):
                grow(end, angle + turn * float(rng.uniform(0.25, 0.6)), long * float(rng.uniform(0.65, 0.9)), left - 1)

    for _ in range(3):
        root = np.array([x + float(rng.normal(0, 0.05)), 0.96]) * scale
        grow(root, float(rng.uniform(1.1, 2.0)), 0.055, 3)
    return parts


def _bubbles(canvas: Canvas, rng: np.random.Generator) -> tuple[Mask, Mask]:
    """Return bubbles as rings with a highlight, in a few rising strings."""
    spots = []
    for _ in range(4):
        x, low = float(rng.uniform(0.15, 0.85)), float(rng.uniform(0.45, 0.9))
        for step in range(9):
            spots.append(
                (
                    x + float(rng.normal(0, 0.012)),
                    low - 0.035 * step - float(rng.uniform(0, 0.02)),
                    float(rng.uniform(0.002, 0.004 + 0.0009 * step)),
                    0.55,
                )
            )
    full = np.array(spots)
    rings = np.clip(brush.dots(canvas, full) - brush.dots(canvas, full * (1, 1, 0.72, 0.8)), 0, 1)
    inner = full * (1, 1, 0.28, 1.5) + (-0.0012, -0.0010, 0, 0)
    return rings, np.clip(brush.dots(canvas, inner), 0, 0.8)
