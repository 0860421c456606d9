"""What Discord's refusals mean for a delivery."""

from __future__ import annotations

import discord

from jobs.deliveries import Gone, Later, Refused, TooLarge

# https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
GONE = frozenset(
    {
        10003,  # unknown channel
        10004,  # unknown guild
        10008,  # unknown message: somebody deleted it
        10013,  # unknown user
        50001,  # missing access
        50007,  # this person takes no messages from us
        50013,  # missing permissions
        50278,  # no server in common with this person
    }
)
LAPSED = frozenset(
    {
        10015,  # unknown webhook
        10062,  # unknown interaction
        50027,  # invalid webhook token
    }
)
TOO_LARGE = 40005  # request entity too large
LATER_S = 30.0  # where Discord does not say when to come back


class Revoked(Exception):
    """The bot's token is no longer taken: nothing works until somebody sets another one."""


def is_lapsed(error: discord.HTTPException) -> bool:
    """Whether the interaction's token has died, of age or because the app was removed."""
    return error.code in LAPSED or error.status == 401


def is_closed(error: Exception) -> bool:
    """Whether this place is closed to us, while another may be open."""
    return isinstance(error, discord.HTTPException) and error.code in GONE


def meaning(error: discord.HTTPException | discord.RateLimited, *, wait_s: float = 0.0) -> Exception:
    """Return what the refusal means; `wait_s` is how long Discord wants to be left alone."""
    if isinstance(error, discord.RateLimited):
        return Later(error.retry_after)
    if error.status == 429:
        return Later(wait_s or LATER_S)
    if error.status == 413 or error.code == TOO_LARGE:
        return TooLarge(f"{error.status} {error.code}")
    if error.code in GONE:
        return Gone(f"{error.status} {error.code}")
    if error.status == 401:
        return Revoked(f"{error.status} {error.code}")
    if error.status in (403, 404) and not error.code:
        return Later(LATER_S)  # a proxy in between, not the API
    if 400 <= error.status < 500:
        return Refused(f"{error.status} {error.code}")
    return ConnectionError(f"Discord answered {error.status}")
