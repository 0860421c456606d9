"""Fields: rolling land in stripes and patches, hedges, a lone tree, flowers or wheat right before the eye."""

from __future__ import annotations

import numpy as np

from pipeline.painter import brush, land, sky, terrain, trees
from pipeline.painter.canvas import Canvas, Colour, Paint, Scenery, Sheet, Stage
from pipeline.painter.palette import Palette, lighter, mix, turned, vivid
from pipeline.painter.sky import Light
from pipeline.painter.terrain import Camera, Field, Ground
from pipeline.storyboard import Picture

_ROWS_APART = 0.11  # world units between two rows of a crop


def paint(picture: Picture, palette: Palette, *, canvas: Canvas, rng: np.random.Generator) -> Scenery:
    """Return hills far away, a patchwork of fields, hedges and trees, the foreground's stalks."""
    horizon = float(rng.uniform(0.50, 0.58))
    airs, hills, patch, hedge, front = rng.spawn(5)
    sun = sky.light(rng, picture.hour, picture.weather, horizon=horizon - 0.02)
    sheets = [brush.sheet(sky.sky(canvas, palette, sun, picture.weather, airs, horizon=horizon), None, depth=0.0)]
    sheets.append(_hills(canvas, palette, sun, hills, horizon))
    sheets.append(_patchwork(canvas, palette, sun, patch, horizon))
    sheets.append(_hedges(canvas, palette, sun, hedge, horizon))
    slot = len(sheets)
    sheets.append(_front(canvas, palette, sun, front, picture))
    return Scenery(tuple(sheets), Stage((0.5 - 0.12 * sun.side, 0.77), 0.12, 0.65, slot, sun.at, horizon))


def _crops(palette: Palette) -> list[Colour]:
    """Return what grows: meadow, wheat, something in flower, fallow."""
    green = mix(palette.shade, turned(vivid(palette.glow, 1.1), 40), 0.45)
    wheat = mix(palette.glow, palette.shade, 0.28)
    bloom = mix(palette.accent, palette.shade, 0.30)
    if palette.hour == "night":
        return [mix(palette.shade, tone, 0.16) for tone in (green, wheat, bloom)] + [palette.shade]
    return [green, wheat, bloom, mix(palette.shade, palette.haze, 0.25)]


def _hills(canvas: Canvas, palette: Palette, sun: Light, rng: np.random.Generator, horizon: float) -> Sheet:
    """Return two lines of far hills melting into the sky."""
    at = land.columns(canvas)
    whole, cover = brush.flat(canvas, palette.haze), np.zeros((canvas.height, canvas.width), np.float32)
    for number in range(3):
        base = horizon - 0.028 + 0.022 * number
        line = base + (0.05 + 0.012 * number) * (0.45 - brush.profile(rng, at, cells=2.5 + number, octaves=3))
        line = line.astype(np.float32)
        mask = brush.below(canvas, line)
        tint = palette.at(0.88 - 0.15 * number)
        whole = brush.lay(whole, land.slope(canvas, palette, sun, line, tint, mist=0.6, reach=0.08), mask)
        cover = np.maximum(cover, mask)
    return brush.sheet(whole, cover, depth=0.12)


def _patchwork(canvas: Canvas, palette: Palette, sun: Light, rng: np.random.Generator, horizon: float) -> Sheet:
    """Return rolling fields whose rows run away from the camera."""
    camera = Camera(float(rng.uniform(0.55, 0.85)), horizon)
    seed, inner = int(rng.integers(2**31)), rng.spawn(1)[0]

    def height(x: Field, z: Field) -> Field:
        roll = brush.plane(np.random.default_rng(seed), x * 0.42, z * 0.42, octaves=2, roughness=0.35)
        return np.asarray(0.62 * roll * np.clip(z / 3.5, 0.35, 1.25), np.float32)

    ground = terrain.survey(canvas, camera, height, near=0.85, far=13.0, slices=250)
    return terrain.sheet(canvas, ground, _fields_paint(ground, palette, sun, inner), depth=0.42)


