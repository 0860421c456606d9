"""What a film may cost and has cost: reserved before each call, so that a cap holds whoever spends."""

from __future__ import annotations


class Purse:
    """One film's money, in US dollars; threads may share it."""

    def __init__(self, most_usd: float, *, spent_usd: float = 0.0) -> None:
        raise NotImplementedError

    @property
    def spent_usd(self) -> float:
        raise NotImplementedError

    def reserve(self, usd: float, what: str) -> None:
        """Take so much out before it is spent; raises OverLimit when it is not there."""
        raise NotImplementedError

    def give_back(self, usd: float) -> None:
        """Put back what was not spent after all."""
        raise NotImplementedError
