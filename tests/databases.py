"""Databases for the tests: a SQLite file each, and one real PostgreSQL, from pgserver's wheel, on a Unix socket.

`database_url` and `records` are fixtures with both: a test that takes one of them runs twice. The PostgreSQL starts
once in a process, with the first test that wants it, and its tables are emptied for each.
"""

from __future__ import annotations

import atexit
import functools
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from storage.records import Caps, NewDelivery, NewJob, Records
from storage.tables import JobRow, Table

START_S = 15.0  # it takes one


def postgresql_programs() -> Path | None:
    """Return the folder of postgres and initdb: the wheel's, else the path's, else None."""
    wheel = importlib.util.find_spec("pgserver")  # found, not imported: it makes users and changes modes
    for folder in (wheel and wheel.submodule_search_locations) or ():
        programs = Path(folder) / "pginstall" / "bin"
        if (programs / "postgres").is_file():
            return programs
    there = shutil.which("postgres")
    return Path(there).parent if there else None


@functools.cache
def postgresql_url() -> str:
    """Start the server of this process, once; it stops when the process ends. Skips with a reason where it cannot."""
    programs = postgresql_programs()
    if programs is None:
        pytest.skip("no PostgreSQL: pgserver has no wheel for this machine")
    user = "nobody" if os.geteuid() == 0 else None  # it refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        programs = _within_reach(programs, folder)
    options = {"user": user, "cwd": folder, "stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
    made = subprocess.run(
        [
            programs / "initdb",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
            "-U",
            "reelscore",
            "-D",
            "d",
        ],
        stdout=subprocess.PIPE,
        timeout=60,
        **options,
    )
    if made.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"PostgreSQL cannot be set up here: {made.stdout.decode(errors='replace')[-200:]}")
    with (folder / "log").open("wb") as log:
        words = ["-D", "d", "-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=60"]
        server = subprocess.Popen([programs / "postgres", *words], stdout=log, start_new_session=True, **options)
    atexit.register(_stop, server, folder)
    ready = time.monotonic() + START_S
    while subprocess.run([programs / "pg_isready", "-q", "-h", str(folder)], check=False).returncode:
        assert server.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < ready, "PostgreSQL does not come up"
        time.sleep(0.05)
    return f"postgresql://reelscore@/postgres?host={folder}"


def _within_reach(programs: Path, folder: Path) -> Path:
    """Return a folder of the same programs that anybody may enter: a copy where an environment is root's alone."""
    if all(parent.stat().st_mode & stat.S_IXOTH for parent in programs.parents):
        return programs
    folder.chmod(0o755)
    libraries = programs.parents[2] / "pgserver.libs"  # found by where they lie from the programs
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    return Path(shutil.copytree(programs.parent, folder / "pgserver" / "pginstall", symlinks=True)) / "bin"


def _stop(server: subprocess.Popen[bytes], folder: Path) -> None:
    server.send_signal(signal.SIGQUIT)  # at once, without writing anything back
    try:
        server.wait(10)
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


class Clock:
    """A clock that stands until it is told to move."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a database: with no tables on SQLite, with empty ones or none on PostgreSQL."""
    return f"sqlite:///{tmp_path}/records.db" if request.param == "sqlite" else postgresql_url()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def records(database_url: str, clock: Clock) -> AsyncIterator[Records]:
    """Records of one's own, in both databases."""
    records = await Records.open(database_url, clock=clock)
    if records.is_postgresql:
        async with records.engine.begin() as connection:
            names = ", ".join(Table.metadata.tables)
            await connection.execute(text(f"TRUNCATE {names} CASCADE"))
    yield records
    await records.close()


def new_job(job: str, *, person: str = "telegram:7001", **values: Any) -> NewJob:
    made = {"source": f"source of {job}", "queue": "cpu", "chat": person, "request": {"brief": job}}
    return NewJob(id=job, person=person, **made | values)


def new_delivery(job: str, **values: Any) -> NewDelivery:
    made = {"id": f"{job}-0", "front": "telegram", "reply_to": {"front": "telegram", "chat": "telegram:7001"}}
    return NewDelivery(job=job, **made | values)


async def order(records: Records, job: str, *, person: str = "telegram:7001", **values: Any) -> JobRow:
    """Add a job with its delivery, whatever the caps."""
    delivery = new_delivery(job, reply_to={"front": "telegram", "chat": person})
    row, new = await records.add_job(new_job(job, person=person, **values), delivery, caps=Caps())
    assert new
    return row


async def put_to_work(records: Records, job: str, owner: str = "worker 1", *, seconds: float = 15.0) -> int:
    """Take a waiting job all the way to running; return its attempt."""
    attempt = await records.release(job)
    assert attempt is not None
    assert await records.take(job, attempt, owner, seconds=seconds)
    assert await records.start(job, attempt, owner)
    return attempt
