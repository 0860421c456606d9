"""Jobs are done, whatever dies meanwhile: real Redis, SQLite and processes, and children that are told what to do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis as Client

from jobs import endings
from jobs.children import PERFORMANCE, environment
from jobs.dispatcher import Dispatcher
from jobs.job import OUTCOME, REQUEST, Outcome, Request, new_id
from jobs.queue import Bell, carrier_name
from jobs.worker import Worker
from pipeline.backends import Crew, Vendors
from storage.blobs import Blobs
from storage.records import Caps, NewDelivery, NewJob, Records
from storage.tables import JobRow
from tests.media import make_clip
from tests.servers import Redis, redis_server  # noqa: F401
from tests.test_jobs_processes import alive

#: a child that does what its request says; it notes each start in its folder's "starts"
CHILD = """
import json, os, signal, subprocess, sys, time
def say(**line): print(json.dumps(line), flush=True)
def show(share): say(progress={"stage": "music", "share": share, "take": 1}, clip_s=3.0)
say(ready=True)
line = sys.stdin.readline()
if not line: sys.exit()
task = json.loads(line)
folder, what = task["folder"], task["request"]["what"]
with open(folder + "/starts", "a") as starts: starts.write("x")
began = len(open(folder + "/starts").read())
done = {"kind": "sentence", "sentence": str(began), "code": "refused"}
def film():
    for name in ("film.mp4", "thumb.jpg", "music.wav", "song.m4a", "stems.zip", "cues.json"):
        open(folder + "/" + name, "w").write(name)
    film = dict(film="film.mp4", bytes=8, seconds=3.0, width=4, height=4, copied=True, thumbnail="thumb.jpg",
        music="music.wav", song="song.m4a", stems="stems.zip", midi=None, sheet="cues.json", cues=[], style="x",
        seed=1, hit_rate=None, cuts=0)
    return {"kind": "films", "films": [film]}
if what == "film":
    show(0.5); say(outcome=film(), again_s=None)
elif what == "film late":
    if began == 1: time.sleep(4)
    show(0.5); say(outcome=film(), again_s=None)
elif what == "quick": say(outcome=done)
elif what == "second": show(0.2); time.sleep(1.0); say(outcome=done)
elif what == "die": os.kill(os.getpid(), 9)
elif what == "bug": raise RuntimeError("a bug")
elif what == "die once":
    if began == 1: os.kill(os.getpid(), 9)
    say(outcome=done)
elif what == "kill worker":
    show(0.1); os.kill(os.getppid(), 9); time.sleep(60)
elif what == "for ever" or (what == "first for ever" and began == 1):
    child = subprocess.Popen(["sleep", "600"]); open(folder + "/pids", "w").write(f"{os.getpid()} {child.pid}")
    show(0.1); time.sleep(600)
elif what == "first for ever": say(outcome=done)
elif what == "flaky":
    say(outcome={"kind": "sentence", "sentence": "The model is busy.", "code": "unavailable"}, again_s=0.01)
elif what == "ask": say(outcome={"kind": "question", "code": "undecided"})
elif what == "silent": say(outcome={"kind": "nothing"})
elif what == "escape":
    made = film(); made["films"][0]["film"] = "../../../etc/hostname"; say(outcome=made)
elif what == "nonsense": print("{")
elif what == "env": say(outcome={"kind": "sentence", "sentence": json.dumps(sorted(os.environ))})
elif what == "cancelled":
    say(outcome={"kind": "sentence", "sentence": "x", "code": "cancelled"} if began == 1 else done)
