"""Music videos in a chat: tracks and what lies beside them become jobs, previews become films, answers change them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiogram.types import Chat, Document, ExternalReplyInfo, Message, MessageOriginHiddenUser, PhotoSize

from bot import links
from bot.telegram import tracks
from bot.telegram.commands import seconds_of
from bot.text import chat, measured
from bot.text import videos as text
from jobs.deliveries import Deliveries
from jobs.job import Outcome
from storage.tables import JobRow
from tests.fake_telegram import ChatMessage, FakeTelegram, User
from tests.fake_telegram.files import Kind
from tests.shoots import make_board
from tests.telegram_stage import Stage, clip_with_sound, made, silent_clip, staged

TRACK = b"ID3 what a track is like"
LRC = "[00:01.00]Walking home\n[00:03.50]neon in the rain"
PHOTO = b"\xff\xd8\xff\xe0"


@pytest_asyncio.fixture
async def stage(telegram: FakeTelegram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    defaults = Deliveries.__init__.__kwdefaults__
    assert defaults
    monkeypatch.setitem(defaults, "show_s", 0.1)
    async with staged(telegram, tmp_path) as running:
        yield running


def treatment(row: JobRow) -> dict[str, Any]:
    found = row.request["treatment"]
    assert found is not None
    return dict(found)


async def upload(stage: Stage, row: JobRow, folder: Path, name: str = "upload") -> bytes:
    return (await stage.blobs.get(f"{row.id}/{name}", folder / "got")).read_bytes()


async def a_track(stage: Stage, words: str = "mountains") -> tuple[User, ChatMessage, JobRow]:
    """Let somebody send a track in private; return them, our placeholder and the job."""
    ada = stage.telegram.user()
    await ada.sends_clip(TRACK, "audio", name="song.mp3", caption=words)
    placeholder = await ada.chat.waits_for()
    return ada, placeholder, await stage.job()


async def a_preview(stage: Stage, words: str = "mountains") -> tuple[User, ChatMessage, JobRow]:
    ada, placeholder, row = await a_track(stage, words)
    await stage.previews(row)
    await ada.chat.waits_for(lambda m: m is placeholder and m.kind == "photo")
    return ada, placeholder, await stage.job()


async def a_film(stage: Stage, words: str = "mountains") -> tuple[User, ChatMessage, JobRow]:
    ada, placeholder, row = await a_track(stage, words)
    await stage.makes(row)
    await ada.chat.waits_for(lambda m: m is placeholder and m.kind == "video")
    return ada, placeholder, await stage.job()


# ---- what becomes a music video ----


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("audio", "song.mp3"),
        ("voice", "hum.ogg"),
        *(("document", f"song.{suffix}") for suffix in ("mp3", "M4A", "flac", "wav", "opus", "aiff", "wma")),
    ],
)
async def test_a_track_that_is_answered_to(stage: Stage, kind: Kind, name: str, tmp_path: Path) -> None:
    group, ada, ben = stage.telegram.group(), stage.telegram.user("Ada"), stage.telegram.user("Ben")
    sent = await ada.sends_clip(TRACK, kind, chat=group, name=name)
    await ben.says("/musicvideo neon city, 16:9", chat=group, reply_to=sent)

    row = await stage.job()

    assert (row.person, row.chat) == (f"telegram:{ben.id}", f"telegram:{group.id}")
    assert (treatment(row)["wish"], treatment(row)["shape"]) == ("neon city", "16:9")
    assert (row.request["go"], row.request["song"], row.request["takes"]) == (False, False, 1)
    assert (row.request["target"], row.request["most_bytes"]) == ("telegram", 50_000_000)
    assert await upload(stage, row, tmp_path) == TRACK
    shown = await group.waits_for()
    assert shown.reply_to is sent
    assert shown.labels == ["Cancel"]


@pytest.mark.parametrize("caption", ["/musicvideo neon city", "neon city", None])
async def test_a_track_in_private(stage: Stage, caption: str | None) -> None:
    ada = stage.telegram.user()
    sent = await ada.sends_clip(TRACK, "audio", name="song.mp3", caption=caption)
    row = await stage.job()
    assert treatment(row)["wish"] == ("neon city" if caption else "")
    assert (await ada.chat.waits_for()).reply_to is sent


async def test_words_alone_answer_a_track_in_private(stage: Stage) -> None:
    ada = stage.telegram.user()
    sent = await ada.sends_clip(TRACK, "audio", name="song.mp3")
    await ada.says("rather the sea", reply_to=sent)
    first, second = await stage.jobs(2)
    assert [treatment(row)["wish"] for row in (first, second)] == ["", "rather the sea"]


async def test_lyrics_below_the_command(stage: Stage) -> None:
    ada = stage.telegram.user()
    sent = await ada.sends_clip(TRACK, "audio", name="song.mp3", chat=stage.telegram.group())
    await ada.says(f"/musicvideo\n{LRC}", chat=sent.chat, reply_to=sent)
    row = await stage.job()
    assert (treatment(row)["wish"], treatment(row)["lyrics"]) == ("", LRC)


@pytest.mark.parametrize("name", ["words.txt", "song.lrc", "song.SRT", "song.vtt"])
async def test_lyrics_as_a_file(stage: Stage, name: str) -> None:
    ada, group = stage.telegram.user(), stage.telegram.group()
    sent = await ada.sends_clip(TRACK, "audio", name="song.mp3", chat=group)
    await ada.sends_clip(
        LRC.encode("utf-16"), "document", name=name, caption="/musicvideo mountains", chat=group, reply_to=sent
    )
    row = await stage.job()
    assert (treatment(row)["wish"], treatment(row)["lyrics"]) == ("mountains", LRC)


@pytest.mark.parametrize("kind", ["photo", "video", "animation", "document"])
async def test_a_picture_or_clip_to_be_seen(stage: Stage, kind: Kind, tmp_path: Path) -> None:
    ada, group = stage.telegram.user(), stage.telegram.group()
    shown = clip_with_sound().read_bytes() if kind == "video" else silent_clip().read_bytes()
    shown = shown if kind in ("video", "animation") else PHOTO
    sent = await ada.sends_clip(TRACK, "audio", name="song.mp3", chat=group)
    name = "a.mp4" if kind in ("video", "animation") else "a.jpg"
    await ada.sends_clip(shown, kind, name=name, caption="/musicvideo no titles", chat=group, reply_to=sent)
    row = await stage.job()
    assert row.request["beside"] == ["visual"]
    assert await upload(stage, row, tmp_path, "visual") == shown
    assert await upload(stage, row, tmp_path) == TRACK


async def test_a_track_that_answers_a_picture(stage: Stage, tmp_path: Path) -> None:
    ada = stage.telegram.user()
    photo = await ada.sends_clip(PHOTO, "photo")
    await ada.chat.waits_for()
    await ada.sends_clip(TRACK, "audio", name="song.mp3", reply_to=photo)
    assert await upload(stage, await stage.job(), tmp_path, "visual") == PHOTO


@pytest.mark.parametrize("where", ["private", "group"])
@pytest.mark.parametrize("caption", ["/musicvideo calm cuts", "calm cuts"])
async def test_files_of_an_album_belong_together(stage: Stage, tmp_path: Path, caption: str, where: str) -> None:
    ada, group = stage.telegram.user(), stage.telegram.group()
    group.make_bot_admin()
    (tmp_path / "words.lrc").write_text(LRC)
    (tmp_path / "song.flac").write_bytes(TRACK)
    await ada.sends_album(
        [tmp_path / "words.lrc", tmp_path / "song.flac"], as_="document", caption=caption,
        chat=group if where == "group" else None,
    )  # fmt: skip
    await stage.settled()
    rows = await stage.jobs(0)
    if where == "group" and not caption.startswith("/"):
        assert not rows
        assert not group.from_bot
        return
    (row,) = rows
    assert (treatment(row)["pace"], treatment(row)["wish"], treatment(row)["lyrics"]) == ("calm", "", LRC)
    chat = group if where == "group" else ada.chat
    await chat.waits_for()
    assert len(chat.from_bot) == 1


async def test_photos_of_an_album_are_one_request(stage: Stage) -> None:
    ada, group = stage.telegram.user(), stage.telegram.group()
    group.make_bot_admin()
    sent = await ada.sends_clip(TRACK, "audio", name="song.mp3", chat=group)
    album = str(stage.telegram.new_id())
    for caption in (None, "/musicvideo", None):
        ada._send(group, sent, None, album=album, caption=caption, **stage.telegram.clip(PHOTO, "photo", None))
    await stage.jobs(1)
    await stage.settled()
    assert (await stage.job()).request["beside"] == ["visual"]


async def test_a_song_is_made_where_there_is_no_track(stage: Stage, tmp_path: Path) -> None:
    ada, group = stage.telegram.user(), stage.telegram.group()
    await ada.says("/musicvideo song by the sea\n\n[Chorus]\nla la la\nlo lo lo", chat=group)
    row = await stage.job()
    assert row.request["song"] is True
    assert (treatment(row)["wish"], treatment(row)["lyrics"]) == ("by the sea", "[Chorus]\nla la la\nlo lo lo")
    assert "la la la" in (await upload(stage, row, tmp_path)).decode()


async def test_a_song_of_lyrics_that_were_written_before(stage: Stage) -> None:
    ada, group = stage.telegram.user(), stage.telegram.group()
    lyrics = "one\ntwo\nthree\nfour"
    said = await ada.says(lyrics, chat=group)
    await ada.says("/musicvideo Song: neon", chat=group, reply_to=said)
    row = await stage.job()
    assert (row.request["song"], treatment(row)["wish"], treatment(row)["lyrics"]) == (True, "neon", lyrics)


@pytest.mark.parametrize("words", ["/musicvideo", "/musicvideo neon city", "/musicvideo song", "/musicvideo song \n"])
async def test_nothing_to_make_one_of_is_told(stage: Stage, words: str) -> None:
    group, ada = stage.telegram.group(), stage.telegram.user()
    said = await ada.says(words, chat=group)
    answer = await group.waits_for()
    assert (answer.words, answer.reply_to) == (text.reply_to_a_track("en"), said)
    assert not await stage.records.jobs_of()


async def test_lyrics_alone_in_private_are_told_where_they_belong(stage: Stage) -> None:
    ada = stage.telegram.user()
    await ada.sends_clip(LRC.encode(), "document", name="song.lrc")
    assert (await ada.chat.waits_for()).words == text.reply_to_a_track("en")


@pytest.mark.parametrize(
    "words", ["/musicvideo https://example.org/song neon", "https://example.org/song.MP3?x=1 neon"]
)
async def test_a_link_to_a_sound_file(stage: Stage, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fetch(url: str, to: Path, *, most_bytes: int) -> None:
        to.write_bytes(TRACK)

    monkeypatch.setattr(links, "fetch", fetch)
    ada = stage.telegram.user()
    await ada.says(words)
    assert treatment(await stage.job())["wish"] == "neon"


async def test_a_film_is_taken_for_its_sound_when_that_is_asked_for(stage: Stage, tmp_path: Path) -> None:
    ada, group = stage.telegram.user(), stage.telegram.group()
    sent = await ada.sends_clip(clip_with_sound(), chat=group)
    await ada.says("/musicvideo", chat=group, reply_to=sent)
    row = await stage.job()
    assert await upload(stage, row, tmp_path) == clip_with_sound().read_bytes()
    assert row.request["beside"] == []


async def test_a_track_above_the_clouds_limit_is_refused_before_it_is_asked_for(stage: Stage) -> None:
    ada = stage.telegram.user()
    await ada.sends_clip(bytes((20 << 20) + 1), "audio", name="long.wav")
    answer = await ada.chat.waits_for()
    assert "20 MB" in answer.words
    assert not stage.telegram.calls_of("getFile")


async def test_an_edited_caption_makes_no_second_job(stage: Stage) -> None:
    ada = stage.telegram.user()
    sent = await ada.sends_clip(TRACK, "audio", name="song.mp3", caption="calm")
    await stage.jobs(1)
    await ada.edits(sent, "calmer")
    await ada.edits(sent, "/musicvideo calmest")
    await stage.settled()
    assert treatment(await stage.job())["wish"] == "calm"
    said = await ada.says("/musicvideo")
    await ada.chat.waits_for(lambda m: m.reply_to is said)
    await ada.edits(said, "/musicvideo again")  # it was answered; nothing is there yet
    await stage.settled()
    assert len([m for m in ada.chat.from_bot if m.reply_to is said]) == 1


async def test_autoscore_leaves_tracks_alone(stage: Stage) -> None:
    group, ada = stage.telegram.group(), stage.telegram.user()
    group.make_bot_admin()
    group.make_admin(ada)
    await ada.says("/autoscore on", chat=group)
    await group.waits_for()
    await ada.sends_clip(TRACK, "audio", chat=group, name="song.mp3", caption="my new one")
    await ada.sends_clip(TRACK, "document", chat=group, name="song.flac")
    await ada.sends_clip(LRC.encode(), "document", chat=group, name="song.lrc")
    await stage.settled()
    assert not await stage.records.jobs_of()
    assert len(group.from_bot) == 1


async def test_a_channel_and_a_topic_get_theirs(stage: Stage) -> None:
    channel, ada = stage.telegram.channel(), stage.telegram.user()
    post = await channel.posts_clip(TRACK, "audio", name="song.mp3")
    await channel.posts("/musicvideo calm", reply_to=post)
    (row,) = await stage.jobs(1)
    assert row.person == row.chat == f"telegram:{channel.id}"
    await stage.previews(row)
    preview = await channel.waits_for(lambda m: m.kind == "photo")
    assert (await ada.presses(preview, "Go")).alert
    channel.make_admin(ada)
    assert not (await ada.presses(preview, "Go")).alert

    group = stage.telegram.group(topics=True)
    topic = group.topic("Songs")
    sent = await ada.sends_clip(TRACK, "audio", name="song.mp3", chat=group, thread=topic)
    await ada.says("/musicvideo", chat=group, reply_to=sent)
    _, row = await stage.jobs(2)
    await stage.previews(row)
    assert (await group.waits_for(lambda m: m.kind == "photo")).thread == topic


# ---- what is refused ----


@pytest.mark.parametrize(
    ("lyrics", "said"),
    [
        (b"la la la\n" * 6000, "20,000 are taken"),
        (b"[ti:Nothing]\n", "not one line"),
        (b" \n", "lyrics are empty"),
        (bytes(range(256)) * 40, ""),
        ("Слова\n".encode("cp1251") * 9, "letters"),
        (b"x" * 4_000_001, "at most 4 MB"),
    ],
)
async def test_lyrics_that_are_none_are_refused_at_once(stage: Stage, lyrics: bytes, said: str) -> None:
    ada = stage.telegram.user()
    sent = await ada.sends_clip(TRACK, "audio", name="song.mp3", chat=stage.telegram.group())
    await ada.sends_clip(
        lyrics, "document", name="song.lrc", caption="/musicvideo", chat=sent.chat, reply_to=sent
    )  # fmt: skip
    answer = await sent.chat.waits_for()
    assert said in answer.words
    assert "\n" in answer.words  # a hint
    assert not await stage.records.jobs_of()


async def test_a_track_that_is_called_like_a_command_is_none(stage: Stage) -> None:
    """A film's caption begins with what its track is called."""
    group, ada = stage.telegram.group(), stage.telegram.user()
    group.make_bot_admin()
    _, film, _ = await a_film(stage)
    film.caption = "/musicvideo neon"
    told = film.as_type().model_copy(update={"chat": group.as_type(), "message_id": 70})
    stage.telegram.updates.add(message=told)
    stage.telegram.updates.add(message=told.model_copy(update={"from_user": ada.as_type()}))
    await stage.settled()
    assert len(await stage.jobs(1)) == 1
    assert not group.from_bot


