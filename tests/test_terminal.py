"""The terminal as a front end: what it shows, where it writes, and how it ends when there is no film."""

from __future__ import annotations

import asyncio
import io
import time
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bot.desk import Desk
from bot.terminal import GONE_S, Place, Terminal, View, _person, share_of, without_limits, words
from bot.text import terminal as text
from jobs.deliveries import Parcel, Refused, Status
from jobs.job import OUTCOME, Film, Outcome, Progress, ReplyTo, Request
from pipeline.errors import BadMedia, Cancelled, Unavailable, UserError
from storage.blobs import Blobs
from storage.records import Caps, Records


def film(**more: Any) -> Film:
    names = {"film": "j/film", "thumbnail": "j/t", "music": "j/music", "song": "j/song", "stems": "j/stems"}
    rest = {"bytes": 4, "seconds": 1.0, "width": 2, "height": 2, "copied": True, "midi": None, "sheet": "j/sheet"}
    last = {"cues": (), "style": "epic", "seed": 1, "hit_rate": None, "cuts": 0, "certificate": "j/certificate"}
    return Film(**{**names, **rest, **last, **more})  # type: ignore[arg-type]


def parcel(files: Path, to: Path, folder: Path, *, what: str = "result", films: int = 1) -> Parcel:
    files.mkdir(exist_ok=True)
    for name in ("film", "music", "sheet", "certificate"):
        (files / name).write_text(name)
    with zipfile.ZipFile(files / "stems", "w") as packed:
        packed.writestr("drums.wav", "boom")
        packed.writestr("../../escape.wav", "boom")

    @asynccontextmanager
    async def file(key: str) -> AsyncIterator[Path]:
        yield files / key.removeprefix("j/")

    place = {"to": str(to), "folder": str(folder)}
    outcome = Outcome("films", films=(film(),) * films)
    return Parcel("d", "j", what, ReplyTo("terminal-x", "terminal-x:0", place), "m", Request(), outcome, file)  # type: ignore[arg-type]


def view() -> View:
    return View(Console(file=io.StringIO()))


async def test_the_film_and_its_papers_come_to_the_place_named(tmp_path: Path) -> None:
    place = Place("terminal-x", view())
    to, folder = tmp_path / "out.mp4", tmp_path / "out.reelscore"
    for what in ("take-2", "result"):
        await place.hand_over(parcel(tmp_path / "files", to, folder, what=what, films=2))
    await place.hand_over(parcel(tmp_path / "files", to, folder, films=2))  # it may be called again
    there = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    papers = {"music.wav", "cues.json", "certificate.json", "stems/drums.wav", "stems/escape.wav"}
    wanted = {"out.mp4", "out-take-2.mp4", *(f"out.reelscore/{name}" for name in papers)}
    wanted |= {f"out.reelscore/take-2/{name}" for name in papers}
    assert {name for name in there if not name.startswith("files/")} == wanted
    written = place.result(Outcome("films", films=(film(),) * 2), "succeeded")
    assert [one.path for one in written] == [to, tmp_path / "out-take-2.mp4"]
    assert not (tmp_path.parent / "escape.wav").exists()


async def test_a_disk_that_refuses_ends_the_delivery_with_a_sentence(tmp_path: Path) -> None:
    place = Place("terminal-x", view())
    (tmp_path / "taken").touch()
    with pytest.raises(Refused):
        await place.hand_over(parcel(tmp_path / "files", tmp_path / "taken" / "x.mp4", tmp_path / "papers"))
    with pytest.raises(Unavailable, match="could not be written"):
        place.result(Outcome("films", films=(film(),)), "succeeded")


@pytest.mark.parametrize(
    ("outcome", "state", "kind"),
    [
        (Outcome("sentence", sentence="No picture.", hint="Send one.", code="bad_media"), "failed", BadMedia),
        (Outcome("sentence", sentence="Stopped.", code="cancelled"), "canceled", Cancelled),
        (Outcome("sentence", sentence="It crashed.", code="strange"), "failed", UserError),
        (Outcome("nothing"), "succeeded", UserError),
        (Outcome("films", films=(film(),)), "succeeded", UserError),  # but none was written
    ],
)
def test_no_film_is_an_error_of_its_own_kind(outcome: Outcome, state: str, kind: type[UserError]) -> None:
    with pytest.raises(UserError) as ended:
        Place("terminal-x", view()).result(outcome, state)
    assert type(ended.value) is kind
    assert ended.value.sentence


