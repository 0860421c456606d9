"""The commands, all but /score and /musicvideo; each is answered where it was given."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

from aiogram import Bot, F, Router
from aiogram.enums import ChatType
from aiogram.filters import Command, CommandObject
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeDefault,
    Message,
)

from bot.desk import ChatSettings, Desk, Reply
from bot.telegram.messenger import Address, keyboard
from bot.telegram.presses import forget_keyboard, language_keyboard
from bot.telegram.requests import Requests, press_under, topic_of
from bot.telegram.rights import named, writer, writer_with_rights
from bot.text import chat as text
from bot.text import videos
from bot.text.languages import LANGUAGES, SOURCE
from jobs.job import ReplyTo

MAKING = ("score", "musicvideo", "shift", "redraw", "takes", "queue", "cancel")
ALONE = (*MAKING, "settings", "language", "help", "privacy", "forgetme")
IN_GROUPS = (*MAKING, "help")
FOR_ADMINS = (*IN_GROUPS, "settings", "autoscore")

_SETTING = re.compile(r"(\w+)\s*[=:](.*?)(?=\s+\w+\s*[=:]|$)", re.DOTALL)  # "style= mood=sad": no style, a mood
MOST_SETTING = 40  # letters of a mood or style; they are shown to a whole chat

#: "+0.4", "-0,2 s", "+400ms"
_SHIFT = re.compile(r"([+\-\u2212\u2013])?\s*(\d{1,5}(?:[.,]\d{1,4})?)\s*(ms|s|sec|seconds?)?", re.IGNORECASE)
_SHOT = re.compile(r"#?\s*(\d{1,4})")


def router() -> Router:
    routes = Router(name="commands")
    answers: dict[str, Callable[..., Awaitable[None]]] = {
        "start": start, "help": usage, "privacy": privacy, "forgetme": forget_me, "language": language,
        "takes": takes, "queue": queue, "cancel": cancel, "settings": settings, "autoscore": autoscore,
        "ratings": ratings, "shift": shift, "redraw": redraw,
    }  # fmt: skip
    routes.message.filter(~F.is_automatic_forward)  # a channel's command is not its discussion's
    for said in (routes.message, routes.channel_post):
        for name, answer in answers.items():
            said.register(answer, F.text, Command(name))
    return routes


async def announce(bot: Bot) -> None:
    """Tell Telegram's menus which commands there are, in each language."""
    scopes = (
        (BotCommandScopeDefault(), ALONE),
        (BotCommandScopeAllPrivateChats(), ALONE),
        (BotCommandScopeAllGroupChats(), IN_GROUPS),
        (BotCommandScopeAllChatAdministrators(), FOR_ADMINS),
    )
    for spoken in LANGUAGES:
        does = text.commands(spoken)
        for scope, names in scopes:
            menu = [BotCommand(command=name, description=does[name]) for name in names]
            await bot.set_my_commands(menu, scope=scope, language_code=None if spoken == SOURCE else spoken)


async def start(message: Message, requests: Requests) -> None:
    await requests.say(message, text.greeting(await requests.language(message)))


async def usage(message: Message, requests: Requests) -> None:
    await requests.say(message, text.usage(await requests.language(message), front="telegram"))


async def privacy(message: Message, requests: Requests, keep_days: float) -> None:
    await requests.say(message, text.privacy(await requests.language(message), keep_days=keep_days))


async def forget_me(message: Message, requests: Requests) -> None:
    """Ask first: it cannot be undone."""
    spoken = await requests.language(message)
    who = message.from_user.id if message.from_user and message.sender_chat is None else message.chat.id
    await requests.say(message, text.forget_question(spoken), forget_keyboard(who, spoken))


async def language(message: Message, command: CommandObject, requests: Requests, desk: Desk) -> None:
    """With a language's tag or name: speak it from now on. Without: ask by buttons."""
    wanted = (command.args or "").strip().lower()
    spoken = await requests.language(message)
    if not wanted:
        await requests.say(message, text.language_question(spoken), language_keyboard())
        return
    tags = {name.lower(): tag for tag, name in LANGUAGES.items()} | {tag: tag for tag in LANGUAGES}
    if wanted not in tags:
        await requests.say(message, text.unknown_language(spoken))
        return
    await requests.say(message, text.language_set(await desk.language(writer(message), tags[wanted])))


async def takes(message: Message, requests: Requests, desk: Desk) -> None:
    await _answer(message, requests, await desk.takes(writer(message), named(message.chat.id)))


async def queue(message: Message, requests: Requests, desk: Desk) -> None:
    await _answer(message, requests, await desk.queue(writer(message), named(message.chat.id)))