# ---- the preview ----


async def test_the_preview_becomes_the_film(stage: Stage) -> None:
    ada, shown, row = await a_preview(stage)
    assert shown.media is not None
    assert shown.media.data == (made() / "thumbnail.jpg").read_bytes()
    assert "The Long Way" in shown.words
    assert "It costs nothing." in shown.words
    assert shown.labels == ["Go", "Change", "Cancel"]
    press = await ada.presses(shown, "Go")
    assert press.text == text.going("en")
    await ada.chat.waits_for(lambda m: m is shown and m.labels == ["Cancel"])  # under the picture
    row = await stage.job()
    assert (row.state, row.request["go"]) == ("waiting", True)
    attempt = await stage.records.release(row.id)
    assert attempt
    await stage.records.take(row.id, attempt, "w", seconds=30)
    await stage.records.start(row.id, attempt, "w")
    await stage.records.renew(row.id, attempt, "w", seconds=30, stage="pictures", share=0.4)
    await ada.chat.waits_for(lambda m: m is shown and m.kind == "photo" and "40 %" in m.words)
    assert "Drawing the pictures" in shown.words
    await stage.records.again(row.id, attempt, "w", crashed=False, tried=False, delay_s=0)
    await stage.makes(await stage.job())
    await ada.chat.waits_for(lambda m: m is shown and m.kind == "video")
    assert shown.media.name == "musicvideo.mp4"
    assert "machine" in shown.words
    assert shown.labels == ["Other pictures", "Change", "Storyboard", "Full quality"]
    assert len(ada.chat.from_bot) == 1


