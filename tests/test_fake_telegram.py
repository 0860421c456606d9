"""The loopback Telegram answers aiogram's own bot as Telegram does, and does it wrong when told to."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiogram import Bot, Dispatcher, F, Router
from aiogram import exceptions as errors
from aiogram.methods import SetMessageReaction
from aiogram.types import (
    BotCommand,
    BufferedInputFile,
    CallbackQuery,
    FSInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaVideo,
    Message,
    ReactionTypeEmoji,
    ReplyParameters,
)
from aiohttp import web

from tests.fake_telegram import FakeTelegram, Rates
from tests.fake_telegram.files import look
from tests.media import ffmpeg

JPEG = bytes.fromhex("ffd8ffc0000b080010001001011100") + bytes(20)


@pytest_asyncio.fixture
async def bot(telegram: FakeTelegram) -> AsyncIterator[Bot]:
    async with aiogram_bot(telegram) as bot:
        yield bot


class aiogram_bot:  # noqa: N801
    """Aiogram's bot, put away without the quarter second that its session waits for TLS."""

    def __init__(self, telegram: FakeTelegram) -> None:
        self.bot = telegram.bot()

    async def __aenter__(self) -> Bot:
        await self.bot.session.create_session()
        return self.bot

    async def __aexit__(self, *exc_info: object) -> None:
        await self.bot.session._session.close()


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "silent.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x48:d=1", "-pix_fmt", "yuv420p", path)
    return path


@pytest.fixture(scope="module")
def sounded(silent: Path) -> Path:
    path = silent.with_name("sounded.mp4")
    ffmpeg("-i", silent, "-f", "lavfi", "-i", "sine=d=1", "-c:v", "copy", "-shortest", path)
    return path


def keys(*buttons: tuple[str, str]) -> InlineKeyboardMarkup:
    row = [InlineKeyboardButton(text=label, callback_data=data) for label, data in buttons]
    return InlineKeyboardMarkup(inline_keyboard=[row])


def a_file(data: bytes, name: str = "a.bin") -> BufferedInputFile:
    return BufferedInputFile(data, name)


@contextmanager
def refused(error: type[Exception], words: str | None = None) -> Iterator[Any]:
    with pytest.raises(error, match=words) as caught:
        yield caught


# -- who is there ---------------------------------------------------------------------------------------------------


async def test_the_bot_is_a_bot_and_a_wrong_token_is_nobody(telegram: FakeTelegram, bot: Bot) -> None:
    me = await bot.get_me()
    assert me.is_bot
    assert me.id == bot.id
    stranger = Bot("1:AAno", session=bot.session)
    with refused(errors.TelegramUnauthorizedError, "Unauthorized"):
        await stranger.get_me()


async def test_a_request_that_is_no_bot_api_request_fails_the_test(telegram: FakeTelegram) -> None:
    ada = telegram.user()
    base = f"{telegram.url}/bot{telegram.token}"
    said = {"chat_id": str(ada.id), "text": "x"}
    attached = {"chat_id": str(ada.id), "video": "attach://v"}
    bad: list[tuple[str, dict[str, str]]] = [
        ("sendMessage", said | {"colour": "red"}),
        ("sendMessage", {"text": "nowhere"}),
        ("sendMessage", said | {"reply_markup": "{"}),
        ("sendMessage", said | {"reply_markup": '{"inline_keyboard": [[{"text": "a", "datum": "b"}]]}'}),
        ("sendMessage", said | {"parse_mode": "HTML"}),
        ("sendVideo", attached),
        ("sendEverything", said),
    ]
    async with aiohttp.ClientSession() as session:
        for method, fields in bad:
            async with session.post(f"{base}/{method}", data=fields) as answer:
                assert answer.status == 400
                assert not (await answer.json())["ok"]
            assert len(telegram.failures) == 1, (method, fields)
            telegram.failures.clear()
        form = aiohttp.FormData(said)
        form.add_field("nobody_names_me", b"bytes", filename="a.mp4")
        async with session.post(f"{base}/sendMessage", data=form) as answer:
            assert answer.status == 400
    assert "uploads that no field names" in telegram.failures.pop()
    assert not ada.chat.messages


async def test_a_bot_that_dies_in_the_middle_of_an_upload_leaves_nothing(telegram: FakeTelegram) -> None:
    ada = telegram.user()
    _, writer = await asyncio.open_connection("127.0.0.1", telegram.port)
    head = f"POST /bot{telegram.token}/sendDocument HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n"
    body = f'--b\r\nContent-Disposition: form-data; name="chat_id"\r\n\r\n{ada.id}\r\n--b\r\n'
    writer.write(f"{head}Content-Type: multipart/form-data; boundary=b\r\n\r\n{body}".encode())
    await writer.drain()
    assert await telegram.waits_until(lambda: telegram.calls)
    writer.transport.abort()
    assert await telegram.waits_until(lambda: telegram.calls[0].status)
    assert ada.chat.messages == []


