"""Skies: gradients with the light in them, sun and moon, stars, clouds, rays, aurora."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painter import brush
from pipeline.painter.canvas import Canvas, Mask, Paint, Point
from pipeline.painter.palette import Palette, brightness, lighter, mix, vivid
from pipeline.storyboard import Hour, Weather

_CLOUDY: dict[Weather, float] = {"clear": 0.30, "clouds": 0.62, "rain": 0.9, "snow": 0.8, "fog": 0.5, "storm": 0.95}
_VEILED: dict[Weather, float] = {"clear": 0.0, "clouds": 0.15, "rain": 0.92, "snow": 0.85, "fog": 0.55, "storm": 0.9}


@dataclass(frozen=True)
class Light:
    """The sun or the moon of a picture."""

    at: Point
    radius: float  #: in shorter sides
    veiled: float  #: 0 bare, 1 quite behind the clouds

    @property
    def side(self) -> float:
        """-1 the light comes from the left edge, 1 from the right."""
        return float(np.clip((self.at[0] - 0.5) * 2.4, -1, 1))


def light(rng: np.random.Generator, hour: Hour, weather: Weather, *, horizon: float) -> Light:
    """Return where the sun or moon stands: on a third, mostly; low at dawn and dusk."""
    across = float(rng.choice([0.3, 0.36, 0.5, 0.64, 0.7])) + float(rng.normal(0, 0.025))
    low, high = {"dawn": (0.02, 0.09), "dusk": (0.015, 0.10), "day": (0.24, 0.34), "night": (0.18, 0.32)}[hour]
    up = float(rng.uniform(low, high))
    size = {"dawn": (0.045, 0.085), "dusk": (0.05, 0.13), "day": (0.028, 0.04), "night": (0.035, 0.075)}[hour]
    return Light((across, max(0.13, horizon - up)), float(rng.uniform(*size)), _VEILED[weather])


def sky(
    canvas: Canvas, palette: Palette, sun: Light, weather: Weather, rng: np.random.Generator, *, horizon: float
) -> Paint:
    """Return the whole sky, painted on below the horizon in the horizon's colour."""
    soft = canvas.coarser()
    paint = _air(soft, palette, sun, rng, horizon)
    stars, milk = rng.spawn(2)
    if palette.hour == "night" and weather in ("clear", "clouds"):
        _milky(soft, paint, palette, milk)
    north = palette.hour == "night" and weather == "clear" and rng.random() < 0.35
    if north:
        _aurora(soft, paint, palette, rng, horizon)
    bare = paint.copy()
    heaped = _clouds(soft, paint, palette, sun, weather, rng, horizon)
    veil = np.maximum(5 * np.abs(paint - bare).max(axis=2), heaped)
    free = brush.enlarged(np.clip(1 - veil, 0, 1), canvas)
    paint = brush.enlarged(paint, canvas)
    if palette.hour == "night" and weather in ("clear", "clouds"):
        _stars(canvas, paint, palette, stars, free, horizon)
    if sun.veiled < 0.7:
        _disc(canvas, paint, palette, sun, free, rng)
    return paint


def _air(canvas: Canvas, palette: Palette, sun: Light, rng: np.random.Generator, horizon: float) -> Paint:
    """Return the gradient of the air with the light's glow in it."""
    height = np.repeat(canvas.rows / np.float32(horizon), canvas.width, axis=1)
    height += 0.10 * (brush.noise(canvas, rng, cells=1.5, octaves=3, stretch=3) - 0.5)
    stops = [(0.0, palette.zenith), (0.55, palette.sky), (0.95, palette.horizon), (1.15, palette.horizon)]
    paint = brush.gradient(np.clip(height, 0, 1.15), stops)
    bare = 1 - 0.75 * sun.veiled
    wide = brush.glow(canvas, sun.at, radius=0.42, squash=1.5)
    brush.lay(paint, palette.glow, np.float32(0.85 * bare) * wide)
    if palette.hour != "night":
        brush.shine(paint, palette.light, np.float32(0.75 * bare) * brush.glow(canvas, sun.at, radius=0.13))
    else:
        brush.shine(paint, palette.glow, np.float32(0.4 * bare) * brush.glow(canvas, sun.at, radius=0.12))
    return paint


