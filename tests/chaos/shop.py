"""A shop for the bars: records, blobs and a real Redis in a folder, and workers that are processes of their own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from jobs.job import ENDED, OUTCOME, REQUEST, Outcome, Request, new_id
from jobs.queue import Bell
from storage.blobs import Blobs
from storage.records import Caps, NewDelivery, NewJob, Records
from storage.tables import JobRow
from tests.servers import Redis

ROOT = Path(__file__).resolve().parents[2]
CAPS = Caps(10_000, 10_000, 10_000, 10_000)

#: a child that does what its request says: "work SECONDS", or "kill the worker"
CHILD = """
import json, os, sys, time
def say(**line): print(json.dumps(line), flush=True)
say(ready=True)
line = sys.stdin.readline()
if not line: sys.exit()
what, *words = json.loads(line)["request"]["what"].split()
say(progress={"stage": "music", "share": 0.5, "take": 1}, clip_s=3.0)
if what == "kill":
    time.sleep(0.2); os.kill(os.getppid(), 9); time.sleep(60)
time.sleep(float(words[0]))
say(outcome={"kind": "sentence", "sentence": "done", "code": "done"}, again_s=None)
"""
FAKE = (sys.executable, "-I", "-S", "-c", CHILD)


class Shop:
    """Where jobs are ordered and workers come and go."""

    def __init__(self, folder: Path, redis: Redis, records: Records) -> None:
        self.folder, self.redis, self.records = folder, redis, records
        self.blobs, self.bell = Blobs(str(folder / "blobs")), Bell(redis.url)
        self.workers: list[subprocess.Popen[bytes]] = []
        self.log = (folder / "log").open("wb")

    async def order(self, what: str | Request, *, person: str = "telegram:1", upload: Path | None = None) -> str:
        """Order a job: what a fake child shall do, or a request for a real clip."""
        job = new_id()
        if upload is None:
            await self.blobs.put_bytes(f"{job}/upload", b"clip")
        else:
            await self.blobs.put(f"{job}/upload", upload)
        request = {"what": what} if isinstance(what, str) else REQUEST.dump_python(what, mode="json")
        new = NewJob(id=job, source=job, queue="cpu", person=person, chat=person, request=request)
        await self.records.add_job(new, NewDelivery(id=job, job=job, front="telegram", reply_to={}), caps=CAPS)
        await self.bell.wake("cpu")
        return job

    def hire(self, *, slots: int = 1, fake: bool = True, bare: str = "", most_each: int = 1_000_000) -> int:
        """Start a worker; return its process id."""
        words = [str(self.folder), self.redis.url, str(slots), "--bare", bare, "--most-each", str(most_each)]
        command = [sys.executable, "-m", "tests.chaos.workshop", *words, *(["--fake"] if fake else [])]
        one = subprocess.Popen(command, cwd=ROOT, stdout=self.log, stderr=self.log, start_new_session=True)
        self.workers.append(one)
        return one.pid

    def kill(self, pid: int) -> None:
        """Kill a worker, as the system would for want of memory."""
        one = next(one for one in self.workers if one.pid == pid)
        one.kill()
        one.wait()
        self.workers.remove(one)

    def dead(self) -> list[int]:
        """Forget the workers that have died since, and return who they were."""
        gone = [one.pid for one in self.workers if one.poll() is not None]
        self.workers = [one for one in self.workers if one.pid not in gone]
        return gone

    async def row(self, job: str) -> JobRow:
        row = await self.records.job(job)
        assert row is not None, "a job has vanished"
        return row

    async def until(self, job: str, *states: str, within_s: float) -> JobRow | None:
        """Wait for a state; None when the time is over."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            row = await self.row(job)
            if row.state in states:
                return row
            await asyncio.sleep(0.02)
        return None

    async def all_ended(self, jobs: list[str], *, within_s: float) -> list[JobRow]:
        """Wait until all have ended, or the time is over; return how they stand."""
        until = time.monotonic() + within_s
        while True:
            rows = [await self.row(job) for job in jobs]
            if all(row.state in ENDED for row in rows) or time.monotonic() > until:
                return rows
            await asyncio.sleep(0.2)

    async def close(self) -> None:
        for one in self.workers:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)
            one.wait()
        self.log.close()
        await self.bell.close()
        await self.records.close()


@contextlib.asynccontextmanager
async def opened(*, appends: bool = True) -> AsyncIterator[Shop]:
    """Open a shop in a folder of its own; nothing of it is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="reelscore-chaos-") as place, Redis(appends=appends) as redis:
        folder = Path(place)
        (folder / "blobs").mkdir()
        shop = Shop(folder, redis, await Records.open(f"sqlite:///{folder / 'records.db'}"))
        try:
            yield shop
        finally:
            await shop.close()


def outcome(row: JobRow) -> Outcome | None:
    """Return how a job ended."""
    return OUTCOME.validate_python(row.outcome) if row.outcome else None