def test_how_it_stands_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(file=io.StringIO(), width=200)
    shown = View(console)
    for status in (
        Status("j", "waiting", place=2),
        Status("j", "waiting", place=2),
        Status("j", "waiting", place=1),
        Status("j", "running"),
        Status("j", "running", progress=Progress("music", 0.4)),
        Status("j", "running", progress=Progress("music", 0.5)),
        Status("j", "running", progress=Progress("music", 0.9, take=2), takes=2),
    ):
        shown.show(status)
    said = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    music = text.STAGES["music"]
    first = ["Waiting, place 2 in the queue ...", "Waiting, place 1 in the queue ...", "Starting ..."]
    assert said == [*first, f"{music} ...", f"{music} (take 2 of 2) ..."]


def test_an_ended_job_is_full() -> None:
    assert (words(Status("j", "succeeded")), share_of(Status("j", "succeeded"))) == (text.DONE, 1.0)


class Silent:
    """A bell in an empty room."""

    async def knocked(self, front: str, seconds: float) -> bool:
        await asyncio.sleep(min(seconds, 0.05))
        return False


@asynccontextmanager
async def terminal(tmp_path: Path) -> AsyncIterator[tuple[Terminal, Records]]:
    records = await Records.open(f"sqlite:///{tmp_path}/r.db")
    blobs = Blobs(str(tmp_path / "blobs"))

    async def ring() -> None:
        pass

    desk = Desk(records, blobs, caps=without_limits(Caps()), ring=ring)
    try:
        yield Terminal(records, blobs, Silent(), desk=desk, console=Console(file=io.StringIO())), records  # type: ignore[arg-type]
    finally:
        await records.close()


async def found(records: Records) -> str:
    while not (rows := (await records.waiting("cpu")).jobs):
        await asyncio.sleep(0.02)
    return rows[0][0]


async def test_what_a_worker_says_comes_back_as_the_error(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"x")
    async with terminal(tmp_path) as (one, records):
        asked = asyncio.create_task(
            one.score(tmp_path / "clip.mp4", Request(), to=tmp_path / "o.mp4", folder=tmp_path / "o")
        )
        job = await found(records)
        attempt = await records.release(job)
        assert attempt
        assert await records.take(job, attempt, "me", seconds=9)
        assert await records.start(job, attempt, "me")
        outcome = OUTCOME.dump_python(Outcome("sentence", sentence="Broken.", code="bad_media"), mode="json")
        assert await records.end(job, attempt, "me", state="failed", outcome=outcome)
        with pytest.raises(BadMedia, match="Broken"):
            await asyncio.wait_for(asked, 5)


async def test_a_terminal_that_is_stopped_cancels_its_job(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"x")
    async with terminal(tmp_path) as (one, records):
        asked = asyncio.create_task(
            one.score(tmp_path / "clip.mp4", Request(), to=tmp_path / "o.mp4", folder=tmp_path / "o")
        )
        job = await found(records)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        row = await records.job(job)
        assert row is not None
        assert row.state == "canceled"


async def test_the_job_of_a_run_that_was_killed_is_canceled_by_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"x")
    asked = (tmp_path / "clip.mp4", Request())
    places = {"to": tmp_path / "o.mp4", "folder": tmp_path / "o"}
    async with terminal(tmp_path) as (one, records), terminal(tmp_path) as (two, _), terminal(tmp_path) as (three, _):
        records.now = lambda: time.time() - GONE_S - 1.0  # the first run has been silent for so long
        killed = asyncio.create_task(one.score(*asked, **places))
        left = await found(records)
        other = asyncio.create_task(two.score(*asked, **places))
        while not (jobs := [row for row in await three._records.not_ended(person=_person()) if row.id != left]):
            await asyncio.sleep(0.02)
        third = asyncio.create_task(three.score(*asked, **places))
        async with asyncio.timeout(30):
            while (row := await records.job(left)) is None or row.state != "canceled":
                await asyncio.sleep(0.02)
        (there,) = jobs
        assert there.state == "waiting", "a run that is there keeps its job"
        for task in (killed, other, third):
            task.cancel()
        await asyncio.gather(killed, other, third, return_exceptions=True)


def test_who_sits_at_the_terminal_has_no_limits_but_the_queues() -> None:
    caps = without_limits(Caps(queue_waiting=7, person_waiting=1, chat_waiting=1, person_a_day=1))
    assert (caps.queue_waiting, caps.person_waiting, caps.chat_waiting) == (7, 7, 7)
    assert caps.person_a_day > 1000
