"""The outbox: what a job has to say to a chat. What ends a job makes its deliveries due in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Update, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database import Database
from storage.errors import Missing
from storage.tables import ENDED, IN_FLIGHT, DeliveryRow, JobRow

PROBLEM = 500  # characters of an error that are kept


@dataclass(frozen=True)
class NewDelivery:
    id: str
    job: str
    front: str
    reply_to: dict[str, Any]
    what: str = "result"
    quiet: bool = False
    state: str = "open"


class Outbox(Database):
    async def add_delivery(self, delivery: NewDelivery) -> DeliveryRow:
        """Write one more message for a job, such as its stems; a known id is left alone.

        Of a job that has ended it is due at once. Raises Missing when there is no such job.
        """
        async with self._write() as session:
            # Locked, so that the job does not end between this look and the commit.
            state = await session.scalar(
                select(JobRow.state).where(JobRow.id == delivery.job).with_for_update(read=True)
            )
            if state is None:
                raise Missing(delivery.job)
            values = self._delivery_values(delivery)
            if state in ENDED:
                values["state"] = "due"
            await session.execute(self._insert(DeliveryRow).values(values).on_conflict_do_nothing())
            return (await session.scalars(select(DeliveryRow).where(DeliveryRow.id == delivery.id))).one()

    async def open_deliveries(self, front: str) -> list[tuple[DeliveryRow, JobRow]]:
        """Return the deliveries whose job waits or is at work, for showing how it stands; without the quiet ones.

        A job that asks is not among them: its question must stay in the chat.
        """
        async with self._read() as session:
            pairs = await session.execute(
                select(DeliveryRow, JobRow)
                .join(JobRow, JobRow.id == DeliveryRow.job)
                .where(
                    DeliveryRow.front == front,
                    DeliveryRow.state == "open",
                    DeliveryRow.quiet.is_(False),
                    JobRow.state.in_(("waiting", *IN_FLIGHT)),
                )
                .order_by(DeliveryRow.created_at, DeliveryRow.id)
            )
            return [(delivery, job) for delivery, job in pairs]

    async def due_deliveries(
        self, front: str, owner: str, *, most: int, seconds: float
    ) -> list[tuple[DeliveryRow, JobRow]]:
        """Lease deliveries that are due; whoever held them before has let its lease run out."""
        now = self.now()
        due = (
            select(DeliveryRow.id)
            .where(
                DeliveryRow.front == front,
                DeliveryRow.state == "due",
                DeliveryRow.due_at <= now,
                or_(DeliveryRow.lease_until.is_(None), DeliveryRow.lease_until <= now),
            )
            .order_by(DeliveryRow.due_at, DeliveryRow.id)
            .limit(most)
        )
        async with self._read() as session:  # most looks find nothing; those shall not wait for a writer
            if (await session.scalar(due)) is None:
                return []
        async with self._write() as session:
            ids = (await session.scalars(due.with_for_update(skip_locked=True))).all()
            await session.execute(
                update(DeliveryRow).where(DeliveryRow.id.in_(ids)).values(owner=owner, lease_until=now + seconds)
            )
            pairs = await session.execute(
                select(DeliveryRow, JobRow)
                .join(JobRow, JobRow.id == DeliveryRow.job)
                .where(DeliveryRow.id.in_(ids))
                .order_by(DeliveryRow.due_at, DeliveryRow.id)
            )
            return [(delivery, job) for delivery, job in pairs]

    async def renew_delivery(self, delivery: str, owner: str, *, seconds: float) -> bool:
        """Keep the lease of a delivery that is being handed over; False when it was lost."""
        return await self._change(_held(delivery, owner).values(lease_until=self.now() + seconds))

    async def delivery(self, delivery: str) -> DeliveryRow | None:
        async with self._read() as session:
            return await session.get(DeliveryRow, delivery)

    async def deliveries_of(self, job: str) -> list[DeliveryRow]:
        ordered = select(DeliveryRow).where(DeliveryRow.job == job).order_by(DeliveryRow.created_at, DeliveryRow.id)
        async with self._read() as session:
            return list(await session.scalars(ordered))

    async def opening(self, delivery: str, *, lost_s: float = 30.0) -> bool:
        """Note that a placeholder is about to be sent; False when one is in the chat or on its way already.

        One that set out `lost_s` ago and was never noted as opened is taken for lost: another may be sent.
        """
        return await self._change(
            update(DeliveryRow)
            .where(
                DeliveryRow.id == delivery,
                DeliveryRow.message.is_(None),
                or_(DeliveryRow.opening_at.is_(None), DeliveryRow.opening_at <= self.now() - lost_s),
                DeliveryRow.state.in_(("open", "due")),
            )
            .values(opening_at=self.now(), opens=DeliveryRow.opens + 1)
        )

    async def opened(self, delivery: str, message: str, shown: str, reply_to: dict[str, Any] | None = None) -> None:
        values = {"message": message, "shown": _storable(shown), "opening_at": None, **_address(reply_to)}
        await self._change(update(DeliveryRow).where(DeliveryRow.id == delivery).values(values))

    async def not_opened(self, delivery: str) -> None:
        """Note that the placeholder was certainly not sent."""
        await self._change(update(DeliveryRow).where(DeliveryRow.id == delivery).values(opening_at=None))

    async def shown(self, delivery: str, text: str) -> None:
        await self._change(update(DeliveryRow).where(DeliveryRow.id == delivery).values(shown=_storable(text)))

    async def sent(self, delivery: str, owner: str, reply_to: dict[str, Any] | None = None) -> bool:
        """The message is in the chat: the end. False when another owner has it by now.

        Without `reply_to` nothing is there, and the address goes.
        """
        values = {"state": "sent", "sent_at": self.now(), "owner": None, "lease_until": None}
        async with self._write() as session:
            address = _address(reply_to) or await self._without_address(session, delivery)
            change = _held(delivery, owner).values(values | address).returning(DeliveryRow.id)
            return await session.scalar(change) is not None

    async def reopened(self, delivery: str, owner: str) -> bool:
        """The question is in the chat: open again until the job ends; due again when it has ended meanwhile."""
        async with self._write() as session:
            state = await session.scalar(
                select(JobRow.state)
                .join(DeliveryRow, DeliveryRow.job == JobRow.id)
                .where(DeliveryRow.id == delivery)
                .with_for_update(read=True, of=JobRow)
            )
            values = {
                "state": "due" if state in ENDED else "open",
                "due_at": self.now(),
                "attempts": 0,
                "shown": None,
                "owner": None,
                "lease_until": None,
            }
            change = _held(delivery, owner).values(values).returning(DeliveryRow.id)
            return await session.scalar(change) is not None

    async def retry_delivery(self, delivery: str, owner: str, *, problem: str, delay_s: float) -> int:
        """Let go of it until later; return how many attempts there have been."""
        let_go = _held(delivery, owner).values(
            due_at=self.now() + delay_s,
            attempts=DeliveryRow.attempts + 1,
            problem=_storable(problem[:PROBLEM]),
            owner=None,
            lease_until=None,
        )
        async with self._write() as session:
            await session.execute(let_go)
            return await session.scalar(select(DeliveryRow.attempts).where(DeliveryRow.id == delivery)) or 0

    async def dead(self, delivery: str, *, problem: str) -> None:
        """Nothing can be delivered there: an end, too; the address goes."""
        values = {"state": "dead", "problem": _storable(problem[:PROBLEM]), "owner": None, "lease_until": None}
        async with self._write() as session:
            address = await self._without_address(session, delivery)
            change = update(DeliveryRow).where(DeliveryRow.id == delivery, DeliveryRow.state != "sent")
            await session.execute(change.values(values | address))

    async def _without_address(self, session: AsyncSession, delivery: str) -> dict[str, Any]:
        """Empty what only its front end reads: it may hold a token, which is kept no longer than it is of use."""
        reply_to = await session.scalar(select(DeliveryRow.reply_to).where(DeliveryRow.id == delivery))
        return {"reply_to": {**(reply_to or {}), "address": {}}}

    async def _change(self, change: Update) -> bool:
        async with self._write() as session:
            return await session.scalar(change.returning(DeliveryRow.id)) is not None

    def _delivery_values(self, delivery: NewDelivery) -> dict[str, Any]:
        now = self.now()
        return asdict(delivery) | {"created_at": now, "due_at": now, "opens": 0, "attempts": 0, "problem": ""}

    async def _make_due(self, session: AsyncSession, jobs: Sequence[str]) -> None:
        """Say that these jobs, whose rows this transaction has changed, have something to hand over."""
        await session.execute(
            update(DeliveryRow)
            .where(DeliveryRow.job.in_(jobs), DeliveryRow.state == "open")
            .values(state="due", due_at=self.now(), attempts=0, owner=None, lease_until=None)
        )


def _held(delivery: str, owner: str) -> Update:
    return update(DeliveryRow).where(DeliveryRow.id == delivery, DeliveryRow.state == "due", DeliveryRow.owner == owner)


def _address(reply_to: dict[str, Any] | None) -> dict[str, Any]:
    return {} if reply_to is None else {"reply_to": reply_to}


def _storable(text: str) -> str:
    """PostgreSQL keeps neither NUL nor half a surrogate pair."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
