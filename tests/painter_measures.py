"""What a painted picture is measured by: flattened, shifted, its contrast, detail, direction, calm."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painter.canvas import OVERSCAN, Canvas, Scenery, Sheet
from pipeline.painter.palette import Palette, palette
from pipeline.storyboard import Figure as Kind
from pipeline.storyboard import Framing, Hour, Picture, StyleSheet, Weather, World

Image = NDArray[np.float32]  # (H, W, 3), 0-1

SMALL = (135, 240)
PREVIEW = (270, 480)


def a_picture(
    world: World = "city",
    *,
    hour: Hour = "day",
    weather: Weather = "clear",
    figure: Kind = "none",
    framing: Framing = "wide",
    valence: float = 0.0,
    arousal: float = 0.0,
    seed: int = 1,
) -> Picture:
    return Picture(
        "p01",
        "x",
        world,
        hour=hour,
        weather=weather,
        figure=figure,
        framing=framing,
        valence=valence,
        arousal=arousal,
        seed=seed,
    )


def colours(picture: Picture) -> Palette:
    return palette(picture, StyleSheet(""), np.random.default_rng([picture.seed, 1]))


def scenery(picture: Picture, size: tuple[int, int] = SMALL) -> Scenery:
    """Return the bare world of a picture."""
    world = importlib.import_module(f"pipeline.painter.worlds.{picture.world}")
    rng = np.random.default_rng([picture.seed, 2])
    painted: Scenery = world.paint(picture, colours(picture), canvas=Canvas.of(size), rng=rng)
    return painted


def flat(sheets: Sequence[Sheet], *, across: float = 0.0, down: float = 0.0) -> Image:
    """Return the sheets laid upon each other, each moved by its depth times so many widths."""
    image = np.zeros((*sheets[0].pixels.shape[:2], 3), np.float32)
    for sheet in sheets:
        pixels = moved(sheet, across, down).astype(np.float32) / 255
        mask = pixels[..., 3:]
        image = image * (1 - mask) + pixels[..., :3] * mask
    return image


def moved(sheet: Sheet, across: float, down: float) -> NDArray[np.uint8]:
    height, width = sheet.pixels.shape[:2]
    by = np.array([[1, 0, across * width * sheet.depth], [0, 1, down * width * sheet.depth]], np.float32)
    return np.asarray(cv2.warpAffine(sheet.pixels, by, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def framed(image: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return what the camera shows: the middle."""
    height, width = image.shape[:2]
    top, left = round(height * (1 - 1 / OVERSCAN) / 2), round(width * (1 - 1 / OVERSCAN) / 2)
    return image[top : height - top, left : width - left]


def covered(sheets: Sequence[Sheet], *, across: float, down: float) -> NDArray[np.float32]:
    """Return how much of each pixel is covered by anything but the backmost sheet, the sheets moved."""
    bare = np.ones(sheets[0].pixels.shape[:2], np.float32)
    for sheet in sheets[1:]:
        bare *= 1 - moved(sheet, across, down)[..., 3].astype(np.float32) / 255
    return 1 - bare


def grey(image: NDArray[np.generic]) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(np.asarray(image, np.float32), cv2.COLOR_BGR2GRAY), np.float32)


def detail(image: NDArray[np.generic]) -> list[float]:
    """Return how much there is to see at three scales, fine, middle, coarse; a flat card with a gradient has none."""
    light, short = grey(image), min(image.shape[:2])
    blurred = [cv2.GaussianBlur(light, (0, 0), short * share) for share in (0.006, 0.02, 0.06, 0.18)]
    return [float(np.std(finer - coarser)) for finer, coarser in pairwise(blurred)]


def uprightness(image: NDArray[np.generic]) -> float:
    """Return the share of an image's fine change that runs across: rain makes lines that go down."""
    light = grey(image)
    fine = light - cv2.GaussianBlur(light, (0, 0), 3)
    across, down = np.abs(np.diff(fine, axis=1)).mean(), np.abs(np.diff(fine, axis=0)).mean()
    return float(across / (across + down))


def assert_picture(sheets: Sequence[Sheet], size: tuple[int, int]) -> Image:
    """Assert what holds for every picture and return it flattened, as the camera shows it."""
    canvas = Canvas.of(size)
    assert 3 <= len(sheets) <= 6
    assert all(sheet.pixels.shape == (canvas.height, canvas.width, 4) for sheet in sheets)
    assert all(0 <= sheet.depth <= 1 for sheet in sheets)
    assert sheets[0].pixels[..., 3].min() == 255
    image = np.asarray(framed(flat(sheets)), np.float32)
    light = grey(image)
    assert light.std() > 0.05
    assert 0.06 < light.mean() < 0.85
    fine, middle, coarse = detail(image)
    assert fine > 0.004
    assert middle > 0.006
    assert coarse > 0.01
    lower = light[round(0.67 * light.shape[0]) : round(0.92 * light.shape[0])]
    assert lower.mean() < 0.78  # white titles
    return image


def distance(one: Image, other: Image) -> float:
    return float(np.abs(one - other).mean())


def likeness(one: Image, other: Image) -> float:
    """Return how alike two pictures of one shape are whatever their sizes, 1 the same."""
    small = [
        cv2.GaussianBlur(cv2.resize(grey(image), (90, 160), interpolation=cv2.INTER_AREA), (0, 0), 1.0)
        for image in (one, other)
    ]
    return float(np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1])
