"""Who releases the waiting jobs, fairly and only into free slots, and ends those that nobody else will end.

Every worker process runs one dispatcher for each of its queues; a lease in the records lets one of them act at a time.
All it does is in the records: killed at any line, the next one goes on from there. Nothing waits or dies in silence.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

import structlog

from jobs import endings, metrics
from jobs.fair import MOST_EACH, next_up
from jobs.job import OUTCOME, Outcome, Queue, State
from jobs.queue import Bell
from storage.blobs import Blobs
from storage.errors import StoreError
from storage.records import Records
from storage.tables import JobRow

log = structlog.get_logger()

MOST_CRASHES = 2  # of one job; the second time it ran alone, so it was nobody else's doing
HOLD_S = 5.0  # how long the others wait for a dispatcher that is gone
ROUND_S = 1.0  # between two looks when nobody rings
RING_AGAIN_S = 5.0  # a released job that no worker has taken by then: Redis has forgotten its bell
DAY_S = 24 * 3600.0
SWEEP_S = 3600.0


class Dispatcher:
    """The dispatcher of one queue: `run` it beside the worker, `round` is one look."""

    def __init__(
        self,
        records: Records,
        blobs: Blobs,
        bell: Bell,
        queue: Queue,
        *,
        owner: str,
        most_each: int = MOST_EACH,
        waiting_s: float = DAY_S,
        asking_s: float = DAY_S,
        kept_s: float = 30 * DAY_S,
        ring_again_s: float = RING_AGAIN_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`most_each`: jobs at work for one person. `kept_s`: how long ended jobs and their files are kept."""
        self.records, self.blobs, self.bell, self.queue, self.owner = records, blobs, bell, queue, owner
        self.most_each = most_each
        self.waiting_s, self.asking_s, self.kept_s = waiting_s, asking_s, kept_s
        self.ring_again_s = ring_again_s
        self.clock = clock
        self._swept_at = float("-inf")

    async def run(self) -> None:
        """Look round until cancelled: when somebody wakes us, and every second anyhow."""
        try:
            await self._look()
        finally:  # the next one need not wait for our lease to lapse
            with contextlib.suppress(StoreError):
                await asyncio.shield(self.records.hold(f"dispatcher:{self.queue}", self.owner, seconds=0))

    async def _look(self) -> None:
        while True:
            try:
                acting = await self.records.hold(f"dispatcher:{self.queue}", self.owner, seconds=HOLD_S)
                if acting:
                    await self.round()
            except StoreError as error:
                log.warning("the store is away", queue=self.queue, error=str(error))
                acting = False
            except Exception:
                # One row that breaks a round must not end all rounds; it is shown and the next look comes anyhow.
                log.exception("a look round broke", queue=self.queue)
                acting = False
            if acting:
                await self.bell.woken(self.queue, ROUND_S)
            else:  # only who acts listens, or the wrong one would be woken
                await asyncio.sleep(ROUND_S)

    async def round(self) -> None:
        """Look round once: reap, expire, release, ring again what Redis forgot, and sweep once an hour."""
        await self._reap()
        await self._expire()
        await self._release()
        await self._ring_again()
        if self.clock() - self._swept_at >= SWEEP_S:
            self._swept_at = self.clock()
            if await self.records.hold("sweep", f"{self.owner}:{self.queue}", seconds=SWEEP_S):
                await self._sweep()

    async def _reap(self) -> None:
        """Take jobs from workers that are gone; only a job whose child was at work is held to have crashed."""
        for row in await self.records.lapsed():
            crashed = row.state == "running"
            log.warning("a worker is gone", job=row.id, state=row.state, owner=row.owner, crashes=row.crashes + crashed)
            if row.cancel_asked_at is not None:
                await self._end(row, "canceled", endings.CANCELED)
            elif crashed and row.crashes + 1 >= MOST_CRASHES:
                await self._end(row, "failed", endings.CRASHED)
            elif not await self.records.again(row.id, row.attempt, None, crashed=crashed):
                continue  # another dispatcher was faster
            if crashed:
                metrics.CRASHES.labels(row.queue).inc()

    async def _expire(self) -> None:
        for row in await self.records.stale(waiting_s=self.waiting_s, asking_s=self.asking_s):
            await self._end(row, "expired", endings.UNANSWERED if row.state == "asking" else endings.EXPIRED)

    async def _end(self, row: JobRow, state: State, outcome: Outcome) -> None:
        written = OUTCOME.dump_python(outcome, mode="json")
        if await self.records.end_unowned(row.id, row.attempt, state=state, outcome=written):
            metrics.JOBS.labels(row.queue, state).inc()
            log.info("ended", job=row.id, state=state, code=outcome.code)
            await self.bell.knock(front_of(row))

    async def _release(self) -> None:
        waiting = await self.records.waiting(self.queue)
        slots = await self.records.slots(self.queue)
        at_work = sum(waiting.in_flight.values())
        metrics.WAITING.labels(self.queue).set(len(waiting.jobs))
        metrics.AT_WORK.labels(self.queue).set(at_work)
        metrics.SLOTS.labels(self.queue).set(slots)
        for job in next_up(waiting, free=max(0, slots - at_work), most_each=self.most_each):
            attempt = await self.records.release(job)
            if attempt is not None:
                log.info("released", job=job, attempt=attempt)
                await self.bell.ring(self.queue, job, attempt)

    async def _ring_again(self) -> None:
        for row in await self.records.unrung(self.queue, older_s=self.ring_again_s):
            await self.bell.ring(self.queue, row.id, row.attempt)

    async def _sweep(self) -> None:
        """Remove what is older than is kept: files first, so that a sweep that breaks off is done again."""
        before = self.clock() - self.kept_s
        while old := await self.records.old_jobs(before=before):
            for job in old:
                await self.blobs.remove(job)
            await self.records.remove_jobs(old)
            log.info("swept", jobs=len(old))
        await self.records.sweep(before=before)


def front_of(row: JobRow) -> str:
    """Return the front end that a job came through: chats are named by it."""
    return row.chat.partition(":")[0]
