"""What a scene looks like in numbers: movement, light, contrast, colour, camera, and the moments that make one jump.

Everything is taken from the postage stamps of the one pass (pipeline/watched.py).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.cuesheet import HitPoint, Look
from pipeline.watched import Floats, Watched

LAG_S = 1 / 12  # movement is read over this time, so that 10 and 60 frames a second say the same
HAND_HELD = 0.13  # picture widths a second that hand-held walking moves the picture; half way on the scale of motion
FULL_CHROMA = 70.0  # distance from grey in Cr, Cb of strongly coloured pictures (a pure red has 127)
FULL_WARMTH = 45.0  # mean Cr - Cb of a picture that is orange all over; a sunset has about 30
LEAST_CHROMA = 14.0  # under it a cell passes for grey
COLOURED = 0.12  # share of cells that must have a colour before one is named

SWEEP = 0.14  # picture widths a second: half of what crosses the picture in 3.5 s; still pictures seem to drift by 0.07
LEAST_TRUST = 0.15  # phase correlation below it has found nothing

JOLT_APART_S = 1.0  # seconds between two jolts, and from the entry of the scene
JOLT_EVERY_S = 4.0  # a scene has one jolt in so many seconds, at most: what happens all the time surprises nobody
JOLT_RISE = 2.5  # times the movement of the half second before
NO_PICTURE = 18.0  # luma: a picture that fades in from black is no jolt
JOLT_LEAST = 9.0  # luma steps that a jolt moves the mean cell by, at least
JOLT_FULL = 45.0  # luma steps of the strongest kind: an explosion that fills the picture

#: hue circle in degrees of (Cb, Cr), the upper bound of each name
_HUES = (
    (20.0, "violet"),
    (75.0, "pink"),
    (112.0, "red"),
    (140.0, "orange"),
    (178.0, "yellow"),
    (243.0, "green"),
    (292.0, "turquoise"),
    (345.0, "blue"),
    (360.0, "violet"),
)


def measure_look(watched: Watched, first: int, last: int) -> Look:
    """Measure frames first..last; faces are left for those who have the stills."""
    stamps = watched.stamps[first : last + 1 : max(1, (last + 1 - first) // 60)].astype(np.float64)
    luma, warm, cold = stamps[..., 0], stamps[..., 1] - 128, stamps[..., 2] - 128
    chroma = np.hypot(warm, cold)
    speed = measure_speed(watched)[first : last + 1]
    return Look(
        motion=_share(1 - 0.5 ** (float(speed.mean()) / HAND_HELD)),
        light=_share(luma.mean() / 255),
        contrast=_share((np.quantile(luma, 0.95) - np.quantile(luma, 0.05)) / 255),
        saturation=_share(chroma.mean() / FULL_CHROMA),
        warmth=round(float(np.clip((warm - cold).mean() / FULL_WARMTH, -1, 1)), 3),
        colour=name_colour(luma, warm, cold),
        camera=name_camera(watched, first, last),
    )


def name_camera(watched: Watched, first: int, last: int) -> str:
    """Return how the whole picture moves, "" where the scene is too short to tell.

    What fills the picture and moves looks the same as a camera that moves, and is not told from it.
    """
    seconds = float(watched.times[last] - watched.times[first])
    if last - first < 4 or seconds < 0.3:
        return ""
    moved = watched.shifts[first + 1 : last + 1] * (watched.shift_trust[first + 1 : last + 1, None] > LEAST_TRUST)
    way, path = np.abs(moved.sum(axis=0)) / seconds, np.abs(moved).sum(axis=0) / seconds
    main = int(way.argmax())
    if way[main] > SWEEP and way[main] > 0.75 * path[main]:
        return ("sideways", "vertical")[main]
    return "restless" if path.max() > SWEEP and way[main] < 0.5 * path.max() else "steady"


def name_colour(luma: Floats, warm: Floats, cold: Floats) -> str:
    """Return the ruling colour; Y 0-255, Cr and Cb around zero."""
    chroma = np.hypot(warm, cold)
    coloured = chroma > LEAST_CHROMA
    if coloured.mean() < COLOURED:
        light = float(np.median(luma))
        return "black" if light < 40 else "white" if light > 205 else "grey"
    hue = np.degrees(np.arctan2(warm, cold))[coloured] % 360
    weight = chroma[coloured]
    names = [name for _, name in _HUES]
    votes = np.bincount(np.searchsorted([bound for bound, _ in _HUES], hue), weight, minlength=len(names))
    votes[0] += votes[-1]
    winner = int(votes[:-1].argmax())
    mine = np.searchsorted([bound for bound, _ in _HUES], hue) % (len(names) - 1) == winner
    light = float(np.median(luma[coloured][mine]))
    dull = float(np.median(weight[mine])) < 45
    name = names[winner]
    if name in ("orange", "yellow") and light < 110:
        return "brown" if name == "orange" or dull else "olive"
    if name in ("orange", "yellow") and dull:
        return "beige" if light > 150 else "golden" if name == "yellow" else "tan"
    return name


def measure_speed(watched: Watched) -> Floats:
    """Return how fast the picture moves at each frame, in picture widths per second, however it is lit.

    The change of luma over a twelfth of a second against the steepness of the picture itself (normal flow).
    """
    change, steepness = measure_stir(watched), _steepness(watched)
    cells = np.minimum(change / (steepness + 3.0), 3.0)
    return np.asarray(cells / watched.stamps.shape[2] / LAG_S)


def measure_stir(watched: Watched) -> Floats:
    """Return by how many luma steps the mean cell changes within a twelfth of a second before each frame."""
    luma = watched.stamps[..., 0]
    before = np.searchsorted(watched.times, watched.times - LAG_S - 1e-6, side="right") - 1
    before = np.clip(before, 0, None)
    before[1:] = np.minimum(np.maximum(before[1:], 0), np.arange(len(luma) - 1))
    lag = np.maximum(watched.times - watched.times[before], LAG_S)
    change = np.empty(len(luma))
    for i, j in enumerate(before):
        change[i] = np.abs(luma[i].astype(np.int16) - luma[j]).mean()
    change[0] = change[1] if len(change) > 1 else 0.0
    return np.asarray(change * LAG_S / lag)


def _steepness(watched: Watched) -> Floats:
    luma = watched.stamps[..., 0]
    steep = np.empty(len(luma))
    for i, stamp in enumerate(luma):
        wide = stamp.astype(np.int16)
        steep[i] = (np.abs(np.diff(wide, axis=0)).mean() + np.abs(np.diff(wide, axis=1)).mean()) / 2
    return steep


def find_jolts(watched: Watched, first: int, last: int, end: float) -> tuple[HitPoint, ...]:
    """Return the few moments in frames first..last at which something strikes, at least JOLT_APART_S apart."""
    times, stir = watched.times, measure_stir(watched)
    light = watched.luma
    candidates: list[tuple[float, float]] = []
    for frame in range(first + 1, last + 1):
        if times[frame] - times[first] < JOLT_APART_S / 2 or end - times[frame] < JOLT_APART_S / 2:
            continue
        past = slice(int(np.searchsorted(times, times[frame] - 0.5 - LAG_S)), max(frame - 1, first + 1))
        if past.start < first:
            past = slice(first + 1, past.stop)
        if past.stop <= past.start:
            continue
        if float(np.median(light[past])) < NO_PICTURE:
            continue
        usual = float(np.median(stir[past]))
        flash = abs(float(light[frame] - np.median(light[past])))
        rise = max(float(stir[frame]) - usual, flash / 1.5 if flash > 2 * JOLT_LEAST else 0.0)
        if rise > JOLT_LEAST and stir[frame] > JOLT_RISE * usual + 1:
            candidates.append((rise, float(times[frame])))
    return _apart(candidates, most=max(1, round((end - float(times[first])) / JOLT_EVERY_S)))


def _apart(candidates: list[tuple[float, float]], *, most: int) -> tuple[HitPoint, ...]:
    """Keep the strongest, at most so many, none too near to another."""
    kept: list[tuple[float, float]] = []
    for rise, time in sorted(candidates, reverse=True):
        if len(kept) < most and all(abs(time - other) >= JOLT_APART_S for _, other in kept):
            kept.append((rise, time))
    return tuple(
        HitPoint(time=time, weight=_share(rise / JOLT_FULL), kind="jolt")
        for rise, time in sorted(kept, key=lambda each: each[1])
    )


def _share(value: float | np.floating[NDArray[np.float64]]) -> float:  # type: ignore[type-var]
    return round(float(np.clip(value, 0, 1)), 3)
