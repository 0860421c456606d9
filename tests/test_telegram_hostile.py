"""Every file that means harm, sent to the bot: it is scored, or one sentence says why not and a hint what to do.

The front end, the records and the blobs are the real ones, and so is the door that each upload goes through; what a
worker would make of a clip that passes the door is made beforehand.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from jobs.job import Outcome
from pipeline.errors import UserError
from storage.tables import JobRow
from tests.fake_telegram import FakeTelegram, User
from tests.media import MEDIA, needs_media
from tests.telegram_stage import Stage, staged
from tests.test_hostile import HOSTILE_NAMES, take

FILES = sorted(path for path in (MEDIA / "hostile").glob("*.*") if path.suffix not in (".md", ".py"))
#: those that fit into JSON, as films' names: Telegram can say no others
NAMES = [
    f"{name.removesuffix('.mp4')}.mp4" for name in HOSTILE_NAMES if name == name.encode("utf-8", "ignore").decode()
]
PARTS = 4  # that the files are dealt to, so that no test is long
SECRETS = ("root:", "/bin/", "18099", "Traceback", "ffmpeg", "/upload")  # what no person may be told
WITHIN_S = 20.0


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
