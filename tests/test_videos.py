"""Music videos at the desk: shown before they are made, changed by buttons and commands, drawn once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.desk import Asked, Desk, Person, Press, Reply
from bot.text import chat, measured
from bot.text import videos as text
from bot.treatments import treatment_of
from jobs.job import OUTCOME, REQUEST, Facts, Film, Outcome, Preview, ReplyTo, Request
from pipeline.backends import Crew
from pipeline.errors import BadLyrics, OverLimit
from pipeline.storyboard import LYRICS_MOST, Treatment
from storage.blobs import Blobs
from storage.records import Caps, Records
from storage.tables import JobRow
from tests.databases import Clock, put_to_work
from tests.shoots import make_board

ANNA, BEN = Person("telegram:7001"), Person("telegram:7002")
CHAT = "telegram:-1009"

FACTS = Facts(
    title="The Long Way",
    artist="Nobody",
    seconds=61.0,
    tempo=128.2,
    key="A minor",
    parts=(("intro", 0.0, 8.0), ("chorus", 8.0, 40.0), ("outro", 40.0, 61.0)),
    lines=12,
    timed=True,
    shown=("p01", "p02", "p01"),
    pictures=2,
    look="anime",
    illustrator="painted",
    animator="camera",
)


@pytest_asyncio.fixture
async def records(tmp_path: Path, clock: Clock) -> AsyncIterator[Records]:
    records = await Records.open(f"sqlite:///{tmp_path}/records.db", clock=clock)
    yield records
    await records.close()


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(str(tmp_path / "blobs"))


@pytest.fixture
def desk(records: Records, blobs: Blobs, tmp_path: Path) -> Desk:
    async def ring() -> None:
        return None

    (tmp_path / "uploads").mkdir()
    return Desk(records, blobs, caps=Caps(), ring=ring, folder=tmp_path / "uploads", crew=Crew(illustrator="flux"))


def to(chat: str = CHAT, language: str = "en") -> ReplyTo:
    return ReplyTo("telegram", chat, {"message": 5}, language)


async def track(path: Path) -> None:
    path.write_bytes(b"a track")


async def photo(path: Path) -> None:
    path.write_bytes(b"a photo")


async def submit(desk: Desk, words: str = "", source: str = "telegram:1", **more: Any) -> str:
    return await desk.submit(Asked(source, ANNA, to(), desk.wanted(words), track, **more))


async def row_of(records: Records, job: str) -> JobRow:
    row = await records.job(job)
    assert row is not None
    return row


async def request_of(records: Records, job: str) -> Request:
    return REQUEST.validate_python((await row_of(records, job)).request)


async def show(records: Records, job: str, *, usd: float = 0.0) -> None:
    """Do what a worker does: ask whether to go on."""
    shown = Outcome("question", code="preview", preview=Preview(f"{job}/1/contact.jpg", FACTS, usd, 75.0))
    attempt = await put_to_work(records, job)
    assert await records.end(job, attempt, "worker 1", state="asking", outcome=OUTCOME.dump_python(shown, mode="json"))


async def make(
    records: Records, blobs: Blobs, job: str, folder: Path, *, bought: bool = False, music: str | None = None
) -> None:
    """Do what a worker does: bring the film, its storyboard and what was bought."""
    keys = {name: f"{job}/1/{name}" for name in ("film", "thumbnail", "sheet", "contact")}
    keys |= {"pictures": f"{job}/1/pictures"} if bought else {}
    for name, key in keys.items():
        (folder / name).write_text(name)
        await blobs.put(key, folder / name)
    values: dict[str, Any] = {"bytes": 9, "seconds": 61.0, "width": 1080, "height": 1920, "copied": True}
    values |= {"music": music, "song": None, "stems": None, "midi": None, "cues": (), "style": "anime", "seed": 1}
    film = Film(**keys, **values, hit_rate=1.0, cuts=2, facts=FACTS, usd=0.4 if bought else 0.0)
    attempt = await put_to_work(records, job)
    outcome = OUTCOME.dump_python(Outcome("films", films=(film,)), mode="json")
    assert await records.end(job, attempt, "worker 1", state="succeeded", outcome=outcome, clip_s=61.0, seconds=70.0)


async def press(desk: Desk, job: str, action: Any, value: str = "", person: Person = ANNA) -> Reply:
    return await desk.press(person, Press(action, job, value), to())


async def children(records: Records, job: str) -> list[JobRow]:
    return [row for row in await records.jobs_of(most=100) if row.parent == job]


async def test_a_video_is_shown_first_and_made_on_go(desk: Desk, records: Records) -> None:
    job = await submit(desk, "neon city, look: anime, 16:9\n\n[Chorus]\nla la la\nwe go home")
    request = await request_of(records, job)
    assert request.treatment is not None
    assert not request.go
    assert request.crew.illustrator == "flux"
    assert (request.treatment.wish, request.treatment.look, request.treatment.shape) == ("neon city", "anime", "16:9")
    assert request.treatment.lyrics == "[Chorus]\nla la la\nwe go home"
    await show(records, job)
    said = await press(desk, job, "go")
    assert said.text == text.going("en")
    assert (await request_of(records, job)).go
    assert (await row_of(records, job)).state == "waiting"
    assert (await press(desk, job, "go")).text == chat.answered_already("en")


async def test_a_strangers_go_is_no_go(desk: Desk, records: Records) -> None:
    job = await submit(desk)
    await show(records, job)
    assert (await press(desk, job, "go", person=BEN)).alert
    assert not (await request_of(records, job)).go


@pytest.mark.parametrize(
    ("action", "value", "changed"),
    [
        ("look", "noir", {"look": "noir"}),
        ("titles", "karaoke", {"titles": "karaoke"}),
        ("shape", "1x1", {"shape": "1:1"}),
        ("shift", "earlier", {"shift": -0.2}),
        ("board", "", {"seed": 2}),
    ],
)
async def test_a_preview_is_changed_before_it_is_made(
    desk: Desk, records: Records, action: str, value: str, changed: dict[str, Any]
) -> None:
    job = await submit(desk)
    await show(records, job)
    await press(desk, job, action, value)
    request = await request_of(records, job)
    assert request.treatment is not None
    assert {name: getattr(request.treatment, name) for name in changed} == changed
    assert not request.go
    assert not await children(records, job)


async def test_what_is_no_choice_is_refused(desk: Desk, records: Records) -> None:
    job = await submit(desk)
    await show(records, job)
    for action in ("look", "titles", "shape"):
        assert (await press(desk, job, action, "hunter")).alert
    assert (await row_of(records, job)).state == "asking"


async def test_a_change_after_the_film_keeps_its_plan_and_what_was_bought(
    desk: Desk, records: Records, blobs: Blobs, tmp_path: Path
) -> None:
    job = await submit(desk, beside={"visual": photo})
    await make(records, blobs, job, tmp_path, bought=True)
    await press(desk, job, "titles", "pop")
    (child,) = await children(records, job)
    request = await request_of(records, child.id)
    assert request.go
    assert set(request.beside) == {"storyboard", "pictures", "visual"}
    for name, content in {
        "upload": "a track",
        "storyboard": "sheet",
        "pictures": "pictures",
        "visual": "a photo",
    }.items():
        assert (await blobs.get(f"{child.id}/{name}", tmp_path / "got")).read_text() == content
    await press(desk, job, "titles", "pop")  # a double click
    assert len(await children(records, job)) == 1


async def test_another_look_is_another_plan_and_shown_first(
    desk: Desk, records: Records, blobs: Blobs, tmp_path: Path
) -> None:
    job = await submit(desk)
    await make(records, blobs, job, tmp_path)
    await press(desk, job, "look", "noir")
    (child,) = await children(records, job)
    request = await request_of(records, child.id)
    assert not request.go
    assert request.beside == ()
    assert request.treatment is not None
    assert request.treatment.look == "noir"


async def test_shifts_add_up(desk: Desk, records: Records, blobs: Blobs, tmp_path: Path) -> None:
    job = await submit(desk)
    await make(records, blobs, job, tmp_path)
    said = await desk.shift(ANNA, to(), 0.4)
    assert "0.40 s later" in said.text
    (child,) = await children(records, job)
    await make(records, blobs, child.id, tmp_path)
    said = await desk.shift(ANNA, to(), -0.5, job=child.id)
    assert "0.10 s earlier" in said.text
    shifts = [(await request_of(records, row.id)).treatment for row in await children(records, job)]
    assert sorted(one.shift for one in shifts if one) == [-0.1, 0.4]


async def test_one_shot_is_drawn_anew(desk: Desk, records: Records, blobs: Blobs, tmp_path: Path) -> None:
    job = await submit(desk)
    await make(records, blobs, job, tmp_path)
    assert (await desk.redraw(ANNA, to(), 4)).alert
    assert (await desk.redraw(BEN, to(), 1)).text == text.no_video("en")
    await desk.redraw(ANNA, to(), 3)
    (child,) = await children(records, job)
    request = await request_of(records, child.id)
    assert request.treatment is not None
    assert request.treatment.redraws == {"p01": 1}
    assert request.go


async def test_other_words_for_a_preview(desk: Desk, records: Records) -> None:
    job = await submit(desk, "mountains")
    await show(records, job)
    await desk.sing(ANNA, to(), "the sea at night", "[00:01.00]la la\n[00:03.00]lo lo", job=job)
    request = await request_of(records, job)
    assert request.treatment is not None
    assert request.treatment.wish == "the sea at night"
    assert request.treatment.lyrics.startswith("[00:01.00]")
    refused = await desk.sing(ANNA, to(), "", "x" * (LYRICS_MOST + 1), job=job)
    assert refused.alert


async def test_an_edited_storyboard_is_planned_anew_and_shown_first(
    desk: Desk, records: Records, blobs: Blobs, tmp_path: Path
) -> None:
    job = await submit(desk, "mountains", beside={"visual": photo})
    await make(records, blobs, job, tmp_path, bought=True)
    wanted = Treatment(wish="the sea", titles="pop", seed=4)
    edited = replace(make_board([0.0, 2.0, 61.0]), treatment=wanted).to_json().encode()
    refused = await desk.replay(ANNA, to(), edited.replace(b'"shots"', b'"shoots"'), job=job)
    assert refused.alert
    assert "storyboard is not usable" in refused.text
    assert (await desk.replay(BEN, to(), edited, job=job)).text == text.no_video("en")
    assert not await children(records, job)
    assert not (await desk.replay(ANNA, to(), edited, job=job)).alert
    (child,) = await children(records, job)
    request = await request_of(records, child.id)
    assert (request.go, request.treatment) == (False, wanted)
    assert set(request.beside) == {"storyboard", "pictures", "visual"}
    assert (await blobs.get(f"{child.id}/storyboard", tmp_path / "got")).read_bytes() == edited
    await show(records, child.id)
    await press(desk, child.id, "titles", "line")
    assert "storyboard" in (await request_of(records, child.id)).beside
    await show(records, child.id)
    await press(desk, child.id, "look", "noir")  # another plan, which nobody has edited
    assert (await request_of(records, child.id)).beside == ("visual",)


async def test_full_quality_is_the_same_film_unless_the_place_was_too_narrow(
    desk: Desk, records: Records, blobs: Blobs, tmp_path: Path
) -> None:
    request = replace(desk.wanted("sea"), target="telegram", most_bytes=10)  # the film has nine
    job = await desk.submit(Asked("narrow", ANNA, to(), request, track))
    await make(records, blobs, job, tmp_path, bought=True)
    await press(desk, job, "file")
    (child,) = await children(records, job)
    wider = await request_of(records, child.id)
    assert (wider.go, wider.target, wider.most_bytes) == (True, "none", None)
    assert set(wider.beside) == {"storyboard", "pictures"}
    job = await desk.submit(Asked("wide", ANNA, to(), replace(request, most_bytes=1000), track))
    await make(records, blobs, job, tmp_path)
    await press(desk, job, "file")
    assert not await children(records, job)
    assert "file" in [row.what for row in await records.deliveries_of(job)]


async def test_other_words_are_asked_for_with_those_that_are_there(desk: Desk, records: Records) -> None:
    job = await submit(desk, "mountains")
    await show(records, job)
    asked = await press(desk, job, "words")
    assert (asked.form, asked.filled) == ("words", {"wish": "mountains", "lyrics": ""})
    assert asked.text == text.say_words("en")
    assert (await desk.sing(ANNA, to(), "mountains", "", job=job)).text == text.as_before("en")
    assert (await row_of(records, job)).state == "asking"
    assert (await press(desk, job, "words", person=BEN)).form is None


def test_what_cannot_be_lyrics_is_refused_at_once(desk: Desk) -> None:
    with pytest.raises(OverLimit):
        desk.wanted("", "la\n" * LYRICS_MOST)
    with pytest.raises(BadLyrics):
        desk.wanted("", "[ti:Nothing]\n")


async def test_a_score_has_no_lyrics_to_move(desk: Desk, records: Records) -> None:
    job = await desk.submit(Asked("clip", ANNA, to(), Request(), track))
    assert (await desk.shift(ANNA, to(), 0.4, job=job)).text == text.no_video("en")
    assert (await press(desk, job, "board")).alert


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_preview_says_what_it_costs_and_fits(language: str) -> None:
    shown = Preview("contact.jpg", replace(FACTS, title="x" * 2000), 0.0, 75.0, notes=("y" * 2000,))
    said = text.preview(shown, language)
    assert measured.units(said) <= measured.CAPTION_MOST
    assert "128" in said
    assert "0.40" not in said
    assert "0.40" in text.preview(replace(shown, usd=0.4), language)
    assert "128" not in text.preview(replace(shown, facts=replace(FACTS, tempo=None)), language)


def test_every_button_fits_and_is_understood() -> None:
    request = Request(treatment=treatment_of(""))
    job = "abcdefghijk2"
    for rows in (
        text.preview_buttons(job, "en"),
        *(
            make(job, request, "de")
            for make in (
                text.change_buttons,
                text.look_buttons,
                text.titles_buttons,
                text.shape_buttons,
                text.result_buttons,
            )
        ),
    ):
        for button in (button for row in rows for button in row):
            assert Press.unpack(button.press.pack()) == button.press
            assert len(button.label) <= 40


async def test_a_song_that_was_made_is_the_next_films_track(
    desk: Desk, records: Records, blobs: Blobs, tmp_path: Path
) -> None:
    asked = Asked("song", ANNA, to(), desk.wanted("the sea", "la la\nlo lo\nli li", song=True), track)
    job = await desk.submit(asked)
    (tmp_path / "made").write_text("the song")
    await blobs.put(f"{job}/1/song.wav", tmp_path / "made")
    await make(records, blobs, job, tmp_path, music=f"{job}/1/song.wav")
    await press(desk, job, "look", "noir")
    await desk.sing(ANNA, to(), "", "other\nlines\nnow", job=job)
    same, other = sorted(await children(records, job), key=lambda row: bool(row.request["song"]))
    assert not (await request_of(records, same.id)).song
    assert (await blobs.get(f"{same.id}/upload", tmp_path / "got")).read_text() == "the song"
    assert (await request_of(records, other.id)).song
    assert (await blobs.get(f"{other.id}/upload", tmp_path / "got")).read_text() == "a track"
