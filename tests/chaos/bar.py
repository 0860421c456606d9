"""A bar: what was asked, what was measured, whether it is met."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """One line of the table that `make chaos` prints."""

    name: str  #: "a worker killed at 20 points of a job"
    asked: str  #: "0 lost, restarted within 30 s, no take made twice"
    measured: str  #: the figures, in the same order
    met: bool
