"""What is wrong with generated sound: silence, gaps, clipping, noise, a drone or a snippet that never moves on.

Models that generate music fail in ways that players do not: numbers overflow at half precision, a long generation falls
silent for good (the card of MusicGen admits it; a third of ACE-Step's seconds may be a tail at -64 dB), a token repeats
for ever. Each limit below stands between what real music measures (20 recordings of many kinds, and the orchestra in
its eight styles) and what the fault measures when it is made on purpose; both are told beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage, signal

from pipeline.generated.orders import Sound

FaultKind = Literal["numbers", "silent", "short", "gap", "offset", "clipped", "noise", "drone", "loop"]

SILENT_DBFS = -60.0  # of the loudest tenth of a second: under it there is nothing to be raised but noise
GAP_DB = 48.0  # under the loud parts, which is -60 dBFS where they are at -12 ...
GAP_S = 2.0  # ... for so long; pauses of real music last 0.6 s at that depth, a gap of a model's 2.5 s and more

OFFSET = 1.0  # times what swings; recordings have up to 0.11 of it, and that is simply taken out

FULL_SCALE = 0.95  # clipping is at the top of the scale; a wave that is flat at half of it is a square wave
FLAT_SAMPLES = 3  # in a row at the very peak: chance gives two
CLIPPED_SHARE = 0.005  # of the samples in such rows; recordings have 0; 0.001 to 0.01 clipped by 6 dB, 0.04 by 12

NOISE = 0.2  # spectral flatness of the middle one of the looks: drum kits have 0.07, pink noise 0.31, white 0.56

STILL_S = 8.0  # a chord may be held for four bars ...
STILL_DB = 1.2  # ... but over eight seconds music sways by 1.8 dB and more in each band; a drone by 0.8
LOOP_S = 12.0  # a machine may repeat for four bars ...
LOOP = 0.92  # ... and is like itself by 0.84 from beat to beat at the most; a snippet over and over by 0.95 to 1
LOOP_LONGEST_S = 1.0  # what comes back after a bar or two is a groove

_GRAIN_S = 0.1  # of the levels that silence is looked for in
_LOUD_SHARE = 0.95  # quantile of the levels that counts as the loud parts

_HOP_S = 0.01  # between two looks
_WINDOW_S = 0.04
_BANDS, _LOWEST_HZ, _HIGHEST_HZ = 40, 40.0, 11_000.0
_FLATNESS_HZ = (100.0, 10_000.0)  # under it rumble, over it whatever the codec has left
_QUIET_DB = 50.0  # under the loudest band: what is quieter is not heard beside it
_SOUNDING_DB = 30.0  # under the loud looks: quieter ones have no say in what is noise, or the same
_REST_S = 1.0  # between two strikes that belong together
_SOUNDING_SHARE = 0.8  # of a window that is compared with itself
_BLUR_S = 0.25  # noise itself sways from look to look
_STEP_S = 2.0  # between two windows that are compared with themselves
_SHORTEST_LOOP_S = 0.09
_DIP = 0.15  # a sound that only changes slowly is like itself at every short lag; what comes back was gone between


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, the first place where it is, and how much of the sound it takes."""

    kind: FaultKind
    at: float = 0.0  #: seconds
    share: float = 1.0  #: 0-1


@dataclass(frozen=True)
class Sameness:
    """How little a sound moves on, at its worst place."""

    still_db: float  #: how far the bands sway over eight seconds, in dB; infinite where it does not sound for so long
    still_at: float  #: seconds
    loop: float  #: how like itself it is after a beat or less, over twelve seconds; 1 is a loop, 0 none
    loop_at: float


def find_faults(sound: Sound, rate: int, *, needed_s: float = 0.0) -> tuple[Fault, ...]:
    """Return what is wrong with sound of shape (n, channels), the worst first; nothing where all is well.

    `needed_s` is how many seconds will be used from its first sounding sample on: what comes after may be silent.
    """
    if not np.isfinite(sound).all():
        bad = ~np.isfinite(sound).all(axis=1)
        return (Fault("numbers", float(bad.argmax()) / rate, float(bad.mean())),)
    levels = _levels(sound, rate)
    if levels.max(initial=-np.inf) < SILENT_DBFS:
        return (Fault("silent"),)
    found = [*_find_silence(levels, needed_s), *_find_offset(sound), *_find_clipping(sound, rate)]
    mono = np.asarray(sound.mean(axis=1) - sound.mean(dtype=np.float64), dtype=np.float32)
    bands, flatness = _look(mono, rate)
    if (flat := _median_of_sounding(flatness, bands)) > NOISE:
        found.append(Fault("noise", 0.0, flat))
    return (*found, *_find_sameness(hear_sameness(bands), len(sound) / rate))


