"""Desert: dunes with a sharp crest between light and shade, or table mountains over a plain with cacti."""

from __future__ import annotations

import numpy as np

from pipeline.painter import brush, land, sky, terrain, trees
from pipeline.painter.canvas import Canvas, Colour, Mask, Paint, Scenery, Sheet, Stage
from pipeline.painter.palette import Palette, lighter, mix, vivid
from pipeline.painter.sky import Light
from pipeline.painter.terrain import Camera, Field
from pipeline.storyboard import Picture


def paint(picture: Picture, palette: Palette, *, canvas: Canvas, rng: np.random.Generator) -> Scenery:
    """Return dunes or mesas under a wide sky."""
    horizon = float(rng.uniform(0.50, 0.58))
    airs, far, middle, front = rng.spawn(4)
    sun = sky.light(rng, picture.hour, picture.weather, horizon=horizon - 0.02)
    sheets = [brush.sheet(sky.sky(canvas, palette, sun, picture.weather, airs, horizon=horizon), None, depth=0.0)]
    rocky = rng.random() < 0.45
    if rocky:
        sheets += _tables(canvas, palette, sun, far, horizon)
        sheets.append(_plain(canvas, palette, sun, middle, horizon))
    else:
        sheets.append(_dunes(canvas, palette, sun, far, horizon, range(0, 2), 0.16))
        sheets.append(_dunes(canvas, palette, sun, middle, horizon, range(2, 4), 0.4))
        sheets.append(_dunes(canvas, palette, sun, middle, horizon, range(4, 5), 0.62))
    slot = len(sheets)
    sheets.append(_front(canvas, palette, sun, front, picture, rocky=rocky))
    feet = (0.5 - 0.14 * sun.side, 0.76)
    return Scenery(tuple(sheets), Stage(feet, 0.11, 0.6, slot, sun.at, horizon))


def _sand(palette: Palette) -> tuple[Colour, Colour]:
    """Return sand in shade and in light: warm, whatever the sky is."""
    warm = mix(palette.glow, palette.accent, 0.18)
    if palette.hour == "night":
        return mix(palette.ink, palette.shade, 0.75), mix(palette.shade, palette.glow, 0.42)
    return mix(palette.shade, palette.accent, 0.10), mix(vivid(warm, 1.1), palette.shade, 0.10)


def _dunes(
    canvas: Canvas, palette: Palette, sun: Light, rng: np.random.Generator, horizon: float, rows: range, depth: float
) -> Sheet:
    """Return rows of dunes, the farther the paler; row 0 lies on the horizon, row 4 before one's feet."""
    whole, cover = brush.flat(canvas, palette.haze), np.zeros((canvas.height, canvas.width), np.float32)
    for row in rows:
        base = horizon + (0.015, 0.05, 0.12, 0.24, 0.40)[row]
        tall = (0.035, 0.06, 0.085, 0.11, 0.12)[row] * canvas.down**0.15
        paint, mask = _dune(canvas, palette, sun, rng, base=base, tall=tall, count=(4, 3, 2, 2, 1)[row], near=row / 4)
        whole, cover = brush.lay(whole, paint, mask), np.maximum(cover, mask)
    return brush.sheet(whole, cover, depth=depth)


def _dune(
    canvas: Canvas,
    palette: Palette,
    sun: Light,
    rng: np.random.Generator,
    *,
    base: float,
    tall: float,
    count: int,
    near: float,
) -> tuple[Paint, Mask]:
    """Return one row: from every summit a winding crest runs down, light on one side of it and shade on the other."""
    at = land.columns(canvas)
    away = -1.0 if sun.side > 0 else 1.0
    dark, lit = _sand(palette)
    line = base - 0.3 * tall * brush.profile(rng, at, cells=2, octaves=2)
    shade = np.zeros((canvas.height, canvas.width), np.float32)
    bright = np.zeros_like(shade)
    for number in range(count):
        top = (number + float(rng.uniform(0.25, 0.75))) / count
        high, broad = tall * float(rng.uniform(0.55, 1.0)), float(rng.uniform(0.34, 0.6)) / count**0.5
        side = (at - top) / (broad * np.where((at - top) * away > 0, 0.62, 1.25))
        hill = base - high * np.exp(-1.2 * (np.sqrt(side * side + 0.02) - 0.14))
        line = np.minimum(line, hill)
        down = np.clip((canvas.rows - (base - high)) / np.float32(high * 2.6), 0, 1.6)
        swing, phase = float(rng.uniform(0.25, 0.6)), float(rng.uniform(-0.6, 0.6))
        crest = top + broad * (away * 0.75 * down**1.25 + swing * down * np.sin(4.2 * down + phase))
        out = (canvas.columns - crest) * away
        soft = np.float32(0.9 / canvas.width)
        reach = broad * (0.55 + 0.75 * down)
        slip = (
            np.clip(out / soft + 0.5, 0, 1) * np.clip(1 - out / reach, 0, 1) ** 0.8 * np.clip(1.25 - down, 0, 1) ** 0.7
        )
        shade = np.maximum(shade, slip.astype(np.float32))
        lee = (
            np.clip(-out / soft + 0.5, 0, 1)
            * np.exp(-np.clip(-out, 0, None) / (broad * 0.35))
            * np.clip(1.4 - down, 0, 1)
        )
        bright = np.maximum(bright, lee.astype(np.float32))
    line = line.astype(np.float32)
    under = np.clip((canvas.rows - line[None, :]) / np.float32(tall * 2.4), 0, 1)
    ripple = brush.noise(canvas, rng, cells=34 - 14 * near, octaves=3, stretch=7) - np.float32(0.5)
    body = mix(lit, dark, 0.26)
    paint = land.between(mix(lit, dark, 0.12), mix(body, dark, 0.42), (under + 0.35 * ripple * near).astype(np.float32))
    brush.lay(paint, lit, bright * np.float32(0.85))
    brush.darken(paint, under.astype(np.float32), 0.22 * near)
    brush.lay(paint, mix(dark, palette.ink, 0.10 + 0.2 * near), shade * np.float32(0.88))
    melted = np.float32((1 - near) ** 1.3 * 0.62)
    brush.lay(
        paint,
        mix(palette.haze, palette.horizon, 0.45),
        np.clip(melted + 0.16 * under * (1 - near), 0, 1).astype(np.float32),
    )
    return paint, brush.below(canvas, line)


