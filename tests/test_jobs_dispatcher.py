"""The dispatcher on real records: released fairly, reaped, expired, rung again, swept; each ending is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from jobs import endings, metrics
from jobs.dispatcher import DAY_S, Dispatcher
from jobs.job import OUTCOME, Outcome
from jobs.queue import Bell
from storage.blobs import Blobs
from storage.records import Caps, NewDelivery, NewJob, Records
from storage.tables import JobRow, WorkerRow
from tests.servers import Redis, redis_server  # noqa: F401


class Desk:
    """A queue with a clock that can be set."""

    def __init__(self, records: Records, blobs: Blobs, bell: Bell) -> None:
        self.records, self.blobs, self.bell = records, blobs, bell
        self.now = 1_000_000.0
        records.now = lambda: self.now

    def dispatcher(self, **more: Any) -> Dispatcher:
        more.setdefault("owner", "me")
        return Dispatcher(self.records, self.blobs, self.bell, "cpu", clock=lambda: self.now, **more)

    async def order(self, job: str, person: str = "telegram:1") -> str:
        new = NewJob(id=job, source=job, queue="cpu", person=person, chat=person, request={})
        delivery = NewDelivery(id=job, job=job, front="telegram", reply_to={})
        await self.records.add_job(new, delivery, caps=Caps(person_waiting=1000))
        self.now += 0.001
        return job

    async def open(self, slots: int) -> None:
        await self.records.beat(WorkerRow(name="w", queue="cpu", slots=slots, seen_at=0.0))

    async def row(self, job: str) -> JobRow:
        row = await self.records.job(job)
        assert row is not None
        return row

    async def released(self) -> list[str]:
        return [row.id for row in await self.records.running("cpu")]

    async def ended(self, job: str) -> tuple[str, Outcome]:
        row = await self.row(job)
        (delivery,) = await self.records.deliveries_of(job)
        assert delivery.state == "due"
        return row.state, OUTCOME.validate_python(row.outcome)


@pytest.fixture
async def desk(tmp_path: Path, redis_server: Redis) -> AsyncIterator[Desk]:  # noqa: F811
    records = await Records.open(f"sqlite:///{tmp_path / 'records.db'}")
    desk = Desk(records, Blobs(str(tmp_path / "blobs")), Bell(redis_server.url))
    yield desk
    await desk.bell.close()
    await records.close()


async def test_jobs_are_released_into_free_slots_only_and_rung_for(desk: Desk) -> None:
    for number in range(5):
        await desk.order(f"a{number}")
    dispatcher = desk.dispatcher(most_each=5)
    await dispatcher.round()
    assert await desk.released() == []  # no worker, no slot
    await desk.open(2)
    await dispatcher.round()
    await dispatcher.round()
    assert await desk.released() == ["a0", "a1"]
    assert await desk.bell.rung("cpu") == 2


async def test_another_person_is_next_after_two_hundred(desk: Desk) -> None:
    await desk.open(1)
    dispatcher = desk.dispatcher()
    for number in range(20):
        await desk.order(f"a{number}")
    await dispatcher.round()
    await desk.order("b0", "telegram:2")
    await desk.records.take("a0", 1, "w", seconds=15)
    desk.now += 10
    await desk.records.end("a0", 1, "w", state="succeeded", outcome={})
    await dispatcher.round()
    assert await desk.released() == ["b0"]


async def test_one_person_gets_so_many_slots(desk: Desk) -> None:
    await desk.open(8)
    for number in range(5):
        await desk.order(f"a{number}")
    await desk.dispatcher(most_each=3).round()
    assert len(await desk.released()) == 3


async def at_work(desk: Desk, *, running: bool) -> JobRow:
    """Have a job taken by a worker that then is heard of no more."""
    attempt = await desk.records.release("a")
    assert attempt is not None
    row = await desk.records.take("a", attempt, "w", seconds=15)
    assert row is not None
    if running:
        await desk.records.start("a", attempt, "w")
    desk.now += 16
    return row


async def test_only_a_job_whose_child_was_at_work_has_crashed(desk: Desk) -> None:
    await desk.order("a")
    await at_work(desk, running=False)
    await desk.dispatcher().round()
    assert ((await desk.row("a")).state, (await desk.row("a")).crashes) == ("waiting", 0)
    await at_work(desk, running=True)
    await desk.dispatcher().round()
    assert ((await desk.row("a")).state, (await desk.row("a")).crashes) == ("waiting", 1)
    await at_work(desk, running=True)
    await desk.dispatcher().round()
    assert await desk.ended("a") == ("failed", endings.CRASHED)
    assert await desk.bell.knocked("telegram", 1.0)


async def test_a_lost_job_that_was_to_be_cancelled_is_cancelled(desk: Desk) -> None:
    await desk.order("a")
    await at_work(desk, running=True)
    await desk.records.ask_cancel("a")
    await desk.dispatcher().round()
    assert await desk.ended("a") == ("canceled", endings.CANCELED)


async def test_a_lease_that_is_kept_is_left_alone(desk: Desk) -> None:
    await desk.order("a")
    row = await at_work(desk, running=True)
    await desk.records.renew("a", row.attempt, "w", seconds=15, stage="", share=0.0)
    await desk.dispatcher().round()
    assert (await desk.row("a")).state == "running"


async def test_who_waits_for_a_day_is_told(desk: Desk) -> None:
    await desk.order("a")
    desk.now += DAY_S + 1
    await desk.order("b")
    await desk.dispatcher().round()
    assert await desk.ended("a") == ("expired", endings.EXPIRED)
    assert (await desk.row("b")).state == "waiting"


async def test_a_question_without_an_answer_ends_after_a_day(desk: Desk) -> None:
    await desk.order("a")
    row = await at_work(desk, running=True)
    await desk.records.end("a", row.attempt, "w", state="asking", outcome={"kind": "question"})
    desk.now += DAY_S + 1
    await desk.dispatcher().round()
    assert await desk.ended("a") == ("expired", endings.UNANSWERED)


async def test_what_redis_forgot_is_rung_again(desk: Desk, redis_server: Redis) -> None:  # noqa: F811
    await desk.order("a")
    await desk.open(1)
    redis_server.kill()
    await desk.dispatcher().round()  # nobody hears this one
    redis_server.start()
    assert await desk.bell.rung("cpu") == 0
    desk.now += 6
    await desk.dispatcher().round()
    assert await desk.bell.rung("cpu") == 1
    assert (await desk.row("a")).attempt == 1


async def test_old_jobs_go_with_their_files(desk: Desk) -> None:
    for job in ("a", "b"):
        await desk.order(job)
        await desk.blobs.put_bytes(f"{job}/upload", b"clip")
    await desk.records.ask_cancel("a")
    desk.now += 31 * DAY_S
    dispatcher = desk.dispatcher(waiting_s=1e9)
    await dispatcher.round()
    assert await desk.records.job("a") is None
    assert await desk.blobs.keys("a") == []
    assert await desk.blobs.keys("b") == ["b/upload"]


async def test_one_dispatcher_acts_at_a_time_and_the_next_takes_over_at_once(desk: Desk) -> None:
    first, second = (asyncio.create_task(desk.dispatcher(owner=owner).run()) for owner in ("one", "two"))
    await asyncio.sleep(0.3)
    assert not await desk.records.hold("dispatcher:cpu", "three", seconds=5)
    for task in (first, second):
        task.cancel()
    await asyncio.wait({first, second})
    assert await desk.records.hold("dispatcher:cpu", "three", seconds=5)


async def test_a_new_job_is_released_at_once(desk: Desk) -> None:
    running = asyncio.create_task(desk.dispatcher().run())
    await desk.open(1)
    await asyncio.sleep(0.2)
    await desk.order("a")
    await desk.bell.wake("cpu")
    async with asyncio.timeout(0.8):  # the next look without a bell is a second away
        while not await desk.released():
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait({running})


async def test_the_figures_say_how_long_the_queue_is(desk: Desk) -> None:
    await desk.order("a")
    await desk.order("b")
    await desk.open(1)
    await desk.dispatcher().round()
    said = metrics.exposition().decode()
    assert 'reelscore_jobs_waiting{queue="cpu"} 2.0' in said
    assert 'reelscore_slots{queue="cpu"} 1.0' in said
