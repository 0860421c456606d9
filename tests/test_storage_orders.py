"""Jobs from the side of who asks: all or nothing, once per source, within the caps, canceled and answered."""

from __future__ import annotations

import asyncio
import time

import pytest

from storage.errors import Full
from storage.records import Caps, NewJob, Records
from tests.databases import Clock, new_delivery, new_job, order, put_to_work

END = {"kind": "sentence", "sentence": "done"}


async def state(records: Records, job: str) -> tuple[str, str]:
    """Return how a job and its delivery stand."""
    row = await records.job(job)
    assert row is not None
    return row.state, (await records.deliveries_of(job))[0].state


async def test_a_job_its_delivery_and_its_update_are_one(records: Records) -> None:
    await records.store_updates("telegram", [("5", {"text": "/score"})])
    row, new = await records.add_job(new_job("a"), new_delivery("a"), caps=Caps(), update=("telegram", "5"))
    assert new
    assert (row.id, row.state, row.attempt, row.outcome) == ("a", "waiting", 0, None)
    assert await state(records, "a") == ("waiting", "open")
    assert await records.updates("telegram") == []


async def test_a_refused_job_leaves_nothing_behind(records: Records) -> None:
    await records.store_updates("telegram", [("5", {})])
    with pytest.raises(Full) as full:
        await records.add_job(new_job("a"), new_delivery("a"), caps=Caps(person_waiting=0), update=("telegram", "5"))
    assert (full.value.which, full.value.most) == ("person", 0)
    assert await records.job("a") is None
    assert await records.delivery("a-0") is None
    assert [row.number for row in await records.updates("telegram")] == ["5"]


async def test_what_breaks_in_the_middle_leaves_nothing_behind(records: Records) -> None:
    await order(records, "a")
    await records.store_updates("telegram", [("5", {})])
    with pytest.raises(Exception, match=r"(?i)unique"):  # the delivery's id is taken: the last of the three writes
        await records.add_job(new_job("b"), new_delivery("b", id="a-0"), caps=Caps(), update=("telegram", "5"))
    assert await records.job("b") is None
    assert len(await records.updates("telegram")) == 1


async def test_the_same_source_makes_one_job(records: Records) -> None:
    await records.store_updates("telegram", [("5", {}), ("6", {})])
    for job, update, new in (("a", "5", True), ("b", "6", False)):
        values = new_job(job, source="telegram:7:77")
        row, made = await records.add_job(values, new_delivery(job), caps=Caps(), update=("telegram", update))
        assert (row.id, made) == ("a", new)
    assert await records.updates("telegram") == []
    assert await records.job("b") is None


async def test_the_same_source_at_the_same_time_makes_one_job(records: Records) -> None:
    jobs = [new_job(f"job{n}", source="telegram:7:77") for n in range(8)]
    made = await asyncio.gather(*(records.add_job(job, new_delivery(job.id), caps=Caps()) for job in jobs))
    assert sorted(new for _, new in made) == [False] * 7 + [True]
    assert len({row.id for row, _ in made}) == 1


@pytest.mark.parametrize(
    ("caps", "which"),
    [
        (Caps(person_waiting=3), "person"),
        (Caps(chat_waiting=3), "chat"),
        (Caps(queue_waiting=3), "queue"),
        (Caps(person_a_day=3), "day"),
    ],
)
async def test_a_cap_holds_when_many_ask_at_once(records: Records, caps: Caps, which: str) -> None:
    async def ask(job: NewJob) -> str:
        try:
            await records.add_job(job, None, caps=caps)
        except Full as full:
            return full.which
        return "taken"

    answers = await asyncio.gather(*(ask(new_job(f"job{n}")) for n in range(8)))
    assert sorted(answers) == sorted(["taken"] * 3 + [which] * 5)


async def test_what_has_ended_makes_room_but_counts_for_the_day(records: Records, clock: Clock) -> None:
    caps = Caps(person_waiting=1, person_a_day=2)
    for job in ("a", "b"):
        await records.add_job(new_job(job), None, caps=caps)
        await records.ask_cancel(job)
    with pytest.raises(Full, match="day"):
        await records.add_job(new_job("c"), None, caps=caps)
    await records.add_job(new_job("d", person="telegram:7002"), None, caps=caps)
    clock.move(86_401)
    assert (await records.add_job(new_job("c"), None, caps=caps))[1]


async def test_a_job_that_nobody_has_ends_with_its_cancel(records: Records) -> None:
    await order(records, "waits")
    await order(records, "rang")
    attempt = await records.release("rang")
    assert attempt
    for job in ("waits", "rang"):
        assert await records.ask_cancel(job, outcome=END)
        assert await state(records, job) == ("canceled", "due")
        assert not await records.ask_cancel(job)
    row = await records.job("rang")
    assert row
    assert row.outcome == END
    assert await records.take("rang", attempt, "worker 1", seconds=15) is None
    assert await records.release("waits") is None
    assert not await records.ask_cancel("nothing")


async def test_a_job_at_work_hears_of_its_cancel(records: Records) -> None:
    await order(records, "a")
    attempt = await put_to_work(records, "a")
    renew = {"seconds": 15.0, "stage": "music", "share": 0.5}
    assert await records.renew("a", attempt, "worker 1", **renew) is True
    assert await records.ask_cancel("a")
    assert await state(records, "a") == ("running", "open")
    assert await records.renew("a", attempt, "worker 1", **renew) is False
    assert await records.end("a", attempt, "worker 1", state="canceled", outcome=END)
    assert await state(records, "a") == ("canceled", "due")


