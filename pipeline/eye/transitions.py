"""Where one shot becomes the next: hard cuts, dissolves and fades, told apart from flashes, whip pans and light.

PySceneDetect proposes; this second look can see the frames on both sides. It asks of a cut: is the change seen
everywhere (not only where something falls past the camera)? Does it stand alone (a whip pan changes every frame)? Is it
a different picture, even when shifted or lit differently? Does the old picture stay away (after a flash it is back)?
A dissolve is found by its arithmetic: every frame in it is a blend of its two ends, which no moving camera can do.
Differences are measured in luma and colour summed, 0-765 for each cell, beyond what a neighbouring cell can explain.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.cuesheet import Transition
from pipeline.eye.stamps import FLOOR, Bytes, Floats, apart, likeness, spread
from pipeline.eye.watched import Watched

# What makes a cut. Margins: over 132 cuts in real clips and in splices of them with flashes, whip pans, shakes
LEAST_CHANGE = 9.0  # mean difference of a change that can be seen; the faintest real cut has 15
NEAR_S, NEAR_RATIO = 0.13, 1.8  # seconds; times any change so near: whip pans reach 1.5, cuts in fast action have 1.9
FAR_S, FAR_RATIO = 0.4, 2.0  # seconds; times the upper fifth of the changes around: cuts start at 2.2
PROPOSED_EASE = 0.85  # what PySceneDetect has proposed needs this much of both ratios
LEAST_SPREAD = 0.45  # share of cells that change; cuts start at 0.66, a bird that falls past ends at 0.25
SAME_PICTURE = 0.82  # correlation of luma, wherever it has moved to; different pictures stay under 0.80
OTHER_COLOUR = 25.0  # mean difference of Cr and Cb: light and exposure stay under 15, red to blue is 90
BACK_S, BACK_SHARE = 0.3, 0.5  # after a flash the old picture is back so soon, but for this share; cuts keep 0.72

# What makes a dissolve
DISSOLVE_S = (0.25, 0.37, 0.55, 0.8, 1.2, 1.7, 2.4)  # seconds that are tried, each 1.5 times the one before
DISSOLVE_CHANGE = 10.0  # least difference between the two ends
DISSOLVE_SPREAD = 0.5
DISSOLVE_UNEVEN = 0.2  # how far the blend may run from a straight line; a whip pan in a long still window has 0.3-0.5
MEET_S = 0.15  # two dissolves with less than this between them are one
DISSOLVE_DOUBT = 0.34  # sum of the misfits in `_doubt`: most real dissolves stay under 0.2, other things over 0.36

# What makes a fade
BLACK = 20.0  # luma that nine cells in ten stay under; a caption on black passes for black
BLACK_SHARE = 0.25  # and no more than this share of what is usual in the clip, so that night is not taken for black
WHITE = 235.0  # luma that nine cells in ten stay over
BREATH_S = {"black": 3.5, "white": 1.0}  # longer than this, a blank is a scene of its own
RAMP_S = 3.0  # the longest fade to or from blank that is followed
RAMP_RATE = 0.25  # a fade grows by at least this share of itself a second; slower is the light of the shot
PART = 1 / 3  # of the picture's light: less is felt as gone, more as there
HARD_S = 0.1  # a fade shorter than this is a cut
LEAD_S = 0.25  # blanks shorter than this at the start are how encoders begin, and elsewhere are flashes
TAIL_S = 0.5  # blanks shorter than this at the end belong to the last scene
GAP_S = 0.4  # a blank between two hard cuts that lasts longer than this shows both

MIN_SCENE_S = 0.15  # two changes nearer than this are one


@dataclass(frozen=True)
class Change:
    """One change of scene; frames count from 0."""

    frame: int  #: the first frame of the new scene; in the middle of a slow change
    first: int  #: where the change begins
    last: int  #: where it is over
    kind: Transition
    difference: float  #: between the pictures before and after, 0-765


def find_changes(watched: Watched) -> list[Change]:
    """Return the changes of scene in order, at least MIN_SCENE_S apart."""
    blanks = list(_find_blanks(watched))
    taken = [(blank.first, blank.last) for blank in blanks]
    cuts = [cut for cut in _find_cuts(watched) if not _inside(cut.frame, taken)]
    taken += [(cut.frame - 1, cut.frame) for cut in cuts]
    dissolves = _find_dissolves(watched, sorted(taken))
    changes = [change for change in blanks if change.frame > 0] + cuts + dissolves
    return _thin_out(sorted(changes, key=lambda change: change.frame), watched.times)


# --- cuts


def _find_cuts(watched: Watched) -> Iterator[Change]:
    proposed = {p + near for p in watched.proposals for near in (-1, 0, 1)}
    steps = watched.steps
    for frame in range(1, watched.count):
        if steps[frame] < LEAST_CHANGE or steps[frame] < steps[max(1, frame - 2) : frame + 3].max():
            continue
        ease = PROPOSED_EASE if frame in proposed else 1.0
        if _stands_alone(watched, frame, ease) and _is_new_picture(watched, frame):
            yield Change(frame, frame, frame, "cut", float(steps[frame]))


def _stands_alone(watched: Watched, frame: int, ease: float) -> bool:
    step = watched.steps[frame]
    around = [
        np.concatenate([watched.steps[max(1, first) : frame], watched.steps[frame + 1 : last]])
        for first, last in (watched.around(frame, NEAR_S, least=2), watched.around(frame, FAR_S, least=4))
    ]
    nearest = around[0].max(initial=0.0)
    usual = float(np.quantile(around[1], 0.8)) if len(around[1]) else 0.0
    return bool(step >= ease * NEAR_RATIO * (nearest + FLOOR) and step >= ease * FAR_RATIO * (usual + FLOOR))


def _is_new_picture(watched: Watched, frame: int) -> bool:
    """Tell whether the change is everywhere, to another picture, and for good."""
    if spread(watched.apart(frame - 1, frame)) < LEAST_SPREAD:
        return False
    if _is_same_picture(watched.stamps[frame - 1], watched.stamps[frame]):
        return False
    first, last = watched.around(frame, BACK_S, least=1)
    pairs = ((before, after) for before in range(first, frame) for after in range(frame, last))
    return all(watched.far(*pair) >= BACK_SHARE * watched.steps[frame] for pair in pairs)


def _is_same_picture(one: Bytes, other: Bytes) -> bool:
    """Tell whether two stamps show the same thing, moved or lit differently; light hardly changes colours."""
    recoloured = float(cv2.absdiff(one, other)[..., 1:].mean())
    return recoloured < OTHER_COLOUR and likeness(one, other) > SAME_PICTURE


# --- dissolves


def _find_dissolves(watched: Watched, taken: list[tuple[int, int]]) -> list[Change]:
    """Return slow blends in the stretches between what has been found already."""
    found: list[tuple[float, int, int]] = []
    starts = [0] + [last for _, last in taken]
    ends = [first for first, _ in taken] + [watched.count - 1]
    for start, end in zip(starts, ends, strict=True):
        found += _blends(watched, start, end)
    chosen: list[tuple[int, int]] = []
    for _, first, last in sorted(found):
        if not any(first < other_last and other_first < last for other_first, other_last in chosen):
            chosen.append((first, last))
    return [
        Change((first + last + 1) // 2, first, last, "dissolve", watched.far(first, last))
        for first, last in _joined(sorted(chosen), watched.times)
    ]


def _joined(spans: list[tuple[int, int]], times: Floats) -> list[tuple[int, int]]:
    """Make one dissolve of two that meet: one that stops on the way, as through white or through cloud."""
    joined: list[tuple[int, int]] = []
    for first, last in spans:
        if joined and times[first] - times[joined[-1][1]] < MEET_S and times[last] - times[joined[-1][0]] < RAMP_S:
            joined[-1] = joined[-1][0], last
        else:
            joined.append((first, last))
    return joined


def _blends(watched: Watched, start: int, end: int) -> Iterator[tuple[float, int, int]]:
    """Yield (doubt, first, last) for every window between two frames that looks like a dissolve."""
    times = watched.times
    for length in DISSOLVE_S:
        centre = times[start] + length / 2
        while centre + length / 2 <= times[end] + 1e-6:
            first = int(np.searchsorted(times, centre - length / 2 - 1e-6))
            last = min(end, int(np.searchsorted(times, centre + length / 2 - 1e-6)))
            centre += max(length / 10, 0.02)
            if last - first >= 4:
                doubt = _doubt(watched, first, last, start, end)
                if doubt < DISSOLVE_DOUBT:
                    yield doubt, first, last


def _doubt(watched: Watched, first: int, last: int, start: int, end: int) -> float:
    """Add up what speaks against a dissolve from `first` to `last`; infinite where nothing changes.

    The course of the blend is not even; the frames between are no blend; the shots themselves change as fast; or the
    two ends are one picture that moved or was lit differently.
    """
    ends = watched.stamps[[first, last]].astype(np.float32)
    way = (ends[1] - ends[0]).ravel()
    square = float(way @ way)
    if square < len(way) * DISSOLVE_CHANGE**2 / 9:
        return math.inf
    middle = np.unique(np.linspace(first, last, 9).round().astype(int))[1:-1]
    shares = (watched.stamps[middle].reshape(len(middle), -1).astype(np.float32) - ends[0].ravel()) @ way / square
    even = (watched.times[middle] - watched.times[first]) / (watched.times[last] - watched.times[first])
    unevenness = float(np.abs(shares - even).max())
    if unevenness > DISSOLVE_UNEVEN:
        return math.inf
    doubt = 0.3 * unevenness
    cells = watched.apart(first, last)
    change = float(cells.mean())
    if change < DISSOLVE_CHANGE or spread(cells) < DISSOLVE_SPREAD:
        return math.inf
    half = (last - first) // 2 + 1
    outside = watched.far(max(start, first - half), first) + watched.far(last, min(end, last + half))
    doubt += 0.15 * min(1.0, outside / change)
    doubt += 1.2 * max(0.0, likeness(watched.stamps[first], watched.stamps[last], shift=0.03) - 0.4)
    doubt += 0.6 * max(0.0, likeness(watched.stamps[first], watched.stamps[last]) - 0.5)
    if doubt > DISSOLVE_DOUBT:
        return math.inf
    blends = (np.clip(ends[0] + np.clip(k, 0, 1) * (ends[1] - ends[0]), 0, 255).astype(np.uint8) for k in shares)
    misfits = [apart(watched.stamps[i], blend).mean() for i, blend in zip(middle, blends, strict=True)]
    return doubt + 1.5 * float(np.mean(misfits)) / change


# --- fades


@dataclass(frozen=True)
class _Blank:
    """A run of frames without picture, first..last, and the fades that lead into and out of it."""

    first: int
    last: int
    colour: str
    begins: int  #: where the fade into it begins; `first` where it is a cut
    gone: int  #: where that fade has taken most of the picture
    there: int  #: where the fade out of it has brought a part of the next picture
    ends: int  #: where that fade is over; `last` where it is a cut

    @property
    def soft(self) -> tuple[bool, bool]:
        """Whether the picture fades out before it and in after it."""
        return self.begins < self.first, self.ends > self.last


def _find_blanks(watched: Watched) -> Iterator[Change]:
    for blank in _blanks(watched):
        yield from _changes_at(watched, blank)


def _blanks(watched: Watched) -> Iterator[_Blank]:
    luma = watched.stamps[..., 0].reshape(watched.count, -1)
    tenth = luma.shape[1] // 10
    ordered = np.partition(luma, (tenth, luma.shape[1] - 1 - tenth), axis=1)
    floor, ceiling = ordered[:, tenth].astype(np.float64), ordered[:, -1 - tenth].astype(np.float64)
    black = ceiling < min(BLACK, BLACK_SHARE * float(np.quantile(ceiling, 0.75)))
    for colour, blank, level in (("black", black, ceiling), ("white", floor > WHITE, 255.0 - floor)):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], blank, [False]]).astype(int)))
        for first, last in zip(edges[::2].tolist(), (edges[1::2] - 1).tolist(), strict=True):
            whole_out, part_out = _ramp(level[:first][::-1], watched.times[:first][::-1])
            whole_in, part_in = _ramp(level[last + 1 :], watched.times[last + 1 :])
            yield _Blank(first, last, colour, first - whole_out, first - part_out, last + part_in, last + whole_in)


def _ramp(level: Floats, times: Floats) -> tuple[int, int]:
    """Return in how many frames the picture is back after a blank, and a PART of it; 0, 0 where it is a cut."""
    away = np.abs(times - times[0]) if len(times) else times
    peak = level[0] if len(level) else 0.0
    frame = stop = 0
    while frame < len(level) and away[frame] <= RAMP_S:
        if level[frame] > peak:
            peak, stop = level[frame], frame
        ahead = level[frame : int(np.searchsorted(away, away[frame] + 0.2)) + 1].max()
        if ahead < peak * (1 + 0.2 * RAMP_RATE) + 1:
            break
        frame += 1
    if not stop or away[stop] < HARD_S or level[0] > 0.6 * peak:
        return 0, 0
    return stop + 1, int(np.argmax(level > PART * peak)) + 1


def _changes_at(watched: Watched, blank: _Blank) -> Iterator[Change]:
    """Yield what a blank means: nothing, a cut, a fade, or a scene of its own between two of them."""
    times = watched.times
    seconds = times[min(blank.last + 1, watched.count - 1)] - times[blank.first]
    soft_out, soft_in = blank.soft
    before, after = max(0, blank.begins - 1), min(watched.count - 1, blank.ends + 1)
    into = _slow(watched, blank.begins, blank.gone, blank.first) if soft_out else _hard(watched, blank.first)
    out = _slow(watched, blank.last + 1, blank.there, blank.ends) if soft_in else _hard(watched, blank.last + 1)
    starts, stops = blank.first == 0, blank.last == watched.count - 1
    nothing = Change(0, blank.begins, blank.ends, "start", 0.0)
    if starts or stops:
        shown = seconds >= (LEAD_S if starts else TAIL_S) and not (starts and soft_in)
        yield (
            nothing
            if starts and stops
            else (out if starts else into)
            if shown or _is_scene(blank, seconds)
            else nothing
        )
    elif _is_scene(blank, seconds):
        yield from (into, out)
    elif likeness(watched.stamps[before], watched.stamps[after], shift=0.08) > SAME_PICTURE:
        yield nothing
    elif soft_out and soft_in:
        difference = max(into.difference, out.difference)
        yield Change((blank.gone + blank.there) // 2, blank.begins, blank.ends, "fade", difference)
    elif soft_in:
        yield Change(blank.first, blank.first, blank.ends, "cut", into.difference)
    elif not soft_out and seconds > GAP_S:
        yield from (into, out)
    else:
        yield Change(blank.last + 1, blank.begins, blank.last + 1, "cut", watched.far(before, after))


def _is_scene(blank: _Blank, seconds: float) -> bool:
    return seconds > BREATH_S[blank.colour]


def _hard(watched: Watched, frame: int) -> Change:
    frame = min(frame, watched.count - 1)
    return Change(frame, frame, frame, "cut", watched.far(max(0, frame - 1), frame))


def _slow(watched: Watched, first: int, middle: int, last: int) -> Change:
    last = min(last, watched.count - 1)
    return Change(middle, first, last, "fade", watched.far(max(0, first - 1), last))


def _inside(frame: int, spans: list[tuple[int, int]]) -> bool:
    return any(first <= frame <= last + 1 for first, last in spans)


def _thin_out(changes: list[Change], times: Floats) -> list[Change]:
    """Keep the greater of two changes that are too near for a scene between them."""
    kept: list[Change] = []
    for change in changes:
        if times[change.frame] < MIN_SCENE_S or times[-1] - times[change.frame] < MIN_SCENE_S:
            continue
        if kept and times[change.frame] - times[kept[-1].frame] < MIN_SCENE_S:
            kept[-1] = max(kept[-1], change, key=lambda each: each.difference)
        else:
            kept.append(change)
    return kept
