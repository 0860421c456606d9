"""Street: a street or an alley in perspective; lamps, lit windows, signs without letters, cables, a wet ground."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painter import brush, patch, sky, things, towers
from pipeline.painter.canvas import Canvas, Colour, Mask, Paint, Scenery, Sheet, Stage
from pipeline.painter.palette import Palette, brightness, lighter, mix, vivid
from pipeline.storyboard import Framing, Picture

_PERSON: dict[Framing, float] = {"wide": 0.22, "medium": 0.32, "close": 0.50}
_NEAR, _FAR = 0.55, 9.0  # distances at which the walls begin and end, in widths of half the street
_EYE = 0.36  # how high our eye is over the ground, in the same measure


@dataclass(frozen=True)
class _Lane:
    """The perspective: something at distance z stands 1/z as large."""

    canvas: Canvas
    x: float  #: where the street vanishes, fractions
    y: float
    half: float  #: half the street's width at distance 1, in shorter sides
    wet: float  #: 0 dry, 1 a mirror
    light: float  #: how dim it is: 0 day, 1 night

    def at(self, side: float, high: float, z: float) -> tuple[float, float]:
        """Return where a point is seen: `side` -1 to 1 across the street, `high` over the ground, at distance z."""
        across = self.half * self.canvas.short / self.canvas.width
        down = self.half * self.canvas.short / self.canvas.height
        return self.x + side * across / z, self.y + (_EYE - high) * down / z


@dataclass(frozen=True)
class _House:
    """One house of a row."""

    side: int
    near: float
    far: float
    high: float
    tone: float
    shop: bool


def paint(picture: Picture, palette: Palette, *, canvas: Canvas, rng: np.random.Generator) -> Scenery:
    lane = _lane(picture, palette, canvas, rng)
    sun = sky.Light(
        (lane.x + float(rng.normal(0, 0.02)), lane.y - 0.05),
        0.05,
        0.6 if picture.weather in ("rain", "storm", "snow", "fog") else 0.0,
    )
    back = sky.sky(canvas, palette, sun, picture.weather, rng, horizon=lane.y)
    _far_end(lane, back, palette, rng)
    houses = _houses(lane, rng)
    walls, walls_mask, shine = _walls(lane, houses, palette, rng)
    lamps, lamps_mask, bulbs = _furniture(lane, houses, palette, rng)
    whole = brush.lay(brush.lay(back.copy(), walls, walls_mask), lamps, lamps_mask)
    road, road_mask = _road(lane, whole, palette, rng, shine, bulbs)
    sheets = [
        brush.sheet(back, None, depth=0.0),
        brush.sheet(walls, walls_mask, depth=0.22),
        brush.sheet(road, road_mask, depth=0.30),
        brush.sheet(lamps, lamps_mask, depth=0.38),
        _frame(lane, palette, rng),
    ]
    feet_z = 1.0 / (0.62 if picture.framing == "wide" else 0.8)
    side = float(rng.uniform(-0.25, 0.25))
    x, y = lane.at(side, 0.0, feet_z)
    y = float(np.clip(y, 0.74, 0.86))
    stage = Stage(
        (float(np.clip(x, 0.3, 0.7)), y), _PERSON[picture.framing], 0.6, 4, (lane.x, lane.y - 0.05), lane.y, sky=0.22
    )
    return Scenery(tuple(sheets), stage)


def _lane(picture: Picture, palette: Palette, canvas: Canvas, rng: np.random.Generator) -> _Lane:
    wet = 0.9 if picture.weather in ("rain", "storm") else float(rng.choice([0.25, 0.55]))
    if palette.hour == "day" and picture.weather not in ("rain", "storm"):
        wet = 0.1
    dim = {"day": 0.0, "dawn": 0.45, "dusk": 0.75, "night": 1.0}[palette.hour]
    if picture.weather in ("rain", "storm") and palette.hour == "day":
        dim = 0.35
    half = float(rng.uniform(0.42, 0.62)) * (canvas.across**0.55)
    return _Lane(canvas, float(rng.uniform(0.40, 0.60)), float(rng.uniform(0.54, 0.60)), half, wet, dim)


# --- what is far away ---


def _far_end(lane: _Lane, back: Paint, palette: Palette, rng: np.random.Generator) -> None:
    """Put towers in the haze and a great glow where the street ends."""
    canvas = lane.canvas
    line = towers.row(rng, canvas, base=lane.y, wide=0.07, tall=(0.08, 0.42), peak=lane.x + 0.12, gap=lane.x)
    mask = towers.silhouette(canvas, line, foot=min(1.0, lane.y + 0.1))
    brush.lay(back, palette.at(0.88), mask * np.float32(0.9))
    near = brush.glow(canvas, (lane.x, lane.y), radius=0.20, squash=0.9)
    tint = mix(palette.glow, towers.warm(palette), 0.5) if lane.light > 0.8 else palette.glow
    brush.lay(back, tint, near * np.float32(0.75 if lane.light > 0.8 else 0.6))


# --- the walls ---


def _houses(lane: _Lane, rng: np.random.Generator) -> list[_House]:
    """Return the rows at both sides, far ones first."""
    houses = []
    for side in (-1, 1):
        at = _NEAR
        while at < _FAR:
            deep = float(rng.uniform(0.45, 1.1)) * (0.7 + 0.18 * at)
            high = float(rng.uniform(1.1, 2.9)) * (1.25 if at < 1.2 else 1.0)
            houses.append(_House(side, at, at + deep, high, float(rng.normal(0, 0.03)), bool(rng.random() < 0.65)))
            at += deep
    return sorted(houses, key=lambda house: -house.near)


def _walls(lane: _Lane, houses: list[_House], palette: Palette, rng: np.random.Generator) -> tuple[Paint, Mask, Mask]:
    """Return the house fronts, and how brightly each pixel of them shines."""
    canvas = lane.canvas
    paint, lights = brush.flat(canvas, palette.at(0.3)), np.zeros((canvas.height, canvas.width), np.float32)
    total = np.zeros((canvas.height, canvas.width), np.float32)
    for house in houses:
        outline, gable = _front(lane, house)
        spot = patch.around(canvas, [outline, *gable])
        seed = int(rng.integers(2**31))
        if spot is None:
            continue
        mask = spot.fill([outline, *gable])
        face, shine = _face(lane, house, palette, np.random.default_rng(seed), spot)
        brush.lay(paint[spot.area], face, mask)
        lights[spot.area] += (shine - lights[spot.area]) * mask
        np.maximum(total[spot.area], mask, out=total[spot.area])
    glow = brush.blur(canvas, lights, 0.02) * np.float32(0.55 * lane.light)
    brush.shine(paint, towers.warm(palette), np.minimum(glow, 1))
    return paint, total, lights


def _front(lane: _Lane, house: _House) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    near, far = max(house.near, 0.3), house.far * 1.03  # a little behind its neighbour: no seam
    corners = [
        lane.at(house.side, high, z) for high, z in ((-0.2, near), (house.high, near), (house.high, far), (-0.2, far))
    ]
    turned = np.array(
        [
            lane.at(house.side, house.high, near),
            lane.at(house.side * 3.2, house.high, near),
            lane.at(house.side * 3.2, 0, near),
            lane.at(house.side, 0, near),
        ]
    )
    ledge = [
        lane.at(house.side * 0.985, high, z)
        for high, z in ((house.high, near), (house.high + 0.07, near), (house.high + 0.07, far), (house.high, far))
    ]
    return np.array(corners), [turned, np.array(ledge)]


def _face(
    lane: _Lane, house: _House, palette: Palette, rng: np.random.Generator, spot: patch.Patch
) -> tuple[Paint, Mask]:
    """Return a front's colours and light in a patch: windows in perspective, a lit shop below."""
    canvas = lane.canvas
    down_px, across_px = spot.area
    x = canvas.columns[0, across_px]
    across = lane.half * canvas.short / canvas.width
    z = np.clip(across / np.maximum(np.abs(x - lane.x), 1e-4), house.near * 0.98, house.far * 1.02).astype(np.float32)
    down = lane.half * canvas.short / canvas.height
    high = _EYE - (canvas.rows[down_px] - np.float32(lane.y)) / np.float32(down) * z[None, :]
    far = brush.step(z, 0.6, 7.0)
    base = _wall_colour(palette, lane, house)
    haze = mix(palette.haze, palette.glow, 0.3)
    low = np.clip(1 - high / np.float32(1.3), 0, 1)
    wall = base + (haze - base) * (np.float32(0.9) * far[None, :, None] + np.float32(0.10) * low[..., None])
    columns, rows = max(1, round((house.far - house.near) / 0.16)), max(1, round((house.high - 0.42) / 0.25))
    u = (z - house.near) / np.float32(house.far - house.near) * columns
    v = (high - np.float32(0.42)) / np.float32(house.high - 0.42) * rows
    pixel_u = np.maximum(np.abs(np.gradient(u)) if u.size > 1 else np.ones_like(u), 1e-3)
    pixel_v = np.maximum(z / np.float32(down * canvas.height) / np.float32(house.high - 0.42) * rows, 1e-3)
    window = towers.cover(u, pixel_u, 0.55)[None, :] * towers.cover(v, pixel_v[None, :], 0.56)
    window = window * brush.step(v, 0.0, 0.02) * brush.step(v, rows + 0.02, rows)
    on = np.where(
        rng.random((rows, columns)) < 0.10 + 0.30 * lane.light, rng.uniform(0.4, 1.0, (rows, columns)), 0.0
    ).astype(np.float32)
    cell = on[
        np.clip(v.astype(int), 0, rows - 1), np.broadcast_to(np.clip(u.astype(int), 0, columns - 1)[None, :], v.shape)
    ]
    dark = mix(base, mix(palette.ink, palette.sky, 0.35), 0.6)
    paint = wall + (dark - wall) * (window * (1 - 0.8 * far[None, :]) * np.float32(0.75))[..., None]
    shine = window * cell * np.float32(0.25 + 0.75 * lane.light) * (1 - 0.35 * far[None, :])
    if house.shop:
        open_front = (
            brush.step(high, 0.02, 0.05)
            * brush.step(high, 0.34, 0.31)
            * towers.cover(u * np.float32(0.5), pixel_u * 0.5, 0.8)[None, :]
        )
        shine = np.maximum(shine, open_front * np.float32((0.12 + 0.75 * lane.light) * rng.uniform(0.5, 1.0)))
    tint = mix(towers.warm(palette), towers.neon(palette, rng), 0.45 if house.shop and rng.random() < 0.4 else 0.0)
    brush.lay(paint, tint, np.minimum(shine, 1) * np.float32(0.92))
    return np.asarray(paint, np.float32), np.asarray(shine, np.float32)


