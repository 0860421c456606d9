"""What Discord says about waiting is read from its answers, for the place it is about."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from bot.discord.pace import Pace

PLACE, TOKEN = "123", "a-token"
PATHS = {
    "channels/123/messages": PLACE,
    "webhooks/9/a-token/messages/@original": TOKEN,
    "interactions/9/a-token/callback": TOKEN,
}


@pytest_asyncio.fixture
async def pace() -> AsyncIterator[Pace]:
    yield Pace()


async def answered(pace: Pace, path: str, status: int, **headers: str) -> None:
    """Let one answer come in over a real connection."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        async with aiohttp.ClientSession(trace_configs=[pace.trace()]) as session:
            await session.get(f"http://127.0.0.1:{port}/api/v10/{path}")
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(("path", "place"), PATHS.items())
async def test_place_is_left_alone(pace: Pace, path: str, place: str) -> None:
    await answered(pace, path, 429, **{"Retry-After": "7.5"})
    assert 6.5 < pace.wait_s(place) <= 7.5
    assert pace.wait_s("another") == 0.0


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("channels/123/messages", {"Retry-After": "7", "X-RateLimit-Global": "true"}),
        ("users/@me", {"Retry-After": "7"}),
    ],
)
async def test_what_is_said_of_no_place_holds_everywhere(pace: Pace, path: str, headers: dict[str, str]) -> None:
    await answered(pace, path, 429, **headers)
    assert pace.wait_s("another") > 6.0


@pytest.mark.parametrize(("status", "after"), [(429, "soon"), (200, "7"), (429, "0")])
async def test_nothing_is_waited_for_without_a_reason(pace: Pace, status: int, after: str) -> None:
    await answered(pace, "channels/123/messages", status, **{"Retry-After": after})
    assert pace.wait_s(PLACE) == 0.0
