"""Jobs, from the side of who asks for them: ordered, looked at, canceled, answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.caps import Caps
from storage.database import ADMISSION
from storage.errors import Full
from storage.inbox import Inbox
from storage.outbox import NewDelivery, Outbox
from storage.tables import ENDED, IN_FLIGHT, LEASED, DeliveryRow, JobRow

DAY_S = 86_400.0


@dataclass(frozen=True)
class NewJob:
    id: str
    source: str
    queue: str
    person: str
    chat: str
    request: dict[str, Any]
    kind: str = "score"
    parent: str | None = None
    clip_s: float | None = None


@dataclass(frozen=True)
class Waiting:
    """What a fair choice has to know about the jobs of a queue."""

    jobs: tuple[tuple[str, str, float, bool], ...]  #: (id, person, created_at, suspect), oldest first
    in_flight: dict[str, int] = field(default_factory=dict)  #: person -> jobs released, leased or running
    served_at: dict[str, float] = field(
        default_factory=dict
    )  #: person -> when one of theirs was last released or ended


class Orders(Inbox, Outbox):
    async def add_job(
        self,
        job: NewJob,
        delivery: NewDelivery | Sequence[NewDelivery] | None,
        *,
        caps: Caps,
        update: tuple[str, str] | None = None,
    ) -> tuple[JobRow, bool]:
        """Write the job, its delivery or deliveries, and that its update is done, all or nothing; (row, True).

        A job of several takes has one delivery for each: "result", then "take-2", "take-3", ...
        When the source is known already, nothing is written but the update; (the row that is there, False).
        Raises storage.errors.Full, and then nothing is written at all.
        """
        async with self._write() as session:
            if self.is_postgresql:  # one at a time, as SQLite does by itself: otherwise two could pass the same cap
                await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADMISSION})
            if update is not None:
                await self._finish_update(session, *update)
            known = await session.scalar(select(JobRow).where(JobRow.source == job.source))
            if known is not None:
                return known, False
            await self._check(session, job, caps)
            row = self._job_row(job)
            session.add(row)
            await session.flush()
            deliveries = [delivery] if isinstance(delivery, NewDelivery) else delivery or []
            session.add_all(DeliveryRow(**self._delivery_values(one)) for one in deliveries)
            return row, True

    def _job_row(self, job: NewJob) -> JobRow:
        now = self.now()
        return JobRow(**asdict(job), created_at=now, waits_since=now)

    async def _check(self, session: AsyncSession, job: NewJob, caps: Caps) -> None:
        not_ended = JobRow.state.not_in(ENDED)
        today = JobRow.created_at > self.now() - DAY_S
        in_queue = JobRow.state.in_(("waiting", *IN_FLIGHT))  # who asks holds nobody up
        limits: tuple[tuple[str, int, tuple[ColumnElement[bool], ...]], ...] = (
            ("person", caps.person_waiting, (JobRow.person == job.person, not_ended)),
            ("day", caps.person_a_day, (JobRow.person == job.person, today)),
            ("chat", caps.chat_waiting, (JobRow.chat == job.chat, not_ended)),
            ("queue", caps.queue_waiting, (JobRow.queue == job.queue, in_queue)),
        )
        for which, most, conditions in limits:
            there = await session.scalar(select(func.count()).select_from(JobRow).where(*conditions)) or 0
            if there >= most:
                raise Full(which, most)

    async def job(self, job: str) -> JobRow | None:
        async with self._read() as session:
            return await session.get(JobRow, job)

    async def jobs_of(self, *, person: str | None = None, chat: str | None = None, most: int = 20) -> list[JobRow]:
        """Return jobs, newest first."""
        found = select(JobRow)
        if person is not None:
            found = found.where(JobRow.person == person)
        if chat is not None:
            found = found.where(JobRow.chat == chat)
        async with self._read() as session:
            return list(await session.scalars(found.order_by(JobRow.created_at.desc(), JobRow.id).limit(most)))

    async def not_ended(self, *, person: str) -> list[JobRow]:
        """Return a person's jobs that wait, are at work or ask, oldest first."""
        found = select(JobRow).where(JobRow.person == person, JobRow.state.not_in(ENDED))
        async with self._read() as session:
            return list(await session.scalars(found.order_by(JobRow.created_at, JobRow.id)))

    async def ask_cancel(self, job: str, *, outcome: dict[str, Any] | None = None) -> bool:
        """Note that the job shall stop. A job that nobody has at work ends as canceled at once, with that outcome.

        Its open delivery becomes due. Return False when the job has ended already.
        """
        now = self.now()
        async with self._write() as session:
            # Locked: between two looks without a lock the job could pass from one set of states to the other.
            state = await session.scalar(select(JobRow.state).where(JobRow.id == job).with_for_update())
            if state is None or state in ENDED:
                return False
            change = update(JobRow).where(JobRow.id == job)
            change = change.values(cancel_asked_at=func.coalesce(JobRow.cancel_asked_at, now))
            if state not in LEASED:
                change = change.values(state="canceled", outcome=outcome, ended_at=now)
            await session.execute(change)
            if state not in LEASED:
                await self._make_due(session, [job])
            return True

    async def answer(self, job: str, request: dict[str, Any]) -> bool:
        """Put a job that is asking back into the queue with a changed request; its delivery is open again."""
        now = self.now()
        again = (
            update(JobRow)
            .where(JobRow.id == job, JobRow.state == "asking")
            .values(
                state="waiting", request=request, outcome=None, waits_since=now, not_before=0.0, stage="", share=0.0
            )
        )
        async with self._write() as session:
            if await session.scalar(again.returning(JobRow.id)) is None:
                return False
            await session.execute(
                update(DeliveryRow)
                .where(DeliveryRow.job == job, DeliveryRow.state.in_(("open", "due")))
                .values(state="open", shown=None, owner=None, lease_until=None, attempts=0)
            )
            return True

    async def waiting(self, queue: str) -> Waiting:
        """Return the jobs that may be released now, and what is fair to know about their people."""
        mine = JobRow.queue == queue
        jobs = (
            select(JobRow.id, JobRow.person, JobRow.created_at, JobRow.crashes > 0)
            .where(mine, JobRow.state == "waiting", JobRow.not_before <= self.now())
            .order_by(JobRow.created_at, JobRow.id)
        )
        flying = select(JobRow.person, func.count()).where(mine, JobRow.state.in_(IN_FLIGHT)).group_by(JobRow.person)
        async with self._read() as session:
            found = tuple((row[0], row[1], row[2], row[3]) for row in await session.execute(jobs))
            in_flight = {row[0]: row[1] for row in await session.execute(flying)}
            served = (
                select(JobRow.person, func.max(func.coalesce(JobRow.ended_at, JobRow.released_at)))
                .where(mine, JobRow.person.in_({row[1] for row in found}), JobRow.released_at.is_not(None))
                .group_by(JobRow.person)
            )
            return Waiting(found, in_flight, {row[0]: row[1] or 0.0 for row in await session.execute(served)})

    async def running(self, queue: str) -> list[JobRow]:
        """Return the jobs that are released, leased or running, oldest first."""
        flying = select(JobRow).where(JobRow.queue == queue, JobRow.state.in_(IN_FLIGHT))
        async with self._read() as session:
            return list(await session.scalars(flying.order_by(JobRow.released_at, JobRow.id)))

    async def pace(self, queue: str, *, most: int = 50) -> list[tuple[float, float, dict[str, Any]]]:
        """Return (clip seconds, seconds of work, request) of the last jobs that succeeded."""
        done = (
            select(JobRow.clip_s, JobRow.work_s, JobRow.request)
            .where(
                JobRow.queue == queue,
                JobRow.state == "succeeded",
                JobRow.clip_s.is_not(None),
                JobRow.work_s.is_not(None),
            )
            .order_by(JobRow.ended_at.desc())
            .limit(most)
        )
        async with self._read() as session:
            return [(clip_s or 0.0, work_s or 0.0, request) for clip_s, work_s, request in await session.execute(done)]
