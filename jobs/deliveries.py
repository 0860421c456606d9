"""The outbox: what a job has to say reaches its chat, once, through the front end that took the clip in.

The front end's process runs `Deliveries`; the worker never holds a chat token. One delivery is one message: a
placeholder is sent once and remembered, shows how the work stands, and becomes the result by an edit, which may be
repeated without harm.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, Protocol, cast
from weakref import WeakValueDictionary

import structlog

from jobs import endings, metrics
from jobs.job import OUTCOME, REPLY_TO, REQUEST, Film, Outcome, ReplyTo, Request
from jobs.standing import Status as Status
from jobs.standing import standing
from storage.blobs import Blobs
from storage.errors import Missing
from storage.records import Records
from storage.tables import DeliveryRow, JobRow

#: what a message carries; in a row "take-2" is the result's second film and "song-2" that film's music (see what_of)
What = Literal["result", "song", "stems", "midi", "sheet", "file"]

LEASE_S = 20.0  # of a delivery; renewed while it goes on, so that a dead front end is noticed that soon
RENEW_S = 5.0
SHOW_S = 3.0  # between two edits that show progress; the networks' own limits come on top
LOOK_S = 1.0  # between two looks at the outbox when nobody knocks
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 900.0  # between tries of a delivery that breaks
GIVE_UP_S = 3 * 86400.0  # a chat that takes nothing for three days is dead
LINK_S = 7 * 86400.0  # how long a link to a large film works

TOO_LARGE = "The file is larger than what may be sent here."
TOO_LARGE_HINT = "Send a shorter clip, or a smaller one."
TOO_LARGE_LINKED = "The file is larger than what may be sent here; for a week it can be fetched from this link."

log = structlog.get_logger()


class Gone(Exception):
    """Nothing can be delivered there any more: blocked, deleted, kicked. An end, not a fault."""


class Moved(Exception):
    """The chat has another id now; `reply_to` turns an old address into the new one."""

    def __init__(self, chat: str, reply_to: Callable[[ReplyTo], ReplyTo]) -> None:
        super().__init__(chat)
        self.chat = chat
        self.reply_to = reply_to


class Later(Exception):
    """The network says when to come back."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"in {seconds:.0f} s")
        self.seconds = seconds


class Refused(Exception):
    """The network took the call and said no for good: certainly nothing was posted by it."""


class TooLarge(Exception):
    """The film is larger than the place takes, whatever we had been told; a link goes in its stead."""


@dataclass(frozen=True)
class Parcel:
    """What is handed over in one message."""

    delivery: str  #: its id, the nonce where the network takes one
    job: str
    what: What
    reply_to: ReplyTo
    message: str | None  #: the placeholder, where there is one
    request: Request
    outcome: Outcome
    file: Callable[[str], AbstractAsyncContextManager[Path]]  #: a blob as a local file, by its key
    link: str | None = None  #: to the film, where it is too large for the place
    take: int = 1  #: which of the outcome's films it is about; `film_of` finds it


class Messenger(Protocol):
    """A chat network, as far as deliveries go. Raises Gone, Moved, Later, Refused, TooLarge; all else is tried again.

    `reply_to` may come back changed: an address may learn something, such as the id of a message.
    """

    front: str

    async def open(self, delivery: str, reply_to: ReplyTo, status: Status) -> tuple[str, ReplyTo]:
        """Send the placeholder; return its id."""
        ...

    async def show(self, message: str, reply_to: ReplyTo, status: Status) -> None:
        """Edit the placeholder. Never waits for a rate limit: when it is not the time, it raises Later."""
        ...

    async def hand_over(self, parcel: Parcel) -> ReplyTo:
        """Turn the placeholder into what the job has to say. May be called again after it has worked."""
        ...

    async def withdraw(self, message: str, reply_to: ReplyTo) -> None:
        """Take the placeholder away: there is nothing to say."""
        ...

    def text(self, reply_to: ReplyTo, status: Status) -> str:
        """Return what `open` and `show` would say, so that the same is not said twice."""
        ...


class Knocked(Protocol):
    """What tells that the outbox has something; jobs/queue.py has it."""

    async def knocked(self, front: str, timeout: float) -> bool: ...


