"""What a take shows: paintings under the camera, clips from their beginning, pulses on both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.screen import shown
from pipeline.screen.planes import Frame, Projector
from pipeline.screen.reel import Reel
from pipeline.screen.shown import Album, Filmed, Painted
from pipeline.screen.takes import find_takes
from tests.shoots import blobs, make_board, number_clip, put

SIZE = (96, 64)


def painted(folder: Path, move: str) -> Painted:
    take = find_takes(make_board([0, 2], moves=[move]).shots, rate=24, frames=48)[0]  # type: ignore[list-item]
    sheets = Album(SIZE).sheets("p1", put(folder, "p1", blobs((116, 78), 1)))
    return Painted(take, sheets, Projector(SIZE), 24, SIZE)


def test_a_camera_that_stands_draws_the_same_and_one_that_moves_does_not(tmp_path: Path) -> None:
    one, other = Frame(SIZE), Frame(SIZE)
    for move, same in (("hold", True), ("push", False)):
        take = painted(tmp_path, move)
        take.show(0, 0.0, one)
        one.luma[0, 0] ^= 255  # whoever draws on the frame does not spoil the next one
        take.show(24, 0.0, other)
        one.luma[0, 0] ^= 255
        assert (one.bytes == other.bytes).all() == same


def test_a_pulse_brings_the_picture_nearer_and_lets_it_go(tmp_path: Path) -> None:
    take, frames = painted(tmp_path, "hold"), [Frame(SIZE) for _ in range(3)]
    for frame, pulse in zip(frames, (0.0, 1.0, 0.0), strict=True):
        take.show(0, pulse, frame)
    assert (frames[0].bytes != frames[1].bytes).any()
    assert (frames[0].bytes == frames[2].bytes).all()


def test_a_clip_starts_where_its_shot_is_first_seen(tmp_path: Path) -> None:
    clip = number_clip(tmp_path / "clip.mp4", frames=24, rate=24)
    board = make_board([0, 1, 2], transitions=["crossfade"], transition_s=0.5)
    take = find_takes(board.shots, rate=24, frames=48)[1]
    frame = Frame(SIZE)
    with Reel(clip.file, size=SIZE, loop="plain", place=tmp_path) as reel:
        filmed = Filmed(take, reel, 24, SIZE)
        for number in (take.first, take.first + 7):
            filmed.show(number, 0.5, frame)
            assert round((float(frame.luma.mean()) - 20) / 6) == number - take.first


def test_an_album_reads_each_picture_once_and_keeps_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paintings = {name: put(tmp_path, name, blobs((116, 78), seed)) for seed, name in enumerate(("a", "b", "c"))}
    album = Album(SIZE)
    first = album.sheets("a", paintings["a"])
    assert album.sheets("a", paintings["a"]) is first
    monkeypatch.setattr(shown, "ALBUM_BYTES", 2 * sum(sheet.nbytes for sheet in first))
    for name in ("b", "c"):
        album.sheets(name, paintings[name])
    assert list(album._kept) == ["b", "c"]
    again = album.sheets("a", paintings["a"])
    assert again is not first
    assert np.array_equal(again[0].luma, first[0].luma)


def falling(folder: Path, number: int) -> Painted:
    """A camera that stands before a picture in which something falls, in one of two shots of it."""
    board = make_board([0, 2, 4], moves=["hold"])
    take = find_takes(board.shots, rate=24, frames=96)[number]
    air = np.zeros((78, 116, 4), np.uint8)
    air[40:44] = 255
    painting = put(folder, "p1", blobs((116, 78), 1), air, drifts={1: (0.0, 0.1)})
    return Painted(take, Album(SIZE).sheets("p1", painting), Projector(SIZE), 24, SIZE)


def test_what_drifts_moves_while_the_camera_stands_and_is_elsewhere_in_the_next_shot(tmp_path: Path) -> None:
    frames = [Frame(SIZE) for _ in range(3)]
    take = falling(tmp_path, 0)
    for at, frame in zip((0, 12, 0), frames, strict=True):
        take.show(at, 0.0, frame)
    rows = [int(frame.luma.mean(axis=1).argmax()) for frame in frames]
    assert (rows[1] - rows[0]) % SIZE[1] == pytest.approx(0.1 * 12 / 24 * SIZE[1] * 1.06, abs=1)
    assert (frames[0].bytes == frames[2].bytes).all()
    falling(tmp_path, 1).show(48, 0.0, frames[1])
    assert (frames[0].luma != frames[1].luma).mean() > 0.05
