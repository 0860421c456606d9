"""The words of a title with nothing in them that a subtitle file could take for an order."""

from __future__ import annotations

import unicodedata

LETTERS_MOST = 4000  # characters of one title: a line that is longer goes on after the film has ended
MARKS_MOST = 3  # marks on one letter: Thai and Vietnamese have two, pointed Hebrew three; more is a prank

#: braces and backslashes are how ASS is told things; their neighbours look enough like them
_HARMLESS = str.maketrans({"{": "(", "}": ")", "\\": "/", "\u00ad": "", "\u2028": " ", "\u2029": " "})
_JOINERS = "\u200c\u200d"  # they decide how Persian, Hindi and emoji letters join


def inert(text: str) -> str:
    """Return a text as one line of visible characters, spaces and joiners."""
    text = " ".join(unicodedata.normalize("NFC", text[: 2 * LETTERS_MOST].translate(_HARMLESS)).split())
    return " ".join(_sober("".join(filter(_shown, text)))[:LETTERS_MOST].split())


def _shown(sign: str) -> bool:
    """Whether a character is one to be drawn: no control, no selector, nothing private."""
    if "\ufe00" <= sign <= "\ufe0f":
        return False
    return sign in _JOINERS or unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def _sober(text: str) -> str:
    """Take off the marks that are stacked too high."""
    kept, high = [], 0
    for sign in text:
        high = high + 1 if unicodedata.category(sign) in ("Mn", "Me") else 0
        if high <= MARKS_MOST:
            kept.append(sign)
    return "".join(kept)
