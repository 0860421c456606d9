"""The sheets of a picture: world, figure, weather, and the hand that paints them."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import cv2
import numpy as np

from pipeline.painter import figures, hands, weather
from pipeline.painter.canvas import Canvas, Scenery, Sheet
from pipeline.painter.palette import palette
from pipeline.storyboard import Picture, StyleSheet

_SOFTEST = 0.006  # shorter sides: blur of what is infinitely far in a close picture

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
    scenery = _world(picture)(picture, colours, canvas=canvas, rng=place)
    progress(0.7)
    stage = scenery.stage
    layers = [_blurred(sheet, canvas) for sheet in scenery.sheets] if picture.framing == "close" else [*scenery.sheets]
    wet = picture.weather in ("rain", "storm") and picture.world not in weather.SHELTERED
    between = figures.stand(
        figures.fitting(picture.figure, picture.world), stage, colours, canvas=canvas, rng=people, wet=wet
    )
    around = weather.air(picture, stage, colours, canvas=canvas, rng=air)
    layers[stage.slot : stage.slot] = [*around.behind, *between]
    layers[1:1] = around.sky
    layers += around.before
    progress(0.85)
    return hands.treat(layers, style.look, canvas=canvas, rng=touch)


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
