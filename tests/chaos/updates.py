"""Five hundred updates posted at once to the webhook of a bot that is killed as soon as it has acknowledged them."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from statistics import quantiles
from urllib.parse import urlsplit

from aiogram import types
from sqlalchemy import select

from storage.records import Records
from storage.tables import UpdateRow
from tests.chaos.bar import Bar
from tests.chaos.front import Bot, emptied, environment, free_port, new_secret
from tests.fake_telegram import FakeTelegram, User
from tests.servers import Redis

UPDATES = 500
P99_S = 0.25
OPENED_AT_ONCE = 50  # connections; a listening socket keeps 128 that nobody has accepted yet
START_S = 120.0  # a bot may be slow to start on a busy machine
ANSWERED_S = 240.0  # 500 answers at Telegram's pace of 30 in a second take 17 s
LOST_S = 20.0  # where something is lost, so long is waited for it


@dataclass
class Flood:
    """What became of the updates."""

    sent: int
    waits_s: list[float]  #: from the last byte of a request to its 200, for those that had one
    all_s: float  #: from the first byte of the first to the 200 of the last
    kept: int = 0  #: in the records, looked into after the bot was killed
    answered: int = 0  #: by the bot that was started then
    twice: int = 0  #: of these, answered more than once

    @property
    def p99_s(self) -> float:
        return quantiles(self.waits_s, n=100)[98] if len(self.waits_s) > 1 else float("inf")

    @property
    def lost(self) -> int:
        """Acknowledged, and yet not in the records or never answered."""
        return len(self.waits_s) - min(self.kept, self.answered)

    @property
    def refused(self) -> int:
        return self.sent - len(self.waits_s)


async def bars(size: float, *, bare: bool) -> list[Bar]:
    flood = await flooded(max(50, round(UPDATES * size)), bare=bare)
    said = (
        f"p99 {flood.p99_s * 1000:.0f} ms, the last after {flood.all_s * 1000:.0f} ms; {flood.refused} unacknowledged, "
        f"{flood.lost} lost in {flood.sent} when the bot was killed right after ({flood.twice} answered twice)"
    )
    met = flood.p99_s <= P99_S and flood.lost == 0 and flood.refused == 0
    return [Bar(f"{flood.sent} updates sent at once", "acknowledged p99 <= 250 ms, none lost", said, met)]


async def flooded(count: int, *, bare: bool) -> Flood:
    """Post so many updates at once, kill the bot after the last 200, look into its records, and start it again."""
    port, secret = free_port(), new_secret()
    url = f"http://127.0.0.1:{port}/telegram"
    with emptied() as folder, Redis() as redis:
        (folder / "blobs").mkdir()
        async with FakeTelegram() as telegram:
            env = environment(
                folder,
                token=telegram.token,
                redis=redis.url,
                REELSCORE_WEBHOOK_URL=url,
                REELSCORE_WEBHOOK_SECRET=secret,
                REELSCORE_WEBHOOK_PORT=str(port),
            )
            bot = Bot(telegram.url, env, folder / "log", bare="inbox" if bare else "", brisk=False)
            people = [telegram.user(f"Person {number}") for number in range(count)]
            posts = [_post(telegram, person, url, secret) for person in people]
            bot.start()
            try:
                assert await telegram.waits_until(lambda: telegram.updates.hook, START_S), (folder / "log").read_text()
                flood = await _sent(posts, port)
                bot.kill()
                flood.kept = await _kept(f"sqlite:///{folder}/records.db")
                bot.start()
                within_s = ANSWERED_S if flood.kept == count else LOST_S
                await telegram.waits_until(lambda: all(person.chat.from_bot for person in people), within_s)
            finally:
                bot.kill()
            answers = [len(person.chat.from_bot) for person in people]
            flood.answered, flood.twice = sum(map(bool, answers)), sum(number > 1 for number in answers)
            return flood


def _post(telegram: FakeTelegram, person: User, url: str, secret: str) -> bytes:
    """Return the request with which Telegram tells that a person said something."""
    said = person.chat.add(sender=person, text="hello")
    update = types.Update(update_id=telegram.updates.next_id, message=said.as_type())
    telegram.updates.next_id += 1
    body = json.dumps(update.model_dump(mode="json", by_alias=True, exclude_none=True)).encode()
    parts = urlsplit(url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"X-Telegram-Bot-Api-Secret-Token: {secret}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _sent(posts: list[bytes], port: int) -> Flood:
    """Send each on a connection of its own, opened before; measure at this end."""
    lines = []
    for first in range(0, len(posts), OPENED_AT_ONCE):
        here = posts[first : first + OPENED_AT_ONCE]
        lines += await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in here))
    begun = time.perf_counter()
    times = await asyncio.gather(*(_acknowledged(*line, post) for line, post in zip(lines, posts, strict=True)))
    ends = time.perf_counter()
    for _, writer in lines:
        writer.close()
    return Flood(len(posts), [taken for taken in times if taken is not None], ends - begun)


async def _acknowledged(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, post: bytes) -> float | None:
    writer.write(post)
    begun = time.perf_counter()
    try:
        async with asyncio.timeout(60):
            status = await reader.readline()
    except (TimeoutError, OSError):
        return None
    return time.perf_counter() - begun if b" 200 " in status else None


async def _kept(url: str) -> int:
    """Count the updates in the records."""
    records = await Records.open(url)
    try:
        async with records.engine.connect() as connection:
            return len((await connection.execute(select(UpdateRow.number))).all())
    finally:
        await records.close()
