"""Who or what stands in a picture: its place and size on the stage, light on its edges, its shadow or reflection."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painter import brush, people, things
from pipeline.painter.canvas import Canvas, Colour, Mask, Paint, Sheet, Stage
from pipeline.painter.curves import Figure as Model
from pipeline.painter.curves import Outline, Tone
from pipeline.painter.palette import Palette, brightness, lighter, mix, vivid
from pipeline.painter.wardrobe import Wardrobe
from pipeline.storyboard import Figure, World

# how high each figure at least and at most becomes, in shorter sides of the canvas: it reads at 270 px and leaves air
_HEIGHTS: dict[Figure, tuple[float, float]] = {
    "walker": (0.15, 0.62),
    "dancer": (0.18, 0.62),
    "couple": (0.15, 0.60),
    "bird": (0.24, 0.40),
    "boat": (0.17, 0.46),
    "car": (0.09, 0.24),
    "train": (0.10, 0.22),
    "house": (0.20, 0.52),
    "tree": (0.34, 0.78),
    "balloon": (0.30, 0.52),
}
_WIDEST = 0.6  # of the canvas: more would leave the frame when the camera moves
# who would be out of place: such a picture is painted without
_MISFITS: dict[World, frozenset[Figure]] = {
    "sea": frozenset({"car", "train", "house", "tree"}),
    "forest": frozenset({"boat", "balloon"}),
    "desert": frozenset({"boat"}),
    "fields": frozenset({"boat"}),
    "city": frozenset({"house"}),
    "street": frozenset({"boat", "house", "tree"}),
    "space": frozenset({"boat"}),
    "abstract": frozenset({"boat", "train", "house"}),
    "underwater": frozenset({"bird", "boat", "car", "train", "house", "tree", "balloon"}),
}
_FINE_PX = 1400  # outlines are drawn about this fine, then reduced
_MARGIN = 0.35  # around the figure, in its larger side: glow, shadow, reflection
_BITS = 4  # of cv2's fixed-point coordinates

_HELD = ("boat", "car", "train", "house", "balloon")  # of these a film has one; birds and trees are others everywhere
_MODELS: dict[Figure, Callable[[np.random.Generator], Model]] = {
    "bird": things.bird,
    "boat": things.boat,
    "car": things.car,
    "train": things.train,
    "house": things.house,
    "tree": things.tree,
    "balloon": things.balloon,
}


@dataclass(frozen=True)
class _Place:
    """Where a figure comes to lie: the region of the canvas that it is painted in, and its own measure there."""

    left: int
    top: int
    region: Canvas
    feet: tuple[float, float]  #: px in the region
    unit: float  #: px of one height of a person
    high: float  #: px of the whole figure
    toward: tuple[float, float]  #: unit vector to the light, across and down
    near_light: float  #: 0 the light is beside it, 1 right behind it


def fitting(figure: Figure, world: World) -> Figure:
    """Return the figure where it has a place in that world, "none" where it would stand in the water or the road."""
    return "none" if figure in _MISFITS.get(world, frozenset()) else figure


def stand(
    figure: Figure,
    stage: Stage,
    palette: Palette,
    *,
    canvas: Canvas,
    rng: np.random.Generator,
    wet: bool = False,
    wardrobe: Wardrobe | None = None,
) -> list[Sheet]:
    """Return the sheet with the figure on it; none for "none". `wet`: who walks has an umbrella.

    `wardrobe` holds its looks through the film; without one they are the picture's own.
    """
    if figure == "none":
        return []
    model = _model(figure, rng, wet, wardrobe)
    place = _placed(model, figure, stage, canvas)
    if place is None:
        return []
    paint, mask = _painted(model, place, stage, palette, wardrobe.colour if wardrobe else None)
    finished = brush.sheet(paint, mask, depth=stage.depth).pixels
    pixels = np.zeros((canvas.height, canvas.width, 4), np.uint8)
    pixels[place.top : place.top + place.region.height, place.left : place.left + place.region.width] = finished
    depth = stage.depth if model.where != "sky" else min(stage.depth, 0.35)
    return [Sheet(pixels, depth)]


def _model(figure: Figure, rng: np.random.Generator, wet: bool, wardrobe: Wardrobe | None) -> Model:
    if figure == "walker":
        return people.walker(rng, wet=wet, wardrobe=wardrobe)
    if figure == "dancer":
        return people.dancer(rng, wardrobe=wardrobe)
    if figure == "couple":
        return people.couple(rng, wardrobe=wardrobe)
    return _MODELS[figure](wardrobe.chance if wardrobe and figure in _HELD else rng)


def _placed(model: Model, figure: Figure, stage: Stage, canvas: Canvas) -> _Place | None:
    left, right, low, high = model.box
    tall = high - max(low, 0.0) if model.where != "sky" else high - low
    least, most = _HEIGHTS[figure]
    unit = float(np.clip(stage.tall * tall, least, most)) / tall * canvas.short
    if figure != "train":
        unit = min(unit, _WIDEST * canvas.width / (right - left))
    x, y = stage.feet[0] * canvas.width, stage.feet[1] * canvas.height
    if model.where == "sky":
        y = stage.sky * canvas.height + (high + low) / 2 * unit
        y = max(y, 0.13 * canvas.height + high * unit)
    size = max(high - low, min(right - left, 4 * tall)) * unit * _MARGIN
    edges = (x + left * unit - size, x + right * unit + size, y - high * unit - size, y + (tall * 0.9 * unit) + size)
    first, last = max(0, int(edges[0])), min(canvas.width, math.ceil(edges[1]))
    top, bottom = max(0, int(edges[2])), min(canvas.height, math.ceil(edges[3]))
    if last - first < 4 or bottom - top < 4:
        return None
    lamp = (stage.light[0] * canvas.width - x, stage.light[1] * canvas.height - (y - tall * unit / 2))
    far = math.hypot(*lamp)
    return _Place(
        first,
        top,
        Canvas(last - first, bottom - top),
        (x - first, y - top),
        unit,
        tall * unit,
        (lamp[0] / max(far, 1e-6), lamp[1] / max(far, 1e-6)),
        float(np.clip(1.2 - far / (0.45 * canvas.short), 0, 1)),
    )


def _painted(model: Model, place: _Place, stage: Stage, palette: Palette, cloth: Colour | None) -> tuple[Paint, Mask]:
    """Return colours and coverage of a region: reflection or shadow, halo, the figure, the glow of its lamps."""
    body, whole, lamps = _figure(model, place, stage, palette, cloth)
    region = place.region
    dark = palette.hour in ("night", "dusk")
    under = _beneath(model, whole, place)
    ground = mix(palette.ink, palette.shade, 0.25)
    paint, mask = brush.flat(region, ground), under
    halo = _soft(whole, place.high * 0.10) * (1 - whole) * np.float32(0.42 if dark else 0.2)
    paint, mask = _over(paint, mask, mix(palette.haze, palette.glow, 0.4), halo)
    paint, mask = _over(paint, mask, body, whole)
    if lamps is not None:
        shining = np.clip(_soft(lamps, place.unit * 0.5) * 1.1 + _soft(lamps, place.unit * 0.12) * 0.5, 0, 1)
        strength = {"night": 0.9, "dusk": 0.7, "dawn": 0.35}.get(palette.hour, 0.0)
        paint, mask = _over(paint, mask, _warm(palette), shining * np.float32(strength) * (1 - lamps))
    return paint, mask


def _over(paint: Paint, mask: Mask, colour: NDArray[np.float32], cover: Mask) -> tuple[Paint, Mask]:
    """Return colour laid over what is there, both with their coverage (straight alpha)."""
    total = cover + mask * (1 - cover)
    share = cover / np.maximum(total, np.float32(1e-4))
    return np.asarray(paint + (colour - paint) * share[..., None], np.float32), total


def _figure(
    model: Model, place: _Place, stage: Stage, palette: Palette, cloth: Colour | None
) -> tuple[Paint, Mask, Mask | None]:
    """Return the figure's own colours, its mask and the mask of what shines in it."""
    flying = model.where == "sky" and all(part.tone == "ink" for part in model.parts)  # birds: pale by moonlight
    colours = _colours(stage, palette, flying=flying)
    if cloth is not None:
        colours["cloth"] = _dyed(cloth, stage, palette)
    paint = brush.flat(place.region, colours["ink"])
    whole = np.zeros((place.region.height, place.region.width), np.float32)
    lamps: Mask | None = None
    for tone, parts in groupby(model.parts, key=lambda part: part.tone):
        mask = _mask([part.outline for part in parts], place, model.melt if tone in ("ink", "cloth") else 0.0)
        brush.lay(paint, colours[tone], mask)
        if tone in ("cloth", "second", "leaf", "crown"):
            _round(paint, mask, place, palette)
        if tone in ("lamp", "signal") and palette.hour != "day":
            lamps = mask if lamps is None else np.maximum(lamps * (1 - mask), mask)
        elif lamps is not None:
            lamps *= 1 - mask
        np.maximum(whole, mask, out=whole)
    _edge(paint, whole, place, palette)
    return paint, whole, lamps


