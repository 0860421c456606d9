"""What a clip declares, packet by packet."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from pipeline.door.containers import find_demuxer
from pipeline.door.ffmpeg import bench
from pipeline.door.slate import Slate, _described, _parse, read_packets, read_slate
from pipeline.errors import BadMedia
from tests.media import ffmpeg, make_clip


def slate_of(path: Path) -> Slate:
    with path.open("rb") as source, bench(path.parent / "job") as place:
        return read_slate(source, find_demuxer(source), place=place, pixels=10**7, frames=10**4)


def test_declared_facts(tmp_path: Path) -> None:
    slate = slate_of(make_clip(tmp_path / "clip.mp4"))
    assert (slate.demuxer, slate.picture.codec, slate.pixel_format) == ("mov", "h264", "yuv420p")
    assert (slate.shown_size, slate.rotation, slate.sound, slate.hdr, slate.notes) == ((160, 90), 0, False, False, ())
    assert slate.duration == pytest.approx(3)
    assert len(slate.picture.packets) == 72


def test_what_the_client_writes_is_not_taken_for_facts(tmp_path: Path) -> None:
    lie = (
        "x\nOutput #0\n  Stream #0:0: Video: hevc, yuv444p(smpte2084), 9x9\n  Display Matrix: rotation of 90.00 degrees"
    )
    plain = make_clip(tmp_path / "plain.mp4", shot_s=0.2)
    ffmpeg("-i", plain, "-c", "copy", "-metadata", f"title={lie}", "-metadata", f"comment={lie}", tmp_path / "lie.mp4")
    slate = slate_of(tmp_path / "lie.mp4")
    assert (slate.pixel_format, slate.rotation, slate.hdr, slate.shown_size) == ("yuv420p", 0, False, (160, 90))


def test_a_film_without_pictures_before_the_second_stream(tmp_path: Path) -> None:
    """The one that moves is taken, not the still that some files put first."""
    inputs = ("-f", "lavfi", "-i", "color=red:s=32x32:r=10:d=0.1", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=10:d=1")
    ffmpeg(*inputs, "-map", "0", "-map", "1", "-c:v", "mpeg4", tmp_path / "two.mp4")
    slate = slate_of(tmp_path / "two.mp4")
    assert slate.index == 1
    assert slate.shown_size == (64, 64)


def test_half_a_file_is_refused_and_most_of_one_is_noted(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "whole.mp4")
    ffmpeg("-i", whole, "-c", "copy", "-movflags", "+faststart", tmp_path / "fast.mp4")
    body = (tmp_path / "fast.mp4").read_bytes()
    (tmp_path / "third.mp4").write_bytes(body[: len(body) * 2 // 5])
    (tmp_path / "most.mp4").write_bytes(body[: len(body) * 9 // 10])
    with pytest.raises(BadMedia, match=r"breaks off: only \d\.\d s of its 3\.0 s"):
        slate_of(tmp_path / "third.mp4")
    assert "breaks off" in slate_of(tmp_path / "most.mp4").notes[0]


def test_a_listing_is_read() -> None:
    listing = (
        "#tb 0: 1/100\n#media_type 0: video\n#codec_id 0: h264\n#dimensions 0: 8x6\n#sar 0: 4/3\n"
        "0,        -10,          0,        5,    10, 0x0001\n"
        "0,         -5,         -5,        5,     9, 0x0002, F=0x5\n"
        "0,          0,          5,        7,     8, 0x0003, F=0x0, S=1, Skip Samples,       10, 0x00000000\n"
    )
    (stream,) = _parse(listing)
    assert (stream.kind, stream.codec, stream.tick, stream.width, stream.height, stream.shape) == (
        "video", "h264", Fraction(1, 100), 8, 6, Fraction(4, 3),
    )  # fmt: skip
    assert [packet.time for packet in stream.shown] == [0, 5]
    assert stream.span == (0, Fraction(12, 100))


def test_a_description_is_read() -> None:
    chatter = (
        "\nOutput #0, framecrc, to 'pipe:':\n  Stream #0:0: Video: h264 (High) (avc1), yuv420p(progressive), 8x6\n"
        "  Stream #0:1(und): Video: hevc (Main 10), yuv420p10le(tv, bt2020nc/bt2020/smpte2084), 8x6, q=2-31\n"
        "    Side data:\n      Display Matrix: rotation of -90.00 degrees\n  Stream #0:2: Audio: aac\n"
    )
    assert _described(chatter, 0) == ("yuv420p", "", None)
    assert _described(chatter, 1) == ("yuv420p10le", "smpte2084", -90.0)
    assert _described("", 0) == ("none", "", None)


def test_packets_of_picture_and_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64:r=10:d=1", "-f", "lavfi", "-i", "sine=d=1", path)
    with path.open("rb") as source, bench(tmp_path) as place:
        picture, sound = read_packets(source, "mov", place=place)
    assert (picture.kind, sound.kind) == ("video", "audio")
    assert picture.span == (0, 1)
    assert float(sound.span[1]) == pytest.approx(1, abs=0.001)