async def test_bodies_come_in_three_shapes(telegram: FakeTelegram) -> None:
    ada = telegram.user()
    base = f"{telegram.url}/bot{telegram.token}/SENDMESSAGE"
    async with aiohttp.ClientSession() as session:
        await session.post(base, json={"chat_id": ada.id, "text": "json"})
        await session.post(base, data={"chat_id": str(ada.id), "text": "form"})
        await session.get(base, params={"chat_id": str(ada.id), "text": "query"})
    assert [m.text for m in ada.chat.messages] == ["json", "form", "query"]


# -- updates --------------------------------------------------------------------------------------------------------


async def test_long_poll_waits_and_the_offset_acknowledges(telegram: FakeTelegram, bot: Bot) -> None:
    ada = telegram.user(language="de")
    polling = asyncio.ensure_future(bot.get_updates(timeout=5))
    await telegram.waits_until(lambda: telegram.count["getUpdates"])
    await ada.says("hello https://example.org/a.mp4")
    [update] = await polling
    assert update.message
    assert update.message.from_user
    assert update.message.from_user.language_code == "de"
    assert update.message.entities
    assert update.message.entities[0].type == "url"
    assert [u.update_id for u in await bot.get_updates()] == [update.update_id], "not acknowledged yet"
    assert telegram.updates.acknowledged_s == {}
    assert await bot.get_updates(offset=update.update_id + 1) == []
    assert 0 < telegram.updates.acknowledged_s[update.update_id] < 5
    await ada.says("one")
    await ada.says("two")
    assert [u.message.text for u in await bot.get_updates(limit=1)] == ["one"]
    assert [u.message.text for u in await bot.get_updates(offset=-1)] == ["two"]


async def test_only_allowed_updates_come(telegram: FakeTelegram, bot: Bot) -> None:
    ada = telegram.user()
    await bot.get_updates(allowed_updates=["callback_query"])
    await ada.says("hello")
    assert await bot.get_updates() == []
    assert len(telegram.updates.withheld) == 1


async def test_the_second_poll_ends_the_first(telegram: FakeTelegram, bot: Bot) -> None:
    first = asyncio.ensure_future(bot.get_updates(timeout=5))
    await telegram.waits_until(lambda: telegram.count["getUpdates"])
    second = asyncio.ensure_future(bot.get_updates(timeout=5))
    with refused(errors.TelegramConflictError, "terminated by other getUpdates"):
        await first
    await telegram.user().says("hello")
    assert len(await second) == 1


async def test_update_ids_repeat_come_out_of_order_and_jump_down(telegram: FakeTelegram, bot: Bot) -> None:
    ada = telegram.user()
    with telegram.updates.reordered():
        await ada.says("one")
        await ada.says("two")
    told = await bot.get_updates()
    assert [u.message.text for u in told] == ["two", "one"]
    assert told[0].update_id == told[1].update_id + 1
    after = told[0].update_id + 1
    assert await bot.get_updates(offset=after) == []
    telegram.updates.repeat()
    [again] = await bot.get_updates(offset=after)
    assert again.update_id == told[0].update_id
    assert await bot.get_updates(offset=after) == []
    telegram.updates.next_id = 5
    await ada.says("three")
    assert [u.update_id for u in await bot.get_updates(offset=after)] == [5]


async def test_the_webhook_is_told_with_its_secret_until_it_says_yes(telegram: FakeTelegram, bot: Bot) -> None:
    heard: list[tuple[str, str]] = []
    answers = iter([500, 502, 200, 200])

    async def hear(request: web.Request) -> web.Response:
        update = await request.json()
        heard.append((update["message"]["text"], request.headers["X-Telegram-Bot-Api-Secret-Token"]))
        return web.Response(status=next(answers))

    app = web.Application()
    app.router.add_post("/hook", hear)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        ada = telegram.user()
        await ada.says("before")
        await bot.set_webhook(url, secret_token="a-secret")
        await ada.says("after")
        await telegram.waits_until(lambda: len(heard) == 4)
        assert heard == [(text, "a-secret") for text in ("before", "before", "before", "after")]
        await telegram.waits_until(lambda: len(telegram.updates.acknowledged_s) == 2)
        with refused(errors.TelegramConflictError, "webhook is active"):
            await bot.get_updates()
        info = await bot.get_webhook_info()
        assert (info.url, info.last_error_message) == (url, "Wrong response from the webhook: 502")
        assert await bot.delete_webhook()
        await ada.says("polled")
        assert [u.message.text for u in await bot.get_updates()] == ["polled"]
    finally:
        await runner.cleanup()


# -- messages -------------------------------------------------------------------------------------------------------