@pytest.mark.parametrize(
    ("button", "name", "words"),
    [("Storyboard", "storyboard.json", ""), ("Full quality", "musicvideo.mp4", "Pictures made by a machine")],
)
async def test_what_lies_beside_a_film_is_sent_as_a_file(stage: Stage, button: str, name: str, words: str) -> None:
    ada, film, _ = await a_film(stage)
    assert not (await ada.presses(film, button)).alert
    sent = await ada.chat.waits_for(lambda m: m.kind == "document")
    assert sent.media is not None
    assert sent.media.name == name
    assert sent.words.startswith(words)
    assert sent.reply_to is film


async def test_a_preview_is_changed_in_its_place(stage: Stage) -> None:
    ada, shown, _ = await a_preview(stage)
    before = shown.labels
    await ada.presses(shown, "Change")
    assert "Look" in shown.labels
    await ada.presses(shown, "Look")
    await ada.presses(shown, "back")
    assert shown.labels == before
    await ada.presses(shown, "Change")
    await ada.presses(shown, "Look")
    press = await ada.presses(shown, "Noir")
    assert press.text == text.planning_anew("en")
    await ada.chat.waits_for(lambda m: m is shown and m.labels == ["Cancel"])
    row = await stage.job()
    assert (row.state, treatment(row)["look"], row.request["go"]) == ("waiting", "noir", False)
    await stage.previews(row, notes=("Another plan.",))
    await ada.chat.waits_for(lambda m: m is shown and "Another plan." in m.words and "Go" in m.labels)
    assert len(ada.chat.from_bot) == 1


