"""The tune of the score: a few notes as scale degrees and beats, and what a composer does with them.

Degrees count from the tonic, 0 is the tonic, 7 the tonic an octave up: key and mode stay free.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.orchestra.chance import dice

#: rhythms with one memorable gesture each, in quarter notes; five to seven notes, at most two bars of 4/4
RHYTHMS: tuple[tuple[float, ...], ...] = (
    (1, 0.5, 0.5, 2, 3),
    (1.5, 0.5, 1, 1, 3),
    (0.5, 0.5, 1, 2, 1, 2),
    (3, 1, 1.5, 0.5, 1),
    (1, 1, 1.5, 0.5, 3),
    (0.5, 1, 0.5, 2, 3),
    (2, 1.5, 0.5, 1, 2),
    (1, 1, 2, 1, 2),
    (1.5, 0.5, 1.5, 0.5, 3),
    (0.5, 0.5, 0.5, 1.5, 1, 3),
    (1.5, 0.5, 0.5, 0.5, 1, 3),
    (2, 0.5, 0.5, 1, 3),
    (0.5, 0.5, 1, 1, 1, 3),
    (1, 1, 0.5, 0.5, 1, 3),
)
WIDEST = 5  # degrees from lowest to highest note: a sixth, 9 semitones at the most, so that anyone can sing it
TRIES = 400  # dice thrown before the plain tune below is taken; in practice a dozen are enough


@dataclass(frozen=True)
class Motif:
    notes: tuple[tuple[int, float], ...]  #: (scale degree, beats)

    @property
    def beats(self) -> float:
        return sum(beats for _, beats in self.notes)

    @property
    def degrees(self) -> tuple[int, ...]:
        return tuple(degree for degree, _ in self.notes)


def invent(seed: int) -> Motif:
    """Return the motif of a score: steps, one leap that turns back, an open end on the second or the fifth."""
    rng = dice(seed, "motif")
    rhythm = rng.choice(RHYTHMS)
    for _ in range(TRIES):
        leap_at = rng.randrange(1, len(rhythm) - 1)
        leap = rng.choice((3, 4, -3, 3, -4, 5))
        degrees = [rng.choice((0, 2, 4))]
        for place in range(1, len(rhythm)):
            if place == leap_at:
                step = leap
            elif place == leap_at + 1:
                step = -1 if leap > 0 else 1
            else:
                step = rng.choice((-1, 1, -1, 1, 0, 0))
            degrees.append(degrees[-1] + step)
        if _sings(degrees):
            return Motif(tuple(zip(degrees, rhythm, strict=True)))
    return Motif(tuple(zip((0, 1, 4, 3, 2, 1, 1)[: len(rhythm)], rhythm, strict=True)))


def _sings(degrees: Sequence[int]) -> bool:
    steps = [after - before for before, after in itertools.pairwise(degrees)]
    return (
        max(degrees) - min(degrees) <= WIDEST
        and degrees[-1] % 7 in (1, 4)
        and steps.count(0) <= 1
        and steps[-1] != 0
        and not any(a and a == -b and b == -c for a, b, c in zip(steps, steps[1:], steps[2:], strict=False))
    )


def transpose(motif: Motif, degrees: int) -> Motif:
    return Motif(tuple((degree + degrees, beats) for degree, beats in motif.notes))


def invert(motif: Motif) -> Motif:
    """Mirror the tune at its first note: doubt, the other character."""
    axis = motif.notes[0][0]
    return Motif(tuple((2 * axis - degree, beats) for degree, beats in motif.notes))


def stretch(motif: Motif, factor: float) -> Motif:
    """Augment (2: awe, grief) or diminish (0.5: chase, tension)."""
    return Motif(tuple((degree, beats * factor) for degree, beats in motif.notes))


def head(motif: Motif, notes: int = 3) -> Motif:
    """Take the first notes only: the question, the short scene."""
    return Motif(motif.notes[:notes])


def close(motif: Motif) -> Motif:
    """End on the nearest tonic or third instead of hanging open."""
    last, beats = motif.notes[-1]
    goal = min((last + step for step in (-2, -1, 1, 2)), key=lambda d: (d % 7 not in (0, 2), abs(d - last), d))
    return replace(motif, notes=(*motif.notes[:-1], (goal, beats)))


def ornament(motif: Motif) -> Motif:
    """Fill the first long note with a turn to its neighbour; the contour stays."""
    for place, (degree, beats) in enumerate(motif.notes[:-1]):
        if beats >= 1.5:
            toward = 1 if motif.notes[place + 1][0] >= degree else -1
            turn = ((degree, beats - 1), (degree + toward, 0.5), (degree, 0.5))
            return Motif((*motif.notes[:place], *turn, *motif.notes[place + 1 :]))
    return motif
