"""A short version of each part of `make chaos`; the part `workers` scores real clips and is left to that.

What is met in full with everything in place is missed with the protection taken out: that is tried here for the parts
that start no program, and for all of them by `make chaos ARGS=--bare`.
"""

from __future__ import annotations

import pytest

from tests.chaos import deliveries, fairness, poison, redis, secrets, strangers, updates
from tests.servers import needs_redis

pytestmark = needs_redis


async def test_a_job_that_kills_its_worker_harms_no_other() -> None:
    assert all(bar.met for bar in await poison.bars(0.1, bare=False))


async def test_jobs_outlive_redis() -> None:
    assert all(bar.met for bar in await redis.bars(0.1, bare=False))


async def test_nobody_waits_for_all_of_somebody_else_s_jobs() -> None:
    assert all(bar.met for bar in await fairness.bars(0.1, bare=False))


async def test_a_delivery_that_is_cut_is_one_video() -> None:
    (bar,) = await deliveries.bars(0.1, bare=False)
    assert bar.met, bar.measured


async def test_updates_that_were_acknowledged_are_there_after_a_kill() -> None:
    flood = await updates.flooded(50, bare=False)  # how long it took says nothing while other tests run
    assert (flood.refused, flood.lost) == (0, 0)


async def test_secrets_are_found_nowhere() -> None:
    (bar,) = await secrets.bars(0.1, bare=False)
    assert bar.met, bar.measured


@pytest.mark.parametrize("bare", [False, True])
async def test_buttons_obey_their_owners_alone(bare: bool) -> None:
    for bar in await strangers.bars(0.1, bare=bare):
        assert bar.met != bare, bar.measured