def _disc(canvas: Canvas, paint: Paint, palette: Palette, sun: Light, free: Mask, rng: np.random.Generator) -> None:
    """Paint the sun or moon, as far as the clouds leave it free."""
    disc = brush.disc(canvas, sun.at, radius=sun.radius) * free * np.float32(1 - 0.8 * sun.veiled)
    sickle = rng.random() < 0.4
    if palette.hour == "night":
        if sickle:
            aside = (sun.at[0] + sun.radius * 0.55 * canvas.short / canvas.width, sun.at[1] - sun.radius * 0.2)
            disc = disc * (1 - brush.disc(canvas, aside, radius=sun.radius * 0.92))
        seas = brush.noise(canvas.coarser(), rng, cells=max(4.0, 0.7 / sun.radius), octaves=3)
        spots = brush.enlarged(brush.step(seas, 0.52, 0.62), canvas)
        brush.lay(paint, palette.light, disc)
        brush.lay(paint, mix(palette.light, palette.sky, 0.35), disc * spots * 0.5)
        return
    face = palette.light if palette.hour == "day" else mix(palette.light, palette.glow, 0.15)
    brush.lay(paint, face, disc)


def _stars(
    canvas: Canvas, paint: Paint, palette: Palette, rng: np.random.Generator, free: Mask, horizon: float
) -> None:
    """Sow stars, denser overhead, some of them large."""
    count = 700
    spots = np.empty((count, 4))
    spots[:, 0] = rng.random(count)
    spots[:, 1] = rng.random(count) ** 1.2 * horizon
    size = rng.random(count) ** 7
    spots[:, 2] = 0.0009 + 0.0021 * size
    spots[:, 3] = (0.35 + 0.65 * rng.random(count) ** 1.5) * np.clip(1.15 - spots[:, 1] / horizon, 0, 1)
    brush.shine(paint, palette.light, brush.dots(canvas, spots) * free)


def _milky(canvas: Canvas, paint: Paint, palette: Palette, rng: np.random.Generator) -> None:
    """Put the Milky Way across the sky, in some nights."""
    if rng.random() < 0.4:
        return
    tilt, offset = float(rng.choice([-1, 1])) * float(rng.uniform(0.5, 1.1)), float(rng.uniform(0.35, 0.65))
    across = canvas.columns - offset + (canvas.rows - 0.3) * tilt * canvas.down / canvas.across
    band = np.exp(-((across * canvas.across / 0.17) ** 2)) * brush.step(canvas.rows, 0.62, 0.3)
    band = band.astype(np.float32)
    cloud = brush.noise(canvas, rng, cells=4, octaves=6, roughness=0.6)
    dark = brush.step(brush.noise(canvas, rng, cells=5, octaves=5, roughness=0.6), 0.5, 0.68)
    bright = np.asarray(band * brush.step(cloud, 0.3, 0.8) * (1 - 0.7 * dark) * 0.55, np.float32)
    brush.shine(paint, mix(palette.glow, palette.horizon, 0.5), bright)


def _aurora(canvas: Canvas, paint: Paint, palette: Palette, rng: np.random.Generator, horizon: float) -> None:
    """Hang two or three curtains of light."""
    rows, high = canvas.rows, horizon
    for number in range(2):
        at = canvas.columns[0]
        base = high * (0.42 + 0.14 * number + 0.28 * (brush.profile(rng, at, cells=4, octaves=2) - 0.5))
        bright = (
            1.7
            * brush.profile(rng, at, cells=3, octaves=2) ** 2
            * (0.55 + 0.45 * brush.profile(rng, at, cells=50, octaves=2))
        )
        up = (base[None, :] - rows) / np.float32(high * 0.42)
        veil = np.where(up > 0, np.exp(-2.6 * up) * np.clip(up * 5, 0, 1) ** 1.5, 0).astype(np.float32)
        tint = mix(vivid(palette.glow, 2.2), palette.accent, 0.25 * number)
        brush.shine(paint, tint, veil * bright[None, :] * np.float32(0.85))


def _clouds(
    canvas: Canvas,
    paint: Paint,
    palette: Palette,
    sun: Light,
    weather: Weather,
    rng: np.random.Generator,
    horizon: float,
) -> Mask:
    """Paint the clouds that the weather brings: a ceiling, streaks, banks of cumulus; return what the banks hide."""
    kind, much = rng.random(), _CLOUDY[weather]
    hidden = np.zeros((canvas.height, canvas.width), np.float32)
    if weather in ("rain", "storm", "snow", "fog"):
        if weather != "fog":
            _ceiling(canvas, paint, palette, sun, rng, horizon, cover=much, heavy=weather == "storm")
        return hidden
    if weather == "clouds" and kind < 0.45:
        _ceiling(canvas, paint, palette, sun, rng, horizon, cover=0.55, heavy=False)
    elif kind < 0.75 or weather == "clear":
        _streaks(canvas, paint, palette, sun, rng, horizon, cover=much * 0.8)
    if (weather == "clouds" and kind >= 0.3) or (weather == "clear" and kind > 0.55 and palette.hour != "night"):
        hidden = _banks(canvas, paint, palette, sun, rng, horizon, rows=4 if weather == "clouds" else 2)
    return hidden


