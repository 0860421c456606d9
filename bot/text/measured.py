"""Times and lengths as people are told them, and texts cut to the length that a network allows."""

from __future__ import annotations

import math

from bot.text.languages import speak

CAPTION_MOST = 1024  # UTF-16 units: https://core.telegram.org/bots/api#sendvideo


def mark(sentence: str) -> str:
    """Mark a sentence that is said later, so that the test of the languages finds it."""
    return sentence


def about(seconds: float, language: str) -> str:
    """Say a time as people do, rounded up so that it is rather early than late."""
    say = speak(language)
    if seconds < 50:
        tens = max(10, 10 * math.ceil(seconds / 10))
        return say("about {count} s", count=tens)
    if seconds < 90 * 60:
        return say("about {count} min", count=math.ceil(seconds / 60))
    return say.many("about {count} hour", "about {count} hours", math.ceil(seconds / 3600))


def clock(seconds: float) -> str:
    whole = int(seconds + 0.5)
    return f"{whole // 60}:{whole % 60:02d}"


def units(text: str) -> int:
    """Count UTF-16 units: what Telegram and JavaScript call the length of a text."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def clipped(text: str, most: int) -> str:
    """Cut a text to `most` UTF-16 units, between letters, with an ellipsis."""
    if units(text) <= most:
        return text
    while text and units(text) >= most:
        text = text[:-1]
    return text.rstrip() + "…"
