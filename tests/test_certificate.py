from __future__ import annotations

import json

import numpy as np
import pytest

from pipeline.certificate import Certificate, certify, judge, judge_ending
from pipeline.music import Recording
from tests.media import ffmpeg

RATE = 48_000
BEAT = 0.5


def played(times: np.ndarray, seconds: float, *, fade_s: float = 0.4) -> np.ndarray:
    """Strikes at the given times that ring into each other, and a fade."""
    rng = np.random.default_rng(0)
    sound = np.zeros(round(seconds * RATE))
    t = np.arange(RATE) / RATE
    for time in times:
        strike = (
            np.exp(-4 * t) * np.sin(2 * np.pi * 330 * t) * 0.3 + np.exp(-t / 0.005) * rng.standard_normal(RATE) * 0.2
        )
        at = round(time * RATE)
        sound[at : at + RATE] += strike[: len(sound) - at]
    if fade_s:
        n = round(fade_s * RATE)
        sound[-n:] *= np.cos(np.linspace(0, np.pi / 2, n)) ** 2
    return np.repeat(sound[:, None], 2, axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def beaten() -> np.ndarray:
    return played(np.arange(0, 20, BEAT), 20.0)


def test_cuts_on_the_beat_are_hit_and_better_than_chance(beaten):
    certificate = judge(beaten, RATE, [2.5, 6.0, 9.5, 15.0], picture_s=20.0)
    assert certificate.cuts == 4
    assert certificate.hit == 1.0
    # two landmarks a second, 140 ms wide each: 28 %
    assert certificate.chance == pytest.approx(0.28, abs=0.06)
    assert certificate.kappa == 1.0
    assert certificate.worst_ms == pytest.approx(0, abs=12)
    assert certificate.tempo == pytest.approx(120, abs=2)


def test_cuts_beside_the_beat_are_missed(beaten):
    certificate = judge(beaten, RATE, [2.75, 6.25, 9.0, 15.75], picture_s=20.0)
    assert certificate.hit == 0.25
    assert certificate.kappa == pytest.approx(0.0, abs=0.1), "one of four is luck here"
    assert abs(certificate.worst_ms or 0) == pytest.approx(250, abs=15)


def test_the_sign_of_the_worst_offset_says_who_is_late(beaten):
    late = judge(beaten, RATE, [2.5 - 0.05], picture_s=20.0).worst_ms
    early = judge(beaten, RATE, [2.5 + 0.05], picture_s=20.0).worst_ms
    assert late == pytest.approx(50, abs=8)
    assert early == pytest.approx(-50, abs=8)


def test_a_busy_hi_hat_cannot_win():
    ticks = played(np.arange(0, 20, 0.1), 20.0)
    certificate = judge(ticks, RATE, np.random.default_rng(5).uniform(1, 19, 200).tolist(), picture_s=20.0)
    assert certificate.hit is not None
    assert certificate.hit > 0.5
    assert certificate.kappa is not None
    assert abs(certificate.kappa) < 0.25


def test_cuts_at_the_very_ends_do_not_count(beaten):
    assert judge(beaten, RATE, [0.0, 0.05, 19.95, 20.0], picture_s=20.0).cuts == 0


def test_without_cuts_there_is_nothing_to_hit(beaten):
    certificate = judge(beaten, RATE, [], picture_s=20.0)
    assert (certificate.hit, certificate.chance, certificate.kappa, certificate.worst_ms) == (None,) * 4
    assert ("Cuts hit within 70 ms", "there are no cuts") in certificate.lines()


def test_the_same_film_gets_the_same_certificate(beaten):
    cuts = [2.5, 7.3, 11.1]
    assert judge(beaten, RATE, cuts, picture_s=20.0) == judge(beaten, RATE, cuts, picture_s=20.0)


def test_length_is_measured_to_the_sample_and_by_packets(beaten):
    assert judge(beaten, RATE, [], picture_s=19.98).length_error_ms == pytest.approx(20.0)
    assert judge(beaten, RATE, [], picture_s=20.0, packets_s=20.03).length_error_ms == pytest.approx(30.0)
    assert judge(beaten, RATE, [], picture_s=20.0, packets_s=float("nan")).length_error_ms == 0.0


@pytest.mark.parametrize(
    ("fade_s", "ending"),
    [(0.0, "chopped"), (0.005, "chopped"), (0.35, "decays"), (1.5, "decays")],
)
def test_endings_are_told_apart(fade_s, ending):
    assert judge_ending(played(np.arange(0, 5, 0.25), 5.0, fade_s=fade_s), RATE)[0] == ending


def test_a_stop_before_the_end_is_chopped_too():
    sound = played(np.arange(0, 5, 0.25), 5.0, fade_s=0)
    sound[-4800:] = 0
    assert judge_ending(sound, RATE) == ("chopped", -120.0)


def test_silence_has_no_ending():
    assert judge_ending(np.zeros((RATE, 2)), RATE) == ("silent", -120.0)
    silent = judge(np.zeros((RATE, 2), np.float32), RATE, [0.5], picture_s=1.0)
    assert silent.hit == 0.0
    assert silent.ending == "silent"
    assert json.loads(silent.to_json())["loudness"] == -120.0


def test_a_finished_file_is_measured_and_survives_json(tmp_path, beaten):
    import soundfile

    soundfile.write(tmp_path / "music.wav", beaten[: 4 * RATE], RATE)
    film = tmp_path / "film.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "color=red:s=64x64:r=25:d=4", "-i", tmp_path / "music.wav"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-aac_coder", "fast", film),
    )
    recording = Recording("orchestra", "Yours.", ())
    certificate = certify(film, [1.0, 2.5], recording=recording, seed=7, engine="an engine and its font")
    assert certificate.hit == 1.0
    assert abs(certificate.length_error_ms) <= 40
    assert certificate.picture_s == pytest.approx(4.0, abs=0.001)
    assert Certificate.from_json(certificate.to_json()) == certificate
    told = dict(certificate.lines())
    assert told["Composer"] == "orchestra, seed 7; an engine and its font"
    assert told["Licence"] == "Yours."
