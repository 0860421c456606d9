"""As many at once as memory holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pipeline import shelf
from pipeline.errors import OverLimit

T = TypeVar("T")


def in_batches(total: int, work: Callable[[int, int], T], *, most: int) -> list[T]:
    """Return what `work(first, end)` gives for stretches of 0..total, in order.

    A stretch that memory does not hold is halved, and so are those after it. Raises OverLimit where one is too much.
    """
    made: list[T] = []
    first = 0
    while first < total:
        end = min(total, first + most)
        tried = _try(work, first, end)
        if tried is None:
            most = max(1, (end - first) // 2)
            continue
        made += tried
        first = end
    return made


def _try(work: Callable[[int, int], T], first: int, end: int) -> list[T] | None:
    """Do one stretch; None where memory has run out. What was made until then is forgotten when this returns."""
    try:
        return [work(first, end)]
    except (MemoryError, RuntimeError) as exc:
        if not shelf.ran_out(exc):
            raise
        if end - first == 1 and not shelf.drop_others():
            raise OverLimit(
                "There is too little memory for the model that reads the pictures.",
                hint="Free some of it, choose a smaller model, or let it run on the processor.",
            ) from exc
        return None
