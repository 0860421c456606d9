"""What stills show that can be told by measuring: lettering, sky, greenery, lights in the dark, paleness, fire.

Each is named only where colour, place and texture agree; most pictures show none of them, and then nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 160  # pixels on the longer side; sights are large
ACCENT = (0.02, 0.3)  # share of the picture that an accent of colour fills

#: OpenCV's hue, 0-180, upper bounds
_HUES = (
    (8, "red"),
    (22, "orange"),
    (34, "yellow"),
    (85, "green"),
    (98, "turquoise"),
    (128, "blue"),
    (150, "violet"),
    (171, "pink"),
)


@dataclass(frozen=True)
class Sights:
    """What the stills of a scene agree on."""

    lettering: bool = False  #: letters or a sign on an even ground
    blue_sky: bool = False
    glowing_sky: bool = False
    greenery: bool = False
    lights: bool = False  #: small lights in the dark
    pale: bool = False  #: light, flat and nearly without colour
    fire: bool = False  #: a large glow in the dark
    monochrome: bool = False
    accent: str = ""  #: a strong colour that is not everywhere
    light: int = 0  #: 1 growing from still to still, -1 falling


def find_sights(stills: Sequence[NDArray[np.uint8]]) -> Sights:
    """Return what more than half of the stills show; `stills` are BGR pictures of any size from one scene, in order."""
    if not stills:
        return Sights()
    each = [_look(still) for still in stills]
    shown = {
        name: 2 * sum(getattr(one, name) for one in each) > len(each)
        for name in vars(each[0])
        if name not in ("accent", "light")
    }
    accents = {one.accent for one in each}
    means = [float(still.mean()) for still in stills]
    steady = sorted(means) in (means, means[::-1]) and len(means) > 2
    light = 0 if not steady else 1 if means[-1] > 1.5 * means[0] else -1 if means[0] > 1.5 * means[-1] else 0
    return Sights(**shown, accent=accents.pop() if len(accents) == 1 else "", light=light)


def _look(still: NDArray[np.uint8]) -> Sights:
    scale = min(1.0, SIDE / max(still.shape[:2]))
    size = (max(8, round(still.shape[1] * scale)), max(8, round(still.shape[0] * scale)))
    small = _without_bars(np.asarray(cv2.resize(still, size, interpolation=cv2.INTER_AREA)))
    hue, saturation, value = (x.astype(np.float32) for x in cv2.split(cv2.cvtColor(small, cv2.COLOR_BGR2HSV)))
    rough = _roughness(value)
    if _is_lettering(value):
        return Sights(lettering=True)
    top = slice(0, max(2, len(value) // 4))
    low = slice(len(value) // 2, None)
    smooth_top = float((rough[top] < 9).mean())
    lively_low = float((rough[low] > 9).mean())
    is_sky = smooth_top > 0.7 and lively_low > 0.25 and float(value[top].mean()) > 95
    blue = (hue > 95) & (hue < 125) & (saturation > 45)
    glow = ((hue < 27) | (hue > 172)) & (saturation > 55) & (value > 110)
    green = (hue > 30) & (hue < 85) & (saturation > 55) & (value > 35)
    dark = float(np.median(value)) < 50
    return Sights(
        blue_sky=is_sky and float(blue[top].mean()) > 0.75,
        glowing_sky=is_sky and float(glow[top].mean()) > 0.75,
        greenery=float((green & (_roughness(value) > 6)).mean()) > 0.28,
        lights=dark and _small_lights(value) >= 6,
        pale=float(saturation.mean()) < 32 and float(np.quantile(value, 0.2)) > 105 and float(value.std()) < 48,
        fire=float(np.median(value)) < 90 and float(((hue < 25) & (saturation > 70) & (value > 185)).mean()) > 0.06,
        monochrome=float(np.quantile(saturation[value > 40], 0.9) if (value > 40).any() else 99) < 18,
        accent=_accent(hue, (saturation > 150) & (value > 110)),
    )


def _accent(hue: NDArray[np.float32], strong: NDArray[np.bool_]) -> str:
    """Return the colour of what is strongly coloured, where that is a part of the picture and of one colour."""
    if not ACCENT[0] < float(strong.mean()) < ACCENT[1]:
        return ""
    bounds = [bound for bound, _ in _HUES]
    votes = np.bincount(np.searchsorted(bounds, hue[strong], side="right"), minlength=len(_HUES) + 1)
    votes[0] += votes[-1]
    winner = int(votes[:-1].argmax())
    return _HUES[winner][1] if votes[winner] > 0.7 * votes[:-1].sum() else ""


def _without_bars(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    lit = picture.max(axis=2) > 24
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
    if len(rows) < 0.4 * len(picture) or len(columns) < 0.4 * picture.shape[1]:
        return picture
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _roughness(value: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the standard deviation of each 5 x 5 neighbourhood."""
    mean = cv2.blur(value, (5, 5))
    return np.asarray(np.sqrt(np.maximum(cv2.blur(value * value, (5, 5)) - mean * mean, 0)), np.float32)


def _is_lettering(value: NDArray[np.float32]) -> bool:
    """Tell whether fine strokes stand in lines on an even ground that fills nearly everything."""
    ground = float(np.median(value))
    strokes = (np.abs(value - ground) > 50).astype(np.uint8)
    share = float(strokes.mean())
    if 25 <= ground <= 225 or not 0.0008 < share < 0.2 or float((np.abs(value - ground) < 12).mean()) < 0.78:
        return False
    fine = float(cv2.erode(strokes, np.ones((5, 5), np.uint8)).mean()) < 0.25 * share
    return fine and _in_lines(strokes) > 0.4


def _in_lines(strokes: NDArray[np.uint8]) -> float:
    """Return the share of strokes that stand so close side by side that they make a line."""
    closed = cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, np.ones((1, 9), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed)
    wide, high = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    lines = [i for i in range(1, count) if wide[i] > 0.08 * strokes.shape[1] and wide[i] > 2 * high[i]]
    return float(strokes[np.isin(labels, lines)].sum() / max(1, strokes.sum()))


def _small_lights(value: NDArray[np.float32]) -> int:
    bright = (value > 190).astype(np.uint8)
    if not 0.0005 < float(bright.mean()) < 0.08:
        return 0
    count, _, stats, _ = cv2.connectedComponentsWithStats(bright)
    return int((stats[1:count, cv2.CC_STAT_AREA] < 0.004 * value.size).sum())
