"""How the tables came to be what they are: one file per change in versions/, run by `upgrade` when records open.

A new one: change storage/tables.py, then write the next file by hand or with `alembic.command.revision`.
"""

from __future__ import annotations

import asyncio
import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, NullPool, text

from storage.database import BUSY_S, connect, down
from storage.errors import Down

LOCK = 0x52656572  # PostgreSQL's advisory lock while tables change

_one_at_a_time = threading.Lock()  # Alembic's context is one per process


async def upgrade(url: URL) -> None:
    """Bring the tables up to date; one process does it, others wait. Raises storage.errors.Down."""
    await asyncio.to_thread(_upgrade, url)


async def standing(url: URL) -> Literal["none", "older", "current", "newer"]:
    """Look how old the tables are, and change nothing. Raises storage.errors.Down."""
    if url.get_backend_name() != "postgresql" and not Path(str(url.database)).exists():
        return "none"
    engine = connect(url, poolclass=NullPool)
    try:
        async with down(), engine.connect() as connection:
            there = await connection.run_sync(_version)
    finally:
        await engine.dispose()
    if there is None:
        return "none"
    scripts = ScriptDirectory(str(Path(__file__).parent))
    known = [script.revision for script in scripts.walk_revisions()]  # the newest first
    return "current" if there == known[0] else "older" if there in known else "newer"


def _upgrade(url: URL) -> None:
    try:
        with _one_at_a_time, _alone(url):
            asyncio.run(_migrate(url))
    except (OSError, sqlite3.Error) as error:
        raise Down(f"the database cannot be opened: {error}") from error


@contextmanager
def _alone(url: URL) -> Iterator[None]:
    """Keep other processes away from a SQLite file: changing its journal mode cannot wait for a lock."""
    if url.get_backend_name() == "postgresql":
        yield  # an advisory lock in the transaction
        return
    database = Path(str(url.database))
    database.parent.mkdir(parents=True, exist_ok=True)
    with database.with_name(f"{database.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # let go of when the file closes, also by a death
        with closing(sqlite3.connect(database, timeout=BUSY_S, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")  # stays with the file
        yield


async def _migrate(url: URL) -> None:
    engine = connect(url, poolclass=NullPool).execution_options(writes=True)
    try:
        async with down(), engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            await connection.run_sync(_run)
    finally:
        await engine.dispose()


def _run(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    there = _version(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    # Tables of a newer release: they only ever gain columns with defaults, so an older release goes on with them.
    if there is None or there in known:
        command.upgrade(config, "head")


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
