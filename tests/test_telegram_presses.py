"""Buttons: each press is answered, and obeyed only where it is that person's to press."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.fake_telegram import ChatMessage, FakeTelegram, User
from tests.telegram_stage import Stage, clip_with_sound, silent_clip, staged


@pytest_asyncio.fixture
async def stage(telegram: FakeTelegram, tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(telegram, tmp_path, owners=frozenset({"telegram:1001"})) as running:
        yield running


async def a_film(stage: Stage) -> tuple[User, ChatMessage]:
    ada = stage.telegram.user()
    await ada.sends_clip(silent_clip(), caption="calm")
    await stage.scores(await stage.job())
    return ada, await ada.chat.waits_for(lambda m: m.kind == "video")


async def test_cancel_stops_a_job_that_waits(stage: Stage) -> None:
    ada = stage.telegram.user()
    await ada.sends_clip(silent_clip())
    placeholder = await ada.chat.waits_for()
    press = await ada.presses(placeholder, "cancel")
    assert "stopped" in press.text
    assert (await stage.job()).state == "canceled"
    await ada.chat.waits_for(lambda m: m is placeholder and not m.buttons and "cancel" in m.words.lower())


async def test_another_take_comes_as_a_film_of_its_own(stage: Stage) -> None:
    ada, film = await a_film(stage)
    await ada.presses(film, "take")
    _, second = await stage.jobs(2)
    assert second.request["brief"]["seed"] != 1
    await stage.scores(second)
    await ada.chat.waits_for(lambda m: m.kind == "video" and m is not film)
    assert len(ada.chat.videos) == 2


async def test_moods_and_back_change_the_buttons_only(stage: Stage) -> None:
    ada, film = await a_film(stage)
    before = film.labels
    await ada.presses(film, "mood")
    assert film.labels != before
    assert film.kind == "video"
    await ada.presses(film, "back")
    assert film.labels == before


@pytest.mark.parametrize(("button", "kind", "name"), [
    ("song", "audio", "music.m4a"), ("stems", "document", "stems.zip"), ("midi", "document", "music.mid"),
    ("sheet", "document", "cues.json"), ("file", "document", "scored.mp4"),
])  # fmt: skip
async def test_what_else_was_made_arrives_in_a_message_each(stage: Stage, button: str, kind: str, name: str) -> None:
    ada, film = await a_film(stage)
    press = await ada.presses(film, button)
    assert not press.alert
    message = await ada.chat.waits_for(lambda m: m.kind == kind)
    assert message.media is not None
    assert message.media.name == name
    assert message.reply_to is film
    assert ("machine" in message.words) == (button in ("song", "file"))  # said wherever the finished music goes


async def test_a_film_of_the_list_says_which_one_its_buttons_are_about(stage: Stage) -> None:
    ada, _ = await a_film(stage)
    await ada.says("/takes")
    listed = await ada.chat.waits_for(lambda m: m.by_bot and m.kind is None)
    name = listed.labels[0].removeprefix("1. ")
    assert (await ada.presses(listed, "back")).text == name


async def test_the_four_questions_are_asked_and_kept(stage: Stage) -> None:
    ada, film = await a_film(stage)
    before = film.labels
    await ada.presses(film, "rate")
    for point in ("4", "5", "3", "2"):
        await ada.presses(film, point)
    assert film.labels == before
    (mean,) = await stage.records.means()
    assert [mean[name] for name in ("richness", "fitness", "humanness", "fondness")] == [4.0, 5.0, 3.0, 2.0]
    await ada.says("/ratings")  # the first person here runs this bot
    await ada.chat.waits_for(lambda m: "4.00" in m.words)
    eve = stage.telegram.user("Eve")
    await eve.says("/ratings")
    assert "owner" in (await eve.chat.waits_for()).words


async def test_the_question_about_sound_is_asked_once_and_answered(stage: Stage) -> None:
    ada = stage.telegram.user()
    await ada.sends_clip(clip_with_sound(), "video")
    placeholder = await ada.chat.waits_for()
    await stage.asks(await stage.job())
    asked = await ada.chat.waits_for(lambda m: len(m.buttons) == 3)
    assert asked is placeholder
    await ada.presses(asked, "keep")
    row = await stage.job()
    assert (row.state, row.request["sound"]) == ("waiting", "keep")
    await ada.chat.waits_for(lambda m: m is placeholder and len(m.buttons) == 1)
    await stage.scores(row)
    await ada.chat.waits_for(lambda m: m is placeholder and m.kind == "video")
    assert len(ada.chat.from_bot) == 1


async def test_presses_of_others_are_answered_and_not_obeyed(stage: Stage) -> None:
    ada, film = await a_film(stage)
    group, eve = stage.telegram.group(), stage.telegram.user("Eve")
    group.make_admin(eve)  # an admin somewhere, which is nothing here
    clip = await ada.sends_clip(silent_clip(), chat=group)
    await ada.says("/score", chat=group, reply_to=clip)
    _, row = await stage.jobs(2)
    await stage.scores(row)
    shown = await group.waits_for(lambda m: m.kind == "video")
    labels = shown.labels
    for button in shown.buttons:
        press = await eve.presses(shown, button.callback_data or "")
        assert press.alert, button
        assert press.text
    # a client of one's own can press what stands nowhere
    forged = ["cancel:" + film.buttons[0].callback_data.split(":")[1], "take", "rm -rf:x", "forget:1001:1", "é" * 30]
    for data in forged:
        shown.keyboard[0][0] = shown.keyboard[0][0].model_copy(update={"callback_data": data})
        assert (await eve.presses(shown, data)).alert
    assert len(await stage.jobs(2)) == 2
    assert shown.labels == labels
    assert len(group.videos) == 1
    assert not [m for m in eve.chat.from_bot if m.kind]


async def test_a_late_press_is_obeyed_all_the_same(stage: Stage) -> None:
    ada, film = await a_film(stage)
    stage.telegram.press_life_s = 0.0
    await ada.taps(film, "take")
    await stage.jobs(2)
    await stage.settled()


async def test_forgetting_asks_first_and_obeys_only_the_one_who_asked(stage: Stage) -> None:
    ada, _ = await a_film(stage)
    group, eve = stage.telegram.group(), stage.telegram.user("Eve")
    await ada.says("/forgetme", chat=group)
    asked = await group.waits_for()
    assert (await eve.presses(asked, "Yes")).alert
    assert len(await stage.jobs(1)) == 1
    await ada.presses(asked, "No")
    assert len(await stage.jobs(1)) == 1
    await ada.says("/forgetme")
    asked = await ada.chat.waits_for(lambda m: "forget:" in str(m.buttons))
    await ada.presses(asked, "Yes")
    assert not await stage.records.jobs_of()
    assert asked.words.startswith("Done")


async def test_a_language_is_chosen_by_button_or_word_and_kept(stage: Stage) -> None:
    ada = stage.telegram.user()
    await ada.says("/language")
    asked = await ada.chat.waits_for()
    await ada.presses(asked, "Deutsch")
    await ada.says("hallo")
    german = await ada.chat.waits_for(lambda m: m is not asked)
    await ada.says("/language English")
    await ada.says("hello")
    english = await ada.chat.waits_for(lambda m: m.words.startswith("Send me"))
    assert german.words != english.words
    await ada.says("/language Klingon")
    await ada.chat.waits_for(lambda m: "do not speak" in m.words)
