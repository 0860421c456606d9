"""What a front end hands to the desk, in neutral values: a person, a request, what a chat has chosen."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from jobs.job import Beside, ReplyTo, Request
from pipeline.cuesheet import STYLES, Brief
from pipeline.spotting.wishes import MOOD_WORDS, understand

WORDS_MOST = 1000  # characters of a wish: more than any prompt writer reads

Fetch = Callable[[Path], Awaitable[None]]
Autoscore = Literal["off", "on", "silent-only"]


@dataclass(frozen=True)
class Person:
    id: str  #: "telegram:42"
    language: str = "en"  #: what their client says; their own choice in the records stands above it
    admin: bool = False  #: may change the chat's settings and cancel in it; asked of the network each time


@dataclass(frozen=True)
class Asked:
    """A clip that somebody wants scored, or a track that wants its pictures."""

    source: str  #: "telegram:-100123:77": the same source makes one job only
    person: Person
    reply_to: ReplyTo
    request: Request
    fetch: Fetch  #: writes the clip or track to a file; raises UserError
    size: int | None = None  #: bytes, as the network says
    auto: bool = False  #: nobody asked: auto-score. Nothing is said before the result is there
    update: tuple[str, str] | None = None  #: the update to be done with in the same transaction
    beside: Mapping[Beside, Fetch] = field(default_factory=dict)  #: what came with it, such as a picture to show


@dataclass(frozen=True)
class ChatSettings:
    """What a chat's admins chose; words of people are kept short and plain."""

    autoscore: Autoscore = "off"
    style: str = ""
    mood: str = ""
    takes: int = 1
    language: str = ""


def brief_of(words: str, settings: ChatSettings | None = None) -> Brief:
    """Turn a person's words and the chat's settings into a brief; what the words say stands above the settings.

    A style that is none of the eight is handed on as a wish, where the spotting session reads it.
    """
    settings = settings or ChatSettings()
    wish = words.strip()[:WORDS_MOST]
    said = understand(Brief(wish=wish))
    style = next((style for style in STYLES if style == settings.style.lower()), None)
    if settings.style and style is None and said.brief.style is None:
        wish = f"{wish}. {settings.style}".lstrip(". ")
    chosen = style if said.brief.style is None else None
    return Brief(wish=wish, style=chosen, mood=settings.mood if said.mood is None else "")


def composer_in(words: str) -> tuple[str, str]:
    """Return the composer that the words name, such as "composer:musicgen:small", or "", and the words without it."""
    found = _COMPOSER.search(words)
    if found is None:
        return "", words
    return found[1].lower(), " ".join((words[: found.start()] + " " + words[found.end() :]).split())


def named_composer(composer: str, words: str) -> str:
    """Return words that name a composer, as `composer_in` reads them; a name that is none becomes no other word."""
    name = "".join(sign for sign in composer if sign not in " \t\r\n")[:60]
    return f"composer:{name} {words}".strip() if name else words


def without_moods(wish: str) -> str:
    """Take the mood words out of a wish: somebody has asked for another mood than they first wrote."""
    bare = _MOODS_SAID.sub("", wish)
    return " ".join(_LEFT_OVER.sub("", bare).split()).strip(" ,;.")


_MOODS_SAID = re.compile(rf"(?<![\w-])(?:{'|'.join(MOOD_WORDS)})(?![\w-])", re.IGNORECASE)
_COMPOSER = re.compile(r"(?<!\S)(?:composer[:=]|(?:--|\u2014|\u2013)composer[\s:=]+)([\w.+:-]{1,60})", re.IGNORECASE)
#: an "and" or a comma that now joins nothing
_LEFT_OVER = re.compile(r"^[\s,;.]*(?:(?:and|but|or|&)\b[\s,;.]*)+|\s*(?:,|\b(?:and|but|or)\b|&)\s*(?=[,;.]|$)", re.I)
