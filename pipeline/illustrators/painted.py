"""The embedded illustrator: paints landscapes, cities and abstract forms by rule and seed; needs nothing but this."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.backends import Report, Vendors
from pipeline.painter.canvas import Sheet
from pipeline.painter.sheets import sheets
from pipeline.pictures import Layer, Painting
from pipeline.storyboard import Picture, StyleSheet

_STAGE = "pictures"
_FAST = (cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP)
_EDGE_PX = 9  # colour is kept this far around what is seen: whoever scales a layer finds no black in its edges


class Painter:
    """Paints pictures in layers; the same picture gives the same files."""

    name = "painted"
    licence = "yours; no restrictions"
    price_usd = 0.0
    seconds = 4.0
    at_once = 2  # a picture takes about 250 MB while it is painted

    def draw(self, picture: Picture, style: StyleSheet, *, size: tuple[int, int], to: Path, report: Report) -> Painting:
        """Paint the picture's layers as PNG files in `to`, each painter.OVERSCAN larger than `size`."""
        report(_STAGE, 0.0, 1.0)
        painted = sheets(picture, style, size=size, progress=lambda share: report(_STAGE, share * 0.8, 1.0))
        layers = []
        for number, sheet in enumerate(painted):
            file = _written(sheet, to / f"layer-{number}.png", opaque=number == 0)
            layers.append(Layer(file, sheet.depth, sheet.drift))
            report(_STAGE, 0.8 + 0.2 * (number + 1) / len(painted), 1.0)
        return Painting(tuple(layers), self.name, self.licence)


def load(variant: str, vendors: Vendors) -> Painter:
    """Return the illustrator; it has no variants and needs no vendor."""
    del variant, vendors
    return Painter()


def _written(sheet: Sheet, file: Path, *, opaque: bool) -> Path:
    pixels = np.ascontiguousarray(sheet.pixels[..., :3]) if opaque else _cleared(sheet.pixels)
    file.write_bytes(cv2.imencode(".png", pixels, _FAST)[1].tobytes())
    return file


def _cleared(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the pixels, even where nothing is seen, so that they pack well; edges keep the colour they blend from."""
    near = cv2.dilate(pixels[..., 3], np.ones((_EDGE_PX, _EDGE_PX), np.uint8))
    return np.asarray(cv2.bitwise_and(pixels, pixels, mask=near), np.uint8)
