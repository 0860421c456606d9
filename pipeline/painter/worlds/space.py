"""Space: nebulae and stars with spikes, planets with their terminator and rings, moons over a strange horizon."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painter import brush
from pipeline.painter.canvas import Canvas, Colour, Mask, Paint, Point, Scenery, Sheet, Stage
from pipeline.painter.palette import Palette, brightness, lighter, mix, turned, vivid
from pipeline.storyboard import Framing, Hour, Picture

_DEEP: dict[Hour, float] = {"dawn": 0.24, "day": 0.28, "dusk": 0.21, "night": 0.15}  # lightness of empty space
_PERSON: dict[Framing, float] = {"wide": 0.15, "medium": 0.25, "close": 0.44}
_LARGER: dict[Framing, float] = {"wide": 0.9, "medium": 1.15, "close": 1.45}


@dataclass(frozen=True)
class _Globe:
    """A planet or a moon."""

    at: Point
    radius: float  #: shorter sides
    toward: NDArray[np.float64]  #: unit vector to its sun: right, down, to us
    kind: str  #: "gas", "rock", "ocean"
    ring: float = 0.0  #: how far the ring opens, 0 none
    tilt: float = 0.0  #: radians


def paint(picture: Picture, palette: Palette, *, canvas: Canvas, rng: np.random.Generator) -> Scenery:
    deep = _deep(palette)
    sky, clouds = _void(canvas, palette, deep, rng, picture.arousal)
    orbit = picture.figure == "none" and rng.random() < 0.45
    return _orbit(picture, palette, canvas, rng, sky) if orbit else _shore(picture, palette, canvas, rng, sky, clouds)


def _deep(palette: Palette) -> Colour:
    """Return the colour of empty space: the picture's zenith, dark whatever the hour."""
    base = mix(palette.zenith, palette.shade, 0.3)
    return vivid(lighter(base, _DEEP[palette.hour] - brightness(base)), 0.9)


# --- the sky ---


def _void(
    canvas: Canvas, palette: Palette, deep: Colour, rng: np.random.Generator, arousal: float
) -> tuple[Paint, Mask]:
    """Return stars before nebulae, and how thick the nebulae are."""
    small = canvas.coarser()
    paint, thick = _nebula(small, palette, deep, rng, 0.75 + 0.35 * arousal)
    paint, thick = brush.enlarged(paint, canvas), brush.enlarged(thick, canvas)
    _stars(canvas, paint, palette, rng)
    return paint, thick


def _nebula(
    canvas: Canvas, palette: Palette, deep: Colour, rng: np.random.Generator, much: float
) -> tuple[Paint, Mask]:
    """Return clouds of gas along a slanted band, folded into each other, dark lanes between."""
    warp = [brush.noise(canvas, rng, cells=2.2, octaves=4) - np.float32(0.5) for _ in range(2)]
    body = _folded(brush.noise(canvas, rng, cells=2.6, octaves=6, roughness=0.58), warp, 0.42, canvas)
    hue = _folded(brush.noise(canvas, rng, cells=1.4, octaves=3), warp, 0.25, canvas)
    lanes = _folded(brush.noise(canvas, rng, cells=4.2, octaves=5, roughness=0.55), warp, 0.5, canvas)
    slope, place = float(rng.uniform(-0.9, 0.9)), float(rng.uniform(0.28, 0.5))
    across = (canvas.rows - np.float32(place)) * np.float32(canvas.down) - np.float32(slope) * (canvas.columns - 0.5)
    band = np.exp(-((across / np.float32(0.42)) ** 2)).astype(np.float32)
    thick = np.clip(brush.step(body, 0.38, 0.74) * band * np.float32(1.5), 0, 1) * np.float32(much)
    first = vivid(mix(palette.sky, palette.accent, 0.35), 1.3)
    second = vivid(mix(palette.horizon, palette.accent, 0.15), 1.25)
    third = vivid(turned(palette.sky, 50), 1.2)
    tint = brush.gradient(np.clip(hue, 0, 1), [(0.3, third), (0.5, first), (0.68, second)])
    paint = brush.vertical(canvas, [(0.0, lighter(deep, -0.03)), (0.6, deep), (1.0, mix(deep, palette.shade, 0.35))])
    brush.lay(paint, tint, np.clip(thick, 0, 1) * np.float32(0.62))
    core = brush.step(body, 0.56, 0.80) * band
    brush.shine(paint, mix(palette.glow, palette.light, 0.3), core * np.float32(0.55 * much))
    brush.darken(paint, brush.step(lanes, 0.54, 0.70) * band, 0.55)
    return paint, thick


