"""What becomes of a message: a clip, a track, a link or a reply is taken in; all else in private gets one line."""

from __future__ import annotations

from aiogram import Bot, F, Router
from aiogram.enums import ChatMemberStatus, ChatType
from aiogram.filters import Command, CommandObject
from aiogram.types import ChatMemberUpdated, Message

from bot.desk import Desk
from bot.telegram.albums import Albums, Place
from bot.telegram.clips import clip_in
from bot.telegram.requests import Requests, is_ours
from bot.telegram.rights import named, writer
from bot.telegram.tracks import board_in, paper_in, track_in
from bot.telegram.videos import VideoRequests
from bot.text import chat as text
from bot.text import videos as video_text
from jobs.job import OwnSound

#: messages that Telegram writes when something happens in a chat: nobody waits for an answer to those
SILENT = F.content_type.in_({"text", "photo", "audio", "voice", "document", "sticker", "contact", "location", "venue",
                             "poll", "dice", "game", "story", "paid_media", "checklist", "video", "animation",
                             "video_note"})  # fmt: skip


def router() -> Router:
    """Return what listens to messages; commands that take nothing in are in commands.py, which is asked first."""
    routes = Router(name="messages")
    routes.message.filter(~F.is_automatic_forward)  # what a channel posts is its own affair, not its discussion's
    for said in (routes.message, routes.channel_post, routes.edited_message, routes.edited_channel_post):
        said.register(score, Command("score"))
        said.register(musicvideo, Command("musicvideo"))
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


async def musicvideo(
    message: Message, command: CommandObject, requests: Requests, videos: VideoRequests, albums: Albums, stored: str,
    bot: Bot,
) -> None:  # fmt: skip
    """/musicvideo: under a track, in reply to one, with a link, or for a song that is made; or to change a film."""
    if is_ours(message, bot.id):  # a track's title may read like a command
        return
    place = await albums.place(message)
    found = await videos.take(message, command.args or "", place, update=stored, commanded=True)
    if not found and message.edit_date is None:
        await requests.say(message, video_text.reply_to_a_track(await requests.language(message)))


async def private(
    message: Message, requests: Requests, videos: VideoRequests, albums: Albums, stored: str, bot: Bot
) -> None:
    """Take in what was sent; say in one line what can be sent where it was nothing of the kind."""
    place = await albums.place(message)
    if place.words != (message.caption or "") and await _for_album(message, place, videos, stored, bot):
        return
    words = place.words or message.text or ""
    clip = clip_in(message)
    is_command = words.startswith("/") and clip is None and track_in(message) is None
    if clip is None and not is_command and await videos.take(message, words, place, update=stored, commanded=False):
        return
    found = None if is_command else await requests.source_of(message, writer(message), words)
    if found:
        await requests.ask(message, *found, update=stored)
        return
    language = await requests.language(message)
    if is_command:
        await requests.say(message, text.unknown_command(language))
    elif place.first and not place.clips:
        how = video_text.reply_to_a_track if paper_in(message) else text.send_a_clip
        await requests.say(message, how(language))


async def edited(message: Message, requests: Requests, videos: VideoRequests, stored: str) -> None:
    """A clip that was put in by an edit has not been scored; one that was there has, and its source is known."""
    words = message.caption or ""
    if clip_in(message) and (found := await requests.source_of(message, writer(message), words)):
        await requests.ask(message, *found, update=stored)
    elif track_in(message):
        await videos.ask(message, words, Place.alone(message), update=stored, commanded=False)


async def posted(
    message: Message, requests: Requests, videos: VideoRequests, albums: Albums, desk: Desk, stored: str, bot: Bot
) -> None:
    """Score a clip in a group or channel by itself, where its admins have asked for that.

    Tracks are left alone there; lyrics or a storyboard in answer to a music video are meant for it.
    """
    clip = clip_in(message)
    is_paper = bool(paper_in(message) or board_in(message))
    in_album = message.media_group_id is not None and (is_paper or track_in(message) is not None)
    if is_ours(message, bot.id) or not (clip or is_paper or in_album):
        return
    if is_paper and await videos.answer(message, message.caption or ""):
        return
    place = await albums.place(message)
    if await _for_album(message, place, videos, stored, bot) or clip is None:
        return
    asked = place.words != (message.caption or "") and await _said("score", place.words, message, bot) is not None
    settings = await desk.settings(named(message.chat.id))
    if not asked and settings.autoscore == "off":
        return
    words = place.words.partition(" ")[2] if asked else place.words
    found = await requests.source_of(message, writer(message), words)
    if found:
        sound: OwnSound = "silent" if settings.autoscore == "silent-only" and not asked else "ask"
        await requests.ask(message, *found, update=stored, sound=sound, auto=not asked)


async def _for_album(message: Message, place: Place, videos: VideoRequests, stored: str, bot: Bot) -> bool:
    """Take a track in whose album stands under a /musicvideo; return whether it does."""
    words = await _said("musicvideo", place.words, message, bot)
    if words is not None and track_in(message):
        await videos.take(message, words, place, update=stored, commanded=True)
    return words is not None


async def _said(command: str, words: str, message: Message, bot: Bot) -> str | None:
    """Return what stands behind a command for us in an album's words; None where there is no such command."""
    found = await Command(command)(message.model_copy(update={"text": words}), bot) if words else False
    return (found["command"].args or "") if isinstance(found, dict) else None


async def upgraded(message: Message, requests: Requests) -> None:
    """A group has become a supergroup."""
    if message.migrate_to_chat_id:
        await requests.move(message.chat.id, message.migrate_to_chat_id)


async def standing_changed(event: ChatMemberUpdated, requests: Requests) -> None:
    """The bot was blocked, thrown out, or let in again."""
    gone = event.new_chat_member.status in (ChatMemberStatus.KICKED, ChatMemberStatus.LEFT)
    await requests.set_dead(event.chat.id, gone)
