"""Children: the programs that do the heavy work, killed when it is over, and a warm spare for each slot.

A child does one job. One that has models in its memory is kept for the next job that wants some, so that a worker loads
each model once: such jobs go through it one after the other, and cancelling one of them leaves the models there.

A child sees no secret: its environment is picked by name. What it says is checked before it is believed. The lines that
go to and fro are told in jobs/performance.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from pydantic import ConfigDict, TypeAdapter

from jobs.job import Outcome, Progress
from jobs.processes import PIPE, kill, start, stop

log = structlog.get_logger()

PERFORMANCE = (sys.executable, "-m", "jobs.performance")

#: what a child may see of our environment, if it does not sound like a secret: where programs, models and settings of
#: the machine are. Everything else stays here: tokens, DATABASE_URL, REDIS_URL, AWS_*
SEEN = re.compile(
    r"PATH|HOME|USER|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|LD_LIBRARY_PATH|VIRTUAL_ENV|PYTHON\w+|XDG_\w+|SSL_CERT_\w+|"
    r"(OMP|OPENBLAS|MKL|NUMBA|CUDA|NVIDIA|TORCH|PYTORCH|HF|TRANSFORMERS|IMAGEIO|COVERAGE)_\w+"
)
SECRET = re.compile(r"TOKEN|SECRET|PASSW|KEY|CREDENTIAL|_AUTH|_URL|_DSN", re.IGNORECASE)

HALT_S = 1.5  # that a child with models may take to leave off a job, before it is killed with them
IDLE_S = 900.0  # that models lie there without a job, before their memory is given back

SAID_LEN = 2000  # letters of one line of a child's stderr that go to the log

Heard = Callable[[Progress, float | None], None]  #: told the progress, and the clip's seconds once they are known

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class Answer:
    """A child's last word."""

    outcome: Outcome
    again_s: float | None = None  #: it may go better by itself after so many seconds
    kept: bool = False  #: it has models in its memory, and waits for another job

    __pydantic_config__ = _STRICT


@dataclass(frozen=True)
class _Step:
    progress: Progress
    clip_s: float | None = None

    __pydantic_config__ = _STRICT


@dataclass(frozen=True)
class _Ready:
    ready: bool

    __pydantic_config__ = _STRICT


_LINE: TypeAdapter[Answer | _Step | _Ready] = TypeAdapter(Answer | _Step | _Ready)


def environment(whole: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what a child may see of an environment."""
    return {name: value for name, value in whole.items() if SEEN.fullmatch(name) and not SECRET.search(name)}


class Child:
    """One child."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.waits = False  #: it has done its job, and has models in its memory for another one
        self.since = time.monotonic()  #: that it waits
        self._log = log.bind(child=process.pid)
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, command: Sequence[str], env: Mapping[str, str]) -> Child:
        return cls(await start(*command, env=env, stdin=PIPE, stdout=PIPE, stderr=PIPE))

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def perform(
        self, job: str, folder: Path, request: dict[str, Any], *, vendors: dict[str, Any] | None = None, heard: Heard
    ) -> Answer | None:
        """Give it the job and return its answer; None when it died without one, or talked nonsense."""
        self._log = self._log.bind(job=job)
        self.waits = False
        stdin = self._process.stdin
        assert stdin is not None
        told = {"job": job, "folder": str(folder.absolute()), "request": request}
        line = json.dumps({**told, "vendors": vendors} if vendors else told)
        with contextlib.suppress(ConnectionError):  # dead already: the end of its stdout tells
            stdin.write(line.encode() + b"\n")
            await stdin.drain()
        try:
            answer = await self._hear(heard)
        except ValueError as error:  # a ValidationError, too; the others: a line without an end
            self._log.error("a child's line cannot be read", error=type(error).__name__)
            return None
        if answer is None:
            await self._process.wait()
            self._log.error("a child died without an answer", code=self._process.returncode)
        return answer

    async def _hear(self, heard: Heard) -> Answer | None:
        """Listen until it has said its answer; None at the end of what it says. Raises ValueError for nonsense."""
        stdout = self._process.stdout
        assert stdout is not None
        while line_said := await stdout.readline():
            said = _LINE.validate_json(line_said)
            if isinstance(said, Answer):
                self.waits, self.since = said.kept, time.monotonic()
                return said
            if isinstance(said, _Step):
                heard(said.progress, said.clip_s)
        return None

    async def halt(self) -> None:
        """Have it leave off its job and keep its models, if it can."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGUSR1)
        with contextlib.suppress(TimeoutError, ValueError):
            async with asyncio.timeout(HALT_S):
                await self._hear(lambda progress, clip_s: None)

    async def end(self, *, grace_s: float = 0.0) -> int:
        """Stop it with all that it has started; return its exit status."""
        try:
            return await asyncio.shield(stop(self._process, grace_s=grace_s))
        finally:
            kill(self._process)
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        """Pass its stderr to the log, where its job's id stands on each line."""
        stderr = self._process.stderr
        assert stderr is not None
        while True:
            try:
                line = await stderr.readline()
            except ValueError:  # longer than any line of ours
                continue
            if not line:
                return
            self._log.info("child", said=line.decode(errors="replace").rstrip()[:SAID_LEN])


class Nursery:
    """Children that have done their imports and wait for a job, and the one that has models in its memory."""

    def __init__(self, command: Sequence[str], *, env: Mapping[str, str], spares: int) -> None:
        self._command, self._env, self._most = tuple(command), dict(env), spares
        self._spares: list[Child] = []
        self._out = 0
        self._warming = asyncio.Lock()
        self._resident: Child | None = None  # it waits, with models in its memory
        self._studio = asyncio.Lock()  # held by the one job that may use models

    async def take(self, *, models: bool = False) -> Child:
        """Return a warm child, or a new one; with `models` the one that has them, after the jobs that wait for it."""
        if models:
            await self._studio.acquire()
        self._out += 1
        try:
            return await self._choose(models=models)
        except BaseException:
            self._leave(models=models)
            raise

    async def done(self, child: Child, *, models: bool = False) -> int:
        """End a child that has had its job, or keep it for its models; return its exit status, 0 where it lives on."""
        try:
            if models and await self._stays(child):
                return 0
            return await child.end()
        finally:
            self._leave(models=models)

    def _leave(self, *, models: bool) -> None:
        self._out -= 1
        if models:
            self._studio.release()

    async def _choose(self, *, models: bool) -> Child:
        waiting = self._spares
        if models and self._resident:
            waiting, self._resident = [self._resident], None
        while waiting:
            child = waiting.pop()
            if child.alive:
                return child
            await child.end()
        return await Child.start(self._command, self._env)

    async def _stays(self, child: Child) -> bool:
        """Have a child that is still at its job leave it off, and keep it if it has models."""
        try:
            if child.alive and not child.waits:
                await child.halt()
        except BaseException:
            await child.end()
            raise
        if child.alive and child.waits and self._most:
            self._resident = child
        return self._resident is child

    async def warm(self) -> None:
        """Start the spares that are missing, and give back the memory of models that nobody has wanted for long."""
        if self._resident and time.monotonic() - self._resident.since > IDLE_S:
            resident, self._resident = self._resident, None
            await resident.end()
        async with self._warming:
            while len(self._spares) + self._out < self._most:
                self._spares.append(await Child.start(self._command, self._env))

    async def close(self) -> None:
        left = [*self._spares, *filter(None, [self._resident])]
        self._spares, self._resident, self._most = [], None, 0
        await asyncio.gather(*(child.end() for child in left))
