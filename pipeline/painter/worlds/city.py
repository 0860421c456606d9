"""City: a skyline in layers over a river or behind roofs; lit windows, neon, haze; a quay or a roof to stand on."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painter import brush, patch, sky, towers
from pipeline.painter.canvas import Canvas, Colour, Mask, Paint, Scenery, Sheet, Stage
from pipeline.painter.palette import Palette, lighter, mix
from pipeline.storyboard import Framing, Picture

# how much larger the city is than in a wide picture, and how high a person is, in shorter sides
_SCALES: dict[Framing, tuple[float, float]] = {"wide": (0.85, 0.17), "medium": (1.25, 0.27), "close": (1.9, 0.48)}


@dataclass(frozen=True)
class _Plan:
    """The composition: what stands where."""

    horizon: float  #: the water's far edge, or the street level of the city
    ground: float  #: the edge of the quay or roof before us
    scale: float
    person: float
    peak: float  #: where across the highest towers are
    river: bool
    sun: sky.Light


def paint(picture: Picture, palette: Palette, *, canvas: Canvas, rng: np.random.Generator) -> Scenery:
    plan = _planned(picture, rng)
    air = sky.sky(canvas, palette, plan.sun, picture.weather, rng, horizon=plan.horizon)
    _city_glow(canvas, air, palette, plan)
    _row(canvas, palette, plan, rng, air, far=0.86, wide=0.05, tall=(0.10, 0.46), pitch=0.0)
    middle, middle_mask = _new_row(canvas, palette, plan, rng, far=0.62, wide=0.085, tall=(0.06, 0.62), pitch=0.0085)
    near, near_mask = _new_row(canvas, palette, plan, rng, far=0.30, wide=0.13, tall=(0.0, 0.50), pitch=0.012)
    whole = brush.lay(brush.lay(air.copy(), middle, middle_mask), near, near_mask)
    sheets = [
        brush.sheet(air, None, depth=0.0),
        brush.sheet(middle, middle_mask, depth=0.15),
        brush.sheet(near, near_mask, depth=0.30),
        _river(canvas, whole, palette, plan, rng) if plan.river else _roofs(canvas, palette, plan, rng),
        _quay(canvas, palette, plan, rng),
    ]
    return Scenery(tuple(sheets), _stage(picture, plan, rng, len(sheets)))


def _planned(picture: Picture, rng: np.random.Generator) -> _Plan:
    scale, person = _SCALES[picture.framing]
    river = bool(rng.random() < 0.65) or picture.figure == "boat"
    horizon = float(rng.uniform(0.58, 0.64))
    ground = float(rng.uniform(0.80, 0.84)) + {"wide": 0.02, "medium": 0.0, "close": 0.02}[picture.framing]
    sun = sky.light(rng, picture.hour, picture.weather, horizon=horizon)
    peak = float(np.clip(1 - sun.at[0] + rng.normal(0, 0.06), 0.2, 0.8))
    return _Plan(horizon, ground, scale, person, peak, river, sun)


def _stage(picture: Picture, plan: _Plan, rng: np.random.Generator, count: int) -> Stage:
    x = float(np.clip(plan.sun.at[0] + rng.normal(0, 0.05), 0.3, 0.7))
    if picture.figure == "boat":
        feet, tall, slot, depth = (x, plan.horizon + 0.09), plan.person * 0.25, count - 1, 0.5
    else:
        feet, tall, slot, depth = (x, plan.ground + 0.055), plan.person, count, 0.8
    return Stage(feet, tall, depth, slot, plan.sun.at, plan.horizon, sky=0.24)


def _city_glow(canvas: Canvas, air: Paint, palette: Palette, plan: _Plan) -> None:
    """Put the light of the streets into the air over the roofs."""
    amount = {"night": 0.6, "dusk": 0.3, "dawn": 0.25, "day": 0.22}[palette.hour]
    rise = np.exp(-(((canvas.rows - np.float32(plan.horizon)) / np.float32(0.16)) ** 2)).astype(np.float32)
    spread = np.exp(-(((canvas.columns - np.float32(plan.peak)) / np.float32(0.5)) ** 2)).astype(np.float32)
    tint = mix(palette.haze, towers.warm(palette), 0.35) if palette.hour == "night" else palette.haze
    brush.lay(air, tint, rise * spread * np.float32(amount))


def _new_row(
    canvas: Canvas,
    palette: Palette,
    plan: _Plan,
    rng: np.random.Generator,
    *,
    far: float,
    wide: float,
    tall: tuple[float, float],
    pitch: float,
) -> tuple[Paint, Mask]:
    paint = brush.flat(canvas, palette.at(far))
    mask = _row(canvas, palette, plan, rng, paint, far=far, wide=wide, tall=tall, pitch=pitch, fresh=True)
    return paint, mask


def _row(
    canvas: Canvas,
    palette: Palette,
    plan: _Plan,
    rng: np.random.Generator,
    paint: Paint,
    *,
    far: float,
    wide: float,
    tall: tuple[float, float],
    pitch: float,
    fresh: bool = False,
) -> Mask:
    """Paint one row of towers into `paint` (over it, or as all of it) and return its mask."""
    foot = min(1.0, plan.horizon + 0.12)
    gap = plan.sun.at[0] if far < 0.8 else -1.0
    line = towers.row(
        rng,
        canvas,
        base=plan.horizon,
        wide=wide * plan.scale,
        tall=(tall[0] * plan.scale, tall[1] * plan.scale),
        peak=plan.peak,
        gap=gap,
    )
    mask = towers.silhouette(canvas, line, foot=foot)
    body = brush.vertical(
        canvas,
        [
            (0.0, palette.at(far)),
            (plan.horizon - 0.22, palette.at(far)),
            (plan.horizon, _misty(palette, far)),
            (1.0, _misty(palette, far)),
        ],
    )
    if not fresh:
        brush.lay(paint, body, mask)
        return mask
    paint[:] = body
    if pitch:
        lights = towers.faces(
            canvas, paint, line, rng, palette, pitch=pitch * plan.scale, foot=foot, sun_side=plan.sun.side
        )
        if palette.hour != "day":
            brush.shine(paint, towers.warm(palette), np.minimum(1, brush.blur(canvas, lights, 0.012) * np.float32(0.8)))
            _signs(canvas, paint, palette, line, rng, far)
    return mask


def _misty(palette: Palette, far: float) -> Colour:
    """Return a row's colour at street level, where the air is thick and lit."""
    lit = mix(palette.haze, towers.warm(palette), 0.3 if palette.hour == "night" else 0.0)
    return mix(palette.at(far), lit, 0.42)


