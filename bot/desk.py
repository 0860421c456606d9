"""The desk: takes a request in and answers a press; the same for every front end, in neutral values.

A front end turns what its network says into Person, Asked and Press, and turns a Reply into a message with buttons.
Limits, rights, keeping the upload, and the one transaction are behind it: bot/intake.py takes in, bot/presses.py obeys
buttons, bot/videos.py those of music videos, and how things stand and what people choose is here.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import asdict, fields, replace
from typing import get_args

from bot.asked import Asked, Autoscore, ChatSettings, Person, brief_of, without_moods
from bot.buttons import Action, Button, Press, Reply, Rows
from bot.intake import FAMILY, QUEUE, UPLOAD
from bot.presses import film_in
from bot.text import chat as text
from bot.text.languages import LANGUAGES
from bot.text.plain import plain
from bot.videos import Videos
from jobs.job import ENDED
from jobs.standing import Status, line, standing

__all__ = [
    "UPLOAD",
    "Action",
    "Asked",
    "Button",
    "ChatSettings",
    "Desk",
    "Person",
    "Press",
    "Reply",
    "Rows",
    "brief_of",
    "without_moods",
]

SETTING_MOST = 40  # characters of a style or mood

LISTED = 5  # films in /takes
EVERYTHING = 100_000  # jobs, when a person is forgotten
LET_GO_S = 6.0  # for their jobs to stop, which takes two, and for their placeholders to say so
LOOK_S = 0.1


class Desk(Videos):
    """What every front end stands on."""

    # ---- how things stand ----

    async def cancel(self, person: Person, *, job: str | None = None, chat: str | None = None) -> Reply:
        """Cancel one job, or all of this person's in the chat. Admins may cancel anybody's in their chat."""
        language = await self.language(person)
        if job is not None:
            row = await self._records.job(job)
            if row is None:
                return Reply(text.job_gone(language), alert=True)
            if row.person != person.id and not (person.admin and chat is not None and row.chat == chat):
                return Reply(text.not_yours_to_stop(language), alert=True)
            rows = [row]
        else:
            rows = await self._records.jobs_of(person=person.id, chat=chat, most=FAMILY)
        stopped = [row.id for row in rows if row.state not in ENDED and await self._stop(row.id)]
        if stopped:
            await self._wake()
        if job is not None and not stopped:
            return Reply(text.ended_already(language))
        return Reply(text.canceled(len(stopped), language))

    async def queue(self, person: Person, chat: str) -> Reply:
        """Say how this person's jobs in this chat stand, and how long the queue is."""
        language = await self.language(person)
        jobs = await self._records.jobs_of(person=person.id, chat=chat, most=FAMILY)
        mine = await standing(self._records, [job for job in reversed(jobs) if job.state not in ENDED])
        whole = await line(self._records, QUEUE)
        waiting = len(whole.places)
        return Reply(text.queue(list(mine.values()), waiting, whole.left_s(place=waiting + 1), language))

    async def takes(self, person: Person, chat: str) -> Reply:
        """List the last films of this person in this chat, with buttons."""
        language = await self.language(person)
        films = [
            (job, film)
            for job in await self._records.jobs_of(person=person.id, chat=chat, most=10 * LISTED)
            if (film := film_in(job, 1)) is not None
        ][:LISTED]
        buttons = tuple(
            (Button(f"{number}. {text.film_name(film, language)}", Press("back", job.id)),)
            for number, (job, film) in enumerate(films, 1)
        )
        return Reply(text.takes([film for _, film in films], language), buttons or None)

    async def status(self, job: str) -> Status | None:
        """Return how a job stands; None when it is not kept (any more)."""
        row = await self._records.job(job)
        return (await standing(self._records, [row]))[job] if row is not None else None

    # ---- what people and chats choose ----

    async def settings(self, chat: str) -> ChatSettings:
        row = await self._records.chat(chat)
        kept = {field.name: row.settings[field.name] for field in fields(ChatSettings) if field.name in row.settings}
        return ChatSettings(**{**kept, "autoscore": row.autoscore})

    async def set_settings(self, person: Person, chat: str, settings: ChatSettings) -> Reply:
        """Admins only; others are told so."""
        language = await self.language(person)
        if not person.admin:
            return Reply(text.admins_only(language), alert=True)
        wrong = _wrong_setting(settings)
        if wrong:
            return Reply(text.bad_setting(wrong, language), alert=True)
        kept = replace(settings, style=_short(settings.style), mood=_short(settings.mood))
        chosen = {name: value for name, value in asdict(kept).items() if name != "autoscore"}
        by = person.id if kept.autoscore != "off" else None
        await self._records.set_chat(chat, autoscore=kept.autoscore, autoscore_by=by, settings=chosen)
        language = kept.language or language
        described = text.settings(style=kept.style, mood=kept.mood, takes=kept.takes, language=language)
        lines = [text.settings_kept(language), described]
        if chat != person.id:  # alone with somebody every clip is scored anyhow
            lines.append(text.autoscore(kept.autoscore, language))
        return Reply("\n".join(lines))

    async def rate(self, person: Person, job: str, answers: dict[str, int]) -> Reply:
        """Keep what a form brings back: answers to the study's four questions (1-5), by the owner of the film alone."""
        row = await self._records.job(job)
        if row is not None and row.person != person.id:
            return Reply(text.not_yours(await self.language(person)), alert=True)
        return await self._keep_rating(person, row, answers)

    async def means(self, person: Person) -> Reply:
        """Print the means per configuration like the paper's Table 1, for the owner of the bot."""
        language = await self.language(person)
        if person.id not in self._owners:
            return Reply(text.owners_only(language), alert=True)
        return Reply(text.means(await self._records.means(), language))

    async def forget(self, person: Person) -> Reply:
        """Remove everything of a person: records, blobs, uploads; jobs at work are stopped."""
        language = await self.language(person)
        await self._let_go(person)
        # blobs first: were the rows gone and the store down, nobody would know any more what is to be removed
        jobs = {row.id for row in await self._records.jobs_of(person=person.id, most=EVERYTHING)}
        for job in jobs:
            await self._blobs.remove(job)
        forgotten = await self._records.forget(person.id)
        for job in forgotten:
            await self._blobs.remove(job)
        await self._wake()
        return Reply(text.forgotten(len(jobs | set(forgotten)), language))

    async def _let_go(self, person: Person) -> None:
        """Stop what is under way and wait a little, so that workers clear their folders and placeholders say so."""
        jobs = await self._records.jobs_of(person=person.id, most=EVERYTHING)
        stopped = [row.id for row in jobs if row.state not in ENDED and await self._stop(row.id)]
        if stopped:
            await self._wake()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LET_GO_S):
                for job in stopped:
                    while await self._is_under_way(job):
                        await asyncio.sleep(LOOK_S)

    async def _is_under_way(self, job: str) -> bool:
        row = await self._records.job(job)
        if row is None:
            return False
        told = [one.state in ("sent", "dead") for one in await self._records.deliveries_of(job)]
        return row.state not in ENDED or not all(told)


def _wrong_setting(settings: ChatSettings) -> str:
    """Return the name of a setting that has no such value."""
    wrong = {
        "autoscore": settings.autoscore not in get_args(Autoscore),
        "takes": not 1 <= settings.takes <= 4,
        "language": settings.language not in ("", *LANGUAGES),
    }
    return next((name for name, is_wrong in wrong.items() if is_wrong), "")


def _short(words: str) -> str:
    return plain(" ".join(words.split()))[:SETTING_MOST]