def _colours(stage: Stage, palette: Palette, *, flying: bool) -> dict[Tone, Colour]:
    far = 0.30 * (1 - stage.depth)
    day = {"day": 0.0, "dawn": -0.05, "dusk": -0.14, "night": -0.22}[palette.hour]

    def lit(colour: Colour, lightness: float) -> Colour:
        toned = lighter(colour, lightness - brightness(colour))
        return palette.veiled(mix(vivid(toned, 0.85), palette.shade, 0.18), far * 0.8)

    shining = palette.hour != "day"
    warm = _warm(palette)
    return {
        "ink": mix(palette.glow, palette.sky, 0.35) if flying and palette.hour == "night" else palette.at(far),
        "cloth": lit(palette.accent, 0.62 + day),
        "second": lit(mix(palette.light, palette.accent, 0.15), 0.84 + day * 1.4),
        "leaf": lit(mix(palette.shade, palette.accent, 0.22), 0.40 + day * 0.6),
        "crown": lit(mix(palette.shade, palette.accent, 0.5), 0.56 + day * 0.8),
        "glass": mix(palette.sky, palette.ink, 0.35),
        "lamp": lighter(warm, 0.06) if shining else mix(palette.sky, palette.ink, 0.3),
        "signal": np.array([0.16, 0.18, 0.95 if shining else 0.65], np.float32),
    }


