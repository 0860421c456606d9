"""The programs: refused in time, restarted when they die, drained and gone when they are told."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from typer.testing import CliRunner

from bot import cli, parts, programs
from bot.parts import Part, end_in_order
from bot.settings import BotSettings
from bot.text import terminal as text
from jobs import processes
from jobs.job import Request
from jobs.settings import JobSettings, names
from pipeline.errors import Refused, Unavailable
from storage.errors import Down
from tests.media import make_clip
from tests.servers import Redis, needs_redis

ROOT = Path(__file__).resolve().parents[1]
TOKEN = "123456789:AAFakeFakeFakeFakeFakeFakeFakeFakeFa"


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder to start in; short, as a socket's path wants it."""
    with TemporaryDirectory(prefix="rs-") as folder:
        yield Path(folder)


def environment(**more: str) -> dict[str, str]:
    known = names(BotSettings)
    bare = {name: value for name, value in os.environ.items() if name not in known}
    return {
        **bare,
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error",
        "COLUMNS": "100",
        "OMP_NUM_THREADS": "1",
        **more,
    }


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "bot.cli", *map(str, words)]


def reelscore(*words: str | Path, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words), cwd=home, env=environment(**more), capture_output=True, text=True, timeout=120
    )


def left_in(home: Path) -> list[str]:
    """Return the programs that still work in a folder or below it, or for it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            told = (process / "cmdline").read_bytes().decode(errors="replace") + os.readlink(process / "cwd")
            if str(home) in told:
                found.append(told.replace("\0", " "))
    return found


# ---- what is refused ----


@pytest.mark.parametrize(
    ("words", "more", "said"),
    [
        (["run"], {}, [text.NOTHING_TO_DO, text.HOW_TO_TELEGRAM, text.HOW_TO_DISCORD]),
        (["run", "missing.mp4"], {}, ["There is no file missing.mp4."]),
        (["run"], {"REELSCORE_SLOT": "2"}, ["REELSCORE_SLOT.", "REELSCORE_SLOTS"]),
        (["bot"], {}, [text.NO_TOKENS, "TELEGRAM_BOT_TOKEN", "DISCORD_BOT_TOKEN"]),
        (["bot", "discord"], {"TELEGRAM_BOT_TOKEN": TOKEN}, ["DISCORD_BOT_TOKEN is not set"]),
        (["bot", "irc"], {}, ["'irc'", "telegram, discord"]),
        (["worker", "tpu"], {}, ["'tpu'", "cpu, gpu, io"]),
        (["sync"], {}, ["DISCORD_BOT_TOKEN is not set"]),
    ],
    ids=lambda case: " ".join(map(str, case)) if isinstance(case, list) else "",
)
def test_what_cannot_be_is_refused_with_what_to_do(
    words: list[str], more: dict[str, str], said: list[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    for name in names(BotSettings):
        monkeypatch.delenv(name, raising=False)
    for name, value in more.items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(cli.app, words)
    assert done.exit_code == 2, done.output
    flat = " ".join(done.stderr.split())
    for part in said:
        assert " ".join(part.split()) in flat
    assert TOKEN not in done.output
    assert list(home.iterdir()) == [], "nothing was made"


@pytest.mark.parametrize("program", ["bot", "worker"])
def test_without_redis_a_program_says_so_and_ends(program: str, home: Path) -> None:
    done = reelscore(program, home=home, REDIS_URL="redis://:hunter2@127.0.0.1:1", TELEGRAM_BOT_TOKEN=TOKEN)
    assert done.returncode == 2, done.stderr
    assert "No Redis server answers" in done.stderr
    assert "REDIS_URL" in done.stderr
    for part in (TOKEN, "hunter2", "Traceback"):
        assert part not in done.stderr + done.stdout


def test_a_bug_is_told_by_its_kind_and_its_text_goes_to_the_log_without_secrets(
    capfd: pytest.CaptureFixture[str],
) -> None:
    import typer

    from jobs.logs import redact

    with pytest.raises(typer.Exit) as ended, programs._errors_told():
        raise KeyError(f"hunter {TOKEN}")
    assert ended.value.exit_code == 1
    said = capfd.readouterr().err
    assert "KeyError" in said
    assert redact(TOKEN) != TOKEN
    assert TOKEN not in said


async def test_a_store_that_breaks_during_an_errand_is_told_to_who_waits(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(self: Any, *words: Any, **more: Any) -> None:
        raise Down("the disk for blobs is full")

    monkeypatch.setattr("bot.terminal.Terminal.score", broken)
    monkeypatch.setattr("jobs.queue.Bell.meet", lambda self, **more: asyncio.sleep(0))
    settings: BotSettings = BotSettings(data=home / "data")
    errand = programs.Errand(home / "clip.mp4", Request(), home / "film.mp4", home / "papers")
    with pytest.raises(Unavailable, match="disk for blobs is full"):
        await programs._score(settings, errand)


# ---- parts ----


def starter(*words: str) -> Callable[[], Awaitable[Any]]:
    return lambda: processes.start(sys.executable, "-c", *words, env=dict(os.environ))


async def kept(part: Part, until: Callable[[], bool], seconds: float = 10.0) -> None:
    task = asyncio.create_task(part.keep())
    try:
        async with asyncio.timeout(seconds):
            while not until() and not task.done():
                await asyncio.sleep(0.02)
        if task.done():
            task.result()
    finally:
        await part.end(grace_s=0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_part_that_dies_is_started_again_and_not_in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "FIRST_PAUSE_S", 0.05)
    begun: list[float] = []

    async def start() -> Any:
        begun.append(time.monotonic())
        return await processes.start("sleep", "60", env=dict(os.environ))

    part = Part("p", start, grace_s=1, hint="")

    def killed() -> bool:
        if part.process is not None and part.process.returncode is None and len(begun) < 4:
            processes.kill(part.process)
        return len(begun) == 4

    await kept(part, killed)
    pauses = [later - earlier for earlier, later in itertools.pairwise(begun)]
    assert pauses[0] >= 0.05
    assert pauses[2] >= 0.2, "each pause is twice the one before"


async def test_a_part_that_wants_something_changed_is_not_started_again() -> None:
    part = Part("bot", starter("raise SystemExit(2)"), grace_s=1, hint="see above")
    with pytest.raises(Refused, match="bot does not start") as refused:
        await kept(part, lambda: False)
    assert refused.value.hint == "see above"


async def test_a_part_that_cannot_be_started_says_so_the_first_time_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "FIRST_PAUSE_S", 0.01)
    tries = 0

    async def start() -> Any:
        nonlocal tries
        tries += 1
        if tries == 2:
            raise Unavailable("Away.")
        return await processes.start("true" if tries == 1 else "sleep", "60", env=dict(os.environ))

    await kept(Part("p", start, grace_s=1, hint=""), lambda: tries == 3)

    async def never() -> Any:
        raise Unavailable("Away.")

    with pytest.raises(Unavailable, match="Away"):
        await kept(Part("p", never, grace_s=1, hint=""), lambda: False)


async def test_what_another_run_has_started_is_watched_and_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "LOOK_S", 0.01)
    monkeypatch.setattr(parts, "FIRST_PAUSE_S", 0.01)
    looks = starts = 0

    async def start() -> Any:
        nonlocal starts
        starts += 1
        return None if starts == 1 else await processes.start("sleep", "60", env=dict(os.environ))

    async def there() -> bool:
        nonlocal looks
        looks += 1
        return looks < 3

    part = Part("redis", start, grace_s=1, hint="", there=there)
    await kept(part, lambda: part.process is not None)
    assert (looks, starts) == (3, 2)


async def test_parts_end_in_order_and_on_the_spot_when_there_is_a_hurry() -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"

    async def start() -> Any:
        process = await processes.start(sys.executable, "-c", stubborn, env=dict(os.environ), stdout=processes.PIPE)
        await process.stdout.readline()  # type: ignore[union-attr]
        return process

    both = [Part(name, start, grace_s=60, hint="") for name in ("worker", "redis")]
    tasks = [asyncio.create_task(part.keep()) for part in both]
    await asyncio.gather(*(part.up.wait() for part in both))
    hurry = asyncio.Event()
    ending = asyncio.create_task(end_in_order(both, hurry))
    await asyncio.sleep(0.1)
    assert not ending.done()
    hurry.set()
    await asyncio.wait_for(ending, 5)
    await asyncio.wait_for(asyncio.gather(*tasks), 5)
    assert all(part.process and part.process.returncode == -signal.SIGKILL for part in both)


def test_a_worker_is_started_without_tokens(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    for name in ("TELEGRAM_BOT_TOKEN", "DISCORD_BOT_TOKEN", "REELSCORE_WEBHOOK_SECRET"):
        monkeypatch.setenv(name, "123.abc." + "x" * 40 if "DISCORD" in name else "123:" + "x" * 40)
    settings = BotSettings(data=home, health_port=8000)
    seen = programs._environment(settings, "worker")
    assert not any("TOKEN" in name or "WEBHOOK" in name for name in seen)
    assert "x" * 40 not in json.dumps(seen)
    assert seen["REELSCORE_HEALTH_PORT"] == "8001"
    assert "TELEGRAM_BOT_TOKEN" in programs._environment(settings, "bot")
    assert all(seen[name] == str(home) for name in ("REELSCORE_DATA",))


# ---- bot and worker ----


@needs_redis
async def test_a_front_gets_what_it_needs_and_is_stopped_by_a_signal(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}

    async def front(**these: Any) -> None:
        given.update(these)
        os.kill(os.getpid(), signal.SIGTERM)
        await these["stop"].wait()

    monkeypatch.setattr(programs, "_front", lambda name: front)
    with Redis() as redis:
        settings = BotSettings(data=home / "data", REDIS_URL=redis.url)  # type: ignore[call-arg]
        await asyncio.wait_for(programs._speak(settings, ["telegram"]), 20)
    assert given.keys() == {"settings", "desk", "records", "blobs", "bell", "stop"}
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@needs_redis
async def test_a_front_that_is_refused_ends_the_bot(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def front(**_: Any) -> None:
        raise Refused("No such token.")

    monkeypatch.setattr(programs, "_front", lambda name: front)
    with Redis() as redis:
        settings = BotSettings(data=home / "data", REDIS_URL=redis.url)  # type: ignore[call-arg]
        with pytest.raises(Refused, match="No such token"):
            await asyncio.wait_for(programs._speak(settings, ["telegram"]), 20)


@needs_redis
async def test_a_worker_drains_on_a_signal(home: Path) -> None:
    with Redis() as redis:
        settings = JobSettings(data=home / "data", REDIS_URL=redis.url, slots=1)  # type: ignore[call-arg]
        working = asyncio.create_task(programs._work(settings, ["io"]))
        await asyncio.sleep(1.0)
        assert not working.done()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(working, 20)


# ---- the whole ----


@needs_redis
def test_a_clip_goes_through_the_queue_and_its_film_lies_beside_it(home: Path) -> None:
    clip = make_clip(home / "clip.mp4", shots=("red", "blue"), shot_s=1.2)
    running = subprocess.Popen(
        command("run", clip.name, "calm", "--takes", "1"), cwd=home, env=environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        said, complaints = running.communicate(timeout=150)
    finally:
        running.kill()
    assert running.returncode == 0, complaints + (home / "data" / "run.log").read_text()
    assert (home / "clip-scored.mp4").stat().st_size > 1000
    papers = home / "clip-scored.reelscore"
    assert {path.name for path in papers.iterdir()} >= {"cues.json", "certificate.json", "stems", "music.wav"}
    assert text.CERTIFICATE in said
    assert "1m1" in said
    assert text.HOW_TO_TELEGRAM.split(".")[0] in complaints
    assert left_in(home) == []
    assert set(home.iterdir()) == {clip, papers, home / "clip-scored.mp4", home / "data"}


@needs_redis
def test_ctrl_c_stops_everything_and_leaves_nothing_behind(home: Path) -> None:
    clip = make_clip(home / "clip.mp4", shots=("red",) * 4, shot_s=2.0)
    running = subprocess.Popen(
        command("run", clip.name),
        cwd=home,
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert running.stderr is not None
        for line in running.stderr:
            if line.startswith(tuple(text.STAGES.values())):  # a short stage may pass between two looks
                break
        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=60)[1]
    finally:
        running.kill()
    assert running.returncode == 130, said
    assert text.STOPPED in said
    assert left_in(home) == []
    assert {path.name for path in home.iterdir()} == {"clip.mp4", "data"}
    shutil.rmtree(home / "data")
