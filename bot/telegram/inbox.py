"""Updates come in by long polling or a webhook, and are stored before Telegram hears that they have arrived."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramConflictError,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.methods import GetUpdates
from aiohttp import web

from jobs.metrics import ACKNOWLEDGED
from pipeline.errors import Refused
from storage.errors import StoreError
from storage.records import Records

log = structlog.get_logger(__name__)

FRONT = "telegram"

POLL_S = 30  # Telegram holds a poll open for at most 50 s
POLL_SLACK_S = 15  # before a poll that is not answered counts as broken
MOST_UPDATES = 100  # in one answer: https://core.telegram.org/bots/api#getupdates
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0  # after a poll that failed, doubled each time

#: of one update, in bytes: the longest text with its entities and a message replied to stay far below it
MOST_BYTES = 1 << 20
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
MOST_CONNECTIONS = 100  # https://core.telegram.org/bots/api#setwebhook

NO_TOKEN = "Telegram does not know this token."
NO_TOKEN_HINT = "Ask @BotFather for it and set TELEGRAM_BOT_TOKEN."


class _GetRawUpdates(GetUpdates):
    """getUpdates as JSON: an update that aiogram cannot read yet is stored all the same and stops nobody else's."""

    __returning__ = list[dict[str, Any]]
    __api_method__ = "getUpdates"


class Inbox:
    """Stores updates, many in one transaction, and rings for each batch that is in."""

    def __init__(self, records: Records, ring: Callable[[], None]) -> None:
        self._records, self._ring = records, ring
        self._waiting: list[tuple[tuple[str, dict[str, Any]], asyncio.Future[None]]] = []
        self._storing: asyncio.Task[None] | None = None

    async def store(self, updates: Sequence[dict[str, Any]]) -> None:
        """Keep updates; when this returns they are committed. Raises storage.errors.Down."""
        came_at = time.monotonic()
        await self._records.store_updates(FRONT, [(str(update["update_id"]), update) for update in updates])
        self._ring()
        for _ in updates:
            ACKNOWLEDGED.labels(FRONT).observe(time.monotonic() - came_at)

    async def store_one(self, update: dict[str, Any]) -> None:
        """As `store`; what comes in while a transaction is under way shares the next one."""
        came_at = time.monotonic()
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(((str(update["update_id"]), update), kept))
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store_waiting())
        await kept
        ACKNOWLEDGED.labels(FRONT).observe(time.monotonic() - came_at)

    async def _store_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await self._records.store_updates(FRONT, [update for update, _ in batch])
            except Exception as error:
                for _, kept in batch:
                    if not kept.done():
                        kept.set_exception(error)
                continue
            for _, kept in batch:
                if not kept.done():
                    kept.set_result(None)
            self._ring()


# ---- long polling ----


async def poll(bot: Bot, inbox: Inbox, allowed: Sequence[str]) -> None:
    """Ask for updates for ever; an answer is acknowledged by the next question, after it was stored.

    Raises Refused when the token is not known (any more).
    """
    await _until_done(bot.delete_webhook, drop_pending_updates=False)  # the two exclude each other
    offset: int | None = None
    failures = 0
    while True:
        try:
            updates = await _ask(bot, offset, allowed)
            if updates:
                await inbox.store(updates)
        except TelegramUnauthorizedError:
            raise Refused(NO_TOKEN, hint=NO_TOKEN_HINT) from None
        except (TelegramAPIError, ClientDecodeError, StoreError) as error:
            await _pause(error, failures)
            failures += 1
            continue
        failures = 0
        # The order of the answer counts, not the highest id: ids begin anew at random after a silent week. Once all
        # is acknowledged nothing is asked for by number, or new and lower ids would be passed over.
        offset = updates[-1]["update_id"] + 1 if updates else None


async def _ask(bot: Bot, offset: int | None, allowed: Sequence[str]) -> list[dict[str, Any]]:
    method = _GetRawUpdates(offset=offset, limit=MOST_UPDATES, timeout=POLL_S, allowed_updates=list(allowed))
    updates: Any = await bot(method, request_timeout=POLL_S + POLL_SLACK_S)
    return [update for update in updates if isinstance(update.get("update_id"), int)]


async def _pause(error: Exception, failures: int) -> None:
    seconds = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures, 10))
    if isinstance(error, TelegramRetryAfter):
        seconds = float(error.retry_after)
    if isinstance(error, TelegramConflictError):
        log.error("polled_by_two", hint="Another process polls with the same token: stop one of them.")
    log.warning("poll_failed", problem=type(error).__name__, again_in_s=seconds)
    await asyncio.sleep(seconds)


async def _until_done(call: Callable[..., Any], **values: Any) -> None:
    failures = 0
    while True:
        try:
            await call(**values)
            return
        except TelegramUnauthorizedError:
            raise Refused(NO_TOKEN, hint=NO_TOKEN_HINT) from None
        except (TelegramAPIError, ClientDecodeError) as error:
            await _pause(error, failures)
            failures += 1


# ---- webhook ----


def webhook_app(inbox: Inbox, *, path: str, secret: str) -> web.Application:
    """Return the server that Telegram posts to: 200 once the update is committed, 503 when it could not be stored."""

    async def receive(request: web.Request) -> web.Response:
        told = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(told.encode("utf-8", "surrogateescape"), secret.encode()):
            return web.Response(status=403)
        update = _read(await request.read())
        if update is None:
            return web.Response(status=400)
        try:
            await inbox.store_one(update)
        except StoreError as error:
            log.warning("update_not_stored", problem=str(error))
            return web.Response(status=503)  # Telegram comes again with it
        return web.Response()

    app = web.Application(client_max_size=MOST_BYTES)
    app.router.add_post(path, receive)
    return app


def _read(body: bytes) -> dict[str, Any] | None:
    try:
        update = json.loads(body)
    except (ValueError, RecursionError):
        return None
    number = update.get("update_id") if isinstance(update, dict) else None
    return update if isinstance(number, int) and not isinstance(number, bool) else None


async def listen(
    bot: Bot, inbox: Inbox, allowed: Sequence[str], *, url: str, secret: str, host: str, port: int, path: str
) -> None:
    """Serve the webhook until cancelled; requests that are under way are answered first.

    The webhook stays set when the process ends: what comes in meanwhile is kept by Telegram.
    """
    runner = web.AppRunner(webhook_app(inbox, path=path, secret=secret), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        await _until_done(
            bot.set_webhook,
            url=url,
            secret_token=secret,
            max_connections=MOST_CONNECTIONS,
            allowed_updates=list(allowed),
        )
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