async def test_text_is_said_edited_and_deleted(telegram: FakeTelegram, bot: Bot) -> None:
    ada = telegram.user()
    asked = await ada.says("score it")
    sent = await bot.send_message(
        ada.id, " on it ", reply_markup=keys(("Cancel", "c:1")), reply_parameters=ReplyParameters(message_id=asked.id)
    )
    [seen] = ada.chat.from_bot
    assert (seen.text, seen.labels, seen.reply_to) == ("on it", ["Cancel"], asked)
    assert sent.reply_to_message
    assert sent.reply_to_message.message_id == asked.id
    with refused(errors.TelegramBadRequest, "message is not modified"):
        await bot.edit_message_text("on it", chat_id=ada.id, message_id=seen.id, reply_markup=keys(("Cancel", "c:1")))
    await bot.edit_message_text("half", chat_id=ada.id, message_id=seen.id)
    assert (seen.text, seen.labels) == ("half", []), "an edit without buttons takes them away"
    await bot.edit_message_reply_markup(chat_id=ada.id, message_id=seen.id, reply_markup=keys(("Again", "a")))
    assert [version.text for version in seen.edits] == ["on it", "half"]
    with refused(errors.TelegramBadRequest, "no caption in the message"):
        await bot.edit_message_caption(chat_id=ada.id, message_id=seen.id, caption="x")
    with refused(errors.TelegramBadRequest, "can't be edited"):
        await bot.edit_message_text("mine", chat_id=ada.id, message_id=asked.id)
    await bot(SetMessageReaction(chat_id=ada.id, message_id=asked.id, reaction=[ReactionTypeEmoji(emoji="👀")]))
    assert asked.reactions == ["👀"]
    await bot.send_chat_action(ada.id, "upload_video")
    assert ada.chat.actions == ["upload_video"]
    assert await bot.delete_message(ada.id, seen.id)
    assert ada.chat.from_bot == []
    with refused(errors.TelegramBadRequest, "message to edit not found"):
        await bot.edit_message_text("gone", chat_id=ada.id, message_id=seen.id)
    await ada.deletes(asked)
    with refused(errors.TelegramBadRequest, "message to be replied not found"):
        await bot.send_message(ada.id, "late", reply_parameters=ReplyParameters(message_id=asked.id))
    lenient = ReplyParameters(message_id=asked.id, allow_sending_without_reply=True)
    assert (await bot.send_message(ada.id, "late", reply_parameters=lenient)).reply_to_message is None


async def test_lengths_are_counted_as_telegram_counts(telegram: FakeTelegram, bot: Bot, sounded: Path) -> None:
    ada = telegram.user()
    note = "\N{MUSICAL SYMBOL G CLEF}"  # two UTF-16 units
    await bot.send_message(ada.id, note * 2048)
    with refused(errors.TelegramBadRequest, "message is too long"):
        await bot.send_message(ada.id, note * 2048 + "x")
    with refused(errors.TelegramBadRequest, "caption is too long"):
        await bot.send_video(ada.id, FSInputFile(sounded), caption=note * 512 + "x")
    with refused(errors.TelegramBadRequest, "BUTTON_DATA_INVALID"):
        await bot.send_message(ada.id, "x", reply_markup=keys(("label", "ä" * 32 + "x")))
    await bot.send_message(ada.id, "x", reply_markup=keys(("label", "ä" * 32)))
    with refused(errors.TelegramBadRequest, "text is empty"):
        await bot.send_message(ada.id, " \n")


@pytest.mark.parametrize(
    ("method", "field", "which", "shown"),
    [
        ("send_video", "video", "sounded", "video"),
        ("send_video", "video", "silent", "animation"),
        ("send_video", "video", "jpeg", "document"),
        ("send_animation", "animation", "silent", "animation"),
        ("send_document", "document", "silent", "animation"),
        ("send_document", "document", "sounded", "document"),
        ("send_audio", "audio", "sounded", "audio"),
        ("send_audio", "audio", "jpeg", "document"),
        ("send_photo", "photo", "picture", "photo"),
        ("send_video_note", "video_note", "sounded", "video_note"),
    ],
)
async def test_an_upload_comes_back_as_what_telegram_makes_of_it(
    telegram: FakeTelegram, bot: Bot, silent: Path, sounded: Path, method: str, field: str, which: str, shown: str
) -> None:
    ada = telegram.user()
    data = {"silent": silent.read_bytes(), "sounded": sounded.read_bytes(), "jpeg": b"x" + JPEG, "picture": JPEG}[which]
    sent: Message = await getattr(bot, method)(ada.id, **{field: a_file(data, "a.mp4")})
    assert getattr(sent, shown)
    [seen] = ada.chat.from_bot
    assert (seen.kind, seen.media.data) == (shown, data)
    if shown == "animation":
        assert sent.document, "Telegram fills both"
        assert sent.video is None


async def test_as_a_file_stays_a_file_when_detection_is_off(telegram: FakeTelegram, bot: Bot, silent: Path) -> None:
    ada = telegram.user()
    sent = await bot.send_document(ada.id, FSInputFile(silent), disable_content_type_detection=True)
    assert sent.document
    assert not sent.animation


