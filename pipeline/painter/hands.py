"""The hand that paints: a look's words bend the palette before, and the sheets after a picture is painted."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painter import brush
from pipeline.painter.canvas import Canvas, Colour, Mask, Sheet
from pipeline.painter.palette import Palette, changed, from_hex, lighter, mix, vivid

Hand = Literal["painted", "watercolour", "paper", "ink", "neon", "anime", "pastel"]
HANDS: tuple[Hand, ...] = get_args(Hand)

Pixels = NDArray[np.uint8]  #: (H, W, 4) BGRA

# the words of a look that ask for a hand; the one that is asked for first paints
_WORDS: tuple[tuple[Hand, str], ...] = (
    ("neon", r"neon|synthwave|vaporwave|retrowave|outrun|cyberpunk|80s|eighties|vhs"),
    ("ink", r"ink|noir|black[- ]and[- ]white|monochrom\w*|b&w|charcoal|sumi\w*|graphite|pencil|etching|woodcut"),
    ("watercolour", r"water-?colou?rs?|aquarelle?|wash(?:es)?"),
    ("paper", r"paper|cut-?out|collage|origami|papercraft|flat design"),
    ("anime", r"anime|manga|ghibli|cel|cartoon|comic|shinkai"),
    ("pastel", r"pastels?|chalk|soft colou?rs?|dreamy|lo-?fi|kawaii"),
)


def hand(look: str) -> Hand:
    """Return the hand that a look's words ask for; "painted" where they ask for none."""
    found = [
        (match.start(), place, name)
        for place, (name, words) in enumerate(_WORDS)
        if (match := re.search(rf"\b(?:{words})\b", look, re.IGNORECASE))
    ]
    return min(found)[2] if found else "painted"


def mixed(palette: Palette, look: str) -> Palette:
    """Return the palette as the look's hand mixes it."""
    mix_as = _MIXED.get(hand(look))
    return mix_as(palette) if mix_as else palette


def treat(sheets: list[Sheet], look: str, *, canvas: Canvas, rng: np.random.Generator) -> list[Sheet]:
    """Return the sheets as the look's hand leaves them: texture, edges, tones. The backmost stays opaque.

    What drifts is air and not paint: it stays as it is, in the hand's colours; a texture on it would end at a seam.
    """
    work = _TREATED[hand(look)]
    texture = rng.spawn(1)[0]
    paper = _paper(canvas, texture)
    treated = []
    for number, sheet in enumerate(sheets):
        touch = rng.spawn(1)[0]
        if any(sheet.drift):
            treated.append(sheet)
            continue
        pixels = work(sheet.pixels, canvas, touch, paper)
        if number == 0:
            pixels[..., 3] = 255
        treated.append(Sheet(pixels, sheet.depth))
    return treated


# palettes


def _mixed_ink(palette: Palette) -> Palette:
    grey = changed(palette, lambda colour: vivid(colour, 0.13))
    return replace(grey, ink=lighter(grey.ink, -0.08), light=lighter(grey.light, 0.05), accent=palette.accent)


def _mixed_neon(palette: Palette) -> Palette:
    """Bend everything towards night blue, magenta and cyan, and keep a little of what it was."""
    share = {"day": 0.62, "night": 0.8}.get(palette.hour, 0.74)

    def bent(colour: Colour, tone: str) -> Colour:
        return mix(colour, from_hex(tone), share)

    return replace(
        palette,
        zenith=bent(palette.zenith, "0d0630"),
        sky=bent(palette.sky, "3a0f6b"),
        horizon=bent(palette.horizon, "d1307f"),
        glow=bent(palette.glow, "ff5fa2"),
        light=bent(palette.light, "fff0c2"),
        haze=bent(palette.haze, "7a2a8c"),
        shade=bent(palette.shade, "2c1259"),
        ink=bent(palette.ink, "0a0420"),
        accent=bent(palette.accent, "22e6ff"),
    )


