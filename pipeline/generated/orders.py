"""What is asked of an engine that generates sound: one order for each stretch of music, and what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.backends import Session

Sound = NDArray[np.float32]  #: shape (samples, channels), one channel or two, at the engine's own rate; full scale 1.0


@dataclass(frozen=True, eq=False)
class Melody:
    """Music whose melody is followed: a temp track, or the stretch of one that belongs to an order."""

    sound: Sound = field(repr=False)
    rate: int  #: Hz

    def between(self, start: float, end: float) -> Melody | None:
        """Return its stretch from `start` to `end`, seconds from its first sample; None where it has ended by then.

        Before its first sample it is silent.
        """
        first, last = round(start * self.rate), round(end * self.rate)
        stretch = self.sound[max(0, first) : max(0, last)]
        silence = np.zeros((max(0, -first), self.sound.shape[1]), np.float32)
        return Melody(np.concatenate([silence, stretch]), self.rate) if len(stretch) else None


@dataclass(frozen=True)
class Order:
    """One stretch of music; engines that have fields for tempo, key and meter take them, the others read the prompt."""

    prompt: str
    seconds: float
    seed: int
    tempo: float  #: beats per minute
    key: str  #: "D minor"
    meter: str = "4/4"
    exclude: tuple[str, ...] = ()
    start: float = 0.0  #: when it begins in the film, seconds; below 0 where it begins before
    melody: Melody | None = field(default=None, repr=False, compare=False)  #: for engines that can follow one


class Engine(Protocol):
    """A model that turns orders into sound, on this machine or at a vendor's."""

    name: str  #: with its variant, such as "musicgen:small"
    licence: str
    commercial: bool
    rate: int  #: Hz of what it plays

    def play(self, orders: Sequence[Order], session: Session) -> list[Sound]:
        """Return one sound for each order, at least as long as asked for where the engine can do that.

        The orders are one piece, in its order: engines that can let each begin from what was played before. A seed
        gives the same sound wherever the engine allows. Tells `session.report` the stage "music". Raises Unavailable,
        Refused, OverLimit, Cancelled.
        """
        ...
