"""The bot as a program that can be killed, before a Telegram on loopback: `python -m tests.chaos.front --telegram URL`.

It is `reelscore bot telegram` with the cloud's address changed to the loopback one. `--die` kills it at one point of
its way through the records, `--bare` takes out one thing that protects.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from tests.chaos.nursery import Forked, fork

ROOT = Path(__file__).resolve().parents[2]

#: shortened, so that a dozen restarts take a minute: what a dead front end held is taken up again that much sooner
LEASE_S, RENEW_S, LOST_S, SHOW_S, PAUSE_S = 1.5, 0.4, 1.5, 0.5, 0.2


class Bot:
    """One bot after another, with the same environment; `kill` leaves the next start to whoever watches."""

    def __init__(self, telegram: str, env: Mapping[str, str], log: Path, *, bare: str = "", brisk: bool = True) -> None:
        self._words = ["--telegram", telegram, "--bare", bare, *(["--brisk"] if brisk else [])]
        self._env = {**{k: v for k, v in os.environ.items() if not k.startswith("REELSCORE_")}, **env}
        self.log = log
        self.process: Forked | subprocess.Popen[bytes] | None = None
        self.deaths = 0

    def start(self, *, die: str = "", breaks: bool = False) -> None:
        words = [*self._words, "--die", die, *(["--break"] if breaks else [])]
        self.process = fork(words, self._env, self.log)

    def kill(self) -> bool:
        """Kill it, as the system would; return True, so that a fault can be made of it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        return True

    @property
    def dead(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    async def keep(self) -> None:
        """Start it anew whenever it has died, as `reelscore run` does."""
        while True:
            if self.dead:
                self.deaths += 1
                self.start()
            await asyncio.sleep(0.02)

    async def stop(self, *, within_s: float = 10.0) -> None:
        """Ask it to end, and kill it when it takes longer."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(self.process.wait), within_s)
        self.kill()


@contextlib.asynccontextmanager
async def kept(bot: Bot) -> AsyncIterator[Bot]:
    """Keep the bot running as long as the context is open; kill it then."""
    keeper = asyncio.create_task(bot.keep())
    try:
        yield bot
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        bot.kill()


@contextlib.contextmanager
def emptied() -> Any:
    """Give a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="reelscore-chaos-") as place:
        yield Path(place)


def environment(folder: Path, *, token: str, redis: str, **more: str) -> dict[str, str]:
    """Return what a bot needs to know; its data lie in the folder, and what it leaves when it is killed too."""
    return {
        "TMPDIR": str(folder),
        "TELEGRAM_BOT_TOKEN": token,
        "REDIS_URL": redis,
        "REELSCORE_DATA": str(folder / "data"),
        "DATABASE_URL": f"sqlite:///{folder / 'records.db'}",
        "BLOB_URL": str(folder / "blobs"),
        "DISCORD_BOT_TOKEN": "",
        "OMP_NUM_THREADS": "1",
        **more,
    }


# ---- in the bot's process ----


def die_at(point: str) -> None:
    """Kill this process before or after one of the records' methods does something: "after opening"."""
    from storage.records import Records

    moment, _, name = point.partition(" ")
    real = getattr(Records, name)

    async def deadly(self: Records, *given: Any, **named: Any) -> Any:
        if moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        done = await real(self, *given, **named)
        if done not in ([], False):  # it found something to do
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    setattr(Records, name, deadly)


def be_brisk() -> None:
    """Shorten leases and pauses."""
    from inspect import unwrap

    from jobs import deliveries
    from storage.records import Records

    deliveries.LEASE_S, deliveries.RENEW_S, deliveries.FIRST_PAUSE_S = LEASE_S, RENEW_S, PAUSE_S
    deliveries.SHOW_S = SHOW_S
    for told, name, value in (
        (unwrap(Records.opening), "lost_s", LOST_S),
        (deliveries.Deliveries.__init__, "show_s", SHOW_S),
    ):
        assert told.__kwdefaults__
        told.__kwdefaults__[name] = value


def take_out(what: str) -> None:
    """Take out one thing that protects."""
    if what == "edits":
        _send_instead_of_editing()
    elif what == "inbox":
        _acknowledge_before_storing()
    elif what == "redaction":
        from jobs import logs

        logs.redact = lambda line: line  # type: ignore[assignment]
    elif what:
        raise ValueError(what)


def _send_instead_of_editing() -> None:
    """Let the result be a message of its own, as a bot without placeholders has it."""
    from aiogram.types import FSInputFile

    from bot.telegram.messenger import Address, Messenger
    from jobs.deliveries import Parcel, film_of

    async def sends(self: Messenger, message: str, parcel: Parcel) -> None:
        film = film_of(parcel)
        assert film is not None
        async with parcel.file(film.film) as path:
            await self._bot.send_video(Address.of(parcel.reply_to).chat, FSInputFile(path))

    Messenger._become = sends  # type: ignore[method-assign]


def _acknowledge_before_storing() -> None:
    from bot.telegram.inbox import Inbox

    real: Callable[..., Any] = Inbox.store_one
    storing: set[asyncio.Task[None]] = set()

    async def at_once(self: Inbox, update: dict[str, Any]) -> None:
        task = asyncio.create_task(real(self, update))
        storing.add(task)
        task.add_done_callback(storing.discard)

    Inbox.store_one = at_once  # type: ignore[method-assign]


def break_handlers() -> None:
    """Put a bug into a handler whose error holds the token, as an error of a library might."""
    from aiogram import Bot as Telegram
    from aiogram.types import Message

    from bot.telegram import requests

    async def breaks(self: Any, message: Message, words: str, markup: Any = None) -> None:
        bot: Telegram = self._bot
        if "break" in (message.text or ""):
            raise RuntimeError(f"no answer from {bot.session.api.api_url(bot.token, 'sendMessage')}")
        await real(self, message, words, markup)

    real = requests.Requests.say
    requests.Requests.say = breaks  # type: ignore[method-assign]


def main() -> None:
    said = argparse.ArgumentParser()
    said.add_argument("--telegram", required=True)
    said.add_argument("--bare", default="")
    said.add_argument("--die", default="")
    said.add_argument("--brisk", action="store_true")
    said.add_argument("--break", action="store_true", dest="breaks")
    asked = said.parse_args()
    from aiogram.client.telegram import TelegramAPIServer

    from bot.telegram import front

    front.PRODUCTION = TelegramAPIServer.from_base(asked.telegram)
    if asked.brisk:
        be_brisk()
    if asked.die:
        die_at(asked.die)
    if asked.breaks:
        break_handlers()
    take_out(asked.bare)
    sys.argv = ["reelscore", "bot", "telegram"]
    from bot.cli import main as reelscore

    reelscore()


def new_secret() -> str:
    return secrets.token_hex(16)


def free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


if __name__ == "__main__":
    main()