class Deliveries:
    """Runs in a front end's process: keeps its placeholders true and hands over what is due."""

    def __init__(
        self,
        records: Records,
        blobs: Blobs,
        bell: Knocked,
        messenger: Messenger,
        *,
        at_once: int = 8,
        show_s: float = SHOW_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`at_once` deliveries are uploaded side by side; progress is shown every `show_s` seconds at most."""
        self._records, self._blobs, self._bell, self._messenger = records, blobs, bell, messenger
        self._at_once, self._show_s, self._clock = at_once, show_s, clock
        self._owner = f"{socket.gethostname()[:20]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._next_show: dict[str, float] = {}
        self._at_work: dict[str, asyncio.Task[None]] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  #: of a job's messages

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set; what is being handed over then is finished first."""
        knocked = partial(self._bell.knocked, self._messenger.front, LOOK_S)
        shown = partial(asyncio.sleep, self._show_s / 2)
        await asyncio.gather(
            self._look(stop, self._hand_over_due, rest=knocked), self._look(stop, self._show_open, rest=shown)
        )
        if self._at_work:
            await asyncio.wait(self._at_work.values(), timeout=LEASE_S)

    async def _look(
        self, stop: asyncio.Event, look: Callable[[], Awaitable[None]], *, rest: Callable[[], Awaitable[object]]
    ) -> None:
        """Look again and again; a database that is away is waited for."""
        while not stop.is_set():
            try:
                await look()
            except Exception as error:
                log.warning("outbox_unreadable", problem=repr(error))
            await _first(rest(), stop.wait())

    # ---- how it stands ----

    async def _show_open(self) -> None:
        rows = [
            (row, job)
            for row, job in await self._records.open_deliveries(self._messenger.front)
            if not row.quiet and job.state != "asking"
        ]
        self._next_show = {row.id: self._next_show.get(row.id, 0.0) for row, _ in rows}
        due = [(row, job) for row, job in rows if self._next_show[row.id] <= self._clock()]
        stand = await standing(self._records, [job for _, job in due])
        await asyncio.gather(*(self._show(row, stand[job.id]) for row, job in due))

    async def _show(self, row: DeliveryRow, status: Status) -> None:
        reply_to = REPLY_TO.validate_python(row.reply_to)
        self._next_show[row.id] = self._clock() + self._show_s
        try:
            if row.message is None:
                await self._open(row, reply_to, status)
            elif (text := self._messenger.text(reply_to, status)) != row.shown:
                await self._messenger.show(row.message, reply_to, status)
                await self._records.shown(row.id, text)
        except Later as later:
            self._next_show[row.id] = self._clock() + later.seconds
        except Gone as gone:
            await self._records.dead(row.id, problem=str(gone))
        except Moved as moved:
            await self._move(reply_to, moved)
        except Exception as error:  # only a view of the work: the work goes on, and so do we
            log.warning("status_not_shown", delivery=row.id, job=row.job, problem=repr(error))

    async def _open(self, row: DeliveryRow, reply_to: ReplyTo, status: Status) -> tuple[str, ReplyTo] | None:
        """Send the placeholder, unless it is in the chat or may be on its way."""
        if not await self._records.opening(row.id):
            return None
        try:
            message, reply_to = await self._messenger.open(row.id, reply_to, status)
        except (Gone, Moved, Later, Refused):
            await self._records.not_opened(row.id)
            raise
        text = self._messenger.text(reply_to, status)
        await self._records.opened(row.id, message, text, REPLY_TO.dump_python(reply_to, mode="json"))
        return message, reply_to

    # ---- what is due ----

    async def _hand_over_due(self) -> None:
        free = self._at_once - len(self._at_work)
        if free <= 0:
            return
        rows = await self._records.due_deliveries(self._messenger.front, self._owner, most=free, seconds=LEASE_S)
        for row, job in sorted(rows, key=lambda due: (due[0].created_at, due[0].id)):
            task = asyncio.create_task(self._deliver(row, job))
            self._at_work[row.id] = task
            task.add_done_callback(partial(self._done, row.id))

    def _done(self, delivery: str, _: asyncio.Task[None]) -> None:
        self._at_work.pop(delivery, None)

    async def _deliver(self, row: DeliveryRow, job: JobRow) -> None:
        with structlog.contextvars.bound_contextvars(job=job.id, delivery=row.id, what=row.what):
            renewing = asyncio.create_task(self._renew(row))
            try:
                async with self._turn(job.id):
                    await self._try(row, job)
            except Exception as error:
                await self._come_back(row, error)
            finally:
                renewing.cancel()

    def _turn(self, job: str) -> asyncio.Lock:
        """Return what lets the films of a job come one after the other, the first one first."""
        turn = self._turns.get(job)
        if turn is None:
            turn = self._turns[job] = asyncio.Lock()
        return turn

    async def _renew(self, row: DeliveryRow) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            with contextlib.suppress(Exception):  # the next one may get through; if none does, the lease lapses
                await self._records.renew_delivery(row.id, self._owner, seconds=LEASE_S)

    async def _try(self, row: DeliveryRow, job: JobRow) -> None:
        """Hand one delivery over; what the network says for good becomes an end here."""
        reply_to = REPLY_TO.validate_python(row.reply_to)
        try:
            await self._hand_over(row, job, reply_to)
        except Gone as gone:
            log.info("delivery_dead", problem=str(gone))
            await self._records.dead(row.id, problem=str(gone))
            self._count("gone")
        except Moved as moved:
            await self._move(reply_to, moved)
            await self._records.retry_delivery(row.id, self._owner, problem="moved", delay_s=0.0)
        except Refused as refused:
            log.error("delivery_refused", problem=str(refused))
            await self._records.dead(row.id, problem=str(refused))
            self._count("refused")

    async def _hand_over(self, row: DeliveryRow, job: JobRow, reply_to: ReplyTo) -> None:
        outcome = OUTCOME.validate_python(job.outcome) if job.outcome else endings.CANCELED
        message = row.message
        what, take = what_of(row.what)
        if take > 1 and outcome.kind == "question":  # asked once, under the first film's placeholder
            await self._records.reopened(row.id, self._owner)
            return
        if outcome.kind == "nothing" or (row.quiet and outcome.kind == "sentence" and what == "result"):
            if message is not None:
                await self._messenger.withdraw(message, reply_to)
            await self._records.sent(row.id, self._owner)
            return
        if message is None:
            stand = await standing(self._records, [job])
            opened = await self._open(row, reply_to, stand[job.id])
            if opened is None:
                raise Later(SHOW_S)
            message, reply_to = opened
        with TemporaryDirectory(prefix="reelscore-parcel-") as folder:
            parcel = Parcel(
                delivery=row.id,
                job=job.id,
                what=what,
                take=take,
                reply_to=reply_to,
                message=message,
                request=REQUEST.validate_python(job.request),
                outcome=outcome,
                file=lambda key: self._file(key, Path(folder)),
            )
            reply_to = await self._hand_over_or_link(parcel)
        address = REPLY_TO.dump_python(reply_to, mode="json")
        if outcome.kind == "question":
            await self._records.reopened(row.id, self._owner)
        else:
            await self._records.sent(row.id, self._owner, address)
            self._count("sent")
            log.info(
                "delivered", front=self._messenger.front, kind=outcome.kind, after_s=self._clock() - job.created_at
            )

    async def _hand_over_or_link(self, parcel: Parcel) -> ReplyTo:
        try:
            return await self._messenger.hand_over(parcel)
        except TooLarge:
            film = film_of(parcel)
            key, name = file_of(film, parcel.what) if film else (None, "")
            link = await self._blobs.link(key, seconds=LINK_S, name=name) if key else None
            return await self._messenger.hand_over(replace(parcel, outcome=too_large(link), link=link))

    @contextlib.asynccontextmanager
    async def _file(self, key: str, folder: Path) -> AsyncIterator[Path]:
        yield await self._blobs.get(key, folder / key.replace("/", "-"))

    async def _move(self, reply_to: ReplyTo, moved: Moved) -> None:
        def changed(address: dict[str, Any]) -> dict[str, Any]:
            return dict(REPLY_TO.dump_python(moved.reply_to(REPLY_TO.validate_python(address)), mode="json"))

        await self._records.moved(reply_to.chat, moved.chat, reply_to=changed)

    def _count(self, result: str) -> None:
        metrics.DELIVERIES.labels(self._messenger.front, result).inc()

    async def _come_back(self, row: DeliveryRow, error: Exception) -> None:
        """Let go of a delivery that broke; the network's own word about when to come back stands above ours."""
        if isinstance(error, Missing) or self._clock() - row.created_at > GIVE_UP_S:
            log.error("delivery_given_up", problem=repr(error))
            await self._records.dead(row.id, problem=repr(error)[:500])
            self._count("given up")
            return
        pause_s = error.seconds if isinstance(error, Later) else pause(row.attempts)
        self._count("later")
        log.warning("delivery_later", problem=repr(error), pause_s=round(pause_s, 1))
        with contextlib.suppress(Exception):  # the database may be what is away; the lease then lapses by itself
            await self._records.retry_delivery(row.id, self._owner, problem=repr(error)[:500], delay_s=pause_s)


def film_of(parcel: Parcel) -> Film | None:
    """Return the film that a parcel is about: "take-2" and "song-2" are about the second one."""
    return parcel.outcome.films[parcel.take - 1] if parcel.take <= len(parcel.outcome.films) else None


def file_of(film: Film, what: What) -> tuple[str | None, str]:
    """Return the key of what a message carries, and the name that it is saved by."""
    beside = {
        "song": (film.song, "music.m4a"),
        "stems": (film.stems, "stems.zip"),
        "midi": (film.midi, "music.mid"),
        "sheet": (film.sheet, "storyboard.json" if film.facts else "cues.json"),
    }
    return beside.get(what, (film.film, "musicvideo.mp4" if film.facts else "scored.mp4"))


def what_of(written: str) -> tuple[What, int]:
    """Read what a row says: "song-2" is the song of the second film, "take-2" that film itself: ("result", 2)."""
    kind, _, number = written.partition("-")
    return cast("What", "result" if kind == "take" else kind), int(number or 1)


def too_large(link: str | None) -> Outcome:
    """Say that the film does not fit into the place, and where it is instead."""
    if link:
        return Outcome("sentence", sentence=TOO_LARGE_LINKED, hint=link, code="over_limit")
    return Outcome("sentence", sentence=TOO_LARGE, hint=TOO_LARGE_HINT, code="over_limit")


def pause(attempts: int) -> float:
    """Return seconds until the next try: doubled each time, with jitter so that a thousand do not come back at once."""
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(attempts, 20)) * random.uniform(0.7, 1.3)


async def _first(*waits: Awaitable[object]) -> None:
    """Wait until one of them is done, and drop the others."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
