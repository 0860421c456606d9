"""How loud sound is to a listener: ITU-R BS.1770-4 integrated loudness and true peak, EBU R128's gate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

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
_PEAK_BLOCK = 1024  # samples that are oversampled together or not at all


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
    return loudness_of_power(k_power(samples, rate), rate) if len(samples) else SILENCE


def loudness_of_power(power: NDArray[np.float64], rate: int) -> float:
    """Return the integrated loudness of what `k_power` gave, gated in blocks; it may have been scaled since."""
    return _gated(_block_powers(power, rate))


def measure(stretches: Iterable[NDArray[np.floating]], rate: int) -> tuple[float, float]:
    """Return the integrated loudness in LUFS and the true peak in dBTP of sound that comes in stretches (n, channels).

    Holds one stretch at a time; each but the last must be a multiple of 100 ms long, as the rate must be of 10 Hz.
    """
    powers: list[NDArray[np.float64]] = []
    top, before = 0.0, None
    for stretch, power in _weigh(stretches, rate):
        powers.append(power)
        joined = stretch if before is None else np.concatenate([before, stretch])
        if len(joined):
            above = max(top, float(np.abs(joined).max())) / 2
            top = max(top, float(true_peaks(joined, rate, above=above).max()))
        before = joined[-2 * _TAPS_PER_PHASE :]
    loudness = _gated(_overlapping(np.concatenate([np.zeros(0), *powers])))
    return loudness, 20 * math.log10(top) if top else SILENCE


def momentary(stretches: Iterable[NDArray[np.floating]], rate: int) -> NDArray[np.float64]:
    """Return the loudness in LUFS of 400 ms, one value each 100 ms; silence is -inf. Stretches as in `measure`."""
    powers = _overlapping(np.concatenate([np.zeros(0), *(power for _, power in _weigh(stretches, rate))]))
    return np.array([_lufs(float(power)) for power in powers])


def _weigh(
    stretches: Iterable[NDArray[np.floating]], rate: int
) -> Iterator[tuple[NDArray[np.floating], NDArray[np.float64]]]:
    """Yield each stretch with the K-weighted power of its whole hops of 100 ms."""
    sections, hop = k_filter(rate), round(HOP_S * rate)
    state: NDArray[np.float64] | None = None
    for stretch in stretches:
        if state is None:
            state = np.zeros((len(sections), 2, stretch.shape[1]))
        weighted, state = signal.sosfilt(sections, np.asarray(stretch, dtype=np.float64), axis=0, zi=state)
        power = np.einsum("nc,nc->n", weighted, weighted)
        yield stretch, power[: len(power) // hop * hop].reshape(-1, hop).mean(axis=1)


def _overlapping(hops: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean power of every gating block, made of hops of 100 ms."""
    wide = min(round(BLOCK_S / HOP_S), len(hops))
    blocks: NDArray[np.float64] = np.lib.stride_tricks.sliding_window_view(hops, wide).mean(axis=1) if wide else hops
    return blocks


def _gated(blocks: NDArray[np.float64]) -> float:
    """Return the loudness of what is left of gating blocks when silence and pauses are taken out."""
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
    """Return the true peak in dBTP of (n, channels); -inf for silence.

    Only stretches that come within 6 dB of the highest sample are oversampled: no sound climbs further between two
    samples.
    """
    top = float(np.abs(samples).max()) if len(samples) else 0.0
    return 20 * math.log10(float(true_peaks(samples, rate, above=top / 2).max())) if top else SILENCE


def true_peaks(samples: NDArray[np.floating], rate: int, *, above: float) -> NDArray[np.float32]:
    """Return the height of the sound at and just after every sample of (n, channels), on four times the rate.

    Stretches whose samples all stay under `above` are not oversampled.
    """
    peaks: NDArray[np.float32] = np.abs(samples[:, 0]).astype(np.float32)
    for channel in range(1, samples.shape[1]):
        np.maximum(peaks, np.abs(samples[:, channel]), out=peaks)
    factor = OVERSAMPLING if rate < 96_000 else 2 if rate < 192_000 else 1
    hot = np.maximum.reduceat(peaks, np.arange(0, len(peaks), _PEAK_BLOCK)) > above
    edges = np.flatnonzero(np.diff(np.concatenate([[0], hot, [0]])))
    taps = signal.firwin(_TAPS_PER_PHASE * factor + 1, 1 / factor, window=("kaiser", 5.0)).astype(np.float32)
    for first, last in zip(edges[::2] * _PEAK_BLOCK, np.minimum(edges[1::2] * _PEAK_BLOCK, len(peaks)), strict=True):
        before, after = max(0, first - _TAPS_PER_PHASE), last + _TAPS_PER_PHASE
        for channel in range(samples.shape[1]):
            stretch = np.ascontiguousarray(samples[before:after, channel], dtype=np.float32)
            finer = np.abs(signal.resample_poly(stretch, factor, 1, window=taps)).reshape(-1, factor).max(axis=1)
            np.maximum(peaks[first:last], finer[first - before : last - before], out=peaks[first:last])
    return peaks
