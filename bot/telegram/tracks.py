"""What in a message is a track, what is sung to it, what shall be seen with it, and what is a storyboard."""

from __future__ import annotations

from aiogram.types import Audio, Document, ExternalReplyInfo, Message, PhotoSize, Voice

from bot.attached import BOARDS, LYRICS, is_track, suffix_of
from bot.telegram.clips import Sent, clip_in

Piece = Message | ExternalReplyInfo


def track_in(piece: Piece) -> Sent | None:
    """Find the track of a message: music, a voice message, or a file that is or is called like one."""
    found: Audio | Voice | Document | None = piece.audio or piece.voice
    if found is None and piece.document is not None and is_track(piece.document.mime_type, piece.document.file_name):
        found = piece.document
    return _sent(found) if found else None


def paper_in(piece: Piece) -> Sent | None:
    """Find the lyrics in a message: a text file of whatever kind."""
    document = piece.document
    if document is None:
        return None
    mime, suffix = _described(document)
    is_text = mime.startswith("text/") and mime not in ("text/html", "text/xml", "text/json")
    return _sent(document) if suffix in LYRICS or (is_text and suffix not in BOARDS) else None


def board_in(piece: Piece) -> Sent | None:
    """Find a storyboard in a message."""
    document = piece.document
    return _sent(document) if document is not None and _described(document)[1] in BOARDS else None


def visual_in(piece: Piece) -> Sent | None:
    """Find what shall be seen with a track: a photo, a picture sent as a file, or a clip."""
    if piece.photo:
        return _sent(max(piece.photo, key=lambda size: size.width * size.height))
    if piece.document is not None and _described(piece.document)[0].startswith("image/"):
        return _sent(piece.document)
    return clip_in(piece)


def _described(document: Document) -> tuple[str, str]:
    """Return what a file's sender says that it is, and how its name ends."""
    return (document.mime_type or "").lower(), suffix_of(document.file_name)


def _sent(found: Audio | Voice | Document | PhotoSize) -> Sent:
    return Sent(found.file_id, found.file_size)
