"""Abstract: silk, cut paper, bokeh, facets, marble, poster geometry, liquid colour; chosen by seed and mood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from pipeline.painter import brush
from pipeline.painter.canvas import Canvas, Colour, Mask, Paint, Point, Scenery, Sheet, Stage
from pipeline.painter.palette import Palette, brightness, lighter, mix, turned, vivid
from pipeline.storyboard import Framing, Hour, Picture

_PERSON: dict[Framing, float] = {"wide": 0.2, "medium": 0.3, "close": 0.48}
_DARK: dict[Hour, float] = {"dawn": 0.36, "day": 0.42, "dusk": 0.28, "night": 0.19}  # lightness of the darkest field


@dataclass(frozen=True)
class _Ground:
    """What every family works with."""

    canvas: Canvas
    rng: np.random.Generator
    deep: Colour  #: the darkest, never black
    hues: tuple[Colour, ...]  #: five, from dark to light, in one key
    pop: Colour  #: what stands out
    light: Colour
    wild: float  #: -1 calm, 1 wild
    focus: Point  #: where the eye shall rest


_Family = Callable[[_Ground], list[Sheet]]


def paint(picture: Picture, palette: Palette, *, canvas: Canvas, rng: np.random.Generator) -> Scenery:
    ground = _ground(picture, palette, canvas, rng)
    sheets = _family(picture, rng)(ground)
    feet = (0.5 + 0.6 * (ground.focus[0] - 0.5), 0.82)
    light = (ground.focus[0], ground.focus[1])
    stage = Stage(feet, _PERSON[picture.framing], 0.6, max(1, len(sheets) - 1), light, 0.7, sky=0.28)
    return Scenery(tuple(sheets), stage)


def _family(picture: Picture, rng: np.random.Generator) -> _Family:
    """Return how the picture is made: calm moods flow, wild ones break; a figure needs something to stand before."""
    calm: tuple[_Family, ...] = (_silk, _liquid, _marble, _bokeh, _paper)
    wild: tuple[_Family, ...] = (_facets, _poster, _paper, _silk, _marble, _rays)
    if picture.figure != "none":
        calm, wild = (_silk, _paper, _liquid), (_paper, _poster, _facets)
    chosen = wild if rng.random() < 0.5 + 0.5 * picture.arousal else calm
    return chosen[int(rng.integers(len(chosen)))]


def _ground(picture: Picture, palette: Palette, canvas: Canvas, rng: np.random.Generator) -> _Ground:
    dark = _DARK[palette.hour] - 0.04 * picture.arousal
    deep = mix(palette.zenith, palette.shade, 0.4)
    deep = lighter(deep, dark - brightness(deep))
    top = 0.80 + 0.05 * picture.valence
    lights = np.linspace(dark + 0.06, top, 5)
    bases = (palette.zenith, palette.sky, mix(palette.sky, palette.accent, 0.35), palette.horizon, palette.glow)
    rich = 1.12 + 0.2 * picture.arousal
    hues = tuple(
        vivid(lighter(base, float(to) - brightness(base)), rich) for base, to in zip(bases, lights, strict=True)
    )
    pop = vivid(turned(palette.accent, float(rng.choice([0.0, 0.0, 40.0, 180.0]))), 1.15)
    pop = lighter(pop, 0.68 - brightness(pop))
    focus = (float(rng.choice([0.34, 0.5, 0.66])), float(rng.uniform(0.30, 0.40)))
    return _Ground(canvas, rng, deep, hues, pop, palette.light, picture.arousal, focus)


def _backdrop(ground: _Ground, *, bright: float = 0.8) -> Paint:
    """Return a soft field of colour with light at the focus."""
    canvas, hues = ground.canvas, ground.hues
    paint = brush.vertical(canvas, [(0.0, hues[1]), (0.45, hues[2]), (1.0, ground.deep)])
    near = brush.glow(canvas, ground.focus, radius=0.5, squash=1.2)
    brush.lay(paint, hues[3], near * np.float32(bright))
    brush.shine(paint, ground.light, brush.glow(canvas, ground.focus, radius=0.16) * np.float32(0.45 * bright))
    return paint


def _vignette(canvas: Canvas, paint: Paint, amount: float) -> Paint:
    far = brush.distance(canvas, (0.5, 0.45))
    return brush.darken(paint, brush.step(far, 0.45, 1.15), amount)


# --- silk ---


def _silk(ground: _Ground) -> list[Sheet]:
    """Hang sheets of silk before each other: waves with a lit edge and a soft fold below it."""
    canvas, rng = ground.canvas, ground.rng
    back = _backdrop(ground)
    count, spread = 10, float(rng.uniform(0.42, 0.62))
    tall = 0.10 + 0.07 * ground.wild
    bends = float(rng.uniform(0.7, 1.4)) * (1 + 0.4 * ground.wild)
    phase, slope = float(rng.uniform(0, 6.28)), float(rng.uniform(-0.22, 0.22))
    sheets, whole = [brush.sheet(back, None, depth=0.0)], None
    for number in range(count):
        part = number / (count - 1)
        base = 0.30 + spread * part
        line = (
            base
            + slope * (canvas.columns[0] - 0.5)
            + _wave(canvas, rng, tall * (1.1 - 0.4 * part), bends, phase + number * 0.55)
        )
        paint, mask = _fold(ground, line.astype(np.float32), part)
        whole = (paint, mask) if whole is None else _stacked(whole, paint, mask)
        if number in (2, 5, 9):
            sheets.append(brush.sheet(whole[0], whole[1], depth=0.2 + 0.6 * part))
            whole = None
    return sheets


def _wave(canvas: Canvas, rng: np.random.Generator, tall: float, bends: float, phase: float) -> NDArray[np.float32]:
    at = canvas.columns[0] * np.float32(2 * np.pi * bends * min(canvas.across, 1.4))
    second = float(rng.uniform(0.25, 0.5))
    line = np.sin(at + phase) + second * np.sin(at * 1.9 + phase * 1.7 + 1)
    return np.asarray(line * tall * 0.62, np.float32)


def _fold(ground: _Ground, line: NDArray[np.float32], part: float) -> tuple[Paint, Mask]:
    """Return one sheet of silk below a line: bright at its edge, dark in the fold, lit again further down."""
    canvas, hues = ground.canvas, ground.hues
    slope = np.gradient(line)[None, :] * np.float32(canvas.width)
    under = (canvas.rows - line[None, :]) / np.sqrt(1 + slope * slope * np.float32(0.35))
    side = np.clip(0.5 - slope * np.float32(0.9 if ground.focus[0] < 0.5 else -0.9), 0, 1)
    scale = 3.6 * (1 - part)
    index = int(np.clip(scale, 0, 3))
    main = mix(hues[index], hues[index + 1], scale - index)
    dark, lit = mix(main, ground.deep, 0.62), lighter(mix(main, hues[4], 0.35), 0.03)
    tone = np.clip(
        np.exp(-np.clip(under, 0, None) / 0.05) * (0.45 + 0.55 * side)
        + 0.22 * side * np.exp(-(((under - 0.16) / 0.09) ** 2)),
        0,
        1,
    )
    paint = brush.gradient(tone.astype(np.float32), [(0.0, dark), (0.45, main), (1.0, lit)])
    edge = np.exp(-np.clip(under, 0, None) / 0.0035) * side
    brush.lay(paint, mix(ground.light, hues[4], 0.4), (edge * np.float32(0.75)).astype(np.float32))
    return paint, brush.below(canvas, line)


def _stacked(below: tuple[Paint, Mask], paint: Paint, mask: Mask) -> tuple[Paint, Mask]:
    """Return a paint laid over another, with a soft shadow at its edge."""
    return brush.lay(below[0], paint, mask), np.maximum(below[1], mask)


# --- cut paper ---


def _paper(ground: _Ground) -> list[Sheet]:
    """Cut holes into sheets of paper before each other, each throwing its shadow on the one behind."""
    canvas, rng = ground.canvas, ground.rng
    back = _backdrop(ground, bright=1.0)
    disc = brush.disc(canvas, ground.focus, radius=float(rng.uniform(0.06, 0.10)))
    brush.lay(back, mix(ground.light, ground.pop, 0.15), disc)
    sheets = [brush.sheet(back, None, depth=0.0)]
    lobes, turn = int(rng.integers(2, 5)), float(rng.uniform(0, 6.28))
    count = 5
    dx = (canvas.columns - np.float32(ground.focus[0])) * np.float32(canvas.width / canvas.short)
    dy = (canvas.rows - np.float32(ground.focus[1] + 0.03)) * np.float32(canvas.height / canvas.short)
    far, angle = np.sqrt(dx * dx + dy * dy), np.arctan2(dy, dx)
    for number in range(count):
        part = number / (count - 1)
        radius = 0.20 + 0.40 * part**0.9
        wobble = sum(
            float(rng.uniform(0.4, 1.0)) / (k + 1) * np.sin((lobes + k) * angle + turn + float(rng.uniform(0, 6.28)))
            for k in range(3)
        )
        rim = radius * (1 + (0.10 + 0.05 * ground.wild) * wobble + 0.16 * np.sin(angle) ** 2 * (canvas.down - 1))
        outside = (far - rim).astype(np.float32)
        hue = ground.hues[3 - number] if number < 4 else ground.deep
        shade = np.clip(outside / 0.5, 0, 1)
        paint = brush.gradient(shade, [(0.0, lighter(hue, 0.03)), (0.25, hue), (1.0, mix(hue, ground.deep, 0.55))])
        edge = np.exp(-np.clip(outside, 0, None) / 0.004)
        lit = np.clip(0.4 - dy / (far + 1e-3) * 0.8, 0, 1)
        brush.lay(paint, ground.light, (edge * lit * np.float32(0.5)).astype(np.float32))
        cut = np.clip(outside * canvas.short + 0.5, 0, 1)
        shadow = np.exp(-np.clip(-outside, 0, None) / 0.035) * np.float32(0.42) * (1 - cut)
        total = cut + shadow
        share = cut / np.maximum(total, 1e-4)
        paint = mix(ground.deep, hue, 0.1) * (1 - share[..., None]) * np.float32(0.55) + paint * share[..., None]
        sheets.append(brush.sheet(paint.astype(np.float32), total.astype(np.float32), depth=0.15 + 0.7 * part))
    return sheets


# --- bokeh ---


def _bokeh(ground: _Ground) -> list[Sheet]:
    """Let lights out of focus float in the dark, small far ones and large near ones."""
    canvas, rng = ground.canvas, ground.rng
    back = brush.vertical(canvas, [(0.0, ground.deep), (0.45, ground.hues[1]), (1.0, lighter(ground.deep, -0.05))])
    brush.lay(back, ground.hues[2], brush.glow(canvas, ground.focus, radius=0.5) * np.float32(0.7))
    sheets = [brush.sheet(back, None, depth=0.0)]
    slope = float(rng.uniform(-0.8, 0.8))
    for number, (count, size, strong) in enumerate(((120, 0.020, 0.75), (54, 0.045, 0.62), (18, 0.095, 0.42))):
        mask = np.zeros((canvas.height, canvas.width), np.float32)
        paint = brush.flat(canvas, ground.hues[3])
        for tint in (ground.hues[4], ground.pop, ground.hues[3]):
            some = count // 3
            x = rng.random(some)
            y = 0.42 + slope * (x - 0.5) * 0.5 + rng.normal(0, 0.17 + 0.05 * number, some)
            spots = np.column_stack([x, y, size * rng.uniform(0.6, 1.5, some), strong * rng.uniform(0.35, 1.0, some)])
            layer = _blurry(canvas, spots, soft=0.0015 + 0.0025 * number)
            brush.lay(paint, tint, np.clip(layer * 2.2, 0, 1))
            mask = 1 - (1 - mask) * (1 - layer)
        sheets.append(brush.sheet(_vignette(canvas, paint, 0.2), mask, depth=0.25 + 0.3 * number))
    return sheets


def _blurry(canvas: Canvas, spots: NDArray[np.float64], *, soft: float) -> Mask:
    """Return discs with a brighter rim, as a lens draws lights that are out of focus."""
    inner = spots * (1, 1, 0.88, 0.30)
    discs = brush.dots(canvas, spots) - np.minimum(brush.dots(canvas, inner), 0.9)
    return np.clip(brush.blur(canvas, np.clip(discs, 0, 1), soft), 0, 1)


# --- facets ---


def _facets(ground: _Ground) -> list[Sheet]:
    """Break the field into facets, lit as if it were a crumpled relief; splinters fly before it."""
    canvas, rng = ground.canvas, ground.rng
    sheets = []
    for number, (cells, depth) in enumerate(((9, 0.0), (7, 0.35))):
        points, triangles = _mesh(canvas, rng, cells)
        lift = rng.normal(0, 1, len(points)) * (0.09 + 0.05 * ground.wild)
        field = np.zeros((canvas.height, canvas.width, 3), np.uint8)
        mask = np.zeros((canvas.height, canvas.width), np.uint8)
        for corners in (points[triangles],):
            heights = lift[triangles]
            for spot, high in zip(corners, heights, strict=True):
                centre = spot.mean(0)
                if number and not _in_front(centre, ground):
                    continue
                colour = _facet_colour(ground, centre, spot, high)
                fixed = np.round((spot * (canvas.width, canvas.height) - 0.5) * 16).astype(np.int32)
                cv2.fillPoly(field, [fixed], [float(v) * 255 for v in colour], cv2.LINE_AA, 4)
                cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, 4)
        paint = field.astype(np.float32) / np.float32(255)
        if number == 0:
            brush.shine(paint, ground.light, brush.glow(canvas, ground.focus, radius=0.18) * np.float32(0.35))
            sheets.append(brush.sheet(paint, None, depth=depth))
        else:
            solid = mask.astype(np.float32) / np.float32(255)
            shadow = brush.blur(canvas, solid, 0.02) * np.float32(0.55) * (1 - solid)
            paint = brush.lay(brush.flat(canvas, lighter(ground.deep, -0.06)), paint, solid)
            sheets.append(brush.sheet(paint, np.maximum(solid, shadow), depth=depth))
    return [*sheets, _splinters(ground)]


def _mesh(canvas: Canvas, rng: np.random.Generator, cells: int) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    across, down = max(4, round(cells * canvas.across)), max(4, round(cells * canvas.down))
    x, y = np.meshgrid(np.linspace(-0.15, 1.15, across + 2), np.linspace(-0.12, 1.12, down + 2))
    points = np.stack([x.ravel(), y.ravel()], 1)
    points += rng.uniform(-0.42, 0.42, points.shape) * (1.3 / across, 1.24 / down)
    return points, Delaunay(points).simplices


def _in_front(centre: NDArray[np.float64], ground: _Ground) -> bool:
    """Whether a facet belongs to the heap in the foreground: low, and at the side away from the focus."""
    side = 1 if ground.focus[0] < 0.5 else -1
    return bool(centre[1] > 0.76 - 0.32 * np.clip(side * (centre[0] - 0.5), -0.2, 0.5))


def _facet_colour(
    ground: _Ground, centre: NDArray[np.float64], spot: NDArray[np.float64], high: NDArray[np.float64]
) -> Colour:
    far = float(
        np.hypot(
            (centre[0] - ground.focus[0]) * ground.canvas.across, (centre[1] - ground.focus[1]) * ground.canvas.down
        )
    )
    one, two = np.append(spot[1] - spot[0], high[1] - high[0]), np.append(spot[2] - spot[0], high[2] - high[0])
    normal = np.cross(one, two)
    normal = normal / max(float(np.linalg.norm(normal)), 1e-9) * np.sign(normal[2] or 1)
    light = float(normal @ (-0.5, -0.62, 0.6))
    place = float(np.clip(3.9 - 3.4 * far + (light - 0.55) * 2.0, 0, 3.999))
    hue = mix(ground.hues[int(place)], ground.hues[int(place) + 1], place % 1)
    return mix(hue, ground.deep, float(np.clip(0.35 * far + 0.25 - 0.45 * light, 0, 0.8)))


def _splinters(ground: _Ground) -> Sheet:
    canvas, rng = ground.canvas, ground.rng
    shards: list[NDArray[np.float64]] = []
    lit: list[NDArray[np.float64]] = []
    for _ in range(34):
        angle, far = float(rng.uniform(0, 6.28)), float(rng.uniform(0.12, 0.6))
        at = np.array(ground.focus) + np.array([np.cos(angle), np.sin(angle)]) * far * (
            canvas.short / canvas.width,
            canvas.short / canvas.height,
        )
        size = 0.006 + 0.03 * float(rng.random()) ** 3
        corner = np.sort(rng.uniform(0, 6.28, 3))
        shape = np.stack([np.cos(corner), np.sin(corner)], 1) * size * rng.uniform(0.5, 1.3, (3, 1))
        polygon = shape * (canvas.short / canvas.width, canvas.short / canvas.height) + at
        (shards if rng.random() < 0.6 else lit).append(polygon)
    mask = brush.fill(canvas, shards)
    bright = brush.fill(canvas, lit)
    paint = brush.lay(brush.flat(canvas, ground.hues[4]), ground.pop, bright)
    return brush.sheet(paint, np.maximum(mask * 0.8, bright), depth=0.7)


# --- marble ---


def _marble(ground: _Ground) -> list[Sheet]:
    """Pour inks into each other: a field folded twice, with fine bright veins along its bends."""
    canvas, rng = ground.canvas, ground.rng
    small = canvas.coarser()
    fold = 0.55 + 0.25 * ground.wild
    field = _flow(small, rng, fold)
    hues = ground.hues
    stops = [(0.22, ground.deep), (0.38, hues[0]), (0.47, hues[2]), (0.54, hues[1]), (0.62, hues[3]), (0.74, hues[4])]
    paint = brush.gradient(field, stops)
    relief = cv2.GaussianBlur(field, (0, 0), small.short * 0.004)
    shade = (np.roll(relief, 1, 0) - np.roll(relief, -1, 0)) * np.float32(small.short / 50)
    brush.darken(paint, np.clip(shade, 0, 0.5), 0.7)
    brush.shine(paint, ground.light, np.clip(-shade, 0, 0.4))
    paint = _vignette(small, paint, 0.35)
    veins = _contours(field, (0.41, 0.505, 0.60), small)
    gold = lighter(mix(ground.pop, ground.light, 0.45), 0.05)
    back = brush.enlarged(paint, canvas)
    second = _flow(small, rng, fold)
    low = brush.step(small.rows + 0.35 * (second - 0.5), 0.66, 0.82)
    cover = brush.step(second, 0.44, 0.60) * low
    front = brush.gradient(second, [(0.40, lighter(ground.deep, -0.02)), (0.62, hues[0]), (0.8, hues[1])])
    rim = np.clip(cover * (1 - cover) * 4, 0, 1) ** 2
    brush.lay(front, gold, rim * np.float32(0.8))
    return [
        brush.sheet(back, None, depth=0.0),
        brush.sheet(brush.flat(canvas, gold), brush.enlarged(veins, canvas) * np.float32(0.75), depth=0.18),
        brush.sheet(brush.enlarged(front, canvas), brush.enlarged(cover, canvas), depth=0.5),
        _specks(ground, gold),
    ]


def _flow(canvas: Canvas, rng: np.random.Generator, fold: float) -> Mask:
    """Return noise whose places were pushed around by noise, twice."""
    field = brush.noise(canvas, rng, cells=2.4, octaves=4)
    for _ in range(2):
        push = [
            (brush.noise(canvas, rng, cells=1.6, octaves=3) - np.float32(0.5)) * np.float32(fold * canvas.short)
            for _ in range(2)
        ]
        x = np.arange(canvas.width, dtype=np.float32)[None, :] + push[0]
        y = np.arange(canvas.height, dtype=np.float32)[:, None] + push[1]
        field = np.asarray(cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.float32)
    low, high = np.percentile(field[::7, ::7], (2, 98))
    return np.asarray(0.2 + 0.6 * (field - low) / max(float(high - low), 1e-6), np.float32)


def _contours(field: Mask, levels: tuple[float, ...], canvas: Canvas) -> Mask:
    """Return thin lines along levels of a field, as wide everywhere."""
    down, across = np.gradient(field)
    steep = np.sqrt(down * down + across * across) * np.float32(canvas.short) + np.float32(0.15)
    lines = np.zeros_like(field)
    for level in levels:
        lines = np.maximum(lines, np.exp(-(((field - level) / (steep * np.float32(0.0022))) ** 2)))
    return np.asarray(lines * brush.step(steep, 0.3, 1.2), np.float32)


def _specks(ground: _Ground, tint: Colour) -> Sheet:
    rng = ground.rng
    spots = np.column_stack([rng.random((150, 2)), 0.0008 + 0.004 * rng.random(150) ** 5, 0.3 + 0.6 * rng.random(150)])
    return brush.sheet(brush.flat(ground.canvas, tint), brush.dots(ground.canvas, spots), depth=0.8)


# --- poster ---


def _poster(ground: _Ground) -> list[Sheet]:
    """Build a poster: a great disc, arcs around it, stripes and bars, all with a soft gradient and long shadows."""
    canvas, rng = ground.canvas, ground.rng
    back = brush.vertical(canvas, [(0.0, ground.hues[0]), (0.5, ground.hues[1]), (1.0, ground.deep)])
    radius = float(rng.uniform(0.24, 0.32))
    sheets = [brush.sheet(_vignette(canvas, back, 0.25), None, depth=0.0)]
    sheets.append(_great_disc(ground, radius))
    sheets.append(_arcs(ground, radius))
    sheets.append(_slabs(ground))
    return sheets


def _great_disc(ground: _Ground, radius: float) -> Sheet:
    canvas, rng = ground.canvas, ground.rng
    disc = brush.disc(canvas, ground.focus, radius=radius)
    top = ground.focus[1] - radius * canvas.short / canvas.height
    part = (canvas.rows - np.float32(top)) / np.float32(2 * radius * canvas.short / canvas.height)
    paint = brush.gradient(
        np.repeat(np.clip(part, 0, 1), canvas.width, axis=1),
        [(0.0, ground.hues[4]), (0.55, ground.pop), (1.0, mix(ground.pop, ground.hues[1], 0.6))],
    )
    if rng.random() < 0.5:  # cut into stripes that widen downwards
        count = 7
        phase = part * count
        open_share = np.clip((part - 0.4) * 0.85, 0, 0.5)
        pixel = count / (2 * radius * canvas.short)
        stripe = np.clip((phase % 1 - (1 - open_share)) / pixel + 0.5, 0, 1) * (part > 0.4)
        disc = disc * (1 - stripe.astype(np.float32))
    halo = brush.glow(canvas, ground.focus, radius=radius * 1.25) * np.float32(0.4)
    total = np.maximum(disc, halo)
    paint = brush.lay(brush.flat(canvas, mix(ground.pop, ground.hues[3], 0.5)), paint, disc)
    return brush.sheet(paint, total.astype(np.float32), depth=0.15)


def _arcs(ground: _Ground, radius: float) -> Sheet:
    """Return quarter and half rings around the disc, each fading along its sweep."""
    canvas, rng = ground.canvas, ground.rng
    dx = (canvas.columns - np.float32(ground.focus[0])) * np.float32(canvas.width / canvas.short)
    dy = (canvas.rows - np.float32(ground.focus[1])) * np.float32(canvas.height / canvas.short)
    far, angle = np.sqrt(dx * dx + dy * dy), np.arctan2(dy, dx)
    paint, mask = brush.flat(canvas, ground.hues[3]), np.zeros((canvas.height, canvas.width), np.float32)
    for number in range(5):
        middle = radius * (1.18 + 0.24 * number)
        wide = float(rng.choice([0.006, 0.012, 0.035]))
        start, sweep = float(rng.uniform(0, 6.28)), float(rng.choice([1.57, 3.14, 4.71]))
        along = (angle - start) % (2 * np.pi)
        ring = np.clip((wide - np.abs(far - middle)) * canvas.short + 0.5, 0, 1) * (along < sweep)
        tint = (ground.hues[4], ground.pop, ground.hues[3])[number % 3]
        fade = 0.25 + 0.75 * np.clip(along / sweep, 0, 1)
        ring = (ring * fade).astype(np.float32)
        brush.lay(paint, tint, np.clip(ring * 3, 0, 1))
        mask = np.maximum(mask, ring)
    return brush.sheet(paint, mask, depth=0.35)


def _slabs(ground: _Ground) -> Sheet:
    """Return slanted slabs rising from below, dark enough for titles."""
    canvas, rng = ground.canvas, ground.rng
    slope = float(rng.choice([-1, 1])) * float(rng.uniform(0.12, 0.32))
    paint, total = brush.flat(canvas, ground.deep), np.zeros((canvas.height, canvas.width), np.float32)
    for number in range(3):
        line = 0.63 + 0.12 * number + slope * (canvas.columns[0] - 0.5) * (1 if number % 2 == 0 else -1)
        edge = brush.below(canvas, line)
        under = np.clip((canvas.rows - line[None, :]) / 0.3, 0, 1)
        hue = (ground.hues[2], ground.hues[1], ground.hues[0])[number]
        body = brush.gradient(under.astype(np.float32), [(0.0, hue), (1.0, mix(hue, ground.deep, 0.8))])
        shadow = np.exp(-np.clip(line[None, :] - canvas.rows, 0, None) / 0.02) * np.float32(0.4) * total
        brush.darken(paint, (shadow * (1 - edge)).astype(np.float32))
        brush.lay(paint, body, edge)
        total = np.maximum(total, edge)
    return brush.sheet(paint, total, depth=0.6)


# --- liquid, rays ---


def _liquid(ground: _Ground) -> list[Sheet]:
    """Let colours run into each other and glass balls float in them."""
    canvas, rng = ground.canvas, ground.rng
    small = Canvas(max(40, round(canvas.across * 90)), max(40, round(canvas.down * 90)))
    paint = brush.vertical(small, [(0.0, ground.hues[1]), (1.0, ground.deep)])
    tints = (ground.hues[3], ground.pop, ground.hues[2], ground.hues[0], ground.hues[4], ground.hues[2])
    for tint in tints:
        at = (float(rng.random()), float(rng.uniform(0, 0.75)))
        brush.lay(
            paint,
            tint,
            brush.step(brush.glow(small, at, radius=0.34, squash=float(rng.uniform(0.7, 1.5))), 0.12, 0.8)
            * np.float32(0.85),
        )
    push = [
        (brush.noise(small, rng, cells=1.5, octaves=2) - np.float32(0.5)) * np.float32(small.short * 0.7)
        for _ in range(2)
    ]
    x = np.arange(small.width, dtype=np.float32)[None, :] + push[0]
    y = np.arange(small.height, dtype=np.float32)[:, None] + push[1]
    paint = np.asarray(cv2.remap(paint, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.float32)
    field = cv2.resize(
        cv2.GaussianBlur(paint, (0, 0), 2.0), (canvas.width, canvas.height), interpolation=cv2.INTER_CUBIC
    )
    back = brush.darken(
        np.clip(np.asarray(field, np.float32), 0, 1),
        np.repeat(brush.step(canvas.rows, 0.5, 1.0), canvas.width, 1),
        0.45,
    )
    sheets = [brush.sheet(back, None, depth=0.0, grain=1.2)]
    for number, (count, size) in enumerate(((6, 0.035), (4, 0.075), (2, 0.14))):
        sheets.append(_balls(ground, back, rng, count, size, depth=0.25 + 0.27 * number))
    return sheets


def _balls(ground: _Ground, back: Paint, rng: np.random.Generator, count: int, size: float, *, depth: float) -> Sheet:
    """Return balls of glass that turn what is behind them upside down and catch the light."""
    canvas = ground.canvas
    paint, mask = brush.flat(canvas, ground.hues[2]), np.zeros((canvas.height, canvas.width), np.float32)
    for _ in range(count):
        at, radius = (
            (float(rng.uniform(0.1, 0.9)), float(rng.uniform(0.12, 0.66))),
            size * float(rng.uniform(0.65, 1.2)),
        )
        x, y, far = at[0] * canvas.width, at[1] * canvas.height, radius * canvas.short
        left, right = max(0, int(x - far - 2)), min(canvas.width, int(x + far + 3))
        top, low = max(0, int(y - far - 2)), min(canvas.height, int(y + far + 3))
        if left >= right or top >= low:
            continue
        u = (np.arange(left, right, dtype=np.float32)[None, :] + np.float32(0.5 - x)) / np.float32(far)
        v = (np.arange(top, low, dtype=np.float32)[:, None] + np.float32(0.5 - y)) / np.float32(far)
        inside = np.clip((1 - np.sqrt(u * u + v * v)) * np.float32(far) + 0.5, 0, 1)
        area = (slice(top, low), slice(left, right))
        paint[area] = paint[area] * (1 - inside[..., None]) + _ball(ground, back, u, v, x, y, far) * inside[..., None]
        mask[area] = np.maximum(mask[area], inside)
    return brush.sheet(paint, mask, depth=depth)


def _ball(
    ground: _Ground, back: Paint, u: NDArray[np.float32], v: NDArray[np.float32], x: float, y: float, far: float
) -> Paint:
    r2 = np.clip(u * u + v * v, 0, 1)
    bend = np.float32(-1.3) * (1 - 0.5 * r2)
    seen = cv2.remap(
        back,
        (u * bend * np.float32(far) + np.float32(x)).astype(np.float32),
        (v * bend * np.float32(far) + np.float32(y)).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    paint = np.asarray(seen, np.float32)
    lit = np.clip(-(u * 0.55 + v * 0.75), 0, 1) * r2
    brush.darken(paint, r2**3 * np.clip(u * 0.4 + v * 0.7 + 0.2, 0, 1), 0.75)
    brush.shine(paint, ground.hues[4], (lit * np.float32(0.7)).astype(np.float32))
    spot = np.exp(-(((u + 0.36) ** 2 + (v + 0.46) ** 2) / 0.018))
    brush.shine(paint, ground.light, (spot * np.float32(0.9)).astype(np.float32))
    return paint


def _rays(ground: _Ground) -> list[Sheet]:
    """Let wedges of colour burst from the focus, rings of light around it."""
    canvas, rng = ground.canvas, ground.rng
    dx = (canvas.columns - np.float32(ground.focus[0])) * np.float32(canvas.width / canvas.short)
    dy = (canvas.rows - np.float32(ground.focus[1])) * np.float32(canvas.height / canvas.short)
    far = np.sqrt(dx * dx + dy * dy)
    twist = float(rng.uniform(-1.2, 1.2))
    angle = (np.arctan2(dy, dx) + twist * far) / np.float32(2 * np.pi) % 1
    sheets = [brush.sheet(_backdrop(ground, bright=1.0), None, depth=0.0)]
    for number, (wedges, tint) in enumerate(((14, ground.hues[3]), (9, ground.hues[1]), (7, ground.deep))):
        edges = np.sort(rng.random(wedges * 2))
        inside = np.zeros_like(far)
        for left, right in zip(edges[::2], edges[1::2], strict=True):
            sharp = np.maximum(far, 1e-3) * np.float32(2 * np.pi * canvas.short)
            inside = np.maximum(
                inside, np.clip((angle - left) * sharp + 0.5, 0, 1) * np.clip((right - angle) * sharp + 0.5, 0, 1)
            )
        reach = brush.step(far, 0.10 + 0.12 * number, 0.55 + 0.12 * number)
        paint = brush.flat(canvas, tint)
        brush.lay(paint, mix(tint, ground.hues[4], 0.5), np.exp(-far / 0.25).astype(np.float32))
        sheets.append(
            brush.sheet(paint, (inside * reach * np.float32(0.85)).astype(np.float32), depth=0.2 + 0.22 * number)
        )
    sheets.append(_arcs(ground, 0.12))
    return sheets
