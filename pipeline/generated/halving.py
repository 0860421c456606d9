"""As many stretches of music at once as the device has room for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from pipeline import shelf
from pipeline.errors import OverLimit

W = TypeVar("W")
T = TypeVar("T")

HINT = "Free some memory, choose a smaller model, or let it run on the processor (REELSCORE_DEVICE=cpu)."


def make_all(make: Callable[[Sequence[W]], list[T]], wanted: Sequence[W], *, at_once: int, device: str) -> list[T]:
    """Return what `make` gives for batches of what is wanted, in order, one thing for each.

    A batch that memory does not hold is halved, and so are those after it. Raises OverLimit where one alone is too
    much even when no other model is kept.
    """
    made: list[T] = []
    while len(made) < len(wanted):
        batch = wanted[len(made) : len(made) + at_once]
        if (some := _try(make, batch)) is not None:
            made += some
        elif len(batch) > 1:
            at_once = len(batch) // 2
        elif not shelf.drop_others(device):  # out here, where nothing holds what the failed batch has held
            raise OverLimit("There is too little memory for the music.", hint=HINT)
    return made


def _try(make: Callable[[Sequence[W]], list[T]], batch: Sequence[W]) -> list[T] | None:
    try:
        return make(batch)
    except (MemoryError, RuntimeError) as exc:
        if not shelf.ran_out(exc):
            raise
        return None
