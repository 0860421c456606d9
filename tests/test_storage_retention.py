"""What is not kept: a person who asks leaves no residue in any table; old jobs and updates go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from storage.records import Caps, Records
from storage.retention import mentions
from storage.tables import RatingRow, Table, WorkerRow
from tests.databases import Clock, new_delivery, new_job, order, put_to_work

PERSON, NUMBER = "telegram:81726354", "81726354"
OTHER = "telegram:55500111"
END = {"kind": "films"}


async def everything(records: Records) -> str:
    """Return every value of every row of every table as one text."""
    words: list[str] = []
    async with records._read() as session:
        for table in Table.metadata.sorted_tables:
            for row in await session.execute(select(table)):
                words.append(f"{table.name} {json.dumps(list(row))}")
    return "\n".join(words)


async def fill(records: Records) -> None:
    """Leave traces of both people wherever the records have room for any."""
    for person in (PERSON, OTHER):
        number = int(person.partition(":")[2])
        updates: list[tuple[str, dict[str, Any]]] = [
            (f"{number % 100}1", {"message": {"from": {"id": number}, "text": "hello"}}),
            (f"{number % 100}2", {"callback_query": {"from": {"id": number}, "data": "cancel"}}),
        ]
        await records.store_updates("telegram", updates)
        await records.set_language(person, "de")
        await records.set_chat(person, settings={"style": "noir"})
        await records.set_chat(f"telegram:-{number % 100}", autoscore="on", autoscore_by=person)
        for job in ("waits", "works", "done"):
            await order(records, f"{job}{number % 100}", person=person, source=f"{person}:{job}")
        await put_to_work(records, f"works{number % 100}")
        attempt = await put_to_work(records, f"done{number % 100}")
        await records.end(f"done{number % 100}", attempt, "worker 1", state="succeeded", outcome=END)
    await records.rate(RatingRow(job="done11", person=PERSON, configuration="c", richness=1))
    await records.rate(RatingRow(job="done54", person=OTHER, configuration="c", richness=1))
    await records.add_job(new_job("child", person=OTHER, parent="done54"), None, caps=Caps())
    for_them = {"front": "telegram", "chat": "telegram:-11", "address": {"user": int(NUMBER), "message": 1}}
    await records.add_delivery(new_delivery("done11", id="done11-1", reply_to=for_them))


async def test_a_person_who_asks_is_forgotten_everywhere(records: Records) -> None:
    await fill(records)
    assert NUMBER in await everything(records)
    attempts = [row.attempt for row in await records.running("cpu") if row.id == "works54"]
    assert sorted(await records.forget(PERSON)) == ["done54", "waits54", "works54"]
    left = await everything(records)
    assert NUMBER not in left
    for job in ("done54", "waits54", "works54"):
        assert job not in left
    assert await records.renew("works54", attempts[0], "worker 1", seconds=15, stage="mix", share=0.5) is None
    assert await records.store_updates("telegram", [("541", {"message": {}})]) == 0  # known, and empty
    assert await records.forget(PERSON) == []


async def test_the_files_hold_nothing_of_a_person_who_is_forgotten(tmp_path: Path) -> None:
    """Neither pages that are free again nor SQLite's log: a database that is copied somewhere tells nothing of them."""
    records = await Records.open(f"sqlite:///{tmp_path}/records.db")
    try:
        await fill(records)
        assert any(NUMBER.encode() in file.read_bytes() for file in tmp_path.iterdir())
        await records.forget(PERSON)
        assert [file.name for file in tmp_path.iterdir() if NUMBER.encode() in file.read_bytes()] == []
        assert (await records.jobs_of(person=OTHER))[0].person == OTHER
    finally:
        await records.close()


async def test_others_keep_what_is_theirs(records: Records) -> None:
    await fill(records)
    await records.forget(PERSON)
    assert {row.id for row in await records.jobs_of(person=OTHER)} == {"waits11", "works11", "done11", "child"}
    assert [row.number for row in await records.updates("telegram")] == ["111", "112"]
    assert [row.id for row in await records.deliveries_of("done11")] == ["done11-0"]
    assert (await records.chat("telegram:-54")).autoscore == "on"  # the group's own choice by now
    assert await records.seen(OTHER) == "de"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"from": {"id": 42}}, True),
        ({"author": {"id": "42"}}, True),
        ([{"chat": "telegram:42"}], True),
        ({"source": "telegram:42:7"}, True),
        ({"message_id": 42, "text": "42", "date": 42}, False),
        ({"from": {"id": 421}}, False),
        ({"chat": "telegram:421"}, False),
        ({"id": True}, False),
    ],
)
def test_a_person_is_known_by_more_than_a_number(value: Any, found: bool) -> None:
    assert mentions(value, "telegram:42") is found


async def test_old_jobs_and_updates_go(records: Records, clock: Clock) -> None:
    for job in ("old", "new"):
        await order(records, job)
        attempt = await put_to_work(records, job)
        await records.end(job, attempt, "worker 1", state="succeeded", outcome=END)
        await records.rate(RatingRow(job=job, person=PERSON, configuration="c", richness=1))
        await records.store_updates("telegram", [(job, {})])
        await records.update_done("telegram", job)
        clock.move(100)
    await order(records, "waits")
    await records.beat(WorkerRow(name="gone", queue="cpu", slots=1, seen_at=0.0))
    await records.hold("dispatcher:cpu", "gone", seconds=1)
    assert await records.old_jobs(before=clock() - 50) == ["old", "new"]
    assert await records.old_jobs(before=clock() - 150) == ["old"]
    await records.remove_jobs(["old"])
    left = await everything(records)
    assert "old-0" not in left
    assert await records.sweep(before=clock() - 150) == 1
    clock.move(50)
    assert await records.sweep(before=clock()) == 1
    left = await everything(records)
    assert "gone" not in left
    assert "waits" in left
