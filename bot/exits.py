"""How a command ends: an exit code, and a sentence with a hint where something went wrong."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import typer

from bot.console import open_console, say
from bot.text import terminal as text
from pipeline.errors import Unavailable, UserError

BUG, ASKED_TO_CHANGE, STOPPED = 1, 2, 130  # exit codes; 130 is 128 + SIGINT, as shells have it


class Job:
    """What a message about a bug has to know."""

    folder: Path | None = None


@contextlib.contextmanager
def errors_shown(*, as_json: bool, debug: bool) -> Iterator[Job]:
    """Turn what goes wrong into a sentence and an exit code, once."""
    job = Job()
    try:
        yield job
    except UserError as exc:
        _fail(exc, as_json=as_json)
    except KeyboardInterrupt:
        say(open_console(stderr=True), text.STOPPED)
        raise typer.Exit(STOPPED) from None
    except typer.Exit:
        raise
    except Exception as exc:
        if is_full_disk(exc):
            _fail(Unavailable(text.NO_SPACE, hint=text.NO_SPACE_HINT), as_json=as_json)
        _own_up(exc, job, as_json=as_json, debug=debug)


@contextlib.contextmanager
def said_or_not() -> Iterator[None]:
    """Keep a full disk behind the output from looking like a bug: the film is there."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError:
        say(open_console(stderr=True), text.UNSAID)
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  or the end would try again
        raise typer.Exit(ASKED_TO_CHANGE) from None


def _fail(exc: UserError, *, as_json: bool) -> NoReturn:
    print_error(as_json, exc.code, exc.sentence, [exc.hint] if exc.hint else [])
    raise typer.Exit(ASKED_TO_CHANGE) from exc


def _own_up(exc: Exception, job: Job, *, as_json: bool, debug: bool) -> NoReturn:
    """Say that it was our fault, and where to look."""
    if debug:
        traceback.print_exception(exc)
    advice = [] if debug else [text.BROKE_DEBUG]
    if job.folder and job.folder.exists():
        advice.insert(0, text.BROKE_FOLDER.format(folder=job.folder))
    print_error(as_json, "bug", text.BROKE.format(what=f"{type(exc).__name__}: {exc}".rstrip(":. ")), advice)
    raise typer.Exit(BUG) from exc


def print_error(as_json: bool, code: str, sentence: str, advice: list[str]) -> None:
    if as_json:
        typer.echo(json.dumps({"error": {"code": code, "sentence": sentence, "hint": " ".join(advice)}}, indent=1))
    console = open_console(stderr=True)
    for line in (sentence, *advice):
        say(console, line)


def is_full_disk(exc: BaseException) -> bool:
    return isinstance(exc, OSError) and exc.errno in {errno.ENOSPC, errno.EDQUOT}
