"""What in a message is a clip."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from aiogram.types import Animation, Document, ExternalReplyInfo, Message, Video, VideoNote

#: names of films whose senders did not say what they are; a file under another name has to say that it is a video
FILM_NAMES = frozenset({
    ".mp4", ".m4v", ".mov", ".qt", ".mkv", ".webm", ".avi", ".gif", ".mpg", ".mpeg", ".ts", ".m2ts", ".mts", ".vob",
    ".wmv", ".flv", ".3gp", ".ogv", ".mxf",
})  # fmt: skip


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
    if found is None and message.document is not None and _is_film(message.document):
        found = message.document
    if found is None:
        return None
    return Clip(found.file_id, found.file_size, silent=message.animation is not None)


def _is_film(document: Document) -> bool:
    mime = (document.mime_type or "").lower()
    if mime.startswith("video/") or mime == "image/gif":
        return True
    unknown = mime in ("", "application/octet-stream", "application/mp4", "application/x-matroska", "application/mxf")
    return unknown and PurePosixPath((document.file_name or "").lower()).suffix in FILM_NAMES
