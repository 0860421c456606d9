"""Messages become requests: the clip, the words beside it, what the chat has chosen, and where the answer goes."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import structlog
from aiogram import Bot
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramMigrateToChat
from aiogram.types import (
    CallbackQuery,
    InlineKeyboardMarkup,
    Message,
    MessageEntity,
    MessageOriginUser,
    ReplyParameters,
)

from bot import links
from bot.buttons import Press
from bot.desk import UPLOAD, Asked, ChatSettings, Desk, Person
from bot.desk import brief_of as brief_for
from bot.telegram import files
from bot.telegram.clips import Sent, clip_in
from bot.telegram.files import Limits
from bot.telegram.inbox import FRONT
from bot.telegram.messenger import Address, moved
from bot.telegram.rights import named, writer
from bot.text import chat as text
from bot.text import measured
from jobs.job import REPLY_TO, REQUEST, OwnSound, ReplyTo, Request
from pipeline.cuesheet import Brief
from pipeline.errors import Refused, UserError
from storage.blobs import Blobs
from storage.errors import Missing
from storage.records import Records

log = structlog.get_logger(__name__)

MOST_TEXT = 4096  # UTF-16 units of one message of ours


@dataclass(frozen=True)
class Source:
    """Where the picture of a request comes from."""

    fetch: Callable[[Path], Awaitable[None]]
    message: int  #: the answer hangs under it
    size: int | None = None
    base: Request | None = None  #: what was wanted before, where somebody goes on from a film


class Requests:
    """Takes clips to the desk and answers in the chat."""

    def __init__(self, bot: Bot, desk: Desk, records: Records, blobs: Blobs, allowed: Limits) -> None:
        self._bot, self._desk, self._records, self._blobs, self._allowed = bot, desk, records, blobs, allowed

    # ---- what is asked for ----

    async def source_of(self, message: Message, person: Person, words: str = "") -> tuple[Source, str] | None:
        """Find what a message wants scored: its own clip, the one it replies to, or a link; (source, other words)."""
        replied = message.reply_to_message
        if clip := clip_in(message):
            return self.from_chat(clip, message.message_id, await self.language(message)), words
        if replied and (source := await self._from_film(replied, person)):
            return source, words
        if clip := clip_in(replied) or clip_in(message.external_reply):
            under = replied.message_id if replied else message.message_id
            return self.from_chat(clip, under, await self.language(message)), words
        return self.from_links(message, words)

    def from_chat(self, sent: Sent, message: int, language: str) -> Source:
        async def fetch(to: Path) -> None:
            await files.fetch(self._bot, sent, to, self._allowed, language)

        return Source(fetch, message, sent.size)

    def from_links(self, message: Message, words: str) -> tuple[Source, str] | None:
        """Find a link in a message, or in the one that it answers; (source, other words)."""
        replied = message.reply_to_message
        if url := link_in(message):
            return self._from_link(url, message.message_id), words.replace(url, " ").strip()
        if replied and (url := link_in(replied)):
            return self._from_link(url, replied.message_id), words
        return None

    def _from_link(self, url: str, message: int) -> Source:
        async def fetch(to: Path) -> None:
            await links.fetch(url, to, most_bytes=files.LOCAL_IN)

        return Source(fetch, message)

    async def _from_film(self, message: Message, person: Person) -> Source | None:
        """Go on from a film of ours that somebody replies to with new words: the same clip, and what was said of it."""
        press = press_under(message)
        row = await self._records.job(press.job) if press else None
        if row is None or row.person != person.id or row.request.get("treatment"):
            return None

        language = await self._desk.language(person)

        async def fetch(to: Path) -> None:
            try:
                await self._blobs.get(f"{row.id}/{UPLOAD}", to)
            except Missing:
                raise Refused(text.job_gone(language)) from None

        return Source(fetch, message.message_id, base=REQUEST.validate_python(row.request))

    async def ask(
        self, message: Message, source: Source, words: str, *, update: str, sound: OwnSound = "ask", auto: bool = False
    ) -> None:
        """Take a request to the desk; what it refuses is told in the chat, unless nobody had asked."""
        person, language = writer(message), await self.language(message)
        chat = named(message.chat.id)
        settings = await self._desk.settings(chat)
        base = source.base or Request(takes=settings.takes, sound=sound)
        asked = Asked(
            source=f"{chat}:{message.message_id}",
            person=person,
            reply_to=Address(message.chat.id, source.message, topic_of(message)).written(language),
            request=replace(
                base,
                brief=brief_of(words, base.brief, settings),
                target="telegram",
                most_bytes=self._allowed.most_out,
            ),
            fetch=source.fetch,
            size=source.size,
            auto=auto,
            update=(FRONT, update),
        )
        try:
            await self._desk.submit(asked)
        except UserError as error:
            log.info("clip_refused", chat=chat, code=error.code, problem=error.sentence)
            if not auto:
                await self.say(message, text.problem(error, language))

    # ---- what is answered ----

    async def language(self, message: Message) -> str:
        """Return the language of a chat whose admins chose one, else the writer's."""
        if message.chat.type != ChatType.PRIVATE:
            settings = await self._desk.settings(named(message.chat.id))
            if settings.language:
                return settings.language
        return await self._desk.language(writer(message))

    async def say(self, message: Message, words: str, markup: InlineKeyboardMarkup | None = None) -> None:
        """Answer a message; a chat that has shut us out is no fault."""
        address = Address(message.chat.id, message.message_id, topic_of(message))
        try:
            await self._say(address, words, markup)
        except TelegramMigrateToChat as error:
            await self.move(message.chat.id, error.migrate_to_chat_id)
            await self._say(Address(error.migrate_to_chat_id), words, markup)
        except (TelegramForbiddenError, TelegramBadRequest) as error:
            log.info("not_answered", chat=message.chat.id, problem=error.message)

    async def _say(self, address: Address, words: str, markup: InlineKeyboardMarkup | None) -> None:
        reply = (
            ReplyParameters(message_id=address.message, allow_sending_without_reply=True) if address.message else None
        )
        await self._bot.send_message(
            address.chat,
            measured.clipped(words, MOST_TEXT),
            message_thread_id=address.topic,
            reply_parameters=reply,
            reply_markup=markup,
        )

    async def move(self, old: int, new: int) -> None:
        """Let everything of a group go along to the supergroup that it has become."""
        meant = moved(new)
        await self._records.moved(
            named(old),
            named(new),
            reply_to=lambda address: dict(
                REPLY_TO.dump_python(meant.reply_to(REPLY_TO.validate_python(address)), mode="json")
            ),
        )

    async def set_dead(self, chat: int, dead: bool) -> None:
        """Note whether the bot may still write to a chat."""
        await self._records.set_chat(named(chat), dead=dead)


