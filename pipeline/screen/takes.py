"""Takes: the storyboard's shots in frames. Frame n shows the time n / rate; a cut lies on the frame nearest to it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from pipeline.storyboard import Shot


@dataclass(frozen=True)
class Take:
    """A shot in frames."""

    shot: Shot
    cut: int  #: the frame with which it begins
    until: int  #: the frame with which the next one begins
    lead: int = 0  #: frames before its cut, and after it, that its transition takes
    tail: int = 0  #: the same of the next one's transition

    @property
    def first(self) -> int:
        """The first frame in which anything of it is seen."""
        return self.cut - self.lead

    @property
    def last(self) -> int:
        """The frame after the last in which anything of it is seen."""
        return self.until + self.tail

    def share(self, frame: int) -> float:
        """Return how much of the time in which it is seen has gone, 0-1."""
        return (frame - self.first) / max(1, self.last - 1 - self.first)


def frame_of(time: float, rate: int) -> int:
    """Return the frame that is nearest to a time; frame n shows the time n / rate."""
    return int(time * rate + 0.5)


def count_frames(seconds: float, rate: int) -> int:
    """Return how many frames come nearest to a length; one at least."""
    return max(1, frame_of(seconds, rate))


def find_takes(shots: tuple[Shot, ...], *, rate: int, frames: int) -> tuple[Take, ...]:
    """Return what is shown from which frame to which; a shot shorter than half a frame may have none.

    A transition takes at most half of either shot, so that no two of them meet.
    """
    cuts = [0, *(min(frames, frame_of(shot.start, rate)) for shot in shots[1:]), frames]
    kept = [(shot, cut, until) for shot, (cut, until) in zip(shots, pairwise(cuts), strict=True) if cut < until]
    leads = [0]
    for (_, cut, until), (after, begins, ends) in pairwise(kept):
        wanted = 0 if after.transition == "cut" else round(after.transition_s * rate / 2)
        assert begins == until
        leads.append(min(wanted, (until - cut) // 2, (ends - begins) // 2))
    tails = [*leads[1:], 0]
    return tuple(
        Take(shot, cut, until, lead, tail) for (shot, cut, until), lead, tail in zip(kept, leads, tails, strict=True)
    )
