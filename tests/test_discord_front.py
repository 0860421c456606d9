"""The front end on the wire: a loopback Discord that refuses, limits, drops answers and takes the token away."""

from __future__ import annotations

import asyncio
import json
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
from jobs.deliveries import TOO_LARGE
from pipeline.errors import Unavailable
from storage.blobs import Blobs
from storage.records import Caps, Records
from tests.discord_stage import CLIP, FILM, Bell, Stage
from tests.fake_discord import CHANNEL, FakeDiscord, Fault

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

    def __init__(self, folder: Path, records: Records, network: FakeDiscord, *, token: str | None = None) -> None:
        self.records, self.network = records, network
        self.blobs = Blobs(str(folder / "blobs"))
        self.desk = Desk(records, self.blobs, caps=Caps(), ring=Bell().ring)
        self.settings = BotSettings(
            DISCORD_BOT_TOKEN=SecretStr(token or network.token), discord_api=network.api, _env_file=None
        )
        self.stopping = asyncio.Event()

    async def run(self, ready: asyncio.Event | None = None) -> None:
        await front.run(
            settings=self.settings, desk=self.desk, records=self.records, blobs=self.blobs, bell=Bell(),
            stop=self.stopping, ready=ready,
        )  # fmt: skip

    async def scored(self, content: bytes = FILM) -> str:
        """Ask for a film and have it made; return the job."""
        await self.network.score(CLIP[1])
        await until(self.jobs)
        job = (await self.job()).id
        await self.film(job, content=content)
        return job

    async def rested(self) -> list[str]:
        """Wait until every delivery is at rest; return how."""

        async def at_rest() -> bool:
            return all(row.state in ("sent", "dead") for row in await self.deliveries())

        await until(at_rest)
        return [row.state for row in await self.deliveries()]


async def until(look: Callable[[], Any], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not await look():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(folder: Path, network: FakeDiscord) -> AsyncIterator[Wired]:
    records = await Records.open(f"sqlite:///{folder}/records.db")
    stage, ready = Wired(folder, records, network), asyncio.Event()
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


async def test_clip_comes_back_on_the_wire(stage: Wired, network: FakeDiscord) -> None:
    await stage.scored()
    assert await stage.rested() == ["sent"]
    assert films(network) == [FILM]
    ((deferred,)) = network.called("POST", r"interactions/.*/callback")
    assert deferred["type"] == 5
    assert not [path for _, path, _ in network.calls if "commands" in path]  # never announced by starting


@pytest.mark.parametrize(("status", "code"), [(413, 0), (400, 40005)])
async def test_what_is_too_large_is_told(stage: Wired, network: FakeDiscord, status: int, code: int) -> None:
    network.faults.append(Fault("PATCH", ORIGINAL, status, {"code": code, "message": "too large"}, uploads=True))
    await stage.scored()
    await stage.rested()
    (message,) = network.messages.values()
    assert message["content"].startswith(TOO_LARGE)
    assert films(network) == []


async def test_answer_that_is_lost_makes_no_second_film(stage: Wired, network: FakeDiscord) -> None:
    network.faults.append(Fault("PATCH", ORIGINAL))  # of the placeholder
    network.faults.append(Fault("PATCH", ORIGINAL, uploads=True))
    await stage.scored()
    assert await stage.rested() == ["sent"]
    assert films(network) == [FILM]


async def test_late_film_whose_answer_is_lost_is_sent_once(
    stage: Wired, network: FakeDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token has died and the channel's answer is lost: the nonce, or a look, tells that the film is there."""
    monkeypatch.setattr("bot.discord.rights.TOKEN_S", 0.0)
    network.faults.append(Fault("POST", rf"channels/{CHANNEL}/messages"))
    job = await stage.scored()
    assert await stage.rested() == ["sent"]
    assert films(network) == [FILM]
    sent = network.called("POST", rf"channels/{CHANNEL}/messages")
    assert {(body["nonce"], body["enforce_nonce"]) for body in sent} == {(f"{job}-result", True)}


async def test_limit_is_kept(stage: Wired, network: FakeDiscord) -> None:
    wait = {"retry_after": 0.3, "message": "slow down", "global": False}
    headers = {"Via": "1.1 google", "Retry-After": "0.3"}
    network.faults.append(Fault("PATCH", ORIGINAL, 429, wait, headers, uploads=True))
    await stage.scored()
    assert await stage.rested() == ["sent"]
    assert films(network) == [FILM]


async def test_token_that_is_not_taken_is_said_at_once(tmp_path: Path, network: FakeDiscord) -> None:
    records = await Records.open(f"sqlite:///{tmp_path}/records.db")
    try:
        with pytest.raises(Unavailable, match="token"):
            await Wired(tmp_path, records, network, token="another.bad.token").run()
    finally:
        await records.close()
    assert len(network.calls) == 1


async def test_token_that_is_revoked_ends_it(tmp_path: Path, network: FakeDiscord) -> None:
    async def served_until_revoked() -> None:
        async with running(tmp_path, network):
            network.token = "a.new.one"
            await network.disconnect(4004)
            await asyncio.sleep(0.1)

    with pytest.raises(Unavailable, match="token"):
        await served_until_revoked()
    assert len(network.identified) == 1


async def test_intent_that_is_not_granted_is_said(tmp_path: Path, network: FakeDiscord) -> None:
    network.close_with = 4014
    records = await Records.open(f"sqlite:///{tmp_path}/records.db")
    try:
        with pytest.raises(Unavailable, match="read messages"):
            await Wired(tmp_path, records, network).run()
    finally:
        await records.close()


async def test_connection_that_breaks_is_taken_up_again(stage: Wired, network: FakeDiscord) -> None:
    await network.disconnect(1001)
    await until(lambda: _true(network._sockets))
    await asyncio.sleep(0.1)
    await stage.scored()
    assert await stage.rested() == ["sent"]


async def _true(value: Any) -> bool:
    return bool(value)


async def test_commands_are_announced_when_asked(network: FakeDiscord) -> None:
    settings = BotSettings(DISCORD_BOT_TOKEN=SecretStr(network.token), discord_api=network.api, _env_file=None)
    assert await front.sync(settings) == 12
    (announced,) = network.called("PUT", r"applications/\d+/commands")
    assert {command["name"] for command in json.loads(announced["list"])} >= {"score", "Score this clip", "forgetme"}
    assert await front.name(settings) == "reelscore"


def test_least_intents() -> None:
    assert {name for name, wanted in front.intents(message_content=False) if wanted} == {"guilds"}
    more = {name for name, wanted in front.intents(message_content=True) if wanted}
    assert more == {"guilds", "guild_messages", "message_content"}
