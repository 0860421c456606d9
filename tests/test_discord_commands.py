"""Commands: a clip given to /score comes back scored; settings, languages and rights."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from bot.discord import sentences
from bot.discord.commands import COMMANDS, Translations, Tree
from bot.text import chat
from storage.errors import Down
from tests.discord_stage import CLIP, FILM, Stage, staged


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path, owners=("discord:1",)) as stage:
        yield stage


async def test_clip_comes_back_scored_in_place_of_the_answer(stage: Stage) -> None:
    result = await stage.ann.slash(
        stage.channel, "score", clip=CLIP, style="epic", mood="wistful", length="long", takes=2, wish="no drums"
    )
    assert result.deferred
    assert not result.ephemeral
    job, request = await stage.job(), await stage.request()
    assert job.source == f"discord:{result._interaction.id}"
    assert (job.person, job.chat) == (f"discord:{stage.ann.id}", f"discord:{stage.channel.id}")
    brief = request.brief
    assert (brief.style, brief.mood, brief.prompt_length, brief.wish) == ("epic", "wistful", "long", "no drums")
    assert (request.takes, request.sound, request.target) == (2, "ask", "discord")
    assert request.most_bytes == 26214400  # as the interaction says
    await stage.film(job.id, takes=2)
    await stage.deliver()
    first, second = stage.channel.history()
    assert first.id == result.response.id
    for message in (first, second):
        (attachment,) = message.attachments
        assert await attachment.read() == FILM
        assert "1m1" in message.content
        assert chat.MACHINE_MADE in message.content


async def test_progress_is_shown_in_the_answer_with_a_way_out(stage: Stage) -> None:
    result = await stage.ann.slash(stage.channel, "score", clip=CLIP)
    await stage.deliver(lambda row: row.shown is not None)
    assert "Waiting" in result.response.content
    pressed = await stage.ann.click(result.response, label="Cancel")
    assert pressed.followups[0].ephemeral
    assert (await stage.job()).state == "canceled"
    await stage.deliver()
    assert len(stage.channel.history(viewer=stage.ann)) == 2
    assert not result.response.components


async def test_menu_scores_the_clip_of_a_message(stage: Stage) -> None:
    posted = await stage.ann.send(stage.channel, "look at this", attachments=[("notes.txt", b"words"), CLIP])
    bob = stage.member("bob")
    await bob.context_menu(stage.channel, sentences.MENU, posted)
    job = await stage.job()
    assert job.person == f"discord:{bob.id}"
    assert await stage.blobs.size(f"{job.id}/upload") == len(CLIP[1])


async def test_menu_on_a_message_without_a_clip_says_so(stage: Stage) -> None:
    posted = await stage.ann.send(stage.channel, "words", attachments=[("notes.txt", b"words")])
    result = await stage.ann.context_menu(stage.channel, sentences.MENU, posted)
    assert result.response.content == f"{sentences.no_clip('en')}\n{sentences.no_clip_hint('en')}"
    assert await stage.jobs() == []


async def test_score_works_in_private(stage: Stage) -> None:
    await stage.ann.user.slash("score", clip=CLIP)
    job = await stage.job()
    assert job.chat == f"discord:{stage.ann.user.dm_channel.id}"
    await stage.film(job.id)
    await stage.deliver()
    assert stage.ann.user.dm_channel.last_message.attachments


@pytest.mark.parametrize("command", ["takes", "queue", "cancel", "settings", "privacy", "help", "ratings"])
async def test_commands_answer_only_to_whoever_gave_them(stage: Stage, command: str) -> None:
    result = await stage.ann.slash(stage.channel, command)
    assert result.ephemeral
    assert result.response.content


async def test_takes_lead_back_to_the_buttons_of_a_film(stage: Stage) -> None:
    await stage.ann.slash(stage.channel, "score", clip=CLIP)
    await stage.film((await stage.job()).id)
    result = await stage.ann.slash(stage.channel, "takes")
    label = result.response.components[0]["components"][0]["label"]
    await stage.ann.click(result.response, label=label)
    labels = [button["label"] for row in result.response.components for button in row["components"]]
    assert "Another take" in labels


async def test_settings_are_for_those_who_manage_the_channel(stage: Stage) -> None:
    refused = await stage.ann.slash(stage.channel, "settings", style="epic")
    assert refused.response.content == chat.admins_only("en")
    boss = stage.member("boss", manage_channels=True)
    await boss.slash(stage.channel, "settings", style="epic", mood="hopeful", takes=2)
    settings = await stage.desk.settings(f"discord:{stage.channel.id}")
    assert (settings.style, settings.mood, settings.takes) == ("epic", "hopeful", 2)
    await boss.slash(stage.channel, "settings", style="free", mood="free")
    settings = await stage.desk.settings(f"discord:{stage.channel.id}")
    assert (settings.style, settings.mood, settings.takes) == ("", "", 2)


async def test_what_the_channel_has_chosen_stands_behind_what_is_said(stage: Stage) -> None:
    boss = stage.member("boss", manage_channels=True)
    await boss.slash(stage.channel, "settings", style="epic", mood="hopeful", takes=2, language="de")
    await stage.ann.slash(stage.channel, "score", clip=CLIP, mood="dark")
    request = await stage.request()
    assert (request.brief.style, request.brief.mood, request.takes) == ("epic", "dark", 2)
    (row,) = [row for row in await stage.deliveries() if row.what == "result"]
    assert row.reply_to["language"] == "de"


async def test_autoscore_says_when_messages_cannot_be_read(stage: Stage) -> None:
    boss = stage.member("boss", manage_channels=True)
    result = await boss.slash(stage.channel, "autoscore", state="on")
    assert result.response.content == sentences.no_content("en")
    assert (await stage.desk.settings(f"discord:{stage.channel.id}")).autoscore == "off"
    await boss.slash(stage.channel, "autoscore", state="off")


async def test_language_is_kept(stage: Stage) -> None:
    result = await stage.ann.slash(stage.channel, "language", language="de")
    assert result.response.content == chat.language_set("de")
    result = await stage.ann.slash(stage.channel, "help")
    assert result.response.content.startswith(chat.usage("de", front="discord")[:10])


async def test_forgetme_asks_first_and_removes_everything(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.desk.LET_GO_S", 0.05)
    await stage.ann.slash(stage.channel, "score", clip=CLIP)
    asked = await stage.ann.slash(stage.channel, "forgetme")
    assert asked.response.content == chat.forget_question("en")
    await stage.restart()
    await stage.ann.click(asked.response, label=chat.yes("en"))
    assert await stage.jobs() == []
    assert asked.response.content == chat.forgotten(1, "en")
    assert asked.response.components == []


async def test_forgetme_can_be_thought_better_of(stage: Stage) -> None:
    await stage.ann.slash(stage.channel, "score", clip=CLIP)
    asked = await stage.ann.slash(stage.channel, "forgetme")
    await stage.ann.click(asked.response, label=chat.no("en"))
    assert asked.response is None
    assert len(await stage.jobs()) == 1


async def test_database_that_is_away_is_told_in_a_sentence(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any, **__: Any) -> None:
        raise Down("away")

    monkeypatch.setattr(stage.records, "chat", away)
    result = await stage.ann.slash(stage.channel, "score", clip=CLIP)
    assert result.response.content == sentences.away("en")


async def test_bug_is_owned_up_to(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def break_(*_: Any, **__: Any) -> None:
        raise RuntimeError("detail")

    monkeypatch.setattr(stage.desk, "queue", break_)
    with capture_logs() as logs:
        result = await stage.ann.slash(stage.channel, "queue")
    assert result.response.content == chat.broke("en")
    assert "broke" in [line["event"] for line in logs]
    stage.env._errors.clear()  # that it was one is what is tested


async def test_slow_database_does_not_delay_the_acknowledgement(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deferral comes before the first look into the records."""
    looked: list[bool] = []
    chat_of = stage.records.chat

    async def slow(*args: Any) -> Any:
        looked.append(any("callback" in request.path for request in stage.env.http_requests))
        return await chat_of(*args)

    monkeypatch.setattr(stage.records, "chat", slow)
    await stage.ann.slash(stage.channel, "score", clip=CLIP)
    assert looked == [True]


