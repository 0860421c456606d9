"""Postage stamps of frames, and how two of them differ.

A stamp has about 576 cells of luma and colour (Y, Cr, Cb, 8 bits), 32 x 18 of a wide picture: small enough to keep one
of every frame, large enough to tell two pictures apart. Grain is averaged out, people and cars cover several cells.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]

CELLS = 576
FLOOR = 1.5  # difference (0-765) that noise and coding make by themselves

DRAWN = 6.0  # luma by which a cell stands out from its neighbours where something is drawn
BARE = 0.1  # share of such cells under which a picture is an even ground

_AROUND = np.ones((3, 3), np.uint8)


def stamp_of(picture: Bytes) -> Bytes:
    """Return a BGR picture as (height, width, 3) cells of Y, Cr, Cb, in the picture's own shape."""
    height, width = picture.shape[:2]
    scale = math.sqrt(CELLS / (width * height))
    size = (max(4, round(width * scale)), max(4, round(height * scale)))
    return np.asarray(cv2.cvtColor(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2YCrCb))


def apart(one: Bytes, other: Bytes) -> Floats:
    """Return for each cell how far two stamps differ beyond what small movement explains, 0-765.

    A cell is compared with the range of its 3 x 3 neighbourhood in the other stamp, both ways: motion below a thirtieth
    of the width costs nothing.
    """
    return np.maximum(_outside(one, other), _outside(other, one))


def _outside(stamp: Bytes, other: Bytes) -> Floats:
    above = cv2.subtract(stamp, cv2.dilate(other, _AROUND))
    below = cv2.subtract(cv2.erode(other, _AROUND), stamp)
    return np.asarray(cv2.add(above, below).sum(axis=-1), np.float64)


def spread(cells: Floats) -> float:
    """Return the share of cells that take part in a difference."""
    return float((cells > max(4.0, 0.25 * cells.mean())).mean())


def likeness(one: Bytes, other: Bytes, *, shift: float = 0.22) -> float:
    """Return how well the luma of two stamps correlates at the best shift; 0 for flat ones.

    `shift` is a share of width and height, tried both ways.
    """
    return max(_likeness(one[..., 0], other[..., 0], shift), _likeness(other[..., 0], one[..., 0], shift))


def _likeness(one: Bytes, other: Bytes, shift: float) -> float:
    height, width = one.shape
    down, right = max(1, round(height * shift)), max(1, round(width * shift))
    middle = one[down : height - down, right : width - right].astype(np.float32)
    if middle.size == 0 or middle.std() < FLOOR or _is_bare(middle):
        return 0.0
    found = cv2.matchTemplate(other.astype(np.float32), middle, cv2.TM_CCOEFF_NORMED)
    return float(np.nan_to_num(found, posinf=0.0, neginf=0.0).max())


def _is_bare(luma: NDArray[np.float32]) -> bool:
    """Tell whether hardly anything is drawn on an even ground, so that likeness would be the likeness of one mark."""
    drawn = cv2.dilate(luma, _AROUND) - cv2.erode(luma, _AROUND) > DRAWN
    return float(drawn.mean()) < BARE
