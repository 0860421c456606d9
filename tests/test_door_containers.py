"""Magic bytes: the one demuxer for each kind of file. What is refused, and with which words, stands in test_hostile."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from pipeline.door.containers import STARTS, find_demuxer
from pipeline.errors import BadMedia
from tests.media import ffmpeg


@pytest.mark.parametrize(
    ("head", "demuxer"),
    [
        (b"\0\0\0\x14ftypqt  ", "mov"),
        (b"\0\0\0\x14ftypavis\0\0\0\0avisavifmsf1", "mov"),
        (b"\0\0\0\x14ftypheic\0\0\0\0mif1heicmsf1hevc", "mov"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "mov"),
        (b"\0\0\0\x08moov", "mov"),
        (b"RIFF\0\0\0\0AVI LIST", "avi"),
        (b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\0\0\0\0\0\0", "webp_anim"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR0123456789012\0\0\0\x08acTL01234567\0\0\0\0IDAT", "apng"),
        ((b"G" + b"\0" * 187) * 4, "mpegts"),
        ((b"\0\0\0\0G" + b"\0" * 187) * 4, "mpegts"),
        *STARTS,
    ],
)
def test_each_kind_has_its_demuxer(head: bytes, demuxer: str) -> None:
    assert find_demuxer(io.BytesIO(head + b"\0" * 100)) == demuxer


@pytest.mark.parametrize(
    "head",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR0123456789012\0\0\0\0IDATacTL",  # the word comes too late to mean it
        b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0",
        b"\0\0\0\x14ftypavif\0\0\0\0mif1miaf",
        b"G" + b"\0" * 400,
        b" \x1a\x45\xdf\xa3",
    ],
)
def test_what_only_looks_like_it_is_refused(head: bytes) -> None:
    with pytest.raises(BadMedia):
        find_demuxer(io.BytesIO(head + b"\0" * 100))


def test_a_picture_of_one_frame_is_a_still(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg", "a.webp", "a.bmp", "a.tiff"):
        ffmpeg("-f", "lavfi", "-i", "color=s=64x64", "-frames:v", "1", tmp_path / name)
        with (tmp_path / name).open("rb") as source, pytest.raises(BadMedia, match="still image"):
            find_demuxer(source)