def topic_of(message: Message) -> int | None:
    """Return the topic a message stands in; a thread of replies is none."""
    return message.message_thread_id if message.is_topic_message else None


def reply_to_of(callback: CallbackQuery, language: str) -> ReplyTo | None:
    """Return where the answer to a press goes: under the message that has the button."""
    message = callback.message
    if message is None:
        return None
    topic = topic_of(message) if isinstance(message, Message) else None
    return Address(message.chat.id, message.message_id, topic).written(language)


def press_under(message: Message) -> Press | None:
    """Return a button of ours that stands under a message, and with it the job that made the message."""
    rows = message.reply_markup.inline_keyboard if message.reply_markup else []
    for button in (button for row in rows for button in row):
        try:
            return Press.unpack(button.callback_data or "")
        except Refused:
            continue
    return None


def is_ours(message: Message, bot_id: int) -> bool:
    """Say whether a message is the bot's own, also where a channel's name stands over it or it was forwarded."""
    origin = message.forward_origin
    first = origin.sender_user if isinstance(origin, MessageOriginUser) else None
    writers = (message.from_user, message.via_bot, message.sender_business_bot, first)
    return any(user is not None and user.id == bot_id for user in writers) or press_under(message) is not None


def link_in(message: Message) -> str | None:
    """Return the first address in a message's words."""
    words = message.text or message.caption or ""
    for entity in message.entities or message.caption_entities or []:
        if url := _address(entity, words):
            return url
    return None


def _address(entity: MessageEntity, words: str) -> str | None:
    if entity.type == "text_link":
        return entity.url
    if entity.type != "url":
        return None
    url = entity.extract_from(words)
    return url if re.match(r"https?://", url, re.IGNORECASE) else f"https://{url}"


def brief_of(words: str, base: Brief, settings: ChatSettings) -> Brief:
    """Put a person's words into a brief; where they go on from a film, before the words that it was made from."""
    said = words.replace("\0", "").encode("utf-8", "replace").decode().strip()
    if base == Brief():
        return brief_for(said, settings)
    return replace(base, wish=brief_for(f"{said}. {base.wish}".strip(". ")).wish)
