"""The Discord front end: commands, presses and posted clips go to the desk, results come back through the outbox."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.desk import Desk
from bot.discord import buttons, requests, sentences, videos
from bot.discord.clips import Fetches
from bot.discord.commands import Translations, Tree
from bot.discord.deferral import ACKNOWLEDGED, tell_of_lost
from bot.discord.messenger import DiscordMessenger
from bot.discord.pace import Pace
from bot.discord.rights import Asking
from bot.discord.words import NOBODY, worded
from bot.settings import BotSettings
from bot.text import chat
from bot.text.languages import known
from jobs.deliveries import Deliveries, Knocked
from pipeline.errors import Unavailable, UserError
from storage.blobs import Blobs
from storage.errors import Down
from storage.records import Records

log = structlog.get_logger(__name__)

DRAIN_S = 20.0  # for what is being answered when everything stops
AGAIN_S = (1.0, 2.0, 5.0, 15.0, 60.0)  # between tries to log in while Discord is away
PATIENCE_S = 60.0  # the longest that a 429 is waited for by the library; a longer one is told

OFFICIAL = "https://discord.com/api/v10"  # discord.http.Route.BASE
CLOSED_BAD_TOKEN = 4004  # https://docs.discord.com/developers/topics/opcodes-and-status-codes

NO_TOKEN = "Discord does not take the bot's token."
NO_TOKEN_HINT = "Set DISCORD_BOT_TOKEN to the token under Bot in the Discord developer portal."
NO_INTENT = "Discord does not let the bot read messages."
NO_INTENT_HINT = (
    "Switch the Message Content intent on under Bot in the developer portal, "
    "or unset REELSCORE_DISCORD_MESSAGE_CONTENT."
)


def intents(*, message_content: bool) -> discord.Intents:
    """Return the least that is needed: servers for their limits; messages only for auto-score."""
    return discord.Intents(guilds=True, guild_messages=message_content, message_content=message_content)


class Front(discord.Client):
    """One bot with everything that its commands and buttons need."""

    def __init__(
        self,
        *,
        desk: Desk,
        records: Records,
        message_content: bool = False,
        keep_days: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open nothing yet."""
        pace = Pace()
        super().__init__(
            intents=intents(message_content=message_content),
            allowed_mentions=NOBODY,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_ratelimit_timeout=PATIENCE_S,
            http_trace=pace.trace(),
        )
        self.desk, self.records, self.keep_days, self.clock = desk, records, keep_days, clock
        self.fetches = Fetches()
        self.forms: dict[str, videos.Wanted] = {}  #: what was given with forms that are open, by their custom_id
        self.revoked = asyncio.Event()  #: set when Discord no longer takes the token
        self.messenger = DiscordMessenger(self, records, pace, revoked=self.revoked.set, clock=clock)
        self.tree = Tree(self)
        self._busy: set[asyncio.Task[Any]] = set()

    async def setup_hook(self) -> None:
        self.add_dynamic_items(*buttons.LASTING)
        await self.tree.set_translator(Translations())

    async def on_ready(self) -> None:
        log.info("discord_ready", bot=str(self.user), servers=len(self.guilds))

    async def on_message(self, message: discord.Message) -> None:
        with self._at_work():
            try:
                await requests.score_posted(self, message)
            except Exception:
                log.exception("clip_not_taken", chat=message.channel.id, message=message.id)

    async def on_interaction(self, interaction: Asking) -> None:
        """Take what a form brings back; commands and buttons are found by the library itself."""
        if interaction.type is not discord.InteractionType.modal_submit:
            return
        form = str(dict(interaction.data or {}).get("custom_id", ""))
        if form.startswith(videos.FORM):
            await videos.take_form(interaction)
        elif form.startswith(videos.WORDS_FORM):
            await videos.take_words(interaction)
        else:
            await buttons.rate(interaction)

    @contextlib.asynccontextmanager
    async def telling(self, interaction: Asking) -> AsyncIterator[None]:
        """Tell the person, in a sentence, whatever goes wrong inside."""
        with self._at_work():
            try:
                yield
            except discord.NotFound as error:
                log.warning("answered_too_late", problem=error.code, kind=interaction.type.name)
            except Exception as error:
                if not isinstance(error, UserError | Down | discord.HTTPException):
                    log.exception("broke", kind=interaction.type.name)
                await _tell(interaction, self._sentence(interaction, error))

    def _sentence(self, interaction: Asking, error: Exception) -> str:
        language = known(interaction.locale.value)
        if isinstance(error, UserError):
            return chat.problem(error, language)
        return sentences.away(language) if isinstance(error, Down) else chat.broke(language)

    @contextlib.contextmanager
    def _at_work(self) -> Any:
        """Remember that the current task is at work, so that a stop waits for it."""
        task = asyncio.current_task()
        if task is None or task in self._busy:
            yield
            return
        self._busy.add(task)
        try:
            yield
        finally:
            self._busy.discard(task)

    async def drain(self, seconds: float) -> None:
        """Wait for what is being answered."""
        if self._busy:
            await asyncio.wait(self._busy, timeout=seconds)


