"""Jobs, from the side of who works on them: leases, fences, and what becomes of a job whose worker is gone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Update, and_, case, delete, func, or_, select, update

from storage.outbox import Outbox
from storage.tables import ENDED, LEASED, JobRow, LeaseRow, WorkerRow

NOBODYS = {"owner": None, "lease_until": None}


class Work(Outbox):
    async def beat(self, worker: WorkerRow) -> None:
        """Say that a worker is alive."""
        values = {"name": worker.name, "queue": worker.queue, "slots": worker.slots, "seen_at": self.now()}
        add = self._insert(WorkerRow).values(values)
        async with self._write() as session:
            await session.execute(
                add.on_conflict_do_update(
                    index_elements=["name", "queue"], set_={"slots": worker.slots, "seen_at": values["seen_at"]}
                )
            )

    async def worker_gone(self, name: str) -> None:
        async with self._write() as session:
            await session.execute(delete(WorkerRow).where(WorkerRow.name == name))

    async def slots(self, queue: str, *, alive_s: float = 20.0) -> int:
        """Return how many jobs the workers that were seen lately can do at once."""
        alive = select(func.sum(WorkerRow.slots)).where(
            WorkerRow.queue == queue, WorkerRow.seen_at >= self.now() - alive_s
        )
        async with self._read() as session:
            return await session.scalar(alive) or 0

    async def hold(self, name: str, owner: str, *, seconds: float) -> bool:
        """Take or renew a lease on a duty; False while another owner has it. No seconds: let go of it."""
        now = self.now()
        values = {"name": name, "owner": owner, "until": now + seconds}
        take = (
            self._insert(LeaseRow)
            .values(values)
            .on_conflict_do_update(
                index_elements=["name"],
                set_={"owner": owner, "until": now + seconds},
                where=or_(LeaseRow.owner == owner, LeaseRow.until <= now),
            )
            .returning(LeaseRow.name)
        )
        async with self._write() as session:
            return await session.scalar(take) is not None

    async def release(self, job: str) -> int | None:
        """Move a waiting job to released under the next attempt; return the attempt, None when it was not waiting."""
        move = (
            update(JobRow)
            .where(JobRow.id == job, JobRow.state == "waiting")
            .values(state="released", attempt=JobRow.attempt + 1, released_at=self.now(), **NOBODYS)
        )
        async with self._write() as session:
            return await session.scalar(move.returning(JobRow.attempt))

    async def unrung(self, queue: str, *, older_s: float) -> list[JobRow]:
        """Return the jobs that were released that long ago and were never taken: Redis has forgotten their bell."""
        return await self._jobs(
            JobRow.queue == queue, JobRow.state == "released", JobRow.released_at <= self.now() - older_s
        )

    async def take(self, job: str, attempt: int, owner: str, *, seconds: float) -> JobRow | None:
        """Lease a released job; None when the attempt is not the job's latest or another worker has it."""
        lease = (
            update(JobRow)
            .where(JobRow.id == job, JobRow.attempt == attempt, JobRow.state == "released")
            .values(state="leased", owner=owner, lease_until=self.now() + seconds)
        )
        async with self._write() as session:
            return await session.scalar(lease.returning(JobRow))

    async def start(self, job: str, attempt: int, owner: str) -> bool:
        """Say that the job's child is at work from now on: its death counts as a crash of this job."""
        run = _held(job, attempt, owner).values(state="running", started_at=self.now())
        async with self._write() as session:
            return await session.scalar(run.returning(JobRow.id)) is not None

    async def renew(
        self,
        job: str,
        attempt: int,
        owner: str,
        *,
        seconds: float,
        stage: str,
        share: float,
        clip_s: float | None = None,
    ) -> bool | None:
        """Keep the lease and note the progress. True: go on; False: cancel was asked for; None: the lease is lost."""
        keep = _held(job, attempt, owner).values(lease_until=self.now() + seconds, stage=stage, share=share)
        if clip_s is not None:
            keep = keep.values(clip_s=clip_s)
        async with self._write() as session:
            kept = (await session.execute(keep.returning(JobRow.cancel_asked_at))).one_or_none()
        return None if kept is None else kept[0] is None

    async def end(
        self,
        job: str,
        attempt: int,
        owner: str,
        *,
        state: str,
        outcome: dict[str, Any],
        clip_s: float | None = None,
        seconds: float | None = None,
    ) -> bool:
        """Write state and outcome and make the job's deliveries due, all or nothing; False when the lease was lost.

        State "asking" makes the delivery due as well, and the job waits for `answer`; but where its cancel was asked
        for meanwhile it ends as canceled, without an outcome. `seconds` is how long the work took, for `pace`.
        """
        now = self.now()
        finish = _held(job, attempt, owner).values(work_s=seconds, **NOBODYS)
        if clip_s is not None:
            finish = finish.values(clip_s=clip_s)
        if state == "asking":
            finish = finish.values(outcome=outcome, waits_since=now, **_unless_canceled("asking", now))
        else:
            finish = finish.values(state=state, outcome=outcome, ended_at=now)
        return await self._finish(job, finish, due=True)

    async def again(
        self, job: str, attempt: int, owner: str | None, *, crashed: bool, delay_s: float = 0.0, tried: bool = False
    ) -> bool:
        """Put a job back into the queue: after a crash, a drain, or something that is worth another try.

        Without an owner it is for jobs that no worker has: released, or with a lease that has run out. A job whose
        cancel was asked for ends as canceled instead, without an outcome. False when the job is not in that hand.
        """
        now = self.now()
        if owner is not None:
            held = _held(job, attempt, owner)
        else:
            let_go = or_(JobRow.state == "released", and_(JobRow.state.in_(LEASED), JobRow.lease_until <= now))
            held = update(JobRow).where(JobRow.id == job, JobRow.attempt == attempt, let_go)
        back = held.values(
            crashes=JobRow.crashes + int(crashed),
            tries=JobRow.tries + int(tried),
            not_before=now + delay_s if delay_s else 0.0,
            stage="",
            share=0.0,
            **_unless_canceled("waiting", now),
            **NOBODYS,
        )
        return await self._finish(job, back, due=False)

    async def lapsed(self) -> list[JobRow]:
        """Return the jobs whose lease has run out: their worker is gone. (`state` says whether a child was at work.)"""
        return await self._jobs(JobRow.state.in_(LEASED), JobRow.lease_until <= self.now())

    async def end_unowned(self, job: str, attempt: int, *, state: str, outcome: dict[str, Any]) -> bool:
        """As `end`, for a job that no worker has: expired, crashed too often."""
        now = self.now()
        let_go = or_(JobRow.state.not_in((*ENDED, *LEASED)), and_(JobRow.state.in_(LEASED), JobRow.lease_until <= now))
        finish = (
            update(JobRow)
            .where(JobRow.id == job, JobRow.attempt == attempt, let_go)
            .values(state=state, outcome=outcome, ended_at=now, **NOBODYS)
        )
        return await self._finish(job, finish, due=True)

    async def stale(self, *, waiting_s: float, asking_s: float) -> list[JobRow]:
        """Return jobs that have waited for a worker, or for an answer, longer than that."""
        now = self.now()
        return await self._jobs(
            or_(
                and_(JobRow.state.in_(("waiting", "released")), JobRow.waits_since <= now - waiting_s),
                and_(JobRow.state == "asking", JobRow.waits_since <= now - asking_s),
            )
        )

    async def _finish(self, job: str, change: Update, *, due: bool) -> bool:
        async with self._write() as session:
            state = await session.scalar(change.returning(JobRow.state))
            if state is None:
                return False
            if due or state in ENDED:
                await self._make_due(session, [job])
            return True

    async def _jobs(self, *conditions: ColumnElement[bool]) -> list[JobRow]:
        async with self._read() as session:
            found = select(JobRow).where(*conditions).order_by(JobRow.created_at, JobRow.id)
            return list(await session.scalars(found))


def _held(job: str, attempt: int, owner: str) -> Update:
    return update(JobRow).where(
        JobRow.id == job, JobRow.attempt == attempt, JobRow.owner == owner, JobRow.state.in_(LEASED)
    )


def _unless_canceled(state: str, now: float) -> dict[str, Any]:
    asked = JobRow.cancel_asked_at.is_not(None)
    return {
        "state": case((asked, "canceled"), else_=state),
        "ended_at": case((asked, now)),
    }
