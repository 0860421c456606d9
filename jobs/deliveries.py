"""The outbox: what a job has to say reaches its chat, once, through the front end that took the clip in.

The front end's process runs `Deliveries`; the worker never holds a chat token. One delivery is one message: a
placeholder is sent once and remembered, shows how the work stands, and becomes the result by an edit, which may be
repeated without harm.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from jobs.job import Outcome, Progress, ReplyTo, Request, State

#: "result" carries the first film, "take-2" ... the further films of the same job, each in a message of its own
What = Literal["result", "take-2", "take-3", "take-4", "song", "stems", "midi", "sheet", "file"]


class Gone(Exception):
    """Nothing can be delivered there any more: blocked, deleted, kicked. An end, not a fault."""


class Moved(Exception):
    """The chat has another id now; `reply_to` turns an old address into the new one."""

    def __init__(self, chat: str, reply_to: Callable[[ReplyTo], ReplyTo]) -> None:
        super().__init__(chat)
        self.chat = chat
        self.reply_to = reply_to


class Later(Exception):
    """The network says when to come back."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"in {seconds:.0f} s")
        self.seconds = seconds


class Refused(Exception):
    """The network took the call and said no for good: certainly nothing was posted by it."""


class TooLarge(Exception):
    """The film is larger than the place takes, whatever we had been told; a link goes in its stead."""


@dataclass(frozen=True)
class Status:
    """How a job stands, for a person to see."""

    job: str
    state: State
    place: int | None = None  #: in the queue, 1 is next; None when it is not waiting
    left_s: float | None = None  #: estimated seconds to the end
    progress: Progress | None = None
    takes: int = 1


@dataclass(frozen=True)
class Parcel:
    """What is handed over in one message."""

    delivery: str  #: its id, the nonce where the network takes one
    job: str
    what: What
    reply_to: ReplyTo
    message: str | None  #: the placeholder, where there is one
    request: Request
    outcome: Outcome
    file: Callable[[str], AbstractAsyncContextManager[Path]]  #: a blob as a local file, by its key
    link: str | None = None  #: to the film, where it is too large for the place


class Messenger(Protocol):
    """A chat network, as far as deliveries go. Raises Gone, Moved, Later, Refused, TooLarge; all else is tried again.

    `reply_to` may come back changed: an address may learn something, such as the id of a message.
    """

    front: str

    async def open(self, delivery: str, reply_to: ReplyTo, status: Status) -> tuple[str, ReplyTo]:
        """Send the placeholder; return its id."""
        ...

    async def show(self, message: str, reply_to: ReplyTo, status: Status) -> None:
        """Edit the placeholder. Never waits for a rate limit: when it is not the time, it raises Later."""
        ...

    async def hand_over(self, parcel: Parcel) -> ReplyTo:
        """Turn the placeholder into what the job has to say. May be called again after it has worked."""
        ...

    async def withdraw(self, message: str, reply_to: ReplyTo) -> None:
        """Take the placeholder away: there is nothing to say."""
        ...

    def text(self, reply_to: ReplyTo, status: Status) -> str:
        """Return what `open` and `show` would say, so that the same is not said twice."""
        ...
