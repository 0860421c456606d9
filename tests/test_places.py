"""Where film and folder go, and who may write there."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from bot.places import VIDEO, choose_places, claimed
from pipeline.errors import Refused


def test_force_keeps_what_a_person_has_put_into_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "film.reelscore"
    for name in ("cues.json", "my plan.json", "take-2/cues.json", "stems/bass.wav"):
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text("old")
    with claimed(folder, force=True):
        (folder / "cues.json").write_text("new")
    found = {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"film.reelscore/cues.json": "new", "film.reelscore/my plan.json": "old"}


def test_a_full_disk_brings_the_earlier_run_back(tmp_path: Path) -> None:
    folder = tmp_path / "film.reelscore"
    folder.mkdir()
    (folder / "cues.json").write_text("old")
    claim = claimed(folder, force=True)
    claim.__enter__()
    (folder / "cues.json").write_text("half")
    full = OSError(errno.ENOSPC, "full")
    assert not claim.__exit__(OSError, full, None)
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("cues.json", "old")]
    assert list(tmp_path.iterdir()) == [folder]


def test_two_runs_never_share_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "film.reelscore"
    (folder / "stems").mkdir(parents=True)
    with claimed(folder, force=True):
        for earlier_or_later in (folder.touch, (folder / "picture.mp4").touch):
            earlier_or_later()
            for force in (False, True):
                with pytest.raises(Refused), claimed(folder, force=force):
                    pytest.fail("the second run came in")
    assert [path.name for path in folder.iterdir()] == ["picture.mp4"]


def test_a_number_is_added_rather_than_anything_replaced(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.touch()

    def place(**options: Any) -> tuple[str, str]:
        to, folder = choose_places(clip, **{"out": None, "folder": None, "takes": 1, "force": False} | options)
        return to.name, folder.name

    assert place() == ("clip-scored.mp4", "clip-scored.reelscore")
    (tmp_path / "clip-scored.mp4").touch()
    assert place() == ("clip-scored-2.mp4", "clip-scored-2.reelscore")
    (tmp_path / "clip-scored-2.reelscore").mkdir()
    assert place() == ("clip-scored-3.mp4", "clip-scored-3.reelscore")
    (tmp_path / "clip-scored-3-take-2.mp4").touch()
    assert place(takes=2) == ("clip-scored-4.mp4", "clip-scored-4.reelscore")
    assert place(force=True) == ("clip-scored.mp4", "clip-scored.reelscore")
    assert place(out=tmp_path / "film") == ("film.mp4", "film.reelscore")
    with pytest.raises(Refused, match="exists already"):
        place(out=tmp_path / "clip-scored.mp4")


def test_a_hard_link_to_the_clip_is_the_clip(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.touch()
    os.link(clip, tmp_path / "film.mp4")
    with pytest.raises(Refused, match=r"film\.mp4 itself"):
        choose_places(clip, tmp_path / "film.mp4", None, takes=1, force=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_locked_folder_is_told_before_the_work(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.touch()
    tmp_path.chmod(0o500)
    with pytest.raises(Refused, match="Nothing can be written"):
        choose_places(clip, None, None, takes=1, force=False)


@pytest.mark.parametrize("letter", ["x", "ж", "🎬"])
def test_a_long_name_leaves_room_for_what_is_added(tmp_path: Path, letter: str) -> None:
    clip = tmp_path / (letter * (240 // len(letter.encode())) + ".mp4")
    clip.touch()
    to, folder = choose_places(clip, None, None, takes=20, force=False)
    to.touch()
    folder.mkdir()
    assert choose_places(clip, None, None, takes=20, force=False)[0] != to


def test_a_preview_is_gone_on_from_and_another_film_is_not(tmp_path: Path) -> None:
    song, planned, other = tmp_path / "song.mp3", tmp_path / "song-video.reelscore", tmp_path / "other.reelscore"
    song.touch()
    for folder in (planned, other):
        folder.mkdir()
        (folder / "storyboard.json").touch()

    def place(**options: Any) -> tuple[str, str]:
        plain: dict[str, Any] = {"out": None, "folder": None, "force": False, "kind": VIDEO, "preview": planned}
        to, folder = choose_places(song, **plain | options)
        return to.name, folder.name

    assert place() == ("song-video.mp4", "song-video.reelscore")
    assert place(preview=None) == ("song-video-2.mp4", "song-video-2.reelscore")
    assert place(preview=other) == ("song-video-2.mp4", "song-video-2.reelscore")
    with pytest.raises(Refused, match="exists already"):
        place(folder=other)
    (tmp_path / "song-video.mp4").touch()
    assert place() == ("song-video-2.mp4", "song-video-2.reelscore")
    with pytest.raises(Refused, match="not the folder of an earlier run"):
        choose_places(song, None, planned, takes=1, force=True)


def test_what_a_replaced_folder_holds_can_be_read_meanwhile(tmp_path: Path) -> None:
    folder = tmp_path / "film.reelscore"
    folder.mkdir()
    (folder / "portfolio.json").write_text("bought")
    with claimed(folder, force=True, kind=VIDEO) as aside:
        assert (aside / "portfolio.json").read_text() == "bought"
        assert not any(folder.iterdir())
    assert list(tmp_path.rglob("*")) == [folder]
