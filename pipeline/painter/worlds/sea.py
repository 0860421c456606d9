"""The sea: the light's path on open water, headlands and stacks, surf on a beach, waves in a storm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.painter import brush, land, sky, trees, water
from pipeline.painter.canvas import Canvas, Mask, Point, Scenery, Sheet, Stage
from pipeline.painter.palette import Palette, lighter, mix
from pipeline.painter.sky import Light
from pipeline.storyboard import Picture


def paint(picture: Picture, palette: Palette, *, canvas: Canvas, rng: np.random.Generator) -> Scenery:
    """Return sky, far land, water that mirrors them, and a shore or waves before it."""
    horizon = float(rng.uniform(0.47, 0.56))
    airs, coast, waves, stacks, front = rng.spawn(5)
    sun = sky.light(rng, picture.hour, picture.weather, horizon=horizon)
    wild = picture.weather == "storm" or (picture.arousal > 0.5 and rng.random() < 0.5)
    sheets = [brush.sheet(sky.sky(canvas, palette, sun, picture.weather, airs, horizon=horizon), None, depth=0.0)]
    sheets.append(_headlands(canvas, palette, sun, coast, horizon))
    rough = 2.6 if wild else float(rng.uniform(0.9, 1.6))
    mirror, mask = water.lake(
        canvas, palette, sheets, sun, waves, shore=horizon, rough=rough, swell=1.0 if wild else 0.55
    )
    sheets.append(brush.sheet(mirror, mask, depth=0.34))
    kind = rng.random()
    feet = (0.5 - (0.10 if wild else 0.14) * sun.side, 0.72 if wild else 0.71)
    if picture.figure == "house":  # at sea one lives in a lighthouse
        feet = (0.5 - 0.17 * sun.side, horizon + 0.07)
        sheets.append(_lighthouse(canvas, palette, sun, stacks.spawn(1)[0], feet))
    if wild:
        sheets += _billows(canvas, palette, sun, front, horizon)
        return Scenery(tuple(sheets), Stage(feet, 0.10, 0.6, len(sheets) - 1, sun.at, horizon))
    if kind < 0.55 and picture.figure != "house":
        sheets.append(_stacks(canvas, palette, sun, stacks, horizon))
    slot = len(sheets)
    beach = kind < 0.4 and picture.framing == "wide"
    sheets.append(_beach(canvas, palette, sun, front) if beach else _cliff(canvas, palette, sun, front, picture))
    return Scenery(tuple(sheets), Stage(feet, 0.10, 0.55, slot, sun.at, horizon))


def _headlands(canvas: Canvas, palette: Palette, sun: Light, rng: np.random.Generator, horizon: float) -> Sheet:
    """Return capes that run out into the sea from one side, the farther the paler; their foot is the horizon."""
    at = land.columns(canvas)
    whole, cover = brush.flat(canvas, palette.haze), np.zeros((canvas.height, canvas.width), np.float32)
    side = -1.0 if sun.side > 0 else 1.0
    for number in range(3):
        reach = float(rng.uniform(0.25, 0.75)) * (1 - 0.22 * number)
        along = np.clip(((at - 0.5) * side + 0.5 - (1 - reach)) / reach, 0, 1)
        tall = (0.07 + 0.045 * number) * canvas.down**0.2
        bumps = brush.profile(rng, at, cells=4 + number, octaves=5, sharp=0.5)
        line = (horizon + 0.004 - tall * along**0.6 * (0.25 + 0.95 * bumps) * np.clip(along * 9, 0, 1)).astype(
            np.float32
        )
        mask = brush.below(canvas, line)
        tint = palette.at(0.86 - 0.22 * number)
        whole = brush.lay(whole, land.slope(canvas, palette, sun, line, tint, mist=0.55, reach=0.09), mask)
        cover = np.maximum(cover, mask)
    return brush.sheet(whole, cover, depth=0.16)


def _stacks(canvas: Canvas, palette: Palette, sun: Light, rng: np.random.Generator, horizon: float) -> Sheet:
    """Return rocks that stand in the water, with surf around their feet and their image beneath."""
    paint = land.dark(canvas, palette, sun, lift=0.45)
    mask = np.zeros((canvas.height, canvas.width), np.float32)
    foam = np.zeros_like(mask)
    side = -1.0 if sun.side > 0 else 1.0
    grain = brush.noise(canvas, rng, cells=22, octaves=4, stretch=0.4)
    for number in range(3):
        middle = 0.5 + side * (0.30 - 0.17 * number + float(rng.uniform(-0.04, 0.04)))
        foot = horizon + 0.075 + 0.035 * float(rng.uniform(-1, 1)) - 0.02 * number
        tall = float(rng.uniform(0.10, 0.17)) * (1 - 0.25 * number)
        rock = _stack(canvas, rng, (middle, foot), tall=tall, wide=tall * float(rng.uniform(0.55, 1.0)))
        image = _mirrored(canvas, rock, foot)
        mask = np.maximum(mask, np.maximum(rock, image * np.float32(0.5)))
        ring = brush.distance(canvas, (middle, foot + 0.001), squash=9.0) / np.float32(tall * 0.07)
        foam = np.maximum(foam, brush.step(ring + (grain - 0.5) * 2.4, 1.0, 0.7) * np.float32(0.8))
    lit = mix(mix(palette.shade, palette.glow, 0.5), palette.haze, 0.15)
    brush.lay(
        paint, lit, brush.step(grain + 0.4 * land.lit_side(canvas, sun, mask, reach=0.03), 0.62, 0.74) * np.float32(0.5)
    )
    brush.lay(
        paint, palette.haze, np.repeat(0.35 * brush.step(canvas.rows, horizon + 0.16, horizon), canvas.width, axis=1)
    )
    brush.lay(paint, mix(palette.light, palette.horizon, 0.5), foam)
    return brush.sheet(paint, np.maximum(mask, foam * np.float32(0.85)), depth=0.5)


def _stack(canvas: Canvas, rng: np.random.Generator, foot: tuple[float, float], *, tall: float, wide: float) -> Mask:
    """Return one rock: steep, broken, narrowing to a slanted top."""
    up = np.linspace(0, 1, 18)
    half = wide / 2 * (1.0 - 0.45 * up**0.8) * rng.uniform(0.82, 1.12, (2, 18))
    lean = float(rng.normal(0, 0.12)) * tall * up
    left, right = np.stack([lean - half[0], -up * tall], -1), np.stack([lean + half[1], -up * tall], -1)
    top = np.array([[lean[-1] - 0.1 * wide, -tall * float(rng.uniform(1.02, 1.12))]])
    points = np.concatenate([left, top, right[::-1]])
    return brush.fill(canvas, [points / [canvas.across, canvas.down] + np.array(foot)])


def _lighthouse(canvas: Canvas, palette: Palette, sun: Light, rng: np.random.Generator, foot: Point) -> Sheet:
    """Return a lighthouse on its rock: bands on the side of the light, a burning lamp, two beams when it is dark."""
    rock = np.maximum(
        _stack(canvas, rng, foot, tall=0.12, wide=0.26),
        _stack(canvas, rng, (foot[0] + 0.05, foot[1]), tall=0.07, wide=0.3),
    )
    size = np.array([1 / canvas.across, 1 / canvas.down])

    def shape(*points: Point) -> NDArray[np.float64]:
        return np.asarray(np.array(points) * 0.044 * size + np.array([foot[0], foot[1] - 0.10 * size[1]]), np.float64)

    def ring(low: float, high: float) -> NDArray[np.float64]:
        half = [0.95 - 0.07 * low, 0.95 - 0.07 * high]
        return shape((-half[0], -low), (half[0], -low), (half[1], -high), (-half[1], -high))

    tower = brush.fill(canvas, [ring(-0.6, 6.2)])
    dark = brush.fill(
        canvas,
        [ring(1.1, 2.4), ring(3.7, 5.0), shape((-0.9, -6.1), (0.9, -6.1), (0.9, -6.35), (-0.9, -6.35)),
         shape((-0.62, -7.3), (0.0, -8.2), (0.62, -7.3))],
    )  # fmt: skip
    lamp = shape((-0.42, -6.35), (0.42, -6.35), (0.42, -7.3), (-0.42, -7.3))
    at = (float(lamp[:, 0].mean()), float(lamp[:, 1].mean()))
    paint = land.dark(canvas, palette, sun, lift=0.35)
    brush.lay(paint, mix(palette.light, palette.haze, 0.45 if palette.hour == "day" else 0.65), tower)
    brush.lay(paint, mix(palette.accent, palette.ink, 0.35), dark)
    solid = np.maximum(np.maximum(rock, tower), dark)
    image = _mirrored(canvas, rock, foot[1]) * np.float32(0.5)
    beams = brush.glow(canvas, at, radius=0.12) * np.float32(0.9)
    if palette.hour in ("dusk", "night"):
        swing = float(rng.uniform(-0.05, 0.12))
        cones = [
            np.array([at, (at[0] + way, at[1] + swing - 0.09), (at[0] + way, at[1] + swing + 0.05)])
            for way in (-1.1, 1.1)
        ]
        cone = brush.blur(canvas, brush.fill(canvas, cones), 0.01)
        beams = np.maximum(beams, cone * np.float32(0.6) * brush.glow(canvas, at, radius=0.8))
    beams = np.maximum(beams, brush.fill(canvas, [lamp]))
    glass = mix(palette.light, palette.glow, 0.25)
    brush.lay(paint, glass, beams / np.maximum.reduce([beams, solid, image, np.full_like(beams, 1e-4)]))
    return brush.sheet(paint, np.maximum(np.maximum(solid, image), beams), depth=0.42)


def _mirrored(canvas: Canvas, mask: Mask, foot: float) -> Mask:
    """Return a mask's image in the water below its foot, fading downward."""
    line = round(foot * canvas.height)
    image = np.zeros_like(mask)
    reach = min(line, canvas.height - line)
    image[line : line + reach] = mask[line - reach : line][::-1]
    fade = np.exp(-np.clip(canvas.rows - foot, 0, None) * 9)
    return np.asarray(image * fade, np.float32)


