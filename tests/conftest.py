"""Fixtures that several files of tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest_asyncio

from tests.databases import clock, database_url, records

__all__ = ["clock", "database_url", "records", "telegram"]

if TYPE_CHECKING:
    from tests.fake_telegram import FakeTelegram


@pytest_asyncio.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    """A Telegram of one's own; a request that no Bot API client may send fails the test."""
    from tests.fake_telegram import FakeTelegram  # aiogram is not for the tests that never chat

    async with FakeTelegram() as server:
        yield server
        assert not server.failures
