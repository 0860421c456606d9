"""Mountains: peaks in the light behind ridges in the mist, trees before them; or a lake that holds them twice."""

from __future__ import annotations

import numpy as np

from pipeline.painter import brush, land, sky, terrain, trees, water
from pipeline.painter.canvas import Canvas, Paint, Scenery, Sheet, Stage
from pipeline.painter.palette import Palette, mix
from pipeline.painter.sky import Light
from pipeline.painter.terrain import Camera, Field, Ground
from pipeline.storyboard import Picture

_PEAKS = (5.0, 16.0)  # world units away, from the first foothill to the last summit


def paint(picture: Picture, palette: Palette, *, canvas: Canvas, rng: np.random.Generator) -> Scenery:
    """Return peaks, ridges, middle ground and a frame of trees."""
    horizon = float(rng.uniform(0.52, 0.60))
    airs, peaks, ridges, front, lakes = rng.spawn(5)
    sun = sky.light(rng, picture.hour, picture.weather, horizon=horizon - 0.12)
    sheets = [brush.sheet(sky.sky(canvas, palette, sun, picture.weather, airs, horizon=horizon), None, depth=0.0)]
    sheets.append(_peaks(canvas, palette, sun, peaks, picture, horizon))
    lake = rng.random() < 0.42
    shore = horizon + 0.06
    sheets.append(_ridges(canvas, palette, sun, ridges, horizon, count=1 if lake else 3))
    if lake:
        mirror, mask = water.lake(canvas, palette, sheets, sun, lakes, shore=shore, rough=float(rng.uniform(0.2, 0.8)))
        sheets.append(brush.sheet(mirror, mask, depth=0.5))
    slot = len(sheets)
    rise = _rise(canvas, sun, front)
    sheets.append(_frame(canvas, palette, sun, front, picture, rise))
    x = 0.5 - 0.16 * sun.side
    feet = (
        (x, shore + 0.13) if lake and picture.figure == "boat" else (x, float(np.interp(x, land.columns(canvas), rise)))
    )
    return Scenery(tuple(sheets), Stage(feet, 0.16, 0.9, slot, sun.at, horizon))


def _peaks(
    canvas: Canvas, palette: Palette, sun: Light, rng: np.random.Generator, picture: Picture, horizon: float
) -> Sheet:
    """Return the massif: summits with lit and shadowed faces, snow above, mist below."""
    camera = Camera(float(rng.uniform(0.25, 0.7)), horizon)
    zoom = {"wide": 1.3, "medium": 1.4, "close": 1.45}[picture.framing] * canvas.down**0.4 / canvas.across**0.25
    height = _massif(rng, canvas, sun, zoom)
    ground = terrain.survey(canvas, camera, height, near=_PEAKS[0], far=_PEAKS[1], slices=330)
    return terrain.sheet(canvas, ground, _rock(ground, palette, sun, rng, picture), depth=0.14)


def _massif(rng: np.random.Generator, canvas: Canvas, sun: Light, zoom: float) -> terrain.Height:
    """Return a height: one main summit on a third, lesser ones around it, all broken by ridges."""
    main = -0.17 * np.sign(sun.at[0] - 0.5 + 1e-6) * rng.uniform(0.5, 1.4) * canvas.across
    summits = [(main * 9.0, 9.0, float(rng.uniform(2.6, 3.7)) * zoom, float(rng.uniform(2.6, 3.8)) * zoom)]
    for _ in range(5):
        away = float(rng.uniform(8, 14))
        summits.append(
            (
                float(rng.uniform(-0.6, 0.6)) * canvas.across * away,
                away,
                float(rng.uniform(1.3, 2.9)) * zoom,
                float(rng.uniform(1.9, 3.4)) * zoom,
            )
        )
    spines = [(int(rng.integers(3, 6)), float(rng.uniform(0, 6.28))) for _ in summits]
    rough, warp = rng.spawn(2)
    seeds = (int(rough.integers(2**31)), int(warp.integers(2**31)))

    def height(x: Field, z: Field) -> Field:
        bend = brush.plane(np.random.default_rng(seeds[1]), x * 0.9, z * 0.9, octaves=3) - np.float32(0.5)
        ridges = brush.plane(
            np.random.default_rng(seeds[0]),
            x * 0.42 + bend * 0.6,
            z * 0.42 - bend * 0.6,
            octaves=7,
            roughness=0.47,
            ridged=True,
        )
        total = 0.25 * ridges
        for (at_x, at_z, tall, wide), (count, phase) in zip(summits, spines, strict=True):
            dx, dz = x - at_x + bend * 0.8, z - at_z - bend * 0.8
            out = np.sqrt(dx * dx + dz * dz) / np.float32(wide)
            out = out * (1 + 0.22 * np.cos(count * np.arctan2(dz, dx) + phase))
            cone = np.float32(tall) * np.exp(-1.25 * out).astype(np.float32)
            total = np.maximum(total, cone * (0.62 + 0.6 * ridges)) + 0.12 * cone * ridges
        return np.asarray(total * np.clip((z - 4.5) / 2.5, 0, 1), np.float32)

    return height


