"""The room that the players share: early reflections and a tail, one impulse response for each style."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from pipeline.cuesheet import Style
from pipeline.music import RATE, Audio


@dataclass(frozen=True)
class Room:
    decay_s: float  #: until the tail has fallen by 60 dB
    pre_delay_s: float
    top_hz: float  #: above this the walls swallow
    wet_db: float  #: how loudly it answers in the middle of the spectrum, against what is sent


_HALL, _PARLOUR = Room(2.3, 0.025, 9000, 3.0), Room(0.8, 0.008, 9000, 0.0)

ROOMS: dict[Style, Room] = {
    "cinematic": _HALL,
    "epic": _HALL,
    "ambient": Room(3.8, 0.040, 8000, 5.0),
    "tense": Room(3.6, 0.040, 4000, 3.5),
    "electronic": Room(1.1, 0.015, 11000, 1.0),
    "playful": Room(0.95, 0.015, 11000, 1.0),
    "folk": _PARLOUR,
    "lofi": Room(0.7, 0.008, 6000, -1.0),
}

_JUDGED_HZ = (300, 3000)
_BOTTOM_HZ = 250.0  # a tail below this is mud
_SPLIT_HZ = 2500.0  # air eats the upper half of a tail twice as fast
_EARLY = 9  # reflections per ear, within ...
_EARLY_S = 0.065  # ... what the ear still hears as the size of the room
_EARLY_SHARE = 0.45  # of the response's power
_CROSS = 0.3  # of each side is thrown to the other wall


@cache
def impulse(room: Room) -> NDArray[np.float32]:
    """Return the room's answer to a click, shape (samples, 2), the same on every run.

    Between 300 and 3000 Hz, where the ear judges a room, it is as loud as the room's `wet_db` says.
    """
    rng = np.random.default_rng(round(room.decay_s * 1000) + round(room.top_hz))
    n = round((room.pre_delay_s + room.decay_s) * RATE)
    delay = round(room.pre_delay_s * RATE)
    t = np.arange(n - delay) / RATE
    noise = rng.standard_normal((n - delay, 2))
    low = signal.sosfilt(signal.butter(1, _SPLIT_HZ, fs=RATE, output="sos"), noise, axis=0)
    onset = np.minimum(1, t / 0.02)[:, None]  # a tail builds up behind the first reflections
    tail = low * _decay(t, room.decay_s) * onset + (noise - low) * _decay(t, room.decay_s / 2) * onset
    early = np.zeros_like(tail)
    for ear in (0, 1):
        at = np.sort(rng.uniform(0, _EARLY_S, _EARLY))
        early[np.round(at * RATE).astype(int), ear] = rng.choice([-1, 1], _EARLY) * np.exp(-at / 0.03)
    whole = np.zeros((n, 2))
    whole[delay:] = np.sqrt(_EARLY_SHARE) * _unit(early) + np.sqrt(1 - _EARLY_SHARE) * _unit(tail)
    band = signal.butter(2, (_BOTTOM_HZ, room.top_hz), "bandpass", fs=RATE, output="sos")
    response = signal.sosfilt(band, whole, axis=0)
    power = np.abs(np.fft.rfft(response, axis=0)) ** 2
    heard = power[slice(*(round(hz * n / RATE) for hz in _JUDGED_HZ))].mean(axis=0)
    return np.asarray(response * 10 ** (room.wet_db / 20) / np.sqrt(heard), dtype=np.float32)


def reverberate(send: Audio, style: Style) -> Audio:
    """Return what the room of this style answers, as long as the send; what rings on past its end is lost."""
    crossed = send * np.float32(1 - _CROSS) + send[:, ::-1] * np.float32(_CROSS)
    wet = signal.oaconvolve(crossed, impulse(ROOMS[style]), axes=0)
    return np.asarray(wet[: len(send)], dtype=np.float32)


def _decay(t: NDArray[np.float64], seconds: float) -> NDArray[np.float64]:
    return np.asarray(10 ** (-3 * t / seconds))[:, None]


def _unit(response: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale each side to a power of 1."""
    scaled: NDArray[np.float64] = response / np.sqrt((response**2).sum(axis=0))
    return scaled
