"""Start programs, and leave none behind: the only place in jobs and bot that does.

A program gets a session of its own, so that it can be killed with all it has started, and it cannot outlive this
process: Linux sends it a signal when the thread that called `start` ends, even by SIGKILL. So call `start` from the
main thread. No word of a person's belongs among the arguments.

This file is also the launcher that asks for that signal before it becomes the program:

    python -I -S processes.py PARENT SIGNAL -- PROGRAM ARGUMENT...
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the launcher does without: it starts in 15 ms instead of 80
    from asyncio.subprocess import Process

PR_SET_PDEATHSIG = 1  # linux/prctl.h

PIPE, DEVNULL = -1, -3  # as in asyncio.subprocess
LINE_BYTES = 8 << 20  # the longest line that can be read from a pipe; the library's 64 kB are fewer than a long outcome

REAP_S = 5.0  # how long a program that was killed may take to be gone; only a disk that hangs takes longer


async def start(
    program: str,
    *arguments: str,
    env: Mapping[str, str],
    folder: Path | None = None,
    stdin: int | None = DEVNULL,
    stdout: int | None = None,
    stderr: int | None = None,
    orphaned: signal.Signals = signal.SIGKILL,
) -> Process:
    """Start a program with exactly this environment, in its own session; `orphaned` is sent to it when we are gone.

    The streams are PIPE, DEVNULL, a file's descriptor, or None for our own. Raises FileNotFoundError when there is no
    such program on the path.
    """
    import asyncio

    found = shutil.which(program)
    if found is None:
        raise FileNotFoundError(program)
    launcher = (sys.executable, "-I", "-S", __file__, str(os.getpid()), str(int(orphaned)), "--")
    return await asyncio.create_subprocess_exec(
        *launcher,
        os.path.abspath(found),
        *arguments,
        env=dict(env),
        cwd=folder,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        limit=LINE_BYTES,
    )


async def stop(process: Process, *, grace_s: float) -> int:
    """Ask the program to end, then kill it and whatever it has left behind; return its exit status, -9 when killed."""
    import asyncio

    if process.returncode is None and grace_s > 0:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await process.wait()
    kill(process)
    async with asyncio.timeout(REAP_S):
        return await process.wait()


def kill(process: Process) -> None:
    """Kill the program and its session on the spot; one that is gone already is no fault."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # the latter: only its dead are left (macOS)
        os.killpg(process.pid, signal.SIGKILL)


def main() -> None:
    parent, orphaned = map(int, sys.argv[1:3])
    command = sys.argv[4:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, orphaned, 0, 0, 0)
        if os.getppid() not in (parent, 0):  # 0: the parent lives outside our process namespace
            sys.exit("the parent is gone")
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
