"""The pace of calls, what is tried again, and what errors say."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiogram import Bot
from aiogram.exceptions import (
    TelegramEntityTooLarge,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.types import BufferedInputFile

from bot.telegram import files
from bot.telegram.clips import Clip
from bot.telegram.files import Limits, fetch, limits
from bot.telegram.outgoing import PER_GROUP, Outgoing, Session, hasty
from pipeline.errors import OverLimit, Unavailable
from tests.fake_telegram import FakeTelegram
from tests.telegram_stage import silent_clip


@pytest_asyncio.fixture
async def bot(telegram: FakeTelegram) -> AsyncIterator[Bot]:
    session = Session(api=telegram.api)
    session.middleware(Outgoing(per_chat=(3, 0.3), per_group=(2, 0.4)))
    yield Bot(telegram.token, session=session)
    await session.close()


def test_a_group_is_never_sent_more_than_twenty_messages_in_a_minute() -> None:
    """A burst of 18 and 18 a minute were 36 in the first, and Telegram takes 20."""
    burst, seconds = PER_GROUP
    assert burst + 60 * burst / seconds <= 20


async def test_calls_to_one_chat_are_spread_and_others_do_not_wait(bot: Bot, telegram: FakeTelegram) -> None:
    ada, ben = telegram.user(), telegram.user()
    began = time.monotonic()
    sends = [bot.send_message(ada.id, str(n)) for n in range(6)]
    others = asyncio.create_task(bot.send_message(ben.id, "quick"))
    done = asyncio.gather(*sends)
    await others
    quick = time.monotonic() - began
    await done
    assert quick < time.monotonic() - began
    assert time.monotonic() - began >= 0.28


async def test_a_429_is_waited_for_or_told_to_who_can_come_back(bot: Bot, telegram: FakeTelegram) -> None:
    ada = telegram.user()
    telegram.disturb("sendMessage", "flood", retry_after=1)
    with hasty(), pytest.raises(TelegramRetryAfter):
        await bot.send_message(ada.id, "hasty")
    await bot.send_message(ada.id, "patient")  # the wait that was told holds for everybody who writes there
    assert [message.words for message in ada.chat.from_bot] == ["patient"]
    assert not telegram.calls_in_wait


@pytest.mark.parametrize("how", ["drop before", "drop after", "500", "502"])
async def test_only_what_may_be_repeated_is_repeated(bot: Bot, telegram: FakeTelegram, how: str) -> None:
    ada = telegram.user()
    message = await bot.send_message(ada.id, "one")
    telegram.disturb("sendMessage", how)  # type: ignore[arg-type]
    with pytest.raises((TelegramNetworkError, TelegramServerError)):
        await bot.send_message(ada.id, "two")
    assert telegram.count["sendMessage"] == 2
    telegram.disturb("getChat", how)  # type: ignore[arg-type]
    await bot.get_chat(ada.id)
    assert telegram.count["getChat"] == 2
    assert message


@pytest.mark.parametrize("how", ["413", "413 html"])
async def test_too_large_is_told_apart_and_not_repeated(bot: Bot, telegram: FakeTelegram, how: str) -> None:
    telegram.disturb("sendDocument", how)  # type: ignore[arg-type]
    with pytest.raises(TelegramEntityTooLarge):
        await bot.send_document(telegram.user().id, BufferedInputFile(b"x", "x"))
    assert telegram.count["sendDocument"] == 1


async def test_no_error_carries_the_token(telegram: FakeTelegram, tmp_path: Path) -> None:
    session = Session(api=telegram.api)
    bot = Bot(telegram.token, session=session)
    told: list[str] = []
    await telegram.die()
    try:
        for call in (bot.get_me(), fetch(bot, Clip("x", 5, silent=True), tmp_path / "a", Limits(), "en")):
            try:
                await call
            except Exception as error:
                told += [str(error), repr(error), str(error.__cause__)]
    finally:
        await session.close()
        await telegram.revive()
    assert len(told) == 6
    assert not [words for words in told if telegram.token in words or telegram.token.split(":")[1] in words]


async def test_a_download_that_fails_says_nothing_of_where_from(
    bot: Bot, telegram: FakeTelegram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PAUSE_S", 0.01)
    sent = await telegram.user().sends_clip(silent_clip())
    assert sent.media
    telegram.disturb("file", "500", times=9)
    with pytest.raises(Unavailable) as caught:
        await fetch(bot, Clip(sent.media.id, None, silent=True), tmp_path / "a", Limits(), "en")
    assert caught.value.__suppress_context__
    assert telegram.token not in f"{caught.value!r} {caught.value.hint}"


async def test_a_file_that_is_larger_than_was_said_is_stopped(bot: Bot, telegram: FakeTelegram, tmp_path: Path) -> None:
    sent = await telegram.user().sends_clip(silent_clip())
    assert sent.media
    for size in (None, 10):
        with pytest.raises(OverLimit):
            await fetch(bot, Clip(sent.media.id, size, silent=True), tmp_path / "a", Limits(most_in=100), "de")
    large = await telegram.user().sends_clip(bytes((20 << 20) + 1), "document", name="a.mp4")
    assert large.media
    with pytest.raises(OverLimit, match="20 MB"):
        await fetch(bot, Clip(large.media.id, None, silent=False), tmp_path / "a", Limits(), "en")
    assert not telegram.calls_of("file")


async def test_a_local_server_gives_files_by_its_disk_and_takes_two_gigabytes(tmp_path: Path) -> None:
    async with FakeTelegram(local=True) as telegram:
        session = Session(api=telegram.api)
        sent = await telegram.user().sends_clip(bytes(21 << 20), "document", name="a.mp4")
        assert sent.media
        try:
            allowed = limits(local=True)
            await fetch(Bot(telegram.token, session=session), Clip(sent.media.id, None, silent=False), tmp_path / "a",
                        allowed, "en")  # fmt: skip
        finally:
            await session.close()
        assert (tmp_path / "a").stat().st_size == 21 << 20
        assert allowed.most_out == 2_000_000_000
        assert not telegram.failures
