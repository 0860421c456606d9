"""What Prometheus is told. Each process counts for itself; labels are few and never a person's or a job's."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

REGISTRY = CollectorRegistry()  #: ours alone: the library's own one counts the interpreter, too

JOBS = Counter("reelscore_jobs", "Jobs that ended, by how.", ("queue", "ending"), registry=REGISTRY)
WAITING = Gauge("reelscore_jobs_waiting", "Jobs that wait for a slot.", ("queue",), registry=REGISTRY)
AT_WORK = Gauge("reelscore_jobs_at_work", "Jobs released, leased or running.", ("queue",), registry=REGISTRY)
SLOTS = Gauge("reelscore_slots", "Jobs that can be at work at once.", ("queue",), registry=REGISTRY)
CRASHES = Counter("reelscore_crashes", "Deaths of a child or a worker while a job ran.", ("queue",), registry=REGISTRY)
JOB_SECONDS = Histogram(
    "reelscore_job_seconds",
    "Seconds of work on a job that succeeded.",
    ("queue",),
    buckets=(1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600),
    registry=REGISTRY,
)
DELIVERIES = Counter(
    "reelscore_deliveries",
    "Tries to hand a message over to a chat network, by result.",
    ("front", "result"),
    registry=REGISTRY,
)
ACKNOWLEDGED = Histogram(
    "reelscore_acknowledgement_seconds",
    "Seconds from an update's arrival to its acknowledgement.",
    ("front",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=REGISTRY,
)

CONTENT_TYPE = CONTENT_TYPE_LATEST


def exposition() -> bytes:
    """Return all figures in Prometheus' text format, to be served as CONTENT_TYPE."""
    return generate_latest(REGISTRY)
