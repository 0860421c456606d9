"""Music videos in the queue: shown before they are made, planned anew, and gone on with when their worker has died."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.treatments import treatment_of
from jobs.job import REQUEST, Request, new_id
from pipeline.film import picture_length, picture_size
from storage.records import Caps, NewDelivery, NewJob
from storage.tables import JobRow
from tests.drumbeats import make_song
from tests.servers import redis_server  # noqa: F401
from tests.small_films import CHILD, PROGRAM, SIDE
from tests.test_jobs_worker import LEASE_S, PATIENCE_S, ROOT, Shop, said, shop  # noqa: F401

LRC = "[00:00.50]Walking home tonight\n[00:02.00]neon in the rain\n[00:04.00]calling out"
REQUESTED = Request(treatment=treatment_of("a boat on the sea, 24 fps, 1:1, fast cuts", LRC), go=False)

#: a child whose illustrator writes down what it has drawn, and rests for ever before a picture when it is told to
COUNTING = """
import time
from pathlib import Path
from pipeline.illustrators import painted
notes, rest = Path({notes!r}), Path({rest!r})
draw = painted.{hand}.draw
def counting(self, picture, style, *, size, **more):
    if size[0] >= {side} and rest.exists() and picture.name in rest.read_text().split():
        with notes.open("a") as out: out.write("resting\\n")
        time.sleep(600)
    painting = draw(self, picture, style, size=size, **more)
    with notes.open("a") as out: out.write(f"{{picture.name}}/{{size[0]}}\\n")
    return painting
painted.{hand}.draw = counting
child.main()
"""


class Paper:
    """What a child's illustrator has written down."""

    def __init__(self, folder: Path) -> None:
        self.notes, self.rest = folder / "notes", folder / "rest"
        self.notes.touch()

    @property
    def child(self) -> tuple[str, ...]:
        program = COUNTING.format(notes=str(self.notes), rest=str(self.rest), side=SIDE, hand="Painter")
        return (sys.executable, "-c", f"{PROGRAM}{program}")

    @property
    def lines(self) -> list[str]:
        return self.notes.read_text().split()

    @property
    def drawn(self) -> list[str]:
        """The names of the pictures that were drawn as they are in the film."""
        sizes = [line.split("/") for line in self.lines if "/" in line]
        return [name for name, size in sizes if int(size) >= SIDE]


async def order(shop: Shop, request: Request = REQUESTED) -> str:  # noqa: F811
    """Put a music video for six seconds of song into the queue."""
    job = new_id()
    await shop.blobs.put(f"{job}/upload", make_song(shop.folder / "song.wav", seconds=6.0))
    new = NewJob(
        id=job, source=job, queue="cpu", person="p", chat="c", request=REQUEST.dump_python(request, mode="json")
    )
    await shop.records.add_job(new, NewDelivery(id=job, job=job, front="telegram", reply_to={}), caps=Caps())
    await shop.bell.wake("cpu")
    return job


async def answer(shop: Shop, job: str, request: Request) -> None:  # noqa: F811
    assert await shop.records.answer(job, REQUEST.dump_python(request, mode="json"))
    await shop.bell.wake("cpu")


async def previewed(shop: Shop, job: str) -> JobRow:  # noqa: F811
    row = await shop.until(job, "asking", "failed", "succeeded", within_s=150)
    assert row.state == "asking", row.outcome
    return row


