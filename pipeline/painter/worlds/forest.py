"""Forest: trunks in rows before a bright clearing, light falling through them; or slopes of conifers in the mist."""

from __future__ import annotations

import numpy as np

from pipeline.painter import brush, land, sky, trees
from pipeline.painter.canvas import Canvas, Colour, Mask, Paint, Point, Scenery, Sheet, Stage
from pipeline.painter.palette import Palette, mix, turned, vivid
from pipeline.painter.sky import Light
from pipeline.storyboard import Picture


def paint(picture: Picture, palette: Palette, *, canvas: Canvas, rng: np.random.Generator) -> Scenery:
    """Return the wood from within, or from a slope above it."""
    if rng.random() < (0.62 if picture.framing == "wide" else 0.8):
        return _within(picture, palette, canvas, rng)
    return _above(picture, palette, canvas, rng)


def _within(picture: Picture, palette: Palette, canvas: Canvas, rng: np.random.Generator) -> Scenery:
    """Return rows of trunks around a path that leads to the light."""
    horizon = float(rng.uniform(0.54, 0.62))
    goal = float(rng.choice([0.36, 0.5, 0.64])) + float(rng.normal(0, 0.02))
    sun = Light(
        (goal, horizon - float(rng.uniform(0.10, 0.26))), 0.05, {"clear": 0.0, "clouds": 0.25}.get(picture.weather, 0.6)
    )
    airs, rows, shafts, front = rng.spawn(4)
    sheets = [brush.sheet(_clearing(canvas, palette, sun, airs, horizon), None, depth=0.0)]
    birch = rng.random() < 0.35
    for number in range(3):
        sheets.append(_row(canvas, palette, sun, rows, picture, number, horizon, goal, birch=birch))
        if number == 1 and sun.veiled < 0.5:
            sheets[-1] = _with_rays(canvas, palette, sheets[-1], sun, shafts)
    slot = len(sheets)
    sheets.append(_near(canvas, palette, sun, front, picture, birch=birch))
    feet = (0.5 + (goal - 0.5) * 0.35, 0.80)
    return Scenery(tuple(sheets), Stage(feet, 0.14, 0.7, slot, sun.at, horizon))


def _clearing(canvas: Canvas, palette: Palette, sun: Light, rng: np.random.Generator, horizon: float) -> Paint:
    """Return the bright air behind the trunks, with leaves in it that the light has almost eaten."""
    soft = canvas.coarser()
    leaf = _leaf(palette)
    top, low = mix(palette.sky, leaf, 0.35), mix(palette.haze, leaf, 0.3)
    paint = brush.vertical(
        soft,
        [
            (0.0, mix(top, palette.shade, 0.45)),
            (0.35, top),
            (horizon, palette.horizon),
            (horizon + 0.08, low),
            (1.0, mix(low, palette.shade, 0.7)),
        ],
    )
    clumps = brush.noise(soft, rng, cells=9, octaves=5, roughness=0.6)
    high = np.clip(1.15 - soft.rows / horizon, 0, 1)
    brush.lay(
        paint, mix(leaf, palette.shade, 0.35), brush.step(clumps + 0.3 * high, 0.58, 0.7) * high * np.float32(0.7)
    )
    bare = 1 - 0.6 * sun.veiled
    brush.lay(paint, palette.glow, brush.glow(soft, sun.at, radius=0.34) * np.float32(0.9 * bare))
    strong = 0.8 if palette.hour != "night" else 0.35
    brush.shine(paint, palette.light, brush.glow(soft, sun.at, radius=0.12) * np.float32(strong * bare))
    return brush.enlarged(paint, canvas)


def _leaf(palette: Palette) -> Colour:
    """Return the colour of leaves in this light: green by day, the accent's in some autumns."""
    green = mix(turned(vivid(palette.glow, 1.1), 45), palette.shade, 0.4)
    return green if palette.hour == "day" else mix(green, palette.shade, 0.55)


