"""The connection: SQLite or PostgreSQL, transactions that read or write, and our errors in the place of theirs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from inspect import iscoroutinefunction
from time import perf_counter
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import URL, Connection, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolEmpty
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from storage.errors import Down
from storage.tables import Table

BUSY_S = 30.0  # how long SQLite waits for another process's transaction; ours take milliseconds
CONNECT_S = 10.0  # PostgreSQL; beyond it the server counts as down
COMMAND_S = 60.0  # PostgreSQL; no statement of ours takes a second

#: what PostgreSQL says of itself and not of a statement, by the class of its SQLSTATE
#: (https://www.postgresql.org/docs/current/errcodes-appendix.html)
REFUSALS = {
    "28": "the database does not take this user or password",
    "3D": "there is no database of this name",
    "53": "the database is out of room, memory or connections",
    "57": "the database is starting or stopping",
}

D = TypeVar("D", bound="Database")
P = ParamSpec("P")
T = TypeVar("T")

ADMISSION = 0x5265656C  # "Reel": the advisory lock under which PostgreSQL counts and adds a job


def database_url(url: str) -> URL:
    """Put in the driver of ours. Raises ValueError for what is neither a SQLite file nor PostgreSQL."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ValueError("the database's address is not a URL") from error
    kind = parsed.drivername.partition("+")[0]
    if kind == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed.set(drivername="sqlite+aiosqlite")
    if kind not in ("postgres", "postgresql"):
        raise ValueError("the database is sqlite:///a/file or postgresql://...")
    parsed = parsed.set(drivername="postgresql+asyncpg")
    if (mode := parsed.query.get("sslmode")) is None:
        return parsed
    return parsed.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})  # asyncpg's word for it


def connect(url: URL, **options: Any) -> AsyncEngine:
    """Return an engine whose writing transactions never find each other's locks when it is too late to wait."""
    if url.get_backend_name() == "postgresql":
        timeouts = {"timeout": CONNECT_S, "command_timeout": COMMAND_S}
        return create_async_engine(url, connect_args=timeouts, pool_pre_ping=True, hide_parameters=True, **options)
    engine = create_async_engine(
        url, connect_args={"timeout": BUSY_S, "isolation_level": None}, hide_parameters=True, **options
    )
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _set_pragmas(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    # secure_delete: what is removed is overwritten, or a person who was forgotten could be read from the file
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", f"busy_timeout={round(BUSY_S * 1000)}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A transaction that begins by reading and writes later cannot wait for a lock: SQLite refuses it at once.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@asynccontextmanager
async def down() -> AsyncIterator[None]:
    """Raise Down for what a database that does not answer raises."""
    try:
        yield
    except (InterfaceError, OperationalError, PoolEmpty, OSError) as error:
        raise Down(f"the database does not answer ({type(error).__name__})") from error
    except DBAPIError as error:
        refusal = REFUSALS.get(str(getattr(error.orig, "sqlstate", ""))[:2])
        if refusal is None and not error.connection_invalidated:
            raise
        raise Down(refusal or "the database has gone away") from error


def whole(
    method: Callable[Concatenate[D, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[D, P], Coroutine[Any, Any, T]]:
    """Let a transaction end although its caller is cancelled: one that broke off half way may leave SQLite locked."""

    @wraps(method)
    async def to_its_end(self: D, /, *args: P.args, **kwargs: P.kwargs) -> T:
        task = asyncio.create_task(method(self, *args, **kwargs))
        self.at_work.add(task)
        task.add_done_callback(self.at_work.discard)
        return await asyncio.shield(task)

    return to_its_end


class Database:
    """What every part of the records stands on. Each public coroutine of what inherits from it is a `whole` one."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, method in list(vars(cls).items()):
            if not name.startswith("_") and iscoroutinefunction(method):
                setattr(cls, name, whole(method))

    def __init__(self, url: str, *, clock: Callable[[], float]) -> None:
        self.url = database_url(url)
        self.now = clock
        self.engine = connect(self.url)
        self.at_work: set[asyncio.Task[Any]] = set()  #: transactions; some have outlived their caller
        self._writer = self.engine.execution_options(writes=True)
        self._turn = asyncio.Lock()  # SQLite has one writer at a time; tasks of one process queue up in their order

    @property
    def is_postgresql(self) -> bool:
        return self.engine.dialect.name == "postgresql"

    async def close(self) -> None:
        """Let what is at work end, and close."""
        if self.at_work:
            await asyncio.wait(self.at_work)
        await self.engine.dispose()

    async def ping(self) -> float:
        """Return how many seconds a round trip takes. Raises Down."""
        begun = perf_counter()
        async with self._read() as session:
            await session.execute(text("SELECT 1"))
        return perf_counter() - begun

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction that only reads: it never waits for a writer."""
        async with down(), AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @asynccontextmanager
    async def _write(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction that may write; what raises inside undoes it."""
        if self.is_postgresql:
            async with down(), AsyncSession(self._writer, expire_on_commit=False) as session, session.begin():
                yield session
            return
        async with self._turn, down(), AsyncSession(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    async def _empty_log(self) -> None:
        """Cut SQLite's write-ahead log off: it holds old versions of all that was written since it began."""
        if self.is_postgresql:  # VACUUM and the recycling of its log are the server's own
            return
        async with self._turn, down(), self.engine.connect() as connection:
            raw = await connection.get_raw_connection()  # no transaction: within one there is no checkpoint
            assert raw.driver_connection is not None
            await (await raw.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")).close()

    def _insert(self, table: type[Table]) -> Any:
        """Return an INSERT that knows ON CONFLICT, which both databases have and SQL has not."""
        return postgresql.insert(table) if self.is_postgresql else sqlite.insert(table)
