"""A job's folder: made for it, kept where it tells something, taken away where it would only be in the way."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import Refused, UserError


@contextmanager
def job_folder(folder: Path, *, films: Iterable[Path]) -> Iterator[None]:
    """Make the job's folder; take it away again when a person's error or a cancellation ends the job.

    After a bug it stays, since it is the bug report. Unfinished films never stay.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Refused(
            "The job's folder already holds another job.",
            hint="Name another folder, or move the old one away.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except (UserError, KeyboardInterrupt):
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        for film in films:
            film.unlink(missing_ok=True)


@contextmanager
def taken_up(folder: Path) -> Iterator[None]:
    """Make the job's folder, or go on in it; it stays, whatever happens."""
    folder.mkdir(parents=True, exist_ok=True)
    for bench in list(folder.rglob(".bench-*")):  # of a run that was killed
        shutil.rmtree(bench, ignore_errors=True)
    yield