async def test_cancel_leaves_the_picture_and_says_so(stage: Stage) -> None:
    ada, shown, _ = await a_preview(stage)
    await ada.presses(shown, "Cancel")
    assert (await stage.job()).state == "canceled"
    await ada.chat.waits_for(lambda m: m is shown and not m.buttons and "cancel" in m.words.lower())
    assert shown.kind == "photo"


async def test_a_sentence_comes_under_the_picture_also_from_another_process(stage: Stage) -> None:
    ada, shown, _ = await a_preview(stage)
    await ada.presses(shown, "Go")
    await stage.stop()
    await stage.start()  # which has never seen the preview
    said = "The film cannot be made. " + "x" * 2000
    await stage.ends(await stage.job(), Outcome("sentence", sentence=said, hint="So it is."), state="failed")
    await ada.chat.waits_for(lambda m: m is shown and m.words.startswith("The film cannot be made."))
    assert measured.units(shown.words) == 1024
    assert not shown.buttons


async def test_a_picture_that_is_not_taken_does_not_lose_the_question(stage: Stage) -> None:
    ada, placeholder, row = await a_track(stage)
    stage.telegram.disturb("editMessageMedia", "400", description="Bad Request: PHOTO_INVALID_DIMENSIONS")
    await stage.previews(row)
    await ada.chat.waits_for(lambda m: m is placeholder and "Go" in m.labels)
    assert placeholder.kind is None
    await ada.presses(placeholder, "Go")
    await ada.chat.waits_for(lambda m: m is placeholder and m.labels == ["Cancel"])
    await stage.makes(await stage.job())
    await ada.chat.waits_for(lambda m: m is placeholder and m.kind == "video")


