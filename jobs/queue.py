"""The bell and the carrier, on Redis: that a job is released, that something is due, how far a job has come.

The database row is the truth; what is said here may be lost. So nothing in this file fails because Redis is away: it
says False or nothing, waits as long as it would have waited, and whoever calls looks into the records again. Messages
are JSON, carry ids only, and are checked against their schema when they are read: a pickle in Redis is just a message
that is thrown away.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

import structlog
from arq.connections import ArqRedis
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError

from jobs.job import PROGRESS, QUEUES, Progress, Queue
from jobs.redis_server import is_locked, trouble
from pipeline.errors import Refused

log = structlog.get_logger()

CALL = "perform"  #: the one function that a message can ask for
CALL_S = 5.0  # a Redis that takes longer to answer counts as away; longer than any wait in this file
CONNECT_S = 2.0
WAIT_S = 2.0  # the longest that one call waits in Redis; under CALL_S
LOOK_S = 0.25  # between two looks whether a server that starts answers by now
RETRIES = 2  # of a call that broke, 0.1 and 0.2 s apart: enough for a dropped connection, too few for an outage
PROGRESS_LINES = 200  # of one job, about; a reader that was away goes on from where it stopped
PROGRESS_KEPT_S = 24 * 3600

#: what the clients of redis-py and the sockets under them raise when the server is away
AWAY = (RedisError, OSError, TimeoutError)

_FORBID = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True)
class Message:
    """What a bell says: ids, and no more."""

    job: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    attempt: Annotated[int, Field(ge=1)]

    __pydantic_config__ = _FORBID


@dataclass(frozen=True)
class _Envelope:
    """arq's own wrapping: try, function, arguments, keywords, time of sending in ms."""

    t: int | None
    f: Literal["perform"]
    a: tuple[Message]
    k: Annotated[dict[str, Any], Field(max_length=0)]
    et: int

    __pydantic_config__ = ConfigDict(extra="forbid")


_ENVELOPE: TypeAdapter[_Envelope] = TypeAdapter(_Envelope)


def pack(envelope: dict[str, Any]) -> bytes:
    """Serialize for arq, which also wants its exceptions written."""
    return json.dumps(envelope, default=str).encode()


def unpack(written: bytes) -> dict[str, Any]:
    """Read what arq carried. Raises ValueError for whatever is not a message of ours, without quoting it."""
    try:
        return vars(_ENVELOPE.validate_json(written))
    except ValidationError as error:
        raise ValueError(f"not a message: {error.errors(include_input=False)[0]['type']}") from None


def carrier_name(queue: Queue) -> str:
    """Return the key under which arq keeps a queue."""
    return f"reelscore:{queue}"


