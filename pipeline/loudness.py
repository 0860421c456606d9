"""How loud sound is to a listener: ITU-R BS.1770-4 integrated loudness and true peak, EBU R128's gate."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import signal

BLOCK_S = 0.4  # BS.1770-4: loudness is gated in blocks of 400 ms ...
HOP_S = 0.1  # ... that overlap by 75 %
ABSOLUTE_GATE = -70.0  # LUFS; quieter blocks are silence
RELATIVE_GATE = -10.0  # LU under the mean of what is left; quieter blocks are pauses
SILENCE = -math.inf  # what digital silence measures

# BS.1770-4's two filters as analogue prototypes, so that any rate gets the same curve (De Man 2014; at 48 kHz they give
# the standard's own coefficients to six digits)
_SHELF_HZ, _SHELF_Q, _SHELF_DB = 1681.974450955533, 0.7071752369554196, 3.999843853973347
_HIGHPASS_HZ, _HIGHPASS_Q = 38.13547087602444, 0.5003270373238773

OVERSAMPLING = 4  # BS.1770-4, annex 2
_TAPS_PER_PHASE = 12  # the length of the standard's own interpolator
_PEAK_BLOCK = 4096  # samples looked at together


def k_filter(rate: int) -> NDArray[np.float64]:
    """Return BS.1770's head and low-frequency weighting as second-order sections."""
    k = math.tan(math.pi * _SHELF_HZ / rate)
    high = 10 ** (_SHELF_DB / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / _SHELF_Q + k * k
    shelf = [
        (high + band * k / _SHELF_Q + k * k) / a0,
        2 * (k * k - high) / a0,
        (high - band * k / _SHELF_Q + k * k) / a0,
        1.0,
        2 * (k * k - 1) / a0,
        (1 - k / _SHELF_Q + k * k) / a0,
    ]
    k = math.tan(math.pi * _HIGHPASS_HZ / rate)
    a0 = 1 + k / _HIGHPASS_Q + k * k
    highpass = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / _HIGHPASS_Q + k * k) / a0]
    return np.array([shelf, highpass])


def k_power(samples: NDArray[np.floating], rate: int) -> NDArray[np.float64]:
    """Return the K-weighted power of each sample, summed over the channels of (n, channels)."""
    weighted = signal.sosfilt(k_filter(rate), np.asarray(samples, dtype=np.float64), axis=0)
    power: NDArray[np.float64] = np.einsum("nc,nc->n", weighted, weighted)
    return power


def integrated(samples: NDArray[np.floating], rate: int) -> float:
    """Return the integrated loudness in LUFS of (n, channels); -inf for silence.

    Sound shorter than one gating block of 400 ms is measured as a single ungated block of its own length.
    """
    if not len(samples):
        return SILENCE
    blocks = _block_powers(k_power(samples, rate), rate)
    loud = blocks[blocks > _power(ABSOLUTE_GATE)]
    if not loud.size:
        return SILENCE
    gate = _power(_lufs(float(loud.mean())) + RELATIVE_GATE)
    return _lufs(float(loud[loud > gate].mean()))


def _block_powers(power: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Return the mean power of every gating block."""
    block, hop = round(BLOCK_S * rate), round(HOP_S * rate)
    if len(power) < block:
        return np.array([power.mean()])
    total = np.concatenate([[0.0], np.cumsum(power)])
    starts = np.arange(0, len(power) - block + 1, hop)
    powers: NDArray[np.float64] = (total[starts + block] - total[starts]) / block
    return powers


def _lufs(power: float) -> float:
    return -0.691 + 10 * math.log10(power) if power > 0 else SILENCE


def _power(lufs: float) -> float:
    return float(10 ** ((lufs + 0.691) / 10))


def true_peak_db(samples: NDArray[np.floating], rate: int) -> float:
    """Return the true peak in dBTP of (n, channels), found on four times the rate; -inf for silence.

    Only stretches that come within 8 dB of the highest sample are oversampled: between samples that are lower than
    that, no band-limited sound climbs over it.
    """
    if not len(samples):
        return SILENCE
    peaks = np.abs(samples).max(axis=1)
    top = float(peaks.max())
    if top == 0:
        return SILENCE
    factor = OVERSAMPLING if rate < 96_000 else 2 if rate < 192_000 else 1
    starts = np.arange(0, len(peaks), _PEAK_BLOCK)
    hot = np.flatnonzero(np.maximum.reduceat(peaks, starts) > 0.4 * top)
    for start in starts[hot]:
        stretch = samples[max(0, start - _TAPS_PER_PHASE) : start + _PEAK_BLOCK + _TAPS_PER_PHASE]
        top = max(top, float(np.abs(oversample(stretch, factor)).max()))
    return 20 * math.log10(top)


def oversample(samples: NDArray[np.floating], factor: int) -> NDArray[np.floating]:
    """Return (n, channels) interpolated to `factor` times its rate."""
    if factor == 1:
        return samples
    taps = signal.firwin(2 * _TAPS_PER_PHASE * factor + 1, 1 / factor, window=("kaiser", 6.0))
    finer: NDArray[np.floating] = signal.resample_poly(samples, factor, 1, axis=0, window=taps)
    return finer
