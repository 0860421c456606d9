"""What in a message is a track, what is sung to it, what shall be seen with it, and what is a storyboard."""

from __future__ import annotations

from pathlib import PurePosixPath

from aiogram.types import Audio, Document, ExternalReplyInfo, Message, PhotoSize, Voice

from bot.telegram.clips import Sent, clip_in

Piece = Message | ExternalReplyInfo

#: names of sound files whose senders did not say what they are
TRACK_NAMES = frozenset({
    ".mp3", ".m4a", ".m4b", ".mp4a", ".aac", ".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".aif", ".aiff",
    ".aifc", ".wma", ".mka", ".weba", ".caf", ".mp2", ".au",
})  # fmt: skip
#: names of texts; what their senders call an LRC or an SRT is not the same anywhere
PAPER_NAMES = frozenset({".txt", ".lrc", ".srt", ".vtt", ".md"})
BOARD_NAMES = frozenset({".json"})


def track_in(piece: Piece) -> Sent | None:
    """Find the track of a message: music, a voice message, or a file that is or is called like one."""
    found: Audio | Voice | Document | None = piece.audio or piece.voice
    if found is None and piece.document is not None and _is_track(piece.document):
        found = piece.document
    return _sent(found) if found else None


def paper_in(piece: Piece) -> Sent | None:
    """Find the lyrics in a message: a text file of whatever kind."""
    document = piece.document
    if document is None:
        return None
    mime, suffix = _described(document)
    is_text = mime.startswith("text/") and mime not in ("text/html", "text/xml", "text/json")
    return _sent(document) if suffix in PAPER_NAMES or (is_text and suffix not in BOARD_NAMES) else None


def board_in(piece: Piece) -> Sent | None:
    """Find a storyboard in a message."""
    document = piece.document
    return _sent(document) if document is not None and _described(document)[1] in BOARD_NAMES else None


def visual_in(piece: Piece) -> Sent | None:
    """Find what shall be seen with a track: a photo, a picture sent as a file, or a clip."""
    if piece.photo:
        return _sent(max(piece.photo, key=lambda size: size.width * size.height))
    if piece.document is not None and _described(piece.document)[0].startswith("image/"):
        return _sent(piece.document)
    return clip_in(piece)


def _is_track(document: Document) -> bool:
    mime, suffix = _described(document)
    unknown = mime in ("", "application/octet-stream", "application/ogg", "application/mp4")
    return mime.startswith("audio/") or (unknown and suffix in TRACK_NAMES)


def _described(document: Document) -> tuple[str, str]:
    """Return what a file's sender says that it is, and how its name ends."""
    return (document.mime_type or "").lower(), PurePosixPath((document.file_name or "").lower()).suffix


def _sent(found: Audio | Voice | Document | PhotoSize) -> Sent:
    return Sent(found.file_id, found.file_size)
