"""What becomes of a message: a clip, a link or a reply is taken in; whatever else is said in private gets one line."""

from __future__ import annotations

from aiogram import Bot, F, Router
from aiogram.enums import ChatMemberStatus, ChatType
from aiogram.filters import Command, CommandObject
from aiogram.types import ChatMemberUpdated, Message, MessageOriginUser

from bot.desk import Desk
from bot.telegram.albums import Albums
from bot.telegram.clips import clip_in
from bot.telegram.requests import Requests, press_under
from bot.telegram.rights import named, writer
from bot.text import chat as text
from jobs.job import OwnSound

#: messages that Telegram writes when something happens in a chat: nobody waits for an answer to those
SILENT = F.content_type.in_({"text", "photo", "audio", "voice", "document", "sticker", "contact", "location", "venue",
                             "poll", "dice", "game", "story", "paid_media", "checklist", "video", "animation",
                             "video_note"})  # fmt: skip


def router() -> Router:
    """Return what listens to messages; commands but /score are in commands.py, which is asked first."""
    routes = Router(name="messages")
    routes.message.filter(~F.is_automatic_forward)  # what a channel posts is its own affair, not its discussion's
    for said in (routes.message, routes.channel_post, routes.edited_message, routes.edited_channel_post):
        said.register(score, Command("score"))
    routes.message.register(upgraded, F.migrate_to_chat_id)
    routes.message.register(private, F.chat.type == ChatType.PRIVATE, SILENT)
    routes.edited_message.register(edited, F.chat.type == ChatType.PRIVATE)
    for said in (routes.message, routes.channel_post, routes.edited_message, routes.edited_channel_post):
        said.register(posted, F.chat.type != ChatType.PRIVATE)
    routes.my_chat_member.register(standing_changed)
    return routes


async def score(message: Message, command: CommandObject, requests: Requests, albums: Albums, stored: str) -> None:
    """/score: under a clip, in reply to one, or with a link."""
    if message.media_group_id:
        await albums.place(message)  # so that the album's other clips learn of the command
    found = await requests.source_of(message, writer(message), command.args or "")
    if found:
        await requests.ask(message, *found, update=stored)
    elif message.edit_date is None:
        await requests.say(message, text.reply_to_a_clip(await requests.language(message)))


async def private(message: Message, requests: Requests, albums: Albums, stored: str) -> None:
    """Score what was sent; say in one line what can be sent where it was nothing of the kind."""
    place = await albums.place(message)
    words = place.words or message.text or ""
    is_command = words.startswith("/") and clip_in(message) is None
    found = None if is_command else await requests.source_of(message, writer(message), words)
    if found:
        await requests.ask(message, *found, update=stored)
        return
    language = await requests.language(message)
    if is_command:
        await requests.say(message, text.unknown_command(language))
    elif place.first and not place.clips:
        await requests.say(message, text.send_a_clip(language))


async def edited(message: Message, requests: Requests, stored: str) -> None:
    """A clip that was put in by an edit has not been scored; one that was there has, and its source is known."""
    if clip_in(message) and (found := await requests.source_of(message, writer(message), message.caption or "")):
        await requests.ask(message, *found, update=stored)


async def posted(message: Message, requests: Requests, albums: Albums, desk: Desk, stored: str, bot: Bot) -> None:
    """Score a clip in a group or channel by itself, where its admins have asked for that."""
    clip = clip_in(message)
    if clip is None or is_ours(message, bot.id):
        return
    place = await albums.place(message)
    asked = place.words != (message.caption or "") and await _is_score(place.words, message, bot)
    settings = await desk.settings(named(message.chat.id))
    if not asked and settings.autoscore == "off":
        return
    words = place.words.partition(" ")[2] if asked else place.words
    found = await requests.source_of(message, writer(message), words)
    if found:
        sound: OwnSound = "silent" if settings.autoscore == "silent-only" and not asked else "ask"
        await requests.ask(message, *found, update=stored, sound=sound, auto=not asked)


async def _is_score(words: str, message: Message, bot: Bot) -> bool:
    """Say whether the words under an album are a /score for us."""
    return bool(await Command("score")(message.model_copy(update={"text": words}), bot)) if words else False


def is_ours(message: Message, bot_id: int) -> bool:
    """Say whether a message is the bot's own, also where a channel's name stands over it or it was forwarded."""
    origin = message.forward_origin
    first = origin.sender_user if isinstance(origin, MessageOriginUser) else None
    writers = (message.from_user, message.via_bot, message.sender_business_bot, first)
    return any(user is not None and user.id == bot_id for user in writers) or press_under(message) is not None


async def upgraded(message: Message, requests: Requests) -> None:
    """A group has become a supergroup."""
    if message.migrate_to_chat_id:
        await requests.move(message.chat.id, message.migrate_to_chat_id)


async def standing_changed(event: ChatMemberUpdated, requests: Requests) -> None:
    """The bot was blocked, thrown out, or let in again."""
    gone = event.new_chat_member.status in (ChatMemberStatus.KICKED, ChatMemberStatus.LEFT)
    await requests.set_dead(event.chat.id, gone)
