"""A worker: takes jobs that are rung for, has a child do them, and writes down how they ended.

arq carries the bell and nothing more: its job is over as soon as ours has begun, so neither its time-outs, nor its
retries, nor a Redis that goes away can touch work that is going on. Whose job it is stands in the records as a lease
that has to be renewed; each commit is fenced by it, so a worker that was asleep for too long commits nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

import structlog
from arq.worker import Retry, func
from arq.worker import Worker as Carrier
from pydantic import TypeAdapter

from jobs import endings, metrics
from jobs.children import PERFORMANCE, Answer, Nursery, environment
from jobs.dispatcher import MOST_CRASHES, front_of
from jobs.job import ENDED, OUTCOME, Film, Outcome, Preview, Progress, Queue, State
from jobs.queue import AWAY, CALL, Bell, Message, carrier_name, pack, unpack
from pipeline.backends import Crew, Vendors, keep_models
from pipeline.errors import Cancelled
from storage.blobs import Blobs
from storage.errors import Missing, StoreError
from storage.records import Records
from storage.tables import JobRow, WorkerRow

log = structlog.get_logger()

LEASE_S = 15.0  # a worker that is gone is noticed after this
RENEW_S = 1.0  # a cancel is seen within this; one small write per running job and second
BEAT_S = 5.0  # records.slots counts workers that were seen in the last 20 s
DEADLINE_S = 3600.0
DRAIN_S = 25.0
POLL_S = 0.15  # arq asks Redis this often for new bells
ELSEWHERE_S = 0.2  # a bell that no slot is free for is left this long to other workers
AWAY_S = 0.5  # before Redis is tried again
TELL_S = 0.25  # between two lines of progress

BUG = 1  # the exit status of a child that an exception has ended

MOST_TRIES = 3  # of what may go better by itself
STORE_AGAIN_S = 10.0
SWEEP_S = 3600.0
CLEARED_S = 2.0  # longer than a cancelled job takes to clear up
CARRIED_S = 5.0  # arq's own limit; what it calls takes no time at all

#: the fields of a Film and of a Preview that are files: names in the folder, then keys in the store
FILES = ("film", "thumbnail", "music", "song", "stems", "midi", "sheet", "certificate", "pictures", "contact")


Made = TypeVar("Made", Film, Preview)
VENDORS: TypeAdapter[Vendors] = TypeAdapter(Vendors)
CREW: TypeAdapter[Crew] = TypeAdapter(Crew)


@dataclass
class _Work:
    """A job in this worker's hands."""

    row: JobRow
    progress: Progress
    clip_s: float | None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0  #: that the child has worked
    code: int | None = None  #: the child's exit status
    ending: bool = False  #: it is being written down how it ended; from now on there is nothing to renew or to stop

    def heard(self, progress: Progress, clip_s: float | None) -> None:
        self.progress = progress
        self.clip_s = clip_s or self.clip_s
        self.changed.set()


class _Room:
    """The room that jobs are done in: many at once, or one suspect alone."""

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self._inside = 0
        self.closed = False  #: somebody is alone in it, or waits to be

    @contextlib.asynccontextmanager
    async def entered(self, *, alone: bool) -> AsyncIterator[None]:
        async with self._changed:
            await self._changed.wait_for(lambda: not self.closed)
            self.closed = alone
            try:
                await self._changed.wait_for(lambda: not alone or self._inside == 0)
            except asyncio.CancelledError:
                self.closed = False
                self._changed.notify_all()
                raise
            self._inside += 1
        try:
            yield
        finally:
            async with self._changed:
                self._inside -= 1
                self.closed = self.closed and not alone
                self._changed.notify_all()


