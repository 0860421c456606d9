"""One person's two hundred jobs in front, and somebody else who asks for one."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from storage.tables import JobRow
from tests.chaos.bar import Bar
from tests.chaos.shop import Shop, opened

JOBS = 200
OTHERS = 5
LENGTH_S = 1.0
SLACK_S = 0.5  # for the bell and for writing the job down


@dataclass(frozen=True)
class Waits:
    """How the others fared behind one person's many jobs."""

    seconds: list[float]  #: from asking until at work
    passed_by: list[int]  #: jobs that were begun meanwhile
    cycle_s: float  #: from the beginning of one job to that of the next


async def bars(size: float, *, bare: bool) -> list[Bar]:
    """Measure how long another person's job waits until it is at work, with a single slot."""
    found = await waits(size, bare=bare)
    worst = max(found.seconds[1:], default=found.seconds[0])  # the first one waits for the worker to start as well
    told = ", ".join(f"{wait:.2f}" for wait in found.seconds)
    said = f"waits of {told} s (the first with the worker's start); {found.cycle_s:.2f} s from one job to the next"
    asked = "another person's job waits at most one job's length"
    return [Bar("one person's 200 jobs in front", asked, said, worst <= found.cycle_s + SLACK_S)]


async def waits(size: float, *, bare: bool) -> Waits:
    """Let five others ask for one job each, one after the other, each while one of the many is at work."""
    async with opened() as shop:
        for _ in range(max(20, round(JOBS * size))):
            await shop.order(f"work {LENGTH_S}", person="telegram:1")
        shop.hire(slots=1, bare="turns" if bare else "", most_each=2)
        theirs: list[JobRow] = []
        for n in range(OTHERS):
            await _begun(shop, "telegram:1")
            job = await shop.order(f"work {LENGTH_S}", person=f"telegram:{2 + n}")
            await shop.until(job, "running", "failed", within_s=15 * LENGTH_S)
            theirs.append(await shop.row(job))
            if theirs[-1].started_at is None:
                break
        crowd = await shop.records.jobs_of(person="telegram:1", most=JOBS)
    starts = sorted(row.started_at for row in [*crowd, *theirs] if row.started_at)
    ends = [row.started_at or float("inf") for row in theirs]
    return Waits(
        [end - row.created_at for row, end in zip(theirs, ends, strict=True)],
        [sum(row.created_at < start < end for start in starts) for row, end in zip(theirs, ends, strict=True)],
        median(later - sooner for sooner, later in pairwise(starts)) if len(starts) > 1 else LENGTH_S,
    )


async def _begun(shop: Shop, person: str) -> None:
    """Wait until a job of that person's is at work."""
    until = time.monotonic() + 30 * LENGTH_S
    while time.monotonic() < until:
        if any(row.person == person and row.state == "running" for row in await shop.records.running("cpu")):
            return
        await asyncio.sleep(0.02)
