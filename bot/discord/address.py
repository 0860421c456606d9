"""Where on Discord an answer goes; the rest of the program carries it without looking inside."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from discord.utils import DEFAULT_FILE_SIZE_LIMIT_BYTES
from pydantic import TypeAdapter

from jobs.job import ReplyTo

FRONT = "discord"

#: a token lives for 15 minutes (https://docs.discord.com/developers/interactions/receiving-and-responding); what is
#: uploaded with it has to be there by then
TOKEN_S = 14 * 60.0


@dataclass(frozen=True)
class Address:
    """A channel and, for a while, the token of the interaction that asked."""

    channel: int
    user: int
    application: int
    guild: int | None = None
    token: str | None = field(default=None, repr=False)  #: lets its holder write as the bot: never logged
    token_until: float = 0.0
    message: int | None = None  #: what was sent with the token and can be edited with it
    limit: int = DEFAULT_FILE_SIZE_LIMIT_BYTES  #: bytes that the interaction allows
    present: bool = True  #: whether the bot itself is there; else the token is the only way in
    auto: bool = False  #: nobody asked, so nobody is written to in private
    clip: int | None = None  #: the message that holds the clip, to answer to

    @classmethod
    def of(cls, reply_to: ReplyTo) -> Address:
        return _ADDRESS.validate_python(reply_to.address)

    def on(self, reply_to: ReplyTo) -> ReplyTo:
        """Return the reply address with this place in it."""
        return replace(reply_to, address=_ADDRESS.dump_python(self, mode="json"))

    def alive(self, now: float) -> bool:
        return self.token is not None and now < self.token_until

    def spent(self) -> Address:
        """Return it without the token, which is a secret and kept only while it is of use."""
        return replace(self, token=None, token_until=0.0)

    def private(self, channel: int) -> Address:
        """Return the address of a conversation with the person instead."""
        return Address(channel, self.user, self.application)


_ADDRESS: TypeAdapter[Address] = TypeAdapter(Address)


def named(number: int) -> str:
    """Return the id that the records know a person or a chat by."""
    return f"{FRONT}:{number}"
