"""The curve that says where somebody probably sings."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import soundfile

from pipeline.singing.voice import STEP_S, hear_voice
from pipeline.track import RATE, open_track
from tests.media import MEDIA, needs_media
from tests.voices import write_song


def test_a_voice_stands_out_of_chords(tmp_path: Path):
    curve = hear_voice(write_song(tmp_path / "song.wav", 20.0, [(5.0, 9.0), (12.0, 16.0)]))
    assert len(curve) == 20 / STEP_S
    at = (np.arange(len(curve)) + 0.5) * STEP_S
    sung = ((at > 5.5) & (at < 8.5)) | ((at > 12.5) & (at < 15.5))
    silent = (at < 4.5) | ((at > 9.5) & (at < 11.5)) | ((at > 16.5) & (at < 19.5))
    assert curve[sung].min() > 0.8
    assert curve[silent].mean() < 0.2


def test_a_long_track_is_heard_in_pieces_without_seams(tmp_path: Path):
    sung = [(float(start), start + 4.0) for start in range(2, 100, 8)]
    curve = hear_voice(write_song(tmp_path / "song.wav", 100.0, sung))
    at = (np.arange(len(curve)) + 0.5) * STEP_S
    for start, end in sung:
        assert curve[(at > start + 0.5) & (at < end - 0.5)].mean() > 0.7


def test_where_nothing_can_be_told_the_curve_says_so(tmp_path: Path):
    soundfile.write(tmp_path / "silence.wav", np.zeros((RATE, 2)), RATE)
    assert set(hear_voice(tmp_path / "silence.wav")) == {0.5}
    assert set(hear_voice(write_song(tmp_path / "chords.wav", 40.0, []))) == {0.5}


@needs_media
def test_real_singing_is_told_from_the_band(tmp_path: Path):
    name = MEDIA / "lyrics" / "Fantasma_-_Los_Rombos"
    curve = hear_voice(open_track(name.with_suffix(".mp3"), tmp_path).sound)
    at = (np.arange(len(curve)) + 0.5) * STEP_S
    sung = np.zeros(len(curve), bool)
    with name.with_suffix(".words.csv").open() as file:
        for row in csv.DictReader(file):
            sung |= (at >= float(row["word_start"])) & (at <= float(row["word_end"]))
    ranks = np.argsort(np.argsort(curve))
    area = (ranks[sung].sum() - sung.sum() * (sung.sum() - 1) / 2) / (sung.sum() * (~sung).sum())
    assert area > 0.85  # of the receiver's curve: 0.5 is chance
