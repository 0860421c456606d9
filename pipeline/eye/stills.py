"""Our own stills as small square pictures that models see, the ones that show something, each one once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import BadMedia

SUNK = 0.4  # of the lightest still of a scene: darker ones are taken in the middle of a fade
EMPTY = 12.0  # levels of 255 between the lightest and darkest 32nd of a picture: under it there is nothing to be seen
ALIKE = 3.0  # levels of mean difference: stills of one scene that are nearer show the same
GREY = 128  # level of a card that says nothing


@dataclass(frozen=True)
class Frames:
    """The pictures of a clip that are worth being read."""

    pixels: NDArray[np.uint8]  #: (frames, side, side, 3) RGB; no two came from the same still
    of_scenes: tuple[tuple[int, ...], ...]  #: for each scene its rows of `pixels`; none where it shows nothing


def read_frames(stills: Sequence[Sequence[bytes]], *, side: int, squeezed: bool) -> Frames:
    """Decode the stills of all scenes; see `read_still`. Empty, sunk and repeated ones are left out."""
    rows: dict[bytes, int] = {}
    pixels: list[NDArray[np.uint8]] = []
    of_scenes = []
    for jpegs in stills:
        decoded = [(jpeg, read_still(jpeg, side=side, squeezed=squeezed)) for jpeg in dict.fromkeys(jpegs)]
        for jpeg, picture in (chosen := _telling(decoded)):
            if jpeg not in rows:
                rows[jpeg] = len(pixels)
                pixels.append(picture)
        of_scenes.append(tuple(rows[jpeg] for jpeg, _ in chosen))
    stacked = np.stack(pixels) if pixels else np.zeros((0, side, side, 3), np.uint8)
    return Frames(stacked, tuple(of_scenes))


def read_still(jpeg: bytes, *, side: int, squeezed: bool) -> NDArray[np.uint8]:
    """Return a still as (side, side, 3) RGB: squeezed into the square, or its middle. Raises BadMedia."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) if jpeg else None
    if picture is None:
        raise BadMedia("A still of the clip could not be read.", hint="Send the clip again.")
    if not squeezed:
        height, width = picture.shape[:2]
        edge = min(height, width)
        top, left = (height - edge) // 2, (width - edge) // 2
        picture = picture[top : top + edge, left : left + edge]
    method = cv2.INTER_AREA if min(picture.shape[:2]) > side else cv2.INTER_CUBIC
    return np.ascontiguousarray(cv2.resize(picture, (side, side), interpolation=method)[..., ::-1], np.uint8)


def grey_card(side: int) -> NDArray[np.uint8]:
    """Return (1, side, side, 3): what a model says of it, it says of anything."""
    return np.full((1, side, side, 3), GREY, np.uint8)


def normalise(pixels: NDArray[np.uint8], mean: Sequence[float], deviation: Sequence[float]) -> NDArray[np.float32]:
    """Return (frames, 3, side, side) as vision towers want it: shares of full light, less a mean, in deviations."""
    shares = pixels.astype(np.float32) / np.float32(255)
    shares -= np.asarray(mean, np.float32)
    shares /= np.asarray(deviation, np.float32)
    return np.ascontiguousarray(shares.transpose(0, 3, 1, 2))


def _telling(decoded: Sequence[tuple[bytes, NDArray[np.uint8]]]) -> list[tuple[bytes, NDArray[np.uint8]]]:
    """Leave out what shows nothing, what lies in a fade, and what the still before has shown."""
    lightest = max((float(picture.mean()) for _, picture in decoded), default=0.0)
    chosen: list[tuple[bytes, NDArray[np.uint8]]] = []
    for jpeg, picture in decoded:
        if is_empty(picture) or picture.mean() < SUNK * lightest:
            continue
        if all(_distance(picture, other) >= ALIKE for _, other in chosen):
            chosen.append((jpeg, picture))
    return chosen


def is_empty(picture: NDArray[np.uint8]) -> bool:
    """Whether a picture is one plain colour, but for noise."""
    small = cv2.resize(picture, (32, 32), interpolation=cv2.INTER_AREA).reshape(-1, 3)
    return float((small.max(axis=0).astype(float) - small.min(axis=0)).max()) < EMPTY


def _distance(picture: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(cv2.absdiff(picture, other).mean())