def _beach(canvas: Canvas, palette: Palette, sun: Light, rng: np.random.Generator) -> Sheet:
    """Return sand in a long curve from one corner, wet along the water, with the wash drawn over it."""
    at = land.columns(canvas)
    side = 1.0 if sun.side > 0 else -1.0
    along = np.clip(0.5 + side * (at - 0.5), 0, 1)
    curve = (
        0.98
        - 0.22 * (1 - along) ** 1.7
        + 0.010 * np.sin(along * 9)
        + 0.02 * (brush.profile(rng, at, cells=4, octaves=4) - 0.5)
    )
    curve = curve.astype(np.float32)
    sand = mix(mix(palette.shade, palette.glow, 0.30), palette.ink, 0.30)
    wet = mix(mix(palette.shade, palette.horizon, 0.35), palette.ink, 0.25)
    under = np.clip((canvas.rows - curve[None, :]) / np.float32(0.10), 0, 1)
    grain = brush.noise(canvas, rng, cells=50, octaves=3, stretch=2) - np.float32(0.5)
    paint = brush.gradient(
        (under + 0.10 * grain).astype(np.float32),
        [(-0.1, wet), (0.3, wet), (0.55, sand), (1.0, mix(sand, palette.ink, 0.45))],
    )
    lace = brush.noise(canvas, rng, cells=26, octaves=4, stretch=2.5)
    foam = np.zeros((canvas.height, canvas.width), np.float32)
    for offset, strong in ((0.0, 1.0), (-0.022, 0.55), (-0.05, 0.32)):
        edge = curve + offset + 0.012 * (brush.profile(rng, at, cells=14, octaves=3) - 0.5)
        away = (canvas.rows - edge[None, :]) * canvas.height / canvas.short
        band = brush.step(away, -0.045, -0.004) * brush.step(away, 0.003, -0.001)
        foam = np.maximum(foam, band * brush.step(lace + 0.9 * band, 0.75, 1.15) * np.float32(strong))
    white = (
        mix(palette.light, palette.horizon, 0.35) if palette.hour != "night" else mix(palette.glow, palette.sky, 0.35)
    )
    brush.lay(paint, white, foam)
    return brush.sheet(paint, np.maximum(brush.below(canvas, curve, soft=0.004), foam), depth=0.9)


