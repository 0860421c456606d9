"""Rows: where they break, how they balance, in which order words stand."""

from __future__ import annotations

import pytest

from pipeline.titles.faces import faces_for
from pipeline.titles.rows import Unit, fitting, parted, reads_from_right, row_of, units_of, width_of
from tests.titled import SCRIPTS


def units(text: str) -> tuple[Unit, ...]:
    return units_of(text, faces_for("plain", [text]))


def texts(parts: list[tuple[Unit, ...]]) -> list[str]:
    return ["".join(unit.text + (" " if unit.space else "") for unit in part).strip() for part in parts]


def test_a_line_is_broken_near_its_middle_and_after_a_comma() -> None:
    assert texts(parted(units("We were never meant to fade away, my darling"), 2)) == [
        "We were never meant to",
        "fade away, my darling",
    ]
    assert texts(parted(units("Stay with me, never let me go"), 2)) == ["Stay with me,", "never let me go"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_letter_is_lost_or_doubled(script: str) -> None:
    text = SCRIPTS[script].replace("\ufe0f", "")
    whole = fitting(units(text), 6.0, faces_for("plain", [text]))
    assert "".join(unit.text for unit in whole) == text.replace(" ", "")
    assert all(unit.advance <= 6.0 for unit in whole)
    assert [unit.text for part in parted(whole, 3) for unit in part] == [unit.text for unit in whole]
    assert all(text[unit.first : unit.last] == unit.text for unit in whole)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SCRIPTS["Korean"], ["너를", "사랑해", "오늘도", "내일도", "영원히"]),
        (SCRIPTS["Japanese"], ["君の", "名前を、", "ずっと", "呼んでいた", "「夜明け」", "まで。"]),
        ("\u0e09\u0e31\u0e19\u0e23\u0e31\u0e01\u0e40\u0e18\u0e2d", ["ฉัน", "รัก", "เธอ"]),
        ("don\u2019t stop\u2014now", ["don\u2019t", "stop", "\u2014", "now"]),
    ],
)
def test_words_hold_together_where_none_are_written_apart(text: str, words: list[str]) -> None:
    assert [unit.text for unit in units(text)] == words


def test_words_from_right_to_left_stand_in_that_order() -> None:
    hebrew = units(SCRIPTS["Hebrew"])
    assert reads_from_right(hebrew)
    row = row_of(hebrew, rtl=True)
    assert [unit.text for unit in row.units] == [unit.text for unit in reversed(hebrew)]
    assert row.width == pytest.approx(width_of(hebrew))


def test_latin_words_inside_arabic_keep_their_own_order() -> None:
    row = row_of(units(SCRIPTS["both ways"]), rtl=True)
    seen = [unit.text for unit in row.units]
    assert seen.index("Hello") < seen.index("my") < seen.index("friend")
    assert seen[-1] == "قال"
    assert seen[0] == "2024!"


def test_hebrew_words_inside_a_latin_line_turn_round() -> None:
    row = row_of(units("they say שלום עולם to me"), rtl=False)
    assert [unit.text for unit in row.units] == ["they", "say", "עולם", "שלום", "to", "me"]


def test_signs_of_a_word_from_the_right_stand_on_its_left() -> None:
    runs = units("(תמיד)!")[0].runs
    assert "".join(run.text for run in runs).startswith(("!", "("))
    assert runs[-1].text != "!"


def test_neighbours_in_one_font_are_drawn_as_one() -> None:
    row = row_of(units("Carry me home"), rtl=False)
    assert [run.text for run, _ in row.stretches()] == ["Carry me home"]
    assert row.stretches()[0][0].advance == pytest.approx(row.width)
    assert len(row_of(units(SCRIPTS["Hebrew"]), rtl=True).stretches()) > 3
