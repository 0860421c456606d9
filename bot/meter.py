"""How far the work is: bars on a terminal, lines elsewhere."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from bot.console import open_console, say

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.backends import Report

QUIET_S = 5.0  # at least so long between two plain lines of one stage


@contextlib.contextmanager
def progress(stages: Mapping[str, str], *, takes: int = 1, silent: bool) -> Iterator[Report]:
    """Give a `report` that draws bars on a terminal, prints lines elsewhere, and says nothing when asked to.

    `stages` has what is said of each, in order.
    """
    console = open_console(stderr=True)
    if silent:
        yield lambda stage, done, total: None
    elif console.is_terminal:
        with draw_bars(console, stages, takes) as report:
            yield report
    else:
        yield print_lines(console, stages, takes)


@contextlib.contextmanager
def draw_bars(console: Console, stages: Mapping[str, str], takes: int = 1) -> Iterator[Report]:
    from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        rows: dict[str, TaskID] = {
            stage: progress.add_task(said, start=False, total=1.0) for stage, said in stages.items()
        }
        at: tuple[str, int] = ("", 1)

        def report(stage: str, done: float, total: float) -> None:
            nonlocal at
            row = rows[stage]
            if stage != at[0]:
                at = (stage, _take_of(at, stage))
                for earlier in itertools.takewhile(lambda other: other != row, rows.values()):
                    progress.start_task(earlier)
                    progress.update(earlier, completed=1.0)
                progress.start_task(row)
                progress.update(row, description=_titled(stages[stage], at[1], takes))
            progress.update(row, completed=done / total if total else 0.0)

        report(next(iter(stages)), 0, 1)
        yield report


def print_lines(console: Console, stages: Mapping[str, str], takes: int = 1) -> Report:
    at: tuple[str, int] = ("", 1)
    said = 0.0

    def report(stage: str, done: float, total: float) -> None:
        nonlocal at, said
        if stage != at[0]:
            at = (stage, _take_of(at, stage))
            say(console, f"{_titled(stages[stage], at[1], takes)} ...")
        elif 0 < done < total and time.monotonic() - said > QUIET_S:
            say(console, f"{_titled(stages[stage], at[1], takes)}: {done / total:.0%}")
        else:
            return
        said = time.monotonic()

    report(next(iter(stages)), 0, 1)
    return report


def _take_of(at: tuple[str, int], stage: str) -> int:
    """Count the takes: a new one begins when a film is followed by an earlier stage."""
    return at[1] + (at[0] == "film" and stage != "film")


def _titled(said: str, take: int, takes: int) -> str:
    return f"{said} (take {take} of {takes})" if take > 1 else said
