"""Health: red when a part it needs is gone, red when the loop is stuck, never green for long after that."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import time
from typing import Any

import pytest

from bot import health
from bot.health import OLD_S, Vitals, watched
from pipeline.errors import Unavailable


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int, path: str) -> tuple[int, bytes]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", path)
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


async def asked(port: int, path: str) -> tuple[int, Any]:
    status, body = await asyncio.to_thread(ask, port, path)
    return status, json.loads(body)


async def fine() -> None:
    pass


async def test_all_well_is_green() -> None:
    port = free_port()
    async with watched({"redis": fine}, host="127.0.0.1", port=port) as vitals:
        assert await asked(port, "/healthz") == (200, {"alive": True})
        assert await asked(port, "/readyz") == (200, {"ready": True, "problems": {}})
        status, body = await asyncio.to_thread(ask, port, "/metrics")
        assert status == 200
        assert b"reelscore_jobs" in body
        assert (await asyncio.to_thread(ask, port, "/else"))[0] == 404
        vitals.stopping = True
        assert await asked(port, "/readyz") == (503, {"ready": False, "problems": {"process": "stopping"}})
        assert (await asked(port, "/healthz"))[0] == 200, "who drains is not to be killed for it"
    with pytest.raises(OSError, match="refused"):
        ask(port, "/healthz")


async def test_a_part_that_is_gone_turns_it_red_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LOOK_S", 0.02)
    there = True

    async def database() -> None:
        if not there:
            raise ConnectionError("postgresql://me:hunter2@db")

    port = free_port()
    async with watched({"database": database, "redis": fine}, host="127.0.0.1", port=port):
        assert (await asked(port, "/readyz"))[0] == 200
        there = False
        await asyncio.sleep(0.1)
        status, said = await asked(port, "/readyz")
        assert (status, said["problems"]) == (503, {"database": "ConnectionError"}), "no text: it may hold a secret"
        assert (await asked(port, "/healthz"))[0] == 200
        there = True
        await asyncio.sleep(0.1)
        assert (await asked(port, "/readyz"))[0] == 200


async def test_a_check_that_hangs_turns_it_red(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECK_S", 0.05)
    port = free_port()
    async with watched({"redis": lambda: asyncio.sleep(60)}, host="127.0.0.1", port=port):
        assert (await asked(port, "/readyz"))[1]["problems"] == {"redis": "TimeoutError"}


async def test_a_stuck_loop_turns_it_red_while_it_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "OLD_S", 0.3)
    monkeypatch.setattr(health, "PULSE_S", 0.05)
    monkeypatch.setattr(health, "LOOK_S", 0.05)
    port = free_port()
    async with watched({"redis": fine}, host="127.0.0.1", port=port):
        assert (await asked(port, "/healthz"))[0] == 200
        time.sleep(0.6)  # the main loop turns no more
        assert ask(port, "/healthz")[0] == 503
        assert json.loads(ask(port, "/readyz")[1])["problems"] == {"loop": "stuck"}
        await asyncio.sleep(0.3)
        assert (await asked(port, "/readyz"))[0] == 200


def test_old_signs_count_as_none() -> None:
    now = 100.0
    vitals = Vitals(lambda: now, beat=now, looked=now)
    assert not vitals.problems()
    vitals.looked = now - OLD_S
    assert vitals.problems() == {"checks": "stuck"}
    vitals.beat = now - OLD_S
    assert vitals.problems() == {"loop": "stuck"}
    assert OLD_S + health.PULSE_S < 15, "red within 15 s"
    assert health.LOOK_S + health.CHECK_S < 15


async def test_port_0_serves_nothing() -> None:
    async with watched({"redis": fine}, host="127.0.0.1", port=0) as vitals:
        assert vitals.beat == 0.0


async def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(Unavailable, match="cannot listen") as refused:
            async with watched({}, host="127.0.0.1", port=other.getsockname()[1]):
                pass
        assert "REELSCORE_HEALTH_PORT" in refused.value.hint


async def test_what_costs_is_looked_at_seldom_while_it_is_good() -> None:
    now, looks, broken = [0.0], [0], [False]

    async def look() -> None:
        looks[0] += 1
        if broken[0]:
            raise ConnectionError

    check = health.seldom(look, seconds=60, clock=lambda: now[0])
    for now[0] in (0.0, 3.0, 59.0):
        await check()
    assert looks == [1]
    now[0], broken[0] = 60.0, True
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await check()
    assert looks == [3], "what is broken is looked at each time"
    broken[0] = False
    await check()
    await check()
    assert looks == [4]