async def test_a_placeholder_becomes_a_video_as_often_as_one_likes(
    telegram: FakeTelegram, bot: Bot, sounded: Path
) -> None:
    ada = telegram.user()
    placeholder = await bot.send_message(ada.id, "on it")
    at = {"chat_id": ada.id, "message_id": placeholder.message_id}
    media = InputMediaVideo(
        media=FSInputFile(sounded), thumbnail=a_file(JPEG, "t.jpg"), caption="done", width=64, height=48, duration=1
    )
    for _ in range(2):
        edited = await bot.edit_message_media(media, reply_markup=keys(("Again", "again:1")), **at)
        assert isinstance(edited, Message)
        assert edited.video
        assert (edited.video.width, edited.video.height, edited.video.duration) == (64, 48, 1)
        assert edited.video.thumbnail
        assert edited.video.thumbnail.width == 16
    [seen] = ada.chat.videos
    assert (seen.id, seen.text, seen.caption, seen.labels) == (placeholder.message_id, None, "done", ["Again"])
    assert seen.media.data == sounded.read_bytes()
    same = InputMediaVideo(media=edited.video.file_id, caption="done")
    with refused(errors.TelegramBadRequest, "not modified"):
        await bot.edit_message_media(same, reply_markup=keys(("Again", "again:1")), **at)
    with refused(errors.TelegramBadRequest, "no text in the message"):
        await bot.edit_message_text("x", **at)
    await bot.edit_message_caption(caption="better", **at)
    assert seen.caption == "better"
    by_id = await bot.send_video(ada.id, edited.video.file_id)
    assert by_id.video
    assert by_id.video.file_unique_id == edited.video.file_unique_id
    with refused(errors.TelegramBadRequest, "can't use file of type video as document"):
        await bot.send_document(ada.id, edited.video.file_id)
    with refused(errors.TelegramBadRequest, "wrong remote file identifier"):
        await bot.send_video(ada.id, "no-such-id")


async def test_albums_are_of_one_sort_and_with_sound(
    telegram: FakeTelegram, bot: Bot, silent: Path, sounded: Path
) -> None:
    ada = telegram.user()
    video, document = InputMediaVideo(media=FSInputFile(sounded)), InputMediaDocument(media=a_file(b"x"))
    first, second = await bot.send_media_group(ada.id, [video, video])
    assert first.media_group_id == second.media_group_id
    for bad in ([video], [video, document], [video, InputMediaVideo(media=FSInputFile(silent))]):
        with refused(errors.TelegramBadRequest, "Bad Request"):
            await bot.send_media_group(ada.id, bad)
    assert len(ada.chat.messages) == 2


# -- files ----------------------------------------------------------------------------------------------------------


async def test_files_come_down_up_to_20_mib(telegram: FakeTelegram, bot: Bot, silent: Path) -> None:
    ada = telegram.user()
    for size, fits in ((20 << 20, True), ((20 << 20) + 1, False)):
        await ada.sends_clip(bytes(size), "document", name="big.mp4")
        [update] = await bot.get_updates(offset=-1)
        assert update.message
        assert update.message.document
        assert update.message.document.file_size == size
        if fits:
            assert (await bot.get_file(update.message.document.file_id)).file_path.startswith("documents/")
        else:
            with refused(errors.TelegramBadRequest, "file is too big"):
                await bot.get_file(update.message.document.file_id)
    await ada.sends_clip(silent)
    [update] = await bot.get_updates(offset=-1)
    got = await bot.download(update.message.animation, io.BytesIO())
    assert got.read() == silent.read_bytes()
    with pytest.raises(aiohttp.ClientResponseError):
        await bot.download_file("documents/none.mp4")


async def test_a_local_server_keeps_files_on_disk(silent: Path, tmp_path: Path) -> None:
    async with FakeTelegram(local=True) as telegram, aiogram_bot(telegram) as bot:
        ada = telegram.user()
        await ada.sends_clip(bytes(21 << 20), "document", name="big.mp4")
        [update] = await bot.get_updates()
        file = await bot.get_file(update.message.document.file_id)
        assert file.file_path
        assert Path(file.file_path).stat().st_size == 21 << 20
        await bot.download(update.message.document, tmp_path / "got.mp4")
        assert (tmp_path / "got.mp4").stat().st_size == 21 << 20
        assert telegram.upload_limit == 2000 << 20
        await bot.send_document(ada.id, silent.as_uri())
        assert ada.chat.from_bot[0].media.data == silent.read_bytes()
        assert not telegram.failures
    assert not Path(file.file_path).exists()


async def test_an_upload_above_the_limit_is_refused_in_both_ways(telegram: FakeTelegram, bot: Bot) -> None:
    ada = telegram.user()
    await bot.send_document(ada.id, a_file(bytes((50 << 20) - 1000)))
    with refused(errors.TelegramEntityTooLarge, "Request Entity Too Large"):
        await bot.send_document(ada.id, a_file(bytes((50 << 20) + 1)))
    telegram.upload_limit, telegram.too_large = 1 << 20, "413 html"
    with refused(errors.ClientDecodeError, "Failed to decode"):
        await bot.send_document(ada.id, a_file(bytes(2 << 20)))
    assert len(ada.chat.messages) == 1