async def test_a_preview_of_the_longest_words_fits(stage: Stage) -> None:
    ada, placeholder, row = await a_track(stage)
    await stage.previews(row, notes=("🎻" * 3000,))
    await ada.chat.waits_for(lambda m: m is placeholder and m.kind == "photo")


async def test_buttons_of_others_are_not_obeyed(stage: Stage) -> None:
    group, ada, eve = stage.telegram.group(), stage.telegram.user("Ada"), stage.telegram.user("Eve")
    sent = await ada.sends_clip(TRACK, "audio", name="song.mp3", chat=group)
    await ada.says("/musicvideo", chat=group, reply_to=sent)
    await stage.previews(await stage.job())
    shown = await group.waits_for(lambda m: m.kind == "photo")
    for button in ("Go", "Change", "Cancel"):
        press = await eve.presses(shown, button)
        assert press.alert
        assert press.text == chat.not_yours("en")
    assert (await stage.job()).state == "asking"


# ---- answers and commands ----


async def test_other_words_and_lyrics_answer_a_preview(stage: Stage) -> None:
    ada, shown, _ = await a_preview(stage)
    said = await ada.says("rather the sea at night", reply_to=shown)
    await ada.chat.waits_for(lambda m: m.reply_to is said and m.words == text.planning_anew("en"))
    row = await stage.job()
    assert (treatment(row)["wish"], row.state) == ("rather the sea at night", "waiting")
    await stage.previews(row)
    await ada.chat.waits_for(lambda m: m is shown and "Go" in m.labels)
    sent = await ada.sends_clip(LRC.encode(), "document", name="song.lrc", reply_to=shown)
    await ada.chat.waits_for(lambda m: m.reply_to is sent)
    row = await stage.job()
    assert (treatment(row)["wish"], treatment(row)["lyrics"]) == ("rather the sea at night", LRC)