def _folded(field: Mask, warp: list[Mask], amount: float, canvas: Canvas) -> Mask:
    """Return a field read at places that other fields push around: smoke instead of blots."""
    push = np.float32(amount * canvas.short)
    x = np.arange(canvas.width, dtype=np.float32)[None, :] + warp[0] * push
    y = np.arange(canvas.height, dtype=np.float32)[:, None] + warp[1] * push
    return np.asarray(cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.float32)


def _stars(canvas: Canvas, paint: Paint, palette: Palette, rng: np.random.Generator) -> None:
    count = 900
    size = rng.random(count) ** 8
    spots = np.column_stack([rng.random((count, 2)), 0.0007 + 0.0019 * size, 0.25 + 0.75 * rng.random(count) ** 2])
    white = lighter(mix(palette.light, np.ones(3, np.float32), 0.5), 0.02)
    brush.shine(paint, white, brush.dots(canvas, spots))
    for _ in range(int(rng.integers(7, 13))):
        at, long = (float(rng.random()), float(rng.random() * 0.62)), float(rng.uniform(0.012, 0.05))
        tint = mix(white, vivid(palette.accent if rng.random() < 0.4 else palette.sky, 1.3), 0.25)
        _spike(canvas, paint, tint, at, long)


def _spike(canvas: Canvas, paint: Paint, tint: Colour, at: Point, long: float) -> None:
    """Put a bright star with four spikes into the paint."""
    x, y, reach = at[0] * canvas.width, at[1] * canvas.height, max(3.0, long * canvas.short)
    left, right = max(0, int(x - reach)), min(canvas.width, int(x + reach) + 2)
    top, low = max(0, int(y - reach)), min(canvas.height, int(y + reach) + 2)
    if left >= right or top >= low:
        return
    across = np.abs(np.arange(left, right, dtype=np.float32)[None, :] - np.float32(x)) / np.float32(reach)
    down = np.abs(np.arange(top, low, dtype=np.float32)[:, None] - np.float32(y)) / np.float32(reach)
    thin = np.float32(max(0.02, 0.55 / reach))
    ends = np.clip(1 - np.maximum(across, down), 0, 1)
    light = (np.exp(-across / 0.28 - down / thin) + np.exp(-down / 0.28 - across / thin)) * ends
    far = np.sqrt(across * across + down * down)
    light = light + np.exp(-((far / 0.13) ** 2)) + 0.30 * np.exp(-far / 0.22) * np.clip(1 - far, 0, 1)
    brush.shine(paint[top:low, left:right], tint, np.clip(light, 0, 1).astype(np.float32))


# --- globes ---


def _globe(canvas: Canvas, globe: _Globe, palette: Palette, rng: np.random.Generator) -> tuple[Paint, Mask]:
    """Return a planet, its air and its ring, as paint and mask of the whole canvas."""
    reach = globe.radius * (2.5 if globe.ring else 1.35)
    x, y, far = globe.at[0] * canvas.width, globe.at[1] * canvas.height, reach * canvas.short
    left, right = max(0, int(x - far)), min(canvas.width, int(x + far) + 1)
    top, low = max(0, int(y - far)), min(canvas.height, int(y + far) + 1)
    radius = globe.radius * canvas.short
    u = (np.arange(left, right, dtype=np.float32)[None, :] + np.float32(0.5 - x)) / np.float32(radius)
    v = (np.arange(top, low, dtype=np.float32)[:, None] + np.float32(0.5 - y)) / np.float32(radius)
    paint, mask = _ball(u, v, globe, palette, rng, radius)
    if globe.ring:
        paint, mask = _ringed(u, v, paint, mask, globe, palette, rng, radius)
    whole = np.zeros((canvas.height, canvas.width), np.float32)
    whole[top:low, left:right] = mask
    field = brush.flat(canvas, palette.glow)
    field[top:low, left:right] = paint
    return field, whole


