# ruff: noqa: RUF001 - letters of many alphabets are what this file is about
"""Words and their syllables: what a line is sung in.

A word is what a karaoke sweep lights at once: in most scripts what stands between spaces, in Chinese and Japanese a
character. Syllables are counted well enough to share out time, not well enough for a dictionary.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import pyphen

#: frequent words that tell Latin-written languages apart
_TELLTALES = {
    "en": "the and you of to in is it me my that i your we for on be don't with all so love are this was",
    "es": "que de la el en y se no un una los mi por con es tu lo te me soy para como del las yo más",
    "fr": "je le la les de et un une tu que pas dans mon ma est pour ce qui nous vous des sur moi du c'est",
    "de": "ich du und der die das nicht ist ein eine mein mir mich wir es in zu dich sie so den wie auf",
    "it": "che di non il la e un una mi per sono con ti lo se gli io tu nel della più ma questo come",
    "pt": "que de não o a e eu um uma você meu minha para com se do da em te mais os por na só tu",
    "nl": "ik je de het een en van niet in is dat mijn we zo maar voor met jij op wat er te aan",
    "pl": "nie i w na to się że ja ty mnie jest do z jak tak co mi już o mój czy ale",
    "sv": "jag och du det att en är inte som på mig dig vi för med i ett så han min kan",
}
_VOWELS = frozenset("aeiouyæœøıаеёиоуыэюяіїєαεηιουωἀաեէըիոօუაეიო")
_ROMANCE = ("es", "it", "pt")  # where i and u beside a strong vowel are no syllable of their own
_LATIN_PARTS = {"en": "en_US", "de": "de_DE", "it": "it_IT", "pt": "pt_PT", "nl": "nl_NL", "pl": "pl_PL"}

_NUCLEUS = re.compile(r"[iuü]?[aeoáéóàèòâêôãõ](?:[iuüy](?![aeoáéóíú]))?|[íú]|[iuüy]+")
_GERMAN = re.compile(r"ei|ai|au|eu|äu|ie|aa|ee|oo|[aeiouyäöü]")
_SILENT_EN = re.compile(r"(?<=[^aeiouy])e$|(?<=[^aeiouytd])ed$|(?<=[^aeiouyscxzgh])es$")
_SILENT_FR = re.compile(r"(?<=[^aeiouyéè])es?$")
_SMALL_KANA = frozenset("ゃゅょぁぃぅぇぉャュョァィゥェォ")
_ABJADS = ("ARABIC", "HEBREW", "SYRIAC")
_UNSPACED = ("THAI", "LAO", "KHMER", "MYANMAR")
_VIRAMA = 9  # the combining class of the sign that takes a consonant's vowel away
_PER_CONSONANT = {"abjad": 0.5, "unspaced": 0.6}  # syllables: short vowels are not written, clusters share one


def is_ideograph(char: str) -> bool:
    """Tell whether a character is sung by itself: Chinese characters and Japanese syllables."""
    code = ord(char)
    return 0x3041 <= code <= 0x30FF or 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0x20000 <= code < 0x40000


def split_words(text: str) -> tuple[str, ...]:
    """Return the sung words, each as it stands in the text but without the signs around it, in order."""
    words: list[str] = []
    for token in text.split():
        words += [word for piece in _pieces(token) if (word := _bare(piece))]
    return tuple(words)


def _pieces(token: str) -> list[str]:
    """Split between ideographs; small kana and combining marks stay with what they belong to."""
    pieces, alone = [""], False
    for char in token:
        belongs = char in _SMALL_KANA or char == "ー" or unicodedata.category(char)[0] == "M"
        ideograph = is_ideograph(char)
        if pieces[-1] and not belongs and (ideograph or alone):
            pieces.append("")
        pieces[-1] += char
        alone = ideograph or (belongs and alone)
    return pieces


def _bare(word: str) -> str:
    sung = [at for at, char in enumerate(word) if unicodedata.category(char)[0] in "LNM" and char != "\ufe0f"]
    if not any(unicodedata.category(word[at])[0] in "LN" for at in sung):
        return ""
    return word[sung[0] : sung[-1] + 1]


def guess_language(text: str) -> str:
    """Return the two letters of the language that Latin or Cyrillic text is probably in; "" when it says nothing."""
    words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", text.lower().replace("’", "'"))
    if sum("\u0400" <= char <= "\u04ff" for char in text) > len(text) / 3:
        return "uk" if re.search("[іїєґ]", text.lower()) else "ru"
    hits = {language: sum(word in telltales for word in words) for language, telltales in _telltales().items()}
    best = max(hits, key=lambda language: hits[language])
    return best if hits[best] else ""


@lru_cache(maxsize=1)
def _telltales() -> dict[str, frozenset[str]]:
    return {language: frozenset(words.split()) for language, words in _TELLTALES.items()}


def count_syllables(text: str, language: str = "") -> int:
    """Return how many syllables are sung in a word or line; at least one for each word, 0 where there is none."""
    return sum(_in_word(word.lower(), language) for word in split_words(text))


@lru_cache(maxsize=4096)
def _in_word(word: str, language: str) -> int:
    whole, shares, run = 0, 0.0, ""
    for char in word:
        if unicodedata.category(char)[0] == "M":
            run += char if run else ""
            whole -= unicodedata.combining(char) == _VIRAMA
            continue
        script = unicodedata.name(char, "").split(" ")[0]
        if script in ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "GEORGIAN") or char in "'’":
            run += char
        elif script in _ABJADS:
            shares += _PER_CONSONANT["abjad"]
        elif script in _UNSPACED:
            shares += _PER_CONSONANT["unspaced"] * (unicodedata.category(char) == "Lo")
        elif char not in _SMALL_KANA and char != "ー" and unicodedata.category(char)[0] in "LN":
            whole += 1
    parts = _hyphenated(run, language) if run else ()
    nuclei = sum(_nuclei(part, language) for part in parts)
    return max(1, whole + round(shares + 0.01) + (max(1, nuclei) if run else 0))


def _hyphenated(word: str, language: str) -> tuple[str, ...]:
    """Split a word where it may be hyphenated: some-thing hides its silent e."""
    code = _LATIN_PARTS.get(language, language)
    if not code or code not in pyphen.LANGUAGES or language in _ROMANCE:
        return (word,)
    return tuple(_hyphenator(code).inserted(word, hyphen="\n").split("\n"))


@lru_cache(maxsize=4)
def _hyphenator(code: str) -> pyphen.Pyphen:
    return pyphen.Pyphen(lang=code, left=2, right=2)


def _nuclei(part: str, language: str) -> int:
    if language in _ROMANCE:
        spoken = re.sub(r"(?<=[qg])u(?=[eiéí])|y(?=[aeiouáéíóú])", "-", re.sub(r"y$", "i", part))
        return len(_NUCLEUS.findall(spoken))
    if language == "de":
        return len(_GERMAN.findall(part))
    if language in ("ru", "uk"):
        return sum(char in _VOWELS for char in part)
    silent = {"en": _SILENT_EN, "": _SILENT_EN, "fr": _SILENT_FR}.get(language)
    spoken = _unaccented(silent.sub("", part)) if silent else _unaccented(part)
    return _vowel_groups(spoken) or _vowel_groups(_unaccented(part))


def _unaccented(part: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFD", part) if unicodedata.category(char) != "Mn")


def _vowel_groups(part: str) -> int:
    return sum(char in _VOWELS and (at == 0 or part[at - 1] not in _VOWELS) for at, char in enumerate(part))
