"""What a film may cost and has cost: reserved before each call, so that a cap holds whoever spends.

A purse with a book writes down what it takes before it is spent. Who opens the same book again, after a crash or for
the next step of the job, goes on from its sum.
"""

from __future__ import annotations

import json
import math
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import Cancelled, OverLimit, Unavailable, UserError

CENT = 0.01
SLACK_USD = 1e-9  # float sums: twenty times five cents are a dollar


class PaidFor(Unavailable):
    """It was made, or begun, and is paid for, but it is not here: the money is not given back."""


@dataclass(frozen=True)
class Entry:
    """One line of a book."""

    what: str
    usd: float  #: what was taken out; negative: put back
    at: str  #: ISO 8601, UTC


class Purse:
    """One film's money, in US dollars; threads may share it."""

    def __init__(self, most_usd: float, *, spent_usd: float = 0.0, book: Path | None = None) -> None:
        """`book` is a file of the job's; what it says was spent counts."""
        self._most_usd = most_usd
        self._book = book
        self._entries = read_book(book) if book else []
        self._spent_usd = spent_usd + max(0.0, sum(entry.usd for entry in self._entries))
        self._open_usd = 0.0  # of it, what may come back yet
        self._changed = threading.Condition()

    @property
    def spent_usd(self) -> float:
        with self._changed:
            return max(0.0, self._spent_usd)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What was taken and put back, in order; with a book, in earlier runs too."""
        with self._changed:
            return tuple(self._entries)

    @property
    def has_book(self) -> bool:
        return self._book is not None

    @contextmanager
    def lend(self, usd: float, what: str, *, taken: bool = False) -> Iterator[None]:
        """Reserve for one call, whose money may come back until it is over; raises OverLimit.

        Who needs what others may yet give back waits for them, so that it does not hang on who is first. `taken`: the
        book has it from an earlier run that was killed in the midst of the same call.
        """
        with self._changed:
            if not taken:
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
        if not self._enter(usd, what):
            raise Unavailable(
                "What it costs cannot be written down, so nothing is bought.", hint="Make room on the disk."
            )

    def give_back(self, usd: float, what: str = "") -> None:
        """Put back what was not spent after all; where that cannot be written down, it counts as spent."""
        with self._changed:
            self._enter(-usd, what)

    def settle(self, reserved_usd: float, cost_usd: float, what: str) -> None:
        """Book what a call has cost in place of what was reserved for it, even where that is more."""
        if cost_usd > reserved_usd:
            self.count(cost_usd - reserved_usd, what)
        else:
            self.give_back(reserved_usd - cost_usd, what)

    def count(self, usd: float, what: str = "") -> None:
        """Take out what an earlier run has spent already, whether or not it is there."""
        with self._changed:
            if not self._enter(usd, what):
                self._spent_usd += usd

    def _enter(self, usd: float, what: str) -> bool:
        """Write it down, on the disk before anything else happens; whether that could be done."""
        if not usd:
            return True
        entry = Entry(what, usd, datetime.now(UTC).isoformat(timespec="seconds"))
        if self._book is not None:
            try:
                _write_down(entry, self._book)
            except OSError:
                return False
        self._entries.append(entry)
        self._spent_usd += usd
        return True


def read_book(book: Path) -> list[Entry]:
    """Return what a book holds, nothing where there is none; a line that was torn off counts as not written."""
    try:
        lines = book.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    return [entry for line in lines if (entry := _read(line))]


def _read(line: bytes) -> Entry | None:
    try:
        said = json.loads(line)
        entry = Entry(str(said["what"]), float(said["usd"]), str(said["at"]))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    return entry if math.isfinite(entry.usd) else None


def _write_down(entry: Entry, book: Path) -> None:
    line = json.dumps({"what": entry.what, "usd": entry.usd, "at": entry.at}).encode()
    with book.open("a+b") as file:
        torn = file.seek(0, os.SEEK_END) and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n"
        file.write(b"\n" * bool(torn) + line + b"\n")
        file.flush()
        os.fsync(file.fileno())


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
