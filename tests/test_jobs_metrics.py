"""What the front ends tell the metrics: how long people wait until they are heard."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from discord.utils import time_snowflake
from yarl import URL

from bot.discord import pace
from bot.telegram.inbox import Inbox
from jobs import metrics
from storage.records import Records


def acknowledged(front: str) -> tuple[float, float]:
    """Return how many there were, and their seconds."""
    name, labels = "reelscore_acknowledgement_seconds", {"front": front}
    values = (metrics.REGISTRY.get_sample_value(f"{name}_{end}", labels) or 0.0 for end in ("count", "sum"))
    count, seconds = values
    return count, seconds


async def test_updates_from_telegram_are_counted_once_they_are_stored(tmp_path: Path) -> None:
    records = await Records.open(f"sqlite:///{tmp_path}/r.db")
    before, _ = acknowledged("telegram")
    inbox = Inbox(records, lambda: None)
    await inbox.store([{"update_id": 1}, {"update_id": 2}])
    await inbox.store_one({"update_id": 3})
    await records.close()
    after, seconds = acknowledged("telegram")
    assert after - before == 3
    assert seconds > 0


@pytest.mark.parametrize(
    ("path", "status", "counted"),
    [
        ("interactions/{id}/token/callback", 204, 1),
        ("interactions/{id}/token/callback", 404, 0),
        ("channels/{id}", 200, 0),
    ],
)
async def test_clicks_on_discord_are_counted_once_discord_knows(path: str, status: int, counted: int) -> None:
    pressed = time_snowflake(datetime.fromtimestamp(time.time() - 0.5, UTC))
    url = URL(f"https://discord.com/api/v10/{path.format(id=pressed)}")
    answer: Any = SimpleNamespace(url=url, response=SimpleNamespace(status=status))
    before, seconds_before = acknowledged("discord")
    await pace._measure(None, None, answer)  # type: ignore[arg-type]
    after, seconds = acknowledged("discord")
    assert after - before == counted
    assert seconds - seconds_before == pytest.approx(0.5 * counted, abs=0.3)