def _rock(ground: Ground, palette: Palette, sun: Light, rng: np.random.Generator, picture: Picture) -> Paint:
    """Return the massif's colours: three tones of light, snow where it lies, haze."""
    behind = -0.25 if palette.hour in ("dawn", "dusk") else -0.5
    light = ground.lit((sun.side * 0.9 or 0.4, 0.55, behind))
    grit = brush.plane(rng, ground.x * 3, ground.z * 3, octaves=4) - np.float32(0.5)
    tone = brush.step(light + 0.10 * grit, 0.30, 0.42) * 0.62 + brush.step(light + 0.08 * grit, 0.58, 0.66) * 0.38
    dark = mix(palette.shade, palette.ink, 0.30 + 0.2 * (palette.contrast - 1))
    lit = mix(mix(palette.shade, palette.glow, 0.55), palette.light, 0.1)
    if palette.hour == "night":
        lit = mix(palette.shade, palette.glow, 0.38)
    paint = land.between(dark, lit, tone)
    white = mix(palette.light, palette.glow, 0.25 if palette.hour != "night" else 0.6)
    snow_dark, snow_lit = (
        mix(palette.sky, palette.shade, 0.35),
        white if palette.hour != "night" else mix(palette.sky, white, 0.5),
    )
    line = float(rng.uniform(0.9, 1.7)) if picture.weather != "snow" else 0.1
    steep = np.sqrt(ground.slope_x**2 + ground.slope_z**2)
    snow = brush.step(ground.height + 1.4 * grit, line, line + 0.25) * brush.step(steep - 0.6 * grit, 2.6, 1.6)
    brush.lay(paint, land.between(snow_dark, snow_lit, tone), snow)
    away = terrain.haze(ground, thick=0.022, valley=0.9, pool=0.6)
    return brush.lay(paint, mix(palette.haze, palette.horizon, 0.25), np.clip(away, 0, 0.96))


def _ridges(
    canvas: Canvas, palette: Palette, sun: Light, rng: np.random.Generator, horizon: float, *, count: int
) -> Sheet:
    """Return wooded ridges before the massif, each darker than the one behind, mist at their feet."""
    whole, cover = brush.flat(canvas, palette.haze), np.zeros((canvas.height, canvas.width), np.float32)
    at = np.linspace(0, 1, canvas.width)
    jagged = float(rng.choice([0.0, 0.5, 0.8]))
    for number in range(count):
        near = (number + 1) / (count + 0.6)
        base = horizon - 0.02 + 0.085 * number
        rise = (0.13 + 0.04 * number) * canvas.down**0.3
        tilt = float(rng.normal(0, 0.05))
        line = (
            base
            + rise * (0.5 - brush.profile(rng, at, cells=2.2 + number, octaves=5, sharp=jagged))
            + tilt * (at - 0.5)
        )
        mask = trees.wood(canvas, rng, line.astype(np.float32), count=130 - 25 * number, tall=0.018 + 0.017 * number)
        tint = palette.at(0.82 - 0.52 * near)
        paint = land.slope(canvas, palette, sun, line.astype(np.float32), tint, mist=0.75 - 0.35 * near)
        whole, cover = brush.lay(whole, paint, mask), np.maximum(cover, mask)
    return brush.sheet(whole, cover, depth=0.35)


def _rise(canvas: Canvas, sun: Light, rng: np.random.Generator) -> land.Line:
    """Return the foreground's edge: it falls towards the light."""
    at = land.columns(canvas)
    side = -1.0 if sun.side > 0 else 1.0
    line = 0.90 - 0.09 * side * (at - 0.5) * 2 + 0.05 * (0.5 - brush.profile(rng, at, cells=3, octaves=4))
    return np.asarray(line, np.float32)


def _frame(
    canvas: Canvas, palette: Palette, sun: Light, rng: np.random.Generator, picture: Picture, line: land.Line
) -> Sheet:
    """Return the foreground: a dark slope with tall conifers at one side or both, grass along it."""
    at = land.columns(canvas)
    side = -1.0 if sun.side > 0 else 1.0
    big = {"wide": 0.5, "medium": 0.66, "close": 0.95}[picture.framing]
    outlines = []
    for edge, number in ((side, 5), (-side, 2)):
        for place in range(number):
            inward = float(rng.uniform(0.0, 0.10)) + 0.055 * place
            x = 0.5 + edge * (0.44 - inward)
            tall = big * float(rng.uniform(0.75, 1.15)) * (1 - 0.13 * place) * (1.0 if edge == side else 0.62)
            foot = float(np.interp(x, at, line)) + 0.02
            outlines.append(trees.pine(canvas, rng, (x, foot), tall=tall, slim=float(rng.uniform(0.36, 0.46))))
    grass = trees.blades(canvas, rng, line, count=420, tall=0.035, lean=0.1)
    mask = np.maximum(brush.fill(canvas, outlines + grass), brush.below(canvas, line))
    return brush.sheet(land.dark(canvas, palette, sun), mask, depth=0.95)
