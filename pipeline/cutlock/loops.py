"""Sound that is too short for its cue goes back to a bar line and on from there, as often as it takes."""

from __future__ import annotations

import numpy as np

from pipeline.cutlock.landmarks import Landmarks
from pipeline.cutlock.seams import cross
from pipeline.music import RATE, Audio

SEAM_S = 0.025  # before the bar line, over which the end of one round goes over into the next
SOFT_SEAM_S = 1.0  # the same where there is no beat to go by
LEAST_S = 1.0  # of sound in a round: less is a stutter
CLOSING_S = 3.0  # of sound before its end that is kept for the end: it may be one
MOST_ROUNDS = 1000


def lengthen(sound: Audio, marks: Landmarks, seconds: float) -> Audio:
    """Return at least so many seconds of (n, 2), going back to a bar line where there are bars.

    The sound's own beginning and end stay its beginning and end. Sound without anything in it is lengthened by silence.
    """
    first, last = (round(time * RATE) for time in marks.audible)
    audible, wanted = sound[first:last], round(seconds * RATE)
    if len(audible) >= wanted:
        return audible
    if not len(audible):
        return np.zeros((wanted, 2), np.float32)
    back, on = _bars(marks) or _anywhere(len(audible))
    seam = min(round((SEAM_S if len(marks.downbeats) else SOFT_SEAM_S) * RATE), (on - back) // 2, back)
    rounds = min(MOST_ROUNDS, -(-(wanted - len(audible)) // (on - back)))
    turned = audible[back - seam : on].copy()
    turned[len(turned) - seam :] = cross(audible[on - seam : on], audible[back - seam : back])
    again = turned[seam:]
    return np.concatenate([audible[:back], *[again] * rounds, audible[back:]])


def _bars(marks: Landmarks) -> tuple[int, int] | None:
    """Return samples of the audible sound: a bar line to go back to, and the one before which to do so."""
    lines = marks.downbeats - marks.audible[0]
    lines = lines[lines >= SEAM_S]
    length = marks.audible[1] - marks.audible[0]
    late = lines[lines <= length - min(CLOSING_S, length / 3)]
    if len(late) < 2 or late[-1] - late[0] < LEAST_S:
        return None
    early = late[:-1][late[-1] - late[:-1] >= LEAST_S]
    back = early[(np.arange(len(late) - len(early), len(late))[::-1] % 4 == 0)] if len(early) > 4 else early
    chosen = float(back[0] if len(back) else early[0])
    return round(chosen * RATE), round(float(late[-1]) * RATE)


def _anywhere(samples: int) -> tuple[int, int]:
    """Return where to go back to, and from where, in sound without bars."""
    return samples // 4, max(samples // 4 + 1, samples - samples // 8)
