"""What is measured on a music video: lengths, copied sound, and where its cuts lie."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.cutcertificate import CutCertificate, certify
from pipeline.film import marry_track
from pipeline.storyboard import Chart, Storyboard
from pipeline.track import Track, open_track
from tests.media import ffmpeg
from tests.shoots import make_board, make_track

SECONDS = 8.0


@pytest.fixture(scope="module")
def track(tmp_path_factory: pytest.TempPathFactory) -> Track:
    return make_track(tmp_path_factory.mktemp("track"), SECONDS)


@pytest.fixture(scope="module")
def film(track: Track, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return married(track, tmp_path_factory.mktemp("film"), SECONDS)


def married(track: Track, folder: Path, seconds: float) -> Path:
    ffmpeg("-f", "lavfi", "-i", f"color=red:s=32x32:r=24:d={seconds}", "-pix_fmt", "yuv420p", folder / "picture.mp4")
    marry_track(folder / "picture.mp4", track, folder / "film.mp4", comment="")
    return folder / "film.mp4"


def beaten(board: Storyboard, *, bpm: float = 120.0) -> Storyboard:
    chart: Chart = board.chart
    beats = tuple(i * 60 / bpm for i in range(int(chart.duration * bpm / 60)))
    return replace(
        board, chart=replace(chart, rhythmic=True, tempo=bpm, beats=beats, downbeats=beats[::4], key="C major")
    )


def told(film: Path, track: Track, cuts: list[float]) -> CutCertificate:
    board = beaten(make_board([0.0, *cuts, track.duration]))
    return certify(film, board, track, engines=[("a", "x"), ("b", "y"), ("a", "x")], usd=0.25)


def test_cuts_on_beats_are_on_beats(film: Path, track: Track) -> None:
    certificate = told(film, track, [1.0, 2.5, 4.04, 6.0])  # 40 ms late is still together
    assert (certificate.cuts, certificate.on_beat) == (4, 1.0)
    assert certificate.chance == pytest.approx(0.28, abs=0.01)  # 140 ms of each 500
    assert told(film, track, [1.0, 2.5, 4.2, 6.25]).on_beat == 0.5


def test_chance_is_what_cuts_at_random_would_reach(film: Path, track: Track) -> None:
    rng = random.Random(1)
    cuts = sorted({round(rng.uniform(0.1, 7.9), 3) for _ in range(160)})
    certificate = told(film, track, cuts)
    assert certificate.on_beat == pytest.approx(certificate.chance, abs=0.12)


def test_it_tells_who_drew_and_what_it_cost(film: Path, track: Track) -> None:
    certificate = told(film, track, [4.0])
    assert (certificate.illustrator, certificate.licence, certificate.usd) == ("a, b", "x; y", 0.25)
    assert (certificate.shots, certificate.pictures, certificate.lines) == (2, 2, 0)
    assert (certificate.tempo, certificate.key) == (120.0, "C major")
    assert json.loads(certificate.to_json())["on_beat"] == 1.0


def test_without_beats_or_cuts_there_is_no_share(film: Path, track: Track) -> None:
    board = make_board([0.0, 4.0, track.duration])
    assert certify(film, board, track, engines=[], usd=0).on_beat is None
    assert certify(film, beaten(make_board([0.0, track.duration])), track, engines=[], usd=0).on_beat is None


def test_lengths_are_those_of_the_packets(track: Track, film: Path, tmp_path: Path) -> None:
    assert abs(told(film, track, [4.0]).length_error_ms) < 1
    late = told(married(track, tmp_path, SECONDS + 0.5), track, [4.0])
    assert late.length_error_ms == pytest.approx(500, abs=1)
    assert late.film_s == pytest.approx(8.5, abs=0.001)


@pytest.mark.parametrize(("suffix", "copied"), [("mp3", True), ("m4a", True), ("flac", False)])
def test_copied_sound_is_the_tracks_own_packets(tmp_path: Path, suffix: str, copied: bool) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=d=4", "-ac", "2", "-ar", "44100", tmp_path / f"track.{suffix}")
    (tmp_path / "opened").mkdir()
    track = open_track(tmp_path / f"track.{suffix}", tmp_path / "opened")
    assert told(married(track, tmp_path, 4.0), track, [2.0]).sound_copied is copied