def _wall_colour(palette: Palette, lane: _Lane, house: _House) -> Colour:
    lit = house.side * (0.5 - lane.x) > 0
    base = palette.at(0.32 if palette.hour == "day" else 0.22)
    warm = mix(base, palette.accent, 0.10 + 1.5 * abs(house.tone))
    return lighter(warm, house.tone + (0.05 if lit else -0.01))


# --- lamps, signs, cables ---


def _furniture(
    lane: _Lane, houses: list[_House], palette: Palette, rng: np.random.Generator
) -> tuple[Paint, Mask, list[tuple[float, float, float]]]:
    """Return lamps, signs and parked cars; and the bulbs as (across, down, distance)."""
    canvas = lane.canvas
    paint, mask = brush.flat(canvas, palette.at(0.12)), np.zeros((canvas.height, canvas.width), np.float32)
    posts, bulbs = _lamps(lane, rng)
    dark = brush.fill(canvas, posts)
    mask = np.maximum(mask, dark)
    _cars(lane, palette, rng, paint, mask)
    for house in houses:
        if house.near < 5 and rng.random() < 0.75:
            _sign(lane, house, palette, rng, paint, mask)
    warm = lighter(towers.warm(palette), 0.05)
    for x, y, z in bulbs:
        spot = patch.near(canvas, (x, y), max(0.075 / z**0.7, 0.022 / z))
        if spot is None:
            continue
        bulb = spot.disc((x, y), radius=0.022 / z)
        if lane.light > 0.2:
            halo = spot.halo((x, y), radius=0.075 / z**0.7) * np.float32(0.8 * lane.light)
            patch.over(paint[spot.area], mask[spot.area], warm, halo)
        patch.over(paint[spot.area], mask[spot.area], warm if lane.light > 0.2 else palette.at(0.4), bulb)
    return paint, mask, bulbs


