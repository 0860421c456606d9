"""The Discord front end as in operation, on the wire to a loopback Discord; a test plays the worker, or has one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import discord
import pytest
import pytest_asyncio
from pydantic import SecretStr

from bot.desk import Desk
from bot.discord import front
from bot.settings import BotSettings
from jobs.dispatcher import Dispatcher
from jobs.worker import Worker
from storage.blobs import Blobs
from storage.records import Caps, Records
from tests.discord_stage import CLIP, FILM, TRACK, Bell, Stage
from tests.fake_discord import FakeDiscord

ORIGINAL = r"webhooks/\d+/[^/]+/messages/\d+"


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the library's addresses back afterwards."""
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", None)


@pytest_asyncio.fixture
async def network(wire: None) -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as network:
        yield network


class Wired(Stage):
    """The same stage as in the simulation, but the front end runs as in operation."""

    def __init__(
        self, folder: Path, records: Records, network: FakeDiscord, *, token: str | None = None, bell: Any = None
    ) -> None:
        self.records, self.network, self.bell = records, network, bell or Bell()
        self.blobs = Blobs(str(folder / "blobs"))
        self.desk = Desk(records, self.blobs, caps=Caps(), ring=self.bell.ring if bell is None else bell.wake)
        self.settings = BotSettings(
            DISCORD_BOT_TOKEN=SecretStr(token or network.token), discord_api=network.api, _env_file=None
        )
        self.stopping = asyncio.Event()

    async def run(self, ready: asyncio.Event | None = None) -> None:
        await front.run(
            settings=self.settings, desk=self.desk, records=self.records, blobs=self.blobs, bell=self.bell,
            stop=self.stopping, ready=ready,
        )  # fmt: skip

    async def asked(self, **how: Any) -> str:
        """Ask for a film; return the job."""
        await self.network.score(CLIP[1], **how)
        await until(self.jobs)
        return (await self.job()).id

    async def asked_for_video(self, **how: Any) -> str:
        """Ask for a music video; return the job."""
        await self.network.give(
            "musicvideo", {"track": (TRACK[0], "audio/mpeg", TRACK[1])}, {"wish": "a harbour"}, **how
        )
        await until(self.jobs)
        return (await self.job()).id

    async def scored(self, content: bytes = FILM, *, takes: int = 1, **how: Any) -> str:
        """Ask for a film and have it made; return the job."""
        job = await self.asked(takes=takes, **how)
        await self.film(job, content=content, takes=takes)
        return job

    async def rested(self, seconds: float = 20.0) -> list[str]:
        """Wait until every delivery is at rest; return how."""

        async def at_rest() -> bool:
            return all(row.state in ("sent", "dead") for row in await self.deliveries())

        await until(at_rest, seconds)
        return [row.state for row in await self.deliveries()]


async def until(look: Callable[[], Any], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not await look():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(folder: Path, network: FakeDiscord, *, bell: Any = None) -> AsyncIterator[Wired]:
    records = await Records.open(f"sqlite:///{folder}/records.db")
    stage, ready = Wired(folder, records, network, bell=bell), asyncio.Event()
    task = asyncio.create_task(stage.run(ready))
    try:
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED, timeout=10)
        waiting.cancel()
        assert ready.is_set(), task
        yield stage
    finally:
        stage.stopping.set()
        await asyncio.wait([task], timeout=10)
        await records.close()
    task.result()


@asynccontextmanager
async def working(stage: Wired, bell: Any, folder: Path, **how: Any) -> AsyncIterator[None]:
    """Have a real dispatcher and a real worker do the jobs."""
    worker = Worker(stage.records, stage.blobs, bell, queues=["cpu"], slots=1, folder=folder / "jobs", **how)
    dispatcher = Dispatcher(stage.records, stage.blobs, bell, "cpu", owner="test")
    tasks = [asyncio.create_task(dispatcher.run()), asyncio.create_task(worker.run())]
    try:
        yield
    finally:
        await worker.drain(within_s=0.0)
        tasks[0].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest_asyncio.fixture
async def stage(tmp_path: Path, network: FakeDiscord) -> AsyncIterator[Wired]:
    async with running(tmp_path, network) as stage:
        yield stage


def films(network: FakeDiscord) -> list[bytes]:
    return [
        network.files[attachment["filename"]]
        for message in network.messages.values()
        for attachment in message["attachments"]
    ]
