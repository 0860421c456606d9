"""What stills show that can be told by measuring: lettering, sky, greenery, lights in the dark, paleness, fire.

Each is named only where colour, place and texture agree; most pictures show none of them, and then nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.eye.palette import find_palette

SIDE = 160  # pixels on the longer side; sights are large
FINE_SIDE = 480  # pixels, for what is a pixel or two thin: rain and small lights
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
    disc: bool = False  #: one bright round disc on an even, darker ground
    glow: bool = False  #: a warm light that falls off smoothly to all sides
    shimmer: bool = False  #: level glints on a dark ground, under one level line from side to side
    rays: bool = False  #: edges that lead to the middle
    rings: bool = False  #: edges that run around the middle
    neon: bool = False  #: vivid light on black
    bits: bool = False  #: small things of many colours on an even ground
    drawn: bool = False  #: even areas with hard edges, as in graphics
    soft: bool = False  #: some of it sharp, most of it soft or plain
    rain: bool = False  #: fine streaks that all fall one way and stand elsewhere in every still
    palette: tuple[str, ...] = ()  #: two or three tones, the most telling first
    vivid: tuple[str, ...] = ()  #: those that look lit by themselves
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
        if isinstance(getattr(each[0], name), bool)
    }
    shown["rain"] = not shown["lettering"] and falls_like_rain(stills)
    accents = {one.accent for one in each}
    means = [float(still.mean()) for still in stills]
    steady = sorted(means) in (means, means[::-1]) and len(means) > 2
    light = 0 if not steady else 1 if means[-1] > 1.5 * means[0] else -1 if means[0] > 1.5 * means[-1] else 0
    whole = [_without_bars(still) for still in stills]
    palette, vivid = find_palette(whole)
    return Sights(
        **shown,
        palette=palette,
        vivid=vivid,
        accent=accents.pop() if len(accents) == 1 else "",
        light=light,
    )


def _look(still: NDArray[np.uint8]) -> Sights:
    small = _without_bars(_fit(still, SIDE))
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
    fine = _without_bars(_fit(still, FINE_SIDE))
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.float32)
    even, edges = _evenness(fine)
    rays, rings = _about_the_middle(grey)
    dim = float(np.median(value)) < 60
    count, hues = _small_colours(fine) if dim or even > 0.6 else (0, 0)
    return Sights(
        disc=_has_disc(grey),
        glow=even > 0.6 and _has_glow(small),
        shimmer=_has_shimmer(grey),
        rays=rays,
        rings=rings,
        neon=float((value < 60).mean()) > 0.35 and float(((saturation > 150) & (value > 150)).mean()) > 0.15,
        bits=even > 0.6 and count >= 60 and hues >= 6,
        drawn=even > 0.7 and edges > 0.1 and float(value.mean()) > 110,
        soft=_is_soft(fine) and not (even > 0.7 and edges > 0.1),
        blue_sky=is_sky and float(blue[top].mean()) > 0.75,
        glowing_sky=is_sky and float(glow[top].mean()) > 0.75,
        greenery=float((green & (rough > 6)).mean()) > 0.28,
        lights=(dark and _small_lights(value) >= 6) or (dim and count >= 40),
        pale=float(saturation.mean()) < 32 and float(np.quantile(value, 0.2)) > 105 and float(value.std()) < 48,
        fire=float(np.median(value)) < 90 and float(((hue < 25) & (saturation > 70) & (value > 185)).mean()) > 0.06,
        monochrome=float(np.quantile(saturation[value > 40], 0.9) if (value > 40).any() else 99) < 18,
        accent=_accent(hue, (saturation > 150) & (value > 110)),
    )


def _fit(still: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return the still at this length of its longer side, or as it is where it is smaller."""
    scale = min(1.0, side / max(still.shape[:2]))
    size = (max(8, round(still.shape[1] * scale)), max(8, round(still.shape[0] * scale)))
    return np.asarray(cv2.resize(still, size, interpolation=cv2.INTER_AREA), np.uint8)


