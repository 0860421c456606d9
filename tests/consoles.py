"""Consoles for the tests, and what was printed on them."""

from __future__ import annotations

import io
import re

from rich.console import Console


def terminal(width: int) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width, markup=False, highlight=False, no_color=True)


def plainly() -> Console:
    return Console(file=io.StringIO(), width=80, markup=False, highlight=False)


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue())