def _row(
    canvas: Canvas,
    palette: Palette,
    sun: Light,
    rng: np.random.Generator,
    picture: Picture,
    number: int,
    horizon: float,
    goal: float,
    *,
    birch: bool,
) -> Sheet:
    """Return one row of trunks with the ground they stand on and the path through it."""
    at = land.columns(canvas)
    near = (0.2, 0.5, 0.8)[number]
    base = horizon + (0.01, 0.055, 0.13)[number]
    line = (
        base + 0.03 * (0.5 - brush.profile(rng, at, cells=4, octaves=3)) + 0.02 * number * np.abs(at - goal)
    ).astype(np.float32)
    gap = (0.10, 0.15, 0.22)[number]
    count = (24, 13, 7)[number]
    trunks, twigs, marks = [], [], []
    for place in range(count):
        x = (place + float(rng.uniform(0.15, 0.85))) / count * 1.06 - 0.03
        if abs(x - goal) < gap * 0.5:
            continue
        wide = (0.013, 0.024, 0.046)[number] * float(rng.uniform(0.65, 1.3))
        foot = (x, float(np.interp(x, at, line)) + 0.006 + 0.02 * near)
        trunks.append(trees.trunk(canvas, rng, foot, wide=wide, top=-0.03))
        twigs += trees.boughs(canvas, rng, foot, wide=wide, count=3 + number, top=0.0)
        if birch and number:
            marks += trees.birch_marks(canvas, rng, foot, wide=wide)
    bushes = trees.blades(canvas, rng, line, count=200 + 120 * number, tall=0.02 + 0.018 * number, clumps=3)
    stems = np.maximum(brush.fill(canvas, trunks + twigs), brush.fill(canvas, bushes))
    leaves = _canopy(canvas, rng, sun, number)
    ground = brush.below(canvas, line)
    mask = np.maximum(np.maximum(stems, ground), leaves)
    tint = palette.at(0.85 - 0.75 * near)
    paint = _shaded(canvas, palette, sun, tint, near)
    if birch and number:
        brush.lay(paint, mix(palette.light, tint, 0.35 + 0.1 * number), brush.fill(canvas, trunks) * np.float32(0.75))
        brush.lay(paint, mix(tint, palette.ink, 0.6), brush.fill(canvas, marks) * np.float32(0.8))
    brush.lay(paint, mix(_leaf(palette), tint, 0.25 + 0.3 * near), leaves * (1 - stems) * np.float32(0.85))
    rim = land.lit_side(canvas, sun, np.maximum(stems, ground), reach=0.0025 + 0.001 * number) * brush.enlarged(
        brush.glow(canvas.coarser(), sun.at, radius=0.6), canvas
    )
    brush.lay(paint, palette.light, rim * np.float32(0.75 * (1 - 0.7 * sun.veiled)))
    _path(canvas, paint, palette, sun, line, (goal, horizon), number, rng)
    return brush.sheet(paint, mask, depth=(0.15, 0.35, 0.58)[number])


def _shaded(canvas: Canvas, palette: Palette, sun: Light, tint: Colour, near: float) -> Paint:
    """Return a row's paint: its tint, flooded with light around the clearing, mist over the ground."""
    soft = canvas.coarser()
    paint = brush.flat(soft, tint)
    foot = np.broadcast_to(brush.step(soft.rows, 0.45, 0.66), (soft.height, soft.width)).astype(np.float32)
    brush.lay(paint, palette.haze, foot * np.float32(0.35 * (1 - near)))
    brush.lay(
        paint,
        palette.glow,
        brush.glow(soft, sun.at, radius=0.26) * np.float32((0.85 - 0.55 * near) * (1 - 0.5 * sun.veiled)),
    )
    brush.lay(
        paint,
        mix(tint, palette.ink, 0.55),
        np.float32(0.75 * near) * np.broadcast_to(brush.step(soft.rows, 0.7, 1.0), foot.shape),
    )
    return brush.enlarged(paint, canvas)


def _canopy(canvas: Canvas, rng: np.random.Generator, sun: Light, number: int) -> Mask:
    """Return leaves overhead, closed above, torn where the light is."""
    leaves = brush.noise(canvas, rng, cells=(16, 12, 9)[number], octaves=5, roughness=0.66)
    high = np.clip(1 - canvas.rows / np.float32(0.30 - 0.03 * number), 0, 1)
    torn = brush.enlarged(brush.glow(canvas.coarser(), sun.at, radius=0.30), canvas)
    return np.asarray(brush.step(leaves + 0.62 * high - 0.30 * torn, 0.70, 0.735) * np.clip(high * 9, 0, 1), np.float32)


def _path(
    canvas: Canvas,
    paint: Paint,
    palette: Palette,
    sun: Light,
    line: land.Line,
    goal: Point,
    number: int,
    rng: np.random.Generator,
) -> None:
    """Lay light on the ground: the path that winds from the clearing to the lower edge, and spots beside it."""
    down = np.clip((canvas.rows - np.float32(goal[1])) / np.float32(1.02 - goal[1]), 0, 1)
    middle = goal[0] + (0.5 - goal[0]) * down + 0.05 * np.sin(down * 5.5 + goal[0] * 20) * down
    half = 0.012 + 0.17 * down**1.5
    rough = brush.noise(canvas, rng, cells=30, octaves=3, stretch=2) - np.float32(0.5)
    out = np.abs(canvas.columns - middle) / half + rough * 0.5
    way = brush.step(out, 1.05, 0.8) * brush.below(canvas, line)
    spots = brush.step(brush.noise(canvas, rng, cells=11, octaves=4, stretch=3), 0.60, 0.66) * brush.below(canvas, line)
    tone = mix(palette.glow, palette.shade, 0.35 + 0.2 * number)
    brush.lay(paint, tone, (way * (0.55 - 0.30 * down)).astype(np.float32))
    brush.shine(paint, palette.glow, (spots * (0.22 - 0.16 * down) * (1 - sun.veiled)).astype(np.float32))