def _lamps(lane: _Lane, rng: np.random.Generator) -> tuple[list[NDArray[np.float64]], list[tuple[float, float, float]]]:
    polygons, bulbs = [], []
    first = float(rng.uniform(1.0, 1.3))
    sides = (-1,) if rng.random() < 0.3 else (-1, 1)
    for side in sides:
        for number in range(6):
            z = (first + (0.25 if side > 0 else 0.0)) * 1.42**number
            foot, top = lane.at(side * 0.74, 0.0, z), lane.at(side * 0.74, 1.0, z)
            head = lane.at(side * 0.56, 1.0, z)
            wide = 0.016 / z * lane.canvas.short / lane.canvas.width
            thick = 0.010 / z * lane.canvas.short / lane.canvas.height
            polygons.append(
                np.array(
                    [
                        (foot[0] - wide, foot[1]),
                        (foot[0] + wide, foot[1]),
                        (top[0] + wide * 0.5, top[1]),
                        (top[0] - wide * 0.5, top[1]),
                    ]
                )
            )
            polygons.append(
                np.array(
                    [
                        (top[0], top[1] - thick),
                        (head[0], head[1] - thick),
                        (head[0], head[1] + thick),
                        (top[0], top[1] + thick),
                    ]
                )
            )
            bulbs.append((head[0], head[1] + 2 * thick, z))
    return polygons, bulbs[::-1]


