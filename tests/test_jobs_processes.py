"""Programs are started in a session of their own and leave nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jobs.processes import PIPE, kill, start, stop

ENV = {"PATH": os.environ["PATH"]}

#: says its own id and that of a child in its session, then waits
FAMILY = (
    "import os, subprocess, sys, time; child = subprocess.Popen(['sleep', '600'], stdout=subprocess.DEVNULL); "
    "print(os.getpid(), child.pid, flush=True); time.sleep(600)"
)


def alive(pid: int) -> bool:
    """Whether the process runs; one that nobody has reaped yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def gone(*pids: int, within_s: float = 5.0) -> bool:
    until = time.monotonic() + within_s
    while any(map(alive, pids)) and time.monotonic() < until:
        await asyncio.sleep(0.01)
    return not any(map(alive, pids))


async def pids_of(process: asyncio.subprocess.Process) -> list[int]:
    assert process.stdout is not None
    return [int(word) for word in (await process.stdout.readline()).split()]


async def test_a_program_gets_its_environment_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123:secret")
    process = await start(sys.executable, "-c", "import os; print(sorted(os.environ))", env={"ONE": "1"}, stdout=PIPE)
    said, _ = await process.communicate()
    assert process.returncode == 0
    assert b"'ONE'" in said
    assert b"TELEGRAM" not in said


async def test_its_session_is_its_own() -> None:
    process = await start(sys.executable, "-c", "import os; print(os.getsid(0), os.getpid())", env=ENV, stdout=PIPE)
    said, _ = await process.communicate()
    session, pid = said.split()
    assert session == pid == str(process.pid).encode()


async def test_a_program_that_is_not_there_is_said_to_be() -> None:
    with pytest.raises(FileNotFoundError):
        await start("no-such-program", env=ENV)


async def test_stop_asks_first() -> None:
    polite = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(7)); print(1, flush=True); time.sleep(60)"
    process = await start(sys.executable, "-c", polite, env=ENV, stdout=PIPE)
    await pids_of(process)
    assert await stop(process, grace_s=10) == 7


async def test_stop_kills_who_does_not_listen_with_all_its_children() -> None:
    deaf = "import signal; signal.signal(15, signal.SIG_IGN); " + FAMILY
    process = await start(sys.executable, "-c", deaf, env=ENV, stdout=PIPE)
    pids = await pids_of(process)
    assert all(map(alive, pids))
    assert await stop(process, grace_s=0.2) == -signal.SIGKILL
    assert await gone(*pids)


async def test_what_a_program_leaves_behind_is_killed_as_well() -> None:
    leaves = "import os, subprocess; print(os.getpid(), subprocess.Popen(['sleep', '600'], stdout=-3).pid, flush=True)"
    process = await start(sys.executable, "-c", leaves, env=ENV, stdout=PIPE)
    pids = await pids_of(process)
    await process.wait()
    assert alive(pids[1])
    assert await stop(process, grace_s=1) == 0
    assert await gone(*pids)


async def test_kill_twice_is_no_fault() -> None:
    process = await start("sleep", "600", env=ENV)
    kill(process)
    assert await process.wait() == -signal.SIGKILL
    kill(process)


#: starts the program that it is given and waits for it
PARENT = """
import asyncio, signal, sys
from jobs.processes import start

async def main():
    child = await start(sys.executable, "-c", sys.argv[1], env={}, orphaned=signal.Signals(int(sys.argv[2])))
    await child.wait()

asyncio.run(main())
"""


def parent_of(code: str, orphaned: signal.Signals) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PARENT, code, str(int(orphaned))], stdout=subprocess.PIPE)


async def test_a_program_does_not_outlive_a_parent_that_is_killed() -> None:
    with parent_of("import os, time; print(os.getpid(), flush=True); time.sleep(600)", signal.SIGKILL) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.kill()
        assert await gone(child)


async def test_the_signal_for_an_orphan_can_be_chosen() -> None:
    tells = (
        "import os, signal, sys, time; signal.signal(15, lambda *_: (os.write(1, b'told\\n'), sys.exit())); "
        "print('up', flush=True); time.sleep(60)"
    )
    with parent_of(tells, signal.SIGTERM) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        parent.kill()
        assert parent.stdout.readline() == b"told\n"
