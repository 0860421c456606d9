"""What a file that somebody attached may be, by what its sender's program says of it; the door looks at the bytes."""

from __future__ import annotations

from pathlib import PurePosixPath

#: names of files whose senders did not say what they are; a file under another name has to say it
FILMS = frozenset({
    ".mp4", ".m4v", ".mov", ".qt", ".mkv", ".webm", ".avi", ".gif", ".mpg", ".mpeg", ".ts", ".m2ts", ".mts", ".vob",
    ".wmv", ".flv", ".3gp", ".ogv", ".mxf",
})  # fmt: skip
TRACKS = frozenset({
    ".mp3", ".m4a", ".m4b", ".mp4a", ".aac", ".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".aif", ".aiff",
    ".aifc", ".wma", ".mka", ".weba", ".caf", ".ac3", ".amr", ".mp2", ".wv", ".ape", ".au",
})  # fmt: skip
#: names of texts; what their senders call an LRC or an SRT is not the same anywhere
LYRICS = frozenset({".txt", ".lrc", ".srt", ".vtt", ".md"})
BOARDS = frozenset({".json"})

#: what senders say when they do not know
_UNKNOWN = frozenset({"", "application/octet-stream", "application/mp4"})
_FILM_OR_NOT = _UNKNOWN | {"application/x-matroska", "application/mxf"}
_TRACK_OR_NOT = _UNKNOWN | {"application/ogg"}


def suffix_of(name: str | None) -> str:
    return PurePosixPath((name or "").lower()).suffix


def is_film(mime: str | None, name: str | None) -> bool:
    mime = (mime or "").lower()
    return mime.startswith("video/") or mime == "image/gif" or (mime in _FILM_OR_NOT and suffix_of(name) in FILMS)


def is_track(mime: str | None, name: str | None) -> bool:
    mime = (mime or "").lower()
    return mime.startswith("audio/") or (mime in _TRACK_OR_NOT and suffix_of(name) in TRACKS)