async def cancel(message: Message, requests: Requests, desk: Desk, bot: Bot) -> None:
    """Stop all of one's own here; in reply to a placeholder, that job: an admin may stop anybody's so."""
    chat = named(message.chat.id)
    if message.reply_to_message and (press := press_under(message.reply_to_message)):
        person = await writer_with_rights(bot, message)
        await _answer(message, requests, await desk.cancel(person, job=press.job, chat=chat))
        return
    await _answer(message, requests, await desk.cancel(writer(message), chat=chat))


async def shift(message: Message, command: CommandObject, requests: Requests, desk: Desk) -> None:
    """Move the lyrics of the music video that is answered to, or of the last one of one's own here."""
    seconds = seconds_of(command.args or "")
    job, reply_to = await _meant(message, requests)
    if not seconds:
        await requests.say(message, videos.shift_usage(reply_to.language))
        return
    await _answer(message, requests, await desk.shift(writer(message), reply_to, seconds, job=job))


def seconds_of(words: str) -> float | None:
    """Return the seconds that somebody has written; None where they are none."""
    found = _SHIFT.fullmatch(words.strip())
    if found is None:
        return None
    sign, number, unit = found.groups()
    seconds = float(number.replace(",", ".")) / (1000 if (unit or "").lower() == "ms" else 1)
    return -seconds if sign and sign != "+" else seconds


async def redraw(message: Message, command: CommandObject, requests: Requests, desk: Desk) -> None:
    """Have one shot drawn anew; which shots there are is said where none is named."""
    shot = _SHOT.fullmatch((command.args or "").strip())
    job, reply_to = await _meant(message, requests)
    number = int(shot[1]) if shot else 0
    await _answer(message, requests, await desk.redraw(writer(message), reply_to, number, job=job))


async def _meant(message: Message, requests: Requests) -> tuple[str | None, ReplyTo]:
    """Return the job that a command answers to, and where what comes of it goes: under that, or under the command."""
    replied = message.reply_to_message
    press = press_under(replied) if replied else None
    under = replied.message_id if replied and press else message.message_id
    address = Address(message.chat.id, under, topic_of(message))
    return press.job if press else None, address.written(await requests.language(message))


async def ratings(message: Message, requests: Requests, desk: Desk) -> None:
    await _answer(message, requests, await desk.means(writer(message)))


async def settings(message: Message, command: CommandObject, requests: Requests, desk: Desk, bot: Bot) -> None:
    """Show what a chat has chosen; with words such as "style=epic takes=2" change it, for admins."""
    chat, spoken = named(message.chat.id), await requests.language(message)
    chosen = await desk.settings(chat)
    if not command.args:
        told = text.settings(style=chosen.style, mood=chosen.mood, takes=chosen.takes, language=spoken)
        await requests.say(message, f"{told}\n{text.settings_usage(spoken)}")
        return
    changed = changed_settings(chosen, command.args)
    if isinstance(changed, str):
        await requests.say(message, f"{text.bad_setting(changed, spoken)}\n{text.settings_usage(spoken)}")
        return
    person = await writer_with_rights(bot, message)
    await _answer(message, requests, await desk.set_settings(person, chat, changed))


def changed_settings(chosen: ChatSettings, words: str) -> ChatSettings | str:
    """Return the settings that the words ask for, or the first word that is none of them."""
    found: list[tuple[str, str]] = _SETTING.findall(words)
    if not found:
        return words
    for name, value in ((name.lower(), value.strip()[:MOST_SETTING]) for name, value in found):
        if name in ("style", "mood"):
            chosen = replace(chosen, style=value) if name == "style" else replace(chosen, mood=value)
        elif name == "takes" and value.isdecimal() and len(value) < 3:
            chosen = replace(chosen, takes=int(value))
        elif name == "language":
            chosen = replace(chosen, language=value.lower())
        else:
            return name
    return chosen


async def autoscore(message: Message, command: CommandObject, requests: Requests, desk: Desk, bot: Bot) -> None:
    """Say how it stands; with on, off or silent-only change it, for admins."""
    chat, spoken = named(message.chat.id), await requests.language(message)
    if message.chat.type == ChatType.PRIVATE:  # every clip is scored here anyhow
        await requests.say(message, text.autoscore("on", spoken))
        return
    wanted = (command.args or "").strip().lower()
    chosen = await desk.settings(chat)
    if wanted not in ("on", "off", "silent-only"):
        await requests.say(message, f"{text.autoscore(chosen.autoscore, spoken)}\n{text.autoscore_usage(spoken)}")
        return
    person = await writer_with_rights(bot, message)
    await _answer(message, requests, await desk.set_settings(person, chat, replace(chosen, autoscore=wanted)))  # type: ignore[arg-type]


async def _answer(message: Message, requests: Requests, reply: Reply) -> None:
    await requests.say(message, reply.text, keyboard(reply.buttons))