_MIXED: dict[Hand, Callable[[Palette], Palette]] = {
    "ink": _mixed_ink,
    "neon": _mixed_neon,
    "anime": lambda palette: changed(palette, lambda colour: lighter(vivid(colour, 1.28), 0.015)),
    "pastel": lambda palette: changed(palette, lambda colour: mix(vivid(colour, 0.8), from_hex("fbeff2"), 0.30)),
    "watercolour": lambda palette: changed(palette, lambda colour: mix(vivid(colour, 1.08), from_hex("fbf7ee"), 0.16)),
    "paper": lambda palette: changed(palette, lambda colour: vivid(colour, 1.08)),
}


# sheets


def _paper(canvas: Canvas, rng: np.random.Generator) -> Mask:
    """Return the tooth of paper or canvas, around 0: -0.5 to 0.5."""
    rough = brush.noise(canvas, rng, cells=130, octaves=3, roughness=0.8)
    return np.asarray(np.clip((rough - 0.5) * 1.8, -0.5, 0.5), np.float32)


def _lit(pixels: Pixels, change: Mask) -> Pixels:
    """Return the pixels lighter or darker by a field of -1 to 1, alpha as it was."""
    shift = cv2.merge([np.asarray(change * np.float32(255), np.float32)] * 3 + [np.zeros_like(change, np.float32)])
    return np.asarray(cv2.add(pixels, shift, dtype=cv2.CV_8U), np.uint8)


def _painted(pixels: Pixels, canvas: Canvas, rng: np.random.Generator, paper: Mask) -> Pixels:
    """Brush strokes: broad, faint, lying across the sheet; none in a clear sky, where they would be streaks."""
    strokes = brush.noise(canvas, rng, cells=38, octaves=3, stretch=5, roughness=0.7) - np.float32(0.5)
    return _lit(pixels, np.float32(0.05) * strokes * _busy(pixels, canvas) + np.float32(0.018) * paper)


def _busy(pixels: Pixels, canvas: Canvas) -> Mask:
    """Return where a sheet has things on it that strokes can be of (1), and where it is as smooth as air (0)."""
    small = canvas.coarser(250)
    size = (small.width, small.height)
    grey = cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGRA2GRAY)
    light = np.asarray(grey, np.float32) / np.float32(255)
    rough = brush.blur(small, np.abs(light - brush.blur(small, light, 0.015)), 0.03)
    return brush.enlarged(brush.step(rough, 0.004, 0.02), canvas)


