"""Copy or encode, and at which size; what comes out is measured in test_clip."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from pipeline.door.picture import may_copy, plan_encode, shows
from pipeline.door.slate import NO_TIME, Packet, Slate, Stream


def slate(
    codec: str = "h264",
    pixels: str = "yuv420p",
    demuxer: str = "mov",
    size: tuple[int, int] = (1920, 1080),
    kb: int = 5,
) -> Slate:
    """A ten-second clip at 30 frames a second."""
    packets = tuple(Packet(n, 1, kb * 1000, False, "") for n in range(300))
    stream = Stream("video", codec, Fraction(1, 30), *size, Fraction(1), packets)
    return Slate(demuxer, stream, 0, pixels, "", 0, sound=False)


@pytest.mark.parametrize(
    ("clip", "anywhere", "chats"),
    [
        (slate(), True, True),
        (slate(pixels="yuvj420p"), True, True),
        (slate("hevc", "yuv420p10le"), True, False),
        (slate("vp9", demuxer="matroska"), True, False),
        (slate("av1"), True, False),
        (slate(pixels="yuv444p"), False, False),
        (slate(pixels="yuv420p10le"), False, False),
        (slate("vp8", demuxer="matroska"), False, False),
        (slate("mpeg4"), False, False),
        (slate(demuxer="avi"), False, False),
        (slate(pixels="none"), False, False),
        (slate(kb=170), True, False),  # 51 MB
        (slate(size=(7680, 4320)), True, False),
    ],
)
def test_what_may_be_copied(clip: Slate, anywhere: bool, chats: bool) -> None:
    assert may_copy(clip, "none", "keep") is anywhere
    assert may_copy(clip, "telegram", "keep") is chats
    assert not may_copy(clip, "none", "1:1")


def test_packets_without_times_are_not_copied() -> None:
    clip = slate()
    blind = (*clip.picture.packets[:-1], Packet(NO_TIME, 1, 9, False, ""))
    assert not may_copy(replace(clip, picture=replace(clip.picture, packets=blind)), "none", "keep")


def test_a_large_picture_is_encoded_no_larger_than_4k() -> None:
    assert "scale=3840:2160" in plan_encode(slate(size=(7680, 4320)), "none", "keep").chain
    assert "scale=1920:1080" in plan_encode(slate(size=(7680, 4320)), "telegram", "keep").chain


def test_a_file_that_promises_no_frame_has_a_plan_too() -> None:
    """It divided by zero for chats alone, since only they have a limit; the decode then says what is wrong."""
    clip = slate()
    empty = replace(clip, picture=replace(clip.picture, packets=()))
    assert "scale=1920:1080" in plan_encode(empty, "telegram", "keep").chain


def test_an_odd_line_is_cropped_and_nothing_scaled() -> None:
    assert plan_encode(slate(size=(321, 241)), "none", "keep").chain.startswith("scale=321:241,crop=320:240:0:0")


def test_a_long_clip_for_a_small_limit_is_scaled_down() -> None:
    clip = slate()
    packets = tuple(Packet(n, 1, 5000, False, "") for n in range(9000))
    five_minutes = plan_encode(replace(clip, picture=replace(clip.picture, packets=packets)), "discord", "keep")
    ten_seconds = plan_encode(clip, "discord", "keep")
    assert "scale=1920:1080" in ten_seconds.chain
    assert "scale=1920:1080" not in five_minutes.chain
    assert int(five_minutes.control[-1]) * 20 < int(ten_seconds.control[-1])


@pytest.mark.parametrize(("aspect", "size"), [("9:16", "1080:1920"), ("1:1", "1920:1920"), ("4:5", "1536:1920")])
def test_canvas_sizes(aspect: str, size: str) -> None:
    assert f"scale={size}" in plan_encode(slate(), "none", aspect).chain  # type: ignore[arg-type]


def test_frames_are_held_against_packets() -> None:
    picture = slate().picture
    moments = [n / 30 for n in range(300)]
    assert shows(picture, moments)
    assert not shows(picture, moments[:-1])
    assert not shows(picture, [*moments[:-1], moments[-1] + 0.01])
