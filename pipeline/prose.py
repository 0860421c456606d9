"""What a model has written, made into plain English prose: no links, no names, no quotations, no signs but its own."""

from __future__ import annotations

import re
import unicodedata

from pipeline.imagery.lexicon import find_tongues
from pipeline.imagery.prompts import clean

LATIN_LEAST = 0.8  # of the letters: text-driven engines read English
WORD_MOST = 24  # letters of a word; longer ones are keys, codes or noise

#: names that are no person's: instruments, peoples, places and times that a direction may well speak of
_COMMON = frozenset(
    re.findall(
        r"\w+",
        """african afro alpine american andean arabic asian balkan baltic baroque brazilian british bulgarian caribbean
        celtic chinese cuban dorian eastern egyptian english ethiopian european fender flamenco french gaelic german
        gregorian greek hammond hawaiian hungarian iberian indian irish italian japanese javanese jewish korean latin
        locrian lydian mediterranean mellotron mexican mixolydian mongolian moog nordic oriental parisian persian
        phrygian polish portuguese renaissance rhodes romani romantic russian scandinavian scottish slavic spanish
        swedish tibetan turkish victorian viennese welsh western wurlitzer
        a b c d e f g i ii iii iv bb eb ab db gb bpm edm dj fm tv uk us""",
    )
)
_BETWEEN = re.compile(r"(?<=[.!?])\s+")
_NOT_PROSE = re.compile(r"[^A-Za-z0-9 ,.;:!?'()/%&#-]+|(?<![A-G])#")
_MARKS = re.compile(r"[\"`*_\u00ab\u00b4\u00bb\u201c-\u201f\u2039\u203a]+|(?<!\w)'|'(?!\w)")
_APOSTROPHES = dict.fromkeys((0x2018, 0x2019, 0x201A, 0x201B), "'")
_LINKED = re.compile(r"@|\w\.\w{2,}/|\w\.(?:com|net|org|io|ai|dev|app|example|xyz|ru|cn)\b|\.(?:exe|sh|py|js)\b", re.I)
_IMITATED = re.compile(
    r"\b(?:style|manner|spirit|vein) of\b|\b(?:[Ii]nspired|composed|performed|produced|sung) by\b|"
    r"\b[Rr]eminiscent of\b|\b[Ss]ounds? like [A-Z]|\b[A-Z]\w+-(?:like|esque|style|inspired)\b|"
    r"\bsoundtrack (?:of|from|to)\b"
)
_NAME = re.compile(r"(?<=[\w,;'-] )[A-Z][\w'-]*")
_LONG = re.compile(rf"\S{{{WORD_MOST + 1},}}")


def plain(text: str, most: int) -> str:
    """Return the sentences of a text that are plain prose and name nobody, within so many characters."""
    if not _is_latin(text[: 4 * most]):
        return ""
    flat = unicodedata.normalize("NFKC", clean(text, 2 * most)).translate(_APOSTROPHES)
    kept = (_written(sentence) for sentence in _BETWEEN.split(_MARKS.sub("", flat)) if _is_plain(sentence))
    whole = " ".join(sentence for sentence in kept if any(sign.isalnum() for sign in sentence))
    return clean(whole, most)


def is_english(text: str, *, fewest: int) -> bool:
    """Whether an engine can read it: words enough, and in English as far as can be told."""
    return len(text.split()) >= fewest and _is_latin(text) and "en" in find_tongues(text)


def _is_latin(text: str) -> bool:
    letters = [sign for sign in text if sign.isalpha()]
    return sum(sign.isascii() for sign in letters) >= LATIN_LEAST * len(letters)


def _is_plain(sentence: str) -> bool:
    if _LINKED.search(sentence) or _IMITATED.search(sentence) or _LONG.search(sentence):
        return False
    names = (found[0].lower().split("'")[0] for found in _NAME.finditer(sentence))
    return all(part in _COMMON for name in names for part in name.split("-")[:1])


def _written(sentence: str) -> str:
    """Letters without accents, and no signs that prose does not have."""
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", sentence) if not unicodedata.combining(sign))
    return " ".join(_NOT_PROSE.sub(" ", bare).split())
