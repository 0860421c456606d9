"""The terminal as a front end: a clip goes through the queue, its film comes back to the place that was named.

It stands on the same desk and outbox as the chats. Each run is a front of its own ("terminal-" and six letters), so
that two of them at once, on one machine or on two, never take each other's films.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.desk import Asked, Desk, Person
from bot.exits import is_full_disk
from bot.text import measured
from bot.text import terminal as text
from jobs import endings
from jobs.deliveries import Deliveries, Parcel, Refused, Status, film_of
from jobs.dispatcher import front_of
from jobs.job import ENDED, OUTCOME, Film, Outcome, ReplyTo, Request, new_id
from pipeline.errors import Cancelled, Unavailable, UserError
from storage.errors import StoreError

if TYPE_CHECKING:
    from rich.console import Console

    from jobs.queue import Bell
    from pipeline.score import Score
    from storage.blobs import Blobs
    from storage.records import Caps, Records
    from storage.tables import JobRow

FRONT = "terminal"
SHOW_S = 0.5  # between two looks at how a job stands: nothing limits a terminal
LOOK_S = 0.2  # between two looks whether it is over
ALIVE_S = 3.0  # between two signs of life of a run
GONE_S = 30.0  # a run without one for so long is gone, and nobody waits for its film
QUIET_S = 5.0  # at least so long between two plain lines of one stage
MANY = 1_000_000  # this person owns the machine: what they may ask for in a day is theirs to say
STEM_BYTES = 4 * 1024**3  # of one part of the music; an hour of 24-bit stereo has 1 GB


def _person() -> str:
    return f"{FRONT}:{os.getuid()}"


def without_limits(caps: Caps) -> Caps:
    """Return the limits of the queue without those of a person: who sits at the terminal owns the machine."""
    whole = caps.queue_waiting
    return replace(caps, person_waiting=whole, chat_waiting=whole, person_a_day=MANY)


@dataclass(frozen=True)
class Written:
    """A film as it was written, and what the job said about it."""

    path: Path
    folder: Path  #: with its papers
    film: Film


class Terminal:
    """Sends one clip at a time through the queue and waits for its film."""

    def __init__(self, records: Records, blobs: Blobs, bell: Bell, *, desk: Desk, console: Console) -> None:
        self._records, self._blobs, self._bell, self._desk = records, blobs, bell, desk
        self._console = console
        self._front = f"{FRONT}-{new_id()[:6]}"

    async def score(self, clip: Path, request: Request, *, to: Path, folder: Path) -> list[Written]:
        """Return the films, one for each take, the first one at `to`; their papers lie in `folder`.

        Raises the UserError that the job ended with, and Cancelled when somebody has stopped it. When this is
        cancelled, so is the job.
        """
        with _shown(self._console) as view:
            messenger = Place(self._front, view)
            deliveries = Deliveries(self._records, self._blobs, self._bell, messenger, show_s=SHOW_S)
            stop = asyncio.Event()
            running = [asyncio.create_task(deliveries.run(stop)), asyncio.create_task(self._stay(stop))]
            try:
                await self._say_here()  # before there is a job that others could take for left behind
                job = await self._desk.submit(self._asked(clip, request, to, folder))
                try:
                    row = await self._wait(job)
                except asyncio.CancelledError:
                    await asyncio.shield(self._records.ask_cancel(job))
                    raise
            finally:
                stop.set()
                await asyncio.gather(*running, return_exceptions=True)
        return messenger.result(OUTCOME.validate_python(row.outcome), row.state)

    async def _stay(self, stop: asyncio.Event) -> None:
        """Say again and again that this run is there, and cancel the jobs of runs that were killed."""
        while not stop.is_set():
            with contextlib.suppress(StoreError):  # seen again in a moment
                await self._say_here()
                await self._cancel_left()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), ALIVE_S)

    async def _say_here(self) -> None:
        await self._records.hold(self._front, self._front, seconds=GONE_S)

    async def _cancel_left(self) -> None:
        for row in await self._records.not_ended(person=_person()):
            front = front_of(row)
            if front != self._front and await self._records.hold(front, self._front, seconds=0):
                await self._records.ask_cancel(row.id, outcome=OUTCOME.dump_python(endings.CANCELED, mode="json"))

    def _asked(self, clip: Path, request: Request, to: Path, folder: Path) -> Asked:
        async def fetch(path: Path) -> None:
            await asyncio.to_thread(shutil.copyfile, clip, path)

        place = {"to": str(to.absolute()), "folder": str(folder.absolute())}
        return Asked(
            source=f"{self._front}:{new_id()}",
            person=Person(_person(), admin=True),
            reply_to=ReplyTo(self._front, f"{self._front}:{os.getuid()}", place),
            request=request,
            fetch=fetch,
            size=clip.stat().st_size,
        )

    async def _wait(self, job: str) -> JobRow:
        """Wait until the job has ended and what it has to say was handed over."""
        while True:
            row = await self._records.job(job)
            if row is None:
                raise Cancelled(text.REMOVED)
            handed_over = [one.state in {"sent", "dead"} for one in await self._records.deliveries_of(job)]
            if row.state in ENDED and all(handed_over):
                return row
            await asyncio.sleep(LOOK_S)


class Place:
    """The messenger of the terminal: a placeholder is a line on the screen, a result is files at the place named."""

    def __init__(self, front: str, view: View) -> None:
        self.front = front
        self._view = view
        self._films: dict[str, Written] = {}
        self._problem: UserError | None = None

    async def open(self, delivery: str, reply_to: ReplyTo, status: Status) -> tuple[str, ReplyTo]:
        self._view.show(status)
        return delivery, reply_to

    async def show(self, message: str, reply_to: ReplyTo, status: Status) -> None:
        self._view.show(status)

    async def hand_over(self, parcel: Parcel) -> ReplyTo:
        """Write film and papers. What the disk refuses is no better a minute later, so it ends the delivery."""
        film = film_of(parcel)
        if film is not None:
            try:
                self._films[parcel.what] = await _write(parcel, film)
            except OSError as exc:
                self._problem = _of_disk(exc)
                raise Refused(self._problem.sentence) from exc
        return parcel.reply_to

    async def withdraw(self, message: str, reply_to: ReplyTo) -> None:
        """There is nothing on the screen that would have to go."""

    def text(self, reply_to: ReplyTo, status: Status) -> str:
        return repr(status)

    def result(self, outcome: Outcome, state: str) -> list[Written]:
        """Return the films that were written, or raise why there are none."""
        if self._problem is not None:
            raise self._problem
        if outcome.kind == "films" and len(self._films) == len(outcome.films):
            return [self._films[what] for what in sorted(self._films, key=_take_of)]
        if state == "canceled":
            raise Cancelled(outcome.sentence or text.STOPPED)
        raise _as_error(outcome)


def _take_of(what: str) -> int:
    return int(what.removeprefix("take-")) if what.startswith("take-") else 1


def _as_error(outcome: Outcome) -> UserError:
    """Make an error out of an outcome, with the class that its code belongs to."""
    kinds = {kind.code: kind for kind in UserError.__subclasses__()}
    kind = kinds.get(outcome.code, UserError)
    return kind(outcome.sentence or text.NO_FILM, hint=outcome.hint)


def _of_disk(exc: OSError) -> UserError:
    if is_full_disk(exc):
        return Unavailable(text.NO_SPACE, hint=text.NO_SPACE_HINT)
    return Unavailable(text.UNWRITTEN.format(why=exc.strerror or "the disk refused"), hint=text.LOCKED_HINT)


async def _write(parcel: Parcel, film: Film) -> Written:
    """Put the papers of a take into the folder and the film at its place, the film last and whole."""
    take = _take_of(parcel.what)
    to, folder = Path(parcel.reply_to.address["to"]), Path(parcel.reply_to.address["folder"])
    if take > 1:
        to, folder = to.with_stem(f"{to.stem}-take-{take}"), folder / f"take-{take}"
    papers = {"music.wav": film.music, "score.mid": film.midi, "cues.json": film.sheet}
    papers["certificate.json"] = film.certificate
    for name, key in papers.items():
        if key is not None:
            async with parcel.file(key) as path:
                await asyncio.to_thread(_copy, path, folder / name)
    if film.stems is not None:
        async with parcel.file(film.stems) as path:
            await asyncio.to_thread(_unpack, path, folder / "stems")
    async with parcel.file(film.film) as path:
        await asyncio.to_thread(_copy, path, to)
    return Written(to, folder, film)


def _copy(path: Path, to: Path) -> None:
    """Copy a file so that nobody ever sees a half of it; that what was there may go was settled when it was named."""
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(f".{to.name}.{os.getpid()}.part")
    try:
        shutil.copyfile(path, part)
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)


def _unpack(archive: Path, folder: Path) -> None:
    """Write the parts of the music; a name in the archive is a file's, never a way to another folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive) as packed:
        for entry in packed.infolist():
            name = Path(entry.filename).name
            if entry.is_dir() or not name or entry.file_size > STEM_BYTES:
                continue
            with packed.open(entry) as source, (folder / name).open("wb") as target:
                shutil.copyfileobj(source, target)