def _sign(lane: _Lane, house: _House, palette: Palette, rng: np.random.Generator, paint: Paint, mask: Mask) -> None:
    """Hang a sign out over the street: a glowing board with bars, rings or dots on it."""
    canvas = lane.canvas
    z = house.near + (house.far - house.near) * float(rng.uniform(0.15, 0.7))
    if z < 0.95:
        return
    inner, outer = house.side * 0.98, house.side * float(rng.uniform(0.76, 0.86))
    low = float(rng.uniform(0.45, 0.9))
    high = low + float(rng.uniform(0.22, 0.6))
    board = np.array([lane.at(inner, low, z), lane.at(outer, low, z), lane.at(outer, high, z), lane.at(inner, high, z)])
    colour = towers.neon(palette, rng)
    spot = patch.around(canvas, [board], margin=0.09)
    if spot is None:
        return
    body = spot.fill([board])
    marks = []
    centre, size = board.mean(0), board[2] - board[0]
    for number in range(3):
        y = centre[1] + size[1] * (-0.28 + 0.28 * number)
        if rng.random() < 0.5:
            turn = np.linspace(0, 2 * np.pi, 16)
            marks.append(
                np.stack([centre[0] + 0.22 * abs(size[0]) * np.cos(turn), y + 0.09 * abs(size[1]) * np.sin(turn)], 1)
            )
        else:
            marks.append(
                np.array(
                    [
                        (centre[0] - 0.3 * size[0], y - 0.03 * size[1]),
                        (centre[0] + 0.3 * size[0], y - 0.03 * size[1]),
                        (centre[0] + 0.3 * size[0], y + 0.03 * size[1]),
                        (centre[0] - 0.3 * size[0], y + 0.03 * size[1]),
                    ]
                )
            )
    mark = spot.fill(marks)
    lit = 0.25 + 0.75 * lane.light
    halo = np.minimum(1, spot.blur(body, 0.03 / z**0.5) * np.float32(1.3)) * np.float32(0.6 * lane.light)
    field, cover = paint[spot.area], mask[spot.area]
    patch.over(field, cover, colour, halo * (1 - body))
    patch.over(field, cover, mix(palette.at(0.25), colour, 0.75 * lit), body)
    brush.lay(field, lighter(colour, 0.16), mark * np.float32(lit))