def _fields_paint(ground: Ground, palette: Palette, sun: Light, rng: np.random.Generator) -> Paint:
    """Return the land's colours: one crop per field, rows in it, the light over all."""
    bend = brush.plane(rng, ground.x * 0.35, ground.z * 0.35, octaves=2) - np.float32(0.5)
    across = (ground.x + bend * 1.2) * np.float32(rng.uniform(0.35, 0.6))
    away = (np.log(ground.z) * np.float32(rng.uniform(1.6, 2.2)) + bend * 0.8) + np.floor(across) * np.float32(0.37)
    table = rng.integers(0, 4, (64, 64))
    which = table[np.floor(away).astype(int) % 64, np.floor(across).astype(int) % 64]
    crops = np.stack(_crops(palette)).astype(np.float32)
    paint = crops[which]
    slant = np.where(which % 2 == 0, 1.0, 0.55) * ground.x + np.where(which % 2 == 0, 0.1, 0.35) * ground.z
    blur = np.clip(1.4 - ground.z * 0.16, 0, 1) * np.where(which == 3, 0.3, 1.0)
    rows = np.sin((slant + bend * 0.25) * (2 * np.pi / _ROWS_APART)).astype(np.float32)
    tufts = brush.plane(rng, ground.x * 9, ground.z * 6, octaves=3) - np.float32(0.5)
    shade = np.clip((0.22 * rows + 0.45 * tufts) * blur, -0.4, 0.4).astype(np.float32)
    paint = paint * (1 + shade[..., None])
    edge = np.minimum(np.abs(across - np.round(across)) * 1.2, np.abs(away - np.round(away)) * 0.8)
    brush.lay(paint, mix(palette.shade, palette.ink, 0.5), brush.step(edge, 0.045, 0.02) * np.float32(0.7))
    light = ground.lit(((sun.side or 0.4) * 0.9, 0.6, 0.1))
    brush.darken(paint, 1 - brush.step(light, 0.30, 0.72), 0.45)
    brush.shine(paint, palette.glow, brush.step(light, 0.62, 0.9) * np.float32(0.16 * (1 - sun.veiled)))
    far = terrain.haze(ground, thick=0.075, valley=0.12, pool=0.15)
    return brush.lay(
        np.clip(paint, 0, 1).astype(np.float32), mix(palette.haze, palette.horizon, 0.2), np.clip(far, 0, 0.85)
    )


def _hedges(canvas: Canvas, palette: Palette, sun: Light, rng: np.random.Generator, horizon: float) -> Sheet:
    """Return the trees that stand in the fields: rows of poplars, round crowns, one alone on its rise."""
    at = land.columns(canvas)
    outlines = []
    side = -1.0 if sun.side > 0 else 1.0
    kind = rng.random()
    for number in range(9):
        x = 0.5 + side * (0.10 + 0.055 * number) if kind < 0.5 else float(rng.uniform(0.0, 1.0))
        y = horizon + 0.055 + 0.012 * number + float(rng.uniform(0, 0.02))
        tall = (0.05 + 0.011 * number) * float(rng.uniform(0.8, 1.3))
        if kind < 0.5:
            outlines.append(trees.poplar(canvas, rng, (x, y), tall=tall * 1.5))
        else:
            outlines += trees.crown(canvas, rng, (x, y), tall=tall, wide=float(rng.uniform(0.8, 1.3)))
    x = 0.5 - side * float(rng.uniform(0.17, 0.26))
    rise = 0.80 - 0.075 * np.exp(-(((at - x) / 0.34) ** 2)) + 0.012 * (0.5 - brush.profile(rng, at, cells=5, octaves=3))
    rise = rise.astype(np.float32)
    outlines += trees.crown(canvas, rng, (x, float(np.interp(x, at, rise)) + 0.006), tall=0.30, wide=1.0)
    outlines += trees.blades(canvas, rng, rise, count=300, tall=0.016)
    mask = np.maximum(brush.fill(canvas, outlines), brush.below(canvas, rise))
    tint = mix(palette.at(0.18), _crops(palette)[0], 0.25)
    tone = land.slope(canvas, palette, sun, rise, tint, mist=0.12, reach=0.2)
    brush.lay(tone, mix(tint, palette.glow, 0.6), land.lit_side(canvas, sun, mask, reach=0.0032) * np.float32(0.7))
    return brush.sheet(tone, mask, depth=0.62)


def _front(canvas: Canvas, palette: Palette, sun: Light, rng: np.random.Generator, picture: Picture) -> Sheet:
    """Return stalks and flowers right before the eye, thicker at the sides than in the middle."""
    at = land.columns(canvas)
    line = 0.955 + 0.03 * (0.5 - brush.profile(rng, at, cells=3, octaves=2)) - 0.05 * np.abs(at - 0.5)
    line = line.astype(np.float32)
    tall = {"wide": 0.13, "medium": 0.22, "close": 0.5}[picture.framing]
    grass = trees.blades(canvas, rng, line, count=520, tall=tall, lean=0.12, aside=True)
    mask = np.maximum(brush.fill(canvas, grass), brush.below(canvas, line))
    tone = land.dark(canvas, palette, sun, lift=0.22)
    brush.lay(
        tone, mix(palette.glow, palette.shade, 0.35), land.lit_side(canvas, sun, mask, reach=0.002) * np.float32(0.5)
    )
    stems, heads, hearts = trees.flowers(canvas, rng, line, count=46, tall=tall * 1.05)
    bloom, core = brush.fill(canvas, heads), np.maximum(mask, brush.fill(canvas, stems))
    head = palette.accent if palette.hour != "night" else mix(palette.accent, palette.shade, 0.6)
    brush.lay(tone, head, bloom)
    brush.lay(tone, mix(head, palette.ink, 0.7), brush.fill(canvas, hearts) * np.float32(0.85))
    petals = brush.noise(canvas, rng, cells=60, octaves=2) - np.float32(0.5)
    brush.darken(tone, np.clip(petals * 2, 0, 1) * bloom, 0.35)
    brush.lay(tone, lighter(head, 0.10), land.lit_side(canvas, sun, bloom, reach=0.004) * np.float32(0.8))
    return brush.sheet(tone, np.maximum(core, bloom), depth=0.95)
