"""The outbox: one message for one delivery, whatever breaks between here and the chat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from jobs import deliveries, endings, metrics
from jobs.deliveries import Deliveries, Gone, Later, Moved, Parcel, Refused, Status, TooLarge
from jobs.job import OUTCOME, REPLY_TO, REQUEST, Film, Outcome, ReplyTo, Request
from storage.blobs import Blobs
from storage.records import Caps, NewDelivery, NewJob, Records

FILM = Film("j1/film.mp4", 9, 1.0, 16, 9, True, "j1/t.jpg", "j1/m.wav", "j1/s.m4a", "j1/z.zip", None, "j1/c.json", (),
            "epic", 1, 1.0, 2)  # fmt: skip
FILMS = Outcome("films", films=(FILM,))


class Chat:
    """A chat network that keeps its messages, and breaks in the ways that it is told to."""

    front = "chat"

    def __init__(self) -> None:
        self.messages: dict[str, str] = {}
        self.breaks: list[Exception | None] = []  #: for the next calls: what they raise, after they have acted
        self.before: list[Exception | None] = []  #: the same, before they act
        self.calls: list[str] = []

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.before and (error := self.before.pop(0)):
            raise error

    def _answer(self) -> None:
        if self.breaks and (error := self.breaks.pop(0)):
            raise error

    async def open(self, delivery: str, reply_to: ReplyTo, status: Status) -> tuple[str, ReplyTo]:
        self._call("open")
        message = f"m{len(self.messages) + 1}"
        self.messages[message] = self.text(reply_to, status)
        self._answer()
        return message, replace(reply_to, address={**reply_to.address, "learned": message})

    async def show(self, message: str, reply_to: ReplyTo, status: Status) -> None:
        self._call("show")
        self.messages[message] = self.text(reply_to, status)

    async def hand_over(self, parcel: Parcel) -> ReplyTo:
        self._call("hand_over")
        assert parcel.message
        if parcel.outcome.kind == "films":
            async with parcel.file(FILM.film) as path:
                self.messages[parcel.message] = f"film {path.read_text()}"
        else:
            self.messages[parcel.message] = f"{parcel.outcome.kind} {parcel.outcome.sentence} {parcel.outcome.hint}"
        self._answer()
        return parcel.reply_to

    async def withdraw(self, message: str, reply_to: ReplyTo) -> None:
        self._call("withdraw")
        del self.messages[message]

    def text(self, reply_to: ReplyTo, status: Status) -> str:
        return f"{status.state} {status.place}"


class Bell:
    async def knocked(self, front: str, timeout: float) -> bool:
        await asyncio.sleep(min(timeout, 0.01))
        return False


class House:
    """Records, blobs and a chat, with one job in it."""

    def __init__(self, records: Records, blobs: Blobs) -> None:
        self.records, self.blobs, self.chat = records, blobs, Chat()
        self.stop = asyncio.Event()

    async def job(self, *, quiet: bool = False) -> None:
        job = NewJob("j1", "s1", "cpu", "chat:1", "chat:9", REQUEST.dump_python(Request(), mode="json"))
        reply_to = REPLY_TO.dump_python(ReplyTo("chat", "chat:9", {"topic": 3}), mode="json")
        await self.records.add_job(job, NewDelivery("d1", "j1", "chat", reply_to, quiet=quiet), caps=Caps())

    async def ends(self, outcome: Outcome, *, state: str = "succeeded") -> None:
        attempt = await self.records.release("j1")
        assert attempt
        assert await self.records.take("j1", attempt, "w", seconds=9)
        assert await self.records.end(
            "j1", attempt, "w", state=state, outcome=OUTCOME.dump_python(outcome, mode="json")
        )

    async def runs(self, until: str = "", *, seconds: float = 5.0, owner: int = 1) -> None:
        """Run the outbox until the delivery is in that state (or for `seconds` when there is none to wait for)."""
        stop = asyncio.Event()
        outbox = Deliveries(self.records, self.blobs, Bell(), self.chat, show_s=0.02)
        running = asyncio.create_task(outbox.run(stop))
        try:
            async with asyncio.timeout(seconds):
                while not until or (row := await self.records.delivery("d1")) is None or row.state != until:
                    await asyncio.sleep(0.01)
        except TimeoutError:
            assert not until, f"never {until}; calls {self.chat.calls}"
        finally:
            stop.set()
            await running


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(deliveries, "LOOK_S", 0.02)
    monkeypatch.setattr(deliveries, "FIRST_PAUSE_S", 0.02)
    records = await Records.open(f"sqlite:///{tmp_path}/r.db")
    (tmp_path / "blobs").mkdir()
    blobs = Blobs(str(tmp_path / "blobs"))
    await blobs.put_bytes(FILM.film, b"of the sea")
    yield House(records, blobs)
    await records.close()


async def test_a_placeholder_becomes_the_film(house: House) -> None:
    await house.job()
    await house.runs(seconds=0.3)
    assert house.chat.messages == {"m1": "waiting 1"}
    assert house.chat.calls == ["open"], "the same is not said twice"
    await house.ends(FILMS)
    await house.runs("sent")
    assert house.chat.messages == {"m1": "film of the sea"}
    row = await house.records.delivery("d1")
    assert row
    assert row.reply_to["address"] == {"topic": 3, "learned": "m1"}


async def test_a_film_whose_answer_was_lost_is_edited_again_not_sent_again(house: House) -> None:
    await house.job()
    await house.runs(seconds=0.2)
    await house.ends(FILMS)
    house.chat.breaks = [ConnectionError("cut"), ConnectionError("cut")]
    await house.runs("sent")
    assert house.chat.messages == {"m1": "film of the sea"}
    assert house.chat.calls.count("hand_over") == 3


async def test_a_placeholder_whose_answer_was_lost_is_not_sent_again_at_once(house: House) -> None:
    await house.job()
    house.chat.breaks = [ConnectionError("cut")]
    await house.runs(seconds=0.3)
    assert house.chat.calls == ["open"]


async def test_a_placeholder_that_was_refused_is_sent_again(house: House) -> None:
    await house.job()
    house.chat.before = [Later(0.01)]
    await house.runs(seconds=0.3)
    assert house.chat.messages == {"m1": "waiting 1"}


async def test_two_outboxes_hand_over_once(house: House) -> None:
    await house.job()
    await house.ends(FILMS)
    await asyncio.gather(house.runs("sent"), house.runs("sent"))
    assert house.chat.calls == ["open", "hand_over"]


@pytest.mark.parametrize("error", [Gone("blocked"), Refused("bad request")])
async def test_what_the_network_says_for_good_is_an_end(house: House, error: Exception) -> None:
    await house.job()
    await house.ends(FILMS)
    house.chat.before = [None, error]
    await house.runs("dead")
    assert house.chat.calls == ["open", "hand_over"]


async def test_the_metrics_tell_how_hand_overs_went(house: House) -> None:
    def count(result: str) -> float:
        labels = {"front": "chat", "result": result}
        return metrics.REGISTRY.get_sample_value("reelscore_deliveries_total", labels) or 0.0

    before = {result: count(result) for result in ("later", "sent")}
    await house.job()
    await house.ends(FILMS)
    house.chat.before = [None, OSError("away")]
    await house.runs("sent")
    assert {result: count(result) - before[result] for result in before} == {"later": 1, "sent": 1}


async def test_a_chat_that_has_moved_is_followed(house: House) -> None:
    await house.job()
    await house.ends(FILMS)
    there = Moved("chat:-100", lambda old: replace(old, chat="chat:-100", address={**old.address, "chat": -100}))
    house.chat.before = [None, there]
    await house.runs("sent")
    row = await house.records.delivery("d1")
    assert row
    assert row.reply_to["chat"] == "chat:-100"
    assert row.reply_to["address"]["chat"] == -100


async def test_a_film_that_is_too_large_becomes_a_sentence(house: House) -> None:
    await house.job()
    await house.ends(FILMS)
    house.chat.before = [None, TooLarge()]
    await house.runs("sent")
    assert house.chat.messages["m1"].startswith("sentence The file is larger than")


async def test_a_question_stays_open_for_its_answer(house: House) -> None:
    await house.job()
    await house.ends(Outcome("question"), state="asking")
    await house.runs("open")
    assert house.chat.messages["m1"].startswith("question")
    assert await house.records.answer("j1", REQUEST.dump_python(Request(sound="keep"), mode="json"))
    await house.ends(FILMS)
    await house.runs("sent")
    assert house.chat.messages == {"m1": "film of the sea"}


async def test_a_job_that_was_canceled_before_its_work_is_told_so(house: House) -> None:
    await house.job()
    await house.runs(seconds=0.2)
    assert await house.records.ask_cancel("j1")
    await house.runs("sent")
    assert house.chat.messages["m1"].startswith(f"sentence {endings.CANCELED.sentence}")


async def test_nothing_to_say_takes_the_placeholder_away(house: House) -> None:
    await house.job()
    await house.runs(seconds=0.2)
    await house.ends(Outcome("nothing"))
    await house.runs("sent")
    assert house.chat.messages == {}


async def test_what_nobody_asked_for_says_nothing_but_the_film(house: House) -> None:
    await house.job(quiet=True)
    await house.runs(seconds=0.2)
    assert house.chat.calls == []
    await house.ends(Outcome("sentence", sentence="Broken."), state="failed")
    await house.runs("sent")
    assert house.chat.calls == []


def test_pauses_double_and_stay_bounded() -> None:
    assert 0.7 <= deliveries.pause(0) <= 1.3
    assert 5.6 <= deliveries.pause(3) <= 10.4
    assert deliveries.pause(500) <= deliveries.LONGEST_PAUSE_S * 1.3
