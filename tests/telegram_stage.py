"""Telegram on loopback, the real front end before it, real records and blobs behind it; a test plays the worker."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.desk import Desk
from bot.settings import BotSettings
from bot.telegram import front
from bot.telegram.outgoing import Outgoing
from jobs.job import OUTCOME, REQUEST, CueLine, Facts, Film, Outcome, Preview, Request
from jobs.queue import Bell as RedisBell
from storage.blobs import Blobs
from storage.records import Caps, Records
from storage.tables import JobRow
from tests.fake_telegram import FakeTelegram
from tests.media import ffmpeg, make_clip

CUES = (CueLine("1m1", 0.0, 1.0, "wistful", 84.0, "D minor"), CueLine("1m2", 1.0, 2.0, "hopeful", 84.0, "F major"))

FACTS = Facts(
    "The Long Way", "Nobody", 61.0, 128.2, "A minor", (("chorus", 0.0, 40.0), ("outro", 40.0, 61.0)), 12, True,
    ("p01", "p02", "p01"), 2, "anime", "painted", "camera",
)  # fmt: skip


class Bell:
    """Rings in this process only."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    async def ring(self) -> None:
        self._rung.set()

    async def knocked(self, front: str, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), min(seconds, 0.2))
        rung = self._rung.is_set()
        self._rung.clear()
        return rung


