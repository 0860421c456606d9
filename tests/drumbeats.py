"""Tracks for the tests as files, made on the spot: a drum on each beat, a chord in each bar."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

RATE = 44_100


def make_song(path: Path, *, seconds: float = 6.0, bpm: float = 120.0, loud_from: float = 0.5) -> Path:
    """Write a song with a drum on each beat and a chord in each bar; it grows loud at that share of its length."""
    n = round(seconds * RATE)
    t = np.arange(n) / RATE
    rng = np.random.default_rng(1)
    beat = 60 / bpm
    sound = np.zeros(n)
    for number in range(int(seconds / beat)):
        at = round(number * beat * RATE)
        length = min(round(0.12 * RATE), n - at)
        decay = np.exp(-np.arange(length) / (0.02 * RATE))
        kick = np.sin(2 * np.pi * 60 * t[:length]) * decay * (1.0 if number % 4 == 0 else 0.6)
        sound[at : at + length] += kick + 0.15 * rng.standard_normal(length) * decay
    for bar in range(int(seconds / (4 * beat)) + 1):
        root = (220.0, 174.61, 261.63, 196.0)[bar % 4]
        span = slice(round(bar * 4 * beat * RATE), min(n, round((bar + 1) * 4 * beat * RATE)))
        sound[span] += 0.08 * sum(np.sin(2 * np.pi * root * ratio * t[span]) for ratio in (1, 1.25, 1.5))
    sound *= np.where(t < loud_from * seconds, 0.4, 1.0)
    stereo = np.stack([sound, sound], axis=1) * 0.6
    soundfile.write(path, stereo, RATE, subtype="PCM_16")
    return path
