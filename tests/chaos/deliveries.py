"""A delivery cut at fourteen points, from its placeholder to the note that it was sent."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from storage.blobs import Blobs
from storage.records import Records
from tests.chaos.bar import Bar
from tests.chaos.front import Bot, emptied, environment, kept
from tests.fake_telegram import FakeTelegram
from tests.servers import Redis
from tests.telegram_stage import Stage, silent_clip

AT_ONCE = 3  # points side by side; a bot that starts needs a processor
WITHIN_S = 120.0  # a bot may be slow to start on a busy machine
CALM_S = 1.0  # after the note that it was sent, in which a second video would show itself

Cut = Callable[[FakeTelegram, Bot], str]  #: prepares one cut; returns where the bot kills itself, if it does


def dies(point: str) -> Cut:
    return lambda telegram, bot: point


def killed(method: str, *, acted: bool) -> Cut:
    """Kill the bot when its call arrives, which is performed or is not."""

    def prepare(telegram: FakeTelegram, bot: Bot) -> str:
        for call in _calls(method):
            telegram.disturb(call, "drop after" if acted else "drop before", when=lambda _: bot.kill())
        return ""

    return prepare


def broken(method: str, *ways: str, times: int = 1) -> Cut:
    """Let Telegram answer so, one way after the other; each way `times` times."""

    def prepare(telegram: FakeTelegram, bot: Bot) -> str:
        for call in _calls(method):
            for way in ways:
                telegram.disturb(call, way, times=times)  # type: ignore[arg-type]
        return ""

    return prepare


def _calls(method: str) -> tuple[str, ...]:
    """Return the calls that are meant: with `bare` the film goes up by a message of its own."""
    return (method, "sendVideo") if method == "editMessageMedia" else (method,)


#: more than the bot's own repetitions of a call take
OFTEN = 4

CUTS: dict[str, Cut] = {
    "killed before the placeholder is sent": dies("after opening"),
    "killed while the placeholder is sent": killed("sendMessage", acted=True),
    "killed before the placeholder is noted": dies("before opened"),
    "killed with the placeholder noted": dies("after opened"),
    "killed with the delivery in hand": dies("after due_deliveries"),
    "killed while the film goes up": killed("editMessageMedia", acted=False),
    "killed while the film is in the chat, unanswered": killed("editMessageMedia", acted=True),
    "killed before 'sent' is noted": dies("before sent"),
    "killed after 'sent' was noted": dies("after sent"),
    "the placeholder's answer is lost": broken("sendMessage", "drop after"),
    "the film's connection breaks before": broken("editMessageMedia", "drop before", times=OFTEN),
    "the film's answers are lost": broken("editMessageMedia", "drop after", times=OFTEN),
    "429, 500 and 502": broken("editMessageMedia", "flood", "500", "502"),
    "Telegram dies after it has acted": broken("editMessageMedia", "die after"),
}


@dataclass
class Fate:
    """What is in the chat in the end."""

    name: str
    videos: int = 0
    left_over: int = 0  #: placeholders that never became anything
    others: int = 0  #: anything else of the bot's
    sent: bool = False
    took_s: float = 0.0

    @property
    def good(self) -> bool:
        return self.videos == 1 and self.sent


async def bars(size: float, *, bare: bool) -> list[Bar]:
    """Cut one delivery at each point, each with a bot, a Telegram and records of its own."""
    names = list(CUTS)[:: max(1, round(1 / max(size, 0.01) / 2))] if size < 1 else list(CUTS)
    turns = asyncio.Semaphore(AT_ONCE)
    silent_clip()
    with Redis() as redis:
        fates = await asyncio.gather(
            *(_cut(name, f"{redis.url}?db={n}", turns, bare=bare) for n, name in enumerate(names))
        )
    bad = [
        f"{fate.name}: {fate.videos} videos{'' if fate.sent else ', never noted'}" for fate in fates if not fate.good
    ]
    count = Counter(fate.videos for fate in fates)
    said = (
        f"{count[1]} of {len(fates)} times exactly one; {sum(fate.left_over for fate in fates)} placeholders left over "
        f"({', '.join(fate.name for fate in fates if fate.left_over) or 'none'}); "
        f"longest {max(fate.took_s for fate in fates):.1f} s"
    )
    asked = "exactly one video in the chat each time"
    return [Bar(f"a delivery cut at {len(fates)} points", asked, "; ".join([said, *bad]), not bad)]


async def _cut(name: str, redis: str, turns: asyncio.Semaphore, *, bare: bool) -> Fate:
    async with turns:
        with emptied() as folder:
            async with FakeTelegram() as telegram:
                (folder / "blobs").mkdir()
                records = await Records.open(f"sqlite:///{folder}/records.db")
                try:
                    stage = Stage(telegram, records, Blobs(str(folder / "blobs")))
                    env = environment(folder, token=telegram.token, redis=redis)
                    bot = Bot(telegram.url, env, folder / "log", bare="edits" if bare else "")
                    bot.start(die=CUTS[name](telegram, bot))
                    async with kept(bot):
                        return await _watch(name, stage, bot, within_s=WITHIN_S)
                finally:
                    await records.close()


async def _watch(name: str, stage: Stage, bot: Bot, *, within_s: float) -> Fate:
    """Send a clip, play the worker once the placeholder is noted or cut, and count what is in the chat at the end."""
    fate, ada = Fate(name), stage.telegram.user()
    begun = time.monotonic()
    reviving = asyncio.create_task(_revive(stage.telegram))
    try:
        await ada.sends_clip(silent_clip())
        row = (await stage.jobs(1, seconds=WITHIN_S))[0]
        await _until(lambda: _placed(stage, bot, row.id), within_s=within_s)
        await stage.scores(row)
        fate.sent = await _until(lambda: _is_sent(stage, row.id), within_s=within_s)
        fate.took_s = time.monotonic() - begun
        await asyncio.sleep(CALM_S)
    finally:
        reviving.cancel()
    shown = ada.chat.from_bot
    fate.videos = sum(message.kind == "video" for message in shown)
    fate.left_over = sum(message.kind is None for message in shown)
    fate.others = len(shown) - fate.videos - fate.left_over
    return fate


async def _revive(telegram: FakeTelegram) -> None:
    while True:
        await asyncio.sleep(0.5)
        await telegram.revive()


async def _until(found: Callable[[], Awaitable[bool]], *, within_s: float) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if await found():
            return True
        await asyncio.sleep(0.05)
    return False


async def _placed(stage: Stage, bot: Bot, job: str) -> bool:
    """Whether the placeholder is noted, or was cut before it could be."""
    (row,) = await stage.records.deliveries_of(job)
    return row.message is not None or bot.deaths > 0 or any(fault.met for fault in stage.telegram.faults)


async def _is_sent(stage: Stage, job: str) -> bool:
    (row,) = await stage.records.deliveries_of(job)
    return row.state == "sent"
