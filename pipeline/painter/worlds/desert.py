"""Desert: dunes with a sharp crest between light and shade, or table mountains over a plain with cacti."""

from __future__ import annotations

import numpy as np

from pipeline.painter import brush, land, sky, terrain, trees
from pipeline.painter.canvas import Canvas, Colour, Paint, Scenery, Sheet, Stage
from pipeline.painter.palette import Palette, lighter, mix, vivid
from pipeline.painter.sky import Light
from pipeline.painter.terrain import Camera, Field, Ground
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
        sheets.append(_dunes(canvas, palette, sun, far, horizon, near=6.0, far=24.0, tall=1.7, depth=0.18))
        sheets.append(_dunes(canvas, palette, sun, middle, horizon, near=0.0, far=7.0, tall=0.62, depth=0.5))
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
    canvas: Canvas,
    palette: Palette,
    sun: Light,
    rng: np.random.Generator,
    horizon: float,
    *,
    near: float,
    far: float,
    tall: float,
    depth: float,
) -> Sheet:
    """Return a stretch of dunes: broad windward backs, slip faces in the shade."""
    camera = Camera(float(rng.uniform(0.75, 1.05)) * (1.0 if near < 5 else 1.7), horizon)
    seed, grain = int(rng.integers(2**31)), rng.spawn(1)[0]
    turn, phase = float(rng.choice([-1, 1])) * float(rng.uniform(0.5, 1.1)), float(rng.random())
    size = np.float32(0.62 if near < 5 else 0.30)

    def height(x: Field, z: Field) -> Field:
        chance = np.random.default_rng(seed)
        bend = brush.plane(chance, x * size * 0.5, z * size * 0.5, octaves=2) - np.float32(0.5)
        crest = brush.plane(
            chance, x * size * 0.55 + bend * 1.6, z * size + bend, octaves=2, roughness=0.3, ridged=True
        )
        swell = brush.plane(chance, x * size * 0.3, z * size * 0.3, octaves=2)
        return np.asarray(tall * (0.75 * crest * (0.4 + swell) + 0.35 * swell), np.float32)

    ground = terrain.survey(canvas, camera, height, near=near, far=far, slices=240)
    return terrain.sheet(canvas, ground, _sand_paint(ground, palette, sun, grain), depth=depth)


def _sand_paint(ground: Ground, palette: Palette, sun: Light, rng: np.random.Generator) -> Paint:
    light = ground.lit(((sun.side or 0.5) * 1.1, 0.42, 0.15))
    wave = brush.plane(rng, ground.x * 1.2, ground.z * 1.2, octaves=2)
    ripple = np.sin(ground.z * 22 + ground.x * 7 + wave * 14) * np.exp(-0.35 * ground.z)
    tone = brush.step(light + 0.03 * ripple, 0.26, 0.40) * 0.7 + brush.step(light + 0.035 * ripple, 0.45, 0.78) * 0.3
    dark, lit = _sand(palette)
    paint = land.between(dark, lit, tone)
    away = terrain.haze(ground, thick=0.04, valley=0.1, pool=0.2)
    return brush.lay(paint, mix(palette.haze, palette.horizon, 0.4), np.clip(away, 0, 0.9))


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
