"""When titles stand: with the singing, long enough, in one of two places."""

from __future__ import annotations

from itertools import pairwise

import pytest

from pipeline.storyboard import Line, Word
from pipeline.titles.faces import faces_for
from pipeline.titles.slots import FLICKER_S, Slot, in_turn, one_by_one, phrases_of, sung

FACES = faces_for("plain", ["a"])


def slots(*lines: Line, most: float = 30.0) -> list[Slot]:
    return one_by_one(phrases_of(lines, FACES, width=15, most=most))


def words(slot: Slot) -> str:
    return " ".join(unit.text for unit in slot.phrase.units)


def test_a_line_stays_until_the_next_and_then_a_little() -> None:
    first, second = slots(Line("one line", 1, 3), Line("another one", 4, 6))
    assert (first.start, first.end) == (1, 4)
    assert second.start == 4
    assert 6 < second.end < 7.5
    assert first.place == second.place == 0


def test_a_second_voice_stands_in_the_second_place() -> None:
    first, second, last = slots(Line("long note", 1, 9), Line("answer", 3, 6), Line("end", 9, 10))
    assert (first.place, second.place, last.place) == (0, 1, 0)
    assert first.end == 9
    assert second.end <= 9


def test_lines_that_nobody_could_read_are_left_out() -> None:
    shown = slots(*(Line(f"line {i}", i * 0.05, i * 0.05 + 0.05) for i in range(100)))
    assert 10 < len(shown) < 60
    assert all(slot.end - slot.start >= FLICKER_S - 1e-9 for slot in shown)
    for place in (0, 1):
        ordered = [slot for slot in shown if slot.place == place]
        assert all(a.end <= b.start + 1e-9 for a, b in pairwise(ordered))


def test_lines_of_no_length_are_seen() -> None:
    shown = slots(Line("one", 3, 3), Line("two", 3, 3), Line("three", 8, 8))
    assert [words(slot) for slot in shown] == ["one", "two", "three"]
    assert {slot.place for slot in shown[:2]} == {0, 1}
    assert all(slot.end > slot.start + 0.3 for slot in shown)


def test_a_long_line_goes_on_in_a_second_title() -> None:
    line = Line("first we take one half, and then we take the other half", 2, 8)
    shown = slots(line, most=16)
    assert len(shown) == 2
    assert words(shown[0]) == "first we take one half,"
    assert shown[0].start == 2
    assert shown[0].end == shown[1].start
    assert 3.5 < shown[1].start < 5.5


def test_words_are_sung_when_they_are_timed() -> None:
    line = Line("Hello, my world!", 1, 9, (Word("hello", 1, 2), Word("my", 4, 5), Word("world", 7, 8)))
    clock = sung(line, line.text)
    assert [clock(0), clock(5), clock(7), clock(9), clock(10)] == pytest.approx([1, 2, 4, 5, 7], abs=0.01)


def test_words_that_are_other_words_are_not_believed() -> None:
    line = Line("one two three", 0, 3, (Word("uno", 0, 1), Word("dos", 1, 2), Word("tres", 2, 3)))
    clock = sung(line, line.text)
    assert 0.5 < clock(4) < 1.3


def test_an_untimed_line_is_not_dragged_over_its_whole_length() -> None:
    assert sung(Line("oh yes", 2, 60), "oh yes")(6) < 5


def test_karaoke_takes_turns_and_shows_the_next_line_early() -> None:
    lines = [Line(f"this is line {i}", 5.0 + 3 * i, 7.8 + 3 * i) for i in range(4)]
    shown = in_turn(phrases_of(lines, FACES, width=15, most=30))
    assert [slot.place for slot in shown] == [0, 1, 0, 1]
    assert all(slot.start < slot.phrase.start < slot.end for slot in shown)
    assert shown[2].start >= shown[0].end
    assert shown[1].start < shown[0].end
