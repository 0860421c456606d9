"""Where the bot is no member and only a person has it installed: the token is the only way in, and a direct message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.discord import sentences
from bot.text import chat
from jobs.deliveries import TOO_LARGE_LINKED
from jobs.job import Outcome
from tests.discord_stage import CONTACT, FILM
from tests.discord_wire import Wired, films, running, until
from tests.discord_wire import network as network  # fixtures
from tests.discord_wire import stage as stage
from tests.discord_wire import wire as wire
from tests.fake_discord import ANN, CHANNEL, DIRECT, ELSEWHERE, FakeDiscord, Fault

TOKEN_S = "bot.discord.rights.TOKEN_S"


def said_in(network: FakeDiscord, channel: int) -> list[dict[str, Any]]:
    return [message for message in network.messages.values() if message["channel_id"] == str(channel)]


async def test_film_comes_by_the_token_and_further_takes_as_follow_ups(stage: Wired, network: FakeDiscord) -> None:
    await stage.scored(guild=ELSEWHERE, takes=3)
    assert await stage.rested() == ["sent"] * 3
    assert films(network) == [FILM] * 3
    assert len(said_in(network, CHANNEL)) == 3
    assert len(network.called("POST", r"webhooks/\d+/[^/]+")) == 2  # of the five that Discord allows
    assert not network.called("POST", r"channels/.*")


@pytest.mark.parametrize("opened", [True, False])
async def test_film_comes_as_a_direct_message_once_the_token_has_died(
    opened: bool, stage: Wired, network: FakeDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when nothing was ever shown in the channel, as after a long stop of the bot."""
    monkeypatch.setattr(TOKEN_S, 600.0 if opened else 0.0)
    job = await stage.asked(guild=ELSEWHERE)
    if opened:
        await until(lambda: _shown(stage))
    network.dead |= set(network._responses)
    await stage.film(job)
    assert await stage.rested() == ["sent"]
    ((film,)) = said_in(network, DIRECT)
    assert film["attachments"][0]["filename"] == f"reelscore-{job}-result-1.mp4"
    assert network.called("POST", "users/@me/channels") == [{"recipient_id": ANN}]


async def test_question_comes_as_a_direct_message_and_the_film_after_it(
    stage: Wired, network: FakeDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discord takes a nonce that it knows for a repetition: question and film must not share one."""
    monkeypatch.setattr(TOKEN_S, 0.0)
    job = await stage.asked(guild=ELSEWHERE)
    await stage.end(job, Outcome("question"), state="asking")
    await until(lambda: _in(network, DIRECT))
    await until(lambda: _open(stage))
    assert said_in(network, DIRECT)[0]["content"] == chat.question(job, Outcome("question"), "en").text
    row = await stage.job()
    assert await stage.records.answer(job, row.request | {"sound": "keep"})
    await stage.film(job)
    assert await stage.rested() == ["sent"]
    assert films(network) == [FILM]
    assert len(said_in(network, DIRECT)) == 2


async def test_previews_come_as_direct_messages_and_the_film_after_them(
    stage: Wired, network: FakeDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each plan is shown: a nonce or a file's name that Discord knows would be taken for the one before."""
    monkeypatch.setattr(TOKEN_S, 0.0)
    job = await stage.asked_for_video(guild=ELSEWHERE)
    await stage.preview(job)
    await until(lambda: _in(network, DIRECT))
    await until(lambda: _open(stage))
    row = await stage.job()
    assert await stage.records.answer(job, row.request)  # something was changed
    await stage.preview(job)
    await until(lambda: _in(network, DIRECT, 2))
    await until(lambda: _open(stage))
    assert await stage.records.answer(job, row.request | {"go": True})
    await stage.video(job)
    assert await stage.rested() == ["sent"]
    assert films(network) == [CONTACT, CONTACT, FILM]
    assert len({body["nonce"] for body in network.called("POST", rf"channels/{DIRECT}/messages")}) == 3


async def test_long_wait_is_told_beside_the_answer(
    stage: Wired, network: FakeDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.discord.requests.LONG_S", -1.0)
    await stage.asked(guild=ELSEWHERE, locale="de")
    await until(lambda: _warned(network))
    answer, warning = said_in(network, CHANNEL)
    assert answer["content"].startswith("In der Warteschlange") or "Warte" in answer["content"]
    assert warning["content"] == sentences.by_dm("de")
    assert warning["flags"] & 64  # only they see it


async def test_person_who_takes_no_direct_messages_is_an_end(
    stage: Wired, network: FakeDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TOKEN_S, 0.0)
    network.faults.append(Fault("POST", rf"channels/{DIRECT}/messages", 403, {"code": 50007, "message": "Cannot"}))
    await stage.scored(guild=ELSEWHERE)
    assert await stage.rested() == ["dead"]


# ---- what the place allows ----

ABOVE_10_MB = bytes(11_000_000)


@pytest.mark.parametrize(("tier", "fits"), [(0, False), (2, True)])
async def test_boosts_of_the_server_count_when_the_token_has_died(
    tier: int, fits: bool, wire: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interaction allowed 50 MB: a film of 11 goes into the channel where the bot may send it, else as a link."""
    monkeypatch.setattr(TOKEN_S, 0.0)
    async with FakeDiscord() as network:
        network.tier = tier
        async with running(tmp_path, network) as stage:
            stage.blobs.linker = linked
            await stage.scored(ABOVE_10_MB, limit=52_428_800)
            assert (await stage.request()).most_bytes == 52_428_800
            await stage.rested()
        assert films(network) == ([ABOVE_10_MB] if fits else [])
        texts = [message["content"] for message in network.messages.values()]
        assert any(text == f"{TOO_LARGE_LINKED}\n{LINK}" for text in texts) is not fits


async def test_film_within_the_interactions_limit_goes_by_the_token(stage: Wired, network: FakeDiscord) -> None:
    await stage.scored(ABOVE_10_MB, limit=104_857_600)
    assert await stage.rested() == ["sent"]
    assert films(network) == [ABOVE_10_MB]


LINK = "https://films.example/_a_*b*/scored.mp4?until=1"


def linked(key: str, *, seconds: float, name: str) -> str:
    return LINK


async def _shown(stage: Wired) -> bool:
    return all(row.shown for row in await stage.deliveries())


async def _open(stage: Wired) -> bool:
    return all(row.state == "open" for row in await stage.deliveries())


async def _in(network: FakeDiscord, channel: int, messages: int = 1) -> bool:
    return len(said_in(network, channel)) >= messages


async def _warned(network: FakeDiscord) -> bool:
    return bool(network.called("POST", r"webhooks/\d+/[^/]+"))
