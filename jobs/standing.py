"""Status: how jobs stand, for people to see: place in the queue, stage, share, time left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from jobs import fair
from jobs.job import IN_FLIGHT, REQUEST, Progress, State
from storage.records import Records
from storage.tables import JobRow


@dataclass(frozen=True)
class Status:
    """How a job stands."""

    job: str
    state: State
    place: int | None = None  #: in the queue, 1 is next; None when it is not waiting
    left_s: float | None = None  #: estimated seconds to the end; None when there is nothing to guess from
    progress: Progress | None = None
    takes: int = 1
    video: bool = False  #: a music video is wanted, not a score


@dataclass(frozen=True)
class Line:
    """A queue as it stands: who waits, what is at work, how fast it goes."""

    places: dict[str, int]
    shares: tuple[float, ...]
    pace: dict[bool, tuple[tuple[float, float], ...]]  #: of music videos (True) and of scores
    slots: int

    def left_s(
        self,
        *,
        video: bool = False,
        clip_s: float | None = None,
        place: int | None = None,
        share: float = 0.0,
        passed_s: float = 0.0,
    ) -> float | None:
        """Guess the seconds until a job is done; see jobs.fair.left_s."""
        return fair.left_s(
            self.pace[video],
            slots=self.slots,
            shares=self.shares,
            place=place,
            clip_s=clip_s,
            share=share,
            passed_s=passed_s,
        )


async def line(records: Records, queue: str) -> Line:
    """Look at a queue."""
    waiting = await records.waiting(queue)
    running = await records.running(queue)
    done, slots = await records.pace(queue), await records.slots(queue)
    pace = {
        video: tuple((clip_s, work_s) for clip_s, work_s, request in done if bool(request.get("treatment")) is video)
        for video in (False, True)
    }
    return Line(fair.places(waiting), tuple(row.share for row in running), pace, slots)


async def standing(records: Records, rows: Sequence[JobRow]) -> dict[str, Status]:
    """Return how each of these jobs stands, by its id; each queue is looked at once."""
    lines = {queue: await line(records, queue) for queue in {row.queue for row in rows}}
    return {row.id: _status(row, lines[row.queue], records.now()) for row in rows}


def _status(row: JobRow, queue: Line, now: float) -> Status:
    place = queue.places.get(row.id)
    at_work = row.state in IN_FLIGHT
    request = REQUEST.validate_python(row.request)
    video = request.treatment is not None
    left_s = None
    if (at_work or place is not None) and request.go:  # a preview takes seconds
        passed_s = now - row.started_at if row.state == "running" and row.started_at else 0.0
        left_s = queue.left_s(video=video, clip_s=row.clip_s, place=place, share=row.share, passed_s=passed_s)
    progress = Progress(row.stage, row.share) if row.stage else None
    return Status(row.id, cast("State", row.state), place, left_s, progress, request.takes, video)