def _dyed(colour: Colour, stage: Stage, palette: Palette) -> Colour:
    """Return a cloth's own colour in the light of the hour: it is to be known again in every picture."""
    dim = {"day": 0.0, "dawn": -0.03, "dusk": -0.07, "night": -0.13}[palette.hour]
    return palette.veiled(mix(lighter(colour, dim), palette.shade, 0.08), 0.12 * (1 - stage.depth))


def _warm(palette: Palette) -> Colour:
    return mix(np.array([0.42, 0.76, 1.0], np.float32), palette.accent, 0.15)


def _mask(outlines: list[Outline], place: _Place, melt: float) -> Mask:
    """Return outlines as one mask of the region, joints flowing into each other by `melt`."""
    region = place.region
    scale = int(np.clip(_FINE_PX // max(region.width, region.height), 1, 4))
    mask = np.zeros((region.height * scale, region.width * scale), np.uint8)
    for outline in outlines:
        points = (outline * (place.unit, -place.unit) + place.feet) * scale - 0.5
        cv2.fillPoly(mask, [np.round(points * (1 << _BITS)).astype(np.int32)], 255, cv2.LINE_AA, _BITS)
    sigma = melt * place.unit * scale
    if sigma > 0.5:
        harder = np.clip((np.arange(256) - 96) * 4.0, 0, 255).astype(np.uint8)
        mask = np.asarray(cv2.LUT(cv2.GaussianBlur(mask, (0, 0), sigma), harder), np.uint8)
    if scale > 1:
        mask = np.asarray(cv2.resize(mask, (region.width, region.height), interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(mask, np.float32) / np.float32(255)


def _soft(mask: Mask, sigma: float) -> Mask:
    """Return a mask blurred by so many pixels; wide blurs are worked on a smaller copy."""
    small = max(1, int(sigma / 4))
    height, width = mask.shape
    less = cv2.resize(mask, (max(2, width // small), max(2, height // small)), interpolation=cv2.INTER_AREA)
    less = cv2.GaussianBlur(less, (0, 0), max(sigma / small, 0.3), borderType=cv2.BORDER_CONSTANT)
    return np.asarray(cv2.resize(less, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _shifted(mask: Mask, across: float, down: float) -> Mask:
    matrix = np.array([[1, 0, across], [0, 1, down]], np.float32)
    return np.asarray(cv2.warpAffine(mask, matrix, (mask.shape[1], mask.shape[0])), np.float32)


def _round(paint: Paint, mask: Mask, place: _Place, palette: Palette) -> None:
    """Give a coloured part volume: lighter towards the light, darker away from it."""
    far = place.high * 0.09
    soft = _soft(mask, far)
    across, down = place.toward[0] * far, place.toward[1] * far
    side = (_shifted(soft, across, down) - _shifted(soft, -across, -down)) * mask
    brush.darken(paint, np.clip(side, 0, 1), 0.55)
    brush.shine(paint, palette.glow, np.clip(-side, 0, 1) * np.float32(0.5))


def _edge(paint: Paint, whole: Mask, place: _Place, palette: Palette) -> None:
    """Light the edges that look at the sun: a crisp line, and a soft wrap around it."""
    aside = 1 - 0.75 * place.near_light
    strength = {"night": 0.75, "dusk": 1.0, "dawn": 0.9, "day": 0.6}[palette.hour]
    for reach, amount in ((0.012, 0.85), (0.05, 0.22)):
        step = max(1.0, reach * min(place.high, place.unit * 2.5))
        across, down = place.toward[0] * step * aside, place.toward[1] * step * aside
        inner = _soft(whole, step * (0.35 + 0.5 * place.near_light))
        rim = whole * (1 - np.minimum(1, _shifted(inner, -across, -down) * np.float32(1 + 0.25 * place.near_light)))
        brush.lay(paint, mix(palette.light, palette.glow, 0.35), np.clip(rim * np.float32(amount * strength), 0, 1))


def _beneath(model: Model, whole: Mask, place: _Place) -> Mask:
    """Return what lies below the feet: a shadow that falls away from the light, or a broken reflection."""
    if model.where == "sky":
        return np.zeros_like(whole)
    y = place.feet[1]
    deep = np.clip((place.region.rows * place.region.height - y) / np.float32(place.high), 0, 1)
    if model.where == "water":
        return _reflection(whole, place, deep)
    lean = float(np.clip(-place.toward[0] * 1.4, -1.2, 1.2)) * (1 - place.near_light)
    squash = 0.55
    matrix = np.array([[1, -lean, lean * y], [0, -squash, y * (1 + squash)]], np.float32)
    flipped = cv2.warpAffine(whole, matrix, (whole.shape[1], whole.shape[0]))
    shadow = _soft(np.asarray(flipped, np.float32), max(0.6, place.high * 0.012))
    return np.asarray(shadow * (deep > 0) * (0.55 - 0.5 * np.minimum(1, deep / squash)), np.float32)


def _reflection(whole: Mask, place: _Place, deep: Mask) -> Mask:
    y = place.feet[1]
    rows = np.arange(whole.shape[0], dtype=np.float32)[:, None]
    part = (rows - y) / np.float32(place.high)
    wave = np.sin(part * 55 + 3 * np.sin(part * 17)) * np.clip(part, 0, 1) * np.float32(place.high * 0.05)
    across = np.arange(whole.shape[1], dtype=np.float32)[None, :] + wave
    up = np.broadcast_to(y - (rows - y) * np.float32(1.15), whole.shape)
    mirrored = cv2.remap(whole, across.astype(np.float32), np.ascontiguousarray(up), cv2.INTER_LINEAR)
    return np.asarray(_soft(np.asarray(mirrored), 0.8) * (deep > 0) * (0.6 * (1 - deep) ** 1.2), np.float32)
