"""What in a message is a track, its lyrics, or something to show with it; how lyrics are fetched."""

from __future__ import annotations

import discord

from bot import attached
from bot.discord import sentences
from bot.discord.clips import Fetches, is_film
from pipeline.errors import OverLimit
from pipeline.lyrics import decode_lyrics, read_lyrics

LYRICS_BYTES = 1_000_000  # of a file: twelve times what is taken, in the widest letters
BOARD_BYTES = 4_000_000  # of a storyboard: 2000 shots and 1000 lines word by word have a third of it


def is_track(attachment: discord.Attachment) -> bool:
    return attached.is_track(attachment.content_type, attachment.filename)


def is_lyrics(attachment: discord.Attachment) -> bool:
    """Whether it may be lyrics, by its name alone: no two clients call an LRC the same."""
    return attached.suffix_of(attachment.filename) in attached.LYRICS


def is_visual(attachment: discord.Attachment) -> bool:
    """Whether it may be a picture or a clip to show."""
    return (attachment.content_type or "").lower().startswith("image/") or is_film(attachment)


async def read_attached(fetches: Fetches, attachment: discord.Attachment, language: str) -> str:
    """Return the text of a lyrics file; raises OverLimit, BadLyrics and Unavailable."""
    if attachment.size > LYRICS_BYTES:
        sentence, hint = sentences.lyrics_over(attachment.size, LYRICS_BYTES, language)
        raise OverLimit(sentence, hint=hint)
    lyrics = decode_lyrics(await fetches.read(attachment, language))
    read_lyrics(lyrics)  # the desk takes empty ones for none: in a file they are a mistake
    return lyrics


async def read_board(fetches: Fetches, attachment: discord.Attachment, language: str) -> bytes:
    """Return an edited storyboard as it came; raises OverLimit and Unavailable."""
    if attachment.size > BOARD_BYTES:
        sentence, hint = sentences.board_over(attachment.size, BOARD_BYTES, language)
        raise OverLimit(sentence, hint=hint)
    return await fetches.read(attachment, language)
