"""Folders of uploads and films on their way that a killed process has left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import structlog

log = structlog.get_logger()

NAMES = ("reelscore-upload-*", "reelscore-parcel-*")
OLD_S = 3600.0  # nobody has written there for so long; a transfer that lives writes every few seconds
LOOK_S = 1800.0


async def sweep(uploads: Path) -> None:
    """Remove what is left in the folder for uploads and in the system's own, now and again, until cancelled."""
    while True:
        gone = await asyncio.to_thread(remove_old, (uploads, Path(tempfile.gettempdir())))
        if gone:
            log.info("leftovers_removed", folders=gone)
        await asyncio.sleep(LOOK_S)


def remove_old(places: tuple[Path, ...], *, old_s: float = OLD_S) -> int:
    """Remove folders of ours in which nobody writes any more; return how many there were."""
    old = [folder for folder in _folders(places) if time.time() - _written_at(folder) > old_s]
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
    return len(old)


def _folders(places: tuple[Path, ...]) -> Iterator[Path]:
    for place in places:
        for folder in (found for name in NAMES for found in place.glob(name)):
            with contextlib.suppress(FileNotFoundError):  # it has just ended by itself
                if not folder.is_symlink() and folder.is_dir() and folder.stat().st_uid == os.getuid():
                    yield folder


def _written_at(folder: Path) -> float:
    """Return when something in it was last written; now, when it goes away meanwhile."""
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
    except FileNotFoundError:
        return time.time()