"""

PATIENCE_S = 60.0  # on a machine that does ten other things; nobody waits for it else
LEASE_S = 1.5  # short, so that a test need not wait for fifteen seconds
ROOT = Path(__file__).resolve().parents[1]

FAKE = (sys.executable, "-I", "-S", "-c", CHILD)


class Shop:
    """Records, blobs, Redis and a folder; workers and dispatchers come and go in it."""

    def __init__(self, folder: Path, redis: Redis, records: Records) -> None:
        self.folder, self.redis, self.records = folder, redis, records
        self.blobs = Blobs(str(folder / "blobs"))
        self.bell = Bell(redis.url)
        self.jobs = folder / "jobs"
        self._tasks: list[asyncio.Task[None]] = []

    async def order(
        self,
        what: str = "quick",
        *,
        person: str = "telegram:1",
        upload: Path | None = None,
        crew: dict[str, str] | None = None,
    ) -> str:
        job = new_id()
        if upload is None:
            await self.blobs.put_bytes(f"{job}/upload", b"clip")
        else:
            await self.blobs.put(f"{job}/upload", upload)
        request: dict[str, Any] = (
            {"what": what, "crew": crew or {}}
            if upload is None
            else REQUEST.dump_python(Request(crew=Crew(**(crew or {}))), mode="json")
        )
        new = NewJob(id=job, source=job, queue="cpu", person=person, chat=person, request=request)
        delivery = NewDelivery(id=job, job=job, front="telegram", reply_to={})
        await self.records.add_job(new, delivery, caps=Caps())
        await self.bell.wake("cpu")
        return job

    def worker(self, *, slots: int = 2, child: Sequence[str] = FAKE, **more: Any) -> Worker:
        worker = Worker(
            self.records, self.blobs, self.bell, queues=["cpu"], slots=slots, folder=self.jobs, child=child, **more
        )
        self._tasks.append(asyncio.create_task(worker.run()))
        return worker

    def dispatcher(self, **more: Any) -> Dispatcher:
        dispatcher = Dispatcher(self.records, self.blobs, self.bell, "cpu", owner=new_id(), **more)
        self._tasks.append(asyncio.create_task(dispatcher.run()))
        return dispatcher

    def open(self, **more: Any) -> Worker:
        self.dispatcher(most_each=10)
        return self.worker(**more)

    async def until(self, job: str, *states: str, within_s: float = PATIENCE_S) -> JobRow:
        until = time.monotonic() + within_s
        while True:
            row = await self.records.job(job)
            assert row is not None
            if row.state in states:
                return row
            assert time.monotonic() < until, f"{row.state} after {within_s} s"
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.bell.close()
        await self.records.close()


@pytest.fixture
async def shop(tmp_path: Path, redis_server: Redis) -> AsyncIterator[Shop]:  # noqa: F811
    shop = Shop(tmp_path, redis_server, await Records.open(f"sqlite:///{tmp_path / 'records.db'}"))
    yield shop
    await shop.close()


async def family_of(shop: Shop, job: str) -> list[int]:
    """Return the process ids of a child that works for ever, and of its own child."""
    await shop.until(job, "running")
    pids = shop.jobs / job / "pids"
    until = time.monotonic() + PATIENCE_S
    while not pids.exists() or len(pids.read_text().split()) < 2:
        assert time.monotonic() < until
        await asyncio.sleep(0.02)
    return list(map(int, pids.read_text().split()))


def said(row: JobRow) -> Outcome:
    return OUTCOME.validate_python(row.outcome)


async def test_a_job_becomes_a_film_in_the_store(shop: Shop) -> None:
    shop.open()
    job = await shop.order("film")
    row = await shop.until(job, "succeeded")
    (film,) = said(row).films
    assert film.film == f"{job}/1/film.mp4"
    assert film.midi is None
    assert await shop.blobs.size(film.film) == 8
    assert row.clip_s == 3.0
    (delivery,) = await shop.records.deliveries_of(job)
    assert delivery.state == "due"
    assert await shop.bell.knocked("telegram", 2.0)
    assert [progress.share for _, progress in await shop.bell.heard(job)] == [0.5]
    assert not (shop.jobs / job).exists()


async def test_what_a_child_says_decides_how_the_job_ends(shop: Shop) -> None:
    shop.open(slots=3)
    silent, ask, quick = [await shop.order(what) for what in ("silent", "ask", "quick")]
    assert said(await shop.until(silent, "succeeded")).kind == "nothing"
    assert said(await shop.until(ask, "asking")).kind == "question"
    assert said(await shop.until(quick, "failed")).code == "refused"
    assert (shop.jobs / ask).exists()  # the answer goes on in it
    assert await shop.records.answer(ask, {"what": "second"})
    assert said(await shop.until(ask, "failed")).sentence == "2"


async def test_what_may_go_better_is_tried_three_times_and_then_told(shop: Shop) -> None:
    shop.open()
    job = await shop.order("flaky")
    row = await shop.until(job, "failed")
    assert said(row).sentence == "The model is busy."
    assert (row.tries, row.attempt, row.crashes) == (2, 3, 0)


@pytest.mark.parametrize(
    ("what", "ending"),
    [
        ("die", endings.CRASHED),
        ("bug", endings.BROKEN),
        ("nonsense", endings.CRASHED),
        ("escape", endings.BROKEN),
    ],
)
async def test_a_child_that_dies_or_lies_is_given_up_beside_innocents(shop: Shop, what: str, ending: Outcome) -> None:
    shop.open(slots=3)
    guilty = await shop.order(what)
    innocents = [await shop.order("quick", person=f"telegram:{number}") for number in range(2, 5)]
    row = await shop.until(guilty, "failed")
    assert said(row) == ending
    assert row.attempt == 2
    for job in innocents:
        assert (await shop.until(job, "failed")).attempt == 1
    assert await shop.blobs.keys(f"{guilty}/1") == []


async def test_a_suspect_is_alone(shop: Shop) -> None:
    shop.dispatcher(most_each=10)
    suspect = await shop.order("die once")
    worker = shop.worker(slots=3)
    others = [await shop.order("second") for _ in range(4)]
    row = await shop.until(suspect, "failed")
    assert said(row).sentence == "2"
    rows = [await shop.until(job, "failed") for job in others]
    assert row.started_at is not None
    assert row.ended_at is not None
    for other in rows:
        assert other.started_at is not None
        assert other.ended_at is not None
        assert other.ended_at <= row.started_at + 0.1 or other.started_at >= row.ended_at - 0.1
    await worker.drain()
    assert worker.busy == 0


async def test_a_running_job_is_cancelled_within_two_seconds_and_nothing_is_left(shop: Shop) -> None:
    shop.open()
    job = await shop.order("for ever")
    family = await family_of(shop, job)
    assert all(map(alive, family))
    asked = time.monotonic()
    assert await shop.records.ask_cancel(job)
    row = await shop.until(job, "canceled")
    assert time.monotonic() - asked < 2
    assert said(row) == endings.CANCELED
    assert not any(map(alive, family))
    while (shop.jobs / job).exists():
        await asyncio.sleep(0.02)


async def test_a_waiting_job_that_is_cancelled_is_never_begun(shop: Shop) -> None:
    job = await shop.order("quick")
    assert await shop.records.ask_cancel(job)
    shop.open()
    other = await shop.order("quick")
    await shop.until(other, "failed")
    row = await shop.until(job, "canceled")
    assert row.attempt == 0


async def test_a_job_that_takes_too_long_is_told_so(shop: Shop) -> None:
    shop.open(deadline_s=0.3)
    job = await shop.order("for ever")
    assert said(await shop.until(job, "failed")) == endings.TOO_SLOW


async def test_a_clip_that_is_gone_is_told_to_be(shop: Shop) -> None:
    job = await shop.order("quick")
    await shop.blobs.remove(job)
    shop.open()
    assert said(await shop.until(job, "failed")) == endings.NO_UPLOAD


async def test_a_drain_lets_short_jobs_end_and_puts_long_ones_back(shop: Shop) -> None:
    worker = shop.open()
    short, long = await shop.order("second"), await shop.order("for ever")
    await family_of(shop, long)
    await shop.until(short, "running", "failed")
    await worker.drain(within_s=1.5)
    assert (await shop.until(short, "failed")).attempt == 1
    row = await shop.records.job(long)
    assert row is not None
    assert row.state == "waiting"
    assert row.crashes == 0
    assert await shop.records.slots("cpu") == 0


async def test_a_child_that_was_told_to_go_by_the_machine_has_not_failed(shop: Shop) -> None:
    shop.open()
    job = await shop.order("cancelled")
    row = await shop.until(job, "failed")
    assert (said(row).sentence, row.crashes) == ("2", 0)


async def test_redis_may_go_and_come_back_during_a_job(shop: Shop) -> None:
    shop.open(slots=1)
    job, after = await shop.order("second"), await shop.order("quick")
    await shop.until(job, "running")
    shop.redis.kill()
    assert (await shop.until(job, "failed")).attempt == 1  # it went on, and was written down, without Redis
    shop.redis.start()
    await shop.until(after, "failed")


async def test_a_redis_that_forgets_everything_loses_no_job(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    with Redis(tmp_path / "redis", appends=False) as redis:
        shop = Shop(tmp_path, redis, await Records.open(f"sqlite:///{tmp_path / 'records.db'}"))
        try:
            job = await shop.order("quick")
            attempt = await shop.records.release(job)
            assert attempt is not None
            assert await shop.bell.ring("cpu", job, attempt)
            redis.kill()
            redis.start()
            shop.worker()
            shop.dispatcher(ring_again_s=0.1)
            assert (await shop.until(job, "failed")).attempt == 1
        finally:
            await shop.close()


async def test_a_pickle_in_the_queue_runs_nothing(shop: Shop, tmp_path: Path) -> None:
    witness = tmp_path / "it ran"

    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(witness),)

    client = Client.from_url(shop.redis.url)
    await client.set("arq:job:bomb", pickle.dumps({"t": None, "f": Bomb(), "a": (), "k": {}, "et": 1}))
    await client.zadd(carrier_name("cpu"), {"bomb": 1})
    shop.open()
    assert (await shop.until(await shop.order("quick"), "failed")).attempt == 1
    assert await client.zscore(carrier_name("cpu"), "bomb") is None
    await client.aclose()
    assert not witness.exists()


#: a worker and its dispatcher as a program: folder, Redis, seconds of a lease, the child's code
PROGRAM = """
import asyncio, sys
from pathlib import Path
from storage.blobs import Blobs
from storage.records import Records
from jobs.dispatcher import Dispatcher
from jobs.queue import Bell
from jobs.worker import Worker

