"""When Discord wants to be left alone, as its own answers say."""

from __future__ import annotations

import asyncio
import re
import time
from types import SimpleNamespace

import aiohttp
from discord.utils import snowflake_time

from jobs.metrics import ACKNOWLEDGED

_PLACE = re.compile(r"/(?:webhooks/\d+|interactions/\d+|channels)/([^/]+)")
_CALLBACK = re.compile(r"/interactions/(\d+)/[^/]+/callback")
EVERYWHERE = ""


class Pace:
    """Reads every answer of the REST API on its way in; discord.py itself waits, but tells nobody for how long."""

    def __init__(self) -> None:
        self._shut: dict[str, float] = {}  #: token or channel -> loop time

    def trace(self) -> aiohttp.TraceConfig:
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._note)
        trace.on_request_end.append(_measure)
        return trace

    def wait_s(self, place: str) -> float:
        """Return for how long nothing may be asked there: a channel's id or an interaction's token."""
        now = asyncio.get_running_loop().time()
        self._shut = {key: until for key, until in self._shut.items() if until > now}
        return max(self._shut.get(place, now), self._shut.get(EVERYWHERE, now)) - now

    async def _note(
        self, session: aiohttp.ClientSession, context: SimpleNamespace, answer: aiohttp.TraceRequestEndParams
    ) -> None:
        headers = answer.response.headers
        if answer.response.status != 429:
            return
        place = _PLACE.search(answer.url.path)
        whose = EVERYWHERE if headers.get("X-RateLimit-Global") or place is None else place[1]
        try:
            seconds = float(headers.get("Retry-After", ""))
        except ValueError:
            return
        self._shut[whose] = asyncio.get_running_loop().time() + seconds


async def _measure(_: aiohttp.ClientSession, __: SimpleNamespace, answer: aiohttp.TraceRequestEndParams) -> None:
    """Tell the metrics how long somebody's click took until Discord knew that we have it; it waits for 3 s."""
    callback = _CALLBACK.search(answer.url.path)
    if callback is not None and answer.response.status < 300:
        pressed_at = snowflake_time(int(callback[1])).timestamp()
        ACKNOWLEDGED.labels("discord").observe(max(0.0, time.time() - pressed_at))  # clocks differ
