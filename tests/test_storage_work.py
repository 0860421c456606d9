"""Leases and fences: one worker at a time, and whoever comes late changes nothing."""

from __future__ import annotations

import asyncio

import pytest

from storage.records import Records
from storage.tables import JobRow, WorkerRow
from tests.databases import Clock, order, put_to_work

DONE = {"kind": "films"}
LATE = {"kind": "sentence", "sentence": "late"}


async def row(records: Records, job: str = "a") -> JobRow:
    found = await records.job(job)
    assert found is not None
    return found


async def test_an_attempt_is_taken_once(records: Records) -> None:
    await order(records, "a")
    assert await records.take("a", 0, "worker 1", seconds=15) is None  # not released
    assert await records.release("a") == 1
    assert await records.release("a") is None
    takes = [records.take("a", attempt, f"worker {attempt}{n}", seconds=15) for n in range(4) for attempt in (0, 1, 2)]
    taken = [job for job in await asyncio.gather(*takes) if job is not None]
    assert len(taken) == 1
    assert (taken[0].attempt, taken[0].state) == (1, "leased")
    assert (taken[0].owner or "").startswith("worker 1")


async def test_a_late_first_worker_loses(records: Records, clock: Clock) -> None:
    await order(records, "a")
    first = await put_to_work(records, "a", "worker 1", seconds=15)
    clock.move(16)
    assert [job.id for job in await records.lapsed()] == ["a"]
    assert await records.again("a", first, None, crashed=True)
    second = await put_to_work(records, "a", "worker 2")
    assert second == first + 1
    before = await row(records)
    for attempt, owner in ((first, "worker 1"), (first, "worker 2"), (second, "worker 1")):
        assert await records.renew("a", attempt, owner, seconds=15, stage="mix", share=0.9) is None
        assert not await records.start("a", attempt, owner)
        assert not await records.end("a", attempt, owner, state="succeeded", outcome=LATE)
        assert not await records.again("a", attempt, owner, crashed=False)
    after = await row(records)
    assert (after.state, after.owner, after.stage, after.lease_until) == (
        before.state,
        "worker 2",
        "",
        before.lease_until,
    )
    assert await records.end("a", second, "worker 2", state="succeeded", outcome=DONE, clip_s=9.0, seconds=3.0)
    assert not await records.end("a", second, "worker 2", state="failed", outcome=LATE)
    ended = await row(records)
    assert (ended.state, ended.outcome, ended.owner, ended.crashes) == ("succeeded", DONE, None, 1)


async def test_a_lease_that_is_renewed_does_not_lapse(records: Records, clock: Clock) -> None:
    await order(records, "a")
    attempt = await put_to_work(records, "a", seconds=15)
    for _ in range(3):
        clock.move(10)
        assert await records.renew("a", attempt, "worker 1", seconds=15, stage="music", share=0.4, clip_s=34.0)
        assert await records.lapsed() == []
        assert not await records.again("a", attempt, None, crashed=True)  # the reaper was too quick
        assert not await records.end_unowned("a", attempt, state="failed", outcome=LATE)
    working = await row(records)
    assert (working.stage, working.share, working.clip_s, working.state) == ("music", 0.4, 34.0, "running")


@pytest.mark.parametrize(("crashed", "tried"), [(True, False), (False, True), (False, False)])
async def test_a_job_goes_back_with_or_without_a_mark(
    records: Records, clock: Clock, crashed: bool, tried: bool
) -> None:
    await order(records, "a")
    attempt = await put_to_work(records, "a")
    assert await records.again("a", attempt, "worker 1", crashed=crashed, tried=tried)
    back = await row(records)
    assert (back.state, back.owner, back.lease_until) == ("waiting", None, None)
    assert (back.crashes, back.tries, back.attempt) == (int(crashed), int(tried), attempt)
    assert (await records.deliveries_of("a"))[0].state == "open"


async def test_a_job_that_was_to_stop_does_not_go_back(records: Records, clock: Clock) -> None:
    await order(records, "a")
    attempt = await put_to_work(records, "a")
    await records.ask_cancel("a")
    clock.move(60)  # its worker died before it heard of that
    assert await records.again("a", attempt, None, crashed=True)
    assert (await row(records)).state == "canceled"
    assert (await records.deliveries_of("a"))[0].state == "due"


async def test_a_bell_that_was_lost_is_seen_and_can_be_taken_back(records: Records, clock: Clock) -> None:
    await order(records, "a")
    attempt = await records.release("a")
    assert attempt == 1
    assert await records.unrung("cpu", older_s=5) == []
    clock.move(6)
    assert [job.id for job in await records.unrung("cpu", older_s=5)] == ["a"]
    assert await records.again("a", attempt, None, crashed=False)
    assert await records.take("a", attempt, "worker 1", seconds=15) is None
    assert await records.unrung("cpu", older_s=5) == []


async def test_what_waits_too_long_is_stale_and_ends(records: Records, clock: Clock) -> None:
    await order(records, "waits")
    await order(records, "asks")
    attempt = await put_to_work(records, "asks")
    clock.move(50)
    await records.end("asks", attempt, "worker 1", state="asking", outcome={"kind": "question"})
    clock.move(60)
    stale = await records.stale(waiting_s=100, asking_s=100)
    assert [job.id for job in stale] == ["waits"]
    assert await records.end_unowned("waits", 0, state="expired", outcome=LATE)
    clock.move(60)
    assert [job.id for job in await records.stale(waiting_s=100, asking_s=100)] == ["asks"]
    await records.answer("asks", {})
    assert await records.stale(waiting_s=100, asking_s=100) == []  # it waits anew
    assert not await records.end_unowned("asks", attempt + 1, state="expired", outcome=LATE)
    assert (await row(records, "waits")).state == "expired"
    assert (await records.deliveries_of("waits"))[0].state == "due"


async def test_a_duty_has_one_holder(records: Records, clock: Clock) -> None:
    held = await asyncio.gather(*(records.hold("dispatcher:cpu", f"worker {n}", seconds=10) for n in range(5)))
    assert sum(held) == 1
    holder, other = f"worker {held.index(True)}", f"worker {held.index(False)}"
    clock.move(6)
    assert await records.hold("dispatcher:cpu", holder, seconds=10)
    clock.move(6)
    assert not await records.hold("dispatcher:cpu", other, seconds=10)
    assert await records.hold("dispatcher:gpu", other, seconds=10)
    assert await records.hold("dispatcher:cpu", holder, seconds=0)  # lets go
    assert await records.hold("dispatcher:cpu", other, seconds=10)


async def test_slots_are_those_of_workers_that_live(records: Records, clock: Clock) -> None:
    await records.beat(WorkerRow(name="one", queue="cpu", slots=2, seen_at=0.0))
    await records.beat(WorkerRow(name="one", queue="gpu", slots=1, seen_at=0.0))
    await records.beat(WorkerRow(name="two", queue="cpu", slots=3, seen_at=0.0))
    assert [await records.slots(queue) for queue in ("cpu", "gpu", "io")] == [5, 1, 0]
    clock.move(15)
    await records.beat(WorkerRow(name="one", queue="cpu", slots=4, seen_at=0.0))
    clock.move(10)
    assert await records.slots("cpu") == 4
    await records.worker_gone("one")
    assert await records.slots("cpu") == 0
