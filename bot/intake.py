"""Taking a request in: limits, keeping the upload, and the one transaction that writes job, delivery and update."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from bot.asked import Asked, Person, composer_in
from bot.text import chat as text
from bot.text.languages import LANGUAGES, known
from jobs.endings import CANCELED
from jobs.job import ENDED, OUTCOME, REPLY_TO, REQUEST, Outcome, ReplyTo, Request, new_id
from jobs.standing import standing
from pipeline.backends import Crew
from pipeline.errors import OverLimit, Refused
from storage.blobs import Blobs
from storage.errors import Full, StoreError
from storage.records import Caps, NewDelivery, NewJob, Records

log = structlog.get_logger()

QUEUE = "cpu"  # every engine that ships plays on the processor
UPLOAD = "upload"  # the clip's name beside a job's other blobs

MOST_BYTES = 2 * 1024**3  # of a clip; the same as pipeline.clip.Limits.bytes, which a chat process never loads
FAMILY = 500  # jobs of a person that are looked through for other takes of a clip


class Intake:
    """The part of the desk that takes requests in."""

    def __init__(
        self,
        records: Records,
        blobs: Blobs,
        *,
        caps: Caps,
        ring: Callable[[], Awaitable[None]],
        folder: Path | None = None,
        most_bytes: int = MOST_BYTES,
        owners: Collection[str] = (),
        crew: Crew | None = None,
        composers: Sequence[str] = (),
    ) -> None:
        """`ring` wakes the dispatcher; that it fails is no fault, since the dispatcher looks by itself.

        Uploads pass through `folder` (the system's own when None). `owners` are the people who run the bot.
        `crew` does the work; `composers` are those that people may choose besides its own.
        """
        self._records, self._blobs = records, blobs
        self._caps, self._ring = caps, ring
        self._folder, self._most_bytes = folder, most_bytes
        self._owners = frozenset(owners)
        self._crew = crew or Crew()
        self._offered = tuple(dict.fromkeys((self._crew.composer, *composers)))

    # ---- taking a clip in ----

    async def submit(self, asked: Asked) -> str:
        """Keep the upload and write job, delivery and update in one transaction; return the job's id.

        Raises UserError: too large, too many waiting (with an honest wait), nothing left behind. Raises
        storage.errors.Down as it is: the same update may be tried again.
        """
        language = known(asked.reply_to.language)
        self._refuse_large(asked.size or 0, language)
        request = self._engaged(replace(asked.request, beside=tuple(asked.beside)), language)
        job = new_id()
        try:
            await self._take_in(asked, job, language)
            row, new = await self._records.add_job(
                NewJob(
                    id=job,
                    source=asked.source,
                    queue=QUEUE,
                    person=asked.person.id,
                    chat=asked.reply_to.chat,
                    request=REQUEST.dump_python(request, mode="json"),
                ),
                deliveries(job, asked.reply_to, takes=asked.request.takes, quiet=asked.auto),
                caps=self._caps,
                update=asked.update,
            )
        except Full as limit:
            await self._blobs.remove(job)
            raise await self._over(limit, language, person=asked.person.id, chat=asked.reply_to.chat) from limit
        except BaseException:
            await asyncio.shield(self._undo(job))
            raise
        if not new:
            await self._blobs.remove(job)
            return row.id
        log.info("taken_in", job=job, front=asked.reply_to.front, auto=asked.auto)
        await self._wake()
        return job

    def _engaged(self, request: Request, language: str) -> Request:
        """Put the house's crew to a clip, with the composer that the words name; raises Refused for an unknown one."""
        if request.treatment is not None:
            return request
        named, wish = composer_in(request.brief.wish)
        crew = replace(self._crew, composer=self._offer(named, language) if named else self._crew.composer)
        return replace(request, crew=crew, offered=self._offered, brief=replace(request.brief, wish=wish))

    def _offer(self, named: str, language: str) -> str:
        """Return the composer of this name that is offered; its variant need not be said where there is one only."""
        meant = [name for name in self._offered if named in (name.lower(), name.lower().partition(":")[0])]
        if not meant:
            sentence, hint = text.unknown_composer(named, self._offered, language)
            raise Refused(sentence, hint=hint)
        return meant[0]

    async def _take_in(self, asked: Asked, job: str, language: str) -> None:
        """Bring the clip, and what came with it, from the network to the blob store."""
        with tempfile.TemporaryDirectory(prefix="reelscore-upload-", dir=self._folder) as place:
            for name, fetch in ((UPLOAD, asked.fetch), *asked.beside.items()):
                path = Path(place) / name
                await fetch(path)
                self._refuse_large(path.stat().st_size, language)
                await self._blobs.put(f"{job}/{name}", path)

    def _refuse_large(self, size: int, language: str) -> None:
        if size > self._most_bytes:
            sentence, hint = text.over_bytes(size, self._most_bytes, language)
            raise OverLimit(sentence, hint=hint)

    async def _undo(self, job: str) -> None:
        """Remove the upload of a job that was not written. Where that is not sure, it stays: the job may be there."""
        try:
            if await self._records.job(job) is None:
                await self._blobs.remove(job)
        except StoreError:
            log.warning("upload_left", job=job)

    async def _over(self, limit: Full, language: str, *, person: str, chat: str) -> OverLimit:
        """Say whose limit is reached, and when the next of the jobs that fill it is likely to be done."""
        mine = {"person": {"person": person}, "chat": {"chat": chat}}.get(limit.which, {})
        jobs = [job for job in await self._records.jobs_of(**mine, most=FAMILY) if job.state not in ENDED]
        times = [one.left_s for one in (await standing(self._records, jobs)).values() if one.left_s is not None]
        sentence, hint = text.full(limit.which, limit.most, min(times, default=None), language)
        return OverLimit(sentence, hint=hint)

    async def _wake(self) -> None:
        try:
            await self._ring()
        except Exception as error:  # whatever it is: the dispatcher looks by itself
            log.warning("ring_failed", problem=repr(error))

    async def language(self, person: Person, language: str = "") -> str:
        """Return the language to speak with this person; with `language`, keep their choice first."""
        if language:
            if language not in LANGUAGES:
                raise Refused(text.unknown_language(known(person.language)))
            await self._records.set_language(person.id, language)
            return language
        return known(await self._records.seen(person.id) or person.language)

    async def _stop(self, job: str, outcome: Outcome = CANCELED) -> bool:
        return await self._records.ask_cancel(job, outcome=OUTCOME.dump_python(outcome, mode="json"))


def deliveries(
    job: str, reply_to: ReplyTo, *, takes: int, quiet: bool = False, what: str = "result"
) -> Sequence[NewDelivery]:
    """One message for each film; only the first shows how the work stands."""
    address = REPLY_TO.dump_python(reply_to, mode="json")
    first = NewDelivery(f"{job}-{what}", job, reply_to.front, address, what=what, quiet=quiet)
    others = (f"take-{number}" for number in range(2, takes + 1))
    return [first, *(NewDelivery(f"{job}-{name}", job, reply_to.front, address, name, quiet=True) for name in others)]
