"""What a front end turns into its network's buttons and messages, and what a pressed button means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from jobs.job import ALPHABET
from pipeline.errors import Refused

#: what a button asks for; packed as "action:job:value" in at most 64 bytes
Action = Literal[
    "take",  # another take: the next seed
    "mood",  # no value: show the moods; a value: score again in that mood
    "length",  # prompt length, the same way: simple, brief, long
    "composer",  # no value: show who may play; a value: its number among them
    "tempo",  # "up" or "down": score again, 12 % faster or slower
    "song", "stems", "midi", "sheet",  # only the music, in parts or as notes; the cue sheet
    "file",  # as a file in full quality
    "rate",  # no value: ask the four questions; "fitness=4": an answer; "fitness": say that question in full
    "sound",  # the clip has sound: keep, replace, leave
    "go",  # a music video, as it was shown: make it
    "change",  # show what can be changed about it
    "board",  # another storyboard
    "look", "titles", "shape",
    "words",  # ask for other words or lyrics: in a form, or as an answer to the message
    "shift",  # the lyrics: "earlier" or "later"
    "cancel",
    "back",  # show the buttons of the result again
]  # fmt: skip

MOST_BYTES = 64  # https://core.telegram.org/bots/api#inlinekeyboardbutton: callback_data, 1-64 bytes

GONE_STALE = "That button is not known here (any more)."
GONE_STALE_HINT = "Send the clip again to get fresh ones."

_PACKED = re.compile(rf"(?P<action>[a-z]+):(?P<job>[{ALPHABET}]{{12}})(?::(?P<value>[a-z0-9=@-]{{1,32}}))?")


@dataclass(frozen=True)
class Press:
    """A pressed button. A value ends in "@2" where it is about the second film of a job."""

    action: Action
    job: str
    value: str = ""

    def pack(self) -> str:
        return ":".join((self.action, self.job, self.value)).rstrip(":")

    @classmethod
    def unpack(cls, data: str) -> Press:
        """Raises pipeline.errors.Refused for what is no button of ours."""
        found = _PACKED.fullmatch(data) if len(data) <= MOST_BYTES else None
        if found is None or found["action"] not in get_args(Action):
            raise Refused(GONE_STALE, hint=GONE_STALE_HINT)
        return cls(cast("Action", found["action"]), found["job"], found["value"] or "")

    @property
    def choice(self) -> str:
        """The value without the take's number."""
        return self.value.partition("@")[0]

    @property
    def take(self) -> int:
        """Which of the job's films it is about, from 1."""
        number = self.value.partition("@")[2]
        return int(number) if number.isdigit() and number != "0" else 1


@dataclass(frozen=True)
class Button:
    label: str
    press: Press
    style: Literal["plain", "primary", "danger"] = "plain"


Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True)
class Reply:
    """What to say to a press or a command."""

    text: str = ""  #: a message, or the toast of a press
    buttons: Rows | None = None  #: rows that replace those under the message
    alert: bool = False  #: a toast that has to be closed: something was refused
    form: Literal["rate", "words"] | None = None  #: where the network has forms, show this one instead
    filled: Mapping[str, str] = field(default_factory=dict)  #: what stands in the form already