class Bell:
    """Rings at Redis and listens there. Every method but `ping` and `connect` takes an absent Redis in its stride."""

    def __init__(self, url: str) -> None:
        """`url`: redis://, rediss:// or unix://, a password in it is never shown. Raises Refused for anything else."""
        self._url = url
        self._away = False
        self._redis = self.connect()

    def __repr__(self) -> str:
        return "<Bell>"

    def connect(self) -> ArqRedis:
        """Return a client with connections of its own, which the caller closes; nothing is sent yet."""
        try:
            # No health checks: they ask a server that wants a password for ever. A dead connection is retried anyhow.
            pool: ConnectionPool = ConnectionPool.from_url(
                self._url,
                socket_timeout=CALL_S,
                socket_connect_timeout=CONNECT_S,
                retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), RETRIES),
                retry_on_timeout=True,
            )
        except (ValueError, TypeError):  # its text may quote the password
            raise Refused(
                "REDIS_URL is not the address of a Redis server.",
                hint="It looks like redis://:password@host:6379/0, rediss://host:6379/0 or unix:///path/to/socket.",
            ) from None
        return ArqRedis(pool, job_serializer=pack, job_deserializer=unpack)

    async def close(self) -> None:
        await self._redis.aclose(close_connection_pool=True)

    async def ping(self) -> float:
        """Return how many seconds a round trip takes. Raises one of AWAY."""
        began = time.perf_counter()
        await self._redis.ping()
        return time.perf_counter() - began

    async def meet(self, *, within_s: float = 0.0) -> None:
        """Wait until the server answers, at least once. Raises Unavailable, with what is wrong."""
        until = time.monotonic() + within_s
        while True:
            try:
                await self.ping()
                return
            except AWAY as error:
                if is_locked(error) or time.monotonic() > until:
                    raise trouble(error) from None
            await asyncio.sleep(LOOK_S)

    @property
    def away(self) -> bool:
        """Whether Redis was away at the last call."""
        return self._away

    # ---- jobs: dispatcher -> worker ----

    async def ring(self, queue: Queue, job: str, attempt: int) -> bool:
        """Tell a worker to take a job; False when Redis is away. An attempt that hangs there already is left alone."""
        message = asdict(Message(job, attempt))
        with self._quiet():
            await self._redis.enqueue_job(CALL, message, _job_id=f"{job}:{attempt}", _queue_name=carrier_name(queue))
            return True
        return False

    async def rung(self, queue: Queue) -> int | None:
        """Return how many bells no worker has heard yet; None when Redis is away."""
        with self._quiet():
            return int(await self._redis.zcard(carrier_name(queue)))
        return None

    # ---- whoever changes something -> dispatcher ----

    async def wake(self, queue: Queue | None = None) -> None:
        """Tell the dispatcher of a queue, or of each, that there is something to release."""
        for each in (queue,) if queue else QUEUES:
            await self._push(f"reelscore:wake:{each}")

    async def woken(self, queue: Queue, timeout: float) -> bool:
        """Wait until somebody wakes the dispatcher, or for `timeout` seconds."""
        return await self._pop(f"reelscore:wake:{queue}", timeout)

    # ---- worker -> deliveries ----

    async def knock(self, front: str) -> None:
        """Tell a front end that it may have something to deliver."""
        await self._push(f"reelscore:knock:{front}")

    async def knocked(self, front: str, timeout: float) -> bool:
        """Wait until a worker knocks, or for `timeout` seconds."""
        return await self._pop(f"reelscore:knock:{front}", timeout)

    # ---- worker -> whoever shows progress ----

    async def tell(self, job: str, progress: Progress) -> None:
        """Add a line to the job's stream; it is gone a day after the last one."""
        key = f"reelscore:progress:{job}"
        with self._quiet():
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.xadd(key, {"progress": PROGRESS.dump_json(progress)}, maxlen=PROGRESS_LINES, approximate=True)
                pipe.expire(key, PROGRESS_KEPT_S)
                await pipe.execute()

    async def heard(self, job: str, *, after: str = "0", timeout: float = 0.0) -> list[tuple[str, Progress]]:
        """Return the lines that came after the id `after`, oldest first; wait up to `timeout` (2 s at most) for one.

        Go on with the id of the last line. Empty when there is none or Redis is away.
        """
        until = time.monotonic() + timeout
        key = f"reelscore:progress:{job}"
        block = int(min(timeout, WAIT_S) * 1000) or None
        with self._quiet():
            found = await self._redis.xread({key: after}, block=block)
            lines = [(number.decode(), _read(fields)) for _, stream in found for number, fields in stream]
            return [(number, progress) for number, progress in lines if progress]
        await asyncio.sleep(max(0.0, until - time.monotonic()))
        return []

    # ---- how it is done ----

    async def _push(self, key: str) -> None:
        """Leave one knock at the key: a second one before anybody listens says no more than the first."""
        with self._quiet():
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.lpush(key, b"1")
                pipe.ltrim(key, 0, 0)
                await pipe.execute()

    async def _pop(self, key: str, timeout: float) -> bool:
        until = time.monotonic() + timeout
        while (left := until - time.monotonic()) > 0.01:  # 0 would wait for ever
            with self._quiet():
                # redis-py's types know whole seconds only; Redis takes fractions since version 6
                popped: Any = self._redis.blpop([key], timeout=min(left, WAIT_S))  # type: ignore[arg-type]
                if await popped is not None:
                    return True
                continue
            await asyncio.sleep(max(0.0, until - time.monotonic()))
        return False

    @contextlib.contextmanager
    def _quiet(self) -> Iterator[None]:
        """Swallow what an absent Redis raises; log its going and its coming back, once each.

        A cancel is not swallowed: asyncio.wait_for, which redis-py writes through, loses one now and then on Python
        3.11.
        """
        task = asyncio.current_task()
        canceled = task.cancelling() if task else 0
        try:
            yield
            if task and task.cancelling() > canceled:
                raise asyncio.CancelledError
        except AWAY as error:
            if not self._away:
                log.warning("redis is away", error=type(error).__name__)
            self._away = True
        else:
            if self._away:
                log.info("redis is back")
            self._away = False


def _read(fields: dict[bytes, bytes]) -> Progress | None:
    """None for a line that another version of this program has written."""
    try:
        return PROGRESS.validate_json(fields[b"progress"])
    except (KeyError, ValidationError):
        return None