class Stage:
    """Everything between a person's message and the rows, running."""

    def __init__(
        self,
        telegram: FakeTelegram,
        records: Records,
        blobs: Blobs,
        bell: RedisBell | None = None,
        **settings: Any,
    ) -> None:
        self.telegram, self.records, self.blobs = telegram, records, blobs
        self.bell: Any = bell or Bell()
        ring = functools.partial(bell.wake, "cpu") if bell else self.bell.ring
        self.settings = BotSettings(TELEGRAM_BOT_TOKEN=SecretStr(telegram.token), **settings)
        self.desk = Desk(records, blobs, caps=Caps(), ring=ring, owners=self.settings.owners)
        self._stop = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._stop = asyncio.Event()
        ready = asyncio.Event()
        self._running = asyncio.create_task(
            front.run(
                settings=self.settings,
                desk=self.desk,
                records=self.records,
                blobs=self.blobs,
                bell=self.bell,
                stop=self._stop,
                server=self.telegram.api,
                ready=ready,
                outgoing=Outgoing(per_chat=(500, 1), per_group=(500, 1), overall=(500, 1)),
            )
        )
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait((waiting, self._running), return_when=asyncio.FIRST_COMPLETED, timeout=10)
        waiting.cancel()
        if (running := self._running) and running.done():
            running.result()

    async def stop(self) -> None:
        """Stop as SIGTERM does."""
        self._stop.set()
        if self._running:
            await self._running
        self._running = None

    async def die(self) -> None:
        """Stop as SIGKILL does, as far as one process can do that to a part of itself."""
        if self._running:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        self._running = None

    # ---- the rows ----

    async def jobs(self, number: int = 1, seconds: float = 10.0) -> list[JobRow]:
        """Wait until there are so many jobs; return all, oldest first."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while len(found := await self._jobs()) < number:
                    await asyncio.sleep(0.02)
        found = await self._jobs()
        assert len(found) >= number, f"{len(found)} jobs\n" + "\n".join(
            chat.transcript() for chat in self.telegram.chats.values()
        )
        return found

    async def _jobs(self) -> list[JobRow]:
        return list(reversed(await self.records.jobs_of(most=1000)))

    async def job(self) -> JobRow:
        """Return the only job."""
        (row,) = await self.jobs()
        return row

    async def settled(self) -> None:
        """Wait until every update that came in is done with."""
        async with asyncio.timeout(10):
            while self.telegram.updates.pending or await self.records.updates("telegram"):
                await asyncio.sleep(0.02)

    # ---- what a worker would do ----

    async def ends(self, row: JobRow, outcome: Outcome, *, state: str = "succeeded") -> None:
        attempt = await self.records.release(row.id)
        assert attempt
        assert await self.records.take(row.id, attempt, "worker", seconds=30)
        assert await self.records.start(row.id, attempt, "worker")
        written = OUTCOME.dump_python(outcome, mode="json")
        assert await self.records.end(row.id, attempt, "worker", state=state, outcome=written)
        await self.bell.ring()

    async def scores(self, row: JobRow, **changes: Any) -> Outcome:
        """Play the worker: put films for this job into the store, with sound in them."""
        request: Request = REQUEST.validate_python(row.request)
        films = tuple([await self._film(row.id, take, **changes) for take in range(1, request.takes + 1)])
        outcome = Outcome("films", films)
        await self.ends(row, outcome)
        return outcome

    async def _film(self, job: str, take: int, **changes: Any) -> Film:
        folder, names = made(), ("scored.mp4", "thumbnail.jpg", "music.wav", "song.m4a", "stems.zip", "music.mid")
        keys = {name: f"{job}/{take}-{name}" for name in (*names, "cues.json", "certificate.json")}
        for name, key in keys.items():
            await self.blobs.put(key, folder / name)
        known = {
            "film": keys["scored.mp4"],
            "bytes": (folder / "scored.mp4").stat().st_size,
            "seconds": 2.0,
            "width": 160,
            "height": 90,
            "copied": True,
            "thumbnail": keys["thumbnail.jpg"],
            "music": keys["music.wav"],
            "song": keys["song.m4a"],
            "stems": keys["stems.zip"],
            "midi": keys["music.mid"],
            "sheet": keys["cues.json"],
            "certificate": keys["certificate.json"],
            "cues": CUES,
            "style": "cinematic",
            "seed": take,
            "hit_rate": 1.0,
            "cuts": 1,
        }
        return Film(**{**known, **changes})

    async def asks(self, row: JobRow) -> None:
        """Play the worker that has found sound in the clip."""
        await self.ends(row, Outcome("question"), state="asking")

    async def previews(self, row: JobRow, **changes: Any) -> None:
        """Play the worker that has planned a music video."""
        contact = f"{row.id}/{row.attempt}/contact.jpg"
        await self.blobs.put(contact, made() / "thumbnail.jpg")
        preview = Preview(**{"contact": contact, "facts": FACTS, "usd": 0.0, "seconds": 70.0, **changes})
        await self.ends(row, Outcome("question", code="preview", preview=preview), state="asking")

    async def makes(self, row: JobRow, board: bytes = b"{}") -> None:
        """Play the worker that has made a music video."""
        sheet = f"{row.id}/{row.attempt}/storyboard.json"
        await self.blobs.put_bytes(sheet, board)
        nothing: dict[str, Any] = dict.fromkeys(("music", "song", "stems", "midi", "hit_rate"))
        film = await self._film(row.id, 1, **nothing, cues=(), sheet=sheet, facts=FACTS)
        await self.ends(row, Outcome("films", films=(film,)))


@functools.cache
def made() -> Path:
    """Make, once, what a worker would have made of a clip: a film with sound and all that goes with it."""
    folder = Path(tempfile.mkdtemp(prefix="reelscore-made-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    ffmpeg("-i", silent_clip(), "-f", "lavfi", "-i", "sine=440:duration=2", "-c:v", "copy", "-c:a", "aac",
           "-movflags", "+faststart", "-shortest", folder / "scored.mp4")  # fmt: skip
    ffmpeg("-i", silent_clip(), "-frames:v", "1", folder / "thumbnail.jpg")
    ffmpeg("-f", "lavfi", "-i", "sine=440:duration=2", folder / "music.wav")
    ffmpeg("-i", folder / "music.wav", "-c:a", "aac", folder / "song.m4a")
    for name in ("stems.zip", "music.mid", "cues.json", "certificate.json"):
        (folder / name).write_bytes(name.encode())
    return folder


@functools.cache
def silent_clip() -> Path:
    """A silent clip of two seconds, which Telegram makes an animation of."""
    folder = Path(tempfile.mkdtemp(prefix="reelscore-clip-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make_clip(folder / "clip.mp4", shots=("red", "blue"))


def clip_with_sound() -> Path:
    return made() / "scored.mp4"


@contextlib.asynccontextmanager
async def staged(
    telegram: FakeTelegram, folder: Path, *, bell: RedisBell | None = None, **settings: Any
) -> AsyncIterator[Stage]:
    """Run the front end on records and blobs in a folder; `bell` is Redis, where a real worker listens to it."""
    records = await Records.open(f"sqlite:///{folder}/records.db")
    (folder / "blobs").mkdir(exist_ok=True)
    stage = Stage(telegram, records, Blobs(str(folder / "blobs")), bell, **settings)
    try:
        await stage.start()
        yield stage
    finally:
        await stage.stop()
        await records.close()


def words_of(rows: Sequence[JobRow]) -> list[str]:
    return [row.request["brief"]["wish"] for row in rows]
