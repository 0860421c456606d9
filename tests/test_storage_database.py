"""The connection: drivers, durability, many processes that write at once, and databases that are away."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from storage.database import database_url as parse
from storage.errors import Down
from storage.records import Records

ROOT = Path(__file__).resolve().parents[1]

#: writes as a bot and as a dispatcher do, as fast as it can
WRITER = """
import asyncio, sys
from storage.records import Caps, NewDelivery, NewJob, Records

async def main(url, name):
    records = await Records.open(url)
    for n in range(25):
        job = f"{name}{n}"
        new = NewJob(job, job, "cpu", f"telegram:{name}", "telegram:1", {})
        await records.add_job(new, NewDelivery(job, job, "telegram", {}), caps=Caps(999, 999, 999, 999))
        attempt = await records.release(job)
        await records.take(job, attempt, name, seconds=15)
        assert await records.end(job, attempt, name, state="succeeded", outcome={})
    await records.close()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:////var/lib/reelscore.db", "sqlite+aiosqlite"),
        ("sqlite+pysqlite:///here.db", "sqlite+aiosqlite"),
        ("postgres://user:pass@host/db", "postgresql+asyncpg"),
        ("postgresql+psycopg://user:pass@host:5433/db", "postgresql+asyncpg"),
    ],
)
def test_drivers_are_put_in(url: str, driver: str) -> None:
    assert parse(url).drivername == driver


def test_libpq_s_word_for_tls_becomes_asyncpg_s() -> None:
    assert dict(parse("postgresql://host/db?sslmode=require&application_name=x").query) == {
        "ssl": "require",
        "application_name": "x",
    }


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://host/db", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="database"):
        parse(url)


async def test_a_commit_on_sqlite_is_on_the_disk(tmp_path: Path) -> None:
    records = await Records.open(f"sqlite:///{tmp_path}/a folder/records.db")
    async with records._write() as session:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        assert [await session.scalar(text(f"PRAGMA {name}")) for name in pragmas] == ["wal", 2, 1, 30_000]
    await records.close()


async def test_a_reader_never_waits_for_a_writer(records: Records) -> None:
    async with records._write() as session:
        await records._finish_update(session, "telegram", "1")
        assert await asyncio.wait_for(records.updates("telegram"), 5) == []


async def test_a_ping_takes_a_moment(records: Records) -> None:
    assert 0 < await records.ping() < 5


def test_processes_that_write_at_once_wait_for_each_other(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/records.db"
    words = [sys.executable, "-c", WRITER, url]  # they also race for making the tables
    writers = [subprocess.Popen([*words, name], cwd=ROOT, stderr=subprocess.PIPE, text=True) for name in ("one", "two")]
    said = [writer.communicate(timeout=60)[1] for writer in writers]
    assert said == ["", ""]
    assert [writer.returncode for writer in writers] == [0, 0]


async def test_a_transaction_that_read_first_may_write(records: Records, tmp_path: Path) -> None:
    if records.is_postgresql:
        pytest.skip("a trap of SQLite's: there a snapshot that is no longer the latest cannot become a writer")
    async with records._write() as session:
        await session.scalar(text("SELECT count(*) FROM job"))
        with pytest.raises(sqlite3.OperationalError, match="locked"):  # nobody can come between
            sqlite3.connect(tmp_path / "records.db", timeout=0).execute("DELETE FROM job")
        await records._finish_update(session, "telegram", "1")


@pytest.mark.parametrize(
    "url", ["sqlite:////proc/nowhere/records.db", "postgresql://nobody@127.0.0.1:1/nothing?ssl=disable"]
)
async def test_a_database_that_is_away_is_down(url: str) -> None:
    with pytest.raises(Down):
        await Records.open(url)


async def test_a_file_that_is_no_database_is_down(tmp_path: Path) -> None:
    (tmp_path / "records.db").write_bytes(b"not a database at all, " * 100)
    with pytest.raises(Down):
        await Records.open(f"sqlite:///{tmp_path}/records.db")
