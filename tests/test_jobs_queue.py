"""The bell on a real Redis: it rings, it checks what it reads, and it takes an absent Redis in its stride."""

from __future__ import annotations

import asyncio
import json
import pickle
import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis as Client

from jobs.job import Progress
from jobs.queue import AWAY, Bell, Message, carrier_name, pack, unpack
from pipeline.errors import Refused, Unavailable
from tests.servers import Redis, redis_server  # noqa: F401


@pytest.fixture
async def bell(redis_server: Redis) -> AsyncIterator[Bell]:  # noqa: F811
    bell = Bell(redis_server.url)
    yield bell
    await bell.close()


async def test_a_bell_hangs_once_for_each_attempt(bell: Bell) -> None:
    assert [await bell.ring("cpu", "job1", attempt) for attempt in (1, 1, 2)] == [True, True, True]
    assert await bell.rung("cpu") == 2
    assert await bell.rung("gpu") == 0


async def test_what_lies_in_redis_is_json_and_ids_alone(bell: Bell, redis_server: Redis) -> None:  # noqa: F811
    await bell.ring("cpu", "job1", 7)
    async with Client.from_url(redis_server.url) as client:
        written = await client.get("arq:job:job1:7")
        assert await client.zscore(carrier_name("cpu"), "job1:7")
    assert json.loads(written)["a"] == [{"job": "job1", "attempt": 7}]
    assert unpack(written)["a"] == (Message("job1", 7),)


async def test_a_server_that_starts_is_waited_for(bell: Bell, redis_server: Redis) -> None:  # noqa: F811
    redis_server.stop()
    meeting = asyncio.create_task(bell.meet(within_s=20))
    await asyncio.sleep(0.3)
    redis_server.start()
    await meeting
    redis_server.stop()
    with pytest.raises(Unavailable, match="No Redis server answers"):
        await bell.meet()


async def test_a_wrong_password_is_told_at_once_and_as_such(redis_server: Redis) -> None:  # noqa: F811
    async with Client.from_url(redis_server.url) as client:
        await client.config_set("requirepass", "right")
    for url in (redis_server.url, redis_server.url.replace("unix://", "unix://:hunter2@")):
        bell = Bell(url)
        with pytest.raises(Unavailable, match="does not take this password") as refused:
            await asyncio.wait_for(bell.meet(within_s=60), 10)
        assert "hunter2" not in refused.value.sentence + refused.value.hint
        await bell.close()


def envelope(**change: object) -> bytes:
    whole = {"t": None, "f": "perform", "a": [{"job": "j", "attempt": 1}], "k": {}, "et": 1}
    return pack(whole | change)


@pytest.mark.parametrize(
    "written",
    [
        pickle.dumps({"t": None, "f": "perform", "a": (), "k": {}, "et": 1}),
        b"",
        b"{",
        b"null",
        envelope(f="other"),
        envelope(a=[]),
        envelope(a=[{"job": "j", "attempt": 1, "brief": "words"}]),
        envelope(a=[{"job": "../j", "attempt": 1}]),
        envelope(a=[{"job": "j", "attempt": 0}]),
        envelope(a=[{"job": "j", "attempt": "1"}]),
        envelope(k={"more": 1}),
        envelope(more=1),
    ],
)
def test_anything_else_is_refused(written: bytes) -> None:
    with pytest.raises(ValueError, match="not a message") as refusal:
        unpack(written)
    assert "words" not in str(refusal.value)
    assert refusal.value.__cause__ is None


async def test_whoever_waits_is_woken(bell: Bell) -> None:
    waiting = asyncio.create_task(bell.woken("cpu", 5.0))
    await asyncio.sleep(0.05)
    await bell.wake()
    assert await asyncio.wait_for(waiting, 2)
    assert await bell.woken("gpu", 1.0)  # each dispatcher has its own
    assert not await bell.woken("cpu", 0.05)


async def test_many_knocks_are_one(bell: Bell) -> None:
    for _ in range(5):
        await bell.knock("telegram")
    assert await bell.knocked("telegram", 1.0)
    assert not await bell.knocked("telegram", 0.05)
    assert not await bell.knocked("discord", 0.05)


async def test_a_reader_of_progress_goes_on_where_it_stopped(bell: Bell) -> None:
    steps = [Progress("music", share / 10) for share in range(4)]
    for step in steps[:2]:
        await bell.tell("job1", step)
    read = await bell.heard("job1")
    assert [progress for _, progress in read] == steps[:2]
    waiting = asyncio.create_task(bell.heard("job1", after=read[-1][0], timeout=2.0))
    await asyncio.sleep(0.05)
    await bell.tell("job1", steps[2])
    assert [progress for _, progress in await waiting] == steps[2:3]
    assert await bell.heard("other", timeout=0.05) == []


async def test_a_stream_is_kept_short_and_for_a_day(bell: Bell, redis_server: Redis) -> None:  # noqa: F811
    async with Client.from_url(redis_server.url) as client:
        for number in range(500):
            await bell.tell("job1", Progress("music", number / 500))
        assert await client.xlen("reelscore:progress:job1") < 350  # redis cuts in whole nodes
        assert 86_000 < await client.ttl("reelscore:progress:job1") <= 86_400


async def test_an_absent_redis_breaks_nothing_and_is_waited_out(bell: Bell, redis_server: Redis) -> None:  # noqa: F811
    await bell.ring("cpu", "job1", 1)
    redis_server.kill()
    assert not await bell.ring("cpu", "job2", 1)
    assert await bell.rung("cpu") is None
    await bell.wake()
    await bell.tell("job1", Progress("music", 0.5))
    began = time.monotonic()
    assert not await bell.woken("cpu", 0.5)
    assert not await bell.knocked("telegram", 0.5)
    assert await bell.heard("job1", timeout=0.5) == []
    assert time.monotonic() - began >= 1.4  # or a caller's loop would spin
    assert bell.away
    redis_server.start()
    assert await bell.ring("cpu", "job2", 1)
    assert not bell.away
    assert await bell.rung("cpu") == 2  # it keeps a file


@pytest.mark.parametrize(
    "url", ["redis://:pa/ss@host:6379/0", "http://:s3cret@host", "s3cret", "redis://:s3cret@host:port/0", ""]
)
def test_a_wrong_address_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(Refused) as refusal:
        Bell(url)
    assert "s3cret" not in str(refusal.value) + refusal.value.hint
    assert refusal.value.__cause__ is None


async def test_a_password_is_never_shown() -> None:
    bell = Bell("redis://:s3cret@127.0.0.1:1/0")
    assert "s3cret" not in repr(bell) + repr(bell.connect())
    with pytest.raises(AWAY) as away:
        await bell.ping()
    assert "s3cret" not in repr(away.value)
    await bell.close()


async def test_a_cancel_is_never_lost(bell: Bell) -> None:
    """On Python 3.11 redis-py loses a cancel that meets the end of a write; a loop would go on for ever."""

    async def knock() -> None:
        while True:
            await bell.knock("telegram")

    for _ in range(60):
        task = asyncio.create_task(knock())
        await asyncio.sleep(0.002)
        task.cancel()
        await asyncio.wait({task}, timeout=2)
        assert task.cancelled()
