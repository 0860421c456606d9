"""People and chats: languages, settings, groups that move, ratings."""

from __future__ import annotations

from typing import Any

import pytest

from storage.errors import Missing
from storage.records import Records
from storage.tables import RatingRow
from tests.databases import Clock, order


async def test_a_person_s_language_is_kept(records: Records) -> None:
    assert await records.seen("telegram:7001") is None
    await records.set_language("telegram:7001", "de")
    await records.set_language("telegram:7002", "en")
    assert await records.seen("telegram:7001") == "de"


async def test_settings_are_changed_one_by_one(records: Records, clock: Clock) -> None:
    assert (await records.chat("telegram:-5")).autoscore == "off"
    await records.set_chat("telegram:-5", settings={"style": "noir"})
    row = await records.set_chat("telegram:-5", autoscore="on", autoscore_by="telegram:7001")
    assert (row.settings, row.autoscore, row.autoscore_by, row.dead_at) == (
        {"style": "noir"},
        "on",
        "telegram:7001",
        None,
    )
    assert (await records.set_chat("telegram:-5", dead=True)).dead_at == clock()
    assert (await records.set_chat("telegram:-5", dead=False)).dead_at is None
    assert (await records.set_chat("telegram:-6")).settings == {}


async def test_a_group_moves_with_all_that_is_its_own(records: Records) -> None:
    await records.set_chat("telegram:-5", autoscore="on", settings={"style": "noir"}, autoscore_by="telegram:7001")
    await order(records, "a", chat="telegram:-5", person="telegram:7001")
    await records.opened("a-0", "1", "", {"front": "telegram", "chat": "telegram:-5", "address": {"chat": -5}})
    await order(records, "b", chat="telegram:-55", person="telegram:7001")

    def move(old: dict[str, Any]) -> dict[str, Any]:
        return old | {"chat": "telegram:-100500", "address": {"chat": -100500}}

    for _ in range(2):  # the network may say it twice
        await records.moved("telegram:-5", "telegram:-100500", reply_to=move)
    there = await records.chat("telegram:-5")
    assert (there.id, there.autoscore, there.settings) == ("telegram:-100500", "on", {"style": "noir"})
    assert (await records.set_chat("telegram:-5", autoscore="off")).id == "telegram:-100500"
    assert [row.id for row in await records.jobs_of(chat="telegram:-100500")] == ["a"]
    assert (await records.deliveries_of("a"))[0].reply_to["address"] == {"chat": -100500}
    assert (await records.deliveries_of("b"))[0].reply_to["chat"] == "telegram:7001"


async def test_ratings_are_kept_per_question_and_averaged_per_configuration(records: Records) -> None:
    await order(records, "a")
    for person, answers in (
        ("telegram:1", {"richness": 2, "fitness": 5}),
        ("telegram:2", {"richness": 4}),
        ("telegram:1", {"richness": 5}),
        ("telegram:3", {"richness": 4}),
    ):
        await records.rate(RatingRow(job="a", person=person, configuration="blip2/llm/musicgen/brief", **answers))
    await records.rate(RatingRow(job="a", person="telegram:9", configuration="a", humanness=1, fondness=2))
    assert await records.means() == [
        {"configuration": "a", "answers": 1, "richness": None, "fitness": None, "humanness": 1.0, "fondness": 2.0},
        {
            "configuration": "blip2/llm/musicgen/brief",
            "answers": 3,
            "richness": 4.33,
            "fitness": 5.0,
            "humanness": None,
            "fondness": None,
        },
    ]
    with pytest.raises(Missing):
        await records.rate(RatingRow(job="nothing", person="telegram:1", configuration="a", richness=1))
