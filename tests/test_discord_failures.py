"""Each refusal of Discord's has one meaning for a delivery."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.discord.failures import LATER_S, Revoked, is_closed, is_lapsed, meaning
from jobs.deliveries import Gone, Later, Refused, TooLarge


def error(status: int, code: int = 0) -> discord.HTTPException:
    answer: Any = SimpleNamespace(status=status, reason="")
    return discord.HTTPException(answer, {"code": code, "message": "said"} if code else "said")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, 10003, Gone), (404, 10008, Gone), (403, 50001, Gone), (403, 50007, Gone), (403, 50013, Gone),
        (413, 0, TooLarge), (400, 40005, TooLarge),
        (400, 50035, Refused), (400, 50006, Refused),
        (401, 0, Revoked),
        (403, 0, Later), (404, 0, Later), (429, 0, Later),
        (500, 0, ConnectionError), (503, 0, ConnectionError),
    ],
)  # fmt: skip
def test_meaning(status: int, code: int, kind: type[Exception]) -> None:
    assert type(meaning(error(status, code))) is kind


def test_wait_is_discords_own() -> None:
    later = meaning(error(429), wait_s=7.0)
    assert isinstance(later, Later)
    assert later.seconds == 7.0
    for unknown in (meaning(error(429)), meaning(error(403))):
        assert isinstance(unknown, Later)
        assert unknown.seconds == LATER_S
    limited = meaning(discord.RateLimited(90.0))
    assert isinstance(limited, Later)
    assert limited.seconds == 90.0


def test_tokens_that_have_died_and_places_that_are_closed() -> None:
    assert [is_lapsed(error(*how)) for how in ((401, 50027), (404, 10015), (404, 10062), (404, 10008))] == [
        True, True, True, False,
    ]  # fmt: skip
    assert is_closed(error(403, 50001))
    assert not is_closed(error(500))
    assert not is_closed(ValueError())
