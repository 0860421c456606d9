"""Albums: Telegram sends one message for each picture and the words under one of them only."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from aiogram.types import Message

from bot.telegram.clips import clip_in

#: without another message of an album it is taken to be complete; they come within a second or two of each other
QUIET_S = 1.5


@dataclass
class _Album:
    words: str = ""
    clips: int = 0
    messages: list[Message] = field(default_factory=list)
    last_at: float = 0.0
    waiting: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Place:
    """What a message of an album knows once the album is complete."""

    words: str  #: its own, or those that stand under the album
    first: bool
    clips: int  #: in the whole album
    messages: tuple[Message, ...]  #: the whole album, as its messages came in

    @classmethod
    def alone(cls, message: Message) -> Place:
        return cls(message.caption or "", True, int(clip_in(message) is not None), (message,))


class Albums:
    """Lets the messages of an album wait for each other; in memory, since they come together."""

    def __init__(self, quiet_s: float = QUIET_S) -> None:
        self._quiet_s = quiet_s
        self._albums: dict[tuple[int, str], _Album] = {}

    async def place(self, message: Message) -> Place:
        """Wait until the album is complete; a message without one is complete in itself."""
        if message.media_group_id is None:
            return Place.alone(message)
        key = (message.chat.id, message.media_group_id)
        album = self._albums.setdefault(key, _Album())
        self._note(album, message)
        loop = asyncio.get_running_loop()
        while (left := album.last_at + self._quiet_s - loop.time()) > 0:
            await asyncio.sleep(left)
        album.waiting.discard(message.message_id)
        if not album.waiting:
            self._albums.pop(key, None)
        is_first = album.messages[0].message_id == message.message_id
        return Place(message.caption or album.words, is_first, album.clips, tuple(album.messages))

    def _note(self, album: _Album, message: Message) -> None:
        album.words = album.words or message.caption or ""
        album.clips += clip_in(message) is not None
        album.messages.append(message)
        album.last_at = asyncio.get_running_loop().time()
        album.waiting.add(message.message_id)
