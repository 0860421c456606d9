"""What a scene looks like in numbers: movement, light, contrast, colour, camera, and the moments that make one jump.

Everything is taken from the postage stamps of the one pass (pipeline/eye/watched.py).
"""

from __future__ import annotations

import numpy as np

from pipeline.cuesheet import HitPoint, Look
from pipeline.eye.stamps import Floats
from pipeline.eye.watched import LAG_S, Watched

HAND_HELD = 0.13  # picture widths a second that hand-held walking moves the picture; half way on the scale of motion
FULL_CHROMA = 70.0  # distance from grey in Cr, Cb of strongly coloured pictures (a pure red has 127)
FULL_WARMTH = 45.0  # mean Cr - Cb of a picture that is orange all over; a sunset has about 30
LEAST_CHROMA = 14.0  # under it a cell passes for grey
COLOURED = 0.12  # share of cells that must have a colour before one is named

SWEEP = 0.14  # picture widths a second: half of what crosses the picture in 3.5 s; still pictures seem to drift by 0.07
LEAST_TRUST = 0.15  # phase correlation below it has found nothing

FLASH = 30.0  # luma steps of the mean: lightning lifts a night by 40 and more, a muzzle flash by 30
FLASH_OVER_S = 0.7  # a light that stays on for longer is no flash

JOLT_APART_S = 1.0  # seconds between two jolts, and from the entry of the scene
JOLT_EVERY_S = 4.0  # a scene has one jolt in so many seconds, at most: what happens all the time surprises nobody
JOLT_RISE = 2.5  # times the movement of the half second before
NO_PICTURE = 18.0  # luma: a picture that fades in from black is no jolt
JOLT_LEAST = 9.0  # luma steps that a jolt moves the mean cell by, at least
JOLT_ONSET = 0.6  # share of its strength at which a jolt has begun
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
    speed = watched.speed[_settled(watched, first, last) : last + 1]
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
    """Return how the whole picture moves, or "flashing" where its light does; "" where the scene is too short to tell.

    What fills the picture and moves looks the same as a camera that moves, and is not told from it.
    """
    seconds = float(watched.times[last] - watched.times[first])
    if last - first < 4 or seconds < 0.3:
        return ""
    if find_flashes(watched, first, last):
        return "flashing"
    moved = watched.shifts[first + 1 : last + 1] * (watched.shift_trust[first + 1 : last + 1, None] > LEAST_TRUST)
    way, path = np.abs(moved.sum(axis=0)) / seconds, np.abs(moved).sum(axis=0) / seconds
    main = int(way.argmax())
    if way[main] > SWEEP and way[main] > 0.75 * path[main]:
        return ("sideways", "vertical")[main]
    return "restless" if path.max() > SWEEP and way[main] < 0.5 * path.max() else "steady"


def find_flashes(watched: Watched, first: int, last: int) -> list[float]:
    """Return when, in a dark scene, the light leaps up all over the picture and is gone again at once; seconds."""
    light, times = watched.luma[first : last + 1], watched.times[first : last + 1]
    usual = float(np.median(light))
    if not NO_PICTURE < usual < 90:
        return []
    leaps = np.flatnonzero((light[1:] > usual + FLASH) & (light[:-1] < usual + FLASH / 3)) + 1
    found = []
    for leap in leaps:
        later = light[leap : int(np.searchsorted(times, times[leap] + FLASH_OVER_S)) + 1]
        lit = watched.stamps[first + leap : first + leap + len(later), ..., 0].astype(np.int16).max(axis=0)
        gained = lit - watched.stamps[first + leap - 1, ..., 0].astype(np.int16)
        if later[-1] < usual + FLASH / 2 and float((gained > FLASH / 3).mean()) > 0.8:
            found.append(float(times[leap]))
    return found


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


def _settled(watched: Watched, first: int, last: int) -> int:
    """Return the frame from which movement is read within the scene alone, not across its entry."""
    frame = int(np.searchsorted(watched.times, watched.times[first] + LAG_S)) if first else 0
    return frame if frame <= last else last


def find_jolts(watched: Watched, first: int, last: int, end: float) -> tuple[HitPoint, ...]:
    """Return the few moments in frames first..last at which something strikes, at least JOLT_APART_S apart."""
    times, stir, light = watched.times, watched.stir, watched.luma
    candidates: list[tuple[float, float]] = []
    inner = [f for f in range(first + 1, last + 1) if min(times[f] - times[first], end - times[f]) >= JOLT_APART_S / 2]
    for frame in inner:
        until = max(first + 2, frame - 1)
        since = max(first + 1, int(np.searchsorted(times, times[frame] - 0.5 - LAG_S)))
        past = slice(min(since, until - 1), until)  # after a pause in a variable rate, at least the frame before it
        usual, level = float(np.median(stir[past])), float(np.median(light[past]))
        flash = abs(float(light[frame]) - level) / 1.5
        rise = max(float(stir[frame]) - usual, flash if flash > JOLT_LEAST else 0.0)
        if level >= NO_PICTURE and rise > JOLT_LEAST and stir[frame] > JOLT_RISE * usual + 1:
            candidates.append((rise, float(times[frame])))
    return _apart(candidates, most=max(1, round((end - float(times[first])) / JOLT_EVERY_S)))


def _apart(candidates: list[tuple[float, float]], *, most: int) -> tuple[HitPoint, ...]:
    """Keep the strongest, at most so many, none too near to another, each where it begins."""
    kept: list[tuple[float, float]] = []
    for rise, time in sorted(candidates, reverse=True):
        onset = min(t for r, t in candidates if time - JOLT_APART_S < t <= time and r >= JOLT_ONSET * rise)
        if len(kept) < most and all(abs(onset - other) >= JOLT_APART_S for other, _ in kept):
            kept.append((onset, rise))
    return tuple(HitPoint(time=time, weight=_share(rise / JOLT_FULL), kind="jolt") for time, rise in sorted(kept))


def _share(value: float) -> float:
    return round(float(np.clip(value, 0, 1)), 3)
