"""Magic bytes: the one demuxer for each kind of file. What is refused, and with which words, stands in test_hostile."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from pipeline.door.containers import STARTS, _adts_frame, _mpeg_frame, find_demuxer, find_sound_demuxer
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


MP3 = b"\xff\xfb\x90\x00" + b"\0" * 413  # 128 kbit/s at 44.1 kHz: 417 bytes
ADTS = b"\xff\xf1\x50\x80\x0d\x1f\xfc" + b"\0" * 97


@pytest.mark.parametrize(
    ("head", "demuxer"),
    [
        (MP3 * 3, "mp3"),
        (b"junk of a recorder" + MP3 * 3, "mp3"),
        (b"ID3\x03\0\0\0\0\0\x05hello" + MP3 * 3, "mp3"),
        (b"ID3\x04\0\x10\0\0\0\x05hello3DI\x04\0\x10\0\0\0\x05" + MP3 * 3, "mp3"),
        (ADTS * 3, "aac"),
        (b"ID3\x03\0\0\0\0\0\x05hellofLaC", "flac"),
        (b"fLaC", "flac"),
        (b"RIFF\0\0\0\0WAVEfmt ", "wav"),
        (b"RF64\xff\xff\xff\xffWAVEds64", "wav"),
        (b"FORM\0\0\0\0AIFC", "aiff"),
        (b"OggS", "ogg"),
        (b"\0\0\0\x14ftypM4A ", "mov"),
        (b"\x1a\x45\xdf\xa3", "matroska"),
    ],
)
def test_each_kind_of_sound_has_its_demuxer(head: bytes, demuxer: str) -> None:
    assert find_sound_demuxer(io.BytesIO(head + b"\0" * 100)) == demuxer


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (MP3 * 2, "not known"),
        ("words".encode("utf-16") * 300, "not known"),
        (b"ID3\x03\0\0\0\0\x7f\x7f", "not known"),
        (b"GIF89a", "a moving picture without sound"),
        (b"\xff\xd8\xff\xe0" + MP3 * 3, "a still image"),
        (b"MThd", "a MIDI file"),
        (b"PK\x03\x04", "an archive, not a sound file"),
        (b"RIFF\0\0\0\0AVI GAB2\0", "text track"),
    ],
)
def test_what_is_no_sound_is_said(head: bytes, what: str) -> None:
    with pytest.raises(BadMedia, match=what) as refused:
        find_sound_demuxer(io.BytesIO(head + b"\0" * 100))
    assert "MP3" in refused.value.hint


def test_lengths_of_frames() -> None:
    assert _mpeg_frame(MP3) == 417
    assert _mpeg_frame(b"\xff\xfb\x92\x00") == 418  # padded
    assert _mpeg_frame(b"\xff\xf3\x80\xc4") == 208  # 64 kbit/s at 22.05 kHz
    assert _mpeg_frame(b"\xff\xfe\x48\x00") == 0  # the mark of UTF-16
    assert _adts_frame(ADTS) == 104
    assert _adts_frame(MP3) == 0
