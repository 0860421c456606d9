"""The files that chats hold, and what Telegram makes of them by looking inside."""

from __future__ import annotations

import hashlib
import mimetypes
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from aiogram import types

Kind = Literal["video", "animation", "document", "video_note", "audio", "voice", "photo"]

#: the folder in the path that getFile answers with
FOLDERS: dict[Kind, str] = {
    "video": "videos",
    "animation": "animations",
    "document": "documents",
    "video_note": "video_notes",
    "audio": "music",
    "voice": "voice",
    "photo": "photos",
}

_CONTAINERS = (b"moov", b"trak", b"mdia")


@dataclass(frozen=True)
class Upload:
    """Bytes as they came in, with the name that came with them."""

    data: bytes = field(repr=False)
    name: str


@dataclass(frozen=True)
class Looks:
    """What an MP4 says of itself; zeros where it says nothing."""

    mp4: bool = False
    sound: bool = False
    width: int = 0
    height: int = 0
    duration: float = 0.0  #: seconds


@dataclass(frozen=True)
class Stored:
    """A file in Telegram's store: bytes under an id that only fits its kind."""

    id: str
    unique_id: str
    kind: Kind
    data: bytes = field(repr=False)
    name: str
    mime: str
    width: int = 0
    height: int = 0
    duration: int = 0  #: seconds, as the sender says
    path: str = ""  #: as getFile answers
    thumbnail: Stored | None = None

    def as_type(self, kind: Kind | None = None) -> types.TelegramObject | list[types.PhotoSize]:
        """Return what a message carries in the field of this kind."""
        named = {"file_name": self.name, "mime_type": self.mime}
        thumbnail = self.thumbnail.photo_size() if self.thumbnail else None
        whole = {
            "file_id": self.id,
            "file_unique_id": self.unique_id,
            "file_size": len(self.data),
            "thumbnail": thumbnail,
        }
        shape = {"width": self.width or 320, "height": self.height or 320, "duration": self.duration}
        match kind or self.kind:
            case "video":
                return types.Video(**whole, **named, **shape)
            case "animation":
                return types.Animation(**whole, **named, **shape)
            case "document":
                return types.Document(**whole, **named)
            case "video_note":
                return types.VideoNote(**whole, length=self.width or 240, duration=self.duration)
            case "audio":
                return types.Audio(**whole, **named, duration=self.duration)
            case "voice":
                return types.Voice(**whole | {"thumbnail": None}, mime_type=self.mime, duration=self.duration)
        return [self.photo_size()]

    def photo_size(self) -> types.PhotoSize:
        return types.PhotoSize(
            file_id=self.id,
            file_unique_id=self.unique_id,
            width=self.width or 320,
            height=self.height or 320,
            file_size=len(self.data),
        )


class Store:
    """Every file that this Telegram has seen; the same bytes are kept once."""

    def __init__(self) -> None:
        self.by_id: dict[str, Stored] = {}
        self.by_path: dict[str, Stored] = {}
        self._bytes: dict[str, bytes] = {}

    def keep(
        self,
        upload: Upload,
        kind: Kind,
        *,
        width: int = 0,
        height: int = 0,
        duration: int = 0,
        thumbnail: Upload | None = None,
    ) -> Stored:
        """Store an upload under a new file id; the unique id follows its bytes."""
        digest = hashlib.sha256(upload.data).hexdigest()
        number = len(self.by_id)
        suffix = re.search(r"\.[A-Za-z0-9]{1,8}\Z", upload.name)
        stored = Stored(
            id=f"{kind}-{number}-{digest[:24]}",
            unique_id=f"AQ{digest[:14]}",
            kind=kind,
            data=self._bytes.setdefault(digest, upload.data),
            name=upload.name,
            mime=mimetypes.guess_type(upload.name)[0] or "application/octet-stream",
            width=width,
            height=height,
            duration=duration,
            path=f"{FOLDERS[kind]}/file_{number}{suffix[0] if suffix else ''}",
            thumbnail=self.keep(thumbnail, "photo", **_jpeg_size(thumbnail.data)) if thumbnail else None,
        )
        self.by_id[stored.id] = self.by_path[stored.path] = stored
        return stored

    def once(self, data: bytes) -> bytes:
        """Return bytes that are equal and held already, where there are any."""
        return self._bytes.setdefault(hashlib.sha256(data).hexdigest(), data)


