"""What is not kept: everything of a person who asks for it, old jobs, updates that are done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Text, cast, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database import Database
from storage.tables import ENDED, ChatRow, DeliveryRow, JobRow, LeaseRow, PersonRow, RatingRow, UpdateRow, WorkerRow

#: under which the networks and our own addresses name a person: "from": {"id": 42}, "user": "42"
PERSONAL = frozenset({"id", "user", "user_id", "person", "author", "author_id", "from", "chat", "chat_id"})


class Retention(Database):
    async def forget(self, person: str) -> list[str]:
        """Remove everything of a person; return the ids of their jobs, whose blobs are to go as well.

        Updates, jobs, deliveries, ratings and private chats go. Jobs at work lose their row, so that their worker
        finds its lease lost and stops. Of an update its number stays, with nothing in it, so that it stays known.
        SQLite's files hold nothing of it afterwards either.
        """
        jobs = await self._forget_rows(person)
        await self._empty_log()
        return jobs

    async def _forget_rows(self, person: str) -> list[str]:
        async with self._write() as session:
            theirs = select(JobRow.id).where(or_(JobRow.person == person, JobRow.chat == person))
            jobs = list(await session.scalars(theirs))
            await session.execute(update(JobRow).where(JobRow.parent.in_(jobs)).values(parent=None))
            await session.execute(delete(JobRow).where(JobRow.id.in_(jobs)))  # deliveries and ratings go along
            await session.execute(delete(RatingRow).where(RatingRow.person == person))
            await session.execute(delete(PersonRow).where(PersonRow.id == person))
            await session.execute(delete(ChatRow).where(ChatRow.id == person))
            unsign = update(ChatRow).where(ChatRow.autoscore_by == person).values(autoscore_by=None)
            await session.execute(unsign)
            await self._forget_in_json(session, person)
            return jobs

    async def _forget_in_json(self, session: AsyncSession, person: str) -> None:
        front, _, number = person.partition(":")
        updates = select(UpdateRow).where(
            UpdateRow.front == front,
            UpdateRow.done_at.is_(None),
            cast(UpdateRow.payload, Text).contains(number, autoescape=True),
        )
        for row in await session.scalars(updates):
            if mentions(row.payload, person):
                row.payload, row.done_at = {}, self.now()
        deliveries = select(DeliveryRow).where(
            DeliveryRow.front == front, cast(DeliveryRow.reply_to, Text).contains(number, autoescape=True)
        )
        for delivery in await session.scalars(deliveries):
            if mentions(delivery.reply_to, person):
                await session.delete(delivery)

    async def old_jobs(self, *, before: float, most: int = 100) -> list[str]:
        """Return jobs that ended before that time."""
        old = select(JobRow.id).where(JobRow.state.in_(ENDED), JobRow.ended_at < before)
        async with self._read() as session:
            return list(await session.scalars(old.order_by(JobRow.ended_at).limit(most)))

    async def remove_jobs(self, ids: Sequence[str]) -> None:
        """Remove jobs with their deliveries and ratings."""
        async with self._write() as session:
            await session.execute(delete(JobRow).where(JobRow.id.in_(ids)))

    async def sweep(self, *, before: float) -> int:
        """Remove updates that were done before that time; return how many. Dead workers and leases go as well."""
        async with self._write() as session:
            await session.execute(delete(WorkerRow).where(WorkerRow.seen_at < before))
            await session.execute(delete(LeaseRow).where(LeaseRow.until < before))
            done = delete(UpdateRow).where(UpdateRow.done_at < before).returning(UpdateRow.number)
            return len((await session.scalars(done)).all())


def mentions(value: Any, person: str) -> bool:
    """Whether JSON names that person: in full, or by the network's number under a key that names people."""
    number = person.partition(":")[2]
    if isinstance(value, dict):
        return any(
            (name in PERSONAL and not isinstance(inner, bool | dict | list) and str(inner) == number)
            or mentions(inner, person)
            for name, inner in value.items()
        )
    if isinstance(value, list):
        return any(mentions(inner, person) for inner in value)
    return isinstance(value, str) and (value == person or value.startswith(f"{person}:"))
