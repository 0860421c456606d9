"""Words and syllables, in the scripts that people sing in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.singing.syllables import count_syllables, guess_language, split_words


@pytest.mark.parametrize(
    ("language", "counted"),
    [
        (
            "en",
            "love 1 baby 2 again 2 beautiful 3 something 2 lonely 2 wanted 2 loved 1 suffocating 4 tonight 2 being 2",
        ),
        (
            "es",
            "fantasma 3 atraviesa 4 tristeza 3 extraña 3 alimenta 4 día 2 corazón 3 poeta 3 ciudad 2 queja 2 ayer 2",
        ),
        ("de", "ich 1 träume 2 Himmel 2 über 2 schauen 2 Augenblick 3 Freiheit 2 Liebe 2"),
        ("fr", "amour 2 toujours 2 belle 1 jamais 2 étoile 2 rêve 1"),
        ("ru", "помню 2 чудное 3 мгновенье 3"),
        ("", "月 1 きゃ 1 사랑해 3 नमस्ते 3 αγαπώ 3 1999 4"),
    ],
)
def test_syllables_are_counted(language: str, counted: str):
    words = counted.split()
    wrong = [
        (word, count_syllables(word, language), int(count))
        for word, count in zip(words[::2], words[1::2], strict=True)
        if count_syllables(word, language) != int(count)
    ]
    assert not wrong


def test_words_are_split_as_they_are_sung():
    assert split_words("Hello, (world)! don't -- ooh-ooh ❤️ 1999") == ("Hello", "world", "don't", "ooh-ooh", "1999")
    assert split_words("你好,世界") == ("你", "好", "世", "界")
    assert split_words("きゃっと サビー") == ("きゃ", "っ", "と", "サ", "ビー")
    assert split_words("שָׁלוֹם, עולם!") == ("שָׁלוֹם", "עולם")
    assert split_words("... ♪ — ❤️") == ()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I can see for the first time", "en"),
        ("la tristeza es muy extraña", "es"),
        ("ich liebe dich nicht mehr", "de"),
        ("je ne regrette pas les jours", "fr"),
        ("Я помню чудное мгновенье", "ru"),
        ("月亮代表我的心", ""),
    ],
)
def test_languages_are_guessed(text: str, language: str):
    assert guess_language(text) == language


@given(st.text(max_size=60))
def test_every_word_stands_in_its_text_and_has_a_syllable(text: str):
    at = 0
    for word in split_words(text):
        at = text.index(word, at) + len(word)
        assert count_syllables(word, guess_language(text)) >= 1
