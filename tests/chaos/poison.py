"""A job that kills its worker, beside nine that do nothing wrong."""

from __future__ import annotations

import asyncio
import time

from tests.chaos.bar import Bar
from tests.chaos.shop import opened, outcome

INNOCENTS = 9


async def bars(size: float, *, bare: bool) -> list[Bar]:
    """Start all ten side by side in one worker, and start the worker again whenever it is killed."""
    deaths = 0
    without = "quarantine" if bare else ""
    async with opened() as shop:
        crasher = await shop.order("kill", person="telegram:666")
        innocents = [await shop.order("work 3", person=f"telegram:{n}") for n in range(INNOCENTS)]
        shop.hire(slots=10, bare=without)
        until = time.monotonic() + (60 if bare else 150)
        while time.monotonic() < until:
            if shop.dead():
                deaths += 1
                shop.hire(slots=10, bare=without)
            rows = [await shop.row(job) for job in (crasher, *innocents)]
            if all(row.outcome for row in rows):
                break
            await asyncio.sleep(0.2)
        rows = [await shop.row(job) for job in innocents]
        done = sum((ended := outcome(row)) is not None and ended.code == "done" for row in rows)
        end = outcome(await shop.row(crasher))
    said = (
        f"{done} of {INNOCENTS} innocents done, {deaths} deaths of the worker, the crasher was told: {end and end.code}"
    )
    met = done == INNOCENTS and deaths <= 2 and end is not None and end.code != "done"
    return [Bar("a job that kills its worker beside 9 innocents", "9 of 9 innocents done", said, met)]
