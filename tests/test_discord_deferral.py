"""Requests that were acknowledged and then lost with their process are told of, once, where Discord says "thinking"."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.discord import deferral, sentences
from bot.discord.deferral import tell_lost
from pipeline.errors import Refused
from tests.discord_stage import CLIP, Stage, staged


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as stage:
        yield stage


async def killed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ask for a film from a bot that dies while it takes the clip in; return what Ann sees."""

    async def die(*_: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(stage.desk, "submit", die)
        result = await stage.ann.slash(stage.channel, "score", clip=CLIP)
    await stage.restart()
    return result


async def test_lost_request_is_told_of_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    result = await killed(stage, monkeypatch)
    await tell_lost(stage.front)
    assert result.response.content != sentences.lost("en")  # another process may have it in hand
    monkeypatch.setattr(deferral, "LOST_S", -1.0)
    await tell_lost(stage.front)
    assert result.response.content == sentences.lost("en")
    edits = len(stage.env.http_requests)
    await tell_lost(stage.front)
    assert len(stage.env.http_requests) == edits
    assert await stage.records.updates("discord") == []


async def test_nothing_is_told_once_the_token_has_died(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await killed(stage, monkeypatch)
    await stage.env.advance_time(16 * 60.0)
    monkeypatch.setattr(deferral, "LOST_S", -1.0)
    edits = len(stage.env.http_requests)
    await tell_lost(stage.front)
    assert len(stage.env.http_requests) == edits
    assert await stage.records.updates("discord") == []


async def test_what_was_taken_in_or_refused_is_not_lost(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.ann.slash(stage.channel, "score", clip=CLIP)
    assert await stage.records.updates("discord") == []

    async def refuse(*_: Any) -> None:
        raise Refused("No.")

    monkeypatch.setattr(stage.desk, "submit", refuse)
    await stage.ann.slash(stage.channel, "score", clip=CLIP)
    assert await stage.records.updates("discord") == []
