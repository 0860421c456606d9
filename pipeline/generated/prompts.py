"""What a model of music is told: a cue's direction in words, without what must not sound.

Such models read no negation: "no drums" brings drums. What is ruled out goes into a field of its own, for engines that
have one, and every clause that names it leaves the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.cuesheet import Cue
from pipeline.orchestra.exclusions import WORDS
from pipeline.writers.rules import COVERS

#: words of music that a client may rule out
_NAMES = sorted({*COVERS, *WORDS} - {"pad", "lead", "key", "effect", "tom", "electric", "acoustic", "electronic"})
_NAME = rf"(?:\w+ )?(?:{'|'.join(_NAMES)})(?:s|es)?\b"
_OR = r"\s*(?:,|/|\bor\b|\band\b|&)\s*(?:no\s+|any\s+)?"
#: "no drums, bass or vocals", "without any piano"
_DENIED = re.compile(rf",?\s*\b(?:with no|no|without)\s+(?:any\s+)?({_NAME}(?:{_OR}{_NAME})*)", re.IGNORECASE)
_NO = re.compile(r"^\s*(?:(?:with no|no|without|any)\s+)*", re.IGNORECASE)
_BETWEEN = re.compile(r"(\s*[,;:]\s+|\s+and\s+)", re.IGNORECASE)
_SENTENCES = re.compile(r"(?<=[.!?])\s+")
_LEAST_WORDS = 3  # that a direction must be left with to be one


@dataclass(frozen=True)
class Prompt:
    """The words, and what must not sound."""

    text: str
    exclude: tuple[str, ...]


def write_prompt(cue: Cue, exclude: Sequence[str] = ()) -> Prompt:
    """Write what a text-driven engine is told of a cue; `exclude` are the wishes beside the cue's own."""
    denied = [name for match in _DENIED.finditer(cue.prompt) for name in re.split(_OR, match[1])]
    wishes = [_NO.sub("", wish).strip() for wish in (*exclude, *cue.exclude, *denied)]
    out = tuple(dict.fromkeys(wish for wish in wishes if wish))
    barred = _barred(out)
    text = _without(_DENIED.sub("", cue.prompt), barred)
    if len(text.split()) < _LEAST_WORDS:
        text = f"{cue.mood} {cue.style} music"
    players = [name for name in cue.instruments if name.lower() not in text.lower() and not barred.search(name)]
    said = [*players, *_figures(cue), *([] if "instrumental" in text.lower() else ["instrumental"])]
    return Prompt(f"{text.rstrip(' .,;:')}. {', '.join(said)}.", out)


def _figures(cue: Cue) -> Iterator[str]:
    """Tempo, key and meter as the captions have them that such models were trained on."""
    yield f"{cue.tempo:.0f} BPM"
    yield cue.key
    if cue.meter != "4/4":
        yield f"{cue.meter} time"


def _barred(exclude: Sequence[str]) -> re.Pattern[str]:
    """Return what finds a name of something that must not sound; a wish of unknown words stands for itself."""
    names = []
    for wish in exclude:
        words = [_singular(word) for word in re.findall(r"[a-z]+", wish.lower())]
        known = [name for word in words for name in (word, *COVERS.get(word, ())) if word in COVERS or word in WORDS]
        names += known or [wish.lower()]
    anyone = "|".join(re.escape(_singular(name.strip())) for name in dict.fromkeys(names))
    return re.compile(rf"\b(?:{anyone})(?:s|es|ming|mers?|ists?)?\b" if anyone else r"(?!)", re.IGNORECASE)


def _singular(word: str) -> str:
    return word if word in ("bass", "brass") else word.removesuffix("s")


def _without(text: str, barred: re.Pattern[str]) -> str:
    """Leave out each part of a sentence that names what is barred, and each sentence of which nothing is left."""
    sentences = []
    for sentence in _SENTENCES.split(text.strip()):
        parts = _BETWEEN.split(sentence)  # part, what stands between, part, ...
        kept = [(before, part) for before, part in zip(["", *parts[1::2]], parts[::2], strict=True) if part.strip()]
        kept = [(before, part) for before, part in kept if not barred.search(part)]
        left = "".join(f"{before if number else ''}{part}" for number, (before, part) in enumerate(kept)).strip()
        if left.strip(" .!?,;:"):
            sentences.append(left if left[-1] in ".!?" else f"{left}.")
    return " ".join(sentences)
