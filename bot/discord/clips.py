"""What in a message is a clip, and how it is fetched."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import discord

from bot import attached
from bot.discord import sentences
from bot.text import chat
from pipeline.errors import OverLimit, Unavailable

#: discord.py holds a whole attachment in memory, so few are fetched at once and none is larger
MOST_BYTES = 200_000_000
AT_ONCE = 3
FETCH_S = 120.0


def clip_in(message: discord.Message) -> discord.Attachment | None:
    """Return the first attachment that may be a moving picture. The door looks at the bytes later."""
    return first_in(message, is_film)


def first_in(message: discord.Message, fits: Callable[[discord.Attachment], bool]) -> discord.Attachment | None:
    """Return the first attachment that fits, also of a message that was forwarded."""
    forwarded = (attachment for snapshot in message.message_snapshots for attachment in snapshot.attachments)
    return next(filter(fits, (*message.attachments, *forwarded)), None)


def is_film(attachment: discord.Attachment) -> bool:
    return attached.is_film(attachment.content_type, attachment.filename)


class Fetches:
    """Fetches attachments, a few at a time."""

    def __init__(self, *, at_once: int = AT_ONCE, most_bytes: int = MOST_BYTES) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._most_bytes = most_bytes

    def of(self, attachment: discord.Attachment, language: str) -> Callable[[Path], Awaitable[None]]:
        """Return what writes the attachment to a file; raises OverLimit and Unavailable."""

        async def fetch(to: Path) -> None:
            if attachment.size > self._most_bytes:
                sentence, hint = chat.over_bytes(attachment.size, self._most_bytes, language)
                raise OverLimit(sentence, hint=hint)
            async with self._free, _handed_over(language):
                await attachment.save(to)

        return fetch

    async def read(self, attachment: discord.Attachment, language: str) -> bytes:
        """Return the bytes of a small attachment; raises Unavailable."""
        async with self._free, _handed_over(language):
            return await attachment.read()


@contextlib.asynccontextmanager
async def _handed_over(language: str) -> AsyncIterator[None]:
    """Say in a sentence that a file was not to be had, or not in time."""
    try:
        async with asyncio.timeout(FETCH_S):
            yield
    except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError):
        raise Unavailable(sentences.not_fetched(language), hint=sentences.again(language)) from None
