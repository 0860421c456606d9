"""Pressed buttons: each is answered, and each is checked against who pressed it."""

from __future__ import annotations

import contextlib

from aiogram import Bot, Router
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from bot.buttons import Press, Reply
from bot.desk import Desk, Person
from bot.telegram.messenger import keyboard
from bot.telegram.requests import Requests, reply_to_of
from bot.telegram.rights import is_admin, named, presser
from bot.text import chat as text
from bot.text import measured
from pipeline.errors import UserError
from storage.records import Records

TOAST_MOST = 200  # https://core.telegram.org/bots/api#answercallbackquery


class Forget(CallbackData, prefix="forget"):
    """Whether everything of somebody shall go; only their own press counts."""

    who: int
    sure: bool


class Speak(CallbackData, prefix="speak"):
    language: str


def forget_keyboard(who: int, language: str) -> InlineKeyboardMarkup:
    yes, no = Forget(who=who, sure=True), Forget(who=who, sure=False)
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [InlineKeyboardButton(text=text.yes(language), callback_data=yes.pack(), style="danger")],
            [InlineKeyboardButton(text=text.no(language), callback_data=no.pack())],
        ]
    )


def language_keyboard() -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [InlineKeyboardButton(text=name, callback_data=Speak(language=tag).pack())]
            for tag, name in text.languages().items()
        ]
    )


def router() -> Router:
    routes = Router(name="presses")
    routes.callback_query.register(forget, Forget.filter())
    routes.callback_query.register(speak, Speak.filter())
    routes.callback_query.register(pressed)
    return routes


async def pressed(callback: CallbackQuery, bot: Bot, desk: Desk, records: Records, requests: Requests) -> None:
    """Give a press to the desk, which knows whose it is to give."""
    person = await presser(bot, callback, asks=False)
    spoken = await desk.language(person)
    try:
        press = Press.unpack(callback.data or "")
        reply_to = reply_to_of(callback, spoken)
        if reply_to is None:  # a message that Telegram does not show us any more
            await answer(callback, Reply(text.job_gone(spoken), alert=True))
            return
        asks = await _rights_matter(press, person, callback, records)
        person = await presser(bot, callback, asks=asks)
        reply = await desk.press(person, press, reply_to)
    except UserError as error:
        reply = Reply(text.problem(error, spoken), alert=True)
    await show_buttons(callback, reply)
    await answer(callback, reply, requests)


async def _rights_matter(press: Press, person: Person, callback: CallbackQuery, records: Records) -> bool:
    """Say whether it makes a difference that somebody is an admin: where a channel, or a hidden admin, had asked."""
    row = await records.job(press.job)
    chat = named(callback.message.chat.id) if callback.message else ""
    return row is not None and row.person == row.chat == chat != person.id


async def show_buttons(callback: CallbackQuery, reply: Reply) -> None:
    """Put other buttons under the message; one that is gone or has them already is no fault."""
    if reply.buttons is None or not isinstance(callback.message, Message):
        return
    with contextlib.suppress(TelegramBadRequest):
        await callback.message.edit_reply_markup(reply_markup=keyboard(reply.buttons))


async def answer(callback: CallbackQuery, reply: Reply, requests: Requests | None = None) -> None:
    """Stop the spinner, with a toast; what is too long for one is said in the chat."""
    long = measured.units(reply.text) > TOAST_MOST
    toast = measured.clipped(reply.text, TOAST_MOST) if requests is None else "" if long else reply.text
    with contextlib.suppress(TelegramBadRequest):  # pressed too long ago: the press was obeyed all the same
        await callback.answer(toast or None, show_alert=reply.alert or None)
    if long and requests is not None and isinstance(callback.message, Message):
        await requests.say(callback.message, reply.text)


async def forget(callback: CallbackQuery, callback_data: Forget, bot: Bot, desk: Desk) -> None:
    """Remove everything of whoever had asked for it, and of nobody else."""
    person = await presser(bot, callback, asks=False)
    spoken = await desk.language(person)
    if not await _is_theirs(callback_data.who, callback, bot):
        await answer(callback, Reply(text.not_yours(spoken), alert=True))
        return
    reply = Reply(text.nothing_removed(spoken))
    if callback_data.sure:
        reply = await desk.forget(Person(named(callback_data.who), spoken))
    if isinstance(callback.message, Message):
        with contextlib.suppress(TelegramBadRequest):
            await callback.message.edit_text(reply.text)
    await answer(callback, Reply())


async def _is_theirs(who: int, callback: CallbackQuery, bot: Bot) -> bool:
    """A chat that asked, by an anonymous admin or a channel, is spoken for by its admins."""
    if who == callback.from_user.id:
        return True
    message = callback.message
    if message is None or message.chat.id != who or message.chat.type == ChatType.PRIVATE:
        return False
    return await is_admin(bot, who, callback.from_user.id)


async def speak(callback: CallbackQuery, callback_data: Speak, bot: Bot, desk: Desk) -> None:
    """Speak another language, with whoever pressed."""
    person = await presser(bot, callback, asks=False)
    try:
        spoken = await desk.language(person, callback_data.language)
    except UserError as error:
        await answer(callback, Reply(text.problem(error, await desk.language(person)), alert=True))
        return
    if isinstance(callback.message, Message) and callback.message.chat.type == ChatType.PRIVATE:
        with contextlib.suppress(TelegramBadRequest):
            await callback.message.edit_text(text.language_set(spoken))
    await answer(callback, Reply(text.language_set(spoken)))
