"""What in a message is a clip."""

from __future__ import annotations

from dataclasses import dataclass

from aiogram.types import Animation, Document, ExternalReplyInfo, Message, Video, VideoNote

from bot.attached import is_film


@dataclass(frozen=True)
class Sent:
    """A file in a chat, not fetched yet."""

    file_id: str
    size: int | None  #: bytes, as Telegram says; it may not know


@dataclass(frozen=True)
class Clip(Sent):
    """A moving picture."""

    silent: bool  #: certainly: Telegram makes an animation of nothing else


def clip_in(message: Message | ExternalReplyInfo | None) -> Clip | None:
    """Find the clip of a message, whatever shape it has.

    The animation is looked for first: Telegram makes one of every silent MP4, and fills `document` beside it.
    """
    if message is None:
        return None
    found: Animation | Video | VideoNote | Document | None = message.animation or message.video or message.video_note
    document = message.document
    if found is None and document is not None and is_film(document.mime_type, document.file_name):
        found = document
    if found is None:
        return None
    return Clip(found.file_id, found.file_size, silent=message.animation is not None)
