"""What a listener hears in finished sound: when notes strike and how hard, and where the beat goes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage, signal

_HOP_S = 0.005  # one look every 5 ms
_WINDOW_S = 0.0213  # as short as keeps a bass note in one band: 1024 samples at 48 kHz
_BANDS, _LOWEST_HZ, _HIGHEST_HZ = 60, 40.0, 14_000.0
_COMPRESSION = 100.0  # of the loudest band: what is 40 dB down still counts, what is 60 dB down hardly
_LAG = 3  # looks: a rise is counted over 15 ms, which is how long a soft attack takes at least
_VIBRATO_BANDS = 3  # a partial that sways between neighbouring bands is not a new note (SuperFlux, Böck 2013)

_APART_S = 0.08  # two strikes nearer than this are heard as one
_FLOOR_S = 0.15  # to either side: what a strike must stand out from
_OVER_FLOOR = 0.15  # of the film's strong strikes: less is not a strike but a shimmer

_SLOWEST_BPM, _FASTEST_BPM = 45.0, 210.0
_LIKELY_BPM, _LIKELY_OCTAVES = 110.0, 0.9  # people tap near here (a log-normal prior, as in Ellis 2007)
_TEMPO_WINDOW_S, _TEMPO_STEP_S = 8.0, 0.5
_TEMPO_SWAY = 0.22  # of the piece's tempo: no further does it wander, or it would be another level of the beat
_TEMPO_INERTIA = 900.0  # cost of a squared log step of tempo within half a second
_TIGHTNESS = 120.0  # cost of a squared log deviation of one beat from its period (Ellis 2007 has 100)


@dataclass(frozen=True)
class Heard:
    """Strikes and beats, in seconds from the first sample."""

    onsets: tuple[float, ...]
    strengths: tuple[float, ...]  #: of the onsets; 1 is the strength of the film's strong ones
    beats: tuple[float, ...]
    beat_strengths: tuple[float, ...]  #: how hard something strikes at each beat, on the same scale; may be 0
    tempo: float  #: beats per minute over the whole; 0 where there is no beat


NOTHING = Heard((), (), (), (), 0.0)


def hear(samples: NDArray[np.floating], rate: int) -> Heard:
    """Listen to (n,) or (n, channels) of sound; silence gives no onsets and no beats.

    A click is placed within 5 ms of where it is.
    """
    mono = samples if samples.ndim == 1 else samples.mean(axis=1) if samples.shape[1] != 2 else samples @ [0.5, 0.5]
    rise = _rise(np.asarray(mono, dtype=np.float32), rate)
    strong = _strong(rise)
    if strong <= 0:
        return NOTHING
    rise = rise / strong
    onsets, strengths = _strikes(rise)
    if not onsets.size:
        return NOTHING
    period = _periods(rise)
    beats = _track(rise, period) if period.size else np.zeros(0, dtype=int)
    near = ndimage.maximum_filter1d(rise, 2 * round(0.03 / _HOP_S) + 1)
    tempo = 60 / (_HOP_S * float(np.median(np.diff(beats)))) if len(beats) > 1 else 0.0
    return Heard(
        tuple(onsets.tolist()),
        tuple(strengths.tolist()),
        tuple((beats * _HOP_S).tolist()),
        tuple(near[beats].tolist()),
        tempo,
    )


def _rise(mono: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Return how much rises in all bands together, one value every 5 ms; value i belongs to i * 5 ms."""
    hop, size = _HOP_S * rate, 2 ** round(math.log2(_WINDOW_S * rate))
    looks = 1 + int(len(mono) / hop)
    lead = size // 2 + round(_LAG * hop)
    padded = np.concatenate([np.zeros(lead, np.float32), mono, np.zeros(size + lead, np.float32)])
    # the first looks see the silence before the film, so that a strike at 0 is one
    starts = np.round(np.arange(-_LAG, looks) * hop).astype(int) + lead - size // 2
    bands = _bands(rate, size)
    spectrum = np.empty((len(starts), _BANDS), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(padded, size)
    shape = signal.windows.hann(size).astype(np.float32)
    for at in range(0, len(starts), 2048):
        magnitude = np.abs(fft.rfft(windows[starts[at : at + 2048]] * shape, axis=1))
        spectrum[at : at + 2048] = magnitude @ bands
    loudest = float(spectrum.max())
    if loudest <= 0:
        return np.zeros(looks)
    level = np.log1p(spectrum * (_COMPRESSION / loudest))
    before = ndimage.maximum_filter1d(level, _VIBRATO_BANDS, axis=1)[:-_LAG]
    rise: NDArray[np.float64] = np.maximum(0, level[_LAG:] - before).sum(axis=1, dtype=np.float64)
    return rise


def _strong(rise: NDArray[np.float64]) -> float:
    """Return the strength that a quarter of the film's strikes reach; 0 where nothing rises."""
    tops = rise[(rise > 0) & (rise == ndimage.maximum_filter1d(rise, 2 * round(_APART_S / _HOP_S) + 1))]
    return float(np.quantile(tops[tops > tops.max() / 10], 0.75)) if tops.size else 0.0


def _bands(rate: int, size: int) -> NDArray[np.float32]:
    """Return triangles on the mel scale, shape (bins, bands), each of height 1."""
    top = min(_HIGHEST_HZ, rate / 2)
    mel = np.linspace(2595 * math.log10(1 + _LOWEST_HZ / 700), 2595 * math.log10(1 + top / 700), _BANDS + 2)
    corners = 700 * (10 ** (mel / 2595) - 1)
    hz = np.arange(size // 2 + 1)[:, None] * rate / size
    width = np.maximum(np.diff(corners), rate / size)  # a low band is at least one bin wide
    up = 1 - (corners[1:-1] - hz) / width[:-1]
    down = 1 - (hz - corners[1:-1]) / width[1:]
    return np.maximum(0, np.minimum(up, down)).astype(np.float32)


def _strikes(rise: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return times and strengths of the peaks that stand out from what is around them."""
    around = 2 * round(_FLOOR_S / _HOP_S) + 1
    floor = ndimage.uniform_filter1d(rise, around, mode="constant")
    highest = ndimage.maximum_filter1d(rise, 2 * round(_APART_S / _HOP_S / 2) + 1, mode="constant")
    peaks = np.flatnonzero((rise == highest) & (rise > floor + _OVER_FLOOR))
    peaks = peaks[np.diff(peaks, prepend=-(10**6)) * _HOP_S >= _APART_S / 2]
    return (peaks + _off_grid(rise, peaks)) * _HOP_S, rise[peaks]


def _off_grid(rise: NDArray[np.float64], peaks: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return how far between two looks a parabola through each peak and its neighbours has its top."""
    padded = np.pad(rise, 1)
    left, mid, right = padded[peaks], padded[peaks + 1], padded[peaks + 2]
    bend = np.maximum(2 * mid - left - right, 1e-9)
    offset: NDArray[np.float64] = np.clip((right - left) / (2 * bend), -0.5, 0.5)
    return offset


def _periods(rise: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the beat's period in looks at every look; empty where the sound is too short for two beats."""
    longest = round(60 / _SLOWEST_BPM / _HOP_S)
    shortest = round(60 / _FASTEST_BPM / _HOP_S)
    if len(rise) < 2 * shortest:
        return np.zeros(0)
    window = round(_TEMPO_WINDOW_S / _HOP_S)
    step = round(_TEMPO_STEP_S / _HOP_S)
    lean = np.maximum(0, rise - ndimage.uniform_filter1d(rise, round(1.0 / _HOP_S)))
    lean = ndimage.gaussian_filter1d(lean, 2)
    padded = np.pad(lean, window // 2)
    starts = np.arange(0, len(rise), step)
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[starts] * signal.windows.hann(window)
    power = np.abs(fft.rfft(frames, 2 * window, axis=1)) ** 2
    alike = fft.irfft(power, axis=1)[:, : 4 * longest]
    alike /= np.maximum(alike[:, :1], 1e-9)
    lags = np.arange(shortest, longest + 1)
    comb = alike[:, lags] + 0.5 * alike[:, 2 * lags] + 0.25 * alike[:, 4 * lags - 1]
    likely = np.exp(-0.5 * (np.log2(60 / (lags * _HOP_S) / _LIKELY_BPM) / _LIKELY_OCTAVES) ** 2)
    piece = lags[int((comb.mean(axis=0) * likely).argmax())]
    allowed = np.abs(np.log(lags / piece)) < _TEMPO_SWAY
    path = _smoothest(comb[:, allowed], lags[allowed])
    periods: NDArray[np.float64] = np.interp(np.arange(len(rise)), starts, path)
    return periods


def _smoothest(score: NDArray[np.float64], lags: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the lag of each row on the path that is likely everywhere and bends little (Viterbi)."""
    cost = _TEMPO_INERTIA * np.log(lags[:, None] / lags[None, :]) ** 2
    best, came = score[0], np.zeros(score.shape, dtype=int)
    for row in range(1, len(score)):
        options = best[None, :] - cost
        came[row] = options.argmax(axis=1)
        best = options.max(axis=1) + score[row]
    path = [int(best.argmax())]
    for row in range(len(score) - 1, 0, -1):
        path.append(int(came[row, path[-1]]))
    return lags[path[::-1]].astype(np.float64)


def _track(rise: NDArray[np.float64], periods: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the looks on which beats fall: the best compromise of strikes and steadiness (Ellis 2007)."""
    local = ndimage.gaussian_filter1d(rise, 1.5) / max(float(rise.std()), 1e-9)
    total, came = local.copy(), np.full(len(rise), -1)
    for at in range(len(rise)):
        period = periods[at]
        first, last = max(0, at - round(2 * period)), at - round(period / 2)
        if last < 1:
            continue
        steps = at - np.arange(first, last + 1)
        options = total[first : last + 1] - _TIGHTNESS * np.log(steps / period) ** 2
        best = int(options.argmax())
        if options[best] > 0:
            total[at] += options[best]
            came[at] = first + best
    tail = max(0, len(rise) - round(periods[-1]))
    at = tail + int(total[tail:].argmax())
    beats = [at]
    while came[beats[-1]] >= 0:
        beats.append(int(came[beats[-1]]))
    return _trimmed(np.array(beats[::-1]), local)


def _trimmed(beats: NDArray[np.intp], local: NDArray[np.float64]) -> NDArray[np.intp]:
    """Leave off the beats before the first strike and after the last one."""
    heard = ndimage.maximum_filter1d(local, 9)[beats]
    loud = np.flatnonzero(heard > 0.25 * float(np.median(heard)))
    return beats[loud[0] : loud[-1] + 1] if loud.size else beats[:0]