async def test_a_job_that_asks_can_be_canceled(records: Records) -> None:
    await order(records, "a")
    attempt = await put_to_work(records, "a")
    await records.end("a", attempt, "worker 1", state="asking", outcome={"kind": "question"})
    assert await records.ask_cancel("a", outcome=END)
    assert await state(records, "a") == ("canceled", "due")
    assert not await records.answer("a", {})


async def test_no_question_is_asked_after_a_cancel(records: Records) -> None:
    await order(records, "a")
    attempt = await put_to_work(records, "a")
    await records.ask_cancel("a")
    assert await records.end("a", attempt, "worker 1", state="asking", outcome={"kind": "question"})
    assert await state(records, "a") == ("canceled", "due")


async def test_a_question_is_answered_once_and_the_job_goes_on(records: Records) -> None:
    await order(records, "a")
    first = await put_to_work(records, "a")
    assert not await records.answer("a", {"sound": "keep"})
    await records.end("a", first, "worker 1", state="asking", outcome={"kind": "question"})
    assert await state(records, "a") == ("asking", "due")
    assert len(await records.due_deliveries("telegram", "front", most=5, seconds=30)) == 1
    assert await records.reopened("a-0", "front")
    assert await records.open_deliveries("telegram") == []  # a status must not take the question's place
    assert await state(records, "a") == ("asking", "open")
    assert await records.answer("a", {"sound": "keep"})
    assert not await records.answer("a", {"sound": "leave"})
    row = await records.job("a")
    assert row
    assert (row.state, row.request, row.outcome) == ("waiting", {"sound": "keep"}, None)
    assert len(await records.open_deliveries("telegram")) == 1
    second = await put_to_work(records, "a")
    assert second == first + 1
    assert await records.end("a", second, "worker 1", state="succeeded", outcome=END)
    assert await state(records, "a") == ("succeeded", "due")


async def test_an_answer_may_overtake_its_question(records: Records) -> None:
    await order(records, "a")
    attempt = await put_to_work(records, "a")
    await records.end("a", attempt, "worker 1", state="asking", outcome={"kind": "question"})
    await records.due_deliveries("telegram", "front", most=5, seconds=30)
    assert await records.answer("a", {})
    assert not await records.reopened("a-0", "front")
    assert await state(records, "a") == ("waiting", "open")


async def test_jobs_come_newest_first(records: Records, clock: Clock) -> None:
    for job, person in (("a", "telegram:7001"), ("b", "telegram:7002"), ("c", "telegram:7001")):
        await order(records, job, person=person, chat="telegram:-100")
        clock.move(1)
    assert [row.id for row in await records.jobs_of(chat="telegram:-100")] == ["c", "b", "a"]
    assert [row.id for row in await records.jobs_of(person="telegram:7001", chat="telegram:-100")] == ["c", "a"]
    assert [row.id for row in await records.jobs_of(most=1)] == ["c"]


async def test_a_fair_choice_knows_who_waits_who_flies_and_who_was_served(records: Records, clock: Clock) -> None:
    for job, person in (("a", "telegram:7001"), ("b", "telegram:7001"), ("c", "telegram:7002"), ("d", "telegram:7002")):
        await order(records, job, person=person)
        clock.move(1)
    await order(records, "elsewhere", queue="gpu")
    served_at = clock()
    attempt = await put_to_work(records, "a")
    clock.move(1)
    waiting = await records.waiting("cpu")
    assert [(job, person, suspect) for job, person, _, suspect in waiting.jobs] == [
        ("b", "telegram:7001", False),
        ("c", "telegram:7002", False),
        ("d", "telegram:7002", False),
    ]
    assert waiting.in_flight == {"telegram:7001": 1}
    assert waiting.served_at == {"telegram:7001": served_at}
    assert [row.id for row in await records.running("cpu")] == ["a"]
    await records.again("a", attempt, "worker 1", crashed=True, delay_s=5)
    assert "a" not in {job for job, *_ in (await records.waiting("cpu")).jobs}
    clock.move(6)
    assert (await records.waiting("cpu")).jobs[0][::3] == ("a", True)
    assert await records.running("cpu") == []


async def test_five_hundred_waiting_jobs_cost_milliseconds(records: Records, clock: Clock) -> None:
    caps = Caps(person_waiting=999, chat_waiting=999, person_a_day=999)
    async with records._write() as session:
        for n in range(500):
            job = new_job(f"job{n:03}", person=f"telegram:{n % 25}")
            session.add(records._job_row(job))
    begun = time.perf_counter()
    waiting = await records.waiting("cpu")
    took = time.perf_counter() - begun
    assert len(waiting.jobs) == 500
    assert took < 0.25  # it takes 5 ms; machines for tests are slow
    with pytest.raises(Full, match="queue"):
        await records.add_job(new_job("one more"), None, caps=caps)


async def test_the_pace_is_that_of_the_last_successes(records: Records, clock: Clock) -> None:
    for n, job in enumerate(("a", "b", "c", "d")):
        await order(records, job)
        attempt = await put_to_work(records, job)
        done = "failed" if job == "d" else "succeeded"
        await records.end(job, attempt, "worker 1", state=done, outcome=END, clip_s=10.0 + n, seconds=2.0 * n)
        clock.move(1)
    assert await records.pace("cpu", most=2) == [(12.0, 4.0, {"brief": "c"}), (11.0, 2.0, {"brief": "b"})]
    assert await records.pace("gpu") == []
