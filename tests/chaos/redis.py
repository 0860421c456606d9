"""Redis killed after jobs were acknowledged."""

from __future__ import annotations

import asyncio
import random

from tests.chaos.bar import Bar
from tests.chaos.shop import opened, outcome

JOBS = 200
KILLS = 5


async def bars(size: float, *, bare: bool) -> list[Bar]:
    """Acknowledge jobs, kill Redis at random moments while they are done, and count those that were never done.

    Redis forgets everything each time: it keeps no file here, which is worse than what `reelscore run` starts.
    """
    jobs, kills = max(10, round(JOBS * size)), max(1, round(KILLS * size))
    chance = random.Random(7)
    async with opened(appends=False) as shop:
        shop.hire(slots=8, bare="reconciler" if bare else "")
        ordered = [await shop.order("work 0.2", person=f"telegram:{n % 20}") for n in range(jobs)]
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(0.3, 1.5))
            shop.redis.kill()
            await asyncio.sleep(chance.uniform(0.0, 0.5))
            shop.redis.start()
        rows = await shop.all_ended(ordered, within_s=30 if bare else 120)
        lost = sum(outcome(row) is None for row in rows)
    said = f"{lost} lost in {jobs}, Redis killed {kills} times without a file"
    return [Bar("Redis killed after jobs were acknowledged", "0 lost in 200", said, lost == 0)]
