"""The card with the song's name."""

from __future__ import annotations

from pathlib import Path

from tests.titled import board_of, boxes_of, frames_of, laid, sung, words_in


def test_title_stands_above_artist_in_the_middle(tmp_path: Path) -> None:
    board = board_of(sung("la la la", 6, 8), title="Paper Boats", artist="The Quiet Harbour")
    assert words_in(laid(board, tmp_path))[:5] == ["Paper", "Boats", "The", "Quiet", "Harbour"]
    box = boxes_of(frames_of(board, tmp_path, size=(360, 640)))[10]
    assert box
    assert abs((box[0] + box[2]) / 2 - 180) < 4
    assert 0.25 * 640 < box[1] < box[3] < 0.55 * 640


def test_a_song_without_a_name_has_no_card(tmp_path: Path) -> None:
    assert words_in(laid(board_of(sung("la la la", 6, 8), artist="Us"), tmp_path)) == ["la la la"]


def test_a_story_in_the_tag_is_cut(tmp_path: Path) -> None:
    board = board_of(sung("la la la", 6, 8), title="once upon a time " * 60)
    assert len(" ".join(words_in(laid(board, tmp_path)))) < 120
