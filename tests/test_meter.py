"""How far the work is, on a terminal and elsewhere."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from bot.meter import QUIET_S, draw_bars, print_lines
from bot.text import terminal as text
from pipeline import score
from tests.consoles import printed, terminal


def test_bars_fill_in_order_and_count_takes() -> None:
    console = terminal(100)
    with draw_bars(console, text.STAGES, 2) as report:
        for stage in (*score.STAGES, *score.STAGES[3:]):
            report(stage, 0, 4)
            report(stage, 4, 4)
    last = printed(console).splitlines()[-len(score.STAGES) :]
    for line, title in zip(last, text.STAGES.values(), strict=True):
        assert title in line
        assert "100%" in line
    assert "(take 2 of 2)" in last[-1]
    assert "take" not in last[0]


def test_long_stages_tell_how_far_they_are_in_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(file=io.StringIO(), width=80)
    report = print_lines(console, text.STAGES)
    report("scenes", 0, 10)
    report("scenes", 1, 10)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 2 * QUIET_S)
    report("scenes", 5, 10)
    report("scenes", 6, 10)
    report("scenes", 10, 10)
    title = text.STAGES["scenes"]
    assert printed(console).splitlines() == [f"{text.STAGES['clip']} ...", f"{title} ...", f"{title}: 50%"]
