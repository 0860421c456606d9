"""The scenes of a clip: where they begin, how they come in, what they look like, and the stills that show them.

    watch(frames)  ->  find_scenes(watched, duration)  ->  key_stills(scenes, stills)

The frames are seen once; nothing is kept between clips.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from pipeline.cuesheet import Scene
from pipeline.eye.looks import find_jolts, measure_look
from pipeline.eye.transitions import Change, find_changes
from pipeline.eye.watched import DETECTORS, Watched, watch

__all__ = ["DETECTORS", "Watched", "find_scenes", "key_stills", "watch"]

STRIKING = 70.0  # difference (0-765) of a cut that strikes at 0.63; the mildest real cuts have 15, the hardest 190
SOFTENED_S = 0.6  # a dissolve or fade of this length strikes half as hard as a cut
SHORTEST_CLIP_S = 1.0  # shorter clips are one scene


class Still(Protocol):
    """What the clip keeps as key frames."""

    @property
    def time(self) -> float: ...
    @property
    def jpeg(self) -> bytes: ...


def find_scenes(watched: Watched, duration: float) -> list[Scene]:
    """Return the scenes, tiling 0..duration (seconds), each with entry, strength, look and jolts."""
    changes = find_changes(watched) if duration >= SHORTEST_CLIP_S else []
    changes = [change for change in changes if watched.times[change.frame] < duration]
    starts = [0.0] + [float(watched.times[change.frame]) for change in changes]
    ends = [*starts[1:], duration]
    lasts = [change.frame - 1 for change in changes] + [len(watched.times) - 1]
    scenes = []
    for index, (start, end, last) in enumerate(zip(starts, ends, lasts, strict=True)):
        entry = changes[index - 1] if index else None
        leave = changes[index] if index < len(changes) else None
        first, clear = _clear(entry, leave, last)
        scenes.append(
            Scene(
                index=index,
                start=start,
                end=end,
                entry=entry.kind if entry else "start",
                strength=_strength(entry, watched) if entry else 0.5,
                look=measure_look(watched, first, clear),
                jolts=find_jolts(watched, first, clear, end),
            )
        )
    return scenes


def _clear(entry: Change | None, leave: Change | None, last: int) -> tuple[int, int]:
    """Return the frames of a scene that show nothing of its neighbours; all of them where none is clear."""
    whole = (entry.frame if entry else 0, last)
    first = entry.last + (entry.kind != "cut") if entry else 0
    until = min(last, leave.first - 1) if leave else last
    return (first, until) if first <= until else whole


def _strength(entry: Change, watched: Watched) -> float:
    """Return how hard an entry strikes the eye: the difference of the pictures, softened when it takes its time."""
    seconds = float(watched.times[entry.last] - watched.times[entry.first]) if entry.kind != "cut" else 0.0
    return round((1 - math.exp(-entry.difference / STRIKING)) / (1 + seconds / SOFTENED_S), 3)


def key_stills(scenes: Sequence[Scene], stills: Sequence[Still]) -> list[list[bytes]]:
    """Return for each scene the stills of its first, middle and last third, in order; at least the nearest one.

    Stills that lie within a tenth of the scene (at most 0.4 s) from its edges may show a neighbour and are left out.
    """
    return [_key_stills(scene, stills) for scene in scenes]


def _key_stills(scene: Scene, stills: Sequence[Still]) -> list[bytes]:
    if not stills:
        return []
    margin = min(0.1 * scene.length, 0.4)
    inside = [still for still in stills if scene.start + margin <= still.time <= scene.end - margin]
    if not inside:
        within = [still for still in stills if scene.start <= still.time < scene.end] or list(stills)
        middle = (scene.start + scene.end) / 2
        return [min(within, key=lambda still: abs(still.time - middle)).jpeg]
    aims = [scene.start + scene.length * third for third in (1 / 6, 1 / 2, 5 / 6)]
    chosen = {min(range(len(inside)), key=lambda i: abs(inside[i].time - aim)) for aim in aims}
    return [inside[i].jpeg for i in sorted(chosen)]