@pytest.mark.parametrize(
    ("width", "height", "said"), [(9000, 1001, "DIMENSIONS"), (2100, 100, "DIMENSIONS"), (0, 0, "PROCESS")]
)
async def test_a_photo_has_to_be_one(telegram: FakeTelegram, bot: Bot, width: int, height: int, said: str) -> None:
    head = b"\xff\xc0\x00\x11\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big")
    with refused(errors.TelegramBadRequest, said):
        await bot.send_photo(telegram.user().id, a_file((b"\xff\xd8" if width else b"") + head + bytes(20), "a.jpg"))


async def test_a_thumbnail_has_to_be_a_small_jpeg(telegram: FakeTelegram, bot: Bot, sounded: Path) -> None:
    ada = telegram.user()
    with refused(errors.TelegramBadRequest, "thumbnail"):
        await bot.send_video(ada.id, FSInputFile(sounded), thumbnail=a_file(b"\x89PNG"))
    assert "no JPEG" in telegram.failures.pop()


def test_boxes_that_lie_are_read_without_harm(sounded: Path) -> None:
    data = sounded.read_bytes()
    assert look(data).sound
    assert (look(data).width, look(data).height) == (64, 48)
    for cut in range(0, len(data), 97):
        look(data[:cut])
    assert not look(b"\0\0\0\1ftyp" + b"\xff" * 40).mp4


# -- people ---------------------------------------------------------------------------------------------------------


async def test_a_clip_arrives_as_the_person_sends_it(
    telegram: FakeTelegram, bot: Bot, silent: Path, sounded: Path
) -> None:
    ada = telegram.user()
    await ada.sends_clip(silent, caption="sad")
    await ada.sends_clip(sounded)
    await ada.sends_clip(silent, "document")
    await ada.sends_clip(silent, "video_note")
    animation, video, document, note = [u.message for u in await bot.get_updates()]
    assert animation.animation
    assert animation.document
    assert animation.caption == "sad"
    assert (animation.animation.width, animation.animation.duration) == (64, 1)
    assert video.video
    assert not video.document
    assert document.document.mime_type == "video/mp4"
    assert not document.animation
    assert note.video_note
    asked = await ada.says("/score", reply_to=ada.chat.messages[0])
    [update] = await bot.get_updates(offset=-1)
    assert update.message.reply_to_message.animation
    await ada.edits(asked, "/score sad")
    [update] = await bot.get_updates(offset=-1)
    assert (update.edited_message.text, bool(update.edited_message.edit_date)) == ("/score sad", True)


async def test_an_album_comes_one_by_one(telegram: FakeTelegram, bot: Bot, sounded: Path) -> None:
    ada = telegram.user()
    sending = asyncio.ensure_future(ada.sends_album([sounded] * 3, caption="all", spread_s=0.1))
    first = await bot.get_updates(timeout=2)
    assert len(first) == 1
    sent = await sending
    told = [u.message for u in await bot.get_updates()]
    assert [m.caption for m in told] == ["all", None, None]
    assert {m.media_group_id for m in told} == {sent[0].album}
    assert sent[2].sent_at - sent[0].sent_at >= 0.1


async def test_a_press_is_answered_once_and_in_time(telegram: FakeTelegram, bot: Bot) -> None:
    ada = telegram.user()
    await bot.send_message(ada.id, "?", reply_markup=keys(("Keep", "sound:abc:keep"), ("Leave", "sound:abc:leave")))
    [asked] = ada.chat.messages
    pressing = asyncio.ensure_future(ada.presses(asked, "sound:abc:l"))
    [update] = await bot.get_updates(timeout=2)
    query = update.callback_query
    assert (query.data, query.from_user.id, query.message.message_id) == ("sound:abc:leave", ada.id, asked.id)
    with refused(errors.TelegramBadRequest, "MESSAGE_TOO_LONG"):
        await bot.answer_callback_query(query.id, text="x" * 201)
    await bot.answer_callback_query(query.id, text="All right", show_alert=True)
    press = await pressing
    assert (press.text, press.alert) == ("All right", True)
    with refused(errors.TelegramBadRequest, "query is too old"):
        await bot.answer_callback_query(query.id)
    late = await ada.taps(asked, "Keep")
    late.at -= 60
    with refused(errors.TelegramBadRequest, "query is too old and response timeout expired"):
        await bot.answer_callback_query(late.id)
    with refused(AssertionError, "nothing answered 'sound:abc:keep'"):
        await ada.presses(asked, "keep", seconds=0.05)
    with refused(AssertionError, "no button"):
        await ada.presses(asked, "Burn")


async def test_waiting_tells_what_is_there_when_it_is_in_vain(telegram: FakeTelegram, bot: Bot) -> None:
    ada = telegram.user()
    waiting = asyncio.ensure_future(ada.chat.waits_for(lambda m: m.text == "two", 5))
    sent = await bot.send_message(ada.id, "one")
    await bot.edit_message_text("two", chat_id=ada.id, message_id=sent.message_id)
    assert (await waiting).id == sent.message_id
    with refused(AssertionError, "'two'.*edited 1x"):
        await ada.chat.waits_for(lambda m: m.text == "three", 0.05)
    staying = asyncio.ensure_future(ada.chat.stays(lambda: len(ada.chat.messages) == 1, 5))
    await asyncio.sleep(0)
    await bot.send_message(ada.id, "three")
    with refused(AssertionError, "three"):
        await staying


