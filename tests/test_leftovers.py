"""Left-over folders go; what is being written, and what is not ours, stays."""

from __future__ import annotations

import os
import time
from pathlib import Path

from bot.leftovers import OLD_S, remove_old


def made(folder: Path, *, age_s: float, file_age_s: float) -> Path:
    folder.mkdir()
    (folder / "upload").write_bytes(b"x")
    for path, age in ((folder / "upload", file_age_s), (folder, age_s)):
        os.utime(path, times=(time.time() - age,) * 2)
    return folder


def test_only_what_nobody_writes_to_any_more_is_removed(tmp_path: Path) -> None:
    uploads, system = tmp_path / "uploads", tmp_path / "tmp"
    uploads.mkdir()
    system.mkdir()
    old, young = 2 * OLD_S, 1.0
    left = [
        made(uploads / "reelscore-upload-a", age_s=old, file_age_s=old),
        made(system / "reelscore-parcel-b", age_s=old, file_age_s=old),
    ]
    stays = [
        made(uploads / "reelscore-upload-c", age_s=old, file_age_s=young),  # a long download
        made(uploads / "holiday", age_s=old, file_age_s=old),
    ]
    (system / "reelscore-parcel-link").symlink_to(stays[1])
    assert remove_old((uploads, system, tmp_path / "missing")) == 2
    assert not any(folder.exists() for folder in left)
    assert all((folder / "upload").exists() for folder in stays)