def _cars(lane: _Lane, palette: Palette, rng: np.random.Generator, paint: Paint, mask: Mask) -> None:
    """Park a few cars along one kerb, seen from behind, red lamps glowing."""
    canvas = lane.canvas
    side = float(rng.choice([-1.0, 1.0]))
    body = mix(palette.at(0.25), palette.accent, 0.25)
    red = np.array([0.2, 0.2, 0.95], np.float32)
    colours = {"cloth": body, "glass": mix(palette.sky, palette.ink, 0.5), "signal": red}
    for z in (4.6, 3.3, 2.35)[: int(rng.integers(0, 4))]:
        unit = 0.30 / z * lane.half / 0.5
        scale = (unit * canvas.short / canvas.width, -unit * canvas.short / canvas.height)
        for part in things.leaving(rng).parts:
            outline = part.outline * scale + lane.at(side * 0.52, 0.0, z)
            spot = patch.around(canvas, [outline])
            if spot is not None:
                colour = colours.get(part.tone, palette.at(0.08))
                patch.over(paint[spot.area], mask[spot.area], colour, spot.fill([outline]))


# --- the ground ---


def _road(
    lane: _Lane,
    whole: Paint,
    palette: Palette,
    rng: np.random.Generator,
    shine: Mask,
    bulbs: list[tuple[float, float, float]],
) -> tuple[Paint, Mask]:
    """Return the ground: pavements and road, the street mirrored where it is wet, light pooled below the lamps."""
    canvas = lane.canvas
    edge = min(canvas.height - 2, max(1, int(lane.y * canvas.height)))
    deep = canvas.height - edge
    rows = (np.arange(deep, dtype=np.float32) + 0.5)[:, None]
    z = (lane.half * canvas.short * np.float32(_EYE)) / rows
    x = (canvas.columns - np.float32(lane.x)) * np.float32(canvas.width)
    side = np.abs(x * z / np.float32(lane.half * canvas.short))
    far = brush.step(np.repeat(z, canvas.width, axis=1), 0.5, 7.0)
    asphalt = palette.at(0.13)
    road = asphalt + (mix(palette.haze, palette.glow, 0.4) - asphalt) * (far * np.float32(0.85))[..., None]
    kerb = brush.step(side, 0.62, 0.64)
    brush.lay(road, mix(palette.at(0.30), palette.haze, 0.15), kerb * np.float32(0.5) * (1 - far))
    line = np.exp(-(((side - 0.63) / 0.012) ** 2)) * (1 - far)
    brush.lay(road, mix(palette.light, palette.haze, 0.4), (line * np.float32(0.25)).astype(np.float32))
    _mirrored(lane, road, whole, rng, edge, far)
    paint = np.empty((canvas.height, canvas.width, 3), np.float32)
    paint[:edge], paint[edge:] = road[0], road
    for bx, _, bz in bulbs if lane.light > 0.2 else []:
        below = (bx, lane.at(0, 0.0, bz)[1])
        spot = patch.near(canvas, below, 0.16 / bz, squash=2.6)
        if spot is not None:
            pool = spot.halo(below, radius=0.16 / bz, squash=2.6) * np.float32(0.42 * lane.light)
            brush.shine(paint[spot.area], towers.warm(palette), pool)
    mask = np.zeros((canvas.height, canvas.width), np.float32)
    kerbs = (np.float32(1) - side) / np.maximum(z / np.float32(lane.half * canvas.short), 1e-6) + 0.5
    mask[edge:] = np.clip(kerbs, 0, 1)
    return paint, mask


