"""Who is at the other end, and what they may do: taken from each interaction, as Discord computed it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import discord

from bot.desk import Person
from bot.discord.address import FRONT, TOKEN_S, Address, named
from jobs.job import ReplyTo

if TYPE_CHECKING:
    from bot.discord.front import Front

Asking: TypeAlias = "discord.Interaction[Front]"


def person_of(interaction: Asking) -> Person:
    """Return who acts. Admins are those who may manage the channel, and everybody where they are alone with the bot."""
    alone = interaction.guild_id is None and interaction.context.dm_channel
    admin = alone or (interaction.guild_id is not None and interaction.permissions.manage_channels)
    return Person(named(interaction.user.id), interaction.locale.value, admin=admin)


def is_present(interaction: Asking) -> bool:
    """Whether the bot itself is in the place, and not only the person who has it installed."""
    if interaction.guild_id is None:
        return interaction.context.dm_channel
    return interaction.client.get_guild(interaction.guild_id) is not None


def reply_to(interaction: Asking, language: str, *, message: int | None = None) -> ReplyTo:
    """Return where the answer goes; `message` is the response that stands for it already."""
    channel = interaction.channel_id or 0
    address = Address(
        channel=channel,
        user=interaction.user.id,
        application=interaction.application_id,
        guild=interaction.guild_id,
        token=interaction.token,
        token_until=interaction.client.clock() + TOKEN_S,
        message=message,
        limit=interaction.filesize_limit,
        present=is_present(interaction),
    )
    return address.on(ReplyTo(FRONT, named(channel), language=language))
