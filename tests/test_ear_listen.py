from __future__ import annotations

import numpy as np
import pytest

from pipeline.ear.listen import NOTHING, Heard, hear

RATE = 48_000


def clicks(times: np.ndarray, seconds: float, *, noise: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(0)
    sound = noise * rng.standard_normal(round(seconds * RATE))
    for time in times:
        at = round(time * RATE)
        burst = np.exp(-np.arange(240) / 40) * rng.standard_normal(240) * 0.5
        sound[at : at + 240] += burst[: max(0, len(sound) - at)]
    return sound


def chords(times: np.ndarray, seconds: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    sound = 0.003 * rng.standard_normal(round(seconds * RATE))
    t = np.arange(RATE // 2) / RATE
    chord = sum(np.sin(2 * np.pi * hz * t) for hz in (220, 277, 330, 440)) * np.exp(-6 * t) * np.minimum(1, t / 0.01)
    for time in times:
        at = round(time * RATE)
        sound[at : at + len(chord)] += chord[: len(sound) - at] / 4
    return sound


def errors(truth: np.ndarray, heard: tuple[float, ...]) -> np.ndarray:
    """The way from each true time to the nearest one heard."""
    return np.abs(np.asarray(heard)[None, :] - truth[:, None]).min(axis=1)


@pytest.mark.parametrize("rate_of_noise", [0.0, 0.003, 0.02])
def test_clicks_are_placed_within_five_milliseconds(rate_of_noise):
    times = np.sort(np.random.default_rng(3).uniform(0.2, 14.5, 30).round(1)) + 0.0137
    times = times[np.diff(times, prepend=0) > 0.09]
    heard = hear(clicks(times, 15, noise=rate_of_noise), RATE)
    assert errors(times, heard.onsets).max() < 0.005
    others = [time for time in heard.onsets if time > 0.05]  # the noise itself comes in at 0
    assert errors(np.asarray(others), tuple(times)).max() < 0.005, "nothing is heard that is not there"


def test_a_click_on_the_very_first_sample_is_heard():
    heard = hear(clicks(np.array([0.0, 0.5, 1.0]), 2.0), RATE)
    assert errors(np.array([0.0, 0.5, 1.0]), heard.onsets).max() < 0.005


@pytest.mark.parametrize("bpm", [63, 90, 120, 150])
def test_a_steady_beat_is_followed(bpm):
    times = np.arange(0.31, 24.5, 60 / bpm)
    heard = hear(chords(times, 25), RATE)
    assert heard.tempo == pytest.approx(bpm, rel=0.02)
    assert errors(times, heard.beats).max() < 0.03
    assert len(heard.beats) == pytest.approx(len(times), abs=1)


def test_a_beat_that_gains_pace_is_followed():
    times = np.cumsum(60 / np.linspace(92, 118, 60)) - 0.4
    heard = hear(clicks(times, 36, noise=0.003), RATE)
    assert errors(times, heard.beats).max() < 0.02


def test_a_tempo_that_steps_at_a_cut_is_followed():
    first = np.arange(0.2, 15, 60 / 100)
    second = np.arange(first[-1] + 60 / 106, 30, 60 / 106)
    times = np.concatenate([first, second])
    heard = hear(clicks(times, 30.5, noise=0.003), RATE)
    assert (errors(times, heard.beats) < 0.03).mean() > 0.95


def test_strong_strikes_are_stronger():
    times = np.arange(0.5, 9.6, 0.5)
    sound = clicks(times, 10, noise=0.001)
    loud = clicks(times[::4], 10) * 6
    heard = hear(sound + loud, RATE)
    strength = dict(zip(np.round(np.asarray(heard.onsets) * 2).astype(int).tolist(), heard.strengths, strict=True))
    strong = [strength[round(t * 2)] for t in times[::4]]
    weak = [strength[round(t * 2)] for t in np.setdiff1d(times, times[::4])]
    assert min(strong) > max(weak)


def test_a_few_strikes_in_a_long_silence_are_heard():
    heard = hear(clicks(np.array([7.0, 21.5]), 40), RATE)
    assert heard.onsets == pytest.approx((7.0, 21.5), abs=0.005)


def test_loudness_does_not_matter():
    sound = chords(np.arange(0.3, 7.5, 0.6), 8)
    assert hear(sound, RATE).onsets == pytest.approx(hear(sound * 0.01, RATE).onsets, abs=1e-3)


@pytest.mark.parametrize("samples", [0, 1, 10, 500, RATE // 3, RATE])
def test_silence_says_nothing(samples):
    assert hear(np.zeros((samples, 2), np.float32), RATE) == NOTHING


def test_a_third_of_a_second_is_enough_for_a_strike():
    heard = hear(clicks(np.array([0.1]), 0.3), RATE)
    assert isinstance(heard, Heard)
    assert heard.onsets == pytest.approx((0.1,), abs=0.005)
    assert heard.beats == ()


def test_both_channels_and_one_are_heard_alike():
    sound = clicks(np.arange(0.2, 3.8, 0.4), 4)
    assert hear(np.repeat(sound[:, None], 2, axis=1), RATE).onsets == hear(sound, RATE).onsets
