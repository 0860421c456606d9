"""Stored updates reach their handlers, after a crash too: a person's in order, those of others side by side."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from bot.telegram.inbox import FRONT
from storage.errors import Down
from storage.records import Records
from storage.tables import UpdateRow

log = structlog.get_logger(__name__)

AT_ONCE = 32  # handlers at work; most of their time is waiting for a download
SEEN_AT_ONCE = 1000  # updates that are looked at, so that one chat's long line does not hide the others
LOOK_S = 2.0  # without a ring: what a crash left over, or a ring that was missed
MOST_TRIES = 3
PAUSES_S = (0.5, 2.0)  # before a handler that broke is tried again

Handle = Callable[[UpdateRow], Awaitable[None]]

#: where an update has its message or chat, and with it its place in line
MESSAGES = ("message", "edited_message", "channel_post", "edited_channel_post")


class Feed:
    """Takes stored updates in the order in which they came and gives each to `handle`; `give_up` hears of failures."""

    def __init__(self, records: Records, handle: Handle, give_up: Handle, *, at_once: int = AT_ONCE) -> None:
        self._records, self._handle, self._give_up = records, handle, give_up
        self._free = asyncio.Semaphore(at_once)
        self._rung = asyncio.Event()
        self._lines: dict[str, deque[UpdateRow]] = {}
        self._at_work: set[asyncio.Task[None]] = set()
        self._taken: set[str] = set()
        self._finished: set[str] = set()

    def ring(self) -> None:
        self._rung.set()

    async def run(self) -> None:
        """Feed until cancelled; `drain` then waits for what is at work."""
        while True:
            self._rung.clear()
            try:
                await self._look()
            except Down as error:
                log.warning("inbox_unreadable", problem=str(error))
            try:
                await asyncio.wait_for(self._rung.wait(), LOOK_S)
            except TimeoutError:
                continue

    async def drain(self, seconds: float) -> None:
        """Let handlers finish that are at work; the others' updates stay stored."""
        for line in self._lines.values():
            line.clear()
        if not self._at_work:
            return
        _, late = await asyncio.wait(self._at_work, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _look(self) -> None:
        # An update that was finished before we read cannot be among what we read; one that is finished meanwhile can.
        finished = set(self._finished)
        rows = await self._records.updates(FRONT, most=SEEN_AT_ONCE)
        self._taken -= finished
        self._finished -= finished
        for row in rows:
            if row.number not in self._taken:
                self._taken.add(row.number)
                self._line_up(row)

    def _line_up(self, row: UpdateRow) -> None:
        name = line_of(row.payload)
        if name in self._lines:
            self._lines[name].append(row)
            return
        self._lines[name] = deque([row])
        task = asyncio.create_task(self._work_off(name))
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)

    async def _work_off(self, name: str) -> None:
        line = self._lines[name]
        try:
            while line:
                row = line.popleft()
                async with self._free:
                    await self._take(row)
                self._finished.add(row.number)
        finally:
            del self._lines[name]

    async def _take(self, row: UpdateRow) -> None:
        """Give one update to its handler until it is done with, one way or the other."""
        for pause_s in (*PAUSES_S, 0.0):
            try:
                await self._handle(row)
                await self._records.update_done(FRONT, row.number)
                return
            except Down as error:  # no fault of the update: it stays where it is until the store is back
                log.warning("update_waits", update=row.number, problem=str(error))
                return
            except Exception:
                log.exception("update_broke", update=row.number)
                if not await self._count(row):
                    return
            await asyncio.sleep(pause_s)

    async def _count(self, row: UpdateRow) -> bool:
        """Count a try that broke; tell the person when it was the last."""
        try:
            if await self._records.update_failed(FRONT, row.number, most=MOST_TRIES):
                return True
        except Down as error:
            log.warning("update_waits", update=row.number, problem=str(error))
            return False
        try:
            await self._give_up(row)
        except Exception:
            log.exception("nobody_told", update=row.number)
        return False


def line_of(payload: dict[str, Any]) -> str:
    """Name the line in which an update waits: what somebody says in a chat is heard in order.

    The clips of an album each have a line of their own, since they wait for each other to share a caption; so does
    every press, since none shall wait for a download.
    """
    for kind in MESSAGES:
        if isinstance(message := payload.get(kind), dict):
            chat, writer = message.get("chat") or {}, message.get("sender_chat") or message.get("from") or {}
            line = f"{chat.get('id')}/{writer.get('id')}"
            return f"{line}/{message.get('message_id')}" if message.get("media_group_id") else line
    return f"update {payload.get('update_id')}"
