"""Our sentences as Discord shows them: without mark-up of anybody's, without a ping to anybody."""

from __future__ import annotations

import discord
from discord.utils import escape_markdown

from bot.text.chat import clipped

TEXT_MOST = 2000  # https://docs.discord.com/developers/resources/message#create-message

NOBODY = discord.AllowedMentions.none()


def worded(text: str) -> str:
    """Return a text in which nothing is mark-up; links stay as they are."""
    return clipped(escape_markdown(text), TEXT_MOST)