def _lit_and_dark(palette: Palette, heavy: bool = False) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the colours of a cloud's lit edge and of its belly."""
    hour = palette.hour
    lit = {
        "day": palette.light,
        "dawn": mix(palette.glow, palette.light, 0.4),
        "dusk": mix(palette.glow, palette.horizon, 0.35),
        "night": mix(palette.horizon, palette.glow, 0.35),
    }[hour]
    dark = mix(palette.sky, palette.horizon, 0.45) if hour == "day" else mix(palette.sky, palette.shade, 0.45)
    if heavy:
        lit, dark = mix(lit, palette.sky, 0.45), mix(palette.zenith, palette.shade, 0.6)
    return lit, dark


def _streaks(
    canvas: Canvas,
    paint: Paint,
    palette: Palette,
    sun: Light,
    rng: np.random.Generator,
    horizon: float,
    *,
    cover: float,
) -> None:
    """Brush long thin clouds, brightest near the light."""
    lit, dark = _lit_and_dark(palette)
    field = brush.noise(canvas, rng, cells=7, octaves=5, stretch=6, roughness=0.55)
    large = brush.noise(canvas, rng, cells=2, octaves=2, stretch=2)
    body = brush.step(field + 0.5 * (large - 0.5), 0.68 - 0.22 * cover, 0.92 - 0.2 * cover)
    band = np.clip(np.sin(np.clip(canvas.rows / horizon, 0, 1) * math.pi) * 1.4, 0, 1).astype(np.float32)
    body = body * band * np.float32(0.8)
    near = brush.glow(canvas, sun.at, radius=0.6, squash=1.6)
    tint = dark + (lit - dark) * np.clip(near * 1.6, 0, 1)[..., None]
    brush.lay(paint, tint.astype(np.float32), body)