async def test_drafts_can_be_stopped(telegram: FakeTelegram, bot: Bot) -> None:
    ada = telegram.user()
    await bot.send_message_draft(ada.id, 7, text="half", can_stop=True)
    assert ada.chat.drafts == ["half"]
    await ada.stops(7)
    [update] = await bot.get_updates()
    assert update.stopped_message_generation.draft_id == 7


# -- groups and channels --------------------------------------------------------------------------------------------


async def test_in_a_group_the_bot_hears_what_is_meant_for_it(telegram: FakeTelegram, bot: Bot, silent: Path) -> None:
    ada, room = telegram.user(), telegram.group("Edit room")
    clip = await ada.sends_clip(silent, chat=room)
    await ada.says("nice", chat=room)
    await ada.says("/score@other_bot", chat=room, reply_to=clip)
    asked = await ada.says("/score@reelscore_bot sad", chat=room, reply_to=clip)
    [update] = await bot.get_updates()
    assert update.message.text == "/score@reelscore_bot sad"
    assert update.message.reply_to_message.animation, "the clip that the bot did not hear of"
    assert update.message.message_thread_id == clip.id, "a thread of replies, which is no topic"
    with refused(errors.TelegramBadRequest, "message thread not found"):
        await bot.send_message(room.id, "x", message_thread_id=clip.id)
    await bot.send_message(room.id, "on it", reply_parameters=ReplyParameters(message_id=asked.id))
    await ada.says("thanks", chat=room, reply_to=room.from_bot[0])
    assert (await bot.get_updates(offset=-1))[0].message.text == "thanks"
    room.make_bot_admin()
    await ada.says("between us", chat=room)
    assert (await bot.get_updates(offset=-1))[0].message.text == "between us"


async def test_topics_keep_their_thread(telegram: FakeTelegram, bot: Bot) -> None:
    ada, room = telegram.user(), telegram.group("Edit room", topics=True)
    cuts = room.topic("Cuts")
    asked = await ada.says("/queue", chat=room, thread=cuts)
    [update] = await bot.get_updates()
    message = update.message
    assert (message.message_thread_id, message.is_topic_message, message.chat.is_forum) == (cuts, True, True)
    assert message.reply_to_message.forum_topic_created.name == "Cuts"
    await bot.send_message(room.id, "none", message_thread_id=cuts)
    await bot.send_message(room.id, "none", reply_parameters=ReplyParameters(message_id=asked.id))
    await bot.send_message(room.id, "general")
    assert [m.thread for m in room.from_bot] == [cuts, cuts, None]


async def test_admins_are_known_even_when_they_hide(telegram: FakeTelegram, bot: Bot) -> None:
    ada, ben, room = telegram.user("Ada"), telegram.user("Ben"), telegram.group()
    room.make_admin(ada, anonymous=True, can_change_info=True)
    await ben.says("/settings", chat=room)
    await ada.says("/settings", chat=room)
    of_ben, of_ada = [u.message for u in await bot.get_updates()]
    assert of_ben.from_user.id == ben.id
    assert (of_ada.from_user.id, of_ada.sender_chat.id) == (1087968824, room.id)
    assert (await bot.get_chat_member(room.id, ada.id)).status == "administrator"
    assert (await bot.get_chat_member(room.id, ben.id)).status == "member"
    assert (await bot.get_chat_member(room.id, telegram.user().id)).status == "left"
    assert [admin.user.id for admin in await bot.get_chat_administrators(room.id)] == [ada.id]
    await bot.send_message(room.id, "settings", reply_markup=keys(("Auto", "auto")))
    await ada.taps(room.from_bot[0], "Auto")
    assert (await bot.get_updates(offset=-1))[0].callback_query.from_user.id == ada.id, "a press shows who it was"
    room.unmake_admin(ada)
    assert (await bot.get_chat_member(room.id, ada.id)).status == "member"
    assert (await bot.get_chat(room.id)).title == "Edit room"
    with refused(errors.TelegramBadRequest, "no administrators in the private chat"):
        await bot.get_chat_administrators(ada.id)


async def test_a_channel_posts_without_a_person(telegram: FakeTelegram, bot: Bot, silent: Path) -> None:
    talk = telegram.group("Talk")
    talk.make_bot_admin()
    trailers = telegram.channel("Trailers", discussion=talk)
    post = await trailers.posts_clip(silent, caption="new")
    await trailers.edits(post, "newer")
    posted, forwarded, edited = (await bot.get_updates())[-3:]
    assert posted.channel_post.animation
    assert posted.channel_post.from_user is None
    assert posted.channel_post.sender_chat.id == trailers.id
    assert forwarded.message.is_automatic_forward
    assert forwarded.message.forward_origin.message_id == post.id
    assert edited.edited_channel_post.caption == "newer"
    await bot.send_message(trailers.id, "scored", reply_parameters=ReplyParameters(message_id=post.id))
    trailers.make_bot_admin(can_post_messages=False)
    assert (await bot.get_chat_member(trailers.id, bot.id)).can_post_messages is False
    with refused(errors.TelegramBadRequest, "need administrator rights"):
        await bot.send_message(trailers.id, "scored")