def _signs(
    canvas: Canvas, paint: Paint, palette: Palette, line: list[towers.Tower], rng: np.random.Generator, far: float
) -> None:
    """Put neon on some edges and red lamps on the masts."""
    count = 3 if palette.hour == "night" else 2
    for lines in towers.edges(canvas, line, rng, count=count):
        colour = towers.neon(palette, rng)
        spot = patch.around(canvas, lines, margin=0.06)
        if spot is None:
            continue
        mask, area = spot.stroke(lines, width=0.0035), paint[spot.area]
        brush.shine(area, colour, np.minimum(1, spot.blur(mask, 0.018) * np.float32(2.2)))
        brush.lay(area, lighter(colour, 0.1), mask * np.float32(1 - 0.5 * far))
    red = np.array([0.25, 0.25, 1.0], np.float32)
    spots = brush.dots(canvas, towers.beacons(line, canvas))
    brush.lay(paint, red, spots)


def _river(canvas: Canvas, whole: Paint, palette: Palette, plan: _Plan, rng: np.random.Generator) -> Sheet:
    """Return the water: the city upside down, its lights drawn long by the waves."""
    edge = round(plan.horizon * canvas.height)
    deep = canvas.height - edge
    rows = np.arange(deep, dtype=np.float32)[:, None]
    part = rows / np.float32(deep)
    sway = brush.noise(Canvas(canvas.width, deep), rng, cells=26, octaves=3, stretch=7, coarse=2) - np.float32(0.5)
    across = np.arange(canvas.width, dtype=np.float32)[None, :] + sway * (part * 0.07 + 0.006) * np.float32(
        canvas.short
    )
    up = np.clip(
        edge - 1 - rows * np.float32(0.92) + sway * (part * 0.16 + 0.012) * np.float32(canvas.short), 0, edge - 1
    )
    water = cv2.remap(
        whole, across.astype(np.float32), up.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    long = max(3, int(0.05 * canvas.short)) | 1
    small = cv2.resize(water, (canvas.width, max(2, deep // 2)), interpolation=cv2.INTER_AREA)
    water = 0.35 * water + 0.65 * cv2.resize(
        cv2.blur(small, (1, long)), (canvas.width, deep), interpolation=cv2.INTER_LINEAR
    )
    dark = mix(palette.ink, palette.shade, 0.55)
    water = np.asarray(water + (dark - water) * (np.float32(0.22) + np.float32(0.38) * part)[..., None], np.float32)
    crest = brush.step(sway, 0.10, 0.30) * (1 - part)
    brush.lay(np.asarray(water, np.float32), palette.horizon, crest * np.float32(0.22))
    paint = np.empty((canvas.height, canvas.width, 3), np.float32)
    paint[:edge], paint[edge:] = dark, water
    shore = np.repeat(
        np.clip((canvas.rows - np.float32(plan.horizon)) * canvas.height + 0.5, 0, 1), canvas.width, axis=1
    )
    line = np.exp(-(((canvas.rows - np.float32(plan.horizon)) / np.float32(0.004)) ** 2)).astype(np.float32)
    brush.lay(
        paint, mix(palette.haze, towers.warm(palette), 0.3), np.repeat(line, canvas.width, axis=1) * np.float32(0.5)
    )
    return brush.sheet(paint, shore, depth=0.42)


def _roofs(canvas: Canvas, palette: Palette, plan: _Plan, rng: np.random.Generator) -> Sheet:
    """Return the roofs between us and the towers, dark and quiet."""
    paint = brush.vertical(
        canvas,
        [
            (0.0, palette.at(0.22)),
            (plan.horizon, palette.at(0.26)),
            (plan.horizon + 0.14, palette.at(0.12)),
            (1.0, palette.at(0.04)),
        ],
    )
    street = np.full(canvas.width, plan.horizon + 0.015, np.float32)
    total = brush.below(canvas, street, soft=0.02)  # between the roofs one looks down into streets, not at the sky
    for step, (down, wide) in enumerate(((0.05, 0.16), (0.13, 0.26))):
        line = towers.row(
            rng,
            canvas,
            base=plan.horizon + down,
            wide=wide * plan.scale,
            tall=(0.02, 0.13),
            peak=1.0 - plan.sun.at[0],
            gap=plan.sun.at[0],
        )
        mask = towers.silhouette(canvas, line, foot=1.0)
        body = brush.vertical(
            canvas,
            [
                (0.0, palette.at(0.25 - 0.1 * step)),
                (plan.horizon + down + 0.1, mix(palette.at(0.25 - 0.1 * step), palette.haze, 0.16)),
                (1.0, palette.at(0.06)),
            ],
        )
        lights = towers.faces(
            canvas, body, line, rng, palette, pitch=0.019 * plan.scale, foot=1.0, sun_side=plan.sun.side, strength=0.55
        )
        brush.shine(body, towers.warm(palette), np.minimum(1, brush.blur(canvas, lights, 0.015) * np.float32(0.4)))
        brush.lay(paint, body, mask)
        total = np.maximum(total, mask)
    return brush.sheet(paint, total, depth=0.45)


def _quay(canvas: Canvas, palette: Palette, plan: _Plan, rng: np.random.Generator) -> Sheet:
    """Return where we stand: a quay with a railing, or a roof with its parapet; a lamp at one side."""
    edge = plan.ground
    dark = palette.at(0.05)
    paint = brush.vertical(
        canvas,
        [
            (0.0, dark),
            (edge, mix(palette.at(0.16), palette.glow, 0.10)),
            (edge + 0.05, palette.at(0.08)),
            (1.0, palette.ink),
        ],
    )
    mask = brush.below(canvas, np.full(canvas.width, edge, np.float32))
    high = plan.person * 0.62 * canvas.short / canvas.height
    rail, bars = [], []
    for share in (1.0, 0.55, 0.2):
        rail.append([(-0.1, edge - high * share), (1.1, edge - high * share)])
    pitch = plan.person * 0.55 * canvas.short / canvas.width
    for x in np.arange(-0.1 + float(rng.uniform(0, pitch)), 1.1, pitch):
        bars.append([(x, edge - high * 1.04), (x, edge + 0.002)])
    mask = np.maximum(mask, brush.stroke(canvas, rail, width=0.018 * plan.person))
    mask = np.maximum(mask, brush.stroke(canvas, bars, width=0.03 * plan.person))
    top = np.exp(-(((canvas.rows - np.float32(edge + 0.004)) / np.float32(0.005)) ** 2)).astype(np.float32)
    brush.lay(paint, palette.glow, top * np.float32(0.30) * np.ones((1, canvas.width), np.float32))
    return _with_lamp(canvas, paint, mask, palette, plan, rng)


def _with_lamp(
    canvas: Canvas, paint: Paint, mask: Mask, palette: Palette, plan: _Plan, rng: np.random.Generator
) -> Sheet:
    """Stand a lamp at one side of the quay, lit when it is dim."""
    side = 0.14 if plan.sun.at[0] > 0.5 else 0.86
    x = side + float(rng.uniform(-0.015, 0.015))
    down, across = canvas.short / canvas.height, canvas.short / canvas.width
    high, arm = plan.person * 2.1 * down, plan.person * 0.42 * across * (1 if side < 0.5 else -1)
    base = plan.ground + 0.02
    post: list[NDArray[np.float64]] = [np.array([(x, base), (x, base - high)])]
    turn = np.linspace(0, np.pi, 18)
    post.append(
        np.stack([x + arm / 2 - arm / 2 * np.cos(turn), base - high - 0.16 * plan.person * down * np.sin(turn)], 1)
    )
    mask = np.maximum(mask, brush.stroke(canvas, post, width=0.03 * plan.person))
    lamp = (x + arm, base - high + 0.02 * plan.person * down)
    bulb = brush.disc(canvas, lamp, radius=0.05 * plan.person)
    mask = np.maximum(mask, bulb)
    warm = towers.warm(palette)
    brush.lay(paint, lighter(warm, 0.08) if palette.hour != "day" else palette.at(0.3), bulb)
    if palette.hour in ("night", "dusk"):
        halo = brush.glow(canvas, lamp, radius=0.16 * plan.person) * np.float32(0.85)
        pool = brush.glow(canvas, (lamp[0], plan.ground + 0.05), radius=0.35 * plan.person, squash=3.2) * np.float32(
            0.55
        )
        pool = pool * mask * (canvas.rows > plan.ground)
        brush.shine(paint, warm, pool)
        # the halo lies over what is behind the sheet
        share = np.clip(halo - mask, 0, 1)
        brush.lay(paint, warm, np.clip(share * 1.5, 0, 1) * (1 - mask))
        brush.shine(paint, warm, halo * mask * np.float32(0.5))
        mask = mask + (1 - mask) * halo
    return brush.sheet(paint, mask, depth=0.8)
