"""Deliveries on Discord: tokens that die, places that close, files that are too large; once each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from jobs.deliveries import TOO_LARGE
from jobs.job import Outcome
from tests.discord_stage import CLIP, FILM, Stage, staged

DEAD_S = 16 * 60.0


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as stage:
        yield stage


async def asked(stage: Stage) -> str:
    """Have Ann ask for a film whose placeholder is in the channel; return the job."""
    await stage.ann.slash(stage.channel, "score", clip=CLIP)
    await stage.deliver(lambda row: row.shown is not None)
    return (await stage.job()).id


def with_files(stage: Stage) -> list[bytes]:
    return [message for message in stage.channel.history() if message.attachments]


async def test_film_is_sent_to_the_channel_once_the_token_has_died(stage: Stage) -> None:
    job = await asked(stage)
    await stage.env.advance_time(DEAD_S)
    await stage.film(job)
    await stage.deliver()
    placeholder, film = stage.channel.history()
    assert await film.attachments[0].read() == FILM
    assert film.reference is not None
    assert film.reference.message_id == placeholder.id
    assert placeholder.components == []
    sent = [log for log in stage.env.http_requests if log.method == "POST" and log.path.endswith("/messages")]
    assert [log.json["nonce"] for log in sent] == [f"{job}-result"]
    assert sent[0].json["enforce_nonce"] is True


async def test_token_that_dies_early_is_no_loss(stage: Stage) -> None:
    job = await asked(stage)
    stage.env.inject_error("PATCH", "/webhooks/*", status=401, code=50027, times=None)
    await stage.film(job)
    await stage.deliver()
    assert len(with_files(stage)) == 1
    assert not stage.front.revoked.is_set()


async def test_progress_goes_on_after_the_token_has_died(stage: Stage) -> None:
    job = await asked(stage)
    await stage.env.advance_time(DEAD_S)
    attempt = await stage.records.release(job)
    assert attempt is not None
    await stage.records.take(job, attempt, "worker", seconds=60.0)
    await stage.deliver(lambda row: "turn" in (row.shown or ""))
    assert "turn" in stage.channel.last_message.content


async def test_token_is_not_kept_when_it_is_of_no_more_use(stage: Stage) -> None:
    await stage.film(await asked(stage))
    await stage.deliver()
    (row,) = await stage.deliveries()
    assert row.reply_to["address"]["token"] is None


@pytest.mark.parametrize("dead", [False, True])
async def test_film_that_is_there_already_is_not_sent_again(stage: Stage, dead: bool) -> None:
    """The call worked and its answer, or the note that it worked, was lost."""
    job = await asked(stage)
    await stage.film(job)
    if dead:
        await stage.env.advance_time(DEAD_S)
    sent, losses = stage.records.sent, []

    async def lost(*args: object) -> bool:
        stage.records.sent = sent  # type: ignore[method-assign]
        losses.append(args)
        raise ConnectionError("lost")

    stage.records.sent = lost  # type: ignore[assignment]
    await stage.deliver()
    assert len(losses) == len(with_files(stage)) == 1
    assert [row.state for row in await stage.deliveries()] == ["sent"]


async def test_channel_that_is_closed_leads_to_the_person(stage: Stage) -> None:
    job = await asked(stage)
    await stage.env.advance_time(DEAD_S)
    stage.env.inject_error("*", f"/channels/{stage.channel.id}/*", status=403, code=50001, times=None)
    await stage.film(job)
    await stage.deliver()
    assert with_files(stage) == []
    assert await stage.ann.user.dm_channel.last_message.attachments[0].read() == FILM


@pytest.mark.parametrize(("status", "code"), [(404, 10008), (404, 10003), (403, 50013)])
async def test_place_that_is_gone_is_an_end(stage: Stage, status: int, code: int) -> None:
    job = await asked(stage)
    stage.env.inject_error("PATCH", "/webhooks/*", status=status, code=code, times=None)
    await stage.film(job)
    await stage.deliver()
    assert [row.state for row in await stage.deliveries()] == ["dead"]


async def test_refusal_for_good_is_not_repeated(stage: Stage) -> None:
    job = await asked(stage)
    stage.env.inject_error("PATCH", "/webhooks/*", status=400, code=50035, times=None)
    await stage.film(job)
    await stage.deliver()
    assert (await stage.deliveries())[0].state == "dead"


@pytest.mark.parametrize(("status", "code"), [(413, 0), (400, 40005)])
async def test_film_that_the_place_does_not_take_is_told(stage: Stage, status: int, code: int) -> None:
    job = await asked(stage)
    stage.env.inject_error("PATCH", "/webhooks/*", status=status, code=code)
    await stage.film(job)
    await stage.deliver()
    assert stage.channel.last_message.content.startswith(TOO_LARGE)


async def test_limit_is_read_when_the_film_is_sent(stage: Stage) -> None:
    """The interaction allowed 25 MB, the channel by itself 10."""
    job = await asked(stage)
    await stage.env.advance_time(DEAD_S)
    await stage.film(job, content=bytes(11_000_000))
    await stage.deliver()
    assert with_files(stage) == []
    assert stage.channel.last_message.content.startswith(TOO_LARGE)


async def test_link_leads_to_what_was_asked_for(stage: Stage) -> None:
    """Stems that are too large come as a link to the stems, not to the film."""
    job = await asked(stage)
    await stage.film(job)
    await stage.deliver()
    await stage.blobs.put_bytes(f"{job}/1-stems", bytes(11_000_000))
    stage.blobs.linker = lambda key, *, seconds, name: f"https://films.example/{key}/{name}"
    await stage.ann.click(stage.channel.last_message, label="Stems")
    await stage.deliver()
    assert stage.channel.last_message.content.endswith(f"https://films.example/{job}/1-stems/stems.zip")


async def test_sentence_has_no_markup_and_pings_nobody(stage: Stage) -> None:
    job = await asked(stage)
    await stage.end(job, Outcome("sentence", sentence="@everyone *look* [here](https://evil.example)"), state="failed")
    await stage.deliver()
    assert r"\*look\* \[here]" in stage.channel.last_message.content
    edits = [log for log in stage.env.http_requests if log.method == "PATCH"]
    assert all(log.json["allowed_mentions"] == {"parse": []} for log in edits)


async def test_nothing_to_say_takes_the_placeholder_away(stage: Stage) -> None:
    job = await asked(stage)
    await stage.end(job, Outcome("nothing"))
    await stage.deliver()
    assert stage.channel.history() == []