async def test_whoever_cannot_be_reached_is_told_apart(telegram: FakeTelegram, bot: Bot) -> None:
    ada, room, trailers = telegram.user(), telegram.group(), telegram.channel()
    said = await bot.send_message(ada.id, "hello")
    ada.block()
    for call in (bot.send_message(ada.id, "x"), bot.edit_message_text("x", chat_id=ada.id, message_id=said.message_id)):
        with refused(errors.TelegramForbiddenError, "bot was blocked by the user"):
            await call
    [update] = await bot.get_updates()
    assert update.my_chat_member.new_chat_member.status == "kicked"
    ada.unblock()
    await bot.send_message(ada.id, "welcome back")
    ada.deactivated = True
    with refused(errors.TelegramForbiddenError, "user is deactivated"):
        await bot.send_message(ada.id, "x")
    with refused(errors.TelegramForbiddenError, "can't initiate"):
        await bot.send_message(telegram.user(started=False).id, "x")
    room.muted = True
    with refused(errors.TelegramBadRequest, "not enough rights"):
        await bot.send_message(room.id, "x")
    room.kick()
    with refused(errors.TelegramForbiddenError, "bot was kicked from the supergroup"):
        await bot.send_message(room.id, "x")
    await bot.leave_chat(trailers.id)
    with refused(errors.TelegramForbiddenError, "not a member of the channel chat"):
        await bot.send_message(trailers.id, "x")
    trailers.delete()
    for nowhere in (trailers.id, -100999, "@nobody"):
        with refused(errors.TelegramBadRequest, "chat not found"):
            await bot.send_message(nowhere, "x")


async def test_a_group_that_moved_says_where(telegram: FakeTelegram, bot: Bot) -> None:
    ada, room = telegram.user(), telegram.group(basic=True)
    await ada.says("/queue", chat=room)
    said = await bot.send_message(room.id, "none")
    new = room.migrate()
    for call in (
        bot.send_message(room.id, "x"),
        bot.edit_message_text("x", chat_id=room.id, message_id=said.message_id),
    ):
        with refused(errors.TelegramMigrateToChat, "upgraded") as caught:
            await call
        assert caught.value.migrate_to_chat_id == new.id
    _, leaving, coming = await bot.get_updates()
    assert leaving.message.migrate_to_chat_id == new.id
    assert coming.message.migrate_from_chat_id == room.id
    with refused(errors.TelegramBadRequest, "message to edit not found"):
        await bot.edit_message_text("x", chat_id=new.id, message_id=said.message_id)
    await bot.send_message(new.id, "here")
    assert [m.text for m in new.from_bot] == ["here"]


async def test_commands_are_kept_per_scope_and_language(telegram: FakeTelegram, bot: Bot) -> None:
    await bot.set_my_commands([BotCommand(command="score", description="Vertonen")], language_code="de")
    assert telegram.commands == {("default", "de"): {"score": "Vertonen"}}
    assert [c.command for c in await bot.get_my_commands(language_code="de")] == ["score"]
    with refused(errors.TelegramBadRequest, "BOT_COMMAND_INVALID"):
        await bot.set_my_commands([BotCommand(command="Score it", description="x")])


# -- what goes wrong ------------------------------------------------------------------------------------------------


async def test_flood_control_counts_per_chat(telegram: FakeTelegram, bot: Bot) -> None:
    ada, ben = telegram.user(), telegram.user()
    telegram.limit(Rates(per_chat_s=1.0, burst=2))
    await bot.send_message(ada.id, "one")
    await bot.send_message(ada.id, "two")
    with refused(errors.TelegramRetryAfter, "retry after") as caught:
        await bot.send_message(ada.id, "three")
    assert caught.value.retry_after == 1
    assert telegram.calls_in_wait == []
    with refused(errors.TelegramRetryAfter, "retry after"):
        await bot.send_message(ada.id, "at once")
    assert [call.fields["text"] for call in telegram.calls_in_wait] == ["at once"]
    await bot.send_message(ben.id, "one")
    await asyncio.sleep(1.01)
    await bot.send_message(ada.id, "three")
    assert [m.text for m in ada.chat.messages] == ["one", "two", "three"]


async def test_a_group_takes_twenty_a_minute(telegram: FakeTelegram, bot: Bot) -> None:
    room = telegram.group()
    telegram.limit(Rates(per_chat_s=1000.0, burst=1000))
    for number in range(20):
        await bot.send_message(room.id, str(number))
    with refused(errors.TelegramRetryAfter, "retry after") as caught:
        await bot.send_message(room.id, "20")
    assert 55 <= caught.value.retry_after <= 60


