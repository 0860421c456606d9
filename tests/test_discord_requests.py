"""Auto-score: silent clips of people, once each, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

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
    assert await stage.jobs() == []
