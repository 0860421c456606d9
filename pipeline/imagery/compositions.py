"""Which drawing of each picture: of a few seeds the one whose sketch is least like the pictures before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.orchestra.chance import dice
from pipeline.painter.sheets import sheets
from pipeline.storyboard import Picture, Shape, Storyboard, StyleSheet, size_of

SKETCH_SIDE = 48  # pixels: a picture takes 40 ms of one core, most of it for what does not depend on the size
GRAIN = 12  # tiles along the shorter side that two sketches are compared by: composition, not texture
SEEDS = 4  # that a picture may choose from
APART = 0.085  # mean difference of light, 0-1, from which on nobody takes two pictures for one
SOME = 12  # latest pictures of a world that a new one is held against

Sketch = NDArray[np.float32]  #: (rows, columns) light, 0-1


def choose_compositions(board: Storyboard) -> Storyboard:
    """Return the board with seeds whose pictures differ; those that were drawn anew keep the seed they have.

    The same board gives the same seeds, and drawing one picture anew changes no other one's.
    """
    chosen: list[Picture] = []
    seen: dict[str, list[Sketch]] = {}
    shape = board.treatment.shape
    for picture in board.pictures:
        before = seen.setdefault(picture.world, [])
        best, sketch = _least_alike(picture, before[-SOME:], board.treatment.seed, shape)
        before.append(sketch)
        anew = picture.name in board.treatment.redraws
        chosen.append(picture if anew else replace(picture, seed=best))
    return board.with_pictures(tuple(chosen))


def _least_alike(picture: Picture, before: list[Sketch], seed: int, shape: Shape) -> tuple[int, Sketch]:
    """Return the first seed that is unlike enough, else the one that is least alike; and its sketch."""
    found = []
    for candidate in _candidates(picture, seed):
        sketch = _sketched(_bare(picture, candidate), shape)
        apart = min((float(np.abs(sketch - other).mean()) for other in before), default=1.0)
        if apart >= APART:
            return candidate, sketch
        found.append((apart, candidate, sketch))
    _, candidate, sketch = max(found, key=lambda one: one[:2])
    return candidate, sketch


def _candidates(picture: Picture, seed: int) -> Iterator[int]:
    for number in range(SEEDS):
        yield dice(seed, "composition", picture.name, number).randrange(2**31)


def _bare(picture: Picture, seed: int) -> Picture:
    """The picture as far as its composition goes."""
    return Picture("sketch", "", picture.world, picture.hour, framing=picture.framing, figure=picture.figure, seed=seed)


@lru_cache(maxsize=512)
def _sketched(picture: Picture, shape: Shape) -> Sketch:
    """Paint a picture so small that only its composition is left: light around its mean."""
    layers = sheets(picture, StyleSheet(look=""), size=size_of(shape, SKETCH_SIDE))
    flat = layers[0].pixels[..., :3].astype(np.float32)
    for layer in layers[1:]:
        alpha = layer.pixels[..., 3:].astype(np.float32) / np.float32(255)
        flat += (layer.pixels[..., :3] - flat) * alpha
    light = cv2.cvtColor(np.asarray(flat, np.uint8), cv2.COLOR_BGR2GRAY)
    across, down = size_of(shape, GRAIN)
    small = cv2.resize(light, (across, down), interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)
    return np.asarray(small - small.mean(), np.float32)
