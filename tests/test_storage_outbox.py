"""Deliveries: one placeholder, one owner at a time, one end."""

from __future__ import annotations

import asyncio

import pytest

from storage.errors import Missing
from storage.records import Records
from tests.databases import Clock, new_delivery, order, put_to_work

END = {"kind": "sentence", "sentence": "done"}


async def finish(records: Records, job: str) -> None:
    await order(records, job)
    attempt = await put_to_work(records, job)
    assert await records.end(job, attempt, "worker 1", state="succeeded", outcome=END)


async def due(records: Records, owner: str, most: int = 10) -> list[str]:
    return [delivery.id for delivery, _ in await records.due_deliveries("telegram", owner, most=most, seconds=30)]


async def test_two_owners_never_hold_the_same_delivery(records: Records) -> None:
    for n in range(6):
        await finish(records, f"job{n}")
    held = await asyncio.gather(*(due(records, f"front {n}", most=2) for n in range(4)))
    assert sorted(delivery for mine in held for delivery in mine) == [f"job{n}-0" for n in range(6)]
    assert await due(records, "front 9") == []


async def test_a_dead_owner_s_deliveries_go_to_the_next_who_fences_it_off(records: Records, clock: Clock) -> None:
    await finish(records, "a")
    pairs = await records.due_deliveries("telegram", "front 1", most=5, seconds=30)
    assert [(delivery.owner, job.outcome) for delivery, job in pairs] == [("front 1", END)]
    clock.move(31)
    assert await due(records, "front 2") == ["a-0"]
    assert not await records.sent("a-0", "front 1")
    assert not await records.reopened("a-0", "front 1")
    assert await records.retry_delivery("a-0", "front 1", problem="late", delay_s=0) == 0
    assert await records.sent("a-0", "front 2", {"front": "telegram", "chat": "telegram:1", "address": {"message": 9}})
    assert not await records.sent("a-0", "front 2")
    row = await records.delivery("a-0")
    assert row
    assert (row.state, row.sent_at, row.reply_to["address"]) == ("sent", clock(), {"message": 9})
    await records.dead("a-0", problem="blocked")  # too late: it is in the chat
    assert [row.state for row in await records.deliveries_of("a")] == ["sent"]


async def test_a_delivery_that_fails_comes_back_later(records: Records, clock: Clock) -> None:
    await finish(records, "a")
    for tries in (1, 2):
        assert await due(records, "front") == ["a-0"]
        assert await records.retry_delivery("a-0", "front", problem=f"no\0net \ud800{'x' * 900}", delay_s=9) == tries
        assert await due(records, "front") == []
        clock.move(10)
    row = await records.delivery("a-0")
    assert row
    assert row.problem.startswith("nonet ?")
    assert len(row.problem) <= 500
    await records.dead("a-0", problem="kicked")
    assert await due(records, "front") == []


async def test_a_placeholder_is_sent_once(records: Records) -> None:
    await order(records, "a")
    assert [await records.opening("a-0"), await records.opening("a-0")] == [True, False]
    await records.not_opened("a-0")
    assert sum(await asyncio.gather(*(records.opening("a-0") for _ in range(4)))) == 1
    await records.opened(
        "a-0", "77", "in the queue", {"front": "telegram", "chat": "telegram:1", "address": {"topic": 3}}
    )
    assert not await records.opening("a-0")
    await records.shown("a-0", "half \U0001f3ac")
    row = await records.delivery("a-0")
    assert row
    assert (row.message, row.shown, row.opening_at, row.opens) == ("77", "half \U0001f3ac", None, 2)
    assert row.reply_to["address"] == {"topic": 3}


async def test_only_what_shows_something_is_open(records: Records) -> None:
    await order(records, "a")
    await records.add_delivery(new_delivery("a", id="a-quiet", quiet=True))
    await records.add_delivery(new_delivery("a", id="a-discord", front="discord"))
    assert [(delivery.id, job.id) for delivery, job in await records.open_deliveries("telegram")] == [("a-0", "a")]
    await put_to_work(records, "a")
    assert [job.state for _, job in await records.open_deliveries("telegram")] == ["running"]
    await records.dead("a-0", problem="blocked")
    assert await records.open_deliveries("telegram") == []


async def test_one_more_message_for_a_job(records: Records) -> None:
    await order(records, "a")
    open_one = await records.add_delivery(new_delivery("a", id="a-1", what="stems"))
    assert (open_one.state, open_one.what) == ("open", "stems")
    attempt = await put_to_work(records, "a")
    await records.end("a", attempt, "worker 1", state="succeeded", outcome=END)
    assert (await records.add_delivery(new_delivery("a", id="a-1", what="song"))).what == "stems"  # known
    late = await records.add_delivery(new_delivery("a", id="a-2", what="midi"))
    assert late.state == "due"  # nothing is left that could make it due
    assert {row.state for row in await records.deliveries_of("a")} == {"due"}
    with pytest.raises(Missing):
        await records.add_delivery(new_delivery("nothing"))


async def test_a_question_that_comes_after_the_end_is_due_again(records: Records) -> None:
    await order(records, "a")
    attempt = await put_to_work(records, "a")
    await records.end("a", attempt, "worker 1", state="asking", outcome={"kind": "question"})
    assert await due(records, "front") == ["a-0"]
    await records.ask_cancel("a", outcome=END)  # while the question is on its way into the chat
    assert await records.reopened("a-0", "front")
    assert await due(records, "front") == ["a-0"]


@pytest.mark.parametrize("end", ["dead", "sent"])
async def test_an_address_that_nobody_writes_to_any_more_is_not_kept(records: Records, end: str) -> None:
    await order(records, "a")
    delivery = new_delivery(
        "a", id="a-1", reply_to={"front": "telegram", "chat": "telegram:7", "address": {"token": "t"}}
    )
    await records.add_delivery(delivery)
    attempt = await put_to_work(records, "a")
    assert await records.end("a", attempt, "worker 1", state="succeeded", outcome=END)
    await due(records, "front 1")
    if end == "dead":
        await records.dead("a-1", problem="blocked")
    else:  # there was nothing to say
        assert await records.sent("a-1", "front 1")
    row = await records.delivery("a-1")
    assert row is not None
    assert (row.state, row.reply_to) == (end, {"front": "telegram", "chat": "telegram:7", "address": {}})
