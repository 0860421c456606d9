"""What is asked of an engine that generates sound: one order for each stretch of music, and what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.backends import Session

Sound = NDArray[np.float32]  #: shape (samples, channels), one channel or two, at the engine's own rate; full scale 1.0


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