def _with_rays(canvas: Canvas, palette: Palette, sheet: Sheet, sun: Light, rng: np.random.Generator) -> Sheet:
    """Return the sheet with shafts of light before it."""
    soft = canvas.coarser(300)
    high = (sun.at[0] + 0.12 * np.sign(0.5 - sun.at[0] + 1e-6), -0.05)
    rays = brush.enlarged(sky.rays(soft, rng, high, reach=1.5 * canvas.down), canvas) * np.float32(0.34)
    base = sheet.pixels[..., 3].astype(np.float32) / np.float32(255)
    whole = base + rays * (1 - base)
    paint = sheet.pixels[..., :3].astype(np.float32) / np.float32(255)
    brush.shine(paint, palette.glow, rays * base)
    share = np.where(whole > 0, base / np.maximum(whole, 1e-4), 1).astype(np.float32)
    paint = palette.glow + (paint - palette.glow) * share[..., None]
    return brush.sheet(paint.astype(np.float32), whole.astype(np.float32), depth=sheet.depth)


def _near(
    canvas: Canvas, palette: Palette, sun: Light, rng: np.random.Generator, picture: Picture, *, birch: bool
) -> Sheet:
    """Return the frame: one or two great trunks at the sides, ferns along the lower edge, leaves hanging in."""
    at = land.columns(canvas)
    line = (
        0.95 - 0.10 * (np.abs(at - 0.5) * 2) ** 2.2 + 0.03 * (0.5 - brush.profile(rng, at, cells=4, octaves=3))
    ).astype(np.float32)
    wide = {"wide": 0.11, "medium": 0.14, "close": 0.2}[picture.framing]
    side = float(rng.choice([-1.0, 1.0]))
    outlines, twigs = [], []
    for x, size in ((0.5 + side * 0.37, 1.0), (0.5 - side * 0.43, 0.6)):
        foot = (x, float(np.interp(x, at, line)) + 0.05)
        outlines.append(trees.trunk(canvas, rng, foot, wide=wide * size, top=-0.03))
        twigs += trees.boughs(canvas, rng, foot, wide=wide * size * 0.6, count=4, top=0.0)
    ferns = trees.ferns(canvas, rng, line, count=16, tall=wide * 1.7)
    grass = trees.blades(canvas, rng, line, count=260, tall=0.06, aside=True)
    leaves = _canopy(canvas, rng, Light((sun.at[0], 0.3), 0, 0), 2)
    stems = brush.fill(canvas, outlines + twigs)
    mask = np.maximum(
        np.maximum(stems, brush.fill(canvas, ferns + grass)), np.maximum(brush.below(canvas, line), leaves)
    )
    paint = land.dark(canvas, palette, sun)
    bark = brush.noise(canvas, rng, cells=34, octaves=3, stretch=0.16) - np.float32(0.5)
    paint += (paint * (bark * stems * np.float32(0.9))[..., None]).astype(np.float32)
    brush.lay(
        paint,
        mix(palette.glow, palette.shade, 0.25),
        land.lit_side(canvas, sun, stems, reach=0.005) * np.float32(0.55 * (1 - 0.6 * sun.veiled)),
    )
    brush.lay(paint, mix(_leaf(palette), palette.ink, 0.55), brush.fill(canvas, ferns) * np.float32(0.6))
    return brush.sheet(np.clip(paint, 0, 1), mask, depth=0.95)


def _above(picture: Picture, palette: Palette, canvas: Canvas, rng: np.random.Generator) -> Scenery:
    """Return slopes of conifers behind each other, mist between them."""
    horizon = float(rng.uniform(0.34, 0.44))
    airs = rng.spawn(1)[0]
    sun = sky.light(rng, picture.hour, picture.weather, horizon=horizon)
    sheets = [
        brush.sheet(sky.sky(canvas, palette, sun, picture.weather, airs, horizon=horizon + 0.05), None, depth=0.0)
    ]
    at = land.columns(canvas)
    grow = {"wide": 1.0, "medium": 1.35, "close": 1.9}[picture.framing]
    side = -1.0 if sun.side > 0 else 1.0
    for number in range(5):
        near = number / 4
        base = horizon + 0.03 + 0.115 * number
        tilt = side * (1 if number % 2 else -0.8) * float(rng.uniform(0.05, 0.16)) * (0.5 + near)
        line = (base + tilt * (0.5 - at) + 0.10 * (0.5 - brush.profile(rng, at, cells=2.4, octaves=4))).astype(
            np.float32
        )
        if number == 4:
            line += (0.10 * (1 - (np.abs(at - 0.5) * 2) ** 1.5)).astype(np.float32)
        tall = grow * (0.035, 0.06, 0.10, 0.17, 0.34)[number]
        mask = trees.wood(canvas, rng, line, count=(120, 84, 54, 34, 16)[number], tall=tall, slim=0.38)
        tint = palette.at(0.86 - 0.86 * near)
        paint = land.slope(canvas, palette, sun, line, tint, mist=0.85 - 0.55 * near, reach=0.10 + 0.10 * near)
        sheets.append(brush.sheet(paint, mask, depth=(0.15, 0.3, 0.48, 0.66, 0.95)[number]))
    return Scenery(tuple(sheets), Stage((0.5 - 0.1 * sun.side, 0.78), 0.10, 0.7, 5, sun.at, horizon))
