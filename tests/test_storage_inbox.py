"""Updates: stored once, taken in their order, done with once."""

from __future__ import annotations

from sqlalchemy import select

from storage.records import Records
from storage.tables import UpdateRow
from tests.databases import Clock


async def test_an_update_is_stored_once(records: Records) -> None:
    assert await records.store_updates("telegram", [("1", {"text": "first"}), ("2", {})]) == 2
    assert await records.store_updates("telegram", [("2", {"text": "again"}), ("3", {})]) == 1
    assert await records.store_updates("discord", [("2", {})]) == 1  # numbers are the network's own
    assert [row.number for row in await records.updates("telegram")] == ["1", "2", "3"]
    assert (await records.updates("telegram"))[0].payload == {"text": "first"}


async def test_updates_come_in_their_order(records: Records) -> None:
    numbers = [str(number) for number in range(7, 1200)]  # more than one INSERT holds; "10" is after "9"
    assert await records.store_updates("telegram", [(number, {}) for number in numbers]) == len(numbers)
    assert [row.number for row in await records.updates("telegram", most=2000)] == numbers
    assert len(await records.updates("telegram", most=5)) == 5
    for number in ("10", "9"):  # at the same moment, by two processes: the network's own order decides
        await records.store_updates("discord", [(number, {})])
    assert [row.number for row in await records.updates("discord")] == ["9", "10"]


async def test_an_update_that_is_done_stays_known_but_holds_nothing(records: Records, clock: Clock) -> None:
    await records.store_updates("telegram", [("1", {"text": "private"})])
    await records.update_done("telegram", "1")
    assert await records.updates("telegram") == []
    async with records._read() as session:
        assert await session.scalar(select(UpdateRow.payload)) == {}
    assert await records.store_updates("telegram", [("1", {"text": "private"})]) == 0
    assert await records.updates("telegram") == []
    clock.move(10)
    assert await records.sweep(before=clock()) == 1


async def test_an_update_that_breaks_is_tried_a_few_times(records: Records) -> None:
    await records.store_updates("telegram", [("1", {"text": "crash"})])
    assert [await records.update_failed("telegram", "1", most=3) for _ in range(3)] == [True, True, False]
    assert await records.updates("telegram") == []
    assert not await records.update_failed("telegram", "1", most=3)


async def test_any_text_can_be_stored(records: Records) -> None:
    strange = {"text": "\x00 \ud800 \U0001f3ac 'quote' \\u0000 " + "x" * 4096}
    await records.store_updates("telegram", [("1", strange)])
    assert (await records.updates("telegram"))[0].payload == strange
