"""Buttons pressed by whom they are not for, on Telegram and at the desk, which Discord's presses go through."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aiogram import types
from sqlalchemy import select

from bot import presses
from bot.buttons import Press, Reply
from bot.desk import Asked, Person
from jobs.job import ReplyTo, Request
from storage.blobs import Blobs
from storage.records import Records
from storage.tables import JobRow, Table
from tests.chaos.bar import Bar
from tests.fake_telegram import Chat, ChatMessage, FakeTelegram, User
from tests.fake_telegram import Press as Tap
from tests.fake_telegram.chats import ANONYMOUS
from tests.telegram_stage import Stage, silent_clip, staged

#: what may change when somebody who is not obeyed presses: that they were seen, and that their press was stored
UNTOUCHED = {"person", "inbox"}
ANSWERED_S = 20.0

#: one press of each kind, for jobs in three states
OF_FILM = ("take", "mood", "mood:{job}:hopeful", "length", "length:{job}:long", "tempo:{job}:up", "song", "stems",
           "midi", "sheet", "file", "rate", "rate:{job}:fitness=4", "back")  # fmt: skip
OF_QUESTION = ("sound:{job}:keep", "sound:{job}:replace", "sound:{job}:leave")
OF_WAITING = ("cancel",)


@dataclass
class Room:
    """Chats with jobs in them, and the messages under which their buttons stand."""

    stage: Stage
    ada: User
    boss: User  #: an admin who hides behind the group's name
    group: Chat
    shown: dict[str, tuple[ChatMessage, JobRow]]  #: by what the job is doing: film, question, waiting
    hidden: dict[str, tuple[ChatMessage, JobRow]]  #: the same, asked for by an admin who hides

    def presses(self, shown: dict[str, tuple[ChatMessage, JobRow]]) -> Iterator[tuple[ChatMessage, str]]:
        for state, kinds in (("film", OF_FILM), ("question", OF_QUESTION), ("waiting", OF_WAITING)):
            message, row = shown[state]
            for kind in kinds:
                yield message, kind.format(job=row.id) if ":" in kind else f"{kind}:{row.id}"


async def bars(size: float, *, bare: bool) -> list[Bar]:
    """Press everything as everybody else, then as the owner: who is meant to be obeyed has to be."""
    with _without_rights() if bare else nullcontext():
        return [await _on_telegram(), await _at_the_desk()]


async def _on_telegram() -> Bar:
    pressed = obeyed = unanswered = 0
    wrong: list[str] = []
    async with _room() as room:
        before = await _state(room.stage)
        for name, press, jobs in _strangers(room):
            for message, data in room.presses(jobs):
                answered = await press(message, data)
                await room.stage.settled()
                pressed, unanswered = pressed + 1, unanswered + (not answered)
                if (after := await _state(room.stage)) != before:
                    obeyed, before = obeyed + 1, after
                    wrong.append(f"{data.split(':')[0]} by {name}")
        owner = await _owned(room)
    said = (
        f"{obeyed} of {pressed} obeyed, {unanswered} unanswered; of their owners' {owner[0]} of {owner[1]}"
        f"{_listed(wrong)}"
    )
    met = obeyed == 0 and unanswered == 0 and owner[0] == owner[1]
    return Bar("callbacks pressed by others, on Telegram", "0 obeyed, each answered, the owner's all obeyed", said, met)


def _listed(wrong: list[str]) -> str:
    """Name some of the presses that were obeyed."""
    kinds = list(dict.fromkeys(wrong))
    return f": {', '.join(kinds[:6])}{' ...' if len(kinds) > 6 else ''}" if kinds else ""


def _strangers(room: Room) -> Iterator[tuple[str, Callable[..., Any], dict[str, tuple[ChatMessage, JobRow]]]]:
    """Yield who presses, how, and on whose jobs."""
    telegram = room.stage.telegram
    eve, mallory = telegram.user("Eve"), telegram.user("Mallory")
    room.group.members[eve.id] = eve
    elsewhere = telegram.group("Elsewhere")
    elsewhere.make_admin(mallory)
    admin = telegram.user("Hidden admin")
    room.group.make_admin(admin, anonymous=True)

    def as_(user: User, *, where: Chat | None = None, who: types.User | None = None, old: bool = False) -> Any:
        async def press(message: ChatMessage, data: str) -> bool:
            return await _press(telegram, user, message, data, where=where, who=who, old=old)

        return press

    yield "another member", as_(eve), room.shown
    yield "somebody in another chat", as_(eve, where=eve.chat), room.shown
    yield "a hidden admin", as_(admin), room.shown
    yield "the hidden admins' own name", as_(admin, who=ANONYMOUS), room.shown
    yield "another member, under an old message", as_(eve, old=True), room.shown
    yield "an admin of another chat", as_(mallory, where=elsewhere), room.shown
    yield "another member, a hidden admin's job", as_(eve), room.hidden
    yield "an admin of another chat, a hidden admin's job", as_(mallory, where=elsewhere), room.hidden
    yield "an admin of another chat here, a hidden admin's job", as_(mallory), room.hidden


async def _press(
    telegram: FakeTelegram,
    user: User,
    message: ChatMessage,
    data: str,
    *,
    where: Chat | None = None,
    who: types.User | None = None,
    old: bool = False,
) -> bool:
    """Press with a client of one's own: any data, under a message of any chat. Return whether it was answered."""
    if where is not None:
        message = next((one for one in where.history if one.by_bot), None) or where.add(by_bot=True, text="Moved here.")
    tap = Tap(str(telegram.new_id()), user, message, data)
    telegram.presses[tap.id] = tap
    query = tap.as_type()
    if old:
        gone = types.InaccessibleMessage(chat=message.chat.as_type(), message_id=message.id, date=0)
        query = query.model_copy(update={"message": gone})
    if who is not None:
        query = query.model_copy(update={"from_user": who})
    telegram.updates.add(callback_query=query)
    return bool(await telegram.waits_until(tap.answered.is_set, ANSWERED_S))