def _tables(canvas: Canvas, palette: Palette, sun: Light, rng: np.random.Generator, horizon: float) -> list[Sheet]:
    """Return two rows of table mountains with layered rock, the nearer one taller."""
    sheets = []
    for number in range(2):
        base = horizon + 0.012 + 0.02 * number
        tall = (0.10 + 0.09 * number) * canvas.down**-0.2
        line = land.mesas(canvas, rng, base=base, tall=tall, count=4 - number)
        dark, lit = _sand(palette)
        rock = mix(mix(dark, palette.shade, 0.4), palette.haze, 0.55 - 0.38 * number)
        paint = land.slope(canvas, palette, sun, line, rock, mist=0.5, reach=tall * 1.2)
        strata = brush.profile(rng, np.linspace(0, 1, canvas.height), cells=70, octaves=2)
        flank = brush.noise(canvas, rng, cells=24, octaves=3, stretch=0.25)
        facing = np.clip(
            (np.gradient(brush.profile(rng, land.columns(canvas), cells=9, octaves=3)) * canvas.width / 9), -1, 1
        )
        tone = np.clip(0.5 + 0.5 * np.sign(sun.side or 1) * facing[None, :] + (flank - 0.5) * 0.9, 0, 1)
        brush.lay(paint, mix(lit, palette.haze, 0.4 - 0.3 * number), brush.step(tone, 0.55, 0.75) * np.float32(0.55))
        brush.darken(paint, np.broadcast_to(brush.step(strata, 0.52, 0.64)[:, None], tone.shape), 0.09)
        sheets.append(brush.sheet(paint, brush.below(canvas, line), depth=0.12 + 0.12 * number))
    return sheets


def _plain(canvas: Canvas, palette: Palette, sun: Light, rng: np.random.Generator, horizon: float) -> Sheet:
    """Return the flat ground with scrub that gets larger as it comes near."""
    camera = Camera(0.34, horizon)
    seed = int(rng.integers(2**31))

    def height(x: Field, z: Field) -> Field:
        return np.asarray(0.09 * brush.plane(np.random.default_rng(seed), x * 0.8, z * 0.8, octaves=3), np.float32)

    ground = terrain.survey(canvas, camera, height, near=0.0, far=12.0, slices=240)
    dark, lit = _sand(palette)
    patches = brush.plane(rng, ground.x * 1.8, ground.z * 1.8, octaves=6, roughness=0.62)
    paint = land.between(mix(dark, palette.ink, 0.2), mix(lit, dark, 0.35), brush.step(patches, 0.25, 0.8))
    scrub = brush.plane(rng, ground.x * 26, ground.z * 12, octaves=3)
    brush.lay(paint, mix(palette.shade, palette.ink, 0.55), brush.step(scrub + 0.3 * (patches - 0.5), 0.66, 0.71) * 0.8)
    away = terrain.haze(ground, thick=0.10)
    return terrain.sheet(
        canvas, ground, brush.lay(paint, mix(palette.haze, palette.horizon, 0.3), np.clip(away, 0, 0.9)), depth=0.45
    )


def _front(
    canvas: Canvas, palette: Palette, sun: Light, rng: np.random.Generator, picture: Picture, *, rocky: bool
) -> Sheet:
    """Return the foreground: a dark rise with cacti and rocks, or the shoulder of the nearest dune with dry grass."""
    at = land.columns(canvas)
    side = -1.0 if sun.side > 0 else 1.0
    line = 0.93 - 0.07 * side * (at - 0.5) * 2 + 0.03 * (0.5 - brush.profile(rng, at, cells=2.5, octaves=3))
    line = line.astype(np.float32)
    outlines = []
    if rocky:
        big = {"wide": 0.42, "medium": 0.58, "close": 0.9}[picture.framing]
        for place in range(3):
            x = 0.5 + side * (0.33 - 0.12 * place) * (1 if place < 2 else -1.3)
            tall = big * float(rng.uniform(0.8, 1.1)) * (1, 0.6, 0.42)[place]
            outlines += trees.cactus(canvas, rng, (x, float(np.interp(x, at, line)) + 0.01), tall=tall)
        for _ in range(7):
            x = float(rng.uniform(0, 1))
            tall = float(rng.uniform(0.015, 0.05))
            outlines.append(
                trees.rock(canvas, rng, (x, float(np.interp(x, at, line)) + 0.005), tall=tall, wide=tall * 2)
            )
    count = 160 if rocky else 300
    tall = {"wide": 0.05, "medium": 0.09, "close": 0.26}[picture.framing]
    outlines += trees.blades(canvas, rng, line, count=count, tall=tall, lean=0.35, clumps=4)
    mask = np.maximum(brush.fill(canvas, outlines), brush.below(canvas, line))
    shade = land.dark(canvas, palette, sun, lift=0.25)
    dark, lit = _sand(palette)
    brush.lay(shade, mix(dark, lit, 0.25), land.lit_side(canvas, sun, mask) * np.float32(0.8))
    brush.lay(shade, lighter(dark, -0.08), np.float32(0.35) * brush.below(canvas, line))
    return brush.sheet(shade, mask, depth=0.95)
