"""What came in from a chat network: stored before it is acknowledged, taken once, and then emptied.

Of an update that is done only its number stays, so that it is known when it comes a second time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, case, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database import Database
from storage.tables import UpdateRow

AT_ONCE = 500  # rows in one INSERT; SQLite takes 32,766 values in a statement
APART_S = 1e-6  # between updates of one batch, so that they keep their order
EMPTY = literal({}, JSON)


class Inbox(Database):
    async def store_updates(self, front: str, updates: Sequence[tuple[str, dict[str, Any]]]) -> int:
        """Keep updates; those that are known already are left alone. Return how many were new."""
        now = self.now()
        rows = [
            {"front": front, "number": number, "payload": payload, "received_at": now + i * APART_S, "tries": 0}
            for i, (number, payload) in enumerate(updates)
        ]
        new = 0
        async with self._write() as session:
            for first in range(0, len(rows), AT_ONCE):
                add = self._insert(UpdateRow).values(rows[first : first + AT_ONCE]).on_conflict_do_nothing()
                new += len((await session.scalars(add.returning(UpdateRow.number))).all())
        return new

    async def updates(self, front: str, *, most: int = 100) -> list[UpdateRow]:
        """Return stored updates that are not done, in the order in which they came."""
        order = (UpdateRow.received_at, func.length(UpdateRow.number), UpdateRow.number)  # numbers as numbers
        open_ones = select(UpdateRow).where(UpdateRow.front == front, UpdateRow.done_at.is_(None))
        async with self._read() as session:
            return list(await session.scalars(open_ones.order_by(*order).limit(most)))

    async def update_done(self, front: str, number: str) -> None:
        async with self._write() as session:
            await self._finish_update(session, front, number)

    async def update_failed(self, front: str, number: str, *, most: int = 3) -> bool:
        """Count a try that broke; from `most` on the update is done with. Return whether it will be tried again."""
        spent = UpdateRow.tries + 1 >= most
        count = (
            update(UpdateRow)
            .where(UpdateRow.front == front, UpdateRow.number == number, UpdateRow.done_at.is_(None))
            .values(
                tries=UpdateRow.tries + 1,
                done_at=case((spent, self.now())),
                payload=case((spent, EMPTY), else_=UpdateRow.payload),
            )
            .returning(UpdateRow.tries)
        )
        async with self._write() as session:
            tries = await session.scalar(count)
        return tries is not None and tries < most

    async def _finish_update(self, session: AsyncSession, front: str, number: str) -> None:
        await session.execute(
            update(UpdateRow)
            .where(UpdateRow.front == front, UpdateRow.number == number, UpdateRow.done_at.is_(None))
            .values(done_at=self.now(), payload={})
        )