def _ball(
    u: NDArray[np.float32],
    v: NDArray[np.float32],
    globe: _Globe,
    palette: Palette,
    rng: np.random.Generator,
    radius: float,
) -> tuple[Paint, Mask]:
    far2 = u * u + v * v
    inside = np.clip((1 - np.sqrt(far2)) * np.float32(radius) + 0.5, 0, 1)
    depth = np.sqrt(np.clip(1 - far2, 0, None))
    lit = u * np.float32(globe.toward[0]) + v * np.float32(globe.toward[1]) + depth * np.float32(globe.toward[2])
    day = brush.step(lit, -0.12, 0.85)
    paint = _surface(u, v, depth, globe, palette, rng)
    night = mix(_deep(palette), palette.ink, 0.35)
    paint = night + (paint - night) * (0.04 + 0.96 * day)[..., None]
    air = vivid(mix(palette.glow, palette.sky, 0.45), 1.3)
    rim = np.clip(far2, 0, 1) ** 5 * brush.step(lit, -0.25, 0.35)
    brush.shine(paint, air, (rim * np.float32(0.75)).astype(np.float32))
    outside = np.clip(np.sqrt(far2) - 1, 0, None)
    toward = brush.step(
        (u * np.float32(globe.toward[0]) + v * np.float32(globe.toward[1])) / np.sqrt(far2 + 1e-6), -0.35, 0.9
    )
    halo = np.exp(-outside / 0.05) * toward * np.float32(0.65) + np.exp(-outside / 0.17) * toward * np.float32(0.18)
    halo = halo * np.clip((0.34 - outside) / 0.1, 0, 1)
    brush.lay(paint, air, 1 - inside)
    return np.asarray(paint, np.float32), np.asarray(inside + (1 - inside) * halo, np.float32)


def _surface(
    u: NDArray[np.float32],
    v: NDArray[np.float32],
    depth: NDArray[np.float32],
    globe: _Globe,
    palette: Palette,
    rng: np.random.Generator,
) -> Paint:
    """Return a globe's own colours, without light: belts, seas and land, or craters."""
    cos, sin = np.float32(np.cos(globe.tilt)), np.float32(np.sin(globe.tilt))
    along, up = np.asarray(u * cos + v * sin, np.float32), np.asarray(v * cos - u * sin, np.float32)
    bulge = np.asarray(1 / (0.55 + depth), np.float32)  # meridians gather at the edge
    table = rng.random((3, 64, 64), dtype=np.float32)
    first = vivid(mix(palette.horizon, palette.accent, 0.35), 1.1)
    second = mix(palette.sky, palette.shade, 0.35)
    light = lighter(mix(palette.glow, palette.light, 0.4), 0.0)
    if globe.kind == "gas":
        swirl = _rough(table, np.asarray(along * bulge * 1.6, np.float32), up * 7, 4) - np.float32(0.5)
        belts = _rough(table[:, ::-1], up * 0 + 3.1, up * 5.5 + swirl * 1.1 + 20, 3)
        return brush.gradient(
            np.clip(belts, 0, 1), [(0.2, second), (0.42, first), (0.58, light), (0.8, mix(first, second, 0.4))]
        )
    field = _rough(table, along * bulge * 2.2 + 9, up * bulge * 2.2 + 9, 6)
    if globe.kind == "ocean":
        land = brush.step(field, 0.50, 0.56)
        sea = vivid(mix(palette.sky, palette.zenith, 0.5), 1.2)
        ground = mix(palette.shade, palette.accent, 0.3)
        paint = brush.gradient(np.clip(land, 0, 1), [(0.0, sea), (1.0, ground)])
        clouds = _rough(table[:, :, ::-1], along * bulge * 2 + 30, up * bulge * 4 + 30 + field * 2, 5)
        return brush.lay(paint, light, brush.step(clouds, 0.50, 0.70) * np.float32(0.85))
    return brush.gradient(np.clip(field, 0, 1), [(0.25, second), (0.5, mix(first, second, 0.5)), (0.75, light)])


