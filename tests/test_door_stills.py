"""Pictures of strangers: whatever they are, a plain PNG of ours comes out, or a sentence."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.door.stills import is_still, take_frame, take_still
from pipeline.errors import BadMedia, OverLimit, UserError
from tests.media import ffmpeg, make_clip

RED, GREEN, BLUE = (0, 0, 255), (0, 255, 0), (255, 0, 0)


def a_flag(width: int = 400, height: int = 240) -> NDArray[np.uint8]:
    """Red above, blue below, a green edge on the left."""
    sheet = np.zeros((height, width, 3), np.uint8)
    sheet[: height // 2], sheet[height // 2 :] = RED, BLUE
    sheet[:, : width // 10] = GREEN
    return sheet


def written(folder: Path, sheet: NDArray[np.generic], kind: str) -> Path:
    path = folder / f"given.{kind}"
    path.write_bytes(bytes(cv2.imencode(f".{kind}", sheet)[1]))
    return path


def read(path: Path) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED))


def near(pixel: NDArray[np.uint8], colour: tuple[int, int, int]) -> bool:
    return bool(np.abs(pixel.astype(int) - colour).max() < 30)


@pytest.mark.parametrize("kind", ["png", "jpg", "webp"])
def test_a_picture_fills_the_size_and_keeps_its_shape(tmp_path: Path, kind: str):
    out = read(take_still(written(tmp_path, a_flag(), kind), to=tmp_path / "out.png", size=(200, 240)))
    assert out.shape == (240, 200, 3)
    assert near(out[20, 100], RED)
    assert near(out[220, 100], BLUE)
    assert near(out[20, 2], RED)  # the green edge is cut off: 200 of 400 columns are left
    assert sorted(file.name for file in tmp_path.iterdir()) == [f"given.{kind}", "out.png"]


def test_a_small_picture_is_scaled_up_and_one_without_size_stays_as_it_is(tmp_path: Path):
    given = written(tmp_path, a_flag(40, 24), "png")
    assert read(take_still(given, to=tmp_path / "a.png", size=(300, 300))).shape == (300, 300, 3)
    assert np.array_equal(read(take_still(given, to=tmp_path / "b.png")), a_flag(40, 24))


def test_a_phones_picture_stands_upright(tmp_path: Path):
    jpeg = written(tmp_path, a_flag(), "jpg").read_bytes()
    turned = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x112, 3, 1, 6, 0) + b"\0\0\0\0"
    given = tmp_path / "phone.jpg"
    given.write_bytes(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(turned) + 2) + turned + jpeg[2:])
    out = read(take_still(given, to=tmp_path / "out.png"))
    assert out.shape == (400, 240, 3)
    assert near(out[3, 120], GREEN)
    assert near(out[200, 200], RED)
    assert near(out[200, 40], BLUE)


def test_what_is_see_through_lies_on_black_and_depth_is_eight_bits(tmp_path: Path):
    glass = np.full((60, 60, 4), (200, 100, 50, 255), np.uint8)
    glass[30:, :, 3] = 0
    out = read(take_still(written(tmp_path, glass, "png"), to=tmp_path / "out.png"))
    assert near(out[10, 10], (200, 100, 50))
    assert near(out[50, 10], (0, 0, 0))
    grey = np.full((60, 60), 40_000, np.uint16)
    out = read(take_still(written(tmp_path, grey, "png"), to=tmp_path / "out.png"))
    assert out.dtype == np.uint8
    assert out.shape == (60, 60, 3)


def test_nothing_that_the_file_has_said_is_left(tmp_path: Path):
    png = written(tmp_path, a_flag(), "png").read_bytes()
    said = b"tEXtComment\0written by somebody"
    profile = b"iCCPthe camera's\0\0" + zlib.compress(b"\0" * 128)
    extra = b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in (said, profile)
    )
    given = tmp_path / "given.png"
    given.write_bytes(png[:33] + extra + png[33:])
    made = take_still(given, to=tmp_path / "out.png").read_bytes()
    assert b"somebody" not in made
    assert b"iCCP" not in made


def test_the_first_frame_of_a_gif_is_a_picture(tmp_path: Path):
    ffmpeg("-f", "lavfi", "-i", "color=red:s=64x48:r=5:d=1", tmp_path / "given.gif")
    assert read(take_still(tmp_path / "given.gif", to=tmp_path / "out.png")).shape == (48, 64, 3)
    assert not is_still(tmp_path / "given.gif")


def a_png_header(width: int, height: int) -> bytes:
    """Begin a picture of any size, without its pixels."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 100)
    chunks = (head, data, b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks
    )


def test_sixteen_thousand_pixels_come_out_small(tmp_path: Path):
    sheet = np.zeros((1000, 16_000, 3), np.uint8)
    sheet[:, 8000:] = (255, 255, 255)
    out = read(take_still(written(tmp_path, sheet, "png"), to=tmp_path / "out.png", size=(1296, 2304)))
    assert out.shape == (2304, 1296, 3)
    assert near(out[1000, 2], (0, 0, 0))
    assert near(out[1000, -2], (255, 255, 255))


@pytest.mark.parametrize("size", [(17_000, 17_000), (60_000, 60_000)])
def test_more_pixels_than_are_taken_are_said(tmp_path: Path, size: tuple[int, int]):
    given = tmp_path / "given.png"
    given.write_bytes(a_png_header(*size))
    with pytest.raises(OverLimit, match="256 million") as refusal:
        take_still(given, to=tmp_path / "out.png")
    assert refusal.value.hint


def test_bytes_are_bounded(tmp_path: Path):
    with pytest.raises(OverLimit, match="MB"):
        take_still(written(tmp_path, a_flag(), "png"), to=tmp_path / "out.png", most_bytes=100)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (b"", "empty"),
        (b"these are only words, and many of them", "a text, not a picture"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 64, "damaged"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 64, "damaged"),
        (b"RIFF\x40\0\0\0WEBPVP8 " + b"\0" * 64, "damaged"),
        (b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + b"\0" * 64, "kind that is not read here"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><image href='/etc/passwd'/></svg>", "not a picture"),
        (b"ID3\x04\0\0\0\0\0\0" + b"\0" * 64, "not a picture"),
    ],
)
def test_what_is_no_picture_gets_a_sentence(tmp_path: Path, given: bytes, sentence: str):
    path = tmp_path / "given"
    path.write_bytes(given)
    with pytest.raises(UserError, match=sentence) as refusal:
        take_still(path, to=tmp_path / "out.png")
    assert refusal.value.hint
    assert [file.name for file in tmp_path.iterdir()] == ["given"]
    assert not sentence.startswith("a text") or not is_still(path)


def test_a_video_is_none_but_its_first_frame_can_be_had(tmp_path: Path):
    clip = make_clip(tmp_path / "clip.mp4", shots=("red", "blue"))
    with pytest.raises(BadMedia, match="a video, not a picture"):
        take_still(clip, to=tmp_path / "out.png")
    frame = cv2.imdecode(np.frombuffer(take_frame(clip), np.uint8), cv2.IMREAD_COLOR)
    assert frame.shape == (90, 160, 3)
    assert near(np.asarray(frame)[80, 150], (0, 0, 254))


def test_nobody_waits_for_a_pipe(tmp_path: Path):
    with pytest.raises(BadMedia):
        take_still(tmp_path, to=tmp_path / "out.png")
    with pytest.raises(BadMedia):
        take_still(tmp_path / "nothing", to=tmp_path / "out.png")