async def _tell(interaction: Asking, sentence: str) -> None:
    """Put a sentence where the person looks: into the deferred answer, or beside the message with the button."""
    text = worded(sentence)
    with contextlib.suppress(discord.HTTPException, aiohttp.ClientError, OSError):
        if not interaction.response.is_done() and await _answered(interaction, text):
            return
        if interaction.type is discord.InteractionType.component:
            await interaction.followup.send(text, ephemeral=True, allowed_mentions=NOBODY)
        else:
            await interaction.edit_original_response(content=text, view=None, allowed_mentions=NOBODY)


async def _answered(interaction: Asking, text: str) -> bool:
    """Give the first answer; False where Discord has one already, and only its word of that was lost."""
    try:
        await interaction.response.send_message(text, ephemeral=True, allowed_mentions=NOBODY)
    except discord.HTTPException as error:
        if error.code != ACKNOWLEDGED:
            raise
        return False
    return True


# ---- running it ----


async def run(
    *,
    settings: BotSettings,
    desk: Desk,
    records: Records,
    blobs: Blobs,
    bell: Knocked,
    stop: asyncio.Event,
    ready: asyncio.Event | None = None,
) -> None:
    """Serve Discord until `stop` is set, then finish what is at work; `ready` is set once interactions are taken.

    Raises Unavailable when Discord does not take the token, at the start or later, or refuses an intent.
    """
    _prepare(settings)

    def made() -> Front:
        return Front(
            desk=desk, records=records, message_content=settings.discord_message_content, keep_days=settings.keep_days
        )

    front = await _logged_in(made, settings, stop)
    if front is None:
        return
    delivering: asyncio.Task[None] | None = None
    telling: asyncio.Task[None] | None = None
    connecting = asyncio.create_task(front.connect())
    enough = asyncio.Event()
    try:
        if await _first(connecting, front.wait_until_ready(), stop.wait(), front.revoked.wait()) is not connecting:
            if ready:
                ready.set()
            deliveries = Deliveries(records, blobs, bell, front.messenger)
            delivering = asyncio.create_task(deliveries.run(enough))
            telling = asyncio.create_task(tell_of_lost(front, enough))
            await _first(connecting, delivering, stop.wait(), front.revoked.wait())
    finally:
        enough.set()
        await front.drain(DRAIN_S)
        if delivering is not None and telling is not None:
            await asyncio.wait([delivering, telling])
        await front.close()
        connecting.cancel()
        await asyncio.wait([connecting])
    _raise_what_broke(front, connecting, delivering)


def _raise_what_broke(front: Front, connecting: asyncio.Task[None], delivering: asyncio.Task[None] | None) -> None:
    error = None if connecting.cancelled() else connecting.exception()
    if front.revoked.is_set() or (isinstance(error, discord.ConnectionClosed) and error.code == CLOSED_BAD_TOKEN):
        raise Unavailable(NO_TOKEN, hint=NO_TOKEN_HINT)
    if isinstance(error, discord.PrivilegedIntentsRequired):
        raise Unavailable(NO_INTENT, hint=NO_INTENT_HINT)
    if error is not None:
        raise error
    if delivering is not None:
        delivering.result()


async def _logged_in(made: Callable[[], Front], settings: BotSettings, stop: asyncio.Event) -> Front | None:
    """Log in, again and again while Discord is away; None when it is time to stop. Raises Unavailable."""
    pauses = list(AGAIN_S)
    while not stop.is_set():
        front = made()
        try:
            await front.login(_token(settings))
        except discord.LoginFailure:
            await front.close()
            raise Unavailable(NO_TOKEN, hint=NO_TOKEN_HINT) from None
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            await front.close()
            log.warning("discord_away", problem=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pauses.pop(0) if len(pauses) > 1 else pauses[0]):
                    await stop.wait()
        except BaseException:
            await front.close()
            raise
        else:
            return front
    return None


def _token(settings: BotSettings) -> str:
    if settings.discord_bot_token is None:
        raise Unavailable("There is no token for Discord.", hint=NO_TOKEN_HINT)
    return settings.discord_bot_token.get_secret_value()


def _prepare(settings: BotSettings) -> None:
    """Keep the library from logging addresses with tokens in them, and send it elsewhere where that is wanted."""
    logging.getLogger("discord").setLevel(logging.INFO)
    if settings.discord_api != OFFICIAL:
        Route.BASE = settings.discord_api
        gateway = yarl.URL(settings.discord_api)
        scheme = {"http": "ws", "https": "wss"}[gateway.scheme]
        DiscordWebSocket.DEFAULT_GATEWAY = gateway.with_scheme(scheme).with_path("/gateway")


async def _first(*waits: Any) -> asyncio.Task[Any]:
    """Wait until one of them is done and return it; those that were no tasks before are dropped."""
    tasks = [wait if isinstance(wait, asyncio.Task) else asyncio.create_task(wait) for wait in waits]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    dropped = [task for task, wait in zip(tasks, waits, strict=True) if task is not wait]
    for task in dropped:
        task.cancel()
    await asyncio.gather(*dropped, return_exceptions=True)
    return next(task for task in tasks if task in done)


async def sync(settings: BotSettings) -> int:
    """Announce the commands to Discord, in all languages; return how many there are. Raises Unavailable."""
    _prepare(settings)
    async with discord.Client(intents=intents(message_content=False)) as client:
        tree = Tree(client)
        await tree.set_translator(Translations())
        try:
            await client.login(_token(settings))
            return len(await tree.sync())
        except discord.LoginFailure:
            raise Unavailable(NO_TOKEN, hint=NO_TOKEN_HINT) from None