def _rough(table: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32], octaves: int) -> Mask:
    """Return fractal noise at any places, from small tables of chance."""
    total = np.zeros(np.broadcast_shapes(x.shape, y.shape), np.float32)
    x, y = (np.broadcast_to(side, total.shape) for side in (x, y))
    whole = 0.0
    for octave in range(octaves):
        scale, weight = 2.0**octave, 0.55**octave
        at = [np.ascontiguousarray((side * np.float32(scale)) % 64, np.float32) for side in (x, y)]
        value = cv2.remap(
            np.ascontiguousarray(table[octave % 3]), at[0], at[1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP
        )
        total += np.float32(weight) * value
        whole += weight
    return total / np.float32(whole)


def _ringed(
    u: NDArray[np.float32],
    v: NDArray[np.float32],
    paint: Paint,
    mask: Mask,
    globe: _Globe,
    palette: Palette,
    rng: np.random.Generator,
    radius: float,
) -> tuple[Paint, Mask]:
    """Put a ring around a ball: its far half behind it, its near half before it, the ball's shadow on it."""
    cos, sin = np.float32(np.cos(globe.tilt)), np.float32(np.sin(globe.tilt))
    along, up = u * cos + v * sin, (v * cos - u * sin) / np.float32(globe.ring)
    far = np.sqrt(along * along + up * up)
    grooves = np.interp(np.linspace(1.3, 2.3, 160), np.linspace(1.3, 2.3, 24), rng.random(24) ** 0.7)
    dense = np.interp(far.ravel(), np.linspace(1.3, 2.3, 160), grooves, left=0, right=0).reshape(far.shape)
    edge = brush.step(far, 1.3, 1.36) * brush.step(far, 2.32, 2.22)
    cover = (0.20 + 0.75 * dense.astype(np.float32)) * edge
    behind = (up < 0) & (u * u + v * v < (1 + 0.5 / radius) ** 2)
    cover = np.where(behind, 0, cover).astype(np.float32)
    aside = u * np.float32(globe.toward[0]) + v * np.float32(globe.toward[1])
    cross = np.abs(u * np.float32(globe.toward[1]) - v * np.float32(globe.toward[0]))
    shadow = brush.step(cross, 1.03, 0.93) * brush.step(aside, 0.0, -0.25)
    tint = mix(palette.glow, palette.light, 0.35)
    ring = tint * (np.float32(0.55) + 0.45 * dense.astype(np.float32))[..., None] * (1 - 0.88 * shadow)[..., None]
    total = cover + mask * (1 - cover)
    share = cover / np.maximum(total, 1e-4)
    return np.asarray(paint + (ring - paint) * share[..., None], np.float32), np.asarray(total, np.float32)


def _sunward(rng: np.random.Generator, *, side: float) -> NDArray[np.float64]:
    vector = np.array([side * rng.uniform(0.65, 0.95), rng.uniform(-0.5, 0.15), rng.uniform(0.05, 0.45)])
    return np.asarray(vector / np.linalg.norm(vector))


def _kind(rng: np.random.Generator) -> str:
    return str(rng.choice(["gas", "gas", "rock", "ocean"]))


# --- a shore under planets ---


def _shore(
    picture: Picture, palette: Palette, canvas: Canvas, rng: np.random.Generator, sky: Paint, clouds: Mask
) -> Scenery:
    """Stand on a strange world: ridges in the haze, a planet over them."""
    side = -1.0 if rng.random() < 0.5 else 1.0
    toward, large = _sunward(rng, side=side), _LARGER[picture.framing]
    ground = float(rng.uniform(0.72, 0.77))
    x = 0.5 - side * float(rng.uniform(0.02, 0.20))
    ring = float(rng.choice([0.0, rng.uniform(0.16, 0.34)], p=[0.45, 0.55]))
    globe = _Globe(
        (x, float(rng.uniform(0.32, 0.40))),
        float(rng.uniform(0.19, 0.27)) * large,
        toward,
        _kind(rng),
        ring,
        float(rng.uniform(-0.5, 0.5)),
    )
    if ring:
        globe = _Globe(globe.at, globe.radius * 0.78, toward, globe.kind, ring, globe.tilt)
    planet, planet_mask = _globe(canvas, globe, palette, rng)
    moon = _Globe(
        (x + side * float(rng.uniform(0.24, 0.34)), float(rng.uniform(0.16, 0.26))),
        float(rng.uniform(0.025, 0.055)) * large,
        toward,
        "rock",
    )
    small, small_mask = _globe(canvas, moon, palette, rng)
    brush.lay(sky, small, small_mask)
    air = np.exp(-(((canvas.rows - np.float32(ground)) / np.float32(0.17)) ** 2)).astype(np.float32)
    spread = 0.45 + 0.55 * brush.glow(canvas, (0.5 + 0.55 * side, ground), radius=0.7)
    brush.lay(sky, vivid(mix(palette.haze, palette.glow, 0.35), 1.1), air * spread * np.float32(0.62))
    sheets = [brush.sheet(sky, None, depth=0.0), brush.sheet(planet, planet_mask, depth=0.08)]
    sheets += _ridges(canvas, palette, rng, ground, side)
    light = (0.5 + 0.62 * side, 0.32)
    feet = (float(np.clip(0.5 + rng.normal(0, 0.07), 0.36, 0.64)), ground + 0.115)
    if picture.figure == "boat":
        feet = (feet[0], ground + 0.10)
    return Scenery(tuple(sheets), Stage(feet, _PERSON[picture.framing], 0.75, len(sheets), light, ground, sky=0.24))


def _ridges(canvas: Canvas, palette: Palette, rng: np.random.Generator, ground: float, side: float) -> list[Sheet]:
    """Return two far ridges melting into the haze and the ground before us."""
    sheets = []
    dim = {"night": 0.75, "dusk": 0.85, "dawn": 0.95, "day": 0.9}[palette.hour]
    spires = rng.random() < 0.4
    for number, (base, tall, cells, far) in enumerate(((0.0, 0.13, 3.0, 0.66), (0.035, 0.09, 4.0, 0.40))):
        line = brush.profile(rng, canvas.columns[0], cells=cells, octaves=7, sharp=0.7, roughness=0.48)
        if spires:
            line = np.where(line > 0.5, 0.5 + (line - 0.5) * 2.4, line * 0.8 + 0.1).astype(np.float32)
        edge = ground + base - tall * (line - 0.3) * 1.6
        colour = lighter(palette.at(far), -0.10 * (1 - dim))
        mist = mix(colour, palette.haze, 0.4)
        paint = brush.vertical(
            canvas, [(0.0, colour), (ground + base - 0.05, colour), (ground + base + 0.06, mist), (1.0, mist)]
        )
        lit = np.clip(side * np.gradient(line) * canvas.width * 0.22, 0, 1)[None, :].astype(np.float32)
        near_edge = np.exp(-np.clip(canvas.rows - edge[None, :], 0, None) / 0.009).astype(np.float32)
        brush.lay(paint, mix(palette.glow, palette.haze, 0.3), lit * near_edge * np.float32(0.55))
        sheets.append(brush.sheet(paint, brush.below(canvas, edge), depth=0.22 + 0.2 * number))
    sheets.append(_ground(canvas, palette, rng, ground, side))
    return sheets


def _ground(canvas: Canvas, palette: Palette, rng: np.random.Generator, ground: float, side: float) -> Sheet:
    """Return the ground before us: dust with stones and shallow craters, lit from the side."""
    edge = ground + 0.055 + 0.03 * (brush.profile(rng, canvas.columns[0], cells=3, octaves=5) - 0.5)
    small = canvas.coarser()
    near = np.clip((small.rows - np.float32(ground + 0.05)) / np.float32(0.95 - ground), 0.02, 1)
    table = rng.random((3, 64, 64), dtype=np.float32)
    away = np.float32(0.5) / near
    field = _rough(
        table,
        (small.columns - 0.5) * away * np.float32(2.4 * canvas.across) + 30,
        np.repeat(away * 3.0, small.width, axis=1),
        5,
    )
    slope = np.gradient(field, axis=1) * np.float32(-side * small.short / 9)
    tone = np.clip(0.5 + slope * np.clip(near * 1.6, 0.15, 1), 0, 1).astype(np.float32)
    dark, lit = palette.ink, mix(palette.at(0.35), palette.glow, 0.16)
    paint = brush.gradient(tone, [(0.15, dark), (0.5, palette.at(0.16)), (0.85, lit)])
    brush.lay(paint, mix(palette.haze, palette.glow, 0.2), (np.exp(-near / 0.10) * np.float32(0.55)).astype(np.float32))
    brush.darken(paint, brush.step(small.rows, 0.82, 1.02) * np.ones((1, small.width), np.float32), 0.5)
    return brush.sheet(brush.enlarged(paint, canvas), brush.below(canvas, edge.astype(np.float32)), depth=0.75)


# --- in orbit ---


def _orbit(picture: Picture, palette: Palette, canvas: Canvas, rng: np.random.Generator, sky: Paint) -> Scenery:
    """Look along the edge of a great planet at its sun, a moon and stones before us."""
    side = -1.0 if rng.random() < 0.5 else 1.0
    large = float(rng.uniform(0.95, 1.25)) * _LARGER[picture.framing]
    top = float(rng.uniform(0.56, 0.64))
    x = 0.5 + side * float(rng.uniform(-0.05, 0.28))
    centre = (x, top + large * canvas.short / canvas.height)
    lean = -side * float(rng.uniform(0.1, 0.45))
    toward = np.array([np.sin(lean), -np.cos(lean), -0.42])
    planet, mask = _globe(
        canvas,
        _Globe(
            centre, large, toward / np.linalg.norm(toward), str(rng.choice(["ocean", "gas", "rock"])), tilt=0.4 * side
        ),
        palette,
        rng,
    )
    sun = (
        x + np.sin(lean) * large * canvas.short / canvas.width,
        centre[1] - np.cos(lean) * large * canvas.short / canvas.height,
    )
    brush.shine(sky, palette.glow, brush.glow(canvas, sun, radius=0.22) * np.float32(0.85))
    small = _Globe(
        (0.5 - side * float(rng.uniform(0.1, 0.26)), float(rng.uniform(0.22, 0.34))),
        float(rng.uniform(0.05, 0.11)),
        _sunward(rng, side=side),
        _kind(rng),
        float(rng.choice([0.0, 0.25])),
        0.3,
    )
    moon, moon_mask = _globe(canvas, small, palette, rng)
    flare = brush.glow(canvas, sun, radius=0.07) * np.float32(1.2) + np.exp(
        -np.abs(canvas.rows - sun[1]) / 0.003
    ) * brush.glow(canvas, sun, radius=0.3)
    flare = np.clip(flare, 0, 1).astype(np.float32)
    sheets = [
        brush.sheet(sky, None, depth=0.0),
        brush.sheet(moon, moon_mask, depth=0.15),
        brush.sheet(planet, mask, depth=0.35),
        brush.sheet(brush.flat(canvas, lighter(palette.light, 0.03)), flare * np.float32(0.9), depth=0.36),
        _stones(canvas, palette, rng, side),
    ]
    stage = Stage(
        (0.5, top + 0.1), _PERSON[picture.framing], 0.5, len(sheets), (float(sun[0]), float(sun[1])), top, sky=0.3
    )
    return Scenery(tuple(sheets), stage)


def _stones(canvas: Canvas, palette: Palette, rng: np.random.Generator, side: float) -> Sheet:
    """Return stones that float by, small far ones and a few near."""
    polygons = []
    slope = float(rng.uniform(-0.5, 0.5))
    for _ in range(46):
        along, aside = float(rng.uniform(-0.1, 1.1)), float(rng.normal(0, 0.05))
        size = 0.0025 + 0.02 * float(rng.random()) ** 5
        turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        radius = size * rng.uniform(0.65, 1.2, 12)
        shape = np.stack([radius * np.cos(turn), radius * 0.8 * np.sin(turn)], 1)
        centre = (along, 0.46 + slope * (along - 0.5) * 0.5 + aside)
        polygons.append(shape * (canvas.short / canvas.width, canvas.short / canvas.height) + centre)
    mask = brush.fill(canvas, polygons)
    soft = brush.blur(canvas, mask, 0.004)
    lit = np.clip((soft - np.roll(soft, round(side * 0.004 * canvas.short), axis=1)) * 2, 0, 1)
    paint = brush.flat(canvas, mix(palette.ink, palette.shade, 0.3))
    brush.lay(paint, palette.glow, np.asarray(lit, np.float32))
    return brush.sheet(paint, mask, depth=0.7)
