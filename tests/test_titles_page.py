"""Phrases set on the page."""

from __future__ import annotations

import pytest

from pipeline.titles.faces import faces_for
from pipeline.titles.page import Page, placed, room, set_rows
from pipeline.titles.rows import fitting, units_of
from pipeline.titles.safe import safe_area

FACES = faces_for("plain", ["a"])
PAGE = Page(1080, 1920, safe_area((1080, 1920)), FACES, ("#ffd166",), 75.0)


@pytest.mark.parametrize("text", ["short", "a line that needs to be broken in two", "W" * 40, "it goes on and on " * 3])
def test_rows_fit_the_page(text: str) -> None:
    units = fitting(units_of(text.strip(), FACES), room(PAGE, PAGE.em, 2)[0], FACES)
    rows, em = set_rows(units, PAGE, em=PAGE.em)
    setting = placed(rows, PAGE, em=em, at=PAGE.safe.bottom, hang=1.0)
    assert len(rows) <= 2
    assert em <= PAGE.em
    assert setting.bottom == pytest.approx(PAGE.safe.bottom)
    for unit, left, _ in setting.places():
        assert left + unit.ink.left * em >= PAGE.safe.left - 1e-6
        assert left + unit.ink.right * em <= PAGE.safe.right + 1e-6


def test_a_row_stands_in_the_middle_of_the_picture() -> None:
    rows, em = set_rows(units_of("Carry me home", FACES), PAGE, em=PAGE.em)
    setting = placed(rows, PAGE, em=em, at=900, hang=0.5)
    assert setting.lefts[0] + rows[0].width * em / 2 == pytest.approx(540)
    assert (setting.top + setting.bottom) / 2 == pytest.approx(900)


def test_what_would_stand_too_high_is_moved_down() -> None:
    rows, em = set_rows(units_of("Carry me home", FACES), PAGE, em=PAGE.em)
    assert placed(rows, PAGE, em=em, at=0, hang=1.0).top == pytest.approx(PAGE.safe.top)


def test_stacked_letters_of_two_rows_do_not_touch() -> None:
    text = "\u0e17\u0e35\u0e48\u0e19\u0e35\u0e48 \u0e1c\u0e39\u0e49\u0e43\u0e2b\u0e0d\u0e48 " * 3
    rows, em = set_rows(units_of(text.strip(), FACES), PAGE, em=PAGE.em)
    setting = placed(rows, PAGE, em=em, at=900, hang=0.5)
    assert len(rows) == 2
    assert setting.bases[0] + rows[0].ink.bottom * em < setting.bases[1] + rows[1].ink.top * em
