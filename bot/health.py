"""Health over HTTP: /healthz (is the process alive), /readyz (can it do its work), /metrics (for Prometheus).

The server lives in a thread with a loop of its own, so that it can still say that the main loop is stuck. It only reads
what the main loop has noted; it asks nobody itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from aiohttp import web

from jobs.metrics import CONTENT_TYPE, exposition
from pipeline.errors import Unavailable

log = structlog.get_logger()

Check = Callable[[], Awaitable[object]]

PULSE_S = 1.0  # between two signs of life of the main loop
LOOK_S = 3.0  # between two checks of what the process depends on
CHECK_S = 5.0  # that one check may take
OLD_S = 12.0  # a sign of life or a check older than this counts as failed: with CHECK_S, red comes within 15 s
START_S = 10.0


@dataclass
class Vitals:
    """What the main loop notes and the health server reads; each value is replaced as a whole, so no lock is needed."""

    clock: Callable[[], float] = time.monotonic
    beat: float = 0.0  #: when the main loop last turned
    looked: float = 0.0  #: when the checks were last through
    failing: Mapping[str, str] = field(default_factory=dict)  #: what is wrong, by the name of its check
    stopping: bool = False  #: no new work is taken

    def alive(self) -> bool:
        return self.clock() - self.beat < OLD_S

    def problems(self) -> dict[str, str]:
        """Return what keeps the process from its work; empty when it is ready."""
        found = dict(self.failing)
        if not self.alive():
            found["loop"] = "stuck"
        elif self.clock() - self.looked >= OLD_S:
            found["checks"] = "stuck"
        if self.stopping:
            found["process"] = "stopping"
        return found


@contextlib.asynccontextmanager
async def watched(
    checks: Mapping[str, Check],
    *,
    host: str,
    port: int,
    also: Sequence[web.RouteDef] = (),
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Vitals]:
    """Check again and again, and serve what is found while the block runs. Port 0: nothing is served.

    `also` is served beside it. Raises Unavailable when the port is taken.
    """
    vitals = Vitals(clock)
    if port == 0:
        yield vitals
        return
    vitals.beat = vitals.looked = clock()
    vitals.failing = await _look(checks)
    server = Server(vitals, host, port, also)
    tasks = [asyncio.create_task(_pulse(vitals)), asyncio.create_task(_keep_looking(vitals, checks))]
    try:
        await asyncio.to_thread(server.start)
        yield vitals
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(server.stop)


def seldom(check: Check, *, seconds: float, clock: Callable[[], float] = time.monotonic) -> Check:
    """Return a check that is believed for so long once it was good; one that fails is made again at the next look."""
    good_until = float("-inf")

    async def one() -> None:
        nonlocal good_until
        if clock() >= good_until:
            await check()
            good_until = clock() + seconds

    return one


async def _pulse(vitals: Vitals) -> None:
    while True:
        vitals.beat = vitals.clock()
        await asyncio.sleep(PULSE_S)


async def _keep_looking(vitals: Vitals, checks: Mapping[str, Check]) -> None:
    while True:
        vitals.failing = await _look(checks)
        vitals.looked = vitals.clock()
        await asyncio.sleep(LOOK_S)


async def _look(checks: Mapping[str, Check]) -> dict[str, str]:
    """Run all checks side by side; return what failed. Only the kind of an error is told: its text may hold secrets."""

    async def one(check: Check) -> str:
        try:
            async with asyncio.timeout(CHECK_S):
                await check()
        except Exception as exc:
            return type(exc).__name__
        return ""

    said = await asyncio.gather(*(one(check) for check in checks.values()))
    return {name: problem for name, problem in zip(checks, said, strict=True) if problem}


class Server:
    """Serves vitals from a thread of its own."""

    def __init__(self, vitals: Vitals, host: str, port: int, also: Sequence[web.RouteDef] = ()) -> None:
        self._vitals, self._host, self._port, self._also = vitals, host, port, also
        self._up = threading.Event()
        self._problem: OSError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._done: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)

    def start(self) -> None:
        """Serve from now on. Raises Unavailable when the port cannot be had."""
        self._thread.start()
        if not self._up.wait(START_S) or self._problem is not None:
            raise Unavailable(
                f"The health server cannot listen on {self._host}:{self._port}.",
                hint="Another program may have the port; set REELSCORE_HEALTH_PORT to a free one, or to 0 for none.",
            ) from self._problem

    def stop(self) -> None:
        if self._loop is not None and self._done is not None:
            with contextlib.suppress(RuntimeError):  # its loop has ended by itself
                self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(START_S)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application()
        app.add_routes(
            [web.get("/healthz", self._health), web.get("/readyz", self._ready), web.get("/metrics", _metrics)]
        )
        app.add_routes(self._also)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as exc:
            self._problem = exc
            self._done.set()
        else:
            log.info("health_served", host=self._host, port=self._port)
        self._up.set()
        await self._done.wait()
        await runner.cleanup()

    async def _health(self, _: web.Request) -> web.Response:
        alive = self._vitals.alive()
        return web.json_response({"alive": alive}, status=200 if alive else 503)

    async def _ready(self, _: web.Request) -> web.Response:
        problems = self._vitals.problems()
        return web.json_response({"ready": not problems, "problems": problems}, status=503 if problems else 200)


async def _metrics(_: web.Request) -> web.Response:
    return web.Response(body=exposition(), headers={"Content-Type": CONTENT_TYPE})
