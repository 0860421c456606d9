"""Texts made harmless."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as some

from pipeline.titles.wording import LETTERS_MOST, MARKS_MOST, inert


@given(some.text())
def test_nothing_stays_that_could_be_an_order(text: str) -> None:
    safe = inert(text)
    assert not set("{}\\\r\n\t") & set(safe)
    assert all(unicodedata.category(sign) not in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") for sign in safe)
    assert safe == " ".join(safe.split())
    assert len(safe) <= LETTERS_MOST
    assert inert(safe) == safe


def test_words_stay_as_they_are() -> None:
    assert inert("  Don\u2019t   stop\u2014now ") == "Don\u2019t stop\u2014now"
    assert inert("cafe\u0301") == "caf\u00e9"
    assert inert(r"{\fs500}a\Nb") == "(/fs500)a/Nb"


def test_joiners_stay_and_marks_that_are_stacked_go() -> None:
    assert inert("\u0645\u06cc\u200c\u062e") == "\u0645\u06cc\u200c\u062e"
    stacked = inert("h" + "\u0489\u0316\u0317\u0318\u0319" * 4 + "i")
    assert sum(unicodedata.category(sign) in ("Mn", "Me") for sign in stacked) <= MARKS_MOST
