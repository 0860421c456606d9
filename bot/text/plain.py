"""The cure for text that is not ours."""

from __future__ import annotations

import unicodedata


def plain(words: object) -> str:
    """Show what cannot be seen: control characters, right-to-left overrides and stray bytes become escapes.

    For everything that came from a person or out of a file; what is left cannot move the cursor or reorder a line.
    """
    return "".join(letter if _is_plain(letter) else _escape(letter) for letter in str(words))


def _is_plain(letter: str) -> bool:
    return letter in "\u200c\u200d" or unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")
