"""Music for the tests as samples: drums, a bass and a chord in each bar, with beats where the test wants them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.music import RATE, Audio

TURNAROUND = ((0, 3), (-7, 3), (-5, 3), (0, 3))  # root and third of the bars in semitones: i iv v i


def steady(seconds: float, bpm: float, *, first: float = 0.0) -> NDArray[np.float64]:
    """Beats at a tempo."""
    return np.arange(first, seconds, 60 / bpm)


def swaying(
    seconds: float, bpm: float, *, drift: float = 0.0, jitter: float = 0.0, seed: int = 1
) -> NDArray[np.float64]:
    """Beats whose tempo drifts slowly by a share up and down, each off its place by a share of a beat at random."""
    at, times = 0.0, []
    while at < seconds:
        times.append(at)
        at += 60 / bpm / (1 + drift * np.sin(2 * np.pi * at / 20))
    shaken = np.array(times) + jitter * 60 / bpm * np.random.default_rng(seed).uniform(-1, 1, len(times))
    return np.maximum(0, np.sort(shaken))


def play(
    beats: NDArray[np.float64], seconds: float, *, tonic: float = 220.0, noise: float = 0.0, drums: bool = True
) -> Audio:
    """Play a bar of four on each four beats, in the minor key of the tonic (Hz)."""
    n = round(seconds * RATE)
    rng = np.random.default_rng(7)
    sound = np.zeros((n, 2))
    for number, time in enumerate(beats):
        if drums:
            _add(sound, time, _drum(rng, deep=number % 2 == 0) * (1.0 if number % 4 == 0 else 0.7))
        if number % 4 == 0:
            end = beats[number + 4] if number + 4 < len(beats) else seconds
            _add(sound, time, _chord(tonic, TURNAROUND[number // 4 % 4], end - time))
    return (sound + noise * rng.standard_normal((n, 2))).astype(np.float32)


def clicks(times: NDArray[np.float64], seconds: float) -> Audio:
    """Bursts of noise that begin at once and die within 50 ms."""
    rng = np.random.default_rng(3)
    sound = np.zeros((round(seconds * RATE), 2))
    for time in times:
        _add(sound, time, 0.5 * rng.standard_normal((2400, 2)) * np.exp(-np.arange(2400) / 480)[:, None])
    return sound.astype(np.float32)


def onsets(audio: Audio, times: NDArray[np.float64], *, within: float = 0.1) -> NDArray[np.float64]:
    """Return when each click really begins: where 5 per cent of the energy around its time have come."""
    power, wide = np.square(audio, dtype=np.float64).sum(axis=1), round(within * RATE)
    found = []
    for time in times:
        first = max(0, round(time * RATE) - wide)
        part = np.cumsum(power[first : first + 2 * wide])
        found.append((first + int(np.searchsorted(part, 0.05 * part[-1]))) / RATE)
    return np.array(found)


def _drum(rng: np.random.Generator, *, deep: bool) -> NDArray[np.float64]:
    t = np.arange(round(0.15 * RATE)) / RATE
    skin = np.sin(2 * np.pi * (60 if deep else 190) * t) * np.exp(-t / 0.04) * 0.35
    snap = rng.standard_normal(len(t)) * np.exp(-t / (0.012 if deep else 0.03)) * (0.06 if deep else 0.14)
    return np.repeat((skin + snap)[:, None], 2, axis=1)


def _chord(tonic: float, chord: tuple[int, int], seconds: float) -> NDArray[np.float64]:
    root, third = tonic * 2 ** (chord[0] / 12), 2 ** (chord[1] / 12)
    t = np.arange(max(1, round(seconds * RATE))) / RATE
    tones = [np.sin(2 * np.pi * root * ratio * t + ratio) for ratio in (0.5, 1, third, 1.5, 2)]
    shape = np.minimum(1, t / 0.01) * np.minimum(1, (t[-1] - t) / 0.02 + 1e-9) * np.exp(-t / 3)
    left, right = sum(tones[:4]), sum(tones[1:])
    return 0.05 * np.stack([left, right], axis=1) * shape[:, None]


def _add(sound: NDArray[np.float64], time: float, part: NDArray[np.float64]) -> None:
    at = round(time * RATE)
    sound[at : at + len(part)] += part[: max(0, len(sound) - at)]