def read_score(written: Written) -> Score:
    """Read back from the papers what `reelscore score` would have returned."""
    from pipeline.certificate import Certificate
    from pipeline.cuesheet import CueSheet
    from pipeline.score import Score

    folder, midi = written.folder, written.folder / "score.mid"
    return Score(
        film=written.path,
        folder=folder,
        sheet=CueSheet.from_json((folder / "cues.json").read_bytes()),
        certificate=Certificate.from_json((folder / "certificate.json").read_bytes()),
        stems=tuple(sorted((folder / "stems").iterdir())),
        music=folder / "music.wav",
        midi=midi if midi.exists() else None,
        copied=written.film.copied,
        notes=written.film.notes,
    )


# ---- how it stands, on the screen ----


class View:
    """Shows how a job stands; the plain one says nothing twice."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last = ""
        self._said_at = 0.0

    def show(self, status: Status) -> None:
        said, share = words(status), share_of(status)
        if said != self._last:
            self._say(f"{said} ...")
        elif 0 < share < 1 and time.monotonic() - self._said_at > QUIET_S:
            self._say(f"{said}: {share:.0%}")
        else:
            return
        self._last, self._said_at = said, time.monotonic()

    def _say(self, line: str) -> None:
        self._console.print(line, soft_wrap=True)


class _Bar(View):
    """One bar that fills up while the words before it change."""

    def __init__(self, console: Console, progress: Any) -> None:
        super().__init__(console)
        self._progress = progress
        self._row = progress.add_task(text.SENDING, total=1.0, left="")

    def show(self, status: Status) -> None:
        left = text.LEFT.format(left=measured.clock(status.left_s)) if status.left_s is not None else ""
        self._progress.update(self._row, description=words(status), completed=share_of(status), left=left)


@contextlib.contextmanager
def _shown(console: Console) -> Iterator[View]:
    """Give a view that draws a bar on a terminal and prints lines elsewhere."""
    if not console.is_terminal:
        yield View(console)
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}", markup=False),
    )
    with Progress(*columns, console=console) as progress:
        yield _Bar(console, progress)


def words(status: Status) -> str:
    """Say what is done at the moment, or at which place the job waits."""
    if status.state in ENDED:
        return text.DONE
    if status.place is not None:
        return text.IN_QUEUE.format(place=status.place)
    if status.progress is None or not status.progress.stage:
        return text.STARTING
    said = text.STAGES.get(status.progress.stage, status.progress.stage)
    take = status.progress.take
    return text.TAKE.format(said=said, take=take, takes=status.takes) if take > 1 else said


def share_of(status: Status) -> float:
    if status.state in ENDED:
        return 1.0
    return status.progress.share if status.progress else 0.0
