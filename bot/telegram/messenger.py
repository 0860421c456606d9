"""Messages to chats: a placeholder is sent once, shows how the work stands, and becomes the result by an edit."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import structlog
from aiogram import Bot
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
)
from aiogram.types import (
    FSInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaAudio,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaUnion,
    InputMediaVideo,
    ReplyParameters,
)

from bot.buttons import Reply, Rows
from bot.telegram.outgoing import Outgoing, hasty
from bot.telegram.rights import named
from bot.text import chat as text
from bot.text import measured
from jobs.deliveries import Gone, Later, Moved, Parcel, Refused, Status, TooLarge, file_of, film_of
from jobs.job import Film, ReplyTo

log = structlog.get_logger(__name__)

UPLOAD_S = 900  # 2 GB to a local server's disk; 50 MB at 0.5 Mbit/s

STYLES = {"plain": None, "primary": "primary", "danger": "danger"}

#: what Telegram says of a message that is not there or not ours to edit any more (tdlib/telegram-bot-api, Client.cpp)
DELETED = ("message to edit not found", "message can't be edited", "message_id_invalid", "message identifier is not")
#: what it says of a chat into which nothing can be posted
CLOSED = (
    "chat not found",
    "peer_id_invalid",
    "chat_write_forbidden",
    "not enough rights",
    "have no rights to send",
    "need administrator rights",
    "group chat was deactivated",
    "user_is_deactivated",
    "bot is not a member",
)
TOO_LARGE = ("file is too big", "too large", "request entity too large")
#: how aiogram names a connection that never came about: nothing was posted, so nothing can be there twice
NEVER_SENT = ("ClientConnectorError", "ClientConnectorDNSError")
AWAY_S = 2.0  # before Telegram is tried again then

#: what it says of a message that has a picture by now: its words are a caption
NO_TEXT = ("there is no text in the message",)

NO_TOPIC = ("message thread not found", "topic_deleted", "topic_closed")


@dataclass(frozen=True)
class Address:
    """Where a message goes: the chat, the message that it answers, the topic."""

    chat: int
    message: int | None = None
    topic: int | None = None

    @classmethod
    def of(cls, reply_to: ReplyTo) -> Address:
        return cls(**reply_to.address)

    def written(self, language: str) -> ReplyTo:
        address = {"chat": self.chat, "message": self.message, "topic": self.topic}
        return ReplyTo("telegram", named(self.chat), address, language)


class Deleted(Exception):
    """The placeholder is gone; the chat is not."""


def keyboard(rows: Rows | None) -> InlineKeyboardMarkup | None:
    if not rows:
        return None
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [
                InlineKeyboardButton(text=one.label, callback_data=one.press.pack(), style=STYLES[one.style])
                for one in row
            ]
            for row in rows
        ]
    )


class Messenger:
    """Telegram, as far as deliveries go."""

    front = "telegram"

    def __init__(self, bot: Bot, outgoing: Outgoing) -> None:
        self._bot, self._outgoing = bot, outgoing
        self._anew: dict[str, str] = {}  #: delivery -> the message that stands in for a placeholder that was deleted
        self._pictured: set[str] = set()  #: messages that show a preview, as far as we have learned

    async def open(self, delivery: str, reply_to: ReplyTo, status: Status) -> tuple[str, ReplyTo]:
        shown, buttons = self.text(reply_to, status), text.status_buttons(status, reply_to.language)
        return await self._open(reply_to, shown, keyboard(buttons))

    async def _open(self, reply_to: ReplyTo, shown: str, markup: InlineKeyboardMarkup | None) -> tuple[str, ReplyTo]:
        address = Address.of(reply_to)
        try:
            with _meaning(reply_to):
                return await self._send(address, shown, markup), reply_to
        except _NoTopic:  # it was closed or deleted meanwhile: the chat itself is the next best place
            address = replace(address, topic=None)
            reply_to = address.written(reply_to.language)
            with _meaning(reply_to):
                return await self._send(address, shown, markup), reply_to

    async def _send(self, address: Address, shown: str, markup: InlineKeyboardMarkup | None) -> str:
        reply = None
        if address.message is not None:
            reply = ReplyParameters(message_id=address.message, allow_sending_without_reply=True)
        with hasty():
            message = await self._bot.send_message(
                address.chat,
                shown,
                message_thread_id=address.topic,
                reply_parameters=reply,
                reply_markup=markup,
            )
        # The chat is part of it: a group that becomes a supergroup numbers its messages anew.
        return f"{address.chat}/{message.message_id}"

    async def show(self, message: str, reply_to: ReplyTo, status: Status) -> None:
        if wait_s := self._outgoing.wait_s(Address.of(reply_to).chat):
            raise Later(wait_s)
        with contextlib.suppress(Deleted):  # nobody wants to see it; the result comes all the same
            buttons = text.status_buttons(status, reply_to.language)
            await self._say(message, reply_to, self.text(reply_to, status), buttons)

    async def hand_over(self, parcel: Parcel) -> ReplyTo:
        message = self._anew.get(parcel.delivery, parcel.message)
        reply_to = parcel.reply_to
        if message is None:
            message, reply_to = await self._open_anew(parcel)
        try:
            await self._become(message, parcel)
        except Deleted:
            if parcel.delivery in self._anew:  # twice is a wish
                raise Gone("the message was deleted") from None
            message, reply_to = await self._open_anew(parcel)
            try:
                await self._become(message, parcel)
            except Deleted:
                raise Gone("the message was deleted") from None
        self._anew.pop(parcel.delivery, None)
        if parcel.outcome.kind != "question":
            self._pictured.discard(message)
        return reply_to

    async def _open_anew(self, parcel: Parcel) -> tuple[str, ReplyTo]:
        """Send a placeholder in place of one that was deleted, and remember it, so that a repetition finds it."""
        shown = self.text(parcel.reply_to, Status(parcel.job, "succeeded"))
        message, reply_to = await self._open(parcel.reply_to, shown, None)
        self._anew[parcel.delivery] = message
        return message, reply_to

    async def _become(self, message: str, parcel: Parcel) -> None:
        """Edit a message into what the parcel holds. An edit may be repeated: there is one message all the time."""
        outcome, reply_to = parcel.outcome, parcel.reply_to
        if outcome.kind == "nothing":
            return await self.withdraw(message, reply_to)
        if outcome.kind == "question":
            asked = text.question(parcel.job, outcome, reply_to.language)
            if outcome.preview is None:
                return await self._say(message, reply_to, asked.text, asked.buttons)
            return await self._preview(message, parcel, outcome.preview.contact, asked)
        film = film_of(parcel)
        if outcome.kind == "sentence" or film is None:
            return await self._say(message, reply_to, text.sentence(outcome, reply_to.language), None)
        async with _media(parcel, film) as (shown, buttons):
            await self._show_media(message, reply_to, shown, buttons)

    async def _preview(self, message: str, parcel: Parcel, contact: str, asked: Reply) -> None:
        """Show what a music video will be; where its picture is not taken, the question comes without."""
        async with parcel.file(contact) as sheet:
            media = InputMediaPhoto(media=FSInputFile(sheet, filename="storyboard.jpg"), caption=asked.text)
            try:
                await self._show_media(message, parcel.reply_to, media, asked.buttons)
                self._pictured.add(message)
            except Refused as refused:
                log.warning("preview_refused", job=parcel.job, problem=str(refused))
                await self._say(message, parcel.reply_to, asked.text, asked.buttons)

    async def _show_media(self, message: str, reply_to: ReplyTo, media: InputMediaUnion, buttons: Rows | None) -> None:
        await self._edit(
            reply_to,
            self._bot.edit_message_media,
            media=media,
            **_place(message, reply_to),
            reply_markup=keyboard(buttons),
            request_timeout=UPLOAD_S,
        )

    async def _say(self, message: str, reply_to: ReplyTo, words: str, buttons: Rows | None) -> None:
        """Put other words into a message, or under its picture where it has one: it shows a preview then."""
        values = {**_place(message, reply_to), "reply_markup": keyboard(buttons)}
        if message not in self._pictured:
            try:
                return await self._edit(reply_to, self._bot.edit_message_text, text=words, **values)
            except _NoText:
                self._pictured.add(message)
        caption = measured.clipped(words, measured.CAPTION_MOST)
        await self._edit(reply_to, self._bot.edit_message_caption, caption=caption, **values)

    async def _edit(self, reply_to: ReplyTo, call: Callable[..., Any], **values: Any) -> None:
        try:
            with hasty(), _meaning(reply_to):
                await call(**values)
        except _Unchanged:
            return

    async def withdraw(self, message: str, reply_to: ReplyTo) -> None:
        with contextlib.suppress(Deleted, Refused), hasty(), _meaning(reply_to):
            await self._bot.delete_message(**_place(message, reply_to))

    def text(self, reply_to: ReplyTo, status: Status) -> str:
        return text.status(status, reply_to.language)


def _place(message: str, reply_to: ReplyTo) -> dict[str, int]:
    """Return where a message of ours is. Raises Deleted when it stayed behind in the chat that this one was before."""
    chat, _, number = message.partition("/")
    if int(chat) != Address.of(reply_to).chat:
        raise Deleted(message)
    return {"chat_id": int(chat), "message_id": int(number)}


@contextlib.asynccontextmanager
async def _media(parcel: Parcel, film: Film) -> AsyncIterator[tuple[InputMediaUnion, Rows | None]]:
    """Get the files of a parcel and say what message they make; file names are ours and fixed."""
    takes = len(parcel.outcome.films)
    words = text.caption(film, take=parcel.take, takes=takes, language=parcel.reply_to.language)
    async with contextlib.AsyncExitStack() as files:

        async def file(key: str, name: str) -> FSInputFile:
            return FSInputFile(await files.enter_async_context(parcel.file(key)), filename=name)

        if parcel.what == "result":
            media: InputMediaUnion = InputMediaVideo(
                media=await file(film.film, file_of(film, "result")[1]),
                thumbnail=await file(film.thumbnail, "thumbnail.jpg"),
                width=film.width,
                height=film.height,
                duration=max(1, round(film.seconds)),
                supports_streaming=True,
                caption=words,
            )
            buttons = text.result_buttons(parcel.job, parcel.request, parcel.reply_to.language, take=parcel.take)
            yield media, buttons
        elif parcel.what == "song" and film.song is not None:
            song = InputMediaAudio(
                media=await file(film.song, "music.m4a"),
                title=text.song_title(film, parcel.reply_to.language),
                performer="Reelscore",
                duration=max(1, round(film.seconds)),
                caption=text.mark_of_machine(parcel.reply_to.language),
            )
            yield song, None
        else:
            key, name = _document(parcel, film)
            mark = text.mark_of_machine(parcel.reply_to.language, video=film.facts is not None)
            said = mark if parcel.what == "file" else None
            paper = InputMediaDocument(media=await file(key, name), caption=said, disable_content_type_detection=True)
            yield paper, None


def _document(parcel: Parcel, film: Film) -> tuple[str, str]:
    """Return (key, file name) of what is sent as it is. Raises Refused for what there is none of."""
    key, name = file_of(film, parcel.what)
    if key is None:
        raise Refused(f"the film has no {parcel.what}")
    return key, name


# ---- what Telegram's answers mean ----


class _Unchanged(Exception):
    """An edit that changes nothing: as good as done."""


class _NoText(Exception):
    """The message shows a picture, and its words are a caption."""


class _NoTopic(Exception):
    """The topic is not there any more."""


@contextlib.contextmanager
def _meaning(reply_to: ReplyTo) -> Iterator[None]:
    """Turn Telegram's refusals into what they mean for a delivery; faults of the network pass."""
    try:
        yield
    except TelegramRetryAfter as error:
        raise Later(error.retry_after) from None
    except TelegramMigrateToChat as error:
        raise moved(error.migrate_to_chat_id) from None
    except TelegramForbiddenError as error:
        raise Gone(error.message) from None
    except TelegramEntityTooLarge as error:
        raise TooLarge(error.message) from None
    except TelegramBadRequest as error:
        raise _refusal(error.message) from None
    except TelegramNetworkError as error:
        if not error.message.startswith(NEVER_SENT):
            raise
        raise Later(AWAY_S) from None


def moved(chat: int) -> Moved:
    """Say that a group has become a supergroup: topic and message to answer had other numbers there."""
    return Moved(named(chat), lambda old: Address(chat).written(old.language))


def _refusal(said: str) -> Exception:
    lowered = said.lower()
    kinds: tuple[tuple[tuple[str, ...], type[Exception]], ...] = (
        (("message is not modified",), _Unchanged),
        (("message to delete not found", *DELETED), Deleted),
        (CLOSED, Gone),
        (TOO_LARGE, TooLarge),
        (NO_TOPIC, _NoTopic),
        (NO_TEXT, _NoText),
    )
    return next((kind(said) for texts, kind in kinds if any(one in lowered for one in texts)), Refused(said))
