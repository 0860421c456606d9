"""The sheets of a picture: world, figure, weather, and the hand that paints them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from pipeline.painter import figures, hands, weather
from pipeline.painter.canvas import Canvas, Point, Scenery, Sheet
from pipeline.painter.palette import palette
from pipeline.painter.wardrobe import wardrobe
from pipeline.storyboard import Framing, Picture, StyleSheet, World

_SOFTEST = 0.006  # shorter sides: blur of what is infinitely far in a close picture

#: how much nearer the camera stands to worlds that are painted from one distance; others bring things nearer themselves
_NEARER: dict[World, dict[Framing, float]] = {
    "mountains": {"medium": 1.1, "close": 1.35},
    "sea": {"medium": 1.15, "close": 1.6},
    "desert": {"medium": 1.15, "close": 1.6},
    "fields": {"medium": 1.15, "close": 1.5},
    "forest": {"medium": 1.1, "close": 1.45},
    "street": {"close": 1.2},
    "underwater": {"close": 1.15},
}
#: how much larger still who stands there is, and so much lower on the canvas: they have come nearer, not only the view
_GROWN: dict[Framing, tuple[float, float]] = {"wide": (1.0, 0.0), "medium": (1.3, 0.02), "close": (1.75, 0.06)}
_OUTDOORS: tuple[World, ...] = ("mountains", "sea", "desert", "fields", "forest")
_FEET, _HORIZON = 0.82, 0.60  # fraction down of a nearer view at which a figure's feet, else the horizon, lie

Progress = Callable[[float], None]  #: called with the share that is done, 0-1


def sheets(
    picture: Picture, style: StyleSheet, *, size: tuple[int, int], progress: Progress = lambda share: None
) -> list[Sheet]:
    """Return a picture's layers from back to front, OVERSCAN larger than `size` (width, height) each.

    The same picture, style and size give the same pixels; another size gives the same composition.
    """
    canvas = Canvas.of(size)
    place, people, air, touch = np.random.default_rng(picture.seed).spawn(4)
    colours = hands.mixed(palette(picture, style, place), style.look)
    scenery = _nearer(_world(picture)(picture, colours, canvas=canvas, rng=place), picture, canvas)
    progress(0.7)
    stage = scenery.stage
    layers = [_blurred(sheet, canvas) for sheet in scenery.sheets] if picture.framing == "close" else [*scenery.sheets]
    wet = picture.weather in ("rain", "storm") and picture.world not in weather.SHELTERED
    between = figures.stand(
        figures.fitting(picture.figure, picture.world),
        stage,
        colours,
        canvas=canvas,
        rng=people,
        wet=wet,
        wardrobe=wardrobe(style, picture.figure),
    )
    around = weather.air(picture, stage, colours, canvas=canvas, rng=air)
    layers[stage.slot : stage.slot] = [*around.behind, *between]
    layers[1:1] = around.sky
    layers += around.before
    progress(0.85)
    return hands.treat(layers, style.look, canvas=canvas, rng=touch)


def _nearer(scenery: Scenery, picture: Picture, canvas: Canvas) -> Scenery:
    """Return a part of a scenery as large as the whole, around its figure or what lies at its horizon."""
    zoom = _NEARER.get(picture.world, {}).get(picture.framing, 1.0)
    if zoom == 1.0:
        return scenery
    stage, room = scenery.stage, 1 - 1 / zoom
    seen = stage.feet if picture.figure != "none" else (stage.light[0], stage.horizon)
    aim = _FEET if picture.figure != "none" else _HORIZON
    left = float(np.clip(seen[0] - 0.5 / zoom, 0, room))
    top = float(np.clip(seen[1] - aim / zoom, 0, room))
    view = np.array([[zoom, 0, -left * zoom * canvas.width], [0, zoom, -top * zoom * canvas.height]], np.float32)

    def at(point: Point) -> Point:
        return (point[0] - left) * zoom, (point[1] - top) * zoom

    grown, lower = _GROWN[picture.framing] if picture.world in _OUTDOORS else (1.0, 0.0)
    feet = at(stage.feet)
    layers = tuple(
        Sheet(
            np.asarray(
                cv2.warpAffine(
                    sheet.pixels,
                    view,
                    (canvas.width, canvas.height),
                    flags=cv2.INTER_CUBIC,
                    borderMode=cv2.BORDER_REPLICATE,
                ),
                np.uint8,
            ),
            sheet.depth,
        )
        for sheet in scenery.sheets
    )
    return Scenery(
        layers,
        replace(
            stage,
            feet=(feet[0], feet[1] + lower),
            tall=stage.tall * zoom * grown,
            light=at(stage.light),
            horizon=at((0.0, stage.horizon))[1],
            sky=max(0.2, at((0.0, stage.sky))[1]),
        ),
    )


def _blurred(sheet: Sheet, canvas: Canvas) -> Sheet:
    """Return a sheet as a lens sees it that is focused on the foreground: the farther, the softer."""
    radius = _SOFTEST * max(0.0, 0.75 - sheet.depth) * canvas.short
    if radius < 0.3:
        return sheet
    return Sheet(np.asarray(cv2.GaussianBlur(sheet.pixels, (0, 0), radius), np.uint8), sheet.depth)


def _world(picture: Picture) -> Callable[..., Scenery]:
    """Return the painter of the picture's world: the file of its name."""
    paint: Callable[..., Scenery] = importlib.import_module(f"pipeline.painter.worlds.{picture.world}").paint
    return paint
