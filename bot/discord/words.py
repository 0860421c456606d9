"""Our sentences as Discord shows them: without mark-up or links of anybody's, without a ping to anybody."""

from __future__ import annotations

import re

import discord
from discord.utils import escape_mentions

from bot.text.measured import clipped

TEXT_MOST = 2000  # https://docs.discord.com/developers/resources/message#create-message

NOBODY = discord.AllowedMentions.none()

#: what Discord reads as mark-up wherever it stands, and what only at the beginning of a line
#: (https://support.discord.com/hc/articles/210298617); a "<" opens mentions, emoji and times
_MARKS = re.compile(r"^([ \t]*)([>#-])|([\\*_~`|<\[])", re.MULTILINE)
#: where a link is taken apart by a space that has no width; an invitation is a link without https:// as well
_LINKS = re.compile(r"(?<=:)(?=//)|(?<=discord)(?=\.gg|\.com|app\.com)", re.IGNORECASE)


def worded(text: str, *, link: str = "") -> str:
    """Return a text in which nothing is mark-up, and nothing leads anywhere but `link`."""
    before, found, after = text.partition(link) if link else (text, "", "")
    return clipped(f"{marked(before)}{found}{marked(after)}", TEXT_MOST)


def marked(text: str) -> str:
    """Return the text with marks that keep mark-up, links and mentions from working, however long that makes it."""
    marked = _MARKS.sub(lambda at: f"{at[1]}\\{at[2]}" if at[2] else f"\\{at[3]}", text)
    return escape_mentions(_LINKS.sub("\u200b", marked))
