"""What is heard in songs whose tempo, key and form are known, because they were made for it."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.ear.features import is_writable
from pipeline.ear.form import name_parts
from pipeline.ear.tonality import key_fits
from pipeline.sections import find_sections
from pipeline.storyboard import ENERGY_STEP_S, Chart
from pipeline.track import Track, open_track
from tests import songs
from tests.media import MEDIA, needs_media


def chart_of(path: Path, sound: NDArray[np.float64], *, peak: float = 0.8) -> Chart:
    return find_sections(track_of(songs.write(path, sound, peak=peak), len(sound) / songs.RATE))


def track_of(sound: Path, duration: float) -> Track:
    return Track(
        name="song", container="wav", codec="pcm_s16le", duration=duration, rate=48_000, channels=2, bit_rate=1_536_000,
        loudness=-14.0, true_peak=-1.0, title="", artist="", lyrics="", cover=None, path=sound, sound=sound,
    )  # fmt: skip


def off(times: tuple[float, ...], truth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seconds from each time to the nearest true one."""
    return np.abs(np.array(times)[:, None] - truth[None, :]).min(axis=1)


def holds_together(chart: Chart) -> None:
    """Check what every chart must keep, whatever was heard."""
    assert chart.rhythmic == (chart.tempo is not None) == bool(chart.beats)
    assert all(a < b for times in (chart.beats, chart.phrases) for a, b in pairwise(times))
    assert set(chart.downbeats) <= set(chart.beats)
    assert chart.phrases[0] == 0
    assert not chart.beats or 0 <= chart.beats[0] < chart.beats[-1] < chart.duration
    assert len(chart.energy) == -(-chart.duration // ENERGY_STEP_S)
    assert all(0 <= level <= 1 for level in chart.energy)
    ends = [section.end for section in chart.sections]
    assert [section.start for section in chart.sections] == [0, *ends[:-1]]
    assert ends[-1] == pytest.approx(chart.duration, abs=1e-6)


@pytest.fixture(scope="module")
def pop(tmp_path_factory: pytest.TempPathFactory) -> Chart:
    return chart_of(tmp_path_factory.mktemp("pop") / "pop.wav", songs.song("ABABCB", 116))


def test_tempo_beats_and_bars_of_a_song(pop: Chart) -> None:
    holds_together(pop)
    beat = 60 / 116
    assert pop.tempo == pytest.approx(116, rel=0.001)
    assert off(pop.beats, np.arange(200) * beat).max() < 0.02
    assert off(pop.downbeats, np.arange(50) * 4 * beat).max() < 0.02
    assert len(pop.downbeats) == pytest.approx(48, abs=1)


def test_a_chorus_that_comes_three_times_is_three_choruses(pop: Chart) -> None:
    assert [section.part for section in pop.sections] == ["verse", "chorus", "verse", "chorus", "bridge", "chorus"]
    assert [section.like for section in pop.sections] == [0, 1, 0, 1, 2, 1]
    starts = np.arange(6) * 32 * 60 / 116
    assert [section.start for section in pop.sections] == pytest.approx(starts.tolist(), abs=0.02)


def test_a_chorus_is_louder_and_the_key_is_heard(pop: Chart) -> None:
    energies = {section.part: section.energy for section in pop.sections}
    assert energies["chorus"] > energies["verse"] + 0.1 > energies["bridge"]
    assert pop.key == "G major"


def test_phrases_are_whole_bars(pop: Chart) -> None:
    assert off(pop.phrases, np.array([0.0, *pop.downbeats])).max() < 0.01
    assert set(np.round(np.diff(pop.phrases) / (240 / 116)).astype(int)) <= {4, 8}


def test_a_chorus_at_the_end_comes_twice(tmp_path: Path) -> None:
    chart = chart_of(tmp_path / "a.wav", songs.song("ABABCBB", 126))
    assert [section.part for section in chart.sections].count("chorus") == 4


@pytest.mark.parametrize(("bpm", "swing", "first"), [(72, 0.5, 0.0), (96, 0.66, 0.31), (140, 0.5, 0.113)])
def test_drums_alone(bpm: float, swing: float, first: float, tmp_path: Path) -> None:
    beats = np.arange(first, 24, 60 / bpm)
    chart = chart_of(tmp_path / "a.wav", songs.drums(beats, 24.0, swing=swing))
    holds_together(chart)
    assert chart.tempo is not None
    assert min(abs(chart.tempo * octave / bpm - 1) for octave in (0.5, 1, 2)) < 0.01
    halves = np.sort(np.concatenate([beats, beats + 30 / bpm])) if chart.tempo > 1.5 * bpm else beats
    assert (off(chart.beats, np.append(halves - 60 / bpm, halves)) < 0.03).mean() > 0.97
    assert chart.key is None


def test_beats_follow_a_tempo_that_sways(tmp_path: Path) -> None:
    beats = [0.2]
    while beats[-1] < 44:
        beats.append(beats[-1] + 60 / (110 + 2.5 * np.sin(beats[-1] / 7)))
    chart = chart_of(tmp_path / "a.wav", songs.drums(np.array(beats), 45.0))
    assert chart.rhythmic
    assert (off(chart.beats, np.array(beats)) < 0.07).mean() > 0.95


def test_a_tempo_that_slows_down(tmp_path: Path) -> None:
    beats = [0.2]
    while beats[-1] < 49:
        beats.append(beats[-1] + 60 / (125 - 0.5 * beats[-1]))
    chart = chart_of(tmp_path / "a.wav", songs.drums(np.array(beats), 50.0))
    assert chart.rhythmic
    assert (off(chart.beats, np.array(beats)) < 0.07).mean() > 0.9


def silence() -> NDArray[np.float64]:
    return np.zeros(20 * songs.RATE)


def noise() -> NDArray[np.float64]:
    return np.random.default_rng(1).standard_normal(20 * songs.RATE) * 0.1


def drone() -> NDArray[np.float64]:
    t = np.arange(20 * songs.RATE) / songs.RATE
    return np.asarray(np.sin(2 * np.pi * 110 * t) + 0.5 * np.sin(2 * np.pi * 164.8 * t))


def rain() -> NDArray[np.float64]:
    sound = np.zeros(20 * songs.RATE)
    for time in np.cumsum(np.random.default_rng(3).exponential(0.4, 45)):
        songs.put(sound, time, songs.snare(), 1)
    return sound


@pytest.mark.parametrize("make", [silence, noise, drone, rain])
def test_what_has_no_beat_follows_phrases(make: object, tmp_path: Path) -> None:
    assert callable(make)
    chart = chart_of(tmp_path / "a.wav", make())
    holds_together(chart)
    assert not chart.rhythmic
    assert 1 < len(chart.phrases) < 8
    assert "chorus" not in {section.part for section in chart.sections} or make is rain


def test_silence_has_no_energy_and_no_key(tmp_path: Path) -> None:
    chart = chart_of(tmp_path / "a.wav", silence())
    assert chart.key is None
    assert set(chart.energy) == {0.0}


def test_three_seconds(tmp_path: Path) -> None:
    for sound in (songs.drums(np.arange(0, 3, 0.5), 3.0), silence()[: 3 * songs.RATE]):
        chart = chart_of(tmp_path / "a.wav", sound)
        holds_together(chart)
        assert len(chart.sections) == 1


def test_how_loud_it_was_recorded_changes_nothing(tmp_path: Path) -> None:
    sound = songs.song("AB", 120, bars=4)
    loud, soft = (chart_of(tmp_path / f"{peak}.wav", sound, peak=peak) for peak in (0.9, 0.05))
    assert loud.tempo == pytest.approx(soft.tempo or 0, rel=1e-3)
    assert loud.key == soft.key
    assert np.abs(np.array(loud.energy) - soft.energy).max() < 0.1


def test_the_same_song_has_the_same_chart(tmp_path: Path) -> None:
    sound = songs.song("AB", 120, bars=4)
    assert chart_of(tmp_path / "a.wav", sound) == chart_of(tmp_path / "b.wav", sound)


def test_parts_are_named_by_what_returns() -> None:
    lengths = [8.0, 16, 16, 16, 16, 16, 16, 10]
    energies = [0.2, 0.5, 0.9, 0.5, 0.9, 0.3, 0.9, 0.1]
    parts = name_parts(lengths, energies, [0, 1, 2, 1, 2, 3, 2, 4])
    assert parts == ["intro", "verse", "chorus", "verse", "chorus", "bridge", "chorus", "outro"]
    assert name_parts([20, 20], [0.1, 0.9], [0, 1]) == ["verse", "verse"]
    assert name_parts([20.0] * 4, [0.5] * 4, [0] * 4) == ["verse"] * 4


def test_keys_of_scales() -> None:
    c_major = np.zeros(12)
    c_major[[0, 2, 4, 5, 7, 9, 11]] = [3, 1, 2, 1, 2, 1, 1]
    assert int(key_fits(c_major).argmax()) == 0
    assert int(key_fits(np.roll(c_major, 5)).argmax()) == 5
    assert not key_fits(np.ones(12)).any()


def test_a_folder_that_is_not_there_may_be_made_where_the_one_above_is_writable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert is_writable(tmp_path / "a" / "b")
    assert not is_writable(tmp_path / "file" / "b")


@needs_media
def test_beats_of_real_songs_within_seventy_milliseconds(tmp_path: Path) -> None:
    truth = json.loads((MEDIA / "music" / "truth.json").read_text())
    for name in ("lmms_zen_140.mp3", "hydrogen_tr808_125.mp3"):
        chart = find_sections(open_track(MEDIA / "music" / name, tmp_path / name))
        holds_together(chart)
        bpm = truth[name]["bpm"]
        assert chart.tempo == pytest.approx(bpm, rel=0.01)
        assert off(chart.beats, np.arange(400) * 60 / bpm).max() < 0.07
        assert off(chart.downbeats, np.arange(100) * 240 / bpm).max() < 0.07


@needs_media
def test_music_without_a_beat_is_not_rhythmic(tmp_path: Path) -> None:
    for name in ("wesnoth_sad.ogg", "wesnoth_elf_land.ogg"):
        chart = find_sections(open_track(MEDIA / "music" / name, tmp_path / name))
        holds_together(chart)
        assert not chart.rhythmic
        assert len(chart.phrases) > 2
    bolero = find_sections(open_track(MEDIA / "music" / "bolero_ravel.mp3", tmp_path / "bolero"))
    assert bolero.key == "C major"
