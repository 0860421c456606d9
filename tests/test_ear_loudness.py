from __future__ import annotations

import math

import numpy as np
import pyloudnorm
import pytest

from pipeline.ear.loudness import SILENCE, integrated, true_peak_db, true_peaks

RATE = 48_000


def sine(hz: float, seconds: float, level: float, rate: int = RATE) -> np.ndarray:
    tone = level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate + 0.3)
    return np.repeat(tone.astype(np.float32)[:, None], 2, axis=1)


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_the_standards_own_tone_measures_what_the_standard_says(rate):
    # EBU Tech 3341, case 1: a stereo sine of 1 kHz at -23 dBFS is -23 LUFS
    assert integrated(sine(1000, 5, 10 ** (-23 / 20), rate), rate) == pytest.approx(-23.0, abs=0.05)


def test_pauses_do_not_count():
    # EBU Tech 3341, case 3: -36, -23, -36 dBFS is -23 LUFS
    soft, loud = sine(1000, 10, 10 ** (-36 / 20)), sine(1000, 60, 10 ** (-23 / 20))
    assert integrated(np.concatenate([soft, loud, soft]), RATE) == pytest.approx(-23.0, abs=0.1)


def test_agrees_with_pyloudnorm_on_music_like_noise():
    rng = np.random.default_rng(1)
    swell = 0.05 + np.abs(np.sin(np.arange(8 * RATE) / RATE))[:, None]
    noise = rng.normal(size=(8 * RATE, 2)) * swell * 0.1
    meter = pyloudnorm.Meter(RATE, filter_class="DeMan")
    assert integrated(noise, RATE) == pytest.approx(meter.integrated_loudness(noise), abs=0.03)


def test_less_than_one_gating_block_is_still_measured():
    assert integrated(sine(1000, 0.1, 0.1), RATE) == pytest.approx(-20.0, abs=0.3)


def test_silence_has_no_loudness():
    for samples in (np.zeros((RATE, 2)), np.zeros((10, 2)), np.zeros((0, 2))):
        assert integrated(samples, RATE) == SILENCE
        assert true_peak_db(samples, RATE) == SILENCE


def test_true_peak_finds_what_lies_between_samples():
    # at a quarter of the rate and 45 degrees every sample is 3 dB under the peak
    t = np.arange(RATE)
    tone = np.sin(np.pi / 2 * t + np.pi / 4) * np.minimum(1, np.minimum(t, t[::-1]) / 4800)
    samples = np.stack([tone, 0 * tone], axis=1)
    assert 20 * math.log10(np.abs(samples).max()) == pytest.approx(-3.01, abs=0.01)
    assert true_peak_db(samples, RATE) == pytest.approx(0.0, abs=0.1)


def test_true_peaks_are_never_under_the_samples():
    samples = np.random.default_rng(2).normal(size=(5000, 2)) * 0.1
    peaks = true_peaks(samples, RATE, above=0.2)
    assert peaks.shape == (5000,)
    assert np.all(peaks >= np.abs(samples).max(axis=1) - 1e-6)
