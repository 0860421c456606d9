"""People, chats and what they think: languages, settings, ratings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Text, cast, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database import Database
from storage.errors import Missing
from storage.tables import ChatRow, DeliveryRow, JobRow, PersonRow, RatingRow

QUESTIONS = ("richness", "fitness", "humanness", "fondness")  # the study's, on five points


class People(Database):
    async def seen(self, person: str) -> str | None:
        """Note that a person is there; return the language that they chose."""
        return await self._note(person, {})

    async def set_language(self, person: str, language: str) -> None:
        await self._note(person, {"language": language})

    async def _note(self, person: str, values: dict[str, Any]) -> str | None:
        values = values | {"seen_at": self.now()}
        add = self._insert(PersonRow).values(id=person, **values)
        note = add.on_conflict_do_update(index_elements=["id"], set_=values).returning(PersonRow.language)
        async with self._write() as session:
            language: str | None = await session.scalar(note)
            return language

    async def chat(self, chat: str) -> ChatRow:
        """Return a chat's settings, the defaults where it has none; follows a move."""
        async with self._read() as session:
            return await self._chat(session, chat)

    async def set_chat(
        self,
        chat: str,
        *,
        autoscore: str | None = None,
        autoscore_by: str | None = None,
        settings: dict[str, Any] | None = None,
        dead: bool | None = None,
    ) -> ChatRow:
        """Change what is given and leave the rest; follows a move."""
        given = {"autoscore": autoscore, "autoscore_by": autoscore_by, "settings": settings}
        values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if dead is not None:
            values["dead_at"] = self.now() if dead else None
        async with self._write() as session:
            row = await self._chat(session, chat)
            whole = {"autoscore": row.autoscore, "settings": row.settings} | values
            add = self._insert(ChatRow).values(id=row.id, **whole)
            # `id` too: without values there would be nothing to set
            await session.execute(add.on_conflict_do_update(index_elements=["id"], set_={"id": row.id} | values))
            session.expunge_all()
            return await self._chat(session, row.id)

    async def _chat(self, session: AsyncSession, chat: str) -> ChatRow:
        row = await session.get(ChatRow, chat)
        if row is not None and row.moved_to is not None:
            row = await session.get(ChatRow, chat := row.moved_to)  # a supergroup does not move on
        return row or ChatRow(id=chat, autoscore="off", settings={}, autoscore_by=None, dead_at=None, moved_to=None)

    async def moved(self, chat: str, to: str, *, reply_to: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """A group has become a supergroup: its jobs, settings and deliveries go along. May be told twice."""
        async with self._write() as session:
            old = await session.get(ChatRow, chat) or ChatRow(id=chat, autoscore="off", settings={})
            if old.moved_to is None:
                keep = {"autoscore": old.autoscore, "settings": old.settings, "autoscore_by": old.autoscore_by}
                # Whoever set the supergroup up before us is right.
                await session.execute(self._insert(ChatRow).values(id=to, **keep).on_conflict_do_nothing())
                old.autoscore, old.settings, old.autoscore_by, old.moved_to = "off", {}, None, to
                session.add(old)
            await session.execute(update(JobRow).where(JobRow.chat == chat).values(chat=to))
            addressed = select(DeliveryRow).where(
                DeliveryRow.state.in_(("open", "due")), cast(DeliveryRow.reply_to, Text).contains(chat, autoescape=True)
            )
            for delivery in await session.scalars(addressed):
                if delivery.reply_to.get("chat") == chat:
                    delivery.reply_to = reply_to(delivery.reply_to)

    async def rate(self, rating: RatingRow) -> None:
        """Keep answers; a later answer of the same person about the same job replaces the earlier one.

        Questions that are left out (None) keep the answer that they have. Raises Missing when the job is gone.
        """
        answers = {name: getattr(rating, name) for name in QUESTIONS if getattr(rating, name) is not None}
        values = answers | {"configuration": rating.configuration, "rated_at": self.now()}
        add = self._insert(RatingRow).values(job=rating.job, person=rating.person, **values)
        try:
            async with self._write() as session:
                await session.execute(add.on_conflict_do_update(index_elements=["job", "person"], set_=values))
        except IntegrityError as error:
            raise Missing(rating.job) from error

    async def means(self) -> list[dict[str, Any]]:
        """Return {configuration, answers, richness, fitness, humanness, fondness} per configuration, means to 0.01."""
        columns = [func.avg(getattr(RatingRow, name)) for name in QUESTIONS]
        table = (
            select(RatingRow.configuration, func.count(), *columns)
            .group_by(RatingRow.configuration)
            .order_by(RatingRow.configuration)
        )
        async with self._read() as session:
            rows = (await session.execute(table)).all()
        return [
            {"configuration": configuration, "answers": answers}
            | {
                name: None if mean is None else round(float(mean), 2)
                for name, mean in zip(QUESTIONS, means, strict=True)
            }
            for configuration, answers, *means in rows
        ]
