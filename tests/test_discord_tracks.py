"""What Discord calls a sound file, and what people name one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bot.discord.clips import is_film
from bot.discord.tracks import is_lyrics, is_track, is_visual


def attached(filename: str, kind: str | None) -> Any:
    return SimpleNamespace(filename=filename, content_type=kind)


@pytest.mark.parametrize(
    ("filename", "kind"),
    [
        ("song.mp3", "audio/mpeg"),
        ("song.m4a", "audio/mp4"),
        ("song.M4A", "application/octet-stream"),
        ("voice-message.ogg", "audio/ogg"),
        ("song.ogg", "application/ogg"),
        ("song.opus", None),
        ("song.flac", "audio/x-flac"),
        ("song", "audio/wav; charset=binary"),
    ],
)
def test_tracks_are_known_and_no_clips(filename: str, kind: str | None) -> None:
    assert is_track(attached(filename, kind))
    assert not is_film(attached(filename, kind))


@pytest.mark.parametrize(
    ("filename", "kind"),
    [
        ("clip.mp4", "video/mp4"),
        ("clip.webm", "video/webm"),
        ("song.mp3", "text/html; charset=utf-8"),
        ("song.mp3.exe", "application/octet-stream"),
        ("cover.png", "image/png"),
        ("words.txt", "text/plain"),
    ],
)
def test_other_things_are_none(filename: str, kind: str) -> None:
    assert not is_track(attached(filename, kind))


def test_lyrics_are_known_by_their_names() -> None:
    assert all(is_lyrics(attached(f"words.{end}", "application/octet-stream")) for end in ("txt", "lrc", "SRT", "vtt"))
    assert not is_lyrics(attached("words.pdf", "text/plain"))


def test_pictures_and_clips_can_be_shown() -> None:
    assert is_visual(attached("cover", "image/webp"))
    assert is_visual(attached("loop.mov", "video/quicktime"))
    assert not is_visual(attached("words.txt", "text/plain"))