async def _owned(room: Room) -> tuple[int, int]:
    """Press everything as the owner; return how many presses did something, and how many there were."""
    done = pressed = 0
    theirs = [(room.ada, *one) for one in room.presses(room.shown)] + [
        (room.boss, *one) for one in room.presses(room.hidden)
    ]
    for owner, message, data in theirs:
        before = await _state(room.stage)
        await _press(room.stage.telegram, owner, message, data)
        await room.stage.settled()
        pressed += 1
        # a question is answered once: the two other answers come too late
        done += await _state(room.stage) != before or data.endswith((":replace", ":leave"))
    return done, pressed


async def _state(stage: Stage) -> object:
    """Return all that a press could change: the records, what stands in the chats, and their buttons."""
    chats = [
        (message.id, message.words, message.kind, tuple(message.labels), message.deleted)
        for chat in stage.telegram.chats.values()
        for message in chat.history
        if message.by_bot and message.text != "Moved here."
    ]
    return await _rows(stage.records), chats


async def _rows(records: Records) -> list[list[str]]:
    async with records.engine.connect() as connection:
        tables = [table for name, table in Table.metadata.tables.items() if name not in UNTOUCHED]
        return [sorted(map(repr, (await connection.execute(select(table))).all())) for table in tables]


@asynccontextmanager
async def _room() -> AsyncIterator[Room]:
    """Open a group in which Ada, and an admin who hides, have a film, a question and a job that waits each."""
    with tempfile.TemporaryDirectory(prefix="reelscore-chaos-") as place:
        async with FakeTelegram() as telegram, staged(telegram, Path(place)) as stage:
            group, ada, admin = telegram.group(), telegram.user("Ada"), telegram.user("Boss")
            group.make_admin(admin, anonymous=True)
            shown = {state: await _made(stage, group, ada, state) for state in ("film", "question", "waiting")}
            hidden = {state: await _made(stage, group, admin, state) for state in ("film", "question", "waiting")}
            await asyncio.sleep(0.5)  # the placeholders of jobs that wait are shown once more as the line grows
            yield Room(stage, ada, admin, group, shown, hidden)