class Worker:
    """One process that does jobs of some queues, `slots` of each at once.

    `run` it until `drain` has ended it. It does not release jobs: run a Dispatcher for each queue beside it.
    """

    def __init__(
        self,
        records: Records,
        blobs: Blobs,
        bell: Bell,
        *,
        queues: Sequence[Queue],
        slots: int,
        folder: Path,
        child: Sequence[str] = PERFORMANCE,
        env: Mapping[str, str] | None = None,
        vendors: Vendors | None = None,
        deadline_s: float = DEADLINE_S,
        lease_s: float = LEASE_S,
    ) -> None:
        """`folder` holds one folder for each job; `env` is added to what a child sees of the environment.

        `vendors` go to a child with its job, never into its environment.
        """
        self.records, self.blobs, self.bell = records, blobs, bell
        self.queues, self.slots, self.folder = tuple(queues), slots, folder
        self.deadline_s, self.lease_s = deadline_s, lease_s
        self._vendors = vendors or Vendors()
        self.name = f"{socket.gethostname()[:30]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._nursery = Nursery(child, env=environment() | dict(env or {}), spares=slots * len(self.queues))
        self._room = _Room()
        self._works: dict[str, tuple[Queue, asyncio.Task[None]]] = {}
        self._carriers: dict[Queue, Carrier] = {}
        self._freed = asyncio.Event()
        self._draining = False
        self._drained = asyncio.Event()

    # ---- the life of a worker ----

    async def run(self) -> None:
        """Do jobs until drained; when cancelled, children are killed and their jobs are put back."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        duties: list[Callable[[], Awaitable[None]]] = [
            self._beat,
            self._sweep,
            *(partial(self._listen, queue) for queue in self.queues),
        ]
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self._close)
            tasks = [asyncio.create_task(_steadily(duty)) for duty in duties]
            stack.push_async_callback(_cancel, tasks, 0.1)
            await self._drained.wait()

    async def drain(self, *, within_s: float = DRAIN_S) -> None:
        """Take no more jobs, let those at work end for so long, put the rest back, and let `run` return.

        A job that is put back has not crashed; it goes on from its checkpoints.
        """
        if self._draining:
            await self._drained.wait()
            return
        self._draining = True
        self._open_and_shut()
        await self._say_gone()
        works = [task for _, task in self._works.values()]
        log.info("draining", jobs=len(works), within_s=within_s)
        if works:
            await asyncio.wait(works, timeout=within_s)
        await _cancel([task for _, task in self._works.values()])
        self._drained.set()

    async def _close(self) -> None:
        self._draining = True
        await _cancel([task for _, task in self._works.values()])
        await self._nursery.close()
        await self._say_gone()

    async def _say_gone(self) -> None:
        with contextlib.suppress(StoreError):
            await self.records.worker_gone(self.name)

    @property
    def busy(self) -> int:
        """How many jobs are in this worker's hands."""
        return len(self._works)

    async def _beat(self) -> None:
        """Say that we are alive, and keep spare children warm."""
        while not self._draining:
            for queue in self.queues:
                await self.records.beat(WorkerRow(name=self.name, queue=queue, slots=self.slots, seen_at=0.0))
                await self.bell.wake(queue)
            await self._nursery.warm()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await self._freed.wait()
            self._freed.clear()

    async def _sweep(self) -> None:
        """Remove the folders of jobs that have ended or are gone: left here by a worker that was killed."""
        while True:
            for folder in [path for path in self.folder.iterdir() if path.is_dir()]:
                row = await self.records.job(folder.name)
                if folder.name not in self._works and (row is None or row.state in ENDED):
                    await _remove(folder)
            await asyncio.sleep(SWEEP_S)

    # ---- the bell ----

    async def _listen(self, queue: Queue) -> None:
        """Have arq call `_answer` for each message, and begin anew whenever Redis was away."""
        while not self._draining:
            redis = self.bell.connect()
            carrier = self._carriers[queue] = Carrier(
                # Bells that come while all slots are taken are given back, which is no failure of theirs.
                [func(self._answer, name=CALL, timeout=CARRIED_S, max_tries=1_000_000)],
                ctx={"queue": queue},
                queue_name=carrier_name(queue),
                redis_pool=redis,
                handle_signals=False,
                max_jobs=self.slots,
                poll_delay=POLL_S,
                queue_read_limit=1000,
                keep_result=0,
                health_check_interval=15,
                job_serializer=pack,
                job_deserializer=unpack,
            )
            self._open_and_shut()
            try:
                await carrier.main()
            except AWAY as error:
                log.warning("no bells can be heard", queue=queue, error=type(error).__name__)
            finally:
                await asyncio.gather(*carrier.tasks.values(), return_exceptions=True)
                with contextlib.suppress(*AWAY):
                    await redis.aclose(close_connection_pool=True)
            await asyncio.sleep(AWAY_S)

    async def _answer(self, ctx: dict[str, Any], message: Message) -> None:
        """Begin the job in a task of our own; arq is done with it then."""
        queue: Queue = ctx["queue"]
        if not self._has_room(queue):
            raise Retry(defer=ELSEWHERE_S)
        if message.job in self._works:  # an older attempt, which will find its lease lost
            raise Retry(defer=RENEW_S)
        task = asyncio.create_task(self._begin(message), name=f"job {message.job}")
        self._works[message.job] = (queue, task)
        task.add_done_callback(lambda _: self._let_go(message.job))
        self._open_and_shut()

    def _has_room(self, queue: Queue) -> bool:
        at_work = sum(theirs == queue for theirs, _ in self._works.values())
        return not self._draining and not self._room.closed and at_work < self.slots

    def _open_and_shut(self) -> None:
        """Let arq read bells only while there is a slot, so that others get them at once."""
        for queue, carrier in self._carriers.items():
            carrier.allow_pick_jobs = self._has_room(queue)

    def _let_go(self, job: str) -> None:
        self._works.pop(job, None)
        self._open_and_shut()
        self._freed.set()

    # ---- one job ----

    async def _begin(self, message: Message) -> None:
        with structlog.contextvars.bound_contextvars(job=message.job):
            try:
                row = await self.records.take(message.job, message.attempt, self.name, seconds=self.lease_s)
                if row is None:
                    log.debug("somebody else's, or old", attempt=message.attempt)
                    return
                log.info("taken", attempt=row.attempt, crashes=row.crashes, tries=row.tries)
                await self._hold(_Work(row, Progress(row.stage, row.share), row.clip_s))
            except StoreError as error:  # the dispatcher rings again, or finds the lease lapsed
                log.warning("the store is away", error=str(error))
            except Exception:
                log.exception("the work on a job broke")

    async def _hold(self, work: _Work) -> None:
        """Do a job while its lease is kept; stop at once when it is cancelled, lost, or has to be put back."""
        doing = asyncio.create_task(self._do(work))
        keeping = asyncio.create_task(self._keep(work))
        telling = asyncio.create_task(self._tell(work))
        try:
            await asyncio.wait({doing, keeping}, return_when=asyncio.FIRST_COMPLETED)
            if not work.ending and not doing.done():
                await _cancel([doing])
                if keeping.result() == "canceled":
                    await self._end(work, "canceled", endings.CANCELED)
                else:
                    await self._lost(work)
            await asyncio.wait({doing})
        except asyncio.CancelledError:  # drained
            if not work.ending:
                await _cancel([doing])
                await self._again(work, crashed=False)
            await asyncio.wait({doing})
            raise
        finally:
            await _cancel([keeping, telling])
        if not doing.cancelled():
            doing.result()

    async def _keep(self, work: _Work) -> Literal["canceled", "lost"]:
        """Renew the lease every second until there is a reason to stop."""
        row = work.row
        until = time.monotonic() + self.lease_s
        while True:
            await asyncio.sleep(min(RENEW_S, self.lease_s / 3))
            if work.ending:
                continue
            now = time.monotonic()
            progress = work.progress
            try:
                kept = await self.records.renew(
                    row.id,
                    row.attempt,
                    self.name,
                    seconds=self.lease_s,
                    stage=progress.stage,
                    share=progress.share,
                    clip_s=work.clip_s,
                )
            except StoreError:
                kept = None if now > until else True
            else:
                until = now + self.lease_s
            if kept is not True and not work.ending:
                return "lost" if kept is None else "canceled"

    async def _tell(self, work: _Work) -> None:
        """Add the progress to the job's stream, as it changes; a slow Redis holds up nothing but this."""
        while True:
            await work.changed.wait()
            work.changed.clear()
            await self.bell.tell(work.row.id, work.progress)
            await asyncio.sleep(TELL_S)

    async def _do(self, work: _Work) -> None:
        """Perform a job from its upload to its commit."""
        try:
            answer = await self._perform(work)
            if answer is None:
                await self._crashed(work)
                return
            outcome = await self._put_away(work, answer.outcome)
        except Missing:
            await self._end(work, "failed", endings.NO_UPLOAD)
        except StoreError as error:
            log.warning("the store is away", error=str(error))
            await self._try_again(work, endings.NO_STORE, STORE_AGAIN_S)
        except TimeoutError:
            log.warning("too slow", deadline_s=self.deadline_s)
            await self._end(work, "failed", endings.TOO_SLOW)
        except OSError:  # a full disk, no memory for a child: nothing that the clip has done
            log.exception("the machine does not play along")
            await self._try_again(work, endings.BROKEN, STORE_AGAIN_S)
        except Exception:
            log.exception("the work on a job broke")
            work.code = BUG
            await self._crashed(work)
        else:
            await self._conclude(work, outcome, answer.again_s)

    async def _perform(self, work: _Work) -> Answer | None:
        """Have a child do the job, a suspect alone. Raises TimeoutError past the deadline; no child is left over."""
        row = work.row
        folder = self.folder / row.id
        folder.mkdir(mode=0o700, exist_ok=True)
        for name in ("upload", *row.request.get("beside", ())):
            if not (folder / name).exists():
                await self.blobs.get(f"{row.id}/{name}", folder / name)
        async with self._room.entered(alone=row.crashes > 0):
            models = keep_models(map(str, row.request.get("crew", {}).values()))
            child = await self._nursery.take(models=models)
            try:
                await self._insist(lambda: self.records.start(row.id, row.attempt, self.name))
                work.began = time.monotonic()
                async with asyncio.timeout(self.deadline_s):
                    return await child.perform(
                        row.id, folder, row.request, vendors=self._means(row.request), heard=work.heard
                    )
            finally:
                work.seconds = time.monotonic() - work.began
                work.code = await self._nursery.done(child, models=models)

    def _means(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the engines of a job need; keys only where one of them may want some."""
        embedded = CREW.validate_python(request.get("crew", {})) == Crew()
        if embedded and request.get("treatment") is None:
            return dict(VENDORS.dump_python(replace(self._vendors, openai_key="", replicate_token="")))
        return dict(VENDORS.dump_python(self._vendors))

    async def _put_away(self, work: _Work, outcome: Outcome) -> Outcome:
        """Store the files of an outcome under JOB/ATTEMPT/ and put their keys in the place of their names."""
        row = work.row
        keys: dict[str, str] = {}
        for name in (name for made in (*outcome.films, outcome.preview) for name in _files(made)):
            if name not in keys:
                keys[name] = f"{row.id}/{row.attempt}/{name}"
                await self.blobs.put(keys[name], _inside(self.folder / row.id, name))
        return replace(
            outcome,
            films=tuple(_with_keys(film, keys) for film in outcome.films),
            preview=_with_keys(outcome.preview, keys) if outcome.preview else None,
        )

    # ---- how it ends ----

    async def _conclude(self, work: _Work, outcome: Outcome, again_s: float | None) -> None:
        if again_s is not None:
            await self._try_again(work, outcome, again_s)
        elif outcome.code == Cancelled.code:  # not by us: somebody has told the child that the machine goes down
            await self._again(work, crashed=False)
        else:
            await self._end(work, _state(outcome), outcome)

    async def _crashed(self, work: _Work) -> None:
        metrics.CRASHES.labels(work.row.queue).inc()
        if work.row.crashes + 1 >= MOST_CRASHES:
            await self._end(work, "failed", endings.BROKEN if work.code == BUG else endings.CRASHED)
        else:
            await self._again(work, crashed=True)

    async def _try_again(self, work: _Work, outcome: Outcome, delay_s: float) -> None:
        """Put the job back for another try; when there was the last one, tell the outcome."""
        if work.row.tries + 1 >= MOST_TRIES:
            await self._end(work, "failed", outcome)
        else:
            await self._again(work, crashed=False, tried=True, delay_s=delay_s)

    async def _again(self, work: _Work, *, crashed: bool, tried: bool = False, delay_s: float = 0.0) -> None:
        row = work.row
        work.ending = True
        back = await self._insist(
            lambda: self.records.again(row.id, row.attempt, self.name, crashed=crashed, tried=tried, delay_s=delay_s)
        )
        log.info("put back" if back else "the lease was lost", crashed=crashed, tried=tried)

    async def _end(self, work: _Work, state: State, outcome: Outcome) -> None:
        """Write down how it ended, if the job is still ours, and clear up."""
        row = work.row
        work.ending = True
        ended = await self._insist(
            lambda: self.records.end(
                row.id,
                row.attempt,
                self.name,
                state=state,
                outcome=OUTCOME.dump_python(outcome, mode="json"),
                clip_s=work.clip_s,
                seconds=work.seconds if state == "succeeded" else None,
            )
        )
        if not ended and not await self._is_written(row, state):
            await self._lost(work)
            return
        log.info("ended", state=state, kind=outcome.kind, code=outcome.code, seconds=round(work.seconds, 2))
        metrics.JOBS.labels(row.queue, state).inc()
        if state == "succeeded":
            metrics.JOB_SECONDS.labels(row.queue).observe(work.seconds)
        await self.bell.knock(front_of(row))
        if state != "asking":  # that one goes on in its folder
            await _remove(self.folder / row.id)

    async def _lost(self, work: _Work) -> None:
        """Leave a job to whoever has it now, and take away what was stored for it by us."""
        log.warning("the lease was lost", attempt=work.row.attempt)
        await self.blobs.remove(f"{work.row.id}/{work.row.attempt}")

    async def _is_written(self, row: JobRow, state: State) -> bool:
        """Whether our own commit is there, whose acknowledgement was lost."""
        there = await self.records.job(row.id)
        return there is not None and there.attempt == row.attempt and there.state == state

    async def _insist(self, write: Callable[[], Awaitable[bool]]) -> bool:
        """Write, again and again while the database is away, for as long as a lease lasts."""
        until = time.monotonic() + self.lease_s
        while True:
            try:
                return await write()
            except StoreError:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(AWAY_S)


async def _steadily(duty: Callable[[], Awaitable[None]]) -> None:
    """Do a duty, and begin it anew when the store was away or a bug broke it: a worker does not stop for either."""
    while True:
        try:
            await duty()
            return
        except StoreError as error:
            log.warning("the store is away", error=str(error))
        except Exception:
            log.exception("a duty broke")
        await asyncio.sleep(AWAY_S)


async def _cancel(tasks: Iterable[asyncio.Task[Any]], again_s: float = CLEARED_S) -> None:
    """Cancel tasks until they have ended: redis-py, on Python 3.11, loses a cancel now and then."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=again_s)


async def _remove(folder: Path) -> None:
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _state(outcome: Outcome) -> State:
    states: dict[str, State] = {"question": "asking", "sentence": "failed"}
    return states.get(outcome.kind, "succeeded")


def _inside(folder: Path, name: str) -> Path:
    """Return the file that a child has named, if it lies in its folder; anything else is a bug or an attack."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError("a child named a file outside its folder")
    return path


def _files(made: Film | Preview | None) -> list[str]:
    """Return the names of all files that something is made of."""
    return [name for each in FILES if (name := getattr(made, each, None))]


def _with_keys(made: Made, keys: Mapping[str, str]) -> Made:
    names: dict[str, Any] = {each: keys[name] for each in FILES if (name := getattr(made, each, None))}
    return replace(made, **names)
