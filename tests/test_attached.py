"""What an attached file may be, by its sender's words alone."""

from __future__ import annotations

import pytest

from bot.attached import is_film, is_track


@pytest.mark.parametrize(
    ("mime", "name", "film", "track"),
    [
        ("video/mp4", "a.bin", True, False),
        ("image/gif", None, True, False),
        ("", "HOLIDAY.MOV", True, False),
        (None, "song.Mp3", False, True),
        ("audio/ogg", None, False, True),
        ("application/ogg", "song.ogg", False, True),
        ("application/mp4", "song.m4a", False, True),
        ("application/octet-stream", "notes.txt", False, False),
        ("text/html", "song.mp3", False, False),
        ("image/png", "a.mp4", False, False),
        (None, None, False, False),
    ],
)
def test_what_is_said_of_a_file_is_believed_before_its_name(
    mime: str | None, name: str | None, film: bool, track: bool
) -> None:
    assert (is_film(mime, name), is_track(mime, name)) == (film, track)
