"""The sung line."""

from __future__ import annotations

from pathlib import Path

from tests.titled import board_of, boxes_of, frames_of, laid, sung, words_in


def test_rows_are_drawn_whole_and_low_in_the_picture(tmp_path: Path) -> None:
    board = board_of(sung("Hold me closer to the morning light", 1, 3))
    assert words_in(laid(board, tmp_path)) == ["Hold me closer to", "the morning light"]
    box = boxes_of(frames_of(board, tmp_path, size=(360, 640)))[8]
    assert box
    assert box[3] > 0.62 * 640


def test_a_line_fades_and_goes(tmp_path: Path) -> None:
    frames = frames_of(board_of(sung("Carry me home", 1, 2)), tmp_path, size=(180, 320), rate=25)
    light = frames.max(axis=(1, 2)).astype(int)
    assert not light[:25].any()
    assert 60 < light[25] < light[30] == 255
    assert not light[-3:].any()


def test_two_voices_stand_above_each_other(tmp_path: Path) -> None:
    frames = frames_of(
        board_of(sung("first voice", 1, 5), sung("second voice", 2, 4)), tmp_path, size=(180, 320), rate=2
    )
    alone, both = boxes_of(frames)[3], boxes_of(frames)[6]
    assert alone
    assert both
    assert both[3] == alone[3]
    assert both[1] < alone[1] - 15