async def test_an_answer_to_a_film_is_another_film_that_is_shown_first(stage: Stage) -> None:
    ada, film, row = await a_film(stage)
    await ada.says("/musicvideo the sea, karaoke", reply_to=film)
    _, second = await stage.jobs(2)
    assert (treatment(second)["wish"], treatment(second)["titles"]) == ("the sea", "karaoke")
    assert second.request["go"] is False
    assert second.parent == row.id
    shown = await ada.chat.waits_for(lambda m: second.id in str(m.buttons))
    assert shown.reply_to is film
    await ada.says("/musicvideo", reply_to=film)  # bare: other pictures
    third = (await stage.jobs(3))[2]
    assert treatment(third)["seed"] == 2


async def test_talk_under_a_film_in_a_group_changes_nothing(stage: Stage) -> None:
    group, ada, eve = stage.telegram.group(), stage.telegram.user("Ada"), stage.telegram.user("Eve")
    sent = await ada.sends_clip(TRACK, "audio", name="song.mp3", chat=group)
    await ada.says("/musicvideo", chat=group, reply_to=sent)
    await stage.makes(await stage.job())
    film = await group.waits_for(lambda m: m.kind == "video")
    await ada.says("how nice", chat=group, reply_to=film)
    await eve.sends_clip(LRC.encode(), "document", name="song.lrc", chat=group, reply_to=film)
    await stage.settled()
    assert len(await stage.jobs(1)) == 1
    assert len(group.from_bot) == 1
    await ada.sends_clip(LRC.encode(), "document", name="song.lrc", chat=group, reply_to=film)  # meant for it
    _, second = await stage.jobs(2)
    assert treatment(second)["lyrics"] == LRC
    await eve.says("/musicvideo the sea", chat=group, reply_to=film)  # a film like any other: for its sound
    third = (await stage.jobs(3))[2]
    assert third.person == f"telegram:{eve.id}"
    assert (treatment(third)["wish"], treatment(third)["lyrics"]) == ("the sea", "")
    assert await stage.blobs.size(f"{third.id}/upload") == clip_with_sound().stat().st_size