async def main(folder, redis, lease_s, child):
    records = await Records.open(f"sqlite:///{folder / 'records.db'}")
    blobs, bell = Blobs(str(folder / "blobs")), Bell(redis)
    child = (sys.executable, "-I", "-S", "-c", child)
    worker = Worker(records, blobs, bell, queues=["cpu"], slots=2, folder=folder / "jobs", child=child, lease_s=lease_s)
    dispatcher = Dispatcher(records, blobs, bell, "cpu", owner=worker.name, most_each=10)
    await asyncio.gather(worker.run(), dispatcher.run())

asyncio.run(main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), sys.argv[4]))
"""


@contextlib.contextmanager
def worker_program(shop: Shop) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", PROGRAM, str(shop.folder), shop.redis.url, str(LEASE_S), CHILD]
    with (shop.folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def test_a_job_outlives_its_worker(shop: Shop) -> None:
    with worker_program(shop) as first:
        job = await shop.order("first for ever")
        family = await family_of(shop, job)
        first.kill()
        first.wait()
    shop.open(lease_s=LEASE_S)
    row = await shop.until(job, "failed")
    assert (row.crashes, row.attempt) == (1, 2)
    assert said(row).sentence == "2"  # in the folder that the first one has left
    assert not any(map(alive, family[:1]))


async def test_a_job_that_kills_its_worker_is_given_up_and_innocents_are_not(shop: Shop) -> None:
    guilty = await shop.order("kill worker")
    innocents = [await shop.order("second") for _ in range(3)]
    for _ in range(2):
        with worker_program(shop) as program:
            until = time.monotonic() + PATIENCE_S
            while program.poll() is None:
                assert time.monotonic() < until
                await asyncio.sleep(0.05)
    shop.open(lease_s=LEASE_S)
    assert said(await shop.until(guilty, "failed")) == endings.CRASHED
    for job in innocents:
        assert said(await shop.until(job, "failed")).code == "refused"


async def test_a_worker_that_slept_past_its_lease_commits_nothing(shop: Shop) -> None:
    with worker_program(shop) as sleeper:
        job = await shop.order("film late")
        await shop.until(job, "running")
        os.kill(sleeper.pid, signal.SIGSTOP)
        shop.open(lease_s=LEASE_S)
        row = await shop.until(job, "succeeded")
        assert row.attempt == 2
        os.kill(sleeper.pid, signal.SIGCONT)
        until = time.monotonic() + PATIENCE_S
        while "the lease was lost" not in (shop.folder / "worker.log").read_text():
            assert time.monotonic() < until
            await asyncio.sleep(0.05)
    after = await shop.records.job(job)
    assert after is not None
    assert (after.attempt, after.outcome) == (2, row.outcome)
    assert await shop.blobs.keys(f"{job}/1") == []


#: a child with models: it tells who it is, stops a job for SIGUSR1, and waits for another one
RESIDENT = """
import json, os, signal, sys, time
def stop(*_): raise KeyboardInterrupt
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
while line := sys.stdin.readline():
    task = json.loads(line)
    signal.signal(signal.SIGUSR1, stop)
    said = {"kind": "sentence", "sentence": str(os.getpid())}
    try:
        if task["request"]["what"] == "for ever":
            open(task["folder"] + "/pids", "w").write(f"{os.getpid()} {os.getpid()}"); time.sleep(600)
        time.sleep(0.2)
    except KeyboardInterrupt:
        said = {"kind": "sentence", "sentence": "Stopped.", "code": "cancelled"}
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    kept = task["request"]["crew"]["composer"].startswith("musicgen")
    print(json.dumps({"outcome": said, "kept": kept}), flush=True)
    if not kept: break
