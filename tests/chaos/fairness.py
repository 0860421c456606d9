"""One person's two hundred jobs in front, and somebody else who asks for one."""

from __future__ import annotations

from itertools import pairwise
from statistics import median

from tests.chaos.bar import Bar
from tests.chaos.shop import opened

JOBS = 200
LENGTH_S = 1.0
SLACK_S = 0.5  # for the bell and for writing the job down


async def bars(size: float, *, bare: bool) -> list[Bar]:
    """Measure how long the other person's job waits until it is at work, with a single slot."""
    async with opened() as shop:
        for _ in range(max(20, round(JOBS * size))):
            await shop.order(f"work {LENGTH_S}", person="telegram:1")
        shop.hire(slots=1, bare="turns" if bare else "", most_each=2)
        waits = []
        for n in range(5):
            theirs = await shop.order(f"work {LENGTH_S}", person=f"telegram:{2 + n}")
            row = await shop.until(theirs, "running", *("succeeded", "failed"), within_s=15 * LENGTH_S)
            waits.append((row.started_at or 0) - row.created_at if row else float("inf"))
            if row is None:
                break
        theirs_too = [row for row in await shop.records.jobs_of(person="telegram:1", most=JOBS) if row.started_at]
    starts = sorted(row.started_at for row in theirs_too if row.started_at)
    cycle = median(later - sooner for sooner, later in pairwise(starts)) if len(starts) > 1 else LENGTH_S
    first, *others = waits  # the first one waits for the worker to start as well
    worst = max(others, default=first)
    told = ", ".join(f"{wait:.2f}" for wait in waits)
    said = f"waits of {told} s (the first with the worker's start); {cycle:.2f} s from one job to the next"
    asked = "another person's job waits at most one job's length"
    return [Bar("one person's 200 jobs in front", asked, said, worst <= cycle + SLACK_S)]
