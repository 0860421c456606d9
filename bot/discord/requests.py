"""Clips become requests: what was said beside them, what the chat has chosen, and where the answer goes."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import discord
import structlog

from bot.desk import Asked, ChatSettings, Person, brief_of
from bot.discord import sentences
from bot.discord.address import FRONT, Address, named
from bot.discord.clips import is_film
from bot.discord.deferral import noted
from bot.discord.rights import Asking, is_present, person_of, reply_to
from bot.discord.words import NOBODY, worded
from bot.text import chat
from jobs.job import ReplyTo, Request
from pipeline.cuesheet import Brief, PromptLength, Style
from pipeline.errors import UserError

if TYPE_CHECKING:
    from bot.discord.front import Front

log = structlog.get_logger(__name__)

LONG_S = 12 * 60.0  # from here on it is said at once that the channel may be closed to us by then


async def score(
    interaction: Asking,
    clip: discord.Attachment,
    *,
    source: str,
    wish: str = "",
    style: Style | None = None,
    mood: str = "",
    length: PromptLength | None = None,
    takes: int | None = None,
    message: int | None,
) -> None:
    """Take a clip to the desk for somebody who waits; `message` is the deferred answer. Raises UserError."""
    front, person = interaction.client, person_of(interaction)
    async with noted(interaction, message) as update:
        settings = await front.desk.settings(named(interaction.channel_id or 0))
        language = await language_of(front, person, settings, shared=interaction.guild_id is not None)
        brief = brief_of(wish, settings)
        brief = replace(
            brief,
            style=style or brief.style,
            mood=mood.strip() or brief.mood,
            prompt_length=length or brief.prompt_length,
        )
        job = await front.desk.submit(
            Asked(
                source=source,
                person=person,
                reply_to=reply_to(interaction, language, message=message),
                request=_request(brief, takes=takes or settings.takes, most_bytes=interaction.filesize_limit),
                fetch=front.fetches.of(clip, language),
                size=clip.size,
                update=update,
            )
        )
    if not is_present(interaction):
        await warn(interaction, job, language)


def _request(brief: Brief, *, takes: int, most_bytes: int) -> Request:
    return Request(brief=brief, takes=takes, target="discord", most_bytes=most_bytes)


async def language_of(front: Front, person: Person, settings: ChatSettings, *, shared: bool) -> str:
    """Return the language of a server's channel where one was chosen, else the person's."""
    return settings.language if shared and settings.language else await front.desk.language(person)


async def warn(interaction: Asking, job: str, language: str) -> None:
    """Say up front that the answer comes elsewhere, where only the token lets us in and it will have died.

    The deferred answer is filled in before: the first follow-up would take its place.
    """
    status = await interaction.client.desk.status(job)
    if status is None or (status.left_s or 0.0) <= LONG_S:
        return
    with contextlib.suppress(discord.HTTPException):  # the job is taken in, whatever becomes of the warning
        await interaction.edit_original_response(content=worded(chat.status(status, language)))
        await interaction.followup.send(worded(sentences.by_dm(language)), ephemeral=True, allowed_mentions=NOBODY)


async def score_posted(front: Front, message: discord.Message) -> None:
    """Score the clips of a message by themselves, where the channel's admins want that; nothing is said otherwise."""
    films = [attachment for attachment in message.attachments if is_film(attachment)]
    if not films or message.author.bot or message.webhook_id is not None or message.guild is None:
        return
    settings = await front.desk.settings(named(message.channel.id))
    if settings.autoscore == "off":
        return
    person = Person(named(message.author.id), message.guild.preferred_locale.value)
    language = await language_of(front, person, settings, shared=True)
    for film in films:
        request = _request(
            brief_of(message.content, settings), takes=settings.takes, most_bytes=message.guild.filesize_limit
        )
        asked = Asked(
            source=posted(message, film),
            person=person,
            reply_to=_under(message, front, language),
            request=replace(request, sound="silent" if settings.autoscore == "silent-only" else "ask"),
            fetch=front.fetches.of(film, language),
            size=film.size,
            auto=True,
        )
        try:
            await front.desk.submit(asked)
        except UserError as error:
            log.info("clip_refused", chat=asked.reply_to.chat, code=error.code, problem=error.sentence)


def posted(message: discord.Message, clip: discord.Attachment) -> str:
    """Return what a posted clip is known by: asked for twice, it is scored once."""
    return f"{named(message.channel.id)}:{message.id}:{clip.id}"


def _under(message: discord.Message, front: Front, language: str) -> ReplyTo:
    address = Address(
        channel=message.channel.id,
        user=message.author.id,
        application=front.application_id or 0,
        guild=message.guild.id if message.guild else None,
        limit=message.guild.filesize_limit if message.guild else 0,
        auto=True,
        clip=message.id,
    )
    return address.on(ReplyTo(FRONT, named(message.channel.id), language=language))
