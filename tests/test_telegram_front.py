"""The main paths as people know them: a clip comes back with music, a track with pictures."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import pytest_asyncio

from bot.telegram import commands
from jobs.dispatcher import Dispatcher
from jobs.queue import Bell
from jobs.worker import Worker
from pipeline.ear.loudness import integrated
from pipeline.film import decode_sound, picture_length
from pipeline.storyboard import Storyboard
from tests import small_films
from tests.fake_telegram import FakeTelegram
from tests.fake_telegram.files import look
from tests.media import MEDIA, ffmpeg, needs_media
from tests.servers import redis_server  # noqa: F401  a fixture
from tests.servers import redis_url as redis_url
from tests.small_films import SIDE
from tests.telegram_stage import Stage, staged


@pytest_asyncio.fixture
async def whole(telegram: FakeTelegram, redis_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with working(telegram, redis_url, tmp_path) as stage:
        yield stage


@pytest_asyncio.fixture
async def small(telegram: FakeTelegram, redis_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """Make music videos of few pixels."""
    async with working(telegram, redis_url, tmp_path, child=small_films.CHILD) as stage:
        yield stage


@contextlib.asynccontextmanager
async def working(telegram: FakeTelegram, redis_url: str, folder: Path, **more: Any) -> AsyncIterator[Stage]:
    """Front end, Redis, dispatcher, worker and its children."""
    bell = Bell(redis_url)
    async with staged(telegram, folder, bell=bell) as stage:
        worker = Worker(stage.records, stage.blobs, bell, queues=["cpu"], slots=1, folder=folder / "jobs", **more)
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


@needs_media
async def test_a_track_comes_back_as_a_music_video(small: Stage, tmp_path: Path) -> None:
    track = MEDIA / "music" / "electronic.mp3"
    lyrics = "[00:00.40]Walking home tonight\n[00:01.60]neon in the rain"
    group, ada = small.telegram.group(), small.telegram.user()
    sent = await ada.sends_clip(track, "audio", chat=group)
    await ada.says(f"/musicvideo neon city in the rain, 1:1, 24 fps\n{lyrics}", chat=group, reply_to=sent)

    preview = await group.waits_for(lambda m: m.kind == "photo", seconds=120)

    assert [preview] == group.from_bot
    assert preview.reply_to is sent
    assert preview.media is not None
    assert preview.media.data[:3] == b"\xff\xd8\xff"
    assert "2 lines of lyrics" in preview.words
    assert preview.labels == ["Go", "Change", "Cancel"]
    await ada.presses(preview, "Go")
    film = await group.waits_for(lambda m: m.kind == "video", seconds=120)

    assert [film] == group.from_bot
    assert film.media is not None
    assert (film.media.width, film.media.height, film.media.duration) == (SIDE, SIDE, 3)
    head = film.media.data[: film.media.data.index(b"mdat")]
    assert b"moov" in head  # it plays while it loads
    got = tmp_path / "came back.mp4"
    got.write_bytes(film.media.data)
    lengths = picture_length(got)
    assert lengths.picture_end - lengths.picture_start == pytest.approx(3.0, abs=1 / 24)
    assert set(sound_hashes(got, tmp_path)) == set(sound_hashes(track, tmp_path))  # not encoded anew
    assert letters(got, 1.2, tmp_path) > letters(got, 0.1, tmp_path) + 20
    await ada.presses(film, "Storyboard")
    board = await group.waits_for(lambda m: m.kind == "document")
    assert board.media is not None
    lines = Storyboard.from_json(board.media.data).lines
    assert [(line.start, line.text) for line in lines] == [(0.4, "Walking home tonight"), (1.6, "neon in the rain")]
    row = await small.job()
    assert (row.state, row.attempt) == ("succeeded", 2)


def sound_hashes(path: Path, folder: Path) -> list[str]:
    """Return a checksum of each packet of sound."""
    listed = folder / "listed"
    ffmpeg("-i", path, "-map", "0:a", "-c", "copy", "-f", "framemd5", listed)
    return [line.split(",")[-1].strip() for line in listed.read_text().splitlines() if not line.startswith("#")]


def letters(film: Path, time: float, folder: Path) -> int:
    """Count the white pixels in the lower part of a frame."""
    still = folder / "still.png"
    ffmpeg("-ss", str(time), "-i", film, "-frames:v", "1", still)
    frame = np.asarray(cv2.imdecode(np.fromfile(still, np.uint8), cv2.IMREAD_COLOR))
    return int((frame[frame.shape[0] * 3 // 4 :].min(axis=2) > 200).sum())


async def test_the_menus_know_the_commands_in_each_language(telegram: FakeTelegram) -> None:
    bot = telegram.bot()
    try:
        await commands.announce(bot)
    finally:
        await bot.session.close()
    assert "autoscore" in telegram.commands["all_chat_administrators", ""]
    assert "autoscore" not in telegram.commands["all_private_chats", ""]
    for scope in ("default", "all_private_chats", "all_group_chats", "all_chat_administrators"):
        assert {"score", "musicvideo", "shift", "redraw"} <= set(telegram.commands[scope, ""])
    assert telegram.commands["default", "de"]["help"] != telegram.commands["default", ""]["help"]


async def test_a_stop_while_telegram_is_away_is_heard(telegram: FakeTelegram, tmp_path: Path) -> None:
    async with staged(telegram, tmp_path) as stage:
        await stage.stop()
        await telegram.die()
        starting = asyncio.create_task(stage.start())
        await asyncio.sleep(0.2)
        await asyncio.wait_for(stage.stop(), 5)
        await starting
