"""The last stage of a mix: the loudness that platforms expect, under a ceiling, with the attacks left alive."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from pipeline.ear.loudness import integrated, k_power, loudness_of_power, true_peak_db, true_peaks
from pipeline.music import RATE, Audio

TARGET_LUFS = -14.0  # YouTube turns down what is louder; TikTok and Instagram are quoted at -14 to -16
CEILING_DBTP = -1.9  # AAC overshoots a limited mix by up to 0.8 dB, and -1 dBTP must hold in the finished file
NEAR_LU = 0.03  # how near the target is near enough
_ROUNDS = 8  # of the search for the gain

_GRAIN = 24  # samples (0.5 ms): the grid on which gains are found
_LOOK_AHEAD = 4  # grains: the limiter closes over 2 ms before a peak, too short to be heard as a dip
_RELEASE_S = 0.08  # opens again within the time of a short note: long enough not to buzz on a bass ...
_QUICK_S, _DEEP = 0.015, 0.7  # ... but from more than 3 dB down at once, or a hit would leave a hole behind it
_HOT = 0.5  # of the ceiling: samples under this cannot pass it between them

_RATIO = 1.8  # of the bus compressor
_ATTACK_S, _COMPRESSOR_RELEASE_S = 0.03, 0.15  # the attack lets every accent through
_MOST_DB = 2.0  # it glues, it does not squash
_COMPRESSOR_GRAIN = 240  # samples, 5 ms


@dataclass(frozen=True)
class Mastered:
    audio: Audio
    gain_db: float  #: what was added to reach the target
    limited_db: float  #: the most that the limiter took from a peak
    loudness: float  #: LUFS, reached
    true_peak: float  #: dBTP, reached


def master(audio: Audio, *, glue: bool = True) -> Mastered:
    """Bring (n, 2) at RATE to TARGET_LUFS under CEILING_DBTP. Not for silence: the target is out of its reach."""
    if glue:
        audio = _compress(audio)
    power = k_power(audio, RATE)
    ceiling = 10 ** (CEILING_DBTP / 20)
    gain = TARGET_LUFS + 0.691 - 10 * math.log10(float(power.mean()))  # ungated: a first guess, never too low
    peaks = true_peaks(audio, RATE, above=_HOT * ceiling / 10 ** (gain / 20))
    peaks = np.maximum.reduceat(peaks, np.arange(0, len(peaks), _GRAIN)).astype(np.float64)
    curve = np.ones(len(peaks))
    for _ in range(_ROUNDS):
        factor = 10 ** (gain / 20)
        curve = _limit(peaks * factor, ceiling)
        reached = loudness_of_power(power * np.repeat((curve * factor) ** 2, _GRAIN)[: len(power)], RATE)
        if abs(reached - TARGET_LUFS) < NEAR_LU:
            break
        gain += TARGET_LUFS - reached
    loud = audio * (_smooth(curve, len(audio)) * np.float32(factor))[:, None]
    peak = true_peak_db(loud, RATE)
    if peak > CEILING_DBTP:  # hundredths of a dB: what the ramps of the gain have added
        loud *= np.float32(10 ** ((CEILING_DBTP - peak) / 20))
    return Mastered(loud, gain, -20 * math.log10(float(curve.min())), integrated(loud, RATE), min(peak, CEILING_DBTP))


def _compress(audio: Audio) -> Audio:
    """Hold the loud passages together: gentle, slow, and never more than 2 dB."""
    n = -(-len(audio) // _COMPRESSOR_GRAIN)
    power = np.add.reduceat(np.einsum("nc,nc->n", audio, audio), np.arange(0, len(audio), _COMPRESSOR_GRAIN))
    level = 10 * np.log10(power / (2 * _COMPRESSOR_GRAIN) + 1e-10)
    threshold = float(np.quantile(level[level > level.max() - 40], 0.6))
    wanted = np.clip((level - threshold) * (1 - 1 / _RATIO), 0, _MOST_DB)
    rise = 1 - math.exp(-_COMPRESSOR_GRAIN / RATE / _ATTACK_S)
    fall = 1 - math.exp(-_COMPRESSOR_GRAIN / RATE / _COMPRESSOR_RELEASE_S)
    held, now = np.empty(n), 0.0
    for i, db in enumerate(wanted.tolist()):
        now += (db - now) * (rise if db > now else fall)
        held[i] = now
    gain = np.interp(np.arange(len(audio)), (np.arange(n) + 0.5) * _COMPRESSOR_GRAIN, 10 ** (-held / 20))
    return audio * gain.astype(np.float32)[:, None]


def _limit(peaks: NDArray[np.floating], ceiling: float) -> NDArray[np.float64]:
    """Return the gain of each grain that keeps every peak under the ceiling."""
    needed = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9))
    closed: NDArray[np.float64] = ndimage.minimum_filter1d(needed, 2 * _LOOK_AHEAD + 1)
    slow, quick = (1 - math.exp(-_GRAIN / RATE / seconds) for seconds in (_RELEASE_S, _QUICK_S))
    now = 1.0
    gains = closed.tolist()
    for i, most in enumerate(gains):
        now += (1 - now) * (slow if now > _DEEP else quick)
        now = min(most, now)
        gains[i] = now
    return np.array(gains)


def _smooth(curve: NDArray[np.float64], samples: int) -> NDArray[np.float32]:
    """Return the gain of each sample: the grains' gains, ramped within the look-ahead."""
    fine = np.repeat(curve.astype(np.float32), _GRAIN)[:samples]
    ramped: NDArray[np.float32] = ndimage.uniform_filter1d(fine, _LOOK_AHEAD * _GRAIN, mode="nearest")
    return ramped


def tone(audio: Audio, *, presence_db: float = 0.0) -> Audio:
    """Take 1.5 dB of mud at 320 Hz away, give 2 dB of air above 9 kHz and `presence_db` above 2.5 kHz."""
    sections = np.array([_peaking(320.0, 0.8, -1.5), _high_shelf(9000.0, 2.0), _high_shelf(2500.0, presence_db)])
    return np.asarray(signal.sosfilt(sections, audio, axis=0), dtype=np.float32)


def _peaking(hz: float, q: float, db: float) -> list[float]:
    """Return a bell as one second-order section (Bristow-Johnson's cookbook)."""
    a, w = 10 ** (db / 40), 2 * math.pi * hz / RATE
    alpha = math.sin(w) / (2 * q)
    b = [1 + alpha * a, -2 * math.cos(w), 1 - alpha * a]
    d = [1 + alpha / a, -2 * math.cos(w), 1 - alpha / a]
    return [x / d[0] for x in (*b, *d)]


def _high_shelf(hz: float, db: float) -> list[float]:
    """Return a shelf of slope 1 as one second-order section (Bristow-Johnson's cookbook)."""
    a, w = 10 ** (db / 40), 2 * math.pi * hz / RATE
    c, root = math.cos(w), 2 * math.sqrt(a) * math.sin(w) / math.sqrt(2)
    b = [a * (a + 1 + (a - 1) * c + root), -2 * a * (a - 1 + (a + 1) * c), a * (a + 1 + (a - 1) * c - root)]
    d = [a + 1 - (a - 1) * c + root, 2 * (a - 1 - (a + 1) * c), a + 1 - (a - 1) * c - root]
    return [x / d[0] for x in (*b, *d)]
