"""Deliveries on Discord: a placeholder that becomes the film, by the interaction's token while it lives.

Every step may be repeated. An edit puts the same file in the same place; a message of the bot's own bears the
delivery's id as its nonce, and Discord answers a repeated one with the first. A nonce is forgotten after some minutes,
so before anything is sent the place is looked through for what a former try has left there.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import discord
from discord.utils import DEFAULT_FILE_SIZE_LIMIT_BYTES

from bot.buttons import Rows
from bot.discord.address import FRONT, Address
from bot.discord.buttons import view_of
from bot.discord.failures import LATER_S, is_closed, is_lapsed, meaning
from bot.discord.pace import Pace
from bot.discord.words import NOBODY, TEXT_MOST, marked, worded
from bot.text import chat, measured, videos
from jobs.deliveries import Gone, Later, Parcel, Status, TooLarge, film_of
from jobs.job import Film, ReplyTo
from storage.records import Records

NONCE_MOST = 25  # letters: https://docs.discord.com/developers/resources/message#create-message
SHOW_PATIENCE_S = 2.0  # of an edit that only shows progress
SHOW_AGAIN_S = 6.0  # after one that had to wait
UPLOAD_S = 300.0  # of one try: 100 MB at 3 Mbit/s, and what the library waits for by itself
LOOKED_THROUGH = 50  # messages in which a former try is looked for

ENDINGS = {"song": "m4a", "stems": "zip", "midi": "mid", "sheet": "json"}  # all else is a film


@dataclass(frozen=True)
class Letter:
    """What one message says."""

    text: str
    view: discord.ui.View | None = None
    path: Path | None = None
    name: str = ""  #: of the file; the same for every try, and no other message has it
    link: str = ""  #: the one in the text that is ours and works

    @property
    def content(self) -> str:
        return worded(self.text, link=self.link)

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path else 0

    def files(self) -> list[discord.File]:
        """Open the file for one try; discord.py closes it."""
        return [discord.File(self.path, filename=self.name)] if self.path else []

    def is_in(self, message: discord.Message) -> bool:
        if self.path is None:
            return message.content == self.content
        return any(attachment.filename == self.name for attachment in message.attachments)


class DiscordMessenger:
    """Speaks for the outbox; see jobs.deliveries.Messenger."""

    front = FRONT

    def __init__(
        self,
        client: discord.Client,
        records: Records,
        pace: Pace,
        *,
        revoked: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`revoked` is called when Discord no longer takes the bot's token."""
        self._client, self._records, self._pace = client, records, pace
        self._revoked, self._clock = revoked, clock

    # ---- how it stands ----

    def text(self, reply_to: ReplyTo, status: Status) -> str:
        return chat.status(status, reply_to.language)

    async def open(self, delivery: str, reply_to: ReplyTo, status: Status) -> tuple[str, ReplyTo]:
        """Turn the deferred answer into the placeholder of the first film, or post one for anything else."""
        address = Address.of(reply_to)
        letter = self._standing(reply_to, status)
        if address.message is not None and await self._is_first(delivery):
            if self._is_shut(address):
                return str(address.message), reply_to
            try:
                with self._told(address):
                    await self._edit(address, address.message, letter)
            except ConnectionError:  # an edit may be repeated at once, whether or not it got through
                raise Later(SHOW_PATIENCE_S) from None
            return str(address.message), reply_to
        with self._told(address):
            await self._wait_for_first(address)
            message, address = await self._post(delivery, replace(address, message=None), letter)
        return str(message), address.on(reply_to)

    async def show(self, message: str, reply_to: ReplyTo, status: Status) -> None:
        address = Address.of(reply_to)
        if (wait_s := self._pace.wait_s(self._place(address))) > 0:
            raise Later(wait_s)
        with self._told(address):
            try:
                async with asyncio.timeout(SHOW_PATIENCE_S):
                    await self._edit(address, int(message), self._standing(reply_to, status))
            except TimeoutError:
                raise Later(max(SHOW_AGAIN_S, self._pace.wait_s(self._place(address)))) from None

    async def withdraw(self, message: str, reply_to: ReplyTo) -> None:
        address = Address.of(reply_to)
        with contextlib.suppress(Gone), self._told(address):
            await self._delete(address, int(message))

    def _standing(self, reply_to: ReplyTo, status: Status) -> Letter:
        rows = chat.status_buttons(status, reply_to.language)
        return Letter(self.text(reply_to, status), view_of(rows, reply_to.language))

    async def _is_first(self, delivery: str) -> bool:
        """Whether it is a job's first message; further films share its address, but not its placeholder."""
        row = await self._records.delivery(delivery)
        return row is not None and row.what in ("result", "file")

    # ---- what is handed over ----

    async def hand_over(self, parcel: Parcel) -> ReplyTo:
        address = Address.of(parcel.reply_to)
        message = int(parcel.message or 0)
        with self._told(address):
            async with _letter(parcel) as letter:
                try:
                    async with asyncio.timeout(UPLOAD_S):
                        if parcel.outcome.kind == "question":
                            await self._ask(_question(parcel), address, message, letter)
                            return parcel.reply_to
                        address = await self._place_letter(parcel.delivery, address, message, letter)
                except TimeoutError:
                    raise Later(max(LATER_S, self._pace.wait_s(self._place(address)))) from None
        return address.spent().on(parcel.reply_to)

    async def _ask(self, question: str, address: Address, message: int, letter: Letter) -> None:
        """Put a question where the person sees it; its nonce is not the film's, which may follow within minutes."""
        if self._is_shut(address):
            await self._send_privately(question, address.spent(), letter)
        else:
            await self._edit(address, message, letter)

    async def _place_letter(self, delivery: str, address: Address, message: int, letter: Letter) -> Address:
        """Edit the placeholder where that is possible; else send a message of its own."""
        if message != address.message:  # the bot's own message: its edits know no deadline
            self._weigh(letter, self._room(address))
            await self._partial(address, message).edit(**_edited(letter))
            return address
        if address.alive(self._clock()):
            self._weigh(letter, address.limit)
            if await self._edited_by_token(address, message, letter):
                return address
        return await self._send_late(delivery, address.spent(), message, letter)

    async def _send_late(self, delivery: str, address: Address, message: int, letter: Letter) -> Address:
        """Write anew after the token has died, unless a former try got through; then close the placeholder."""
        if address.present:
            try:
                if not await self._is_there(address, message, letter):
                    self._weigh(letter, self._room(address))
                    await self._send(delivery, replace(address, clip=message), letter)
                    await self._close(address, message)
                return address
            except discord.HTTPException as error:
                if not is_closed(error):
                    raise
        return (await self._send_privately(delivery, address, letter))[1]

    async def _is_there(self, address: Address, message: int, letter: Letter) -> bool:
        """Look whether the placeholder, or a later message of ours, bears the file already."""
        channel = self._channel(address)
        with contextlib.suppress(discord.Forbidden, discord.NotFound):  # we may write without being allowed to read
            if letter.is_in(await channel.fetch_message(message)):
                return True
            async for later in channel.history(limit=LOOKED_THROUGH, after=discord.Object(message)):
                if self._is_ours(later) and letter.is_in(later):
                    return True
        return False

    async def _send_privately(self, delivery: str, address: Address, letter: Letter) -> tuple[int, Address]:
        """Write to the person instead, unless a former try did. Raises Gone where nobody asked."""
        if address.auto:
            raise Gone("the channel is closed")
        direct = await self._client.create_dm(discord.Object(address.user))
        address = address.private(direct.id)
        async for earlier in direct.history(limit=LOOKED_THROUGH):
            if letter.path and self._is_ours(earlier) and letter.is_in(earlier):
                return earlier.id, address
        self._weigh(letter, DEFAULT_FILE_SIZE_LIMIT_BYTES)
        return await self._send(delivery, address, letter), address

    async def _close(self, address: Address, message: int) -> None:
        """Take the buttons from a placeholder that another message has taken the place of."""
        with contextlib.suppress(discord.HTTPException):
            await self._partial(address, message).edit(view=None)

    def _is_shut(self, address: Address) -> bool:
        """Whether nothing can be written there any more: the token was the only way in."""
        return not address.present and not address.alive(self._clock())

    async def _wait_for_first(self, address: Address) -> None:
        """See that a job's first film has its place: the first follow-up takes that of a deferred answer."""
        if address.message is None or address.present or not address.alive(self._clock()):
            return
        with contextlib.suppress(discord.NotFound):  # nothing is there whose place could be taken
            if (await self._webhook(address).fetch_message(address.message)).flags.loading:
                raise Later(SHOW_PATIENCE_S)

    def _is_ours(self, message: discord.Message) -> bool:
        return self._client.user is not None and message.author.id == self._client.user.id

    def _room(self, address: Address) -> int:
        """Return the bytes that the bot itself may send there now: it changes with a server's boosts."""
        guild = self._client.get_guild(address.guild) if address.guild else None
        return guild.filesize_limit if guild else DEFAULT_FILE_SIZE_LIMIT_BYTES

    def _weigh(self, letter: Letter, most: int) -> None:
        if letter.size > most:
            raise TooLarge(f"{letter.size} of {most} bytes")

    # ---- calls ----

    async def _post(self, delivery: str, address: Address, letter: Letter) -> tuple[int, Address]:
        """Send a new message: by the bot, by the token where the bot is not let in, or else in private."""
        if address.present:
            try:
                return await self._send(delivery, address, letter), address.spent()
            except discord.HTTPException as error:
                if not is_closed(error):
                    raise
        if address.alive(self._clock()):
            try:
                sent = await self._webhook(address).send(wait=True, **_sent(letter))
            except discord.HTTPException as error:
                if not is_lapsed(error):
                    raise
            else:
                return sent.id, replace(address, message=sent.id)
        return await self._send_privately(delivery, address.spent(), letter)

    async def _send(self, delivery: str, address: Address, letter: Letter) -> int:
        answered: dict[str, Any] = {}
        if address.clip is not None:
            answered["reference"] = discord.MessageReference(
                message_id=address.clip,
                channel_id=address.channel,
                guild_id=address.guild,
                fail_if_not_exists=False,
            )
            answered["mention_author"] = False
        nonce = delivery[:NONCE_MOST]
        sent = await self._channel(address).send(nonce=nonce, **_sent(letter), **answered)
        return sent.id

    async def _edit(self, address: Address, message: int, letter: Letter) -> None:
        """Edit what bears no film; by the token while it lives, else by the bot where it is there itself."""
        by_token = message == address.message and address.alive(self._clock())
        if by_token and await self._edited_by_token(address, message, letter):
            return
        if message == address.message and not address.present:
            raise Later(SHOW_AGAIN_S * 10)  # closed to us here; the result goes to the person
        await self._partial(address, message).edit(**_edited(letter))

    async def _edited_by_token(self, address: Address, message: int, letter: Letter) -> bool:
        """Edit by the interaction's token; False when the token has died before its time."""
        try:
            await self._webhook(address).edit_message(message, **_edited(letter))
        except discord.HTTPException as error:
            if not is_lapsed(error):
                raise
            return False
        return True

    async def _delete(self, address: Address, message: int) -> None:
        if message == address.message and address.alive(self._clock()):
            try:
                await self._webhook(address).delete_message(message)
            except discord.HTTPException as error:
                if not is_lapsed(error):
                    raise
            else:
                return
        await self._partial(address, message).delete()

    def _webhook(self, address: Address) -> discord.Webhook:
        return discord.Webhook.partial(address.application, address.token or "", client=self._client)

    def _channel(self, address: Address) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(address.channel, guild_id=address.guild)

    def _partial(self, address: Address, message: int) -> discord.PartialMessage:
        return self._channel(address).get_partial_message(message)

    def _place(self, address: Address) -> str:
        alive = address.token if address.alive(self._clock()) else None
        return alive or str(address.channel)

    @contextlib.contextmanager
    def _told(self, address: Address) -> Iterator[None]:
        """Turn what Discord refuses into what it means for a delivery; no error keeps an address with the token."""
        try:
            yield
        except (discord.HTTPException, discord.RateLimited) as error:
            if isinstance(error, discord.HTTPException) and error.status == 401:
                self._revoked()
            raise meaning(error, wait_s=self._pace.wait_s(self._place(address))) from None
        except (aiohttp.ClientError, OSError) as error:
            raise ConnectionError(f"Discord was not reached: {type(error).__name__}") from None