async def test_a_preview_is_changed_and_made_in_its_folder(shop: Shop, tmp_path: Path) -> None:  # noqa: F811
    paper = Paper(tmp_path)
    shop.open(slots=1, child=paper.child)
    job = await order(shop)
    first = said(await previewed(shop, job)).preview
    assert first is not None
    assert await shop.blobs.size(first.contact)
    assert (first.facts.lines, first.facts.timed, first.usd) == (3, True, 0.0)
    assert first.facts.tempo == pytest.approx(120, rel=0.02)
    assert paper.drawn == []  # nothing but sketches
    heard = (shop.jobs / job / "sound.wav").stat().st_mtime_ns

    assert REQUESTED.treatment
    wanted = replace(REQUESTED, treatment=replace(REQUESTED.treatment, look="noir"))
    await answer(shop, job, wanted)
    row = await previewed(shop, job)
    second = said(row).preview
    assert second is not None
    assert second.contact != first.contact
    assert second.facts.look != first.facts.look
    assert (shop.jobs / job / "sound.wav").stat().st_mtime_ns == heard  # it was listened to before

    await answer(shop, job, replace(wanted, go=True))
    row = await shop.until(job, "succeeded", "failed", within_s=150)
    (film,) = said(row).films
    assert film.facts == second.facts
    assert sorted(paper.drawn) == sorted(set(second.facts.shown))
    got = await shop.blobs.get(film.film, tmp_path / "film.mp4")
    assert picture_size(got) == (SIDE, SIDE)
    lengths = picture_length(got)
    assert lengths.picture_end - lengths.picture_start == pytest.approx(6.0, abs=1 / 24)
    assert (row.attempt, row.crashes) == (3, 0)
    assert not (shop.jobs / job).exists()


#: a worker and its dispatcher as a program, with a child of the test's own
WORKER = """
import asyncio, sys
from pathlib import Path
from storage.blobs import Blobs
from storage.records import Records
from jobs.dispatcher import Dispatcher
from jobs.queue import Bell
from jobs.worker import Worker

async def main(folder, redis, lease_s, *child):
    records = await Records.open(f"sqlite:///{folder / 'records.db'}")
    blobs, bell = Blobs(str(folder / "blobs")), Bell(redis)
    worker = Worker(records, blobs, bell, queues=["cpu"], slots=1, folder=folder / "jobs", child=child, lease_s=lease_s)
    dispatcher = Dispatcher(records, blobs, bell, "cpu", owner=worker.name, most_each=10)
    await asyncio.gather(worker.run(), dispatcher.run())

asyncio.run(main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), *sys.argv[4:]))
"""


@contextlib.contextmanager
def a_worker(shop: Shop, child: tuple[str, ...]) -> Iterator[subprocess.Popen[bytes]]:  # noqa: F811
    command = [sys.executable, "-c", WORKER, str(shop.folder), shop.redis.url, str(LEASE_S), *child]
    with (shop.folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def test_a_worker_that_dies_amid_the_pictures_has_none_drawn_twice(shop: Shop, tmp_path: Path) -> None:  # noqa: F811
    paper = Paper(tmp_path)
    with a_worker(shop, paper.child) as first:
        job = await order(shop)
        preview = said(await previewed(shop, job)).preview
        assert preview is not None
        pictures = list(dict.fromkeys(preview.facts.shown))
        assert len(pictures) > 1
        paper.rest.write_text(" ".join(pictures[1:]))
        await answer(shop, job, replace(REQUESTED, go=True))
        kept = shop.jobs / job / ".checkpoints" / f"pictures-{pictures[0]}.json"
        until = time.monotonic() + PATIENCE_S
        while not kept.exists() or "resting" not in paper.lines:
            assert time.monotonic() < until, paper.lines
            await asyncio.sleep(0.05)
        assert paper.drawn == pictures[:1]
        first.kill()
        first.wait()
    paper.rest.unlink()
    shop.open(slots=1, child=paper.child, lease_s=LEASE_S)
    row = await shop.until(job, "succeeded", "failed", within_s=150)
    assert (row.state, row.crashes) == ("succeeded", 1)
    assert Counter(paper.drawn) == Counter(pictures)  # each of them once, the first one by the worker that died
    assert set(Counter(line for line in paper.lines if "/" in line).values()) == {1}  # and so were the sketches
    (film,) = said(row).films
    assert film.facts is not None
    assert list(dict.fromkeys(film.facts.shown)) == pictures
    got = await shop.blobs.get(film.film, tmp_path / "film.mp4")
    assert picture_length(got).picture_end == pytest.approx(6.0, abs=1 / 24)


async def test_a_track_that_is_none_is_told(shop: Shop) -> None:  # noqa: F811
    shop.open(slots=1, child=CHILD)
    job = await order(shop)
    await shop.blobs.put_bytes(f"{job}/upload", b"<!doctype html><html><body>404</body></html>")
    outcome = said(await shop.until(job, "failed", "asking", within_s=60))
    assert outcome.code == "bad_media"
    assert "web page" in outcome.sentence
    assert outcome.hint
