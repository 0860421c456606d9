"""A short version of the parts of `make chaos` that have no other test of their own here.

That each of them is missed with the protection taken out is shown by `make chaos ARGS=--bare`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.chaos import deliveries, fairness, redis, strangers, updates
from tests.servers import needs_redis

pytestmark = needs_redis

ROOT = Path(__file__).resolve().parents[1]


async def test_jobs_outlive_redis() -> None:
    assert all(bar.met for bar in await redis.bars(0.1, bare=False))


async def test_nobody_waits_for_all_of_somebody_else_s_jobs() -> None:
    found = await fairness.waits(0.1, bare=False)
    assert len(found.passed_by) == fairness.OTHERS
    assert max(found.passed_by) <= 1, "each other person is next or next but one"


async def test_a_delivery_that_is_cut_is_one_video() -> None:
    (bar,) = await deliveries.bars(0.1, bare=False)
    assert bar.met, bar.measured


async def test_updates_that_were_acknowledged_are_there_after_a_kill() -> None:
    flood = await updates.flooded(50, bare=False)  # how long it took says nothing while other tests run
    assert (flood.refused, flood.lost) == (0, 0)


def test_secrets_are_found_nowhere() -> None:
    """In a process of its own: it sets up the logs as the programs do."""
    command = [sys.executable, "-m", "tests.chaos", "secrets", "--size", "0.1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


async def test_buttons_obey_their_owners_alone() -> None:
    for bar in await strangers.bars(0.1, bare=False):
        assert bar.met, bar.measured
