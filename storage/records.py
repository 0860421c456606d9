"""The records: updates, jobs, deliveries, people, chats and ratings, in SQLite or PostgreSQL.

Every method is one transaction. Rows that come back are detached values. Every change of a job or a delivery that is
at work is fenced: it names the attempt and the owner that it believes in, and says False when somebody else has taken
over. `now` can be set in tests; otherwise it is the clock's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from storage.tables import ChatRow, DeliveryRow, JobRow, RatingRow, UpdateRow, WorkerRow


@dataclass(frozen=True)
class Caps:
    """How much may wait, be at work, and be asked for in a day; refused with storage.errors.Full above it."""

    queue_waiting: int = 500
    person_waiting: int = 20
    chat_waiting: int = 50
    person_a_day: int = 200


@dataclass(frozen=True)
class NewJob:
    id: str
    source: str
    queue: str
    person: str
    chat: str
    request: dict[str, Any]
    kind: str = "score"
    parent: str | None = None
    clip_s: float | None = None


@dataclass(frozen=True)
class NewDelivery:
    id: str
    job: str
    front: str
    reply_to: dict[str, Any]
    what: str = "result"
    quiet: bool = False
    state: str = "open"


@dataclass(frozen=True)
class Waiting:
    """What a fair choice has to know about the jobs of a queue."""

    jobs: tuple[tuple[str, str, float, bool], ...]  #: (id, person, created_at, suspect), oldest first
    in_flight: dict[str, int] = field(default_factory=dict)  #: person -> jobs released, leased or running
    served_at: dict[str, float] = field(default_factory=dict)  #: person -> when one of theirs was last released


class Records:
    """The one door to the database."""

    def __init__(self, url: str, *, clock: Callable[[], float]) -> None: ...

    @classmethod
    async def open(cls, url: str, *, clock: Callable[[], float] | None = None) -> Records:
        """Connect, and bring the tables up to date (Alembic; one process does it, others wait). Raises Down.

        `url` is `sqlite:///path`, `postgresql://...` or the same with a driver; drivers are put in here.
        """
        ...

    async def close(self) -> None: ...

    async def ping(self) -> float:
        """Return how many seconds a round trip takes. Raises Down."""
        ...

    # ---- what came in ----

    async def store_updates(self, front: str, updates: Sequence[tuple[str, dict[str, Any]]]) -> int:
        """Keep updates; those that are known already are left alone. Return how many were new."""
        ...

    async def updates(self, front: str, *, most: int = 100) -> list[UpdateRow]:
        """Return stored updates that are not done, in the order in which they came."""
        ...

    async def update_done(self, front: str, number: str) -> None: ...

    async def update_failed(self, front: str, number: str, *, most: int = 3) -> bool:
        """Count a try that broke; from `most` on the update is done with. Return whether it will be tried again."""
        ...

    # ---- jobs, from the side of who asks ----

    async def add_job(
        self,
        job: NewJob,
        delivery: NewDelivery | Sequence[NewDelivery] | None,
        *,
        caps: Caps,
        update: tuple[str, str] | None = None,
    ) -> tuple[JobRow, bool]:
        """Write the job, its delivery or deliveries, and that its update is done, all or nothing; (row, True).

        A job of several takes has one delivery for each: "result", then "take-2", "take-3", ...
        When the source is known already, nothing is written but the update; (the row that is there, False).
        Raises storage.errors.Full, and then nothing is written at all.
        """
        ...

    async def job(self, job: str) -> JobRow | None: ...

    async def jobs_of(self, *, person: str | None = None, chat: str | None = None, most: int = 20) -> list[JobRow]:
        """Return jobs, newest first."""
        ...

    async def ask_cancel(self, job: str) -> bool:
        """Note that the job shall stop. A job that nobody has at work ends as canceled at once.

        Its open delivery becomes due. Return False when the job has ended already.
        """
        ...

    async def answer(self, job: str, request: dict[str, Any]) -> bool:
        """Put a job that is asking back into the queue with a changed request; its delivery is open again."""
        ...

    async def waiting(self, queue: str) -> Waiting: ...

    async def running(self, queue: str) -> list[JobRow]:
        """Return the jobs that are released, leased or running, oldest first."""
        ...

    async def pace(self, queue: str, *, most: int = 50) -> list[tuple[float, float]]:
        """Return (clip seconds, seconds of work) of the last jobs that succeeded."""
        ...

    # ---- jobs, from the side of who works ----

    async def beat(self, worker: WorkerRow) -> None:
        """Say that a worker is alive."""
        ...

    async def worker_gone(self, name: str) -> None: ...

    async def slots(self, queue: str, *, alive_s: float = 20.0) -> int:
        """Return how many jobs the workers that were seen lately can do at once."""
        ...

    async def hold(self, name: str, owner: str, *, seconds: float) -> bool:
        """Take or renew a lease on a duty; False while another owner has it."""
        ...

    async def release(self, job: str) -> int | None:
        """Move a waiting job to released under the next attempt; return the attempt, None when it was not waiting."""
        ...

    async def unrung(self, queue: str, *, older_s: float) -> list[JobRow]:
        """Return the jobs that were released that long ago and were never taken: Redis has forgotten their bell."""
        ...

    async def take(self, job: str, attempt: int, owner: str, *, seconds: float) -> JobRow | None:
        """Lease a released job; None when the attempt is not the job's latest or another worker has it."""
        ...

    async def start(self, job: str, attempt: int, owner: str) -> bool:
        """Say that the job's child is at work from now on: its death counts as a crash of this job."""
        ...

    async def renew(
        self,
        job: str,
        attempt: int,
        owner: str,
        *,
        seconds: float,
        stage: str,
        share: float,
        clip_s: float | None = None,
    ) -> bool | None:
        """Keep the lease and note the progress. True: go on; False: cancel was asked for; None: the lease is lost."""
        ...

    async def end(
        self,
        job: str,
        attempt: int,
        owner: str,
        *,
        state: str,
        outcome: dict[str, Any],
        clip_s: float | None = None,
        seconds: float | None = None,
    ) -> bool:
        """Write state and outcome and make the job's deliveries due, all or nothing; False when the lease was lost.

        State "asking" makes the delivery due as well, and the job waits for `answer`.
        """
        ...

    async def again(
        self, job: str, attempt: int, owner: str | None, *, crashed: bool, delay_s: float = 0.0, tried: bool = False
    ) -> bool:
        """Put a job back into the queue: after a crash, a drain, or something that is worth another try."""
        ...

    async def lapsed(self) -> list[JobRow]:
        """Return the jobs whose lease has run out: their worker is gone. (`state` says whether a child was at work.)"""
        ...

    async def end_unowned(self, job: str, attempt: int, *, state: str, outcome: dict[str, Any]) -> bool:
        """As `end`, for a job that no worker has: expired, crashed too often."""
        ...

    async def stale(self, *, waiting_s: float, asking_s: float) -> list[JobRow]:
        """Return jobs that have waited, or have waited for an answer, longer than that."""
        ...

    # ---- the outbox ----

    async def add_delivery(self, delivery: NewDelivery) -> DeliveryRow:
        """Write one more message for a job, such as its stems; a known id is left alone."""
        ...

    async def open_deliveries(self, front: str) -> list[tuple[DeliveryRow, JobRow]]:
        """Return the deliveries whose job is at work, for showing how it stands."""
        ...

    async def due_deliveries(
        self, front: str, owner: str, *, most: int, seconds: float
    ) -> list[tuple[DeliveryRow, JobRow]]:
        """Lease deliveries that are due; whoever held them before has let its lease run out."""
        ...

    async def renew_delivery(self, delivery: str, owner: str, *, seconds: float) -> bool:
        """Keep the lease of a delivery that is being handed over; False when it was lost."""
        ...

    async def delivery(self, delivery: str) -> DeliveryRow | None: ...

    async def deliveries_of(self, job: str) -> list[DeliveryRow]: ...

    async def opening(self, delivery: str, *, lost_s: float = 30.0) -> bool:
        """Note that a placeholder is about to be sent; False when one is in the chat or on its way already.

        One that was on its way `lost_s` ago and never noted as opened is taken for lost: it may be sent again.
        """
        ...

    async def opened(self, delivery: str, message: str, shown: str, reply_to: dict[str, Any] | None = None) -> None: ...

    async def not_opened(self, delivery: str) -> None:
        """Note that the placeholder was certainly not sent."""
        ...

    async def shown(self, delivery: str, text: str) -> None: ...

    async def sent(self, delivery: str, owner: str, reply_to: dict[str, Any] | None = None) -> bool:
        """The message is in the chat: the end."""
        ...

    async def reopened(self, delivery: str, owner: str) -> bool:
        """The question is in the chat: open again until the job ends."""
        ...

    async def retry_delivery(self, delivery: str, owner: str, *, problem: str, delay_s: float) -> int:
        """Let go of it until later; return how many attempts there have been."""
        ...

    async def dead(self, delivery: str, *, problem: str) -> None:
        """Nothing can be delivered there: an end, too."""
        ...

    async def moved(self, chat: str, to: str, *, reply_to: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """A group has become a supergroup: its jobs, settings and deliveries go along."""
        ...

    # ---- people and chats ----

    async def seen(self, person: str) -> str | None:
        """Note that a person is there; return the language that they chose."""
        ...

    async def set_language(self, person: str, language: str) -> None: ...

    async def chat(self, chat: str) -> ChatRow:
        """Return a chat's settings, the defaults where it has none; follows a move."""
        ...

    async def set_chat(
        self,
        chat: str,
        *,
        autoscore: str | None = None,
        autoscore_by: str | None = None,
        settings: dict[str, Any] | None = None,
        dead: bool | None = None,
    ) -> ChatRow: ...

    async def rate(self, rating: RatingRow) -> None:
        """Keep answers; a later answer of the same person about the same job replaces the earlier one."""
        ...

    async def means(self) -> list[dict[str, Any]]:
        """Return {configuration, answers, richness, fitness, humanness, fondness} per configuration, means to 0.01."""
        ...

    async def forget(self, person: str) -> list[str]:
        """Remove everything of a person; return the ids of their jobs, whose blobs are to go as well.

        Updates, jobs, deliveries, ratings and private chats go. Jobs at work lose their row, so that their worker
        finds its lease lost and stops.
        """
        ...

    async def old_jobs(self, *, before: float, most: int = 100) -> list[str]:
        """Return jobs that ended before that time."""
        ...

    async def remove_jobs(self, ids: Sequence[str]) -> None: ...

    async def sweep(self, *, before: float) -> int:
        """Remove updates that were done before that time; return how many."""
        ...
