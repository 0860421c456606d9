"""Auto-score: silent clips of people, once each, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
import pytest_asyncio
import simcord

from bot.discord.requests import score_posted
from bot.text import chat
from jobs.job import Outcome
from tests.discord_stage import CLIP, Stage, staged


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path, message_content=True) as stage:
        boss = stage.member("boss", manage_channels=True)
        await boss.slash(stage.channel, "autoscore", state="silent-only")
        yield stage


async def test_posted_clip_is_answered_with_its_film(stage: Stage) -> None:
    posted = await stage.ann.send(stage.channel, "warm", attachments=[CLIP])
    job = await stage.job()
    assert job.source == f"discord:{stage.channel.id}:{posted.id}:{posted.attachments[0].id}"
    assert (job.request["sound"], job.request["brief"]["wish"]) == ("silent", "warm")
    await stage.film(job.id)
    await stage.deliver()
    film = stage.channel.last_message
    assert film.attachments
    assert film.reference.message_id == posted.id
    assert len(await stage.jobs()) == 1  # the film is a clip as well, and the bot's own


async def test_clip_with_sound_is_left_alone_without_a_word(stage: Stage) -> None:
    before = len(stage.channel.history())
    await stage.ann.send(stage.channel, attachments=[CLIP])
    await stage.end((await stage.job()).id, Outcome("nothing"))
    await stage.deliver()
    assert len(stage.channel.history()) == before + 1


async def test_bots_and_channels_without_it_are_passed_over(stage: Stage) -> None:
    robot = stage.guild.add_member(stage.env.create_user("robot", bot=True))
    await robot.send(stage.channel, attachments=[CLIP])
    await stage.ann.send(stage.guild.create_text_channel("talk"), attachments=[CLIP])
    await stage.ann.send(stage.channel, "no clip", attachments=[("a.txt", b"words")])
    webhook = stage.guild.create_webhook(stage.channel)
    await webhook.send("a clip", attachments=[CLIP])
    assert await stage.jobs() == []


async def test_message_that_comes_twice_is_scored_once(stage: Stage) -> None:
    """A gateway that is resumed may tell of the same message again."""
    posted = await stage.ann.send(stage.channel, attachments=[CLIP])
    channel = stage.front.get_channel(stage.channel.id)
    assert isinstance(channel, discord.TextChannel)
    await score_posted(stage.front, await channel.fetch_message(posted.id))
    assert len(await stage.jobs()) == 1


async def test_those_without_the_right_change_nothing(stage: Stage) -> None:
    refused = await stage.ann.slash(stage.channel, "settings", style="epic")
    assert refused.response.content == chat.admins_only("en")
    with pytest.raises(simcord.SetupError, match="not visible"):  # unless the server's admins give it to others
        await stage.ann.slash(stage.channel, "autoscore", state="off")
    settings = await stage.desk.settings(f"discord:{stage.channel.id}")
    assert (settings.autoscore, settings.style) == ("silent-only", "")


async def test_clip_with_sound_is_asked_about_where_all_are_scored(stage: Stage) -> None:
    boss = stage.member("chief", manage_channels=True)
    await boss.slash(stage.channel, "autoscore", state="on")
    await stage.ann.send(stage.channel, attachments=[CLIP])
    job = await stage.job()
    assert job.request["sound"] == "ask"
    await stage.end(job.id, Outcome("question"), state="asking")
    await stage.deliver(lambda row: row.state == "open" and row.message is not None)
    asked = stage.channel.last_message
    assert asked.content == chat.question(job.id, Outcome("question"), "en").text
    pressed = await boss.click(asked, label="Keep it under the music")
    assert pressed.followups[0].content == chat.not_yours("en")
    await stage.ann.click(asked, label="Keep it under the music")
    assert (await stage.job()).request["sound"] == "keep"


async def test_several_clips_of_a_message_are_scored_each(stage: Stage) -> None:
    await stage.ann.send(stage.channel, "warm", attachments=[CLIP, ("other.webm", CLIP[1])])
    assert len({job.source for job in await stage.jobs()}) == 2
