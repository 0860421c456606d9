"""A worker killed at twenty points of a job: the job goes on elsewhere, and no take is made twice."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from jobs.job import Outcome, Progress, Request
from pipeline import checkpoint
from storage.tables import JobRow
from tests.chaos.bar import Bar
from tests.chaos.shop import Shop, opened, outcome
from tests.media import make_clip

POINTS = 20
WORKERS = 2  # side by side, one job each; more would only wait for the processors
TAKES = 2
GAP_S = 30.0


@dataclass
class Fate:
    """What became of one job whose worker was killed."""

    killed_at: float = 0.0
    again_s: float | None = None  #: from the kill until the job was at work again
    kept: set[int] = field(default_factory=set)  #: the takes that were finished when the worker died
    made_again: set[int] = field(default_factory=set)
    end: Outcome | None = None


async def bars(size: float, *, bare: bool) -> list[Bar]:
    """Kill the worker of each job once, the k-th job when k twentieths of it are done."""
    points = max(3, round(POINTS * size))
    with tempfile.TemporaryDirectory() as place:
        clip = make_clip(Path(place) / "clip.mp4", shots=("red", "blue", "green", "gold"), shot_s=1.5)
        async with opened() as shop:
            whole_s = await _undisturbed(shop, clip)
            for _ in range(WORKERS):
                shop.hire(fake=False, bare="reaper" if bare else "")
            fates: list[Fate] = []
            turns = asyncio.Semaphore(WORKERS)
            await asyncio.gather(*(_kill_once(shop, clip, n / points, fates, turns, bare=bare) for n in range(points)))
    lost = sum(fate.end is None or fate.end.kind != "films" for fate in fates)
    gaps = [fate.again_s for fate in fates if fate.again_s is not None]
    twice = sum(len(fate.made_again) for fate in fates)
    kept = sum(len(fate.kept) for fate in fates)
    worst = max(gaps, default=float("inf"))
    said = (
        f"{lost} lost of {len(fates)}, restarted within {worst:.1f} s at worst ({len(gaps)} were at work when killed), "
        f"{twice} of {kept} finished takes made twice (a job takes {whole_s:.1f} s)"
    )
    met = lost == 0 and worst <= GAP_S and twice == 0 and kept > 0
    asked = "0 lost, restarted within 30 s, no take made twice"
    return [Bar(f"a worker killed at {points} points of a job", asked, said, met)]


async def _undisturbed(shop: Shop, clip: Path) -> float:
    """Return how long a job is at work when nobody kills anything, with as many at once as will be."""
    for _ in range(WORKERS):
        shop.hire(fake=False)
    jobs = [await shop.order(Request(takes=TAKES), person=f"telegram:{n}", upload=clip) for n in range(WORKERS)]
    rows = await shop.all_ended(jobs, within_s=120)
    for one in list(shop.workers):
        shop.kill(one.pid)
    assert all(row.state == "succeeded" for row in rows), [row.outcome for row in rows]
    return min((row.ended_at or 0) - (row.started_at or 0) for row in rows)


async def _kill_once(
    shop: Shop, clip: Path, share: float, fates: list[Fate], turns: asyncio.Semaphore, *, bare: bool
) -> None:
    async with turns:
        fate = Fate()
        fates.append(fate)
        job = await shop.order(Request(takes=TAKES), person=f"telegram:{len(fates)}", upload=clip)
        row = await shop.until(job, "running", within_s=60)
        if row is None or row.owner is None:
            return
        last = await _come_so_far(shop, job, share)
        before = await shop.row(job)
        fate.killed_at = time.time()
        shop.kill(int(row.owner.split(":")[1]))
        folder = shop.folder / "jobs" / job
        finished = {path.stem for path in folder.rglob(f"{checkpoint.NAME}/take-*.json")}
        fate.kept = {n for n in range(1, TAKES + 1) if f"take-{n}" in finished}
        if bare:
            for place in folder.rglob(checkpoint.NAME):
                shutil.rmtree(place, ignore_errors=True)
        shop.hire(fake=False, bare="reaper" if bare else "")
        again = await _next_attempt(shop, job, before.attempt)
        if again is not None and again.attempt > before.attempt and again.started_at:
            fate.again_s = again.started_at - fate.killed_at
        done = await shop.until(job, "succeeded", "failed", within_s=15 if bare else 120)
        fate.end = outcome(done) if done else None
        heard: list[tuple[str, Progress]] = await shop.bell.heard(job, after=last)
        fate.made_again = {said.take for _, said in heard if said.stage in ("music", "mix")} & fate.kept


async def _come_so_far(shop: Shop, job: str, share: float) -> str:
    """Wait until that share of a job is done, or all of it; return the last line of progress that was told."""
    last = "0"
    for _ in range(2000):
        for line, said in await shop.bell.heard(job, after=last):
            last = line
            if said.share >= share:
                return last
        if (await shop.row(job)).outcome or share == 0:
            break
        await asyncio.sleep(0.05)
    return last


async def _next_attempt(shop: Shop, job: str, attempt: int) -> JobRow | None:
    """Wait until the job is at work again, or has ended after all."""
    until = time.monotonic() + 1.5 * GAP_S
    while time.monotonic() < until:
        row = await shop.row(job)
        if (row.attempt > attempt and row.state == "running") or row.outcome:
            return row
        await asyncio.sleep(0.05)
    return None
