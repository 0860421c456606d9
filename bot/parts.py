"""The parts of `reelscore run`: programs that are started again when they die, and that end together."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import structlog

from bot.text import terminal as text
from jobs import processes
from pipeline.errors import Refused, UserError

if TYPE_CHECKING:
    from asyncio.subprocess import Process

log = structlog.get_logger()

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0  # before a part that died is started again
STEADY_S = 60.0  # one that has lived so long starts with the first pause again
LOOK_S = 0.5  # between two looks whether what somebody else has started is still there
ASKED_TO_CHANGE = 2  # the exit code of a program that wants something changed: no second start would help
EARLY_S = 15.0  # within which such an exit is a refusal; later it is an outage like another


class Part:
    """One program that is kept running."""

    def __init__(
        self,
        name: str,
        start: Callable[[], Awaitable[Process | None]],
        *,
        grace_s: float,
        hint: str,
        there: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        """`start` returns None when another run has started the program: then `there` tells whether it still is.

        `grace_s` is how long it may take to end when asked; `hint` says where to read why it does not start.
        """
        self.name, self.grace_s, self.hint = name, grace_s, hint
        self._start, self._there = start, there
        self.process: Process | None = None
        self.up = asyncio.Event()
        self._ending = False

    async def keep(self) -> None:
        """Start it, and again whenever it dies, until it is ended. Raises UserError when it does not start at all."""
        pause, early = FIRST_PAUSE_S, True
        while not self._ending:
            began = time.monotonic()
            fate = await self._live()
            lived = time.monotonic() - began
            if self._ending:
                return
            early = early and lived < EARLY_S
            if fate == ASKED_TO_CHANGE and early:
                raise Refused(text.PART_REFUSED.format(part=self.name), hint=self.hint)
            pause = FIRST_PAUSE_S if lived > STEADY_S else pause
            log.warning("part_ended", part=self.name, fate=fate, lived_s=round(lived, 1), again_s=pause)
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE_S, pause * 2)

    async def _live(self) -> int | str:
        """Run it once; return its exit code or another reason why it is not there."""
        try:
            self.process = await self._start()
        except UserError as error:
            if not self.up.is_set():
                raise
            return error.sentence
        self.up.set()
        if self.process is None:
            return await self._watch()
        log.info("part_started", part=self.name, pid=self.process.pid)
        code = await self.process.wait()
        processes.kill(self.process)  # what it may have left in its session
        return code

    async def _watch(self) -> str:
        log.info("part_found", part=self.name)
        while self._there is not None and await self._there():
            await asyncio.sleep(LOOK_S)
        return "left"

    def leave(self) -> None:
        """Do not start it again."""
        self._ending = True

    async def end(self, *, grace_s: float) -> None:
        """Ask it to end, and kill it when it takes longer."""
        self.leave()
        if self.process is not None:
            await processes.stop(self.process, grace_s=grace_s)


async def end_in_order(parts: Sequence[Part], hurry: asyncio.Event) -> None:
    """End the parts one after the other; as soon as `hurry` is set, all that are left on the spot."""
    for part in parts:
        part.leave()
    calm = asyncio.create_task(_end_calmly(parts))
    hurried = asyncio.create_task(hurry.wait())
    await asyncio.wait({calm, hurried}, return_when=asyncio.FIRST_COMPLETED)
    hurried.cancel()
    if calm.done():
        return calm.result()
    calm.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await calm
    await asyncio.gather(*(part.end(grace_s=0) for part in parts))


async def _end_calmly(parts: Sequence[Part]) -> None:
    for part in parts:
        await part.end(grace_s=part.grace_s)