async def test_score_in_answer_to_a_music_video_is_a_clip_like_any_other(stage: Stage) -> None:
    ada, film, _ = await a_film(stage)
    await ada.says("/score epic", reply_to=film)
    _, second = await stage.jobs(2)
    assert second.request["treatment"] is None
    assert await stage.blobs.size(f"{second.id}/upload") == clip_with_sound().stat().st_size


async def test_an_edited_storyboard_is_played_again(stage: Stage, tmp_path: Path) -> None:
    ada, film, _ = await a_film(stage)
    edited = make_board([0.0, 2.0, 61.0]).to_json().encode()
    await ada.sends_clip(edited, "document", name="storyboard.json", reply_to=film)
    _, second = await stage.jobs(2)
    assert (second.request["beside"], second.request["go"]) == (["storyboard"], False)
    assert await upload(stage, second, tmp_path, "storyboard") == edited
    wrong = await ada.sends_clip(edited[:-9], "document", name="storyboard (1).json", reply_to=film)
    answer = await ada.chat.waits_for(lambda m: m.reply_to is wrong)
    assert answer.words.startswith("The storyboard is not usable")
    assert len(await stage.jobs(2)) == 2


@pytest.mark.parametrize(("words", "said"), [("x\n" * 2040, ""), ("[ti:x]\n[ar:y]", "not one line"), ("😀" * 1200, "")])
async def test_answers_that_cannot_be_lyrics(stage: Stage, words: str, said: str) -> None:
    ada, shown, _ = await a_preview(stage)
    answered = await ada.says(words, reply_to=shown)
    answer = await ada.chat.waits_for(lambda m: m.reply_to is answered)
    assert said in answer.words
    assert not stage.telegram.failures


async def test_a_lyrics_file_of_fifty_thousand_letters_is_refused(stage: Stage) -> None:
    ada, shown, _ = await a_preview(stage)
    sent = await ada.sends_clip(b"la la " * 8400, "document", name="all.txt", reply_to=shown)
    answer = await ada.chat.waits_for(lambda m: m.reply_to is sent)
    assert "20,000" in answer.words
    assert (await stage.job()).state == "asking"


@pytest.mark.parametrize(
    ("words", "seconds"),
    [("+0.4", 0.4), ("-0.2", -0.2), ("0,4", 0.4), ("+400ms", 0.4), ("\u22121 s", -1.0), (" 2 seconds", 2.0), ("", None),
     ("later", None), ("1e9", None), ("nan", None), ("9" * 400, None), ("+ 0.4", 0.4), ("--1", None)],
)  # fmt: skip
def test_seconds_are_read_as_people_write_them(words: str, seconds: float | None) -> None:
    assert seconds_of(words) == seconds


