"""The real Discord front end in a simulated Discord, real records and blobs behind it; a test plays the worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import discord
import simcord
from simcord import ChannelHandle, GuildHandle, MemberActor

from bot.desk import Desk
from bot.discord.front import Front
from jobs.deliveries import Deliveries
from jobs.job import OUTCOME, REQUEST, CueLine, Facts, Film, Outcome, Preview, Request
from pipeline.errors import UserError
from storage.blobs import Blobs
from storage.errors import StoreError
from storage.records import Caps, Records
from storage.tables import DeliveryRow, JobRow

CLIP = ("clip.mp4", b"\0\0\0\x18ftypmp42" + b"pictures" * 40)
TRACK = ("song.mp3", b"ID3\3\0\0\0\0\0\0" + b"sound" * 40)
CONTACT = b"\xff\xd8\xff\xe0" + b"shots" * 40
FILM = b"\0\0\0\x18ftypmp42" + b"scored" * 100
CUES = (CueLine("1m1", 0.0, 1.0, "wistful", 84.0, "D minor"), CueLine("1m2", 1.0, 2.0, "hopeful", 84.0, "F major"))
FACTS = Facts(
    title="The Long Way",
    artist="Nobody",
    seconds=61.0,
    tempo=128.2,
    key="A minor",
    parts=(("intro", 0.0, 8.0), ("chorus", 8.0, 61.0)),
    lines=12,
    timed=True,
    shown=("p01", "p02", "p01"),
    pictures=2,
    look="anime",
    illustrator="painted",
    animator="camera",
)


#: what a person was told in a sentence; the simulation notes it all the same
TOLD = (UserError, StoreError)


class Bell:
    """Rings nobody: the outbox is looked into often."""

    async def ring(self) -> None:
        return

    async def knocked(self, front: str, timeout: float) -> bool:
        await asyncio.sleep(0.02)
        return False


class Stage:
    """A server with a channel and Ann in it, and everything between her and the rows."""

    env: simcord.Env
    guild: GuildHandle
    channel: ChannelHandle
    ann: MemberActor

    def __init__(self, folder: Path, records: Records, *, owners: tuple[str, ...] = (), **front: Any) -> None:
        self.records = records
        self.blobs = Blobs(str(folder / "blobs"))
        self.desk = Desk(records, self.blobs, caps=Caps(), ring=Bell().ring, owners=owners)
        self._front = {"desk": self.desk, "records": records, "keep_days": 30.0, "clock": self.now} | front
        self.front = self.new_front()

    def new_front(self) -> Front:
        return Front(**self._front)

    def now(self) -> float:
        return self.env.now().timestamp()

    def member(self, name: str, **permissions: bool) -> MemberActor:
        roles = []
        if permissions:
            roles = [self.guild.create_role(name, permissions=discord.Permissions(**permissions))]
        return self.guild.add_member(self.env.create_user(name), roles=roles)

    async def restart(self) -> None:
        """Start the bot anew, as after a deploy: nothing of the old one is left in memory."""
        self.front = self.new_front()
        await self.env.restart_bot(self.front)

    # ---- the rows ----

    async def jobs(self) -> list[JobRow]:
        return list(reversed(await self.records.jobs_of(most=100)))

    async def job(self) -> JobRow:
        (row,) = await self.jobs()
        return row

    async def request(self) -> Request:
        return REQUEST.validate_python((await self.job()).request)

    async def end(self, job: str, outcome: Outcome, state: str = "succeeded") -> None:
        """Do a job as a worker would."""
        attempt = await self.records.release(job)
        assert attempt is not None
        assert await self.records.take(job, attempt, "worker", seconds=60.0)
        assert await self.records.start(job, attempt, "worker")
        written = OUTCOME.dump_python(outcome, mode="json")
        assert await self.records.end(job, attempt, "worker", state=state, outcome=written)

    async def film(self, job: str, *, takes: int = 1, content: bytes = FILM) -> None:
        """Do a job and leave films of so many bytes."""
        films = []
        for take in range(1, takes + 1):
            keys = {
                name: f"{job}/{take}-{name}"
                for name in ("film", "thumbnail", "music", "song", "stems", "midi", "sheet")
            }
            for key in keys.values():
                await self.blobs.put_bytes(key, content)
            films.append(
                Film(
                    **keys,
                    bytes=len(content),
                    seconds=2.0,
                    width=160,
                    height=90,
                    copied=True,
                    cues=CUES,
                    style="cinematic",
                    seed=take,
                    hit_rate=1.0,
                    cuts=1,
                )
            )
        await self.end(job, Outcome("films", films=tuple(films)))

    async def preview(self, job: str, facts: Facts = FACTS, *, usd: float = 0.0) -> None:
        """Plan a music video as a worker would, and ask whether to make it."""
        row = await self.records.job(job)
        assert row is not None
        key = f"{job}/{row.attempt + 1}/contact.jpg"
        await self.blobs.put_bytes(key, CONTACT)
        asked = Outcome("question", code="preview", preview=Preview(key, facts, usd, 75.0))
        await self.end(job, asked, state="asking")

    async def video(self, job: str, facts: Facts = FACTS) -> None:
        """Make a music video as a worker would."""
        keys = {name: f"{job}/1/{name}" for name in ("film", "thumbnail", "sheet", "contact")}
        for key in keys.values():
            await self.blobs.put_bytes(key, FILM)
        values: dict[str, Any] = {"bytes": len(FILM), "seconds": 61.0, "width": 108, "height": 192, "copied": True}
        values |= {"music": None, "song": None, "stems": None, "midi": None, "cues": (), "style": "anime", "seed": 1}
        film = Film(**keys, **values, hit_rate=1.0, cuts=2, facts=facts)
        await self.end(job, Outcome("films", films=(film,)))

    # ---- the outbox ----

    async def deliver(self, until: Callable[[DeliveryRow], bool] | None = None, *, seconds: float = 10.0) -> None:
        """Run the outbox until every delivery is at rest, or `until` says so of each."""
        rested = until or (lambda row: row.state in ("sent", "dead"))
        deliveries = Deliveries(self.records, self.blobs, Bell(), self.front.messenger, show_s=0.05)
        stop = asyncio.Event()
        with self.env.time_context():
            running = asyncio.create_task(deliveries.run(stop))
        try:
            async with asyncio.timeout(seconds):
                while not all(rested(row) for row in await self.deliveries()):
                    await asyncio.sleep(0.02)
        finally:
            stop.set()
            await running

    async def deliveries(self) -> list[DeliveryRow]:
        return [row for job in await self.jobs() for row in await self.records.deliveries_of(job.id)]


@asynccontextmanager
async def staged(folder: Path, **front: Any) -> AsyncIterator[Stage]:
    """Open a stage. Errors of the bot that it did not tell a person about fail the test."""
    records = await Records.open(f"sqlite:///{folder}/records.db")
    try:
        stage = Stage(folder, records, **front)
        stage.env = simcord.Env(stage.front, strict_sync=False)
        await stage.env.start()
        try:
            stage.guild = stage.env.create_guild()
            stage.channel = stage.guild.create_text_channel("clips")
            stage.ann = stage.member("ann")
            yield stage
        finally:
            await stage.env.shutdown()
        bugs = [error for error in stage.env.errors if not isinstance(getattr(error, "original", error), TOLD)]
        assert bugs == []
    finally:
        await records.close()
