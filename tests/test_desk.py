"""The desk takes clips in, all or nothing; buttons are obeyed once and only for those whose they are."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import pytest_asyncio

from bot.buttons import Action
from bot.desk import Asked, Button, ChatSettings, Desk, Person, Press, Reply, brief_of, without_moods
from bot.text import chat as text
from jobs.job import OUTCOME, REQUEST, CueLine, Film, Outcome, ReplyTo, Request
from pipeline.backends import Crew
from pipeline.cuesheet import Brief
from pipeline.errors import BadMedia, OverLimit, Refused
from storage.blobs import Blobs
from storage.errors import Down
from storage.records import Caps, Records
from storage.tables import JobRow, WorkerRow
from tests.databases import Clock, put_to_work

ANNA = Person("telegram:7001")
BEN = Person("telegram:7002")
CHAT = "telegram:-1009"
CHANNEL = "telegram:-1008"


class Bell:
    """Counts how often the dispatcher is woken; may be broken."""

    def __init__(self) -> None:
        self.rung = 0
        self.broken = False

    async def __call__(self) -> None:
        self.rung += 1
        if self.broken:
            raise ConnectionError("Redis is away")


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with empty tables, made once: the migrations take longer than most tests here."""

    async def make() -> None:
        await (await Records.open(f"sqlite:///{path}")).close()

    path = tmp_path_factory.mktemp("tables") / "records.db"
    asyncio.run(make())
    return path


@pytest_asyncio.fixture
async def records(tables: Path, tmp_path: Path, clock: Clock) -> AsyncIterator[Records]:
    shutil.copyfile(tables, tmp_path / "records.db")
    records = await Records.open(f"sqlite:///{tmp_path}/records.db", clock=clock)
    yield records
    await records.close()


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(str(tmp_path / "blobs"))


