"""Updates are stored before they are acknowledged, and taken once, however they come and whatever breaks."""

from __future__ import annotations

import asyncio
import io
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.telegram.feed import MOST_TRIES, Feed, line_of
from bot.telegram.inbox import SECRET_HEADER, Inbox
from pipeline.errors import Refused
from storage.errors import Down
from storage.records import Records
from storage.tables import UpdateRow
from tests.fake_telegram import FakeTelegram
from tests.telegram_stage import Stage, silent_clip, staged

SECRET = "a-secret-of-our-own-0123456789"


@pytest_asyncio.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    opened = await Records.open(f"sqlite:///{tmp_path}/records.db")
    yield opened
    await opened.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def hooked() -> dict[str, Any]:
    port = free_port()
    url = f"http://127.0.0.1:{port}/telegram"
    return {"webhook_url": url, "webhook_port": port, "webhook_secret": SecretStr(SECRET)}


async def said_by(ada: Any, words: str, stage: Stage) -> None:
    await ada.says(words)
    await stage.settled()


# ---- long polling ----


async def test_repeated_reordered_and_renumbered_updates_are_taken_once_each(
    telegram: FakeTelegram, tmp_path: Path
) -> None:
    async with staged(telegram, tmp_path) as stage:
        ada = telegram.user()
        await said_by(ada, "one", stage)
        telegram.updates.repeat()
        with telegram.updates.reordered():
            for words in ("two", "three", "four"):
                await ada.says(words)
        await stage.settled()
        telegram.updates.next_id = 17  # after a silent week
        await said_by(ada, "five", stage)
        await said_by(ada, "six", stage)
        telegram.updates.repeat(telegram.updates.told[0])
        await stage.settled()
        assert len(ada.chat.from_bot) == 6


