"""Music videos: a track and its lyrics, given or written into the form; shown first, changed, made, changed again."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.desk import UPLOAD
from bot.discord import sentences
from bot.discord.tracks import LYRICS_BYTES
from bot.text import chat
from bot.text import videos as text
from pipeline.storyboard import LYRICS_MOST, Treatment
from tests.discord_stage import CLIP, CONTACT, FACTS, FILM, TRACK, Stage, staged
from tests.test_contactsheet import a_board

WORDS = "[Verse]\nStreets are wet tonight\nnobody is waiting\n[Chorus]\nwe go home"
LYRICS = ("words.lrc", b"[00:01.00]Streets are wet tonight\n[00:05.00]we go home\n")
PICTURE = ("cover.png", b"\x89PNG" + b"dots" * 20)


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as stage:
        yield stage


async def treated(stage: Stage) -> Treatment:
    treatment = (await stage.request()).treatment
    assert treatment is not None
    return treatment


async def kept(stage: Stage, key: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return (await stage.blobs.get(key, Path(folder) / "kept")).read_bytes()


async def shown(stage: Stage) -> Any:
    """Ask for a music video and have it planned; return the preview in the channel."""
    await stage.ann.slash(stage.channel, "musicvideo", track=TRACK, wish="a harbour")
    await stage.preview((await stage.job()).id)
    await stage.deliver(lambda row: row.state == "open")
    return stage.channel.last_message


async def made(stage: Stage) -> Any:
    """Return a film in the channel."""
    await shown(stage)
    await stage.ann.click(stage.channel.last_message, label="Go")
    await stage.video((await stage.job()).id)
    await stage.deliver()
    return stage.channel.last_message


async def never(*_: Any) -> None:
    await asyncio.sleep(60)


def now(stage: Stage, message: Any) -> Any:
    """Return a message as it is now."""
    return next(one for one in stage.channel.history() if one.id == message.id)


def labels(stage: Stage, message: Any) -> list[str]:
    """Return what stands on the buttons under a message now."""
    rows = stage.env.backend.get_message(stage.channel.id, message.id).components
    return [button["label"] for row in rows for button in row["components"]]


# ---- what is given ----


async def test_track_with_lyrics_starts_at_once(stage: Stage) -> None:
    result = await stage.ann.slash(
        stage.channel, "musicvideo", track=TRACK, lyrics=LYRICS, picture=PICTURE, look="neon noir", titles="karaoke",
        shape="16:9",
    )  # fmt: skip
    assert result.deferred
    assert result.modal is None
    job, request, treatment = await stage.job(), await stage.request(), await treated(stage)
    assert job.source == f"discord:{result._interaction.id}"
    assert (job.person, job.chat) == (f"discord:{stage.ann.id}", f"discord:{stage.channel.id}")
    assert (treatment.look, treatment.titles, treatment.shape) == ("neon noir", "karaoke", "16:9")
    assert treatment.lyrics == LYRICS[1].decode()
    assert (request.target, request.most_bytes, request.go, request.song) == ("discord", 26214400, False, False)
    assert await kept(stage, f"{job.id}/{UPLOAD}") == TRACK[1]
    assert await kept(stage, f"{job.id}/visual") == PICTURE[1]


async def test_without_words_a_form_asks_for_them(stage: Stage) -> None:
    opened = await stage.ann.slash(stage.channel, "musicvideo", track=TRACK, shape="1:1")
    assert opened.modal is not None
    assert await stage.jobs() == []
    result = await stage.ann.submit_modal(opened, {"lyrics": WORDS, "wish": "a harbour, look: paper"})
    assert not result.ephemeral
    treatment = await treated(stage)
    assert (treatment.wish, treatment.look, treatment.shape) == ("a harbour", "paper", "1:1")
    assert treatment.lyrics == WORDS
    job = await stage.job()
    assert job.source == f"discord:{opened._interaction.id}"
    assert await kept(stage, f"{job.id}/{UPLOAD}") == TRACK[1]
    await stage.preview(job.id)
    await stage.deliver(lambda row: row.state == "open")
    assert stage.channel.last_message.id == result.response.id


async def test_form_may_be_left_empty(stage: Stage) -> None:
    opened = await stage.ann.slash(stage.channel, "musicvideo", track=TRACK)
    await stage.ann.submit_modal(opened, {})
    assert (await treated(stage)) == Treatment()


async def test_form_that_outlives_the_bot_is_to_be_repeated(stage: Stage) -> None:
    opened = await stage.ann.slash(stage.channel, "musicvideo", track=TRACK)
    await stage.restart()
    result = await stage.ann.submit_modal(opened, {"lyrics": WORDS})
    assert result.response.content == f"{sentences.form_lost('en')}\n{sentences.form_lost_hint('en')}"
    assert result.ephemeral
    assert await stage.jobs() == []


async def test_forms_do_not_pile_up(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.discord.videos.FORMS_MOST", 2)
    opened = [await stage.ann.slash(stage.channel, "musicvideo", track=TRACK) for _ in range(3)]
    assert len(stage.front.forms) == 2
    await stage.ann.submit_modal(opened[2], {})
    await stage.job()
    assert len(stage.front.forms) == 1


async def test_menu_takes_the_track_of_a_message(stage: Stage) -> None:
    posted = await stage.ann.send(stage.channel, "a boat at dawn", attachments=[("notes.pdf", b"%PDF"), TRACK, PICTURE])
    bob = stage.member("bob")
    opened = await bob.context_menu(stage.channel, sentences.VIDEO_MENU, posted)
    inputs = {row["component"]["custom_id"]: row["component"] for row in opened.modal["components"]}
    assert inputs["wish"]["value"] == "a boat at dawn"
    assert not inputs["lyrics"].get("value")
    await bob.submit_modal(opened, {"wish": "a boat at dawn", "lyrics": WORDS})
    job = await stage.job()
    assert job.person == f"discord:{bob.id}"
    assert await kept(stage, f"{job.id}/visual") == PICTURE[1]


async def test_menu_finds_lyrics_in_the_message(stage: Stage) -> None:
    posted = await stage.ann.send(stage.channel, f"a boat\n\n{WORDS}", attachments=[TRACK])
    opened = await stage.ann.context_menu(stage.channel, sentences.VIDEO_MENU, posted)
    inputs = {row["component"]["custom_id"]: row["component"] for row in opened.modal["components"]}
    assert (inputs["wish"]["value"], inputs["lyrics"]["value"]) == ("a boat", WORDS)
    posted = await stage.ann.send(stage.channel, attachments=[("voice-message.ogg", b"OggS"), LYRICS])
    assert (await stage.ann.context_menu(stage.channel, sentences.VIDEO_MENU, posted)).deferred
    assert (await treated(stage)).lyrics == LYRICS[1].decode()


async def test_song_is_made_where_there_is_no_track(stage: Stage) -> None:
    opened = await stage.ann.slash(stage.channel, "musicvideo", song=True)
    await stage.ann.submit_modal(opened, {"lyrics": WORDS, "wish": "a harbour"})
    job, request = await stage.job(), await stage.request()
    assert request.song
    assert await kept(stage, f"{job.id}/{UPLOAD}") == f"a harbour\n\n{WORDS}".encode()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"wish": "a harbour"}, sentences.no_track("en")),
        ({"track": ("words.txt", b"la la")}, sentences.not_a_track("en")),
        ({"track": TRACK, "picture": ("words.txt", b"la")}, sentences.not_a_picture("en")),
    ],
)
async def test_what_is_no_track_is_said_at_once(stage: Stage, given: dict[str, Any], sentence: str) -> None:
    result = await stage.ann.slash(stage.channel, "musicvideo", **given)
    assert result.response.content.splitlines()[0] == sentence
    assert result.ephemeral
    assert await stage.jobs() == []


async def test_menu_on_a_message_without_a_track_says_so(stage: Stage) -> None:
    posted = await stage.ann.send(stage.channel, "words", attachments=[PICTURE])
    result = await stage.ann.context_menu(stage.channel, sentences.VIDEO_MENU, posted)
    assert result.response.content.startswith(sentences.no_track_in("en"))


@pytest.mark.parametrize(
    "lyrics",
    [b"", b"\0\1\2\3" * 500, b"la\n" * LYRICS_MOST, b"x" * (LYRICS_BYTES + 1), "слова".encode("koi8-r") * 90],
    ids=["empty", "bytes", "long", "large", "letters"],
)
async def test_lyrics_that_are_none_are_told_in_the_answer(stage: Stage, lyrics: bytes) -> None:
    result = await stage.ann.slash(stage.channel, "musicvideo", track=TRACK, lyrics=("words.txt", lyrics))
    sentence, _, hint = result.response.content.partition("\n")
    assert len(sentence) > 15
    assert hint
    assert await stage.jobs() == []
    assert await stage.records.updates("discord") == []


async def test_looks_are_offered_while_somebody_types(stage: Stage) -> None:
    offered = await stage.ann.autocomplete(stage.channel, "musicvideo", "look", "n", track=TRACK)
    assert {choice["value"] for choice in offered} == {"painted", "anime", "neon", "noir"}


async def test_autoscore_leaves_tracks_alone(tmp_path: Path) -> None:
    async with staged(tmp_path, message_content=True) as stage:
        boss = stage.member("boss", manage_channels=True)
        await boss.slash(stage.channel, "autoscore", state="on")
        for name in ("song.mp3", "voice-message.ogg", "song.m4a", "song.opus", "song.flac"):
            await stage.ann.send(stage.channel, attachments=[(name, TRACK[1])])
        assert await stage.jobs() == []


# ---- before it is made ----


async def test_preview_shows_all_shots_and_asks(stage: Stage) -> None:
    message = await shown(stage)
    (attachment,) = message.attachments
    assert attachment.filename.endswith(".jpg")
    assert await attachment.read() == CONTACT
    assert "128 bpm" in message.content
    assert "It costs nothing." in message.content
    assert labels(stage, message) == ["Go", "Change", "Cancel"]


async def test_preview_is_changed_in_place_and_shown_anew(stage: Stage) -> None:
    message = await shown(stage)
    await stage.restart()
    await stage.ann.click(message, label="Change")
    assert "Look" in labels(stage, message)
    await stage.ann.click(message, label="Look")
    assert "Noir" in labels(stage, message)
    assert now(stage, message).attachments
    pressed = await stage.ann.click(message, label="Noir")
    assert pressed.followups[0].content == text.planning_anew("en")
    assert (await treated(stage)).look == "noir"
    before = message.attachments[0].filename
    await stage.deliver(lambda row: "Waiting" in (row.shown or ""))
    assert now(stage, message).attachments == []
    await stage.preview((await stage.job()).id, replace(FACTS, look="noir"))
    await stage.deliver(lambda row: bool(now(stage, message).attachments))
    assert now(stage, message).attachments[0].filename != before
    assert "noir" in now(stage, message).content
    assert labels(stage, message) == ["Go", "Change", "Cancel"]


async def test_other_words_are_written_over_those_that_are_there(stage: Stage) -> None:
    await stage.ann.slash(stage.channel, "musicvideo", track=TRACK, lyrics=LYRICS, wish="a harbour")
    await stage.preview((await stage.job()).id)
    await stage.deliver(lambda row: row.state == "open")
    message = stage.channel.last_message
    await stage.ann.click(message, label="Change")
    opened = await stage.ann.click(message, label="Other words")
    inputs = {row["component"]["custom_id"]: row["component"]["value"] for row in opened.modal["components"]}
    assert inputs == {"wish": "a harbour", "lyrics": LYRICS[1].decode()}
    await stage.restart()
    result = await stage.ann.submit_modal(opened, {"wish": "the desert", "lyrics": WORDS})
    assert result.ephemeral
    assert result.response.content == text.planning_anew("en")
    treatment = await treated(stage)
    assert (treatment.wish, treatment.lyrics) == ("the desert", WORDS)
    assert len(await stage.jobs()) == 1


async def test_form_that_comes_back_empty_changes_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    message = await shown(stage)
    await stage.ann.click(message, label="Change")
    with monkeypatch.context() as patch:
        patch.setattr(stage.desk, "press", never)
        patch.setattr("bot.discord.buttons.FORM_S", 0.05)
        opened = await stage.ann.click(message, label="Other words")
    result = await stage.ann.submit_modal(opened, {})
    assert result.response.content == text.as_before("en")
    assert (await stage.job()).state == "asking"


async def test_lyrics_that_no_form_holds_are_not_cut_off(stage: Stage) -> None:
    long = "\n".join(["we walk along the river to the sea"] * 200)
    assert len(long) > 4000
    await stage.ann.slash(stage.channel, "musicvideo", track=TRACK, lyrics=("words.txt", long.encode()))
    await stage.preview((await stage.job()).id)
    await stage.deliver(lambda row: row.state == "open")
    message = stage.channel.last_message
    await stage.ann.click(message, label="Change")
    opened = await stage.ann.click(message, label="Other words")
    await stage.ann.submit_modal(opened, {"wish": "the sea"})
    treatment = await treated(stage)
    assert (treatment.wish, treatment.lyrics) == ("the sea", long)


async def test_words_of_others_are_not_asked_for(stage: Stage) -> None:
    message = await shown(stage)
    await stage.ann.click(message, label="Change")
    bob = stage.member("bob")
    pressed = await bob.click(message, label="Other words")
    assert pressed.modal is None
    assert pressed.response.content == chat.not_yours("en")


async def test_back_leads_to_the_question(stage: Stage) -> None:
    message = await shown(stage)
    await stage.ann.click(message, label="Change")
    await stage.ann.click(message, label="Back")
    assert labels(stage, message) == ["Go", "Change", "Cancel"]


async def test_go_makes_the_film_in_the_same_message(stage: Stage) -> None:
    message = await shown(stage)
    pressed = await stage.ann.click(message, label="Go")
    assert pressed.followups[0].content == text.going("en")
    assert pressed.followups[0].ephemeral
    job = await stage.job()
    assert job.state == "waiting"
    assert (await stage.request()).go
    await stage.deliver(lambda row: "Waiting" in (row.shown or ""))
    assert now(stage, message).attachments == []
    assert labels(stage, message) == ["Cancel"]
    await stage.video(job.id)
    await stage.deliver()
    assert len(stage.channel.history()) == 1
    message = now(stage, message)
    (attachment,) = message.attachments
    assert await attachment.read() == FILM
    assert text.MACHINE_MADE in message.content
    assert labels(stage, message) == ["Other pictures", "Change", "Storyboard", "Full quality"]


async def test_cancel_ends_it(stage: Stage) -> None:
    message = await shown(stage)
    await stage.ann.click(message, label="Cancel")
    await stage.deliver()
    assert (await stage.job()).state == "canceled"
    assert labels(stage, message) == []


@pytest.mark.parametrize("label", ["Go", "Change", "Cancel"])
async def test_strangers_decide_nothing(stage: Stage, label: str) -> None:
    message = await shown(stage)
    for stranger in (stage.member("bob"), stage.member("boss", manage_channels=True)):
        pressed = await stranger.click(message, label=label)
        assert pressed.followups[0].content == chat.not_yours("en")
        assert pressed.followups[0].ephemeral
    assert (await stage.job()).state == "asking"
    assert labels(stage, message) == ["Go", "Change", "Cancel"]


async def test_words_of_a_track_are_shown_plain_and_ping_nobody(stage: Stage) -> None:
    title = "@everyone <@300> **bold** [click](https://evil.example) discord.gg/abc " + "*" * 900
    await stage.ann.slash(stage.channel, "musicvideo", track=TRACK, wish="a harbour")
    facts = replace(FACTS, title=title, artist="_" * 900, look="`" * 90)
    await stage.preview((await stage.job()).id, facts)
    await stage.deliver(lambda row: row.state == "open")
    message = stage.channel.last_message
    assert "@everyone" not in message.content
    assert "https://evil" not in message.content
    assert "[" not in message.content.replace("\\[", "")
    assert message.content.endswith("Shall I make it?")
    edits = [log for log in stage.env.http_requests if log.method == "PATCH"]
    assert all(log.json["allowed_mentions"] == {"parse": []} for log in edits)


# ---- the film ----


async def test_storyboard_comes_by_its_name(stage: Stage) -> None:
    await stage.ann.click(await made(stage), label="Storyboard")
    await stage.deliver()
    (attachment,) = stage.channel.last_message.attachments
    assert attachment.filename.endswith("storyboard-1.json")


async def test_change_of_a_film_comes_as_a_message_of_its_own(stage: Stage) -> None:
    film = await made(stage)
    await stage.ann.click(film, label="Change")
    await stage.ann.click(film, label="Lyrics as")
    await stage.ann.click(film, label="Karaoke")
    first, second = await stage.jobs()
    assert second.parent == first.id
    assert second.request["treatment"]["titles"] == "karaoke"
    await stage.video(second.id)
    await stage.deliver()
    assert stage.channel.last_message.id != film.id
    assert await stage.channel.last_message.attachments[0].read() == FILM


async def test_lyrics_are_shifted_by_a_command(stage: Stage) -> None:
    await made(stage)
    result = await stage.ann.slash(stage.channel, "shift", seconds=0.4)
    assert result.ephemeral
    assert "0.40 s later" in result.response.content
    _, second = await stage.jobs()
    assert second.request["treatment"]["shift"] == 0.4
    await stage.video(second.id)
    await stage.deliver()
    assert stage.channel.last_message.attachments


async def test_one_shot_is_drawn_anew_by_a_command(stage: Stage) -> None:
    await made(stage)
    result = await stage.ann.slash(stage.channel, "redraw", shot=9)
    assert result.response.content == text.redraw_usage(3, "en")
    result = await stage.ann.slash(stage.channel, "redraw", shot=2)
    assert "Shot 2" in result.response.content
    _, second = await stage.jobs()
    assert second.request["treatment"]["redraws"] == {"p02": 1}


async def test_edited_storyboard_is_played(stage: Stage) -> None:
    await made(stage)
    board = a_board(3).to_json().encode()
    result = await stage.ann.slash(stage.channel, "storyboard", board=("storyboard.json", board))
    assert result.ephemeral
    _, second = await stage.jobs()
    assert second.request["beside"] == ["storyboard"]
    assert not second.request["go"]
    assert await kept(stage, f"{second.id}/storyboard") == board
    result = await stage.ann.slash(stage.channel, "storyboard", board=("storyboard.json", b"{}"))
    assert "storyboard is not usable" in result.response.content
    assert len(await stage.jobs()) == 2


async def test_others_have_no_film_here_to_change(stage: Stage) -> None:
    await made(stage)
    bob = stage.member("bob")
    for name, options in (("shift", {"seconds": 1.0}), ("redraw", {"shot": 1})):
        result = await bob.slash(stage.channel, name, **options)
        assert result.response.content == text.no_video("en")
    assert len(await stage.jobs()) == 1


async def test_takes_name_a_music_video(stage: Stage) -> None:
    await made(stage)
    result = await stage.ann.slash(stage.channel, "takes")
    assert "The Long Way" in result.response.content


async def test_a_clip_is_scored_as_before(stage: Stage) -> None:
    await stage.ann.slash(stage.channel, "score", clip=CLIP)
    assert (await stage.request()).treatment is None
