"""What is kept of a broken-off job, and what is not trusted."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.checkpoint import Checkpoints, KeptStill
from pipeline.clip import Still
from pipeline.cuesheet import CueSheet
from pipeline.ear.sound import OwnSound
from tests.sheets import film


@dataclass(frozen=True)
class Song:
    file: Path
    times: tuple[float, ...]
    own: OwnSound
    parts: tuple[Path, ...] = ()


class Studio:
    """Makes songs, and counts them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made = 0

    def record(self, words: str = "la") -> Song:
        self.made += 1
        file = self.folder / "song.wav"
        file.write_text(words)
        return Song(file, (0.1 + 0.2, 1 / 3), OwnSound("silent", -math.inf), (file,))


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def test_what_is_kept_comes_back_equal_and_is_not_made_twice(studio: Studio) -> None:
    first = Checkpoints(studio.folder, of=("clip", 1)).once("song", Song, studio.record)
    assert Checkpoints(studio.folder, of=("clip", 1)).once("song", Song, studio.record) == first
    assert studio.made == 1
    assert [path.name for path in (studio.folder / ".checkpoints").iterdir()] == ["song.json"]


def test_a_cue_sheet_comes_back_equal(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path).once("cues", CueSheet, film)
    assert Checkpoints(tmp_path).once("cues", CueSheet, pytest.fail, "made twice") == kept


def test_without_a_folder_nothing_is_kept(studio: Studio) -> None:
    for _ in range(2):
        Checkpoints(None).once("song", Song, studio.record)
    assert studio.made == 2
    assert [path.name for path in studio.folder.iterdir()] == ["song.wav"]


@pytest.mark.parametrize("of", [(), ("clip", 2), ("clip",), ("other", 1)])
def test_another_job_gets_nothing(studio: Studio, of: tuple[object, ...]) -> None:
    Checkpoints(studio.folder, of=("clip", 1)).once("song", Song, studio.record)
    Checkpoints(studio.folder, of=of).once("song", Song, studio.record)
    assert studio.made == 2


def test_what_depends_on_more_is_told_apart(studio: Studio) -> None:
    checkpoints = Checkpoints(studio.folder, of=("clip",))
    for sound in ("keep", "keep", "replace"):
        checkpoints.beside(sound).once("song", Song, studio.record)
    assert studio.made == 2


def test_another_release_starts_anew(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    Checkpoints(studio.folder).once("song", Song, studio.record)
    monkeypatch.setattr("pipeline.checkpoint._version", lambda: "the next")
    Checkpoints(studio.folder).once("song", Song, studio.record)
    assert studio.made == 2


def _cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def _empty(file: Path) -> None:
    os.truncate(file, 0)


def _garble(file: Path) -> None:
    file.write_bytes(b"\xff\x00" * 40)


def _foreign(file: Path) -> None:
    file.write_text('["another", "program"]')


def _other_shape(file: Path) -> None:
    told = json.loads(file.read_text())
    file.write_text(json.dumps({**told, "value": {"file": "song.wav"}}))


def _drop_song(file: Path) -> None:
    (file.parents[1] / "song.wav").unlink()


def _cut_song(file: Path) -> None:
    _empty(file.parents[1] / "song.wav")


def _replace_song(file: Path) -> None:
    (file.parents[1] / "song.wav").write_text("do")  # as long as before


@pytest.mark.parametrize("harm", [_cut, _empty, _garble, _foreign, _other_shape, _drop_song, _cut_song, _replace_song])
def test_what_has_come_to_harm_is_made_anew(studio: Studio, harm: Callable[[Path], None]) -> None:
    checkpoints = Checkpoints(studio.folder)
    first = checkpoints.once("song", Song, studio.record)
    harm(studio.folder / ".checkpoints" / "song.json")
    assert checkpoints.once("song", Song, studio.record) == first
    assert studio.made == 2
    checkpoints.once("song", Song, studio.record)
    assert studio.made == 2


def test_a_sheet_that_does_not_hold_together_is_made_anew(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path).once("cues", CueSheet, film)
    file = tmp_path / ".checkpoints" / "cues.json"
    told = json.loads(file.read_text())
    told["value"]["scenes"][0]["end"] = -1
    file.write_text(json.dumps(told))
    assert Checkpoints(tmp_path).once("cues", CueSheet, film) == kept


def test_nothing_stands_there_while_its_files_are_written_over(studio: Studio) -> None:
    Checkpoints(studio.folder, of=("one",)).once("song", Song, studio.record)

    def stop() -> Song:
        studio.record("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Checkpoints(studio.folder, of=("other",)).once("song", Song, stop)
    assert not list((studio.folder / ".checkpoints").iterdir())


def test_stills_become_files_that_a_value_can_name(tmp_path: Path) -> None:
    taken = (Still(0.0, b"one"), Still(0.5, b"two"))
    assert Checkpoints(None).stills(taken) == taken
    kept = Checkpoints(tmp_path).stills(taken)
    assert [(still.time, still.jpeg) for still in kept] == [(0.0, b"one"), (0.5, b"two")]
    assert all(isinstance(still, KeptStill) for still in kept)
