"""The tables. Times are seconds since the epoch; ids of people and chats bear their front end: "telegram:42".

The row of a job is the truth about it; Redis only rings. JSON columns hold values of jobs/job.py, which this folder
does not know.

A change here needs a migration in storage/migrations/versions; a test compares the two.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Double, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Id = String(64)

ENDED = ("succeeded", "failed", "canceled", "expired")
LEASED = ("leased", "running")  # a worker has it
IN_FLIGHT = ("released", *LEASED)


class Table(DeclarativeBase):
    type_annotation_map = {dict[str, Any]: JSON, float: Double}  # noqa: RUF012


class PersonRow(Table):
    __tablename__ = "person"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    language: Mapped[str | None] = mapped_column(String(16))
    seen_at: Mapped[float]


class ChatRow(Table):
    __tablename__ = "chat"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    autoscore: Mapped[str] = mapped_column(String(16), default="off")  #: off, on, silent-only
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)  #: what the chat's admins chose: style, mood, ...
    autoscore_by: Mapped[str | None] = mapped_column(Id)  #: the admin that turned it on
    dead_at: Mapped[float | None]  #: since when nothing can be sent there: blocked, deleted, kicked
    moved_to: Mapped[str | None] = mapped_column(Id)  #: the supergroup that it has become


class UpdateRow(Table):
    """What came in from a chat network: stored before it is acknowledged, taken once."""

    __tablename__ = "inbox"  # "update" is a word of SQL

    front: Mapped[str] = mapped_column(String(16), primary_key=True)
    number: Mapped[str] = mapped_column(Id, primary_key=True)  #: the network's own id
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[float]
    done_at: Mapped[float | None]
    tries: Mapped[int] = mapped_column(default=0)

    __table_args__ = (Index("inbox_waiting", "front", "done_at", "received_at"),)


class JobRow(Table):
    __tablename__ = "job"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    source: Mapped[str] = mapped_column(String(200))  #: what it was made from; the same source makes one job only
    kind: Mapped[str] = mapped_column(String(16), default="score")
    queue: Mapped[str] = mapped_column(String(8))
    person: Mapped[str] = mapped_column(Id, index=True)
    chat: Mapped[str] = mapped_column(Id, index=True)
    parent: Mapped[str | None] = mapped_column(Id)  #: the job of which it is another take
    request: Mapped[dict[str, Any]]
    clip_s: Mapped[float | None]  #: the clip's length, once known

    state: Mapped[str] = mapped_column(String(16), default="waiting")
    attempt: Mapped[int] = mapped_column(default=0)  #: rises with each release; every commit is fenced by it
    crashes: Mapped[int] = mapped_column(default=0)  #: deaths of a worker or child while this job ran
    tries: Mapped[int] = mapped_column(default=0)  #: tries that ended with something to try again
    owner: Mapped[str | None] = mapped_column(Id)
    lease_until: Mapped[float | None]
    not_before: Mapped[float] = mapped_column(default=0.0)
    cancel_asked_at: Mapped[float | None]

    created_at: Mapped[float]
    waits_since: Mapped[float]  #: since when it has waited: first for a worker, or for an answer
    released_at: Mapped[float | None]
    started_at: Mapped[float | None]
    ended_at: Mapped[float | None]
    work_s: Mapped[float | None]  #: seconds of work, of a job that succeeded
    stage: Mapped[str] = mapped_column(String(16), default="")
    share: Mapped[float] = mapped_column(default=0.0)
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    __table_args__ = (
        UniqueConstraint("source"),
        Index("job_standing", "queue", "state", "created_at"),
        Index("job_served", "queue", "person", "released_at"),
        Index("job_ended", "ended_at"),
    )


class DeliveryRow(Table):
    """The outbox: one message in a chat, from its placeholder to what it becomes."""

    __tablename__ = "delivery"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    job: Mapped[str] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), index=True)
    front: Mapped[str] = mapped_column(String(16))
    what: Mapped[str] = mapped_column(String(16), default="result")  #: result, song, stems, midi, sheet, file
    reply_to: Mapped[dict[str, Any]]
    quiet: Mapped[bool] = mapped_column(default=False)  #: nothing is shown before the result is there
    #: open (its job is at work) -> due (there is something to hand over) -> sent | dead
    state: Mapped[str] = mapped_column(String(8), default="open")
    message: Mapped[str | None] = mapped_column(String(200))  #: the placeholder's id, once it is in the chat
    shown: Mapped[str | None] = mapped_column(Text)  #: what the placeholder says
    opening_at: Mapped[float | None]  #: set before a placeholder is sent: an answer may be lost
    opens: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[float]
    owner: Mapped[str | None] = mapped_column(Id)
    lease_until: Mapped[float | None]
    problem: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[float]
    sent_at: Mapped[float | None]

    __table_args__ = (Index("delivery_due", "front", "state", "due_at"),)


class RatingRow(Table):
    """The study's four questions, on five points, asked of one person about one job."""

    __tablename__ = "rating"

    job: Mapped[str] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    person: Mapped[str] = mapped_column(Id, primary_key=True)
    richness: Mapped[int | None]
    fitness: Mapped[int | None]
    humanness: Mapped[int | None]
    fondness: Mapped[int | None]
    configuration: Mapped[str] = mapped_column(String(120))  #: captioner/writer/composer/prompt length
    rated_at: Mapped[float]


class WorkerRow(Table):
    """A worker that is alive, and how many jobs it can do at once."""

    __tablename__ = "worker"

    name: Mapped[str] = mapped_column(Id, primary_key=True)
    queue: Mapped[str] = mapped_column(String(8), primary_key=True)
    slots: Mapped[int]
    seen_at: Mapped[float]


class LeaseRow(Table):
    """Who does what only one process shall do, such as releasing jobs."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(Id, primary_key=True)
    owner: Mapped[str] = mapped_column(Id)
    until: Mapped[float]
