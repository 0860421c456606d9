"""How the film's cast looks: what its words say, the rest by chance; the same in every picture of one style sheet."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.painter.canvas import Colour
from pipeline.painter.palette import from_hex
from pipeline.storyboard import Figure, StyleSheet

Wear = Literal["coat", "dress", "jacket", "backpack", "umbrella"]

# the colours that clothes are said to have, in English, German, French and Spanish
_COLOURS = {
    "d3262b": r"red|rot(?:e[nrms]?)?|rouge|rojo|roja",
    "a4122e": "crimson|scarlet|burgundy|dunkelrot",
    "f2871f": "orange",
    "f6c51d": r"yellow|mustard|gelb(?:e[nrms]?)?|jaune|amarill[oa]",
    "d9a62e": r"gold|golden|goldene[nrms]?",
    "2f9e4f": r"green|grün(?:e[nrms]?)?|vert|verte|verde",
    "6b7a2f": "olive|khaki",
    "1fa6a0": "teal|turquoise|türkis",
    "2c6fd1": r"blue|blau(?:e[nrms]?)?|bleue?|azul",
    "25407f": "navy|denim|indigo|dunkelblau",
    "7d4bc4": r"purple|violet|lila|lavender",
    "ef7fae": "pink|rosa",
    "f1efe8": r"white|weiß(?:e[nrms]?)?|blanche?|blanc[oa]|cream|ivory",
    "a9adb3": r"silver|gr[ae]y|grau(?:e[nrms]?)?",
    "7b5233": r"brown|braun(?:e[nrms]?)?|leather",
    "d8c39a": "beige|tan|camel",
    "17171b": r"black|schwarz(?:e[nrms]?)?|noire?|negr[oa]",
}
_WEARS: dict[Wear, str] = {
    "coat": r"(?:rain|over|trench)?-?coats?|cloaks?|capes?|robes?|\w*mantel|manteau|abrigo|poncho",
    "dress": r"dress(?:es)?|gowns?|skirts?|\w*kleid|robe|vestido|rock",
    "jacket": r"jackets?|hoodies?|sweaters?|shirts?|suits?|jumpers?|parkas?|anoraks?|uniforms?|\w*jacke|\w*hemd|veste",
    "backpack": r"backpacks?|rucksack|knapsacks?|bags?",
    "umbrella": r"umbrellas?|\w*schirm|parapluie|paraguas",
}
_NO_CLOTH = r"(?:hair|haired|eyes?|eyed|beard|skin|skinned|braids?|ponytail|haare?n?|augen|cheveux|yeux|pelo|ojos)\b"
_WOMEN = r"\b(?:woman|girl|lady|she|her|mother|queen|princess|witch|nurse|frau|mädchen|femme|fille|mujer|niña)\b"
_MEN = r"\b(?:man|boy|guy|he|his|father|king|prince|wizard|cowboy|monk|mann|junge|homme|garçon|hombre|niño)\b"


@dataclass(frozen=True)
class Wardrobe:
    """What is held through a film."""

    seed: int  #: of what nobody has said
    worn: Wear | None = None
    colour: Colour | None = None  #: that the words name; without one clothes are part of the silhouette
    woman: bool | None = None

    @property
    def chance(self) -> np.random.Generator:
        """The same chance from its beginning, in every picture."""
        return np.random.default_rng(self.seed)


def wardrobe(style: StyleSheet, figure: Figure) -> Wardrobe:
    """Return how a figure looks in all pictures of a style sheet; only the cast has what the cast's words say."""
    seed = zlib.crc32(f"{figure} {style.cast or style!r}".encode())
    if style.figure not in (figure, "none"):
        return Wardrobe(seed)
    words = style.cast.lower()
    woman, man = (re.search(who, words) for who in (_WOMEN, _MEN))
    worn, colour = _clothes(words)
    return Wardrobe(seed, worn, colour, bool(woman) if bool(woman) != bool(man) else None)


def _clothes(words: str) -> tuple[Wear | None, Colour | None]:
    """Return the first garment that has a colour, else the first of each; hair and eyes are no clothes."""
    named = [
        (match.start(), match.end(), from_hex(tone))
        for tone, said in _COLOURS.items()
        for match in re.finditer(rf"\b(?:{said})\b(?!(?:[\s-]+\w+)?[\s-]+{_NO_CLOTH})", words)
    ]
    named.sort(key=lambda found: found[0])
    for _, end, colour in named:
        for worn, said in _WEARS.items():
            if re.match(rf"(?:[\s,-]+[\w-]+)?[\s,-]+(?:{said})\b", words[end:]):
                return worn, colour
    wears = [(match.start(), worn) for worn, said in _WEARS.items() if (match := re.search(rf"\b(?:{said})\b", words))]
    return (min(wears)[1] if wears else None), (named[0][2] if named else None)
