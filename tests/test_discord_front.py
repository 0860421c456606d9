"""The front end on the wire: a loopback Discord that refuses, limits, drops answers and takes the token away."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.discord import front
from bot.settings import BotSettings
from jobs.deliveries import TOO_LARGE
from pipeline.errors import Unavailable
from storage.records import Records
from tests.discord_stage import FILM
from tests.discord_wire import ORIGINAL, Wired, films, running, until
from tests.discord_wire import network as network  # fixtures
from tests.discord_wire import stage as stage
from tests.discord_wire import wire as wire
from tests.fake_discord import CHANNEL, FakeDiscord, Fault


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
