"""The first answer to an interaction: an acknowledgement within Discord's 3 s, and what becomes of it.

Between a deferral and the job's row a process may die, and Discord goes on saying that the bot is thinking. So what was
deferred is noted in the inbox, done with in the transaction that writes the job, and told of where that never came.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import aiohttp
import discord
import structlog

from bot.discord import sentences
from bot.discord.address import FRONT, Address
from bot.discord.rights import Asking, reply_to
from bot.discord.words import NOBODY, worded
from bot.text.languages import known
from jobs.job import REPLY_TO
from storage.errors import StoreError

if TYPE_CHECKING:
    from bot.discord.front import Front

log = structlog.get_logger(__name__)

ACKNOWLEDGED = 40060  # https://docs.discord.com/developers/topics/opcodes-and-status-codes#json

LOST_S = 240.0  # after which a request is taken for lost: the longest fetch and some waiting for one
LOOK_S = 30.0


async def defer(interaction: Asking, *, ephemeral: bool = False, thinking: bool = True) -> int | None:
    """Acknowledge an interaction; return the id of the message that stands for the answer.

    Where Discord's own word was lost on the way it is asked again, and then says that it knows.
    """
    for last in (False, True):
        try:
            answer = await interaction.response.defer(ephemeral=ephemeral, thinking=thinking)
        except discord.HTTPException as error:
            if error.code != ACKNOWLEDGED:
                raise
            break
        except (aiohttp.ClientError, OSError):
            if last:
                raise
        else:
            return answer.message_id if answer else None
    return (await interaction.original_response()).id if thinking else None


@contextlib.asynccontextmanager
async def noted(interaction: Asking, message: int | None) -> AsyncIterator[tuple[str, str]]:
    """Note a request until its job is written; gives the update that is then done. What broke is told elsewhere."""
    records, update = interaction.client.records, (FRONT, str(interaction.id))
    reply = reply_to(interaction, known(interaction.locale.value), message=message)
    await records.store_updates(FRONT, [(update[1], dict(REPLY_TO.dump_python(reply, mode="json")))])
    try:
        yield update
    except Exception:
        with contextlib.suppress(StoreError):
            await records.update_done(*update)
        raise


async def tell_of_lost(front: Front, stop: asyncio.Event) -> None:
    """Tell people whose request died with a process that it did, again and again until `stop`."""
    while not stop.is_set():
        try:
            await tell_lost(front)
        except StoreError as error:
            log.warning("inbox_unreadable", problem=repr(error))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK_S)


async def tell_lost(front: Front) -> None:
    """Look once for requests that are lost, and put a sentence where Discord says that the bot is thinking."""
    for row in await front.records.updates(FRONT):
        if row.received_at > front.records.now() - LOST_S:
            continue
        reply = REPLY_TO.validate_python(row.payload)
        address = Address.of(reply)
        if address.message is not None and address.alive(front.clock()):
            webhook = discord.Webhook.partial(address.application, address.token or "", client=front)
            with contextlib.suppress(discord.HTTPException, aiohttp.ClientError, OSError):
                text = worded(sentences.lost(reply.language))
                await webhook.edit_message(address.message, content=text, allowed_mentions=NOBODY)
        log.warning("request_lost", chat=reply.chat)
        await front.records.update_done(FRONT, row.number)
