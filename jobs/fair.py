"""Whose turn it is: round robin over people, so that nobody waits behind another's two hundred clips. Pure functions.

Next comes the person with the fewest jobs at work; among those, who has gone unserved the longest; of theirs, the
oldest job. One is served until one's last job ends, so that who came meanwhile is next. Who was never served counts
from when they first asked, so that a stream of new people cannot push anybody back for ever.
"""

from __future__ import annotations

import heapq
import statistics
from collections.abc import Collection, Iterator, Sequence

from storage.records import Waiting

MOST_EACH = 2  # jobs at work for one person, where nothing else is set
TELLING = 0.1  # the share of a job from which on its own pace tells something
ALIKE = 9  # jobs of about the same length whose median tells how long the next one takes


def turns(waiting: Waiting, *, most_each: int | None = None) -> Iterator[str]:
    """Yield the ids of the waiting jobs as they will be released, if none that is at work ends before.

    With `most_each`, nobody gets more jobs at work than that, and those above it are left out.
    """
    theirs: dict[str, list[tuple[float, str]]] = {}
    for job, person, created_at, _ in waiting.jobs:
        theirs.setdefault(person, []).append((created_at, job))
    line = []
    for number, (person, jobs) in enumerate(theirs.items()):
        jobs.sort(reverse=True)
        oldest = jobs[-1][0]
        unserved_since = max(waiting.served_at.get(person, oldest), oldest)
        line.append((waiting.in_flight.get(person, 0), unserved_since, number, person))
    heapq.heapify(line)
    served = len(line)
    while line:
        at_work, _, _, person = heapq.heappop(line)
        if most_each is not None and at_work >= most_each:
            continue
        yield theirs[person].pop()[1]
        if theirs[person]:
            served += 1  # whoever was served last is last among equals
            heapq.heappush(line, (at_work + 1, float("inf"), served, person))


def next_up(waiting: Waiting, *, free: int, most_each: int = MOST_EACH) -> list[str]:
    """Return the jobs to release now, into so many free slots."""
    return [job for _, job in zip(range(free), turns(waiting, most_each=most_each), strict=False)]


def places(waiting: Waiting) -> dict[str, int]:
    """Return the place of each waiting job; 1 is next."""
    return {job: number for number, job in enumerate(turns(waiting), 1)}


def place(waiting: Waiting, job: str) -> int | None:
    """Return a job's place in the queue, 1 is next; None when it is not waiting there."""
    return places(waiting).get(job)


def work_s(pace: Sequence[tuple[float, float]], clip_s: float | None = None) -> float | None:
    """Guess how many seconds a job takes, by the ones before it of about the same length (`Records.pace`).

    None when there were none: better no guess than an invented one.
    """
    if not pace:
        return None
    alike = pace if clip_s is None else sorted(pace, key=lambda job: abs(job[0] - clip_s))[:ALIKE]
    return statistics.median(seconds for _, seconds in alike)


def left_s(
    pace: Sequence[tuple[float, float]],
    *,
    slots: int,
    shares: Collection[float] = (),
    place: int | None = None,
    clip_s: float | None = None,
    share: float = 0.0,
    passed_s: float = 0.0,
) -> float | None:
    """Guess how many seconds are left until a job is done; None when there is nothing to guess from.

    `place` is its place in the queue, None when it is at work, and then `share` of it is done. `shares` says of each
    job at work how much of it is done, `slots` how many can be at work at once (`Records.slots`). `passed_s` is how
    long it is at work: a clip that is longer than any before it tells by its own pace.
    """
    own, typical = work_s(pace, clip_s), work_s(pace)
    if own is None or typical is None or slots < 1:
        return None
    if place is None:
        share = min(max(share, 0.0), 1.0)
        by_itself = passed_s * (1 - share) / share if share >= TELLING else 0.0
        return max(own * (1 - share), by_itself)
    if len(shares) + place <= slots:
        return own
    ahead = sum(1 - min(max(done, 0.0), 1.0) for done in shares) + place - 1
    return ahead / slots * typical + own