def _watercolour(pixels: Pixels, canvas: Canvas, rng: np.random.Generator, paper: Mask) -> Pixels:
    """Wet edges that wander, pigment that gathers along them, washes of uneven strength, the paper's tooth."""
    soft = canvas.coarser()
    wander = [brush.enlarged(brush.noise(soft, rng, cells=16, octaves=4), canvas) - np.float32(0.5) for _ in range(2)]
    reach = np.float32(0.020 * canvas.short)
    across = np.arange(canvas.width, dtype=np.float32)[None, :] + wander[0] * reach
    down = np.arange(canvas.height, dtype=np.float32)[:, None] + wander[1] * reach
    out = np.asarray(cv2.remap(pixels, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    alpha = out[..., 3].astype(np.float32) / np.float32(255)
    inside = brush.blur(canvas, alpha, 0.008)
    gathered = alpha * (1 - inside) * np.float32(1.1)
    wash = brush.enlarged(brush.noise(soft, rng, cells=3, octaves=4), canvas) - np.float32(0.5)
    change = np.float32(0.26) * wash + np.float32(0.075) * paper - np.float32(0.30) * gathered
    return _lit(out, change)


def _cut_paper(pixels: Pixels, canvas: Canvas, rng: np.random.Generator, paper: Mask) -> Pixels:
    """Sheets of card: few tones, fibres, a light cut edge, and a shadow on what lies beneath."""
    steps = 22
    table = ((np.arange(256) // steps + 0.5) * steps).clip(0, 255).astype(np.uint8)
    smooth = cv2.medianBlur(np.ascontiguousarray(pixels[..., :3]), 5)
    strong = smooth.max(axis=2)
    flat = smooth.astype(np.float32) * (cv2.LUT(strong, table) / np.maximum(strong, 1).astype(np.float32))[..., None]
    alpha = pixels[..., 3].astype(np.float32) / np.float32(255)
    colour = 0.5 * smooth + np.float32(0.5) * flat
    by = round(0.007 * canvas.short)
    above = np.roll(alpha, max(1, by // 4), axis=0)
    colour += (np.clip(alpha - above, 0, 1) * 26 + paper * 16)[..., None]
    shadow = np.roll(brush.blur(canvas, alpha, 0.010), -by, axis=0) * np.float32(0.5) * (1 - alpha)
    whole = alpha + shadow
    share = np.where(whole > 0, alpha / np.maximum(whole, 1e-4), 1)
    out = np.empty_like(pixels)
    out[..., :3] = np.clip(colour * share[..., None], 0, 255)
    out[..., 3] = whole * 255
    return out


def _inked(pixels: Pixels, canvas: Canvas, rng: np.random.Generator, paper: Mask) -> Pixels:
    """Brushed ink: hard tones, dry-brush edges, a dark line where a sheet ends."""
    alpha = pixels[..., 3].astype(np.float32) / np.float32(255)
    dry = brush.noise(canvas, rng, cells=60, octaves=3, stretch=3) - np.float32(0.5)
    curve = np.linspace(0, 1, 256)
    curve = 0.55 * curve + 0.45 * (curve * curve * (3 - 2 * curve))
    out = pixels.copy()
    out[..., :3] = cv2.LUT(np.ascontiguousarray(pixels[..., :3]), (curve * 255).astype(np.uint8))
    rim = alpha * (1 - brush.blur(canvas, alpha, 0.0025))
    return _lit(out, np.float32(0.10) * dry + np.float32(0.07) * paper - np.float32(0.9) * rim)


def _neon(pixels: Pixels, canvas: Canvas, rng: np.random.Generator, paper: Mask) -> Pixels:
    """Glowing contours: cyan to magenta along every sheet's edge, bloom around the lights."""
    alpha = pixels[..., 3].astype(np.float32) / np.float32(255)
    edge = np.clip(alpha * (1 - brush.blur(canvas, alpha, 0.0022)) * 2.4, 0, 1)
    halo = np.clip(alpha * (1 - brush.blur(canvas, alpha, 0.016)) * 0.8, 0, 1)
    paint = pixels[..., :3].astype(np.float32) / np.float32(255)
    turn = np.clip(canvas.rows * 2.2 - 0.6, 0, 1)
    tint = brush.gradient(turn, [(0.0, from_hex("ff4fb4")), (1.0, from_hex("2ae8ff"))])
    bloom = brush.blur(canvas, np.clip(paint - 0.62, 0, 1), 0.02)
    paint += bloom * 0.8
    paint += (1 - paint) * tint * (0.85 * edge + 0.40 * halo)[..., None]
    out = np.empty_like(pixels)
    out[..., :3] = np.clip(paint * 255, 0, 255)
    out[..., 3] = pixels[..., 3]
    return out


def _cel(pixels: Pixels, canvas: Canvas, rng: np.random.Generator, paper: Mask) -> Pixels:
    """Clean colours, a touch of bloom, nothing rough."""
    paint = pixels[..., :3].astype(np.float32) / np.float32(255)
    paint += (1 - paint) * brush.blur(canvas, np.clip(paint - 0.75, 0, 1), 0.03) * np.float32(0.8)
    out = pixels.copy()
    out[..., :3] = np.clip(paint * 255 + 0.5, 0, 255)
    return out


def _chalked(pixels: Pixels, canvas: Canvas, rng: np.random.Generator, paper: Mask) -> Pixels:
    """Chalk on rough paper: soft edges and grain."""
    out = pixels.copy()
    sigma = max(0.4, 0.0012 * canvas.short)
    out[..., 3] = cv2.GaussianBlur(pixels[..., 3], (0, 0), sigma)
    chalk = brush.noise(canvas, rng, cells=70, octaves=3, stretch=1.6, roughness=0.8) - np.float32(0.5)
    return _lit(out, np.float32(0.07) * chalk + np.float32(0.06) * paper)


_TREATED: dict[Hand, Callable[[Pixels, Canvas, np.random.Generator, Mask], Pixels]] = {
    "painted": _painted,
    "watercolour": _watercolour,
    "paper": _cut_paper,
    "ink": _inked,
    "neon": _neon,
    "anime": _cel,
    "pastel": _chalked,
}