def _edited(letter: Letter) -> dict[str, Any]:
    """Return the arguments of an edit; the files that a former one has put there give way."""
    return {
        "content": letter.content,
        "view": letter.view,
        "attachments": letter.files(),
        "allowed_mentions": NOBODY,
    }


def _sent(letter: Letter) -> dict[str, Any]:
    """Return the arguments of a new message."""
    fields: dict[str, Any] = {"content": letter.content, "files": letter.files(), "allowed_mentions": NOBODY}
    return {**fields, "view": letter.view} if letter.view else fields


# ---- what it says ----


@contextlib.asynccontextmanager
async def _letter(parcel: Parcel) -> AsyncIterator[Letter]:
    """Write the message of a parcel; its file lies there as long as the context is open."""
    language, outcome = parcel.reply_to.language, parcel.outcome
    if outcome.kind == "question":
        async with _asked(parcel) as letter:
            yield letter
        return
    film = film_of(parcel)
    key = _key(film, parcel.what) if film is not None and outcome.kind == "films" else None
    if film is None or key is None:
        yield Letter(_without_file(parcel, language), link=parcel.link or "")
        return
    text, rows = _captioned(parcel, film, language)
    what = "storyboard" if parcel.what == "sheet" and film.facts else parcel.what
    name = f"reelscore-{parcel.job}-{what}-{parcel.take}.{ENDINGS.get(parcel.what, 'mp4')}"
    async with parcel.file(key) as path:
        yield Letter(text, view_of(rows, language), path, name)


