"""All bars: `make chaos`; some of them: `make chaos ARGS='workers redis'`; with what protects taken out: ARGS=--bare.

Each part is a module here with `async def bars(size: float, *, bare: bool) -> list[Bar]`: `size` 1.0 is the bar as it
was asked, smaller ones are for the tests. With `--bare` the part takes out what protects, and a bar that is met all the
same is a check that proves nothing: the program says so and ends with 1.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import sys
import time

from jobs.logs import start_logs
from tests.chaos.bar import Bar

PARTS = ("workers", "poison", "redis", "deliveries", "updates", "fairness", "secrets", "strangers")


def main() -> int:
    """Run the parts one after another, each in a loop of its own, and print a table."""
    said = argparse.ArgumentParser(prog="make chaos", description=__doc__.splitlines()[0])
    said.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    said.add_argument("--bare", action="store_true", help="take out what protects; every bar has to be missed")
    said.add_argument("--size", type=float, default=1.0, help="share of the full number of faults")
    asked = said.parse_args()
    start_logs(level="error")  # what is broken on purpose is told by the bars
    good = True
    for part in asked.parts or PARTS:
        began = time.monotonic()
        module = importlib.import_module(f"tests.chaos.{part}")
        for bar in asyncio.run(module.bars(asked.size, bare=asked.bare)):
            good &= bar.met != asked.bare
            show(bar, bare=asked.bare)
        print(f"  ({part}: {time.monotonic() - began:.0f} s)\n", flush=True)  # noqa: T201
    return 0 if good else 1


def show(bar: Bar, *, bare: bool) -> None:
    """Print one bar."""
    verdicts = ("missed, as it should be", "PROVES NOTHING") if bare else ("MISSED", "met")
    print(f"{bar.name}\n  asked     {bar.asked}\n  measured  {bar.measured}\n  {verdicts[bar.met]}", flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