def _cliff(canvas: Canvas, palette: Palette, sun: Light, rng: np.random.Generator, picture: Picture) -> Sheet:
    """Return the edge one looks from: rocks and grass that rise to one side, at times a lone bent pine."""
    at = land.columns(canvas)
    side = -1.0 if sun.side > 0 else 1.0
    steep = brush.step((at - 0.5) * side, -0.25, 0.5) * 0.15
    line = (0.975 - steep + 0.03 * (0.5 - brush.profile(rng, at, cells=7, octaves=4, sharp=0.7))).astype(np.float32)
    tall = {"wide": 0.055, "medium": 0.11, "close": 0.34}[picture.framing]
    outlines = trees.blades(
        canvas, rng, line, count=420, tall=tall, lean=-0.5 * side, clumps=3, aside=picture.framing == "close"
    )
    if rng.random() < 0.6:
        big = {"wide": 0.5, "medium": 0.62, "close": 0.8}[picture.framing]
        for number in range(int(rng.integers(1, 4))):
            x = 0.5 + side * (0.36 - 0.07 * number)
            high = big * float(rng.uniform(0.7, 1.0)) * (1 - 0.2 * number)
            outlines.append(trees.pine(canvas, rng, (x, float(np.interp(x, at, line)) + 0.02), tall=high, slim=0.42))
    mask = np.maximum(brush.fill(canvas, outlines), brush.below(canvas, line))
    paint = land.dark(canvas, palette, sun, lift=0.15)
    brush.lay(
        paint, mix(palette.glow, palette.shade, 0.4), land.lit_side(canvas, sun, mask, reach=0.0025) * np.float32(0.6)
    )
    return brush.sheet(paint, mask, depth=0.95)