def what_becomes_of(upload: Upload, asked: Kind, *, detect: bool = True) -> Kind:
    """Say as what Telegram shows an upload that was sent as `asked`: a sound-less MP4 is an animation."""
    looks = look(upload.data)
    if asked == "video":
        return ("video" if looks.sound else "animation") if looks.mp4 else "document"
    if asked == "animation":
        return "video" if looks.mp4 and looks.sound else "animation"
    if asked == "document":
        silent = looks.mp4 and not looks.sound
        return "animation" if detect and (silent or upload.data.startswith(b"GIF8")) else "document"
    if asked == "audio":
        played = (
            looks.mp4
            or looks.sound
            or upload.data[:3] == b"ID3"
            or upload.data[:1] == b"\xff"
            or upload.data[:4] == b"OggS"
        )
        return "audio" if played else "document"
    return asked


def look(data: bytes) -> Looks:
    """Read an MP4's boxes as far as Telegram's decision asks for: no picture is decoded."""
    if data[4:8] not in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"):
        return Looks()
    found: dict[str, float] = {}
    moov = False
    for name, body in _boxes(memoryview(data)):
        moov = moov or name == b"moov"
        if name == b"hdlr":
            found[bytes(body[8:12]).decode("latin-1")] = 1
        elif name == b"mvhd" and len(body) >= 32:
            scale, length = struct.unpack(">II", body[12:20]) if body[0] == 0 else struct.unpack(">IQ", body[20:32])
            found["duration"] = length / scale if scale else 0.0
        elif name == b"tkhd" and len(body) >= 84:
            width, height = struct.unpack(">II", body[-8:])
            found["width"] = max(found.get("width", 0), width >> 16)
            found["height"] = max(found.get("height", 0), height >> 16)
    return Looks(
        mp4=moov and "vide" in found,
        sound="soun" in found,
        width=int(found.get("width", 0)),
        height=int(found.get("height", 0)),
        duration=found.get("duration", 0.0),
    )


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    at = 0
    while at + 8 <= len(data):
        size, name, head = int.from_bytes(data[at : at + 4], "big"), bytes(data[at + 4 : at + 8]), 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        size = size or len(data) - at
        if size < head:
            return
        body = data[at + head : at + size]
        yield name, body
        if name in _CONTAINERS:
            yield from _boxes(body)
        at += size


def thumbnail_fault(thumbnail: Upload) -> str | None:
    """Say what is wrong with a thumbnail: it has to be a JPEG under 200 kB and at most 320 px a side."""
    size = _jpeg_size(thumbnail.data)
    if not size:
        return "a thumbnail that is no JPEG"
    if max(size.values()) > 320 or len(thumbnail.data) >= 200_000:
        return f"a thumbnail of {size} px, {len(thumbnail.data)} bytes"
    return None


def photo_fault(photo: Upload) -> str | None:
    """Say what Telegram says of a photo that it does not take (Bot API, sendPhoto)."""
    size = _jpeg_size(photo.data)
    if len(photo.data) > 10 << 20:
        return "Bad Request: file is too big"
    if size and (sum(size.values()) > 10_000 or max(size.values()) > 20 * min(size.values())):
        return "Bad Request: PHOTO_INVALID_DIMENSIONS"
    return None if size or photo.data.startswith(b"\x89PNG") else "Bad Request: IMAGE_PROCESS_FAILED"


def _jpeg_size(data: bytes) -> dict[str, int]:
    at = 2
    while data[:2] == b"\xff\xd8" and at + 9 < len(data) and data[at] == 0xFF:
        if data[at + 1] in (0xC0, 0xC1, 0xC2):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return {"width": width, "height": height}
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return {}
