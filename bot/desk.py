"""The desk: takes a request in and answers a press; the same for every front end, in neutral values.

A front end turns what its network says into Person, Place, Asked and Press, and turns a Reply into a message with
buttons. Limits, rights, keeping the upload, and the one transaction are here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jobs.deliveries import Status
from jobs.job import ReplyTo, Request
from storage.blobs import Blobs
from storage.records import Caps, Records

#: what a button asks for; packed as "action:job:value" in at most 64 bytes
Action = Literal[
    "take",  # another take: the next seed
    "mood",  # no value: show the moods; a value: score again in that mood
    "length",  # prompt length, the same way: simple, brief, long
    "tempo",  # "up" or "down": score again, 12 % faster or slower
    "song", "stems", "midi", "sheet",  # only the music, in parts or as notes; the cue sheet
    "file",  # as a file in full quality
    "rate",  # no value: ask the four questions; "fitness=4": an answer
    "sound",  # the clip has sound: keep, replace, leave
    "cancel",
    "back",  # show the buttons of the result again
]  # fmt: skip


@dataclass(frozen=True)
class Press:
    """A pressed button."""

    action: Action
    job: str
    value: str = ""

    def pack(self) -> str:
        return ":".join((self.action, self.job, self.value)).rstrip(":")

    @classmethod
    def unpack(cls, data: str) -> Press:
        """Raises pipeline.errors.Refused for what is no button of ours."""
        ...


@dataclass(frozen=True)
class Person:
    id: str  #: "telegram:42"
    language: str = "en"  #: what their client says; their own choice in the records stands above it
    admin: bool = False  #: may change the chat's settings and cancel in it; asked of the network each time


@dataclass(frozen=True)
class Asked:
    """A clip that somebody wants scored."""

    source: str  #: "telegram:-100123:77": the same source makes one job only
    person: Person
    reply_to: ReplyTo
    request: Request
    fetch: Callable[[Path], Awaitable[None]]  #: writes the clip to a file; raises UserError
    size: int | None = None  #: bytes, as the network says
    auto: bool = False  #: nobody asked: auto-score. Nothing is said before the result is there
    update: tuple[str, str] | None = None  #: the update to be done with in the same transaction


@dataclass(frozen=True)
class Button:
    label: str
    press: Press
    style: Literal["plain", "primary", "danger"] = "plain"


@dataclass(frozen=True)
class Reply:
    """What to say to a press or a command."""

    text: str = ""  #: a message, or the toast of a press
    buttons: tuple[tuple[Button, ...], ...] | None = None  #: rows that replace those under the message
    alert: bool = False  #: a toast that has to be closed: something was refused
    form: Literal["rate"] | None = None  #: where the network has forms, show this one instead


@dataclass(frozen=True)
class ChatSettings:
    """What a chat's admins chose; words of people are kept short and plain."""

    autoscore: Literal["off", "on", "silent-only"] = "off"
    style: str = ""
    mood: str = ""
    takes: int = 1
    language: str = ""


class Desk:
    """What every front end stands on."""

    def __init__(self, records: Records, blobs: Blobs, *, caps: Caps, ring: Callable[[], Awaitable[None]]) -> None:
        """`ring` wakes the dispatcher; that it fails is no fault, since the dispatcher looks by itself."""
        ...

    async def submit(self, asked: Asked) -> str:
        """Keep the upload and write job, delivery and update in one transaction; return the job's id.

        Raises UserError: too large, too many waiting (with an honest wait), nothing left behind.
        """
        ...

    async def press(self, person: Person, press: Press, reply_to: ReplyTo) -> Reply:
        """Do what a button says, if it is this person's to press.

        That is the job's owner, or an admin where the job is a channel's.

        What it makes (another take, the stems) arrives through the outbox at `reply_to`.
        """
        ...

    async def cancel(self, person: Person, *, job: str | None = None, chat: str | None = None) -> Reply:
        """Cancel one job, or all of this person's in the chat. Admins may cancel anybody's in their chat."""
        ...

    async def queue(self, person: Person, chat: str) -> Reply:
        """Say how this person's jobs in this chat stand, and how long the queue is."""
        ...

    async def takes(self, person: Person, chat: str) -> Reply:
        """List the last films of this person in this chat, with buttons."""
        ...

    async def status(self, job: str) -> Status | None: ...

    async def settings(self, chat: str) -> ChatSettings: ...

    async def set_settings(self, person: Person, chat: str, settings: ChatSettings) -> Reply:
        """Admins only; others are told so."""
        ...

    async def rate(self, person: Person, job: str, answers: dict[str, int]) -> Reply:
        """Keep answers to the study's four questions (richness, fitness, humanness, fondness; 1-5)."""
        ...

    async def means(self, person: Person) -> Reply:
        """Print the means per configuration like the paper's Table 1, for the owner of the bot."""
        ...

    async def language(self, person: Person, language: str = "") -> str:
        """Return the language to speak with this person; with `language`, keep their choice first."""
        ...

    async def forget(self, person: Person) -> Reply:
        """Remove everything of a person: records, blobs, uploads; jobs at work are stopped."""
        ...