async def test_nothing_is_acknowledged_that_is_not_stored(
    telegram: FakeTelegram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.telegram.inbox.FIRST_PAUSE_S", 0.05)
    async with staged(telegram, tmp_path) as stage:
        store, failures = stage.records.store_updates, 3

        async def shaky(*given: Any) -> int:
            nonlocal failures
            failures -= 1
            if failures >= 0:
                raise Down("the database is away")
            return await store(*given)

        monkeypatch.setattr(stage.records, "store_updates", shaky)
        ada = telegram.user()
        await ada.says("hello")
        await telegram.waits_until(lambda: failures == 1)
        assert len(telegram.updates.pending) == 1
        await ada.chat.waits_for()
        assert len(ada.chat.from_bot) == 1


async def test_what_a_crash_left_over_is_taken_after_the_start(telegram: FakeTelegram, tmp_path: Path) -> None:
    ada = telegram.user()
    async with staged(telegram, tmp_path) as stage:
        telegram.disturb("file", "delay", seconds=5)
        await ada.sends_clip(silent_clip())
        await telegram.waits_until(lambda: telegram.calls_of("getFile") and not telegram.updates.pending)
        await stage.die()
        assert len(await stage.records.updates("telegram")) == 1
        await stage.start()
        await stage.job()
        await stage.settled()
        assert len(await stage.jobs(1)) == 1


async def test_a_stop_in_the_middle_loses_nothing_and_repeats_nothing(telegram: FakeTelegram, tmp_path: Path) -> None:
    ada = telegram.user()
    async with staged(telegram, tmp_path) as stage:
        for number in range(8):
            await ada.sends_clip(silent_clip(), caption=str(number))
        await stage.jobs(1)
        await stage.stop()
        await stage.start()
        await stage.jobs(8)
        await stage.settled()
        assert len(await stage.jobs(8)) == 8


async def test_an_unknown_token_is_told_at_the_start(telegram: FakeTelegram, tmp_path: Path) -> None:
    telegram.token = "1:other"
    async with staged(telegram, tmp_path) as stage:
        await stage.stop()
        stage.settings = stage.settings.model_copy(update={"telegram_bot_token": SecretStr("2:wrong")})
        with pytest.raises(Refused, match="does not know this token"):
            await stage.start()
        stage._running = None


async def test_telegram_that_goes_away_and_comes_back(
    telegram: FakeTelegram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.telegram.inbox.FIRST_PAUSE_S", 0.05)
    ada = telegram.user()
    async with staged(telegram, tmp_path) as stage:
        await telegram.die()
        await ada.says("hello")
        await asyncio.sleep(0.1)
        await telegram.revive()
        await ada.chat.waits_for()
        await stage.settled()
        assert len(ada.chat.from_bot) == 1


# ---- webhook ----


async def test_a_webhook_takes_what_bears_the_secret_and_nothing_else(telegram: FakeTelegram, tmp_path: Path) -> None:
    hook = hooked()
    async with staged(telegram, tmp_path, **hook) as stage, aiohttp.ClientSession() as client:
        ada = telegram.user()
        await telegram.waits_until(lambda: telegram.updates.hook)
        await ada.says("hello")
        await ada.chat.waits_for()
        update = telegram.updates.told[-1].model_dump(mode="json", by_alias=True, exclude_none=True) | {"update_id": 5}
        wrong = [{}, {SECRET_HEADER: ""}, {SECRET_HEADER: SECRET[:-1]}, {SECRET_HEADER: SECRET + "x"},
                 {SECRET_HEADER: SECRET.upper()}]  # fmt: skip
        for headers in wrong:
            async with client.post(hook["webhook_url"], json=update, headers=headers) as answer:
                assert answer.status == 403
        right = {SECRET_HEADER: SECRET}
        for body in (b"", b"{", b"[]", b'{"update_id": "5"}', b'{"update_id": true}', b"[" * 100_000):
            async with client.post(hook["webhook_url"], data=body, headers=right) as answer:
                assert answer.status == 400
        async with client.post(hook["webhook_url"], data=io.BytesIO(b" " * (2 << 20)), headers=right) as answer:
            assert answer.status == 413
        async with client.get(hook["webhook_url"], headers=right) as answer:
            assert answer.status == 405
        async with client.post(hook["webhook_url"] + "/x", json=update, headers=right) as answer:
            assert answer.status == 404
        await stage.settled()
        assert len(ada.chat.from_bot) == 1
        async with client.post(hook["webhook_url"], json=update, headers=right) as answer:
            assert answer.status == 200
        await telegram.waits_until(lambda: len(ada.chat.from_bot) == 2)


async def test_without_a_secret_there_is_no_webhook(telegram: FakeTelegram, tmp_path: Path) -> None:
    async with staged(telegram, tmp_path) as stage:
        await stage.stop()
        stage.settings = stage.settings.model_copy(update={"webhook_url": "http://127.0.0.1:1/x"})
        await stage.start()
        assert stage._running
        with pytest.raises(Refused, match="needs a secret"):
            await asyncio.wait_for(stage._running, 5)
        stage._running = None
    assert not telegram.calls_of("setWebhook")


async def test_five_hundred_at_once_are_acknowledged_after_the_commit_and_in_time(records: Records) -> None:
    """p99 within 250 ms on a quiet machine; here a bar that a busy one holds too."""
    inbox = Inbox(records, lambda: None)
    took: list[float] = []

    async def one(number: int) -> None:
        began = time.perf_counter()
        await inbox.store_one({"update_id": number, "message": {"text": "x" * 200}})
        took.append(time.perf_counter() - began)

    await asyncio.gather(*(one(number) for number in range(500)))

    assert len(await records.updates("telegram", most=1000)) == 500
    assert sorted(took)[494] < 2.0


async def test_an_update_that_could_not_be_stored_is_not_acknowledged(
    telegram: FakeTelegram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged(telegram, tmp_path, **hooked()) as stage:
        await telegram.waits_until(lambda: telegram.updates.hook)
        store = stage.records.store_updates
        broken = True

        async def shaky(*given: Any) -> int:
            if broken:
                raise Down("away")
            return await store(*given)

        monkeypatch.setattr(stage.records, "store_updates", shaky)
        ada = telegram.user()
        await ada.says("hello")
        await telegram.waits_until(lambda: telegram.updates.hook_failures)
        assert "503" in telegram.updates.hook_failures[0]
        broken = False
        await ada.chat.waits_for()


# ---- from the store to the handlers ----


def message(number: int, *, chat: int = 1, person: int = 1, **more: Any) -> dict[str, Any]:
    said = {"message_id": number, "chat": {"id": chat}, "from": {"id": person}, **more}
    return {"update_id": number, "message": said}


async def fed(records: Records, feed: Feed, seconds: float = 5.0) -> None:
    """Run a feed until nothing is left to do."""
    running = asyncio.create_task(feed.run())
    try:
        async with asyncio.timeout(seconds):
            while await records.updates("telegram"):
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await feed.drain(1.0)


async def test_a_person_is_heard_in_order_and_nobody_waits_for_others(records: Records) -> None:
    heard: list[str] = []
    slow = asyncio.Event()

    async def handle(row: UpdateRow) -> None:
        if row.number == "1":
            await slow.wait()
        heard.append(row.number)
        if len(heard) == 2:
            slow.set()

    async def give_up(row: UpdateRow) -> None: ...

    updates = [message(1), message(2), message(3, person=2), message(4, chat=2)]
    await records.store_updates("telegram", [(str(one["update_id"]), one) for one in updates])
    await fed(records, Feed(records, handle, give_up))
    assert sorted(heard) == ["1", "2", "3", "4"]
    assert heard.index("1") < heard.index("2")
    assert set(heard[:2]) == {"3", "4"}


async def test_a_handler_that_breaks_is_tried_three_times_and_then_the_person_is_told(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.telegram.feed.PAUSES_S", (0.0, 0.0))
    tried: list[str] = []
    told: list[str] = []

    async def handle(row: UpdateRow) -> None:
        tried.append(row.number)
        if row.number == "1":
            raise RuntimeError("a bug")

    async def give_up(row: UpdateRow) -> None:
        told.append(row.number)
        raise OSError("not even that")

    await records.store_updates("telegram", [("1", message(1)), ("2", message(2))])
    await fed(records, Feed(records, handle, give_up))
    assert tried == ["1"] * MOST_TRIES + ["2"]
    assert told == ["1"]


async def test_a_store_that_is_away_is_nobodys_fault(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.telegram.feed.LOOK_S", 0.02)
    tries = 0

    async def handle(row: UpdateRow) -> None:
        nonlocal tries
        tries += 1
        if tries < 6:
            raise Down("away")

    async def give_up(row: UpdateRow) -> None:
        raise AssertionError("nobody is to be told")

    await records.store_updates("telegram", [("1", message(1))])
    await fed(records, Feed(records, handle, give_up))
    assert tries == 6


async def test_a_bug_is_told_as_one_in_a_sentence(
    telegram: FakeTelegram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.telegram.feed.PAUSES_S", (0.0, 0.0))
    async with staged(telegram, tmp_path) as stage:

        async def broken(*given: Any) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(stage.desk, "submit", broken)
        ada = telegram.user()
        with capture_logs() as logged:
            await ada.sends_clip(silent_clip())
            assert "broke on our side" in (await ada.chat.waits_for()).words
            await stage.settled()
        assert [line["event"] for line in logged].count("update_broke") == MOST_TRIES
        assert len(ada.chat.from_bot) == 1


async def test_an_update_that_nobody_can_read_stops_nobody(telegram: FakeTelegram, tmp_path: Path) -> None:
    async with staged(telegram, tmp_path) as stage:
        with capture_logs():
            await stage.records.store_updates("telegram", [("1", {"update_id": 1, "message": {"text": 5}})])
            ada = telegram.user()
            await ada.says("hello")
            await ada.chat.waits_for()


def test_clips_of_an_album_and_presses_wait_in_no_line() -> None:
    lines = [
        line_of(message(1)),
        line_of(message(2)),
        line_of(message(3, media_group_id="a")),
        line_of(message(4, media_group_id="a")),
        line_of({"update_id": 5, "callback_query": {}}),
        line_of({"update_id": 6, "callback_query": {}}),
    ]
    assert lines[0] == lines[1]
    assert len(set(lines)) == 5