# ---- what is announced ----


async def test_commands_are_for_every_place_and_announced_in_german_as_well() -> None:
    async with discord.Client(intents=discord.Intents(guilds=True)) as client:
        tree = Tree(client)
        await tree.set_translator(Translations())
        announced = [await command.get_translated_payload(tree, tree.translator) for command in tree.get_commands()]
    assert len({command["name"] for command in announced}) == len(COMMANDS)
    for command in announced:
        assert command["integration_types"] == [0, 1], command["name"]
        expected = [0] if command["name"] == "autoscore" else [0, 1, 2]
        assert command["contexts"] == expected
        if command["type"] == 1:
            assert "de" in command["description_localizations"], command["name"]
            assert len(command["description"]) <= 100
    menus = [command for command in announced if command["type"] == 3]
    assert {menu["name"] for menu in menus} == {"Score this clip", "Make a music video"}
    for menu in menus:
        assert "de" in menu["name_localizations"]
        assert max(len(name) for name in (menu["name"], *menu["name_localizations"].values())) <= 32


async def test_options_of_a_music_video_are_announced_in_german_as_well() -> None:
    async with discord.Client(intents=discord.Intents(guilds=True)) as client:
        tree = Tree(client)
        await tree.set_translator(Translations())
        named = {command.name: command for command in tree.get_commands()}
        announced = [
            await named[name].get_translated_payload(tree, tree.translator)
            for name in ("musicvideo", "shift", "redraw", "storyboard")
        ]
    for option in (option for command in announced for option in command["options"]):
        assert "de" in option["description_localizations"], option["name"]
        assert len(option["description_localizations"]["de"]) <= 100


async def test_commands_are_not_announced_by_starting(stage: Stage) -> None:
    assert not [request for request in stage.env.http_requests if "commands" in request.path]
