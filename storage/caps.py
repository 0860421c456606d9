"""How much is taken in; settings read it without the weight of the records."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caps:
    """How much may wait, be at work, and be asked for in a day; refused with storage.errors.Full above it."""

    queue_waiting: int = 500
    person_waiting: int = 20
    chat_waiting: int = 50
    person_a_day: int = 200
