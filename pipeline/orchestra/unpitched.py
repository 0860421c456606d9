"""Sounds that no SoundFont has: the drop under an impact, the riser and the swell before one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from pipeline.music import RATE, Audio
from pipeline.orchestra.part import Note

_DROP_HZ = (60.0, 32.0)  # from the lowest note that small speakers hint at, down to what is only felt
_RELEASE_S = 0.012  # after the peak of a swell: too short to hear as a tail, long enough not to click
_SWELL_BAND_HZ = (300.0, 7500.0)
_RISER_OCTAVES = 2.0


def draw(kind: str, note: Note) -> tuple[float, Audio]:
    """Return when the sound starts and the sound itself, at a peak of about 1 for velocity 127.

    A sub drop starts at the note's time; risers and swells grow as t^2 and peak on the last sample of the note.
    """
    return note.time, _SOUNDS[kind](note)


def _sub_drop(note: Note) -> Audio:
    """Sine that falls an octave and dies away."""
    t = _clock(note.length)
    top, bottom = _DROP_HZ
    hz = bottom + (top - bottom) * np.exp(-3.5 * t / note.length)
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    shape = np.minimum(1, t / 0.006) * np.exp(-2.2 * t / note.length) * _closing(len(t), 0.3 * note.length)
    return _both(np.sin(phase) * shape)


def _riser(note: Note) -> Audio:
    """Noise and a detuned tone, both climbing two octaves while they grow."""
    t = _clock(note.length)
    x = np.minimum(1, t / note.length)
    hz = 110.0 * 2 ** ((note.pitch - 45) / 12) * 2 ** (_RISER_OCTAVES * x**1.5)
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    partials = [np.sin(phase * k * (1 + detune)) / k for k in (1, 2, 3) for detune in (-0.003, 0.004)]
    tone = np.sum(partials, axis=0) / len(partials)
    air = _noise(note, len(t))
    low, high = (_band(air[:, c], b) for c, b in ((0, (250.0, 1800.0)), (1, (1800.0, 9000.0))))
    wind = np.stack([low * (1 - x) + high * x, _band(air[:, 2], (250.0, 1800.0)) * (1 - x) + high[::-1] * x], axis=1)
    return _swelling(0.35 * tone[:, None] + 0.65 * wind, x, 2.0)


def _swell(note: Note) -> Audio:
    """Cymbal played backwards: wide noise that opens and stops dead."""
    t = _clock(note.length)
    x = np.minimum(1, t / note.length)
    air = _noise(note, len(t))
    dark = np.stack([_band(air[:, c], (_SWELL_BAND_HZ[0], 2200.0)) for c in (0, 1)], axis=1)
    bright = np.stack([_band(air[:, c], (2200.0, _SWELL_BAND_HZ[1])) for c in (2, 3)], axis=1)
    return _swelling(dark * 0.6 + bright * (0.2 + 0.8 * x[:, None] ** 2), x, 2.6)


def _swelling(sound: NDArray[np.float64], x: NDArray[np.float64], power: float) -> Audio:
    """Grow as x^power up to the end of the note, then let go within the release."""
    grown = sound * (x**power * _closing(len(x), _RELEASE_S))[:, None]
    return (grown / max(1e-9, float(np.abs(grown).max()))).astype(np.float32)


def _clock(length: float) -> NDArray[np.float64]:
    return np.arange(round((length + _RELEASE_S) * RATE)) / RATE


def _closing(samples: int, seconds: float) -> NDArray[np.float64]:
    """Return a gain of 1 that closes as a quarter cosine over the last `seconds`."""
    n = min(samples, max(1, round(seconds * RATE)))
    gain = np.ones(samples)
    gain[samples - n :] = np.cos(np.linspace(0, np.pi / 2, n))
    return gain


def _noise(note: Note, samples: int) -> NDArray[np.float64]:
    """Return four channels of noise, the same for the same note."""
    return np.random.default_rng([note.pitch, round(note.length * 1000)]).standard_normal((samples, 4))


def _band(sound: NDArray[np.float64], hz: tuple[float, float]) -> NDArray[np.float64]:
    banded: NDArray[np.float64] = signal.sosfilt(signal.butter(2, hz, "bandpass", fs=RATE, output="sos"), sound)
    return banded / max(1e-9, float(banded.std()))


def _both(sound: NDArray[np.float64]) -> Audio:
    return np.repeat(sound.astype(np.float32)[:, None], 2, axis=1)


_SOUNDS: dict[str, Callable[[Note], Audio]] = {"sub drop": _sub_drop, "riser": _riser, "swell": _swell}
