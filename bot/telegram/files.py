"""Clips, tracks and texts, fetched from Telegram: the size is looked at first, and no error ever carries the token."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest
from aiohttp import ClientError

from bot.telegram.clips import Sent
from bot.text import chat as text
from bot.text import videos
from pipeline.errors import OverLimit, Unavailable, UserError

MEGABYTE = 1_000_000
#: https://core.telegram.org/bots/api#getfile; in tdlib/telegram-bot-api it is `20 << 20`
CLOUD_IN, CLOUD_OUT = 20 << 20, 50 * MEGABYTE
#: https://core.telegram.org/bots/api#using-a-local-bot-api-server: uploads; what comes in has no limit but ours
LOCAL_IN, LOCAL_OUT = 2000 * MEGABYTE, 2000 * MEGABYTE
PAPER_MOST = 4 * MEGABYTE  # of a text file: the storyboard of twenty minutes, word by word, has half of it

NOT_FETCHED = "I could not fetch this clip from Telegram."
NOT_FETCHED_HINT = "Please send it once more."

FETCH_S = 600  # for one download; a local server's disk and 20 MB are far below it
TRIES = 3
PAUSE_S = 1.0


@dataclass(frozen=True)
class Limits:
    """Bytes of one file, on the way in and on the way back."""

    most_in: int = CLOUD_IN
    most_out: int = CLOUD_OUT
    local: bool = False


def limits(*, local: bool) -> Limits:
    return Limits(LOCAL_IN, LOCAL_OUT, local=True) if local else Limits()


def check_size(size: int | None, allowed: Limits, language: str) -> None:
    """Refuse a clip that Telegram will not give us, before it is asked for. Raises OverLimit with the ways out."""
    if size is not None and size > allowed.most_in:
        sentence, _, hint = text.too_large(allowed.most_in, language).partition("\n")
        raise OverLimit(sentence, hint=hint)


async def fetch(bot: Bot, sent: Sent, to: Path, allowed: Limits, language: str) -> None:
    """Write what was sent to a file. Raises OverLimit, or Unavailable when Telegram does not give it."""
    check_size(sent.size, allowed, language)
    for left in reversed(range(TRIES)):
        try:
            await _fetch(bot, sent, to, allowed, language)
            return
        except UserError:
            raise
        except TelegramBadRequest as error:
            if "too big" in error.message:
                check_size(allowed.most_in + 1, allowed, language)
            raise Unavailable(NOT_FETCHED, hint=NOT_FETCHED_HINT) from None
        except (TelegramAPIError, ClientError, OSError):
            # their texts hold the address of the file, and that holds the token: nothing of them is passed on
            if not left:
                raise Unavailable(NOT_FETCHED, hint=NOT_FETCHED_HINT) from None
        await asyncio.sleep(PAUSE_S)


async def read(bot: Bot, sent: Sent, language: str) -> bytes:
    """Return what is in a text file. Raises OverLimit, or Unavailable when Telegram does not give it."""
    _refuse_long(sent.size, language)
    with tempfile.TemporaryDirectory(prefix="reelscore-paper-") as folder:
        paper = Path(folder) / "paper"
        await fetch(bot, sent, paper, Limits(), language)
        _refuse_long(paper.stat().st_size, language)
        return paper.read_bytes()


def _refuse_long(size: int | None, language: str) -> None:
    if size is not None and size > PAPER_MOST:
        sentence, hint = videos.paper_too_large(size, PAPER_MOST, language)
        raise OverLimit(sentence, hint=hint)


async def _fetch(bot: Bot, sent: Sent, to: Path, allowed: Limits, language: str) -> None:
    file = await bot.get_file(sent.file_id)
    check_size(file.file_size, allowed, language)
    path = file.file_path or ""  # Telegram leaves it out for what it does not give
    if bot.session.api.is_local:
        source = Path(bot.session.api.wrap_local_file.to_local(path))
        check_size(source.stat().st_size, allowed, language)
        await asyncio.to_thread(shutil.copyfile, source, to)
        return
    url = bot.session.api.file_url(bot.token, path)
    fetched = 0
    with to.open("wb") as out:
        async for chunk in bot.session.stream_content(url, timeout=FETCH_S, raise_for_status=True):
            fetched += len(chunk)
            check_size(fetched, allowed, language)
            out.write(chunk)
    if file.file_size is not None and fetched < file.file_size:
        raise OSError("cut off")
