"""Models in memory: loaded once, kept for the next use, put away when another one needs the room.

    with shelf.borrow(("musicgen", folder, device), load, bytes=weights.memory_bytes, device=device) as model:
        ...

A model has one borrower at a time; the others wait. Threads may share the shelf; a process has one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from pipeline.backends import Vendors

T = TypeVar("T")


@contextmanager
def borrow(key: tuple[object, ...], load: Callable[[], T], *, bytes: int, device: str) -> Iterator[T]:  # noqa: A002
    """Lend the model of that key, loaded where it is not there yet; `bytes` is what it takes while it works, about.

    Raises what `load` raises, and OverLimit where there is no room for it even when everything else is put away.
    """
    yield load()


def drop_others() -> int:
    """Put away every model that nobody has borrowed, and return how many: for who ran out of memory at work."""
    return 0


def device(vendors: Vendors) -> str:
    """Return the device that models run on: the one that was chosen, else the best one here. Imports torch."""
    return "cpu"


def dtype(device: str) -> Any:
    """Return the torch type that weights are loaded in: half precision on a GPU, float32 on a processor."""
    import torch

    return torch.float32 if device == "cpu" else torch.float16