@pytest.fixture
def desk(records: Records, blobs: Blobs, bell: Bell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr("bot.desk.LET_GO_S", 0.05)  # no worker and no front end will do anything
    (tmp_path / "uploads").mkdir()
    return Desk(
        records,
        blobs,
        caps=Caps(person_waiting=3, chat_waiting=4),
        ring=bell,
        folder=tmp_path / "uploads",
        most_bytes=1000,
        owners=["telegram:1"],
    )


def to(chat: str = CHAT, *, language: str = "en") -> ReplyTo:
    return ReplyTo("telegram", chat, {"message": 5}, language)


def asked(
    source: str = "telegram:1", person: Person = ANNA, *, chat: str = CHAT, content: bytes = b"clip", **more: Any
) -> Asked:
    async def fetch(path: Path) -> None:
        path.write_bytes(content)

    values = {"reply_to": to(chat), "request": Request(), "fetch": fetch}
    return Asked(source=source, person=person, **values | more)


async def row_of(records: Records, job: str) -> JobRow:
    row = await records.job(job)
    assert row is not None
    return row


def request_of(row: JobRow) -> Request:
    return REQUEST.validate_python(row.request)


def film(job: str, *, seed: int = 1, **more: Any) -> Film:
    cues = (CueLine("1m1", 0, 4, "warm", 90.0, "C major"), CueLine("1m2", 4, 14, "tense", 120.0, "A minor"))
    keys = {name: f"{job}/{name}" for name in ("film", "thumbnail", "music", "song", "stems", "midi", "sheet")}
    values: dict[str, Any] = {"bytes": 9, "seconds": 14.0, "width": 16, "height": 9, "copied": True, "cues": cues}
    return Film(**keys | values | {"style": "epic", "seed": seed, "hit_rate": 0.9, "cuts": 11} | more)


async def finish(records: Records, job: str, *films: Film, **state: Any) -> None:
    """Do what a worker does: bring a job to its end."""
    attempt = await put_to_work(records, job)
    outcome = Outcome("films", films=films or (film(job, seed=request_of(await row_of(records, job)).brief.seed),))
    values = {"state": "succeeded", "outcome": OUTCOME.dump_python(outcome, mode="json")} | state
    assert await records.end(job, attempt, "worker 1", clip_s=14.0, seconds=10.0, **values)


@pytest_asyncio.fixture
async def done(desk: Desk, records: Records) -> str:
    """A job of Anna's that has ended with a film."""
    job = await desk.submit(asked("done", request=Request(brief=Brief(wish="warm and hopeful, no drums"))))
    await finish(records, job)
    return job


async def children(records: Records, job: str) -> list[JobRow]:
    return [row for row in await records.jobs_of(most=100) if row.parent == job]


def left_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


# ---- submit ----


async def test_a_clip_becomes_a_job_with_its_upload_and_message(
    desk: Desk, records: Records, blobs: Blobs, bell: Bell, tmp_path: Path
) -> None:
    await records.store_updates("telegram", [("5", {})])
    job = await desk.submit(asked(update=("telegram", "5")))
    row = await row_of(records, job)
    assert (row.person, row.chat, row.queue, row.state, row.parent) == (ANNA.id, CHAT, "cpu", "waiting", None)
    assert await blobs.size(f"{job}/upload") == 4
    [delivery] = await records.deliveries_of(job)
    assert (delivery.what, delivery.state, delivery.quiet, delivery.front) == ("result", "open", False, "telegram")
    assert delivery.reply_to["address"] == {"message": 5}
    assert await records.updates("telegram") == []
    assert bell.rung == 1
    assert left_in(tmp_path / "uploads") == []


async def test_each_take_has_a_message_of_its_own(desk: Desk, records: Records) -> None:
    job = await desk.submit(asked(request=Request(takes=3)))
    rows = await records.deliveries_of(job)
    assert {row.what: row.quiet for row in rows} == {"result": False, "take-2": True, "take-3": True}
    assert all(len(row.id) <= 25 for row in rows)  # Discord's nonce


async def test_what_nobody_asked_for_is_quiet(desk: Desk, records: Records) -> None:
    job = await desk.submit(asked(auto=True))
    assert [row.quiet for row in await records.deliveries_of(job)] == [True]


async def test_the_same_source_is_one_job_with_one_upload(desk: Desk, blobs: Blobs, tmp_path: Path) -> None:
    jobs = await asyncio.gather(*(desk.submit(asked()) for _ in range(3)))
    assert len(set(jobs)) == 1
    assert await desk.submit(asked()) == jobs[0]
    assert len(left_in(tmp_path / "blobs")) == 1


@pytest.mark.parametrize("known", [True, False])
async def test_too_large_is_said_before_or_while_it_comes(known: bool, desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(OverLimit) as refused:
        await desk.submit(asked(content=b"x" * 1001, size=1001 if known else None))
    assert "MB" in refused.value.sentence
    assert left_in(tmp_path / "blobs") == left_in(tmp_path / "uploads") == []


async def test_a_full_desk_says_whose_limit_and_how_long(
    desk: Desk, records: Records, tmp_path: Path, clock: Clock
) -> None:
    await records.beat(WorkerRow(name="w", queue="cpu", slots=1, seen_at=clock()))
    first = await desk.submit(asked("0"))
    await finish(records, first)
    for number in range(3):
        await desk.submit(asked(f"source {number}"))
    with pytest.raises(OverLimit) as mine:
        await desk.submit(asked("one more"))
    assert mine.value.sentence == "You have 3 clips waiting already; more are not taken."
    assert mine.value.hint == "Try again in about 10 s."
    await desk.submit(asked("ben's", BEN))
    with pytest.raises(OverLimit) as ours:
        await desk.submit(asked("ben's second", BEN, reply_to=to(language="de")))
    assert ours.value.sentence == "Aus diesem Chat warten schon 4 Clips; mehr nehme ich nicht an."
    assert len(left_in(tmp_path / "blobs")) == 5


async def test_an_error_on_the_way_leaves_nothing(desk: Desk, records: Records, tmp_path: Path) -> None:
    async def fetch(path: Path) -> None:
        path.write_bytes(b"half")
        raise BadMedia("There is nothing.")

    with pytest.raises(BadMedia):
        await desk.submit(asked(fetch=fetch))
    assert await records.jobs_of() == []
    assert left_in(tmp_path / "blobs") == left_in(tmp_path / "uploads") == []


async def test_a_transaction_that_breaks_leaves_nothing(
    desk: Desk, records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_: Any, **__: Any) -> Any:
        raise Down("no database")

    with monkeypatch.context() as broken:
        broken.setattr(records, "add_job", down)
        with pytest.raises(Down):
            await desk.submit(asked())
    assert left_in(tmp_path / "blobs") == []


async def test_an_upload_stays_where_the_answer_was_lost(
    desk: Desk, records: Records, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job was written and only the word of it did not come back: without its upload it could not be done."""
    write = records.add_job

    async def lost(*arguments: Any, **more: Any) -> Any:
        await write(*arguments, **more)
        raise Down("the connection broke")

    with monkeypatch.context() as broken:
        broken.setattr(records, "add_job", lost)
        with pytest.raises(Down):
            await desk.submit(asked())
    job = await desk.submit(asked())
    assert await blobs.size(f"{job}/upload") == 4


async def test_a_broken_bell_is_no_fault(desk: Desk, records: Records, bell: Bell) -> None:
    bell.broken = True
    assert await records.job(await desk.submit(asked()))


async def test_words_of_people_are_in_no_key_and_no_id(desk: Desk, records: Records, tmp_path: Path) -> None:
    job = await desk.submit(asked("s", request=Request(brief=Brief(wish="../../etc/passwd ; rm -rf"))))
    assert [path.relative_to(tmp_path / "blobs").as_posix() for path in left_in(tmp_path / "blobs")] == [
        f"{job}/upload"
    ]


# ---- whose button it is ----


async def test_the_buttons_of_others_do_nothing(desk: Desk, records: Records, done: str) -> None:
    before = await records.deliveries_of(done)
    presses = [
        Press(action, done, value)
        for action in get_args(Action)
        for value in ("", "sad", "up", "keep", "fitness=4", "long")
    ]
    for who in (BEN, replace(BEN, admin=True), Person("telegram:1")):  # a member, an admin, the bot's owner
        for press in presses:
            reply = await desk.press(who, press, to())
            assert (reply.text, reply.alert, reply.buttons) == (text.not_yours("en"), True, None)
    assert len(await records.jobs_of()) == 1
    assert len(await records.deliveries_of(done)) == len(before)
    assert await records.means() == []


async def test_a_channels_buttons_are_its_admins(desk: Desk, records: Records) -> None:
    job = await desk.submit(asked("post", Person(CHANNEL), chat=CHANNEL))
    await finish(records, job)
    assert (await desk.press(BEN, Press("take", job), to(CHANNEL))).alert
    assert (await desk.press(replace(BEN, admin=True), Press("take", job), to("telegram:-1"))).alert
    assert len(await records.jobs_of()) == 1
    assert not (await desk.press(replace(BEN, admin=True), Press("take", job), to(CHANNEL))).alert
    assert {row.person for row in await records.jobs_of()} == {CHANNEL}


async def test_a_button_of_a_job_that_is_gone_says_so(desk: Desk) -> None:
    reply = await desk.press(ANNA, Press("take", "abcdefghijkm"), to())
    assert (reply.text, reply.alert) == (text.job_gone("en"), True)


@pytest.mark.parametrize(
    "data",
    ["", "take", "take:", "take:short", "fly:abcdefghijkm", "take:abcdefghijkm:" + "x" * 60, "take:abcdefghijkm:ü",
     "take:abcdefghijkm:a:b", "TAKE:abcdefghijkm", "take:abcdefghijkm\n", "\x00", "take:abcdefghijk0"],
)  # fmt: skip
def test_what_is_no_button_of_ours_is_refused(data: str) -> None:
    with pytest.raises(Refused):
        Press.unpack(data)


def test_presses_go_there_and_back() -> None:
    for press in (Press("take", "abcdefghijkm"), Press("rate", "abcdefghijkm", "humanness=5@4")):
        assert Press.unpack(press.pack()) == press
        assert len(press.pack().encode()) <= 64
    assert (Press("mood", "a", "sad@3").choice, Press("mood", "a", "sad@3").take, Press("mood", "a").take) == (
        "sad",
        3,
        1,
    )


def every_button() -> list[Press]:
    job, request = "abcdefghijkm", Request()
    makers: list[Callable[..., Any]] = [text.result_buttons, text.mood_buttons, text.length_buttons]
    rows = [row for make in makers for take in (1, 4) for row in make(job, request, "de", take=take)]
    rows += [row for asked in text.QUESTIONS for row in text.rating_buttons(job, asked, "de", take=4)]
    rows += text.question(job, Outcome("question"), "de").buttons or ()
    return [button.press for row in rows for button in row]


def test_every_button_fits_and_is_understood() -> None:
    for press in every_button():
        assert Press.unpack(press.pack()) == press


# ---- what buttons make ----


async def test_another_take_has_the_next_seed_and_the_same_clip(
    desk: Desk, records: Records, blobs: Blobs, done: str, bell: Bell
) -> None:
    rung = bell.rung
    reply = await desk.press(ANNA, Press("take", done), to())
    [child] = await children(records, done)
    assert reply.text == "Another take is on its way."
    assert (request_of(child).brief.seed, request_of(child).takes, child.person, child.chat) == (2, 1, ANNA.id, CHAT)
    assert await blobs.size(f"{child.id}/upload") == 4
    assert [row.what for row in await records.deliveries_of(child.id)] == ["result"]
    assert bell.rung == rung + 1


async def test_a_double_click_is_one_job_and_a_later_press_another(
    desk: Desk, records: Records, done: str, tmp_path: Path
) -> None:
    replies = await asyncio.gather(*(desk.press(ANNA, Press("take", done), to()) for _ in range(4)))
    assert (
        sorted(reply.text for reply in replies) == ["Another take is on its way."] + ["That is on its way already."] * 3
    )
    assert len(await children(records, done)) == 1
    assert len(left_in(tmp_path / "blobs")) == 2
    [child] = await children(records, done)
    await finish(records, child.id)
    await desk.press(ANNA, Press("take", done), to())
    assert sorted(request_of(row).brief.seed for row in await children(records, done)) == [2, 3]


async def test_a_take_of_a_take_has_a_seed_of_its_own(desk: Desk, records: Records, done: str) -> None:
    for _ in range(3):
        newest = (await records.jobs_of())[0]
        await desk.press(ANNA, Press("take", newest.id), to())
        for row in await records.jobs_of():
            if row.state == "waiting":
                await finish(records, row.id)
    await desk.press(ANNA, Press("take", done), to())
    seeds = [request_of(row).brief.seed for row in await records.jobs_of()]
    assert len(seeds) == len(set(seeds)) == 5


async def test_several_takes_count_their_seeds_on(desk: Desk, records: Records) -> None:
    job = await desk.submit(asked("s", request=Request(takes=3, brief=Brief(seed=10))))
    await finish(records, job, *(film(job, seed=seed) for seed in (10, 11, 12)))
    await desk.press(ANNA, Press("take", job, "@2"), to())
    await desk.press(ANNA, Press("mood", job, "sad@2"), to())
    rows = {row.source.split(":")[1]: request_of(row) for row in await children(records, job)}
    assert rows["take"].brief.seed == 13
    assert (rows["mood"].brief.seed, rows["mood"].takes) == (11, 1)


async def test_a_mood_is_chosen_and_stands_above_the_words(desk: Desk, records: Records, done: str) -> None:
    menu = await desk.press(ANNA, Press("mood", done), to())
    pressed = [button.press.value for row in menu.buttons or () for button in row]
    assert set(text.MOODS) < set(pressed)
    assert await children(records, done) == []
    reply = await desk.press(ANNA, Press("mood", done, "tense"), to())
    [child] = await children(records, done)
    assert (request_of(child).brief.mood, request_of(child).brief.wish) == ("tense", "no drums")
    assert reply.buttons == text.result_buttons(done, Request(), "en")
    assert (await desk.press(ANNA, Press("mood", done, "xyz"), to())).alert


async def test_the_length_of_the_directions_is_chosen(desk: Desk, records: Records, done: str) -> None:
    assert (await desk.press(ANNA, Press("length", done), to())).buttons
    for length in ("simple", "brief", "long"):
        await desk.press(ANNA, Press("length", done, length), to())
    made = {request_of(row).brief.prompt_length for row in await children(records, done)}
    assert made == {"simple", "brief", "long"}


@pytest.mark.parametrize(("way", "tempo"), [("up", 134.4), ("down", 106.8)])
async def test_the_tempo_moves_from_what_rules_the_film(
    way: str, tempo: float, desk: Desk, records: Records, done: str
) -> None:
    await desk.press(ANNA, Press("tempo", done, way), to())
    [child] = await children(records, done)
    assert request_of(child).brief.tempo == tempo


async def test_another_press_gets_a_short_clip_to_the_next_tempo(desk: Desk, records: Records) -> None:
    """Two seconds hold whole bars at 90 and at 60 bpm: "slower" came back at 90 for ever."""
    job = await desk.submit(asked("s"))
    cues = (CueLine("1m1", 0, 2, "warm", 90.0, "C major"),)
    await finish(records, job, film(job, cues=cues))
    for wanted in (80.1, 71.3, 63.5):
        await desk.press(ANNA, Press("tempo", job, "down"), to())
        [child] = [row for row in await records.jobs_of() if row.state == "waiting"]
        assert request_of(child).brief.tempo == wanted
        job = child.id
        await finish(records, job, film(job, cues=cues))


async def test_who_may_not_stop_a_film_is_told_who_may(desk: Desk, done: str) -> None:
    assert "stop" in (await desk.cancel(BEN, job=done)).text


async def test_the_tempo_has_ends(desk: Desk, records: Records) -> None:
    job = await desk.submit(asked("s"))
    await finish(records, job, film(job, cues=(CueLine("1m1", 0, 9, "calm", 230.0, "C major"),)))
    await desk.press(ANNA, Press("tempo", job, "up"), to())
    [child] = await children(records, job)
    assert request_of(child).brief.tempo == 240.0
    await finish(records, child.id, film(child.id, cues=(CueLine("1m1", 0, 9, "calm", 240.0, "C major"),)))
    assert (await desk.press(ANNA, Press("tempo", child.id, "up"), to())).alert
    assert len(await records.jobs_of()) == 2


@pytest.mark.parametrize("what", ["song", "stems", "midi", "sheet", "file"])
async def test_parts_come_in_a_message_of_their_own(what: Action, desk: Desk, records: Records, done: str) -> None:
    for _ in range(2):
        await desk.press(ANNA, Press(what, done), to("telegram:7001"))
    rows = [row for row in await records.deliveries_of(done) if row.what == what]
    assert [(row.state, row.reply_to["chat"]) for row in rows] == [("due", "telegram:7001")]
    [(due, _)] = [
        pair for pair in await records.due_deliveries("telegram", "me", most=9, seconds=9) if pair[0].what == what
    ]
    await records.sent(due.id, "me")
    await desk.press(ANNA, Press(what, done), to())
    assert [row.what for row in await records.deliveries_of(done)].count(what) == 2


async def test_parts_of_the_second_film_say_so(desk: Desk, records: Records) -> None:
    job = await desk.submit(asked("s", request=Request(takes=2)))
    await finish(records, job, film(job), film(job, seed=2))
    await desk.press(ANNA, Press("song", job, "@2"), to())
    assert "song-2" in [row.what for row in await records.deliveries_of(job)]
    assert (await desk.press(ANNA, Press("tempo", job, "up@3"), to())).alert


async def test_notes_that_are_not_there_are_said(desk: Desk, records: Records) -> None:
    job = await desk.submit(asked("s"))
    await finish(records, job, film(job, midi=None))
    assert (await desk.press(ANNA, Press("midi", job), to())).text == text.no_notes("en")


async def test_full_quality_of_an_encoded_picture_is_made_once(desk: Desk, records: Records) -> None:
    wanted = Request(target="telegram", most_bytes=50_000_000)
    job = await desk.submit(asked("s", request=wanted))
    await finish(records, job, film(job, copied=False))
    await desk.press(ANNA, Press("file", job), to())
    [child] = await children(records, job)
    assert (request_of(child).target, request_of(child).most_bytes) == ("none", None)
    assert request_of(child).brief == wanted.brief
    assert [row.what for row in await records.deliveries_of(child.id)] == ["file"]
    await finish(records, child.id)
    for row, _ in await records.due_deliveries("telegram", "me", most=9, seconds=9):
        await records.sent(row.id, "me")
    await desk.press(ANNA, Press("file", job), to())
    assert len(await children(records, job)) == 1
    assert [row.state for row in await records.deliveries_of(child.id)] == ["sent", "due"]


async def test_a_clip_that_is_no_longer_kept_is_said(desk: Desk, blobs: Blobs, records: Records, done: str) -> None:
    await blobs.remove(done)
    reply = await desk.press(ANNA, Press("take", done), to())
    assert (reply.text, reply.alert) == (text.job_gone("en"), True)
    assert len(await records.jobs_of()) == 1


async def test_limits_hold_for_buttons_too(desk: Desk, records: Records, done: str, tmp_path: Path) -> None:
    for mood in text.MOODS[:3]:
        assert not (await desk.press(ANNA, Press("mood", done, mood), to())).alert
    reply = await desk.press(ANNA, Press("mood", done, text.MOODS[3]), to())
    assert reply.alert
    assert reply.text.startswith("You have 3 clips waiting already")
    assert len(await children(records, done)) == 3
    assert len(left_in(tmp_path / "blobs")) == 4


async def test_buttons_speak_the_language_of_their_message(desk: Desk, records: Records, done: str) -> None:
    reply = await desk.press(ANNA, Press("take", done), to(language="de"))
    assert reply.text == "Noch eine Fassung ist unterwegs."
    [child] = await children(records, done)
    assert (await records.deliveries_of(child.id))[0].reply_to["language"] == "de"


# ---- rating ----


async def test_four_questions_and_the_table_of_means(desk: Desk, records: Records, done: str) -> None:
    reply = await desk.press(ANNA, Press("rate", done), to())
    assert reply.form == "rate"
    for asked_for, point in zip(text.QUESTIONS, (4, 5, 2, 3), strict=True):
        assert asked_for in {button.press.value for button in (reply.buttons or ((),))[0]}
        reply = await desk.press(ANNA, Press("rate", done, f"{asked_for}={point}"), to())
    assert reply.text == text.rated("en")
    assert reply.buttons == text.result_buttons(done, Request(), "en")
    [means] = await records.means()
    assert [means[name] for name in text.QUESTIONS] == [4, 5, 2, 3]
    assert means["configuration"] == "measured/rules/orchestra/brief"
    assert "Richness 4.00 · Fitness 5.00" in (await desk.means(Person("telegram:1"))).text
    assert (await desk.means(ANNA)).alert


async def test_a_form_is_kept_from_the_films_owner_alone(desk: Desk, records: Records, done: str) -> None:
    assert (await desk.rate(BEN, done, {"fitness": 1})).alert
    assert await records.means() == []
    assert not (await desk.rate(ANNA, done, {"fitness": 4})).alert


async def test_odd_answers_are_not_kept(desk: Desk, records: Records, done: str) -> None:
    odd: tuple[dict[str, int], ...] = ({}, {"fitness": 0}, {"fitness": 6}, {"beauty": 3})
    for answers in odd:
        assert (await desk.rate(ANNA, done, answers)).alert
    for value in ("fitness=9", "fitness=", "fitness=a", "beauty=3", "richness=44"):
        await desk.press(ANNA, Press("rate", done, value), to())
    assert await records.means() == []


# ---- the clip's own sound ----


@pytest_asyncio.fixture
async def asking(desk: Desk, records: Records) -> str:
    job = await desk.submit(asked("asking"))
    await finish(records, job, state="asking", outcome={"kind": "question"})
    return job


@pytest.mark.parametrize("choice", ["keep", "replace"])
async def test_an_answer_puts_the_job_back(choice: str, desk: Desk, records: Records, asking: str) -> None:
    reply = await desk.press(ANNA, Press("sound", asking, choice), to())
    row = await row_of(records, asking)
    assert (row.state, request_of(row).sound) == ("waiting", choice)
    assert reply.buttons == ()
    again = await desk.press(ANNA, Press("sound", asking, "leave"), to())
    assert again.text == text.answered_already("en")
    assert (await row_of(records, asking)).state == "waiting"


async def test_a_clip_may_be_left_alone(desk: Desk, records: Records, asking: str) -> None:
    await desk.press(ANNA, Press("sound", asking, "leave"), to())
    row = await row_of(records, asking)
    assert row.state == "canceled"
    assert text.sentence(OUTCOME.validate_python(row.outcome), "de") == "Der Clip bleibt, wie er ist."
    assert [delivery.state for delivery in await records.deliveries_of(asking)] == ["due"]


# ---- cancel, queue, takes ----


async def test_cancel_is_for_ones_own(desk: Desk, records: Records, bell: Bell) -> None:
    mine, theirs = await desk.submit(asked("1")), await desk.submit(asked("2", BEN))
    assert (await desk.cancel(BEN, job=mine)).alert
    assert (await desk.cancel(replace(BEN, admin=True), job=mine, chat="telegram:-1")).alert
    assert (await row_of(records, mine)).state == "waiting"
    assert (await desk.cancel(BEN, chat=CHAT)).text == "1 clip is stopped."
    assert [(await row_of(records, job)).state for job in (mine, theirs)] == ["waiting", "canceled"]
    assert (await desk.cancel(replace(BEN, admin=True), job=mine, chat=CHAT)).text == "1 clip is stopped."
    row = await row_of(records, mine)
    assert OUTCOME.validate_python(row.outcome).sentence
    assert (await desk.cancel(ANNA, job=mine)).text == text.ended_already("en")
    assert (await desk.cancel(ANNA, chat=CHAT)).text == text.canceled(0, "en")


async def test_a_cancel_button_stops_what_runs(desk: Desk, records: Records) -> None:
    job = await desk.submit(asked())
    await put_to_work(records, job)
    reply = await desk.press(ANNA, Press("cancel", job), to())
    assert (reply.text, reply.buttons) == ("1 clip is stopped.", ())
    assert (await row_of(records, job)).cancel_asked_at is not None


async def test_the_queue_says_place_and_time(desk: Desk, records: Records, clock: Clock) -> None:
    await records.beat(WorkerRow(name="w", queue="cpu", slots=1, seen_at=clock()))
    await finish(records, await desk.submit(asked("0")))
    for number in range(2):
        clock.move(1)
        await desk.submit(asked(f"ben {number}", BEN))
        await desk.submit(asked(f"anna {number}"))
    said = (await desk.queue(ANNA, CHAT)).text
    assert said.count("number") + said.count("you are next") == 2
    assert "about" in said
    assert "4 clips are waiting in all." in said
    assert (await desk.queue(Person("telegram:9"), CHAT)).text.startswith(text.canceled(0, "en"))


async def test_the_status_of_a_job(desk: Desk, records: Records) -> None:
    job = await desk.submit(asked(request=Request(takes=2)))
    status = await desk.status(job)
    assert status is not None
    assert (status.state, status.place, status.takes) == ("waiting", 1, 2)
    assert await desk.status("abcdefghijkm") is None


async def test_takes_lead_back_to_the_buttons(desk: Desk, records: Records, done: str) -> None:
    assert (await desk.takes(BEN, CHAT)).buttons is None
    reply = await desk.takes(ANNA, CHAT)
    [[button]] = reply.buttons or ()
    assert isinstance(button, Button)
    assert button.press == Press("back", done)
    assert (await desk.press(ANNA, button.press, to())).buttons == text.result_buttons(done, Request(), "en")


# ---- settings, languages, forgetting ----


async def test_settings_are_for_admins(desk: Desk) -> None:
    wanted = ChatSettings(autoscore="on", style="dark\n synthwave \u202e" + "x" * 99, mood="hopeful", takes=2)
    assert (await desk.set_settings(ANNA, CHAT, wanted)).alert
    assert await desk.settings(CHAT) == ChatSettings()
    await desk.set_settings(replace(ANNA, admin=True), CHAT, wanted)
    kept = await desk.settings(CHAT)
    assert (kept.autoscore, kept.mood, kept.takes) == ("on", "hopeful", 2)
    assert kept.style.startswith("dark synthwave \\u202e")
    assert len(kept.style) <= 40


@pytest.mark.parametrize("wrong", [{"takes": 0}, {"takes": 5}, {"language": "tlh"}, {"autoscore": "maybe"}])
async def test_odd_settings_are_refused(wrong: dict[str, Any], desk: Desk) -> None:
    assert (await desk.set_settings(replace(ANNA, admin=True), CHAT, ChatSettings(**wrong))).alert
    assert await desk.settings(CHAT) == ChatSettings()


async def test_a_chosen_language_stands_above_the_clients(desk: Desk) -> None:
    assert await desk.language(ANNA) == "en"
    assert await desk.language(replace(ANNA, language="de-AT")) == "de"
    assert await desk.language(replace(ANNA, language="fr")) == "en"
    assert await desk.language(replace(ANNA, language="en-GB"), "de") == "de"
    assert await desk.language(ANNA) == "de"
    with pytest.raises(Refused):
        await desk.language(ANNA, "tlh")


async def test_forgetting_leaves_nothing_of_a_person(
    desk: Desk, records: Records, done: str, tmp_path: Path, bell: Bell
) -> None:
    running = await desk.submit(asked("running"))
    await put_to_work(records, running)
    await desk.press(ANNA, Press("take", done), to())
    await desk.rate(ANNA, done, {"fitness": 3})
    await desk.language(ANNA, "de")
    theirs = await desk.submit(asked("ben's", BEN))
    reply = await desk.forget(ANNA)
    assert reply.text.startswith("Erledigt: 3 Clips")
    assert [row.id for row in await records.jobs_of()] == [theirs]
    assert [path.parent.name for path in left_in(tmp_path / "blobs")] == [theirs]
    assert await records.means() == []
    assert await records.renew(running, 1, "worker 1", seconds=9, stage="mix", share=0.5) is None
    assert (await desk.forget(Person("telegram:9"))).text == text.forgotten(0, "en")


async def test_who_is_forgotten_is_left_no_placeholder_that_waits_for_ever(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that were gone at once left a status message with a cancel button, and a folder in the worker."""
    job = await desk.submit(asked("s"))
    monkeypatch.setattr("bot.desk.LET_GO_S", 5.0)

    async def front() -> str:
        while not (due := await records.due_deliveries("telegram", "front", most=1, seconds=9)):
            await asyncio.sleep(0.01)
        await records.sent(due[0][0].id, "front")
        return due[0][1].state

    said, _ = await asyncio.gather(front(), desk.forget(ANNA))
    assert said == "canceled"
    assert await records.job(job) is None


async def test_what_cannot_be_removed_is_not_forgotten(
    desk: Desk, records: Records, blobs: Blobs, done: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows without blobs are removed again later; blobs without rows would stay for ever."""

    async def down(prefix: str) -> int:
        raise Down("no store")

    with monkeypatch.context() as broken:
        broken.setattr(blobs, "remove", down)
        with pytest.raises(Down):
            await desk.forget(ANNA)
    assert await records.job(done)
    assert (await desk.forget(ANNA)).text.startswith("Done: 1 clip")


# ---- words ----


def test_words_stand_above_the_chats_settings() -> None:
    settings = ChatSettings(style="epic", mood="sad")
    assert brief_of("", settings) == Brief(style="epic", mood="sad")
    assert brief_of("no drums", settings) == Brief(wish="no drums", style="epic", mood="sad")
    assert brief_of("warm folk", settings) == Brief(wish="warm folk")
    assert brief_of("", ChatSettings(style="dark synthwave")).wish == "dark synthwave"
    assert len(brief_of("x" * 9000).wish) == 1000


@pytest.mark.parametrize(
    ("wish", "left"),
    [
        ("warm and hopeful, no drums", "no drums"),
        ("no drums, warm", "no drums"),
        ("piano, sad, slow", "piano, slow"),
        ("a happy song in D minor", "a song in D minor"),
        ("dark synthwave", "synthwave"),
        ("warm-hearted", "warm-hearted"),
        ("", ""),
        ("warm", ""),
    ],
)
def test_another_mood_takes_the_old_words_out(wish: str, left: str) -> None:
    assert without_moods(wish) == left


async def test_replies_are_values(desk: Desk, done: str) -> None:
    assert await desk.press(ANNA, Press("back", done), to()) == Reply(
        "epic, warm, 90 bpm, 0:14, seed 1", text.result_buttons(done, Request(), "en")
    )


# ---- who plays ----


@pytest.fixture
def house(desk: Desk, records: Records, blobs: Blobs, bell: Bell, tmp_path: Path) -> Desk:
    """A desk that offers more than the orchestra."""
    crew = Crew(captioner="blip2", composer="musicgen:small")
    offers = ["orchestra", "replicate"]
    return Desk(records, blobs, caps=Caps(), ring=bell, folder=tmp_path / "uploads", crew=crew, composers=offers)


@pytest.mark.parametrize(
    ("words", "composer", "wish"),
    [
        ("warm and hopeful", "musicgen:small", "warm and hopeful"),
        ("composer:orchestra warm", "orchestra", "warm"),
        ("warm --composer Replicate, please", "replicate", "warm , please"),
        ("warm, Composer=MusicGen", "musicgen:small", "warm,"),
        ("like the composer: a dream", "musicgen:small", "like the composer: a dream"),
        ("as a composer of musicgen would", "musicgen:small", "as a composer of musicgen would"),
    ],
)
async def test_who_plays_is_the_houses_choice_or_named_in_the_words(
    house: Desk, records: Records, words: str, composer: str, wish: str
) -> None:
    request = request_of(await row_of(records, await house.submit(asked(request=Request(brief=Brief(wish=words))))))
    assert request.crew == Crew(captioner="blip2", composer=composer)
    assert request.brief.wish == wish
    assert request.offered == ("musicgen:small", "orchestra", "replicate")


@pytest.mark.parametrize("name", ["../x", "flux", "musicgen:/root/model", "musicgen:large"])
async def test_a_composer_that_is_not_offered_is_refused(house: Desk, records: Records, name: str) -> None:
    with pytest.raises(Refused) as refusal:
        await house.submit(asked(request=Request(brief=Brief(wish=f"--composer {name}"))))
    assert "musicgen:small, orchestra, replicate" in refusal.value.hint
    assert await records.jobs_of() == []


async def test_a_button_has_the_same_film_played_by_somebody_else(house: Desk, desk: Desk, records: Records) -> None:
    job = await house.submit(asked("other", request=Request(takes=2)))
    await finish(records, job, film(job, seed=4, composer="musicgen:small"))
    row = await row_of(records, job)
    labels = [button.label for line in text.result_buttons(job, request_of(row), "en") for button in line]
    assert "Composer" in labels
    shown = await house.press(ANNA, Press("composer", job), to())
    assert shown.buttons
    assert [(b.label, b.style) for line in shown.buttons[:-1] for b in line] == [
        ("musicgen:small", "primary"),
        ("Built-in orchestra", "plain"),
        ("replicate", "plain"),
    ]
    assert "on its way" in (await house.press(ANNA, Press("composer", job, "2"), to())).text
    (child,) = await children(records, job)
    made = request_of(child)
    assert (made.crew.composer, made.crew.captioner, made.takes, made.brief.seed) == ("orchestra", "blip2", 1, 4)
    for nobody in ("9", "0", "x"):
        assert (await house.press(ANNA, Press("composer", job, nobody), to())).alert
    assert (await desk.press(ANNA, Press("composer", job, "3"), to())).alert, "this house does not offer it any more"


def test_a_caption_says_who_played_and_what_may_not_be_done() -> None:
    caption = text.caption(film("a", composer="musicgen:small", commercial=False), take=1, takes=1, language="en")
    assert "Played by musicgen:small. Not for commercial use." in caption
    assert "Played by" not in text.caption(film("a", composer="orchestra"), take=1, takes=1, language="en")


async def test_a_house_with_one_composer_shows_no_button(done: str, records: Records) -> None:
    request = request_of(await row_of(records, done))
    assert request.offered == ("orchestra",)
    assert all(b.press.action != "composer" for line in text.result_buttons(done, request, "en") for b in line)
