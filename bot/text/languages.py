"""The languages that people are spoken to in: English as it stands in the source, the others in locales/*.po.

The catalogues are read at run time, once each and only when somebody speaks that language; there is nothing to compile.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from babel.messages.pofile import read_po

#: what a person may choose, by the name that they would look for
LANGUAGES = {"en": "English", "de": "Deutsch"}
SOURCE = "en"


def known(language: str | None) -> str:
    """Return the language that is spoken for a client's tag, such as "de-AT"; English where it is none of ours."""
    first = re.split(r"[-_]", (language or "").strip().lower(), maxsplit=1)[0]
    return first if first in LANGUAGES else SOURCE


@dataclass(frozen=True)
class Catalogue:
    """One language's sentences, by the English ones."""

    single: dict[str, str] = field(default_factory=dict)
    plural: dict[str, tuple[str, ...]] = field(default_factory=dict)
    form: Callable[[int], int] = field(default=lambda count: int(count != 1))
    #: sentences that other rooms made with their figures filled in: (what it looks like, how it is said)
    filled: tuple[tuple[re.Pattern[str], str], ...] = ()


@cache
def catalogue(language: str) -> Catalogue:
    if language == SOURCE or language not in LANGUAGES:
        return Catalogue()
    with files("bot.text").joinpath("locales", f"{language}.po").open("rb") as source:
        read = read_po(source, locale=language, abort_invalid=True)
    single, plural = {}, {}
    for message in read:
        if message.fuzzy or not message.id:
            continue
        if isinstance(message.id, str):
            single[message.id] = str(message.string)
        else:
            plural[str(message.id[0])] = tuple(str(form) for form in message.string or ())
    shaped = sorted((english for english in single if "{1}" in english), key=len, reverse=True)  # the exacter first
    filled = tuple((_shape(english), single[english]) for english in shaped)
    return Catalogue(single, plural, gettext.c2py(str(read.plural_expr)), filled)


def _shape(english: str) -> re.Pattern[str]:
    """Return what a sentence looks like when something stands for {1}, {2}, ...

    A colon stands only in a value that ends it: another sentence may hold this one, after a colon, as its reason.
    """
    pieces = re.split(r"\{(\d)\}", english)
    parts = []
    for index, piece in enumerate(pieces):
        ends = index == len(pieces) - 2 and any(pieces[:index:2])
        value = "." if ends else "(?:(?!: ).)"
        parts.append(f"(?P<p{piece}>{value}+?)" if index % 2 else re.escape(piece))
    return re.compile("".join(parts), re.DOTALL)


@dataclass(frozen=True)
class Speech:
    """Says English sentences in a person's language; values are put in after the translation."""

    language: str

    def say(self, sentence: str, /, **values: object) -> str:
        said = catalogue(self.language).single.get(sentence) or sentence
        return said.format(**values) if values else said

    __call__ = say

    def many(self, one: str, more: str, count: int, /, **values: object) -> str:
        """Say it of `count` things, which the sentences may call {count}."""
        book = catalogue(self.language)
        forms = book.plural.get(one) or (one, more)
        return forms[min(book.form(count), len(forms) - 1)].format(count=count, **values)

    def again(self, sentence: str) -> str:
        """Say a sentence that another room has made, with its figures in it, in this language if it is known."""
        book = catalogue(self.language)
        if said := book.single.get(sentence):
            return said
        for shape, said in book.filled:
            if found := shape.fullmatch(sentence):
                return re.sub(r"\{(\d)\}", lambda place, found=found: self._put(found[f"p{place[1]}"]), said)  # type: ignore[misc]
        return sentence

    def _put(self, value: str) -> str:
        """Say what stands in a sentence: a figure as it is, a reason or a word of ours in the same language."""
        return self.again(value) if value.endswith(".") else catalogue(self.language).single.get(value, value)


def speak(language: str | None) -> Speech:
    return Speech(known(language))
