"""Several things made side by side, each in a thread of its own, so that a vendor's minutes add up to one.

Only the thread that asked for them speaks to whoever listens; what that raises stops all the others, and is raised when
they have ended.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import TypeVar

from pipeline.errors import Cancelled

Check = Callable[[], None]
Name = TypeVar("Name", bound=Hashable)
Made = TypeVar("Made")

LOOK_S = 0.2  # between two reports while things are being made: how long a cancellation goes unheard


def make_abreast(
    names: Sequence[Name], make: Callable[[Name, Check], Made], *, at_once: int, told: Callable[[int], None]
) -> dict[Name, Made]:
    """Make all of them, `at_once` at a time; `told` hears again and again how many are done, in this thread alone."""
    stop = threading.Event()

    def check() -> None:
        if stop.is_set():
            raise Cancelled("Cancelled.")

    told(0)
    pool = ThreadPoolExecutor(max(1, at_once), thread_name_prefix="abreast")
    try:
        futures = {name: pool.submit(make, name, check) for name in names}
        left = set(futures.values())
        while left:
            done, left = wait(left, LOOK_S, FIRST_COMPLETED)
            told(len(futures) - len(left))
            for future in done:
                future.result()
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
    return {name: future.result() for name, future in futures.items()}
