"""Files that mean harm, sent to the bot: it is scored, or one sentence says why not and a hint what to do.

The front end, the records and the blobs are the real ones, and so is the door that each upload goes through; what a
worker would make of a clip that passes the door is made beforehand.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.job import REQUEST, Outcome
from jobs.performance import VIDEO, Meter, Task, _perform
from jobs.worker import FILES as FILES_MADE
from pipeline import musicvideo
from pipeline.errors import UserError
from storage.tables import JobRow
from tests.drumbeats import make_song
from tests.fake_telegram import FakeTelegram, User
from tests.media import MEDIA, ffmpeg, needs_media
from tests.small_films import SIDE, SKETCH_SIDE
from tests.telegram_stage import Stage, staged
from tests.test_hostile import HOSTILE_NAMES, SENT, take
from tests.test_jobs_performance import Tape

FILES = [MEDIA / "hostile" / name for name in SENT]
#: those that fit into JSON, as films' names: Telegram can say no others
NAMES = [
    f"{name.removesuffix('.mp4')}.mp4" for name in HOSTILE_NAMES if name == name.encode("utf-8", "ignore").decode()
]
PARTS = 2  # that the files are dealt to, so that no test is long
SECRETS = ("root:", "/bin/", "18099", "Traceback", "ffmpeg", "/upload")  # what no person may be told
WITHIN_S = 20.0


#: what people, and others, send for a track
TRACKS = {
    "empty.mp3": b"",
    "page.mp3": b"<!DOCTYPE html><html><body>404 Not Found</body></html>" * 20,
    "list.mp3": b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\nhttp://127.0.0.1:18099/x.mp3\n",
    "list.ogg": b"ffconcat version 1.0\nfile '/etc/passwd'\n",
    "noise.wav": bytes(range(256)) * 200,
    "cut.flac": b"fLaC\0\0\0\x22" + b"\xff" * 34,
    "tag.mp3": b"ID3\x04\0\0\0\0\x7f\x7f" + bytes(20_000),
}
THREE_HOURS = round(3 * 3600 * 44_100 / 1152)  # frames of an MP3
LYRICS = {
    "emoji": "\n".join(["\N{GRINNING FACE}\N{PARTY POPPER}" * 5] * 4),
    "scripts": "\u05e9\u05dc\u05d5\u05dd hello\n\u4f60\u597d\u4e16\n\u202eevil\u202c\n\u0645\u0631\u062d\u0628\u0627",
    "times": "[99:99.99]late\n[00:02.00]b\n[00:01.00]a\n[-1:00]x\n[00:01.00][00:01.00]c",
    "long": "la " * 1300,
    "zalgo": "a" + "\u0301" * 3000,
    "mark-up": "<b>&amp;{\\\\an8}%s %{pts} ' : \\ [v] ;\ntwo\nthree\nfour",
}


async def perform(stage: Stage, row: JobRow, folder: Path) -> None:
    """Play the worker with the real door."""
    upload = await stage.blobs.get(f"{row.id}/upload", folder / f"{row.id}-upload")
    found = await asyncio.to_thread(take, upload, folder / row.id, target="telegram")
    if isinstance(found, UserError):
        await stage.ends(row, Outcome.of_error(found), state="failed")
    else:
        await stage.scores(row)


async def check_end(user: User, *, was_job: bool = True) -> None:
    """See that the person has a film, or a sentence and a hint, in one message; one line for what is no clip at all."""
    message = await user.chat.waits_for(
        lambda m: m.kind == "video" or (m.kind is None and not m.labels and ("\n" in m.words or not was_job)), WITHIN_S
    )
    assert user.chat.from_bot == [message], user.chat.transcript()
    if message.kind is None:
        assert 10 < len(message.words) < 300, message.words
        assert not [secret for secret in SECRETS if secret in message.words], message.words


@needs_media
@pytest.mark.parametrize("part", range(PARTS))
async def test_a_hostile_file_is_scored_or_refused_in_a_sentence(
    part: int, telegram: FakeTelegram, tmp_path: Path
) -> None:
    async with staged(telegram, tmp_path) as stage:
        people = {path: telegram.user(path.name) for path in FILES[part::PARTS]}
        for path, user in people.items():
            await user.sends_clip(path, "document")
        await stage.settled()
        rows = {row.person: row for row in await stage.jobs()}
        for user in people.values():
            if row := rows.get(f"telegram:{user.id}"):
                await perform(stage, row, tmp_path)
        for user in people.values():
            await check_end(user, was_job=f"telegram:{user.id}" in rows)
        assert not telegram.calls_with("root:x:", "127.0.0.1:18099")


async def perform_video(stage: Stage, row: JobRow, folder: Path) -> None:
    """Play the worker with the real pipeline, small."""
    place = folder / row.id
    place.mkdir(exist_ok=True)
    await stage.blobs.get(f"{row.id}/upload", place / "upload")
    task = Task(row.id, place, REQUEST.validate_python(row.request))
    try:
        outcome = await asyncio.to_thread(_perform, task, Meter(Tape(), VIDEO, {}))
    except UserError as error:
        await stage.ends(row, Outcome.of_error(error), state="failed")
        return
    made = outcome.preview or outcome.films[0]
    names = {name: f"{row.id}/{row.attempt}/{getattr(made, name)}" for name in FILES_MADE if getattr(made, name, None)}
    for name, key in names.items():
        await stage.blobs.put(key, place / getattr(made, name))
    if outcome.preview:
        preview = replace(outcome.preview, **names)
        await stage.ends(row, replace(outcome, preview=preview), state="asking")
    else:
        await stage.ends(row, replace(outcome, films=(replace(outcome.films[0], **names),)))


async def check_told(user: User) -> None:
    """See that the person has a preview or film, or a sentence and a hint, in one message."""
    message = await user.chat.waits_for(lambda m: m.kind or (not m.labels and "\n" in m.words), WITHIN_S)
    assert user.chat.from_bot == [message], user.chat.transcript()
    assert 10 < len(message.words) < 1024, message.words
    assert not [secret for secret in SECRETS if secret in message.words], message.words


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(musicvideo, "SIDE", SIDE)
    monkeypatch.setattr(musicvideo, "SKETCH_SIDE", SKETCH_SIDE)


@pytest.mark.usefixtures("small")
async def test_a_hostile_track_is_refused_in_a_sentence(telegram: FakeTelegram, tmp_path: Path) -> None:
    song = make_song(tmp_path / "song.wav", seconds=4.0)
    ffmpeg("-i", song, tmp_path / "song.mp3")
    lying = bytearray((tmp_path / "song.mp3").read_bytes())
    at = max(lying.find(b"Xing"), lying.find(b"Info"))
    lying[at + 8 : at + 12] = THREE_HOURS.to_bytes(4, "big")
    async with staged(telegram, tmp_path) as stage:
        people = []
        for name, content in {**TRACKS, "long.mp3": bytes(lying)}.items():
            people.append(telegram.user(name))
            await people[-1].sends_clip(content, "audio" if len(people) % 2 else "document", name=name)
        await stage.settled()
        for row in await stage.jobs(len(people)):
            await perform_video(stage, row, tmp_path)
        for user in people:
            await check_told(user)
            assert not [message for message in user.chat.from_bot if message.kind], user.chat.transcript()
        assert not telegram.calls_with("root:x:", "127.0.0.1:18099")


@needs_media
@pytest.mark.usefixtures("small")
async def test_a_hostile_file_as_a_track_is_a_preview_or_a_sentence(telegram: FakeTelegram, tmp_path: Path) -> None:
    async with staged(telegram, tmp_path) as stage:
        people = {path: telegram.user(path.name) for path in FILES}
        for path, user in people.items():
            await user.sends_clip(path, "audio")
        await stage.settled()
        for row in await stage.jobs(len(people)):
            await perform_video(stage, row, tmp_path)
        for user in people.values():
            await check_told(user)
        assert not telegram.calls_with("root:x:", "127.0.0.1:18099")


@pytest.mark.usefixtures("small")
async def test_strange_lyrics_are_sung_or_refused_in_a_sentence(telegram: FakeTelegram, tmp_path: Path) -> None:
    song = make_song(tmp_path / "song.wav", seconds=3.2)
    async with staged(telegram, tmp_path) as stage:
        people = {}
        for name, lyrics in LYRICS.items():
            user, group = telegram.user(name), telegram.group(name)
            people[user] = group
            sent = await user.sends_clip(song, "audio", chat=group)
            words = {"name": f"{name}.txt", "caption": "/musicvideo the sea, 1:1, 24 fps"}
            await user.sends_clip(lyrics.encode(), "document", chat=group, reply_to=sent, **words)
        await stage.settled()
        rows = {row.chat: row for row in await stage.jobs(0)}
        for group in people.values():
            if row := rows.get(f"telegram:{group.id}"):
                await perform_video(stage, row, tmp_path)
            shown = await group.waits_for(lambda m: m.kind or (not m.labels and "\n" in m.words), WITHIN_S)
            assert group.from_bot == [shown], group.transcript()
        for user, group in people.items():
            shown = group.from_bot[0]
            if shown.kind == "photo":
                await user.presses(shown, "Go")
                row = await stage.records.job(rows[f"telegram:{group.id}"].id)
                assert row is not None
                await perform_video(stage, row, tmp_path)
                await group.waits_for(lambda m: m.kind == "video", WITHIN_S)
        assert sum(bool(group.videos) for group in people.values()) >= 4


@needs_media
async def test_a_hostile_name_is_never_said_again(telegram: FakeTelegram, tmp_path: Path) -> None:
    async with staged(telegram, tmp_path) as stage:
        clip = (MEDIA / "hostile" / "tiny_clip.mp4").read_bytes()
        people = {telegram.user(f"Person {number}"): name for number, name in enumerate(NAMES)}
        for user, name in people.items():
            await user.sends_clip(clip, "document", name=name)
        await stage.settled()
        for row in await stage.jobs(len(people)):
            await stage.scores(row)
        for user, name in people.items():
            await check_end(user)
            assert not telegram.calls_with(name), name
