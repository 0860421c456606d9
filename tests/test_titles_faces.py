"""Fonts: which one draws what, and whether all that is said of them is so."""

from __future__ import annotations

import pytest

from pipeline.titles.faces import FONTS, MOODS, faces_for, family, font_file, metrics, shaped
from tests.titled import SCRIPTS

ALL = sorted(path.stem for path in FONTS.iterdir() if path.suffix in (".ttf", ".otf"))


def test_every_font_is_asked_and_is_there() -> None:
    asked = {face for mood in MOODS for face in faces_for(mood, ["a"])} | set(MOODS)
    assert asked == set(ALL)


@pytest.mark.parametrize("face", ALL)
def test_a_font_is_small_free_and_has_a_size(face: str) -> None:
    data = font_file(face).read_bytes()
    assert len(data) < 4_000_000
    assert family(face).encode("utf-16-be") in data
    assert "SIL Open Font".encode("utf-16-be") in data
    assert 0.9 < metrics(face).height < 2.6


def test_all_fonts_together_stay_light() -> None:
    assert sum(font_file(face).stat().st_size for face in ALL) < 13_500_000
    assert "SIL OPEN FONT LICENSE" in (FONTS / "OFL.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.parametrize("script", SCRIPTS)
def test_every_letter_of_every_script_has_a_font(mood: str, script: str) -> None:
    text = SCRIPTS[script].replace("\ufe0f", "")
    runs = shaped(text, faces_for(mood, [text]))
    assert "".join(run.text for run in runs) == text
    assert all(run.advance > 0 for run in runs)


@pytest.mark.parametrize(
    ("codec", "first", "last"),
    [("gb2312", 0xB0, 0xF7), ("euc_jp", 0xB0, 0xF4), ("big5", 0xA4, 0xC6), ("euc_kr", 0xB0, 0xC8)],
)
def test_common_characters_of_east_asia_are_there(codec: str, first: int, last: int) -> None:
    pairs = (bytes([high, low]) for high in range(first, last + 1) for low in range(0xA1, 0xFF))
    text = "".join(sign for pair in pairs if len(sign := pair.decode(codec, "ignore")) == 1 and sign.isalpha())
    runs = shaped(text, faces_for("plain", [text]))
    assert len("".join(run.text for run in runs)) == len(text) > 2000


def test_what_no_font_has_is_left_out() -> None:
    faces = faces_for("plain", ["a"])
    assert [run.text for run in shaped("a\U00013000\U000e0041b", faces)] == ["ab"]
    assert shaped("\U00013000", faces) == ()


def test_a_face_that_lacks_a_letter_is_not_used_at_all() -> None:
    assert faces_for("condensed", ["Carry me"])[0] == "condensed"
    assert faces_for("condensed", ["Carry me", "\u03b1\u03b3\u03ac\u03c0\u03b7"])[0] == "plain"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("\u541b\u306e\u540d", "japanese"),
        ("\ub108\ub97c \u611b", "korean"),
        ("讓愛飛翔", "traditional"),
        ("让爱飞翔", "simplified"),
    ],
)
def test_han_is_drawn_as_in_the_language_of_the_song(text: str, first: str) -> None:
    faces = faces_for("plain", [text])
    assert next(face for face in faces if face in ("japanese", "korean", "traditional", "simplified")) == first


def test_arabic_letters_join() -> None:
    joined = shaped("\u0628\u0628\u0628", ("arabic",))[0].advance
    assert joined < 0.9 * 3 * shaped("\u0628", ("arabic",))[0].advance


def test_a_measured_text_is_as_wide_as_its_ink_says() -> None:
    run = shaped("Hamburg", ("plain",))[0]
    assert 3 < run.advance < 5
    assert run.ink.right == pytest.approx(run.advance, abs=0.15)
    assert -0.9 < run.ink.top < -0.6
    assert 0.1 < run.ink.bottom < 0.3
