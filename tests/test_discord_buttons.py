"""Buttons after a restart, in other people's hands, and the rating form."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.buttons import Button, Press
from bot.discord.buttons import view_of
from bot.text import chat
from jobs.job import Outcome, Request
from tests.discord_stage import CLIP, Stage, staged

JOB = "abcdefghijkm"
ANSWERS = {"richness": ["4"], "fitness": ["5"], "humanness": ["3"], "fondness": ["2"]}


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as stage:
        yield stage


@pytest_asyncio.fixture
async def film(stage: Stage) -> Any:
    """Ann's film in the channel."""
    await stage.ann.slash(stage.channel, "score", clip=CLIP)
    await stage.film((await stage.job()).id)
    await stage.deliver()
    return stage.channel.last_message


async def test_another_take_comes_as_a_message_of_its_own_after_a_restart(stage: Stage, film: Any) -> None:
    await stage.restart()
    pressed = await stage.ann.click(film, label="Another take")
    assert pressed.followups[0].content == chat.on_its_way("take", "en", again=False)
    first, second = await stage.jobs()
    assert second.parent == first.id
    await stage.film(second.id)
    await stage.deliver()
    shared = [message for message in stage.channel.history() if message.attachments]
    assert len(shared) == 2


async def test_moods_are_a_menu(stage: Stage, film: Any) -> None:
    await stage.ann.click(film, label="Mood")
    await stage.restart()
    components = stage.env.backend.get_message(stage.channel.id, film.id).components
    (menu,) = [one for row in components for one in row["components"] if one["type"] == 3]
    assert len(menu["options"]) == len(chat.MOODS)
    pressed = await stage.ann.select(film, [menu["options"][0]["value"]])
    assert pressed.followups[0].content == chat.on_its_way("mood", "en", again=False)
    first, second = await stage.jobs()
    assert second.request["brief"]["mood"] == chat.MOODS[0]
    assert first.request["brief"]["mood"] == ""


async def test_song_comes_as_a_file(stage: Stage, film: Any) -> None:
    await stage.ann.click(film, label="Music")
    await stage.deliver()
    (attachment,) = stage.channel.last_message.attachments
    assert attachment.filename.endswith(".m4a")


@pytest.mark.parametrize("label", ["Another take", "Mood", "Slower", "Music", "Full quality", "Rate it"])
async def test_strangers_change_nothing(stage: Stage, film: Any, label: str) -> None:
    for stranger in (stage.member("bob"), stage.member("boss", manage_channels=True)):
        pressed = await stranger.click(film, label=label)
        said = pressed.followups or [pressed.response]
        assert said[0].content == chat.not_yours("en")
        assert said[0].ephemeral
        assert pressed.modal is None
    assert len(await stage.jobs()) == 1
    assert len(await stage.deliveries()) == 1


async def test_rating_is_kept_even_if_the_bot_restarted_meanwhile(stage: Stage, film: Any) -> None:
    shown = await stage.ann.click(film, label="Rate it")
    assert shown.modal is not None
    await stage.restart()
    result = await stage.ann.submit_modal(shown, ANSWERS)
    assert result.response.content == chat.rated("en")
    (mean,) = await stage.records.means()
    assert {asked: mean[asked] for asked in ANSWERS} == {asked: float(point[0]) for asked, point in ANSWERS.items()}


async def test_form_opens_when_the_desk_is_slow(stage: Stage, film: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: Any) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(stage.desk, "press", never)
    assert (await stage.ann.click(film, label="Rate it")).modal is not None


async def test_question_about_the_sound_is_answered_by_a_button(stage: Stage) -> None:
    result = await stage.ann.slash(stage.channel, "score", clip=CLIP)
    job = await stage.job()
    await stage.end(job.id, Outcome("question"), state="asking")
    await stage.deliver(lambda row: row.state == "open")
    assert result.response.content == chat.question(job.id, Outcome("question"), "en").text
    await stage.ann.click(result.response, label="Replace it")
    row = await stage.job()
    assert (row.state, row.request["sound"]) == ("waiting", "replace")


def test_rows_fit_into_what_discord_shows() -> None:
    many = tuple(tuple(Button(f"{row}{n}", Press("song", JOB, f"{row}{n}")) for n in range(7)) for row in "abcd")
    rows = [[], [], [], [], []]
    view = view_of(many, "en")
    assert view is not None
    for item in view.children:
        rows[item.row].append(item)
    assert all(len(row) <= 5 for row in rows)
    assert view_of((), "en") is None


def test_custom_ids_are_short_and_each_is_there_once() -> None:
    for rows in (chat.result_buttons(JOB, Request(), "de", take=4), chat.mood_buttons(JOB, Request(), "de", take=4)):
        view = view_of(rows, "de")
        assert view is not None
        names = [item.custom_id for item in view.children]
        assert len(set(names)) == len(names)
        assert max(map(len, names)) <= 100