async def test_a_call_may_fail_before_or_after_it_was_done(telegram: FakeTelegram, bot: Bot) -> None:
    ada = telegram.user()
    telegram.disturb("sendMessage", "drop before")
    with refused(errors.TelegramNetworkError, "disconnected|reset"):
        await bot.send_message(ada.id, "one")
    assert ada.chat.messages == []
    fault = telegram.disturb("sendMessage", "drop after", when=lambda call: call.fields["text"] == "two")
    await bot.send_message(ada.id, "one")
    with refused(errors.TelegramNetworkError, "disconnected|reset"):
        await bot.send_message(ada.id, "two")
    assert [m.text for m in ada.chat.messages] == ["one", "two"]
    assert [call.fields["text"] for call in fault.met] == ["two"]
    await bot.send_message(ada.id, "three")
    assert telegram.count["sendMessage"] == 4


async def test_telegram_may_be_slow_full_or_broken(telegram: FakeTelegram, bot: Bot) -> None:
    ada = telegram.user()
    telegram.disturb("sendMessage", "delay", seconds=0.2)
    start = time.monotonic()
    await bot.send_message(ada.id, "slow")
    assert time.monotonic() - start >= 0.2
    for how, error in (
        ("500", errors.TelegramServerError),
        ("502", errors.ClientDecodeError),
        ("413", errors.TelegramEntityTooLarge),
        ("413 html", errors.ClientDecodeError),
        ("400", errors.TelegramBadRequest),
        ("403", errors.TelegramForbiddenError),
    ):
        telegram.disturb("sendMessage", how)
        with refused(error):
            await bot.send_message(ada.id, how)
    telegram.disturb("sendMessage", "flood", retry_after=30)
    with refused(errors.TelegramRetryAfter) as caught:
        await bot.send_message(ada.id, "flood")
    assert caught.value.retry_after == 30
    with refused(errors.TelegramRetryAfter):
        await bot.send_chat_action(ada.id, "typing")
    assert len(telegram.calls_in_wait) == 1
    assert [m.text for m in ada.chat.messages] == ["slow"]


async def test_a_download_may_break_in_the_middle(telegram: FakeTelegram, bot: Bot) -> None:
    ada = telegram.user()
    await ada.sends_clip(bytes(100_000), "document", name="a.mp4")
    [update] = await bot.get_updates()
    telegram.disturb("file", "drop after")
    with pytest.raises(aiohttp.ClientPayloadError):
        await bot.download(update.message.document)
    assert len((await bot.download(update.message.document)).read()) == 100_000


async def test_telegram_may_die_and_come_back_as_it_was(telegram: FakeTelegram, bot: Bot) -> None:
    ada = telegram.user()
    telegram.disturb("sendMessage", "die after")
    polling = asyncio.ensure_future(bot.get_updates(timeout=30))
    await telegram.waits_until(lambda: telegram.count["getUpdates"])
    for _ in range(2):  # it was done, and nobody is there any more
        with pytest.raises(errors.TelegramNetworkError):
            await bot.send_message(ada.id, "one")
    with pytest.raises(errors.TelegramNetworkError):
        await polling
    await ada.says("is anybody there?")
    port = telegram.port
    await telegram.revive()
    assert telegram.port == port
    await bot.send_message(ada.id, "two")
    assert [m.text for m in ada.chat.from_bot] == ["one", "two"]
    assert [u.message.text for u in await bot.get_updates()] == ["is anybody there?"]


async def test_what_was_planted_is_found_wherever_it_went(telegram: FakeTelegram, bot: Bot) -> None:
    ada = telegram.user()
    await bot.send_message(ada.id, "harmless")
    await bot.send_message(ada.id, "the key is hunter2")
    await bot.send_document(ada.id, a_file(b"...hunter2..."))
    await bot.send_document(ada.id, a_file(b"...", "hunter2.txt"))
    assert [call.method for call in telegram.calls_with("hunter2")] == ["sendMessage", "sendDocument", "sendDocument"]
    assert telegram.calls_with("canary") == []


# -- all together ---------------------------------------------------------------------------------------------------


async def test_an_aiogram_bot_lives_here(telegram: FakeTelegram, bot: Bot, sounded: Path, silent: Path) -> None:
    router = Router()

    @router.message(F.animation)
    async def scores(message: Message) -> None:
        said = await message.reply("on it", reply_markup=keys(("Cancel", "cancel")))
        await said.edit_media(InputMediaVideo(media=FSInputFile(sounded)), reply_markup=keys(("Again", "again")))

    @router.callback_query(F.data == "again")
    async def again(query: CallbackQuery) -> None:
        await query.answer("Again it is")

    dispatcher = Dispatcher()
    dispatcher.include_router(router)
    polling = asyncio.ensure_future(
        dispatcher.start_polling(bot, handle_signals=False, close_bot_session=False, polling_timeout=5)
    )
    try:
        ada = telegram.user()
        clip = await ada.sends_clip(silent, caption="sad")
        film = await ada.chat.waits_for(lambda m: m.kind == "video")
        assert film.reply_to is clip
        assert film.media.data == sounded.read_bytes()
        assert (await ada.presses(film, "Again")).text == "Again it is"
        assert telegram.count["sendMessage"] == 1
    finally:
        await dispatcher.stop_polling()
        await polling
