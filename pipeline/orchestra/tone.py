"""A written note, before anybody has played it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tone:
    beat: float  #: quarter notes from the cue's start
    beats: float  #: written length
    pitch: int
    force: float = 0.0  #: velocity on top of what metre and mood give
    exact: bool = False  #: a hit: nobody may waver
    gate: float | None = None  #: share of the written length that sounds; None: the cue's own

    @property
    def end(self) -> float:
        return self.beat + self.beats
