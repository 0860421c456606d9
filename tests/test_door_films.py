"""Strangers' films at the door: what comes out is a plain MP4 of ours, or their own packets, or a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.door.ffmpeg import bench
from pipeline.door.films import copy_turn, take_film
from pipeline.door.slate import Motionless, Slate, read_slate
from pipeline.errors import BadMedia, OverLimit
from tests.media import MEDIA, ffmpeg, needs_media
from tests.test_door_ffmpeg import children

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def clip(path: Path, *options: str, source: str = "testsrc2=s=96x64:r=12:d=2") -> Path:
    ffmpeg("-f", "lavfi", "-i", source, "-f", "lavfi", "-i", "sine=d=2", *X264, "-bf", "0", *options, path)
    return path


def slate(film: Path) -> Slate:
    with bench(film.parent) as place, film.open("rb") as file:
        return read_slate(file, "mov", place=place, pixels=10**8, frames=10**6)


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "ts", "avi"])
def test_it_becomes_a_plain_film(tmp_path: Path, suffix: str) -> None:
    film = take_film(clip(tmp_path / f"in.{suffix}"), to=tmp_path / "film.mp4")
    told = slate(film)
    assert (told.picture.codec, told.pixel_format, told.sound) == ("h264", "yuv420p", False)
    assert told.shown_size == (96, 64)
    assert len(told.picture.packets) == 24
    slack = 1 / 12 if suffix == "avi" else 0.0  # which does not say when H.264 is shown
    assert told.duration == pytest.approx(2.0, abs=0.001 + slack)
    assert {path.name for path in tmp_path.iterdir()} == {f"in.{suffix}", "film.mp4"}


def test_packets_stand_in_the_order_in_which_they_are_shown(tmp_path: Path) -> None:
    packets = slate(take_film(clip(tmp_path / "in.mp4", "-bf", "3"), to=tmp_path / "film.mp4")).picture.packets
    assert [packet.time for packet in packets] == sorted(packet.time for packet in packets)


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"longest": 48}, (48, 32)),
        ({"cover": (24, 48)}, (72, 48)),
        ({"cover": (192, 64)}, (96, 64)),  # never enlarged
        ({"bottom_crop_percent": 50}, (96, 32)),
        ({"bottom_crop_percent": 90, "longest": 48}, (48, 2)),
    ],
)
def test_it_is_as_large_as_is_wanted(tmp_path: Path, options: dict[str, int], size: tuple[int, int]) -> None:
    film = take_film(clip(tmp_path / "in.mp4"), to=tmp_path / "film.mp4", **options)  # type: ignore[arg-type]
    assert slate(film).shown_size == size


def test_pixels_become_square(tmp_path: Path) -> None:
    film = take_film(clip(tmp_path / "in.mp4", "-vf", "setsar=2"), to=tmp_path / "film.mp4")
    told = slate(film)
    assert told.shown_size == (192, 64)
    assert told.picture.shape == 1


def test_no_more_is_taken_than_is_wanted(tmp_path: Path) -> None:
    source = clip(tmp_path / "in.mp4")
    assert slate(take_film(source, to=tmp_path / "short.mp4", until=0.5)).duration == pytest.approx(0.5, abs=0.01)
    slow = clip(tmp_path / "slow.mp4", source="testsrc2=s=96x64:r=1:d=4")
    assert slate(take_film(slow, to=tmp_path / "kept.mp4", until=0.5)).duration == pytest.approx(4.0)  # one is no film


def test_a_single_picture_does_not_move(tmp_path: Path) -> None:
    source = clip(tmp_path / "in.mp4", "-frames:v", "1", "-an")
    for take in (take_film, copy_turn):
        with pytest.raises(Motionless):
            take(source, to=tmp_path / "film.mp4")
    assert not (tmp_path / "film.mp4").exists()


def test_only_sound_is_no_film(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", tmp_path / "in.m4a")
    with pytest.raises(BadMedia, match="only sound") as told:
        take_film(tmp_path / "in.m4a", to=tmp_path / "film.mp4")
    assert "picture or a clip" in told.value.hint


def test_too_much_of_it_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    source = clip(tmp_path / "in.mp4")
    with pytest.raises(OverLimit, match="at most 1 s"):
        take_film(source, to=tmp_path / "film.mp4", seconds=1.0)


@pytest.mark.parametrize(
    ("options", "whether"),
    [
        ((), True),
        (("-bf", "3", "-preset", "medium"), False),
        (("-pix_fmt", "yuv444p"), False),
        (("-vf", "setsar=2"), False),
        (("-c:v", "mpeg4"), False),
    ],
)
def test_packets_are_taken_where_every_player_shows_them(
    tmp_path: Path, options: tuple[str, ...], whether: bool
) -> None:
    source = clip(tmp_path / "in.mp4", *options)
    assert copy_turn(source, to=tmp_path / "turn.mp4") is whether
    assert (tmp_path / "turn.mp4").exists() is whether
    if whether:
        assert [packet.checksum for packet in slate(tmp_path / "turn.mp4").picture.packets] == [
            packet.checksum for packet in slate(source).picture.packets
        ]
        assert not slate(tmp_path / "turn.mp4").sound


def test_packets_that_are_too_large_are_not_taken(tmp_path: Path) -> None:
    assert not copy_turn(clip(tmp_path / "in.mp4"), to=tmp_path / "turn.mp4", longest=64)


def test_what_is_cut_away_by_the_client_is_not_shown(tmp_path: Path) -> None:
    """An edit list that begins later hides packets, which a copy would show."""
    clip(tmp_path / "in.mp4", "-g", "24")
    ffmpeg("-ss", "0.5", "-i", tmp_path / "in.mp4", "-c", "copy", tmp_path / "cut.mp4")
    assert not copy_turn(tmp_path / "cut.mp4", to=tmp_path / "turn.mp4")
    assert slate(take_film(tmp_path / "cut.mp4", to=tmp_path / "film.mp4")).duration == pytest.approx(1.5, abs=0.05)


@needs_media
@pytest.mark.parametrize(
    "path", sorted((MEDIA / "hostile").glob("*.*")) if MEDIA.is_dir() else [], ids=lambda path: path.name
)
def test_hostile_films_are_films_or_sentences(path: Path, tmp_path: Path) -> None:
    before, film = children(), tmp_path / "film.mp4"
    try:
        take_film(path, to=film, longest=64, until=1.0)
    except (BadMedia, OverLimit) as error:
        assert not film.exists()
        assert error.hint  # noqa: PT017 - it may as well be read
    else:
        assert slate(film).picture.codec == "h264"
    assert children() == before
    assert not list(tmp_path.glob(".bench-*"))
