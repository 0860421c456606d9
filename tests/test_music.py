"""What a composer plays, as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.errors import Unavailable
from pipeline.music import RATE, Recording, Take, write_music, write_sound


def noise(seconds: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.3, 0.3, (round(seconds * RATE), 2)).astype(np.float32)


def test_sound_comes_back_as_it_was_written(tmp_path: Path):
    sound = noise(0.5, 1)
    written, rate = soundfile.read(write_sound(tmp_path / "stems" / "bass.wav", sound), dtype="float32")
    assert rate == RATE
    assert np.abs(written - sound).max() <= 2**-23
    assert [path.name for path in (tmp_path / "stems").iterdir()] == ["bass.wav"]


def test_music_is_written_by_cue_by_part_and_whole(tmp_path: Path):
    bass, pad = noise(0.5, 1), noise(0.5, 2)
    takes = (Take("1m1", 1, 0.0, {"bass": bass, "pad": pad}), Take("1m2", 1, 0.5, {}))
    recording = Recording("orchestra", "yours", takes, midi=b"MThd")
    papers = write_music(recording, stems={"bass": bass, "pad": pad}, music=bass + pad, folder=tmp_path)
    assert [path.name for path in papers.cues] == ["1m1.wav"], "a cue without players has nothing to write"
    assert [path.name for path in papers.stems] == ["bass.wav", "pad.wav"]
    assert papers.midi is not None
    assert papers.midi.read_bytes() == b"MThd"
    alone, _ = soundfile.read(papers.cues[0], dtype="float32")
    assert np.abs(alone - (bass + pad)).max() <= 2**-23


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_is_told_as_one(tmp_path: Path):
    (tmp_path / "music.wav.part").symlink_to("/dev/full")
    with pytest.raises(Unavailable) as refusal:
        write_sound(tmp_path / "music.wav", noise(1, 1))
    assert "disk" in refusal.value.hint
    assert list(tmp_path.iterdir()) == []