async def _made(stage: Stage, group: Chat, person: User, state: str) -> tuple[ChatMessage, JobRow]:
    """Let somebody ask for a film in the group, and bring the job to where it shall stand."""
    known = {row.id for row in await stage.jobs(0)}
    clip = await person.sends_clip(silent_clip(), chat=group)
    await person.says("/score", chat=group, reply_to=clip)
    (row,) = [row for row in await stage.jobs(len(known) + 1, seconds=ANSWERED_S) if row.id not in known]
    shows = {
        "film": lambda m: m.kind == "video",
        "question": lambda m: len(m.buttons) == 3,
        "waiting": lambda m: m.buttons,
    }
    if state == "film":
        await stage.scores(row)
    elif state == "question":
        await stage.asks(row)
    message = await group.waits_for(lambda m: row.id in str(m.buttons) and shows[state](m), ANSWERED_S)
    return message, row


# ---- the desk ----

CHANNEL, OTHER_CHANNEL = "discord:10", "discord:11"
STRANGERS = (
    ("another member", Person("discord:2"), CHANNEL),
    ("an admin of the channel", Person("discord:3", admin=True), CHANNEL),
    ("an admin of another channel", Person("discord:4", admin=True), OTHER_CHANNEL),
    ("who is alone with the bot", Person("discord:5", admin=True), "discord:50"),
    ("the same number on Telegram", Person("telegram:1", admin=True), CHANNEL),
    ("the channel's number", Person(CHANNEL), OTHER_CHANNEL),
)


async def _at_the_desk() -> Bar:
    pressed = obeyed = silent = 0
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="reelscore-chaos-") as place:
        (Path(place) / "blobs").mkdir()
        records = await Records.open(f"sqlite:///{place}/records.db")
        try:
            stage = Stage(FakeTelegram(), records, Blobs(f"{place}/blobs"))
            jobs = [await _asked(stage, state) for state in ("film", "question", "waiting")]
            before = await _rows(records)
            for name, person, chat in STRANGERS:
                for what, act in _acts(stage, jobs, person, chat):
                    reply = await act()
                    pressed, silent = pressed + 1, silent + (not reply.alert)
                    if (after := await _rows(records)) != before:
                        obeyed, before = obeyed + 1, after
                        wrong.append(f"{what} by {name}")
        finally:
            await records.close()
    said = f"{obeyed} of {pressed} obeyed, {silent} not told so{_listed(wrong)}"
    return Bar("what Discord presses, at the desk", "0 obeyed, each told so", said, obeyed == 0 and silent == 0)


def _acts(
    stage: Stage, jobs: list[str], person: Person, chat: str
) -> Iterator[tuple[str, Callable[[], Awaitable[Reply]]]]:
    """Yield each press, the form for rating, and the command that cancels one job."""
    where = ReplyTo("discord", chat)
    for job, kinds in zip(jobs, (OF_FILM, OF_QUESTION, OF_WAITING), strict=True):
        for kind in kinds:
            press = Press.unpack(kind.format(job=job) if ":" in kind else f"{kind}:{job}")
            yield press.action, partial(stage.desk.press, person, press, where)
    yield "the form", partial(stage.desk.rate, person, jobs[0], {"fitness": 1})
    if not (person.admin and chat == CHANNEL):  # admins may stop anybody's job in their channel
        yield "/cancel", partial(stage.desk.cancel, person, job=jobs[2], chat=chat)


async def _asked(stage: Stage, state: str) -> str:
    """Let discord:1 ask for a film."""

    async def fetch(to: Path) -> None:
        to.write_bytes(b"clip")

    asked = Asked(state, Person("discord:1"), ReplyTo("discord", CHANNEL), Request(), fetch)
    job = await stage.desk.submit(asked)
    row = await stage.records.job(job)
    assert row is not None
    if state == "film":
        await stage.scores(row)
    elif state == "question":
        await stage.asks(row)
    return job


@contextmanager
def _without_rights() -> Iterator[None]:
    """Obey everybody."""
    real, presses.may_press = presses.may_press, lambda person, row, chat: True
    try:
        yield
    finally:
        presses.may_press = real
