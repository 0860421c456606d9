"""Calls to Telegram that keep its pace: a session that names its errors, and the middleware that waits and tries again.

No figure of Telegram's limits is exact (https://grammy.dev/advanced/flood): what is paced here only makes a 429 rare,
and the wait that a 429 names is kept whatever the method was.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramEntityTooLarge,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiolimiter import AsyncLimiter

#: calls that post or edit, per second: to one chat, to one group, to everybody
#: (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this: 1/s with bursts, 20/min, 30/s)
PER_CHAT = (4.0, 4.0)
PER_GROUP = (4.0, 15.0)  # a burst of 4 and 16 more: never above 20 in any minute
OVERALL = (28.0, 1.0)
CHATS_KEPT = 2000  # limiters at once; those that are at rest are dropped above it

WAITS = 3  # times that a patient call waits for a 429 to pass
LONGEST_WAIT_S = 60.0  # a 429 that asks for more is told to the caller
AGAIN_S = (0.3, 1.0)  # before a call that may be repeated is tried again

#: what may be repeated without harm: a second time changes nothing
REPEATABLE = ("get", "edit", "answer", "delete", "set")
#: what writes into a chat and counts against its limits
COUNTED = ("send", "edit", "copy", "forward")

_hasty: ContextVar[bool] = ContextVar("hasty", default=False)


@contextlib.contextmanager
def hasty() -> Iterator[None]:
    """Let a 429 through at once: the caller knows how to come back later."""
    token = _hasty.set(True)
    try:
        yield
    finally:
        _hasty.reset(token)


class Session(AiohttpSession):
    """aiogram's session whose errors never carry the token, and know an HTML answer by its status."""

    async def make_request(
        self, bot: Bot, method: TelegramMethod[TelegramType], timeout: int | None = None
    ) -> TelegramType:
        try:
            return await super().make_request(bot, method, timeout)
        except TelegramEntityTooLarge:
            raise
        except TelegramNetworkError as error:  # its text may quote the address, and that holds the token
            raise TelegramNetworkError(method, error.message.replace(bot.token, "TOKEN")) from None
        except OSError as error:
            raise TelegramNetworkError(method, type(error).__name__) from None

    def check_response(
        self, bot: Bot, method: TelegramMethod[TelegramType], status_code: int, content: str
    ) -> Response[TelegramType]:
        try:
            return super().check_response(bot, method, status_code, content)
        except ClientDecodeError:
            # a proxy answered in HTML: Telegram's own does so for a body above its limit
            if status_code == 413:
                raise TelegramEntityTooLarge(method, "Request Entity Too Large") from None
            if status_code >= 500:
                raise TelegramServerError(method, f"HTTP {status_code}") from None
            raise


class Outgoing(BaseRequestMiddleware):
    """Paces calls per chat, per group and overall; waits for a 429; repeats what may be repeated."""

    def __init__(
        self,
        *,
        per_chat: tuple[float, float] = PER_CHAT,
        per_group: tuple[float, float] = PER_GROUP,
        overall: tuple[float, float] = OVERALL,
    ) -> None:
        self._per_chat, self._per_group = per_chat, per_group
        self._overall = AsyncLimiter(*overall)
        self._chats: dict[int, AsyncLimiter] = {}
        self._shut: dict[int, float] = {}  #: chat -> loop time at which its 429 is over

    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        waits, tries = WAITS, list(AGAIN_S) if _is(method, REPEATABLE) and method.__api_method__ != "getUpdates" else []
        while True:
            await self._pace(method)
            try:
                return await make_request(bot, method)
            except TelegramRetryAfter as error:
                self._note(method, error.retry_after)
                if _hasty.get() or not waits or error.retry_after > LONGEST_WAIT_S:
                    raise
                waits -= 1
                await asyncio.sleep(error.retry_after)
            except TelegramEntityTooLarge:
                raise
            except (TelegramNetworkError, TelegramServerError):
                if not tries:
                    raise
                await asyncio.sleep(tries.pop(0))

    def wait_s(self, chat: int) -> float:
        """Return how long a call to this chat would have to wait now; 0 when it need not."""
        shut = self._shut.get(chat, 0.0) - asyncio.get_running_loop().time()
        if shut > 0:
            return shut
        limiter = self._limiter(chat)
        return (
            0.0 if limiter.has_capacity() and self._overall.has_capacity() else limiter.time_period / limiter.max_rate
        )

    async def _pace(self, method: TelegramMethod[Any]) -> None:
        chat = getattr(method, "chat_id", None)
        if not _is(method, COUNTED) or not isinstance(chat, int):
            return
        if not _hasty.get() and (shut := self._shut.get(chat, 0.0) - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(min(shut, LONGEST_WAIT_S))
        await self._limiter(chat).acquire()
        await self._overall.acquire()

    def _note(self, method: TelegramMethod[Any], seconds: float) -> None:
        if isinstance(chat := getattr(method, "chat_id", None), int):
            self._shut[chat] = asyncio.get_running_loop().time() + seconds

    def _limiter(self, chat: int) -> AsyncLimiter:
        if len(self._chats) > CHATS_KEPT:
            self._chats = {one: it for one, it in self._chats.items() if not it.has_capacity(it.max_rate)}
            now = asyncio.get_running_loop().time()
            self._shut = {one: at for one, at in self._shut.items() if at > now}
        if chat not in self._chats:
            self._chats[chat] = AsyncLimiter(*(self._per_group if chat < 0 else self._per_chat))
        return self._chats[chat]


def _is(method: TelegramMethod[Any], kinds: tuple[str, ...]) -> bool:
    return method.__api_method__.startswith(kinds)
