"""Forks bots from one process that has imported what they need: importing it takes longer than most of their lives.

Each is a process of its own, in a session of its own, and dies as every program does. The nursery reads one line of
JSON for each, answers with its number, and ends with whoever started it.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Forked:
    """A process that is not our child, held so that its number cannot come to mean another."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._held: int | None = None
        with contextlib.suppress(ProcessLookupError):  # it is dead already
            self._held = os.pidfd_open(pid)
            weakref.finalize(self, os.close, self._held)

    def poll(self) -> int | None:
        """Return None as long as it lives."""
        return 0 if self._held is None or select.select([self._held], [], [], 0)[0] else None

    def wait(self) -> None:
        if self._held is not None:
            select.select([self._held], [], [])

    def send_signal(self, number: int) -> None:
        if self._held is not None:
            signal.pidfd_send_signal(self._held, number)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.send_signal(signal.SIGKILL)


def fork(words: Sequence[str], env: Mapping[str, str], log: Path) -> Forked | subprocess.Popen[bytes]:
    """Start `python -m tests.chaos.front` with these words; its output goes to the end of `log`."""
    if not hasattr(os, "pidfd_open"):  # not Linux
        command, nothing = [sys.executable, "-m", "tests.chaos.front", *words], subprocess.DEVNULL
        with log.open("ab") as said:
            return subprocess.Popen(
                command, cwd=ROOT, env=env, stdin=nothing, stdout=said, stderr=said, start_new_session=True
            )
    nursery = _nursery()
    assert nursery.stdin
    assert nursery.stdout
    nursery.stdin.write(json.dumps([list(words), dict(env), str(log)]) + "\n")
    nursery.stdin.flush()
    return Forked(int(nursery.stdout.readline()))


@functools.cache
def _nursery() -> subprocess.Popen[str]:
    command, pipe = [sys.executable, "-m", "tests.chaos.nursery"], subprocess.PIPE
    nursery = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, start_new_session=True)
    atexit.register(nursery.communicate)  # which closes its stdin
    return nursery


def main() -> None:
    from bot import cli as cli
    from bot.telegram import front as front
    from tests.chaos.front import main as play

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are not kept
    while line := sys.stdin.readline():
        words, env, log = json.loads(line)
        if pid := os.fork():
            sys.stdout.write(f"{pid}\n")
            sys.stdout.flush()
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _become(env, log)
        sys.argv = ["front", *words]
        play()
        return


def _become(env: Mapping[str, str], log: str) -> None:
    """Make this process what it would be, had it been started anew."""
    os.setsid()
    os.environ.clear()
    os.environ.update(env)
    tempfile.tempdir = None
    nothing, said = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for end, place in ((nothing, 0), (said, 1), (said, 2)):
        os.dup2(end, place)
    os.close(nothing)
    os.close(said)


if __name__ == "__main__":
    main()
