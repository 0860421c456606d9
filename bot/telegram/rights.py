"""Who is at the other end, and what they may do: Telegram is asked each time, since buttons outlive rights."""

from __future__ import annotations

from aiogram import Bot
from aiogram.enums import ChatMemberStatus, ChatType
from aiogram.exceptions import TelegramAPIError
from aiogram.types import CallbackQuery, Chat, Message, User

from bot.desk import Person

ADMINS = (ChatMemberStatus.CREATOR, ChatMemberStatus.ADMINISTRATOR)


def named(number: int) -> str:
    """Return the id that the records know a person or a chat by."""
    return f"telegram:{number}"


def writer(message: Message) -> Person:
    """Return who wrote a message, without asking whether they are an admin.

    Whoever writes as a chat, an anonymous admin or a channel, is that chat: no person is behind it for us.
    """
    as_chat = message.sender_chat
    if as_chat is not None or message.from_user is None:
        chat = as_chat or message.chat
        return Person(named(chat.id), admin=chat.id == message.chat.id)
    user = message.from_user
    return Person(named(user.id), user.language_code or "en", admin=message.chat.type == ChatType.PRIVATE)


async def writer_with_rights(bot: Bot, message: Message) -> Person:
    """Return who wrote a message and whether they are an admin there; asks Telegram in groups."""
    person = writer(message)
    if person.admin or message.sender_chat is not None or message.from_user is None:
        return person
    return await _with_rights(bot, message.chat, message.from_user)


async def presser(bot: Bot, callback: CallbackQuery, *, asks: bool) -> Person:
    """Return who pressed a button. Telegram is asked for their rights only where `asks` says that it matters."""
    message = callback.message
    user = callback.from_user
    if asks and message is not None and message.chat.type != ChatType.PRIVATE:
        return await _with_rights(bot, message.chat, user)
    private = message is not None and message.chat.id == user.id
    return Person(named(user.id), user.language_code or "en", admin=private)


async def _with_rights(bot: Bot, chat: Chat, user: User) -> Person:
    return Person(named(user.id), user.language_code or "en", admin=await is_admin(bot, chat.id, user.id))


async def is_admin(bot: Bot, chat: int, user: int) -> bool:
    """Ask Telegram; whoever it does not answer for is no admin."""
    try:
        member = await bot.get_chat_member(chat, user)
    except TelegramAPIError:
        return False
    return member.status in ADMINS