def find_gaps(sound: Sound, rate: int) -> tuple[tuple[float, float], ...]:
    """Return the stretches of more than two seconds in which (n, channels) falls silent, as (start, end) in seconds."""
    return tuple((start * _GRAIN_S, end * _GRAIN_S) for start, end in _gaps(_heard(_levels(sound, rate))))


def look_at(mono: NDArray[np.floating], rate: int) -> NDArray[np.float32]:
    """Return the level of 40 bands in dB every 10 ms, shape (looks, 40), for hear_sameness."""
    return _look(np.asarray(mono, dtype=np.float32), rate)[0]


def hear_sameness(bands: NDArray[np.float32]) -> Sameness:
    """Compare a sound with itself, window by window; `bands` are those of look_at."""
    still, still_at = _stillest(bands)
    loop, loop_at = _most_looped(bands)
    return Sameness(still, still_at, loop, loop_at)


def _levels(sound: Sound, rate: int) -> NDArray[np.float64]:
    """Return the level of each tenth of a second over all channels, in dBFS."""
    grain = max(1, round(_GRAIN_S * rate))
    whole = sound[: len(sound) // grain * grain] if len(sound) >= grain else sound
    if not len(whole):
        return np.zeros(0)
    swing = np.square(whole - whole.mean(axis=0, dtype=np.float64)).mean(axis=1)
    power = swing.reshape(-1, min(grain, len(whole))).mean(axis=1)
    levels: NDArray[np.float64] = 10 * np.log10(np.maximum(power, 1e-20))
    return levels


def _find_silence(levels: NDArray[np.float64], needed_s: float) -> list[Fault]:
    """Find where what is needed is missing: gaps in the midst, and too little before it falls silent for good."""
    heard = _heard(levels)
    first, last = int(heard.argmax()), len(heard) - int(heard[::-1].argmax())
    needed = math.floor(needed_s / _GRAIN_S)
    found = []
    if last - first < needed:
        found.append(Fault("short", last * _GRAIN_S, 1 - (last - first) / needed))
    inside = heard[first : min(last, first + needed) if needed else last]
    if gaps := _gaps(inside):
        missing = sum(end - start for start, end in gaps) / len(inside)
        found.append(Fault("gap", (first + gaps[0][0]) * _GRAIN_S, missing))
    return found


def _heard(levels: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which tenths of a second are not silent beside the loud ones."""
    loud = max(SILENT_DBFS, float(np.quantile(levels, _LOUD_SHARE))) if levels.size else 0.0
    return np.asarray(levels > loud - GAP_DB)


def _gaps(heard: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[True], heard, [True]]).astype(np.int8)))
    return [(start, end) for start, end in edges.reshape(-1, 2).tolist() if (end - start) * _GRAIN_S > GAP_S]


def _find_offset(sound: Sound) -> list[Fault]:
    """Find a constant that is greater than what swings around it."""
    mean, swing = np.abs(sound.mean(axis=0, dtype=np.float64)), sound.std(axis=0, dtype=np.float64)
    return [Fault("offset")] if (mean > OFFSET * swing).any() else []


def _find_clipping(sound: Sound, rate: int) -> list[Fault]:
    """Find rows of samples that all stand at the top of the scale."""
    top = float(np.abs(sound).max())
    if top < FULL_SCALE:
        return []
    flat = np.abs(sound) >= 0.999 * top
    rows = ndimage.binary_opening(flat, np.ones((FLAT_SAMPLES, 1)))
    share = float(rows.mean())
    if share <= CLIPPED_SHARE:
        return []
    return [Fault("clipped", float(rows.any(axis=1).argmax()) / rate, share)]


def _find_sameness(heard: Sameness, seconds: float) -> list[Fault]:
    found = []
    if heard.still_db < STILL_DB:
        found.append(Fault("drone", heard.still_at, STILL_S / seconds))
    elif heard.loop > LOOP:
        found.append(Fault("loop", heard.loop_at, LOOP_S / seconds))
    return found


def _look(mono: NDArray[np.float32], rate: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return band levels in dB (looks, bands) and spectral flatness (looks), one look every 10 ms."""
    size, hop = 2 ** round(math.log2(_WINDOW_S * rate)), round(_HOP_S * rate)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(mono, size // 2), size)[::hop]
    hz = np.arange(size // 2 + 1) * rate / size
    edges = _band_edges(hz)
    middle = slice(*np.searchsorted(hz, _FLATNESS_HZ).tolist())
    shape = signal.windows.hann(size).astype(np.float32)
    bands, flatness = np.empty((len(windows), len(edges) - 1), np.float32), np.empty(len(windows), np.float32)
    for at in range(0, len(windows), 1024):
        power = np.abs(fft.rfft(windows[at : at + 1024] * shape, axis=1)) ** 2 + np.float32(1e-12)
        bands[at : at + 1024] = np.add.reduceat(power, edges, axis=1)[:, :-1]
        part = power[:, middle]
        flatness[at : at + 1024] = np.exp(np.log(part).mean(axis=1)) / part.mean(axis=1)
    levels: NDArray[np.float32] = 10 * np.log10(bands)
    return np.maximum(levels, levels.max() - _QUIET_DB), flatness


def _band_edges(hz: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the first bins of the bands on the mel scale, and of what lies over them; each has a bin at least."""
    low, high = (2595 * math.log10(1 + at / 700) for at in (_LOWEST_HZ, min(_HIGHEST_HZ, 0.9 * hz[-1])))
    corners = 700 * (10 ** (np.linspace(low, high, _BANDS + 1) / 2595) - 1)
    edges = np.searchsorted(hz, corners)
    for band in range(1, len(edges)):
        edges[band] = max(edges[band], edges[band - 1] + 1)
    return edges


def _median_of_sounding(flatness: NDArray[np.float32], bands: NDArray[np.float32]) -> float:
    return float(np.median(flatness[_sounding(bands.max(axis=1))]))


def _sounding(loudness: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which looks are about as loud as the loud ones."""
    return np.asarray(loudness > np.quantile(loudness, _LOUD_SHARE) - _SOUNDING_DB)


def _starts(bands: NDArray[np.float32], seconds: float) -> list[int]:
    """Return where the windows of so many seconds begin that sound all through; a last chord's ringing is none."""
    window, step = round(seconds / _HOP_S), round(_STEP_S / _HOP_S)
    held = ndimage.maximum_filter1d(bands.max(axis=1), round(_REST_S / _HOP_S))
    sounding = np.concatenate([[0], np.cumsum(_sounding(held))])
    starts = range(0, len(bands) - window + 1, step)
    return [at for at in starts if sounding[at + window] - sounding[at] > _SOUNDING_SHARE * window]


def _stillest(bands: NDArray[np.float32]) -> tuple[float, float]:
    """Return how far the bands sway in the stillest window, louder ones counting more, and where it begins."""
    window = round(STILL_S / _HOP_S)
    smooth = ndimage.uniform_filter1d(bands, round(_BLUR_S / _HOP_S), axis=0)
    stillest, where = math.inf, 0
    for at in _starts(bands, STILL_S):
        part = smooth[at : at + window]
        weight = 10 ** (0.03 * part.mean(axis=0))
        sway = float((part.std(axis=0) * weight).sum() / weight.sum())
        if sway < stillest:
            stillest, where = sway, at
    return stillest, where * _HOP_S


def _most_looped(bands: NDArray[np.float32]) -> tuple[float, float]:
    """Return how like itself the most looped window is after a beat or less, and where it begins."""
    window = round(LOOP_S / _HOP_S)
    most, where = 0.0, 0
    for at in _starts(bands, LOOP_S):
        alike = _alike(bands[at : at + window])
        gone = np.minimum.accumulate(alike)
        back = (alike[1:-1] >= alike[:-2]) & (alike[1:-1] >= alike[2:]) & (alike[1:-1] > gone[1:-1] + _DIP)
        back[: round(_SHORTEST_LOOP_S / _HOP_S) - 1] = False
        best = float(alike[1:-1][back].max(initial=0.0))
        if best > most:
            most, where = best, at
    return most, where * _HOP_S


def _alike(part: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return how like itself (looks, bands) is at lags of one look and more: correlation over all bands together."""
    centred = part - part.mean(axis=0)
    size = len(centred)
    lags = np.arange(1, round(LOOP_LONGEST_S / _HOP_S) + 2)
    common = fft.irfft((np.abs(fft.rfft(centred, 2 * size, axis=0)) ** 2).sum(axis=1))[lags]
    energy = np.concatenate([[0.0], np.cumsum((centred.astype(np.float64) ** 2).sum(axis=1))])
    alike: NDArray[np.float64] = common / np.maximum(np.sqrt(energy[size - lags] * (energy[size] - energy[lags])), 1e-9)
    return alike
