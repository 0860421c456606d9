"""One message for one delivery, whatever breaks on the way; what Telegram says for good is an end."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from jobs.deliveries import Later, Status
from jobs.job import Outcome, ReplyTo
from storage.records import Records
from tests.fake_telegram import FakeTelegram, User
from tests.fake_telegram.faults import How
from tests.telegram_stage import Stage, made, silent_clip, staged


@pytest_asyncio.fixture
async def stage(telegram: FakeTelegram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setattr("jobs.deliveries.FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr("jobs.deliveries.SHOW_S", 0.05)
    defaults = inspect.unwrap(Records.opening).__kwdefaults__
    assert defaults
    monkeypatch.setitem(defaults, "lost_s", 0.3)
    async with staged(telegram, tmp_path) as running:
        yield running


async def a_job(stage: Stage, caption: str | None = None) -> User:
    ada = stage.telegram.user()
    await ada.sends_clip(silent_clip(), caption=caption)
    await ada.chat.waits_for()
    return ada


async def delivered(stage: Stage, state: str = "sent") -> None:
    """Wait until the job's one delivery has ended."""
    row = (await stage.jobs(1))[-1]
    async with asyncio.timeout(10):
        while (one := (await stage.records.deliveries_of(row.id))[0]).state != state:
            assert one.state in ("open", "due"), one.problem
            await asyncio.sleep(0.02)


async def test_the_film_takes_the_placeholders_place(stage: Stage) -> None:
    ada = await a_job(stage)
    (placeholder,) = ada.chat.from_bot
    await stage.scores(await stage.job())
    film = await ada.chat.waits_for(lambda m: m.kind == "video")
    assert film is placeholder
    assert film.media is not None
    assert film.media.data == (made() / "scored.mp4").read_bytes()
    assert (film.media.width, film.media.height, film.media.duration, film.media.name) == (160, 90, 2, "scored.mp4")
    assert film.media.thumbnail is not None
    (call,) = stage.telegram.calls_of("editMessageMedia")
    assert call.asked.media.supports_streaming is True
    assert "1m1" in film.words
    assert "1m2" in film.words
    assert len(film.buttons) >= 10


async def test_the_placeholder_shows_how_it_stands(stage: Stage) -> None:
    ada = await a_job(stage)
    (placeholder,) = ada.chat.from_bot
    first = placeholder.words
    row = await stage.job()
    attempt = await stage.records.release(row.id)
    assert attempt
    await stage.records.take(row.id, attempt, "w", seconds=30)
    await stage.records.start(row.id, attempt, "w")
    await stage.records.renew(row.id, attempt, "w", seconds=30, stage="music", share=0.4)
    await ada.chat.waits_for(lambda m: m is placeholder and "40 %" in m.words)
    assert placeholder.words != first
    assert placeholder.labels == ["Cancel"]


@pytest.mark.parametrize("how", ["drop before", "drop after", "500", "502"])
@pytest.mark.parametrize("method", ["sendMessage", "editMessageMedia"])
async def test_a_delivery_that_is_cut_is_exactly_one_video(stage: Stage, method: str, how: How) -> None:
    fault = stage.telegram.disturb(method, how, times=4 if method == "editMessageMedia" else 1)
    ada = stage.telegram.user()
    await ada.sends_clip(silent_clip())
    row = await stage.job()
    await stage.scores(row)
    await ada.chat.waits_for(lambda m: m.kind == "video")
    await delivered(stage)
    await stage.bell.ring()
    assert fault.times == 0
    assert len(ada.chat.videos) == 1


