"""Tracks with something like a voice in them, made on the spot, for whoever times words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from scipy import signal

from pipeline.track import RATE, Track


def write_song(path: Path, duration: float, sung: list[tuple[float, float]]) -> Path:
    """Write steady chords all through, and a gliding, trembling, vowel-like tone where somebody sings."""
    rng = np.random.default_rng(3)
    t = np.arange(round(duration * RATE)) / RATE
    chords = sum(0.05 * np.sin(2 * np.pi * hz * t) for hz in (110.0, 164.8, 220.0, 277.2))
    glide = signal.resample(rng.normal(0, 1.5, max(4, round(duration * 3))), len(t))
    pitch = 220 * 2 ** ((glide + 0.6 * np.sin(2 * np.pi * 5.5 * t)) / 12)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    voice = sum(0.12 / number**0.7 * np.sin(number * phase) for number in range(1, 12))
    gate = np.zeros(len(t))
    for start, end in sung:
        gate[round(start * RATE) : round(end * RATE)] = 1.0
    gate = signal.fftconvolve(gate, np.hanning(RATE // 20) / np.hanning(RATE // 20).sum(), mode="same")
    mono = chords + voice * gate * (0.75 + 0.25 * np.sin(2 * np.pi * 3.1 * t))
    soundfile.write(path, np.stack([mono, mono], axis=1), RATE, subtype="PCM_16")
    return path


def a_track(sound: Path) -> Track:
    """A track whose decoded sound lies there; everything else about it is made up."""
    duration = soundfile.info(sound).duration
    return Track(
        sound.name, "wav", "pcm_s16le", duration, RATE, 2, 1_536_000, -14.0, -1.0, "", "", "", None, sound, sound
    )