def _mirrored(lane: _Lane, road: Paint, whole: Paint, rng: np.random.Generator, edge: int, far: Mask) -> None:
    """Lay the picture upside down on a wet ground: long streaks of light, broken by puddles."""
    canvas, deep = lane.canvas, road.shape[0]
    band = Canvas(canvas.width, deep)
    puddles = brush.noise(band, rng, cells=7, octaves=4, stretch=3.5, coarse=2)
    sway = (puddles - np.float32(0.5)) * np.float32(0.03 * canvas.short)
    rows = np.arange(deep, dtype=np.float32)[:, None]
    across = (np.arange(canvas.width, dtype=np.float32)[None, :] + sway).astype(np.float32)
    up = np.broadcast_to(np.clip(edge - 1 - rows, 0, edge - 1), across.shape).astype(np.float32) + sway
    mirror = cv2.remap(whole, across, up, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    less = cv2.resize(mirror, (canvas.width, max(2, deep // 4)), interpolation=cv2.INTER_AREA)
    long = max(3, int(0.045 * canvas.short)) | 1
    drawn = cv2.resize(cv2.blur(less, (3, long)), (canvas.width, deep), interpolation=cv2.INTER_LINEAR)
    wet = np.float32(lane.wet) * (0.35 + 0.5 * brush.step(puddles, 0.40, 0.62))
    mirror = np.asarray(drawn * (1 - 0.5 * wet[..., None]) + mirror * 0.5 * wet[..., None], np.float32)
    brush.lay(road, mirror * np.float32(0.85), wet * (1 - np.float32(0.3) * far))


# --- what frames the view ---


def _frame(lane: _Lane, palette: Palette, rng: np.random.Generator) -> Sheet:
    """Return what is right before us: cables with lanterns overhead, dark edges at the sides."""
    canvas = lane.canvas
    dark = mix(palette.ink, palette.shade, 0.08)
    cables, lanterns = [], []
    for number in range(int(rng.integers(2, 5))):
        left, right = float(rng.uniform(0.02, 0.26)), float(rng.uniform(0.02, 0.26))
        sag = float(rng.uniform(0.04, 0.10))
        at = np.linspace(-0.05, 1.05, 40)
        down = left + (right - left) * at + sag * 4 * (at + 0.05) * (1.05 - at) / 1.21
        cables.append(np.stack([at, down], 1))
        if number == 0 and rng.random() < 0.6:
            lanterns = [(x, float(np.interp(x, at, down)) + 0.012, 0.011, 1.0) for x in np.arange(0.04, 1.0, 0.105)]
    mask = brush.stroke(canvas, cables, width=0.0028)
    paint = brush.flat(canvas, dark)
    if lanterns:
        spots = np.array(lanterns)
        bulbs = brush.dots(canvas, spots)
        colour = lighter(mix(towers.warm(palette), palette.accent, 0.45), 0.02)
        halo = np.minimum(1, brush.blur(canvas, bulbs, 0.022) * np.float32(2.4)) * np.float32(0.75 * lane.light)
        patch.over(paint, mask, colour, halo * (1 - bulbs))
        patch.over(
            paint, mask, colour if lane.light > 0.2 else vivid(mix(palette.accent, palette.ink, 0.15), 0.9), bulbs
        )
    sides = brush.step(np.abs(canvas.columns - 0.5), 0.40, 0.56) * np.float32(0.45)
    low = brush.step(canvas.rows, 0.82, 1.02) * np.float32(0.35)
    shade = 1 - (1 - sides) * (1 - low)
    if brightness(dark) < 0.6:
        paint, mask = _under(paint, mask, dark, np.asarray(shade, np.float32))
    return brush.sheet(paint, mask, depth=0.8)


def _under(paint: Paint, mask: Mask, colour: Colour, cover: Mask) -> tuple[Paint, Mask]:
    """Return a colour laid below what is there."""
    total = mask + cover * (1 - mask)
    share = np.asarray(mask / np.maximum(total, 1e-4), np.float32)
    below = brush.flat(Canvas(mask.shape[1], mask.shape[0]), colour)
    return brush.lay(below, paint, share), total