async def test_lyrics_are_moved_by_a_command(stage: Stage) -> None:
    ada, film, _ = await a_film(stage)
    wrong = await ada.says("/shift later", reply_to=film)
    await ada.chat.waits_for(lambda m: m.reply_to is wrong and m.words == text.shift_usage("en"))
    said = await ada.says("/shift +400ms")  # the last one here
    _, second = await stage.jobs(2)
    assert (treatment(second)["shift"], second.request["go"]) == (0.4, True)
    answer = await ada.chat.waits_for(lambda m: m.reply_to is said and m.text and "0.40 s later" in m.text)
    assert not answer.buttons
    placeholder = await ada.chat.waits_for(lambda m: second.id in str(m.buttons))
    assert placeholder.reply_to is said


async def test_a_shot_is_drawn_anew_by_a_command(stage: Stage) -> None:
    ada, film, _ = await a_film(stage)
    for words in ("/redraw", "/redraw 9", "/redraw everything"):
        said = await ada.says(words, reply_to=film)
        await ada.chat.waits_for(lambda m, said=said: m.reply_to is said and m.words == text.redraw_usage(3, "en"))
    await ada.says("/redraw 2", reply_to=film)
    _, second = await stage.jobs(2)
    assert treatment(second)["redraws"] == {"p02": 1}
    eve = stage.telegram.user("Eve")
    for words in ("/redraw 1", "/shift 1"):
        said = await eve.says(words)
        await eve.chat.waits_for(lambda m, said=said: m.reply_to is said and m.words == text.no_video("en"))


async def test_help_and_greeting_tell_of_it(stage: Stage) -> None:
    ada = stage.telegram.user()
    for command in ("/help", "/start"):
        said = await ada.says(command)
        answer = await ada.chat.waits_for(lambda m, said=said: m.reply_to is said)
        assert "music video" in answer.words


# ---- what a message holds ----


def message(**values: Any) -> Message:
    return Message(message_id=1, date=0, chat=Chat(id=1, type="private"), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "mime", "kind"),
    [
        ("a.mp3", None, "track"), ("a", "audio/x-whatever", "track"), ("a.ogg", "application/ogg", "track"),
        ("a.lrc", "application/octet-stream", "paper"), ("a", "text/plain", "paper"), ("a.txt", "audio/mpeg", "track"),
        ("a.json", "text/plain", "board"), ("a.JSON", "application/json", "board"), ("a.html", "text/html", ""),
        ("a.png", "image/png", "visual"), ("a.mp4", "video/mp4", "visual"), ("a.pdf", "application/pdf", ""),
        (None, None, ""),
    ],
)  # fmt: skip
def test_what_a_file_is_by_what_its_sender_says(name: str | None, mime: str | None, kind: str) -> None:
    document = Document(file_id="1", file_unique_id="1", file_name=name, mime_type=mime, file_size=7)
    for piece in (
        message(document=document),
        ExternalReplyInfo(origin=MessageOriginHiddenUser(date=0, sender_user_name="x"), document=document),
    ):
        found = {
            "track": tracks.track_in(piece), "paper": tracks.paper_in(piece), "board": tracks.board_in(piece),
            "visual": tracks.visual_in(piece),
        }  # fmt: skip
        first = next((name for name, sent in found.items() if sent), "")
        assert first == kind
        assert not kind or found[kind].size == 7


def test_the_largest_photo_is_taken() -> None:
    sizes = [PhotoSize(file_id=str(n), file_unique_id=str(n), width=n, height=n) for n in (90, 1280, 320)]
    found = tracks.visual_in(message(photo=sizes))
    assert found is not None
    assert found.file_id == "1280"


async def test_one_answer_to_everything(stage: Stage) -> None:
    """Nothing that is said in private about music videos stays unanswered."""
    ada = stage.telegram.user()
    for number, words in enumerate(("/shift", "/redraw", "/musicvideo", "/shift 1", "/redraw 1"), 1):
        said = await ada.says(words)
        await ada.chat.waits_for(lambda m, said=said: m.reply_to is said)
        await stage.settled()
        assert len(ada.chat.from_bot) == number
    await asyncio.sleep(0)