def _slopes(grey: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return how steeply luma rises to the right and down."""
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return np.asarray(across, np.float32), np.asarray(down, np.float32)


def _evenness(fine: NDArray[np.uint8]) -> tuple[float, float]:
    """Return which share of the picture is even, and which is a hard edge."""
    grey, around = cv2.cvtColor(fine, cv2.COLOR_BGR2GRAY), np.ones((3, 3), np.uint8)
    step = cv2.subtract(cv2.dilate(grey, around), cv2.erode(grey, around))
    return float((step <= 4).mean()), float((step > 50).mean())


def _is_soft(fine: NDArray[np.uint8]) -> bool:
    """Tell whether fine detail is kept to a part of the picture: a sharp thing before a blurred or plain ground."""
    grey = cv2.cvtColor(fine, cv2.COLOR_BGR2GRAY).astype(np.float32)
    blocks = cv2.resize(np.abs(cv2.Laplacian(grey, cv2.CV_32F)), (16, 9), interpolation=cv2.INTER_AREA)
    return float((blocks < 2.2).mean()) > 0.4 and float(np.sort(blocks.ravel())[-14:].mean()) > 23


def _has_disc(grey: NDArray[np.float32]) -> bool:
    """Tell whether one round light stands alone on an even, dark ground."""
    count, _, stats, middles = cv2.connectedComponentsWithStats((grey > 235).astype(np.uint8))
    y, x = np.mgrid[: grey.shape[0], : grey.shape[1]]
    for i in range(1, count):
        wide, high, area = (int(stats[i, k]) for k in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
        round_ = 0.8 < wide / high < 1.25 and 0.88 < area / (wide * high * np.pi / 4) < 1.12
        if round_ and 0.002 < area / grey.size < 0.05:
            far = np.hypot(x - middles[i][0], y - middles[i][1]) / (max(wide, high) / 2)
            ring = grey[(far > 1.9) & (far < 2.8)]
            if ring.size and float(np.median(ring)) < 125 and float(ring.std()) < 22:
                return True
    return False


def _has_glow(small: NDArray[np.uint8]) -> bool:
    """Tell whether the picture is lightest in one small, warm place and darkens steadily away from it."""
    value = cv2.GaussianBlur(small, (0, 0), 4).astype(np.float32)
    light = value.max(axis=2)
    top = np.unravel_index(int(light.argmax()), light.shape)
    peak = float(light[top])
    if peak < 225 or float((light > 0.95 * peak).mean()) > 0.08:
        return False
    y, x = np.mgrid[: light.shape[0], : light.shape[1]]
    upper = y <= top[0] + 4
    far = np.hypot(x - top[1], y - top[0]) / light.shape[1]
    rings = [(far >= near) & (far < near + 0.1) & upper for near in (0.0, 0.1, 0.2, 0.3)]
    if not all(ring.any() for ring in rings):
        return False
    means = [value[ring].mean(axis=0) for ring in rings]
    even = max(float(light[ring].std()) for ring in rings) < 34
    falling = all(one.max() > other.max() + 4 for one, other in pairwise(means[:3]))
    return even and falling and float(means[0][2] - means[0][0]) > 30


def _has_shimmer(grey: NDArray[np.float32]) -> bool:
    """Tell whether a level line divides the picture, and level glints lie on a dark ground below it."""
    step = grey[4:] - grey[:-4]
    agreed = np.abs(np.sign(np.where(np.abs(step) > 10, step, 0)).mean(axis=1))
    row = int(agreed.argmax())
    low = grey[row + 5 :]
    if agreed[row] < 0.85 or not 0.25 < (row + 2) / len(grey) < 0.8 or len(low) < 8:
        return False
    across, down = _slopes(low)
    level = float((down**2).sum()) > 6 * float((across**2).sum())
    return level and float(np.median(low)) < 80 and 0.005 < float((low > 110).mean()) < 0.3


def _about_the_middle(grey: NDArray[np.float32]) -> tuple[bool, bool]:
    """Tell whether strong edges lead to the picture's middle, and whether they run around it.

    By chance 14 in 100 do the one, and as many the other.
    """
    across, down = _slopes(cv2.GaussianBlur(grey, (0, 0), 1).astype(np.float32))
    y, x = np.mgrid[: grey.shape[0], : grey.shape[1]].astype(np.float32)
    x, y = x - grey.shape[1] / 2, y - grey.shape[0] / 2
    far, steep = np.hypot(x, y), np.hypot(across, down)
    strong = (steep > 60) & (far > 0.12 * len(grey))
    if float(strong.mean()) < 0.15:
        return False, False
    high, wide = strong.shape[0] // 2, strong.shape[1] // 2
    quarters = (strong[:high, :wide], strong[:high, wide:], strong[high:, :wide], strong[high:, wide:])
    if min(float(quarter.mean()) for quarter in quarters) < 0.07:
        return False, False
    along = (((across * x + down * y) / (far * steep + 1e-6))[strong]) ** 2
    return float((along < 0.05).mean()) > 0.32, float((along > 0.95).mean()) > 0.32


def _small_colours(fine: NDArray[np.uint8]) -> tuple[int, int]:
    """Return how many small spots of strong colour stand out from what is around them, and how many hues they have."""
    small = _fit(fine, SIDE * 2)
    differ = cv2.absdiff(small, cv2.medianBlur(small, 21)).max(axis=2) > 50
    hue, saturation, value = cv2.split(cv2.cvtColor(small, cv2.COLOR_BGR2HSV))
    count, _, stats, middles = cv2.connectedComponentsWithStats(differ.astype(np.uint8))
    area = stats[1:count, cv2.CC_STAT_AREA]
    x, y = np.round(middles[1:count][(area >= 3) & (area < 0.004 * differ.size)]).astype(int).T
    strong = (saturation[y, x] > 90) & (value[y, x] > 80)
    return int(strong.sum()), len(set((hue[y, x][strong] // 22).tolist()))


def falls_like_rain(stills: Sequence[NDArray[np.uint8]]) -> bool:
    """Tell whether fine streaks lie all over every still, slant alike, and are never twice in the same place."""
    thin = [_thin(cv2.cvtColor(_fit(still, FINE_SIDE), cv2.COLOR_BGR2GRAY)) for still in stills]
    return len(thin) > 1 and all(
        _is_rain(one, [other for j, other in enumerate(thin) if j != i]) for i, one in enumerate(thin)
    )


def _thin(grey: NDArray[np.uint8] | cv2.typing.MatLike) -> NDArray[np.float32]:
    """Return by how much each pixel outshines the seven around it on its row."""
    return np.asarray(cv2.subtract(grey, cv2.morphologyEx(grey, cv2.MORPH_OPEN, np.ones((1, 7), np.uint8))), np.float32)


def _is_rain(thin: NDArray[np.float32], others: Sequence[NDArray[np.float32]]) -> bool:
    steady = np.max([cv2.dilate(other, np.ones((3, 3), np.uint8)) for other in others], axis=0)
    count, labels, stats, middles = cv2.connectedComponentsWithStats((thin - steady > 8).astype(np.uint8))
    wide, high, area = (stats[:, k] for k in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
    streaks = np.flatnonzero((high >= 6) & (area < 2.6 * high) & (wide < high) & (np.arange(count) > 0))
    if len(streaks) < 100:
        return False
    cells = {(int(x * 6 / thin.shape[1]), int(y * 4 / thin.shape[0])) for x, y in middles[streaks]}
    slants = [_slant(labels, stats[i], i) for i in streaks[:150]]
    return len(cells) >= 21 and float(np.quantile(slants, 0.8) - np.quantile(slants, 0.2)) < 0.18


def _slant(labels: cv2.typing.MatLike, box: NDArray[np.int32], number: int) -> float:
    """Return by how many pixels a streak moves sideways for each it falls."""
    left, top, wide, high = (int(v) for v in box[:4])
    y, x = np.nonzero(labels[top : top + high, left : left + wide] == number)
    y = y - y.mean()
    return float((y * x).sum() / max(1e-6, float((y * y).sum())))


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
    blue, green, red = cv2.split(picture)
    lit = np.asarray(cv2.max(blue, cv2.max(green, red))) > 24
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