def _billows(canvas: Canvas, palette: Palette, sun: Light, rng: np.random.Generator, horizon: float) -> list[Sheet]:
    """Return three great waves behind each other, their crests leaning over, foam along them and in streaks below."""
    sheets = []
    lean = float(rng.choice([-1.0, 1.0]))
    for number in range(3):
        line, rise = _wave(canvas, rng, base=horizon + 0.11 + 0.16 * number, tall=0.08 + 0.05 * number, lean=lean)
        under = np.clip((canvas.rows - line[None, :]) / np.float32(0.22), 0, 1)
        flow = (canvas.rows - line[None, :]) * 2.2 * canvas.down
        across = canvas.columns * canvas.across * (5.0 - number) + flow * lean * 0.8
        streak = brush.plane(rng, across.astype(np.float32), (flow * 5).astype(np.float32), octaves=5, roughness=0.6)
        deep = mix(palette.shade, palette.ink, 0.40 + 0.2 * number)
        body = mix(palette.shade, palette.horizon, 0.30 - 0.07 * number)
        tone = (under + 0.7 * (streak - 0.5)).astype(np.float32)
        paint = brush.gradient(tone, [(-0.3, lighter(body, 0.10)), (0.2, body), (0.75, deep), (1.3, deep)])
        crest = np.exp(-under * (16 - 3 * number)) * rise[None, :]
        veins = brush.step(np.abs(streak - 0.5), 0.035, 0.008) * (0.22 + 0.5 * crest) * (1 - under)
        foam = np.maximum(brush.step(streak * 0.9 + crest, 0.95, 1.12), veins).astype(np.float32)
        brush.lay(paint, mix(palette.light, palette.haze, 0.5 - 0.13 * number), foam * np.float32(0.9))
        mask = brush.below(canvas, line)
        spray = brush.blur(canvas, foam * mask, 0.010) * np.float32(0.55)
        sheets.append(brush.sheet(paint, np.maximum(mask, spray), depth=0.5 + 0.2 * number))
    return sheets


def _wave(
    canvas: Canvas, rng: np.random.Generator, *, base: float, tall: float, lean: float
) -> tuple[land.Line, land.Line]:
    """Return a wave's upper edge and how near each place is to a crest, 0-1; crests are steep on one side."""
    at = land.columns(canvas)
    bend = brush.profile(rng, at, cells=3, octaves=2) * 0.9
    phase = (at * float(rng.uniform(1.1, 1.9)) * canvas.across + bend + float(rng.random())) * lean
    part = phase - np.floor(phase)
    rise = np.where(part < 0.72, (part / 0.72) ** 2.1, ((1 - part) / 0.28) ** 1.3)
    strong = 0.35 + 0.9 * brush.profile(rng, at, cells=2.5, octaves=2)
    ragged = 0.010 * (brush.profile(rng, at, cells=46, octaves=3, sharp=0.6) - 0.5) * (0.3 + rise)
    line = base - tall * strong * rise + ragged - 0.015 * (brush.profile(rng, at, cells=9, octaves=3) - 0.5)
    return np.asarray(line, np.float32), np.asarray(rise * np.clip(strong * 1.2, 0, 1), np.float32)
