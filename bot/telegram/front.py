"""The Telegram front end: updates come in and are stored, handlers take them to the desk, results go back."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from urllib.parse import urlsplit

import structlog
from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.exceptions import TelegramAPIError, TelegramNotFound, TelegramUnauthorizedError
from aiogram.types import Update

from bot.buttons import Reply
from bot.desk import Desk
from bot.settings import BotSettings
from bot.telegram import commands, inbox, messages, presses
from bot.telegram.albums import Albums
from bot.telegram.feed import Feed
from bot.telegram.files import limits
from bot.telegram.inbox import NO_TOKEN, NO_TOKEN_HINT, Inbox
from bot.telegram.messenger import Messenger
from bot.telegram.outgoing import Outgoing, Session
from bot.telegram.requests import Requests
from bot.telegram.videos import VideoRequests
from bot.text import chat as text
from bot.text.languages import known
from jobs.deliveries import Deliveries, Knocked
from pipeline.errors import Refused
from storage.blobs import Blobs
from storage.records import Records
from storage.tables import UpdateRow

log = structlog.get_logger(__name__)

DRAIN_S = 20.0  # for handlers that are at work when everything stops; their updates are stored, so none is lost


async def run(
    *,
    settings: BotSettings,
    desk: Desk,
    records: Records,
    blobs: Blobs,
    bell: Knocked,
    stop: asyncio.Event,
    server: TelegramAPIServer | None = None,
    ready: asyncio.Event | None = None,
    outgoing: Outgoing | None = None,
) -> None:
    """Serve Telegram until `stop` is set, then finish what is at work.

    `server`: where the Bot API is, if not where the settings say. `ready` is set once updates are taken. `outgoing`
    paces the calls, at Telegram's own rates when None.
    Raises Refused when Telegram does not know the token.
    """
    front = Front(settings=settings, desk=desk, records=records, blobs=blobs, server=server, outgoing=outgoing)
    deliveries, received = Deliveries(records, blobs, bell, front.messenger), asyncio.Event()
    try:
        if not await _unless(stop, front.check()):
            return
        delivering = asyncio.create_task(deliveries.run(received))
        try:
            if ready:
                ready.set()
            await front.serve(stop)
        finally:  # what is due is handed over as long as anything else goes on
            received.set()
            await delivering
    finally:
        await front.bot.session.close()


async def _unless(stop: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
    """Do something unless `stop` is set before it is done; return whether it was done."""
    working, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if working.done():
        working.result()
        return True
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    return False


class Front:
    """One bot with everything that its handlers need."""

    def __init__(
        self,
        *,
        settings: BotSettings,
        desk: Desk,
        records: Records,
        blobs: Blobs,
        server: TelegramAPIServer | None = None,
        outgoing: Outgoing | None = None,
    ) -> None:
        """Open nothing yet. Raises Refused without a token."""
        if settings.telegram_bot_token is None:
            raise Refused("There is no token for Telegram.", hint=NO_TOKEN_HINT)
        if server is None:
            api = settings.telegram_api
            server = TelegramAPIServer.from_base(api, is_local=True) if api else PRODUCTION
        self.settings = settings
        self.outgoing = outgoing or Outgoing()
        session = Session(api=server)
        session.middleware(self.outgoing)
        self.bot = Bot(
            settings.telegram_bot_token.get_secret_value(),
            session=session,
            default=DefaultBotProperties(link_preview_is_disabled=True),  # no parse_mode: words are never mark-up
        )
        self.messenger = Messenger(self.bot, self.outgoing)
        allowed = limits(local=server.is_local)
        self.requests = Requests(self.bot, desk, records, blobs, allowed)
        self.handlers = Dispatcher(
            disable_fsm=True, desk=desk, records=records, requests=self.requests, albums=Albums(),
            videos=VideoRequests(self.bot, desk, records, allowed, self.requests), keep_days=settings.keep_days,
        )  # fmt: skip
        self.handlers.include_routers(commands.router(), messages.router(), presses.router())
        self.feed = Feed(records, self._handle, self._give_up)
        self.inbox = Inbox(records, self.feed.ring)

    async def check(self) -> None:
        """Learn who we are, and tell the menus what we can do. Raises Refused when the token is not known."""
        while True:
            try:
                me = await self.bot.me()
                break
            except (TelegramUnauthorizedError, TelegramNotFound):
                raise Refused(NO_TOKEN, hint=NO_TOKEN_HINT) from None
            except TelegramAPIError as error:
                log.warning("telegram_away", problem=type(error).__name__)
                await asyncio.sleep(2.0)
        log.info("telegram_ready", bot=me.username, sees_groups=me.can_read_all_group_messages)
        try:
            await commands.announce(self.bot)
        except TelegramAPIError as error:  # only a menu
            log.warning("commands_not_set", problem=error.message)

    async def serve(self, stop: asyncio.Event) -> None:
        """Take updates in and feed them until `stop`."""
        stopped = asyncio.create_task(stop.wait())
        running = [asyncio.create_task(self._receive()), asyncio.create_task(self.feed.run())]
        within_s = 0.0
        try:
            done, _ = await asyncio.wait([stopped, *running], return_when=asyncio.FIRST_COMPLETED)
            within_s = DRAIN_S
        finally:  # when we are cancelled nothing goes on behind our back either
            for task in (stopped, *running):
                task.cancel()
            await asyncio.gather(stopped, *running, return_exceptions=True)
            await self.feed.drain(within_s)
        for task in done - {stopped}:
            task.result()  # what broke is raised here

    async def _receive(self) -> None:
        allowed = self.handlers.resolve_used_update_types()
        settings = self.settings
        if settings.webhook_url is None:
            await inbox.poll(self.bot, self.inbox, allowed)
        elif settings.webhook_secret is None:
            raise Refused("A webhook needs a secret.", hint="Set REELSCORE_WEBHOOK_SECRET.")
        else:
            await inbox.listen(
                self.bot,
                self.inbox,
                allowed,
                url=settings.webhook_url,
                secret=settings.webhook_secret.get_secret_value(),
                host=settings.webhook_host,
                port=settings.webhook_port,
                path=urlsplit(settings.webhook_url).path or "/",
            )

    async def _handle(self, row: UpdateRow) -> None:
        update = Update.model_validate(row.payload, context={"bot": self.bot})
        await self.handlers.feed_update(self.bot, update, stored=row.number)

    async def _give_up(self, row: UpdateRow) -> None:
        """Tell whoever it was that something broke on our side."""
        update = Update.model_validate(row.payload, context={"bot": self.bot})
        if callback := update.callback_query:
            spoken = known(callback.from_user.language_code)
            await presses.answer(callback, Reply(text.broke(spoken), alert=True))
        elif message := update.message or update.channel_post:
            writer = message.from_user
            await self.requests.say(message, text.broke(known(writer.language_code if writer else None)))
