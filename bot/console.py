"""The console: nothing that is printed on it is read for markup, and nothing in it moves the cursor."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from bot.text.plain import plain

if TYPE_CHECKING:
    from rich.console import Console


def open_console(*, stderr: bool = False) -> Console:
    """Return a console that reads nothing into text: no markup, no emoji names, no colours of its own."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def as_word(path: Path) -> str:
    """Write a path as a shell and this command take it."""
    return shlex.quote(f"./{path}" if str(path).startswith("-") else str(path))


def say(console: Console, words: object, *, style: str = "") -> None:
    """Print words that may be anybody's, on as many lines as they take."""
    from rich.text import Text

    console.print(Text(plain(words), style=style), soft_wrap=True)
