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
from tests.databases import order, postgresql_url

ROOT = Path(__file__).resolve().parents[1]

WRITER = """
import asyncio, sys
from tests.test_storage_database import write

print("ready", flush=True)
asyncio.run(write(sys.argv[1], "two"))
"""


async def write(url: str, name: str) -> None:
    """Write as a bot, a dispatcher and a worker do, as fast as it goes."""
    records = await Records.open(url)
    for n in range(25):
        job = f"{name}{n}"
        await order(records, job, person=f"telegram:{n}")
        attempt = await records.release(job)
        assert attempt
        assert await records.take(job, attempt, name, seconds=15)
        assert await records.end(job, attempt, name, state="succeeded", outcome={})
    await records.close()


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


async def test_a_caller_that_is_cancelled_leaves_no_lock_behind(records: Records, database_url: str) -> None:
    other = await Records.open(database_url)
    for n in range(40):
        cut_off = asyncio.create_task(order(records, f"job{n}", person=f"telegram:{n}"))
        await asyncio.sleep(n * 0.0004)  # anywhere between the first statement and the commit
        cut_off.cancel()
        await asyncio.wait_for(other.seen("telegram:7001"), 5)
    await other.close()
    await records.close()  # waits for what is still at work
    assert not records.at_work


async def test_a_ping_takes_a_moment(records: Records) -> None:
    assert 0 < await records.ping() < 5


async def test_processes_that_write_at_once_wait_for_each_other(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/records.db"
    words = [sys.executable, "-c", WRITER, url]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert await asyncio.to_thread(other.stdout.readline) == "ready\n"
        await write(url, "one")  # from the making of the tables on, in which they race as well
        said = await asyncio.to_thread(other.communicate, timeout=60)
    assert (other.returncode, *said) == (0, "", "")


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


@pytest.mark.parametrize(
    ("change", "said"), [("/postgres?", "no database of this name"), ("reelscore@", "user or password")]
)
async def test_what_postgresql_refuses_is_told(change: str, said: str) -> None:
    wrong = postgresql_url().replace(change, {"/postgres?": "/nothing?", "reelscore@": "nobody@"}[change])
    with pytest.raises(Down, match=said):
        await Records.open(wrong)
