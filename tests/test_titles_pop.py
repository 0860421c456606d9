"""Words that pop."""

from __future__ import annotations

from pathlib import Path

from pipeline.storyboard import Line
from tests.titled import SCRIPTS, board_of, boxes_of, frames_of, laid, sung, words_in


def test_words_come_in_small_groups_at_their_times(tmp_path: Path) -> None:
    events = laid(board_of(sung("Hold me closer to the light", 1, 7), titles="pop"), tmp_path)
    assert words_in(events) == ["HOLD", "ME", "CLOSER", "TO", "THE", "LIGHT"]
    starts = [event.split(",")[1] for event in events if event.startswith("Dialogue: 1,")]
    assert starts[:3] == ["0:00:01.00", "0:00:02.00", "0:00:03.00"]
    ends = [event.split(",")[2] for event in events if event.startswith("Dialogue: 1,")]
    assert 2 <= len(set(ends)) <= 3


def test_words_are_large_and_spring(tmp_path: Path) -> None:
    board = board_of(Line("Go", 1, 2), titles="pop")
    boxes = boxes_of(frames_of(board, tmp_path, size=(360, 640), rate=50))
    heights = [box[3] - box[1] for box in boxes if box]
    assert heights[0] < 0.85 * heights[15]
    assert max(heights[:8]) > 1.03 * heights[15]
    assert heights[15] > 0.05 * 640
    assert "\\t(" in laid(board, tmp_path)[0]


def test_one_word_of_every_second_group_has_a_colour_of_the_film(tmp_path: Path) -> None:
    events = laid(board_of(sung("one two. three four. five six.", 1, 7), titles="pop"), tmp_path)
    coloured = [e for e in events if e.startswith("Dialogue: 1,") and "\\1c&HFFFFFF&" not in e]
    assert len(coloured) == 1


def test_capitals_only_where_they_change_no_meaning(tmp_path: Path) -> None:
    for text, drawn in (
        ("stra\u00dfe", "stra\u00dfe"),
        ("\u0131\u015f\u0131k i\u00e7in", "\u0131\u015f\u0131k"),
        ("\u03b1\u03b3\u03ac\u03c0\u03b7", "\u03b1\u03b3\u03ac\u03c0\u03b7"),
        ("\u043b\u044e\u0431\u043e\u0432\u044c", "\u041b\u042e\u0411\u041e\u0412\u042c"),
    ):
        assert words_in(laid(board_of(Line(text, 1, 3), titles="pop"), tmp_path))[0] == drawn


def test_words_of_thai_come_apart(tmp_path: Path) -> None:
    assert len(words_in(laid(board_of(Line(SCRIPTS["Thai"], 1, 9), titles="pop"), tmp_path))) > 6
