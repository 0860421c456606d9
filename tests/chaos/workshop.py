"""A worker with its dispatcher, as a program that can be killed: `python -m tests.chaos.workshop FOLDER REDIS SLOTS`.

`--fake` gives it children that do what their request says (see tests/chaos/shop.py) instead of scoring clips; `--bare`
takes out one thing that protects.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from jobs import dispatcher, worker
from jobs.children import PERFORMANCE
from jobs.dispatcher import Dispatcher
from jobs.queue import Bell
from jobs.worker import Worker
from storage.blobs import Blobs
from storage.records import Records
from tests.chaos.shop import FAKE

MANY = 1_000_000


async def _nothing(self: object) -> None:
    return None


@contextlib.asynccontextmanager
async def _entered_by_all(self: object, *, alone: bool) -> AsyncIterator[None]:
    yield


def _first_come(waiting: Any, *, free: int, most_each: int) -> list[str]:
    return [job for job, *_ in waiting.jobs[:free]]


def take_out(what: str) -> None:
    """Take out one thing that protects."""
    if what == "reaper":
        Dispatcher._reap = _nothing  # type: ignore[method-assign]
    elif what == "quarantine":
        dispatcher.MOST_CRASHES = worker.MOST_CRASHES = MANY
        worker._Room.entered = _entered_by_all  # type: ignore[method-assign,assignment]
    elif what == "reconciler":
        Dispatcher._ring_again = _nothing  # type: ignore[method-assign]
    elif what == "turns":
        dispatcher.next_up = _first_come
    elif what != "":
        raise ValueError(what)


async def work(folder: Path, redis: str, slots: int, *, fake: bool, most_each: int) -> None:
    """Work until killed."""
    records = await Records.open(f"sqlite:///{folder / 'records.db'}")
    bell, blobs = Bell(redis), Blobs(str(folder / "blobs"))
    child = FAKE if fake else PERFORMANCE
    one = Worker(records, blobs, bell, queues=["cpu"], slots=slots, folder=folder / "jobs", child=child)
    rounds = Dispatcher(records, blobs, bell, "cpu", owner=one.name, most_each=most_each)
    await asyncio.gather(one.run(), rounds.run())


def main() -> None:
    said = argparse.ArgumentParser()
    said.add_argument("folder", type=Path)
    said.add_argument("redis")
    said.add_argument("slots", type=int)
    said.add_argument("--fake", action="store_true")
    said.add_argument("--bare", default="")
    said.add_argument("--most-each", type=int, default=MANY)
    asked = said.parse_args()
    take_out(asked.bare)
    asyncio.run(work(asked.folder, asked.redis, asked.slots, fake=asked.fake, most_each=asked.most_each))


if __name__ == "__main__":
    main()
