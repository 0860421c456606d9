"""What a film may cost and has cost: reserved before each call, so that a cap holds whoever spends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import Cancelled, OverLimit, Unavailable, UserError

CENT = 0.01
SLACK_USD = 1e-9  # float sums: twenty times five cents are a dollar


class PaidFor(Unavailable):
    """It was made, or begun, and is paid for, but it is not here: the money is not given back."""


class Purse:
    """One film's money, in US dollars; threads may share it."""

    def __init__(self, most_usd: float, *, spent_usd: float = 0.0) -> None:
        self._most_usd = most_usd
        self._spent_usd = spent_usd
        self._open_usd = 0.0  # of it, what may come back yet
        self._changed = threading.Condition()

    @property
    def spent_usd(self) -> float:
        with self._changed:
            return max(0.0, self._spent_usd)

    @contextmanager
    def lend(self, usd: float, what: str) -> Iterator[None]:
        """Reserve for one call, whose money may come back until it is over; raises OverLimit.

        Who needs what others may yet give back waits for them, so that it does not hang on who is first.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._has(usd) or not self._has(usd - self._open_usd))
            self._take(usd, what)
            self._open_usd += usd
        try:
            yield
        finally:
            with self._changed:
                self._open_usd -= usd
                self._changed.notify_all()

    def reserve(self, usd: float, what: str) -> None:
        """Take so much out before it is spent; raises OverLimit when it is not there."""
        with self._changed:
            self._take(usd, what)

    def _has(self, usd: float) -> bool:
        return usd <= self._most_usd - self._spent_usd + SLACK_USD

    def _take(self, usd: float, what: str) -> None:
        most, left = self._most_usd, self._most_usd - self._spent_usd
        if not self._has(usd):
            raise OverLimit(
                f"{what} costs {dollars(usd)}, and {dollars(max(0.0, left))} of {dollars(most)} are left.",
                hint="Raise what one film may cost, or choose the built-in engine.",
            )
        self._spent_usd += usd

    def give_back(self, usd: float) -> None:
        """Put back what was not spent after all."""
        with self._changed:
            self._spent_usd -= usd

    def count(self, usd: float) -> None:
        """Take out what an earlier run has spent already, whether or not it is there."""
        with self._changed:
            self._spent_usd += usd


def dollars(usd: float) -> str:
    """Return an amount as people write it: cents where there are any, more digits only under a cent."""
    return f"${usd:.2f}" if usd >= CENT or not usd else f"${usd:.3f}"


@contextmanager
def paid_for() -> Iterator[None]:
    """Turn whatever goes wrong with something that was made and paid for into PaidFor."""
    try:
        yield
    except (Cancelled, PaidFor):
        raise
    except UserError as exc:
        raise PaidFor(exc.sentence, hint=exc.hint) from exc