@contextlib.asynccontextmanager
async def _asked(parcel: Parcel) -> AsyncIterator[Letter]:
    """Write a question; a music video's comes with the contact sheet."""
    asked = chat.question(parcel.job, parcel.outcome, parcel.reply_to.language)
    view, preview = view_of(asked.buttons, parcel.reply_to.language), parcel.outcome.preview
    if preview is None:
        yield Letter(asked.text, view)
        return
    text = _fitted(partial(videos.preview, preview, parcel.reply_to.language))
    async with parcel.file(preview.contact) as path:
        yield Letter(text, view, path, f"reelscore-{_question(parcel)}.jpg")


def _without_file(parcel: Parcel, language: str) -> str:
    if parcel.outcome.kind != "films":
        return chat.sentence(parcel.outcome, language)
    return chat.no_notes(language) if parcel.what == "midi" else chat.no_film(language)


def _key(film: Film, what: str) -> str | None:
    return {"song": film.song, "stems": film.stems, "midi": film.midi, "sheet": film.sheet}.get(what, film.film)


def _captioned(parcel: Parcel, film: Film, language: str) -> tuple[str, Rows]:
    """A film has its cue list and buttons; what was asked for beside it just has its name."""
    if parcel.what in ENDINGS or parcel.what == "file":
        return chat.film_name(film, language), ()
    takes = len(parcel.outcome.films)
    caption = _fitted(partial(chat.caption, film, take=parcel.take, takes=takes, language=language))
    return caption, chat.result_buttons(parcel.job, parcel.request, language, take=parcel.take)


def _fitted(write: Callable[..., str]) -> str:
    """Write a caption that leaves room for what keeps mark-up from working."""
    most = TEXT_MOST
    text = write(most=most)
    while (over := measured.units(marked(text)) - TEXT_MOST) > 0:
        most -= over
        text = write(most=most)
    return text


def _question(parcel: Parcel) -> str:
    """Name a question: each preview of a job is another one, and Discord takes the same name for a repetition."""
    preview = parcel.outcome.preview
    return f"{parcel.job}-{zlib.crc32(preview.contact.encode()):08x}" if preview else f"{parcel.job}-question"