"""


async def test_models_stay_in_one_child_for_all_jobs_that_want_them(shop: Shop) -> None:
    worker = shop.open(slots=3, child=(sys.executable, "-I", "-S", "-c", RESIDENT))
    wanted, embedded = {"composer": "musicgen:small"}, {"composer": "orchestra"}
    with_models = [await shop.order("quick", crew=wanted) for _ in range(3)]
    without = [await shop.order("quick", crew=embedded) for _ in range(2)]
    loaded = {said(await shop.until(job, "failed")).sentence for job in with_models}
    others = {said(await shop.until(job, "failed")).sentence for job in without}
    assert len(loaded) == 1, "the models were loaded more than once"
    assert len(others) == 2
    assert not loaded & others
    job = await shop.order("for ever", crew=wanted)
    pid = (await family_of(shop, job))[0]
    assert {str(pid)} == loaded
    await shop.records.ask_cancel(job)
    await shop.until(job, "canceled")
    assert said(await shop.until(await shop.order("quick", crew=wanted), "failed")).sentence == str(pid)
    await worker.drain(within_s=0)


async def test_a_child_with_models_that_does_not_leave_off_is_killed(shop: Shop) -> None:
    deaf = RESIDENT.replace("signal.signal(signal.SIGUSR1, stop)", "")
    shop.open(slots=2, child=(sys.executable, "-I", "-S", "-c", deaf))
    job = await shop.order("for ever", crew={"composer": "musicgen"})
    pid = (await family_of(shop, job))[0]
    await shop.records.ask_cancel(job)
    await shop.until(job, "canceled")
    other = await shop.order("quick", crew={"composer": "musicgen"})
    assert said(await shop.until(other, "failed")).sentence != str(pid)
    assert not Path(f"/proc/{pid}").exists()


async def test_keys_go_to_jobs_that_may_want_them(shop: Shop) -> None:
    worker = shop.worker(vendors=Vendors(openai_key="sk-1", replicate_token="r8-1", commercial=True))
    plain = worker._means({"crew": {"composer": "orchestra"}})
    assert (plain["openai_key"], plain["replicate_token"], plain["commercial"]) == ("", "", True)
    assert worker._means({"crew": {"composer": "replicate"}})["replicate_token"] == "r8-1"
    assert worker._means({"treatment": {}})["openai_key"] == "sk-1"


async def test_left_over_folders_are_swept(shop: Shop) -> None:
    for name in ("unknown", "waits"):
        (shop.jobs / name).mkdir(parents=True)
    await shop.records.add_job(
        NewJob(id="waits", source="waits", queue="gpu", person="p", chat="c", request={}), None, caps=Caps()
    )
    shop.worker()
    until = time.monotonic() + PATIENCE_S
    while (shop.jobs / "unknown").exists() and time.monotonic() < until:
        await asyncio.sleep(0.02)
    assert [path.name for path in shop.jobs.iterdir()] == ["waits"]


async def test_a_child_sees_no_secret(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = ("TELEGRAM_BOT_TOKEN", "DATABASE_URL", "REDIS_URL", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "PYTHON_KEY")
    for name in secrets:
        monkeypatch.setenv(name, "s3cret")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    seen = environment(os.environ)
    assert "s3cret" not in seen.values()
    assert {"PATH", "OMP_NUM_THREADS"} <= seen.keys()
    shop.open(env={"MORE": "1"})
    names = said(await shop.until(await shop.order("env"), "failed")).sentence
    assert "MORE" in names
    assert not any(name in names for name in secrets)


async def test_a_real_clip_is_scored_by_a_real_child(shop: Shop, tmp_path: Path) -> None:
    shop.open(slots=1, child=PERFORMANCE)
    job = await shop.order(upload=make_clip(tmp_path / "clip.mp4"))
    row = await shop.until(job, "succeeded", "failed", within_s=150)
    (film,) = said(row).films
    assert film.seconds == pytest.approx(3.0, abs=0.1)
    assert await shop.blobs.size(film.film) == film.bytes
