"""The main path as people know it: a silent clip goes into the chat, the same clip with music comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.telegram import commands
from jobs.dispatcher import Dispatcher
from jobs.queue import Bell
from jobs.worker import Worker
from pipeline.ear.loudness import integrated
from pipeline.film import decode_sound, picture_length
from tests.fake_telegram import FakeTelegram
from tests.fake_telegram.files import look
from tests.media import MEDIA, needs_media
from tests.servers import redis_server  # noqa: F401  a fixture
from tests.servers import redis_url as redis_url
from tests.telegram_stage import Stage, staged


@pytest_asyncio.fixture
async def whole(telegram: FakeTelegram, redis_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """Front end, Redis, dispatcher, worker and its children."""
    bell = Bell(redis_url)
    async with staged(telegram, tmp_path, bell=bell) as stage:
        worker = Worker(stage.records, stage.blobs, bell, queues=["cpu"], slots=1, folder=tmp_path / "jobs")
        dispatcher = Dispatcher(stage.records, stage.blobs, bell, "cpu", owner="test")
        running = [asyncio.create_task(dispatcher.run()), asyncio.create_task(worker.run())]
        try:
            yield stage
        finally:
            await worker.drain(within_s=0.0)
            running[0].cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await stage.stop()
    await bell.close()


@needs_media
async def test_a_silent_clip_comes_back_with_music(whole: Stage, tmp_path: Path) -> None:
    clip = MEDIA / "video" / "bikes_cinemascope.mp4"
    ada = whole.telegram.user()
    sent = await ada.sends_clip(clip, caption="hopeful, no drums")
    assert sent.kind == "animation"

    message = await ada.chat.waits_for(lambda m: m.kind == "video", seconds=120)

    assert [message] == ada.chat.from_bot
    assert message.reply_to is sent
    assert message.media is not None
    assert (message.media.width, message.media.height, message.media.duration) == (640, 272, 10)
    assert "1m1" in message.words
    assert any("%" in (version.text or "") for version in message.edits) or message.edits
    film = tmp_path / "came back.mp4"
    film.write_bytes(message.media.data)
    looks = look(message.media.data)
    assert (looks.mp4, looks.sound, looks.width, looks.height) == (True, True, 640, 272)
    head = message.media.data[: message.media.data.index(b"mdat")]
    assert b"moov" in head  # it plays while it loads
    lengths = picture_length(film)
    assert lengths.picture_end == pytest.approx(10.0, abs=0.05)
    assert lengths.sound_end == pytest.approx(10.0, abs=0.05)
    samples, rate = decode_sound(film)
    assert integrated(samples, rate) == pytest.approx(-14.0, abs=1.0)
    row = await whole.job()
    assert (row.state, row.attempt) == ("succeeded", 1)


async def test_the_menus_know_the_commands_in_each_language(telegram: FakeTelegram) -> None:
    bot = telegram.bot()
    try:
        await commands.announce(bot)
    finally:
        await bot.session.close()
    assert "autoscore" in telegram.commands["all_chat_administrators", ""]
    assert "autoscore" not in telegram.commands["all_private_chats", ""]
    assert telegram.commands["default", "de"]["help"] != telegram.commands["default", ""]["help"]


async def test_a_stop_while_telegram_is_away_is_heard(telegram: FakeTelegram, tmp_path: Path) -> None:
    async with staged(telegram, tmp_path) as stage:
        await stage.stop()
        await telegram.die()
        starting = asyncio.create_task(stage.start())
        await asyncio.sleep(0.2)
        await asyncio.wait_for(stage.stop(), 5)
        await starting