async def test_a_front_end_that_dies_between_edit_and_note_makes_no_second_video(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.deliveries.LEASE_S", 0.3)
    ada = await a_job(stage)
    sent = stage.records.sent
    reached = asyncio.Event()

    async def dies(*given: object) -> bool:
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(stage.records, "sent", dies)
    await stage.scores(await stage.job())
    await asyncio.wait_for(reached.wait(), 5)
    assert len(ada.chat.videos) == 1
    await stage.die()
    monkeypatch.setattr(stage.records, "sent", sent)
    await stage.start()
    await delivered(stage)
    assert len(ada.chat.videos) == 1


async def test_flood_control_is_waited_for(stage: Stage) -> None:
    ada = await a_job(stage)
    stage.telegram.disturb("editMessageMedia", "flood", retry_after=1)
    await stage.scores(await stage.job())
    await ada.chat.waits_for(lambda m: m.kind == "video")
    assert not stage.telegram.calls_in_wait
    assert len(ada.chat.videos) == 1


@pytest.mark.parametrize("how", ["413", "413 html"])
async def test_what_is_too_large_for_telegram_ends_in_a_sentence(stage: Stage, how: How) -> None:
    ada = await a_job(stage)
    stage.telegram.disturb("editMessageMedia", how)
    await stage.scores(await stage.job())
    await ada.chat.waits_for(lambda m: "larger" in m.words)
    await delivered(stage)
    assert not ada.chat.videos


async def test_a_blocked_bot_and_a_deleted_chat_are_ends(stage: Stage) -> None:
    ada = await a_job(stage)
    ada.block()
    await stage.settled()
    assert (await stage.records.chat(f"telegram:{ada.id}")).dead_at is not None
    await stage.scores(await stage.job())
    await delivered(stage, "dead")
    ada.unblock()
    await stage.settled()
    assert (await stage.records.chat(f"telegram:{ada.id}")).dead_at is None

    group, ben = stage.telegram.group(), stage.telegram.user("Ben")
    clip = await ben.sends_clip(silent_clip(), chat=group)
    await ben.says("/score", chat=group, reply_to=clip)
    await group.waits_for()
    group.delete()
    _, row = await stage.jobs(2)
    await stage.scores(row)
    await delivered(stage, "dead")


async def test_a_placeholder_that_was_deleted_comes_anew_once(stage: Stage) -> None:
    ada = await a_job(stage)
    await ada.deletes(ada.chat.from_bot[0])
    await stage.scores(await stage.job())
    await ada.chat.waits_for(lambda m: m.kind == "video")
    await delivered(stage)
    assert len(ada.chat.videos) == 1


async def test_a_deleted_placeholder_and_a_lost_answer_are_still_one_video(stage: Stage) -> None:
    ada = await a_job(stage)
    await ada.deletes(ada.chat.from_bot[0])
    anew = {"when": lambda call: call.fields["message_id"] != "2"}
    stage.telegram.disturb("editMessageMedia", "drop after", times=4, **anew)
    await stage.scores(await stage.job())
    await delivered(stage)
    assert len(ada.chat.videos) == 1


async def test_a_clip_that_was_deleted_is_answered_all_the_same(stage: Stage) -> None:
    ada = stage.telegram.user()
    stage.telegram.disturb("sendMessage", "drop before")
    clip = await ada.sends_clip(silent_clip())
    row = await stage.job()
    await ada.deletes(clip)
    await stage.scores(row)
    await ada.chat.waits_for(lambda m: m.kind == "video")


async def test_a_sentence_takes_the_placeholders_place_and_nothing_takes_it_away(stage: Stage) -> None:
    ada = await a_job(stage)
    (placeholder,) = ada.chat.from_bot
    outcome = Outcome("sentence", sentence="This file is not a picture.", hint="Send a film.")
    await stage.ends(await stage.job(), outcome, state="failed")
    await ada.chat.waits_for(lambda m: m is placeholder and m.words == "This file is not a picture.\nSend a film.")
    assert not placeholder.buttons
    await ada.sends_clip(silent_clip())
    _, row = await stage.jobs(2)
    shown = await ada.chat.waits_for(lambda m: m is not placeholder)
    await stage.ends(row, Outcome("nothing"))
    await stage.telegram.waits_until(lambda: shown.deleted)
    assert shown.deleted


async def test_several_takes_are_a_message_each(stage: Stage) -> None:
    ada = stage.telegram.user()
    await ada.says("/settings takes=3")
    await ada.chat.waits_for()
    await ada.sends_clip(silent_clip())
    await stage.scores(await stage.job())
    await stage.telegram.waits_until(lambda: len(ada.chat.videos) == 3)
    assert [film.buttons[0].callback_data.partition("@")[2] for film in ada.chat.videos] == ["", "2", "3"]  # in order
    assert len({film.words for film in ada.chat.videos}) == 3
    assert len({str(film.buttons) for film in ada.chat.videos}) == 3


async def test_the_longest_caption_fits(stage: Stage) -> None:
    ada = await a_job(stage)
    lines = tuple(replace(cue, mood="🎻" * 30) for cue in (await a_film(stage)).cues * 60)
    await stage.scores(await stage.job(), cues=lines)
    await ada.chat.waits_for(lambda m: m.kind == "video")
    assert not stage.telegram.failures


async def a_film(stage: Stage):  # type: ignore[no-untyped-def]
    return await stage._film("abcdefghijkm", 1)


async def test_progress_never_waits_for_a_rate_limit(telegram: FakeTelegram) -> None:
    from aiogram import Bot

    from bot.telegram.messenger import Address, Messenger
    from bot.telegram.outgoing import Outgoing, Session

    outgoing = Outgoing(per_chat=(1, 60))
    session = Session(api=telegram.api)
    session.middleware(outgoing)
    bot = Bot(telegram.token, session=session)
    messenger = Messenger(bot, outgoing)
    ada = telegram.user()
    place: ReplyTo = Address(ada.id).written("en")
    try:
        message, _ = await messenger.open("d", place, Status("abcdefghijkm", "waiting", 3))
        with pytest.raises(Later):
            await messenger.show(message, place, Status("abcdefghijkm", "waiting", 2))
    finally:
        await session.close()
    assert not telegram.calls_of("editMessageText")