def _ceiling(
    canvas: Canvas,
    paint: Paint,
    palette: Palette,
    sun: Light,
    rng: np.random.Generator,
    horizon: float,
    *,
    cover: float,
    heavy: bool,
) -> None:
    """Roll a deck of clouds overhead, in perspective towards the horizon, lit from where the sun is."""
    lit, dark = _lit_and_dark(palette, heavy)
    rise = np.clip(np.float32(horizon) - canvas.rows, 0.012, None).astype(np.float32)
    away = np.asarray(0.16 / (rise + 0.05), np.float32)
    u = (canvas.columns - np.float32(sun.at[0])) * np.float32(2.6 * canvas.across) * away
    v = np.broadcast_to(away * np.float32(2.7), u.shape)
    field = brush.plane(rng, u, v, octaves=6, roughness=0.58)
    by = max(1, canvas.height // 90)
    nearer = np.concatenate([field[:1].repeat(by, axis=0), field[:-by]])
    relief = np.clip((field - nearer) * 5 + 0.5, 0, 1)
    body = brush.step(field, 0.72 - 0.5 * cover, 0.86 - 0.42 * cover)
    fade = brush.step(rise, 0.02, 0.14)
    near = brush.glow(canvas, sun.at, radius=0.55, squash=1.8)
    shade = np.clip(relief * 0.6 + near * 0.75 - (0.25 if heavy else 0.12), 0, 1)
    tint = dark + (lit - dark) * shade[..., None]
    brush.lay(paint, tint.astype(np.float32), body * fade * np.float32(0.95 if heavy else 0.85))


def _banks(
    canvas: Canvas, paint: Paint, palette: Palette, sun: Light, rng: np.random.Generator, horizon: float, *, rows: int
) -> Mask:
    """Pile cumulus over the horizon, row before row, each bright along its upper edge; return where they are."""
    lit, dark = _lit_and_dark(palette)
    side = float(rng.choice([-1.0, 1.0]))
    hidden = np.zeros((canvas.height, canvas.width), np.float32)
    for row in range(rows):
        far = 1 - row / max(1, rows - 1) if rows > 1 else 0.5
        base = horizon * (0.72 + 0.3 * (1 - far))
        line = _puffs(rng, canvas, base=base, tall=horizon * (0.16 + 0.24 * far), side=side)
        even = cv2.GaussianBlur(line[None, :], (0, 0), 0.010 * canvas.short, borderType=cv2.BORDER_REPLICATE)
        under = (canvas.rows - np.asarray(even, np.float32)) * np.float32(canvas.height / canvas.short)
        ripple = 0.05 * (brush.noise(canvas, rng, cells=9, octaves=4) - 0.5)
        broad = cv2.GaussianBlur(line[None, :], (0, 0), 0.06 * canvas.short, borderType=cv2.BORDER_REPLICATE)
        deep = (canvas.rows - np.asarray(broad, np.float32)) * np.float32(canvas.height / canvas.short)
        size = np.float32(0.13 + 0.1 * far)
        tone = np.clip(np.minimum((under + ripple) / size, 0.35 + np.maximum(deep + 2 * ripple, 0) / size), 0, 1)
        near = brush.glow(canvas, sun.at, radius=0.7, squash=1.4)
        bright = mix(lit, palette.horizon, 0.30 * far)
        middle = mix(mix(bright, dark, 0.5), palette.glow, 0.15)
        tint = brush.gradient(tone, [(0.0, bright), (0.28, mix(bright, middle, 0.5)), (0.6, middle), (1.0, dark)])
        brush.lay(tint, bright, np.clip(near - 0.35, 0, 1) * 0.6)
        fade = 1 - brush.step(canvas.rows, base - 0.02, base + 0.16)
        body = np.asarray(brush.below(canvas, line, soft=0.004) * fade * 0.92, np.float32)
        brush.lay(paint, tint, body)
        hidden = np.maximum(hidden, body)
    return hidden


def _puffs(rng: np.random.Generator, canvas: Canvas, *, base: float, tall: float, side: float) -> NDArray[np.float32]:
    """Return the upper edge of a row of cumulus: circles upon circles, as fractions down."""
    at = canvas.columns[0] * np.float32(canvas.across)
    heap = brush.profile(rng, np.linspace(0, 1, 64), cells=3, octaves=2)
    lean = 0.35 + 0.65 * np.clip(0.5 + side * (np.linspace(0, 1, 64) - 0.5) * 1.6, 0, 1)
    heap = np.clip((heap - 0.25) * 1.6, 0, 1) * lean
    line = base - tall * 0.8 * np.interp(at / canvas.across, np.linspace(0, 1, 64), heap)
    for size, count in ((0.10, 20), (0.045, 40), (0.022, 90)):
        size *= 0.6 + 0.4 * canvas.across
        places = (np.arange(count) + rng.uniform(0, 1, count)) / count * 1.1 - 0.05
        radii = size * rng.uniform(0.7, 1.3, count)
        tops = base - tall * np.interp(places, np.linspace(0, 1, 64), heap) * rng.uniform(0.8, 1.0, count)
        if size < 0.07 * canvas.across:  # small ones grow out of the large
            tops = np.interp(places * canvas.across, at, line) + rng.uniform(-0.1, 0.5, count) * radii / canvas.down
        reach = (at[None, :] - places[:, None] * canvas.across) / radii[:, None]
        arcs = tops[:, None] - radii[:, None] / canvas.down * (np.sqrt(np.clip(1 - reach * reach, 0, 1)) - 0.75)
        line = np.minimum(line, np.where(np.abs(reach) > 1, 9, arcs).min(axis=0))
    return np.asarray(line, np.float32)


def rays(canvas: Canvas, rng: np.random.Generator, at: Point, *, reach: float) -> Mask:
    """Return shafts of light that fan out from a point, 0-1, fading over `reach` shorter sides."""
    across = (canvas.columns - np.float32(at[0])) * np.float32(canvas.across)
    down = (canvas.rows - np.float32(at[1])) * np.float32(canvas.down)
    angle = np.arctan2(across, down + 1e-4) / math.pi * 0.5 + 0.5
    fan = np.linspace(0, 1, 720)
    shafts = brush.profile(rng, fan, cells=26, octaves=3, roughness=0.6)
    shafts = brush.step(shafts, 0.45, 0.8)
    value = np.interp(angle.ravel(), fan, shafts).reshape(angle.shape).astype(np.float32)
    far = np.sqrt(across * across + down * down) / np.float32(reach)
    return np.asarray(value * np.exp(-1.3 * far), np.float32)


def is_dim(palette: Palette) -> bool:
    """Whether the land is darker than a lamp: windows glow, edges are cold."""
    return palette.hour == "night" or brightness(palette.horizon) < 0.5


def warm_white(palette: Palette) -> NDArray[np.float32]:
    return lighter(mix(palette.light, palette.glow, 0.5), 0.02)
