"""Where in a track somebody probably sings.

A voice is steadier than a drum and less steady than an instrument: seen through a long window it changes like a strike,
through a short one it stands like a tone (Tachibana et al. 2010). What passes both is loud where somebody sings, and
also where a guitar solos: this is a hint for placing words that are known, not a detector.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy import ndimage, signal

from pipeline.errors import BadMedia

STEP_S = 0.05  # between two points of the curve

_RATE = 8000  # Hz: holds all of a voice that the mask needs
_LONG, _SHORT = 2048, 512  # samples, 256 and 64 ms
_MEDIAN = 17  # looks to each filter, as is usual for separating strikes from tones (FitzGerald 2010)
_LOWEST_HZ, _HIGHEST_HZ = 200.0, 3800.0
_BLOCK_S, _LAP_S = 60.0, 3.0  # a long track is heard in pieces, so that memory stays flat
_SMOOTH_S = 0.5
_FLOOR_DB = 60.0  # under the loudest: silence must not pull the threshold down
_LEAST_SHARE = 0.05  # of the track that must be sung, and not sung, for the curve to say anything ...
_LEAST_GAP_DB = 4.0  # ... and what lies between; a song has 20
_SOFT_DB = 2.5  # this far over the threshold somebody sings three times out of four


def hear_voice(sound: Path) -> NDArray[np.float64]:
    """Return how likely somebody sings, 0-1, one point each STEP_S from 0 on; all 0.5 where nothing can be told.

    Raises BadMedia when the file holds no readable sound.
    """
    level = _level(sound).astype(np.float64)
    smooth = ndimage.gaussian_filter1d(level, _SMOOTH_S / STEP_S / 2) if level.size else level
    smooth = np.maximum(smooth, smooth.max(initial=-200) - _FLOOR_DB)
    threshold = _threshold(smooth) if level.size else 0.0
    loud, quiet = smooth[smooth > threshold], smooth[smooth <= threshold]
    if (
        not level.size
        or min(len(loud), len(quiet)) < _LEAST_SHARE * len(smooth)
        or loud.mean() - quiet.mean() < _LEAST_GAP_DB
    ):
        return np.full(len(level), 0.5)
    return np.asarray(1 / (1 + np.exp(-(smooth - threshold) / _SOFT_DB)))


def _level(sound: Path) -> NDArray[np.float64]:
    """Return the level of what may be a voice in dB, one value each STEP_S."""
    pieces = []
    try:
        with soundfile.SoundFile(sound) as file:
            block, lap = round(_BLOCK_S * file.samplerate), round(_LAP_S * file.samplerate)
            for at in range(0, file.frames, block):
                begin = max(0, at - lap)
                file.seek(begin)
                samples = file.read(min(at + block + lap, file.frames) - begin, dtype="float32", always_2d=True)
                mono = signal.resample_poly(np.nan_to_num(samples).mean(axis=1), _RATE, file.samplerate)
                skip, take = round((at - begin) / file.samplerate / STEP_S), round(_BLOCK_S / STEP_S)
                pieces.append(_voice_level(mono)[skip : skip + take])
    except soundfile.LibsndfileError as exc:
        raise BadMedia("The track's sound cannot be read.", hint="Send it again, as MP3 or WAV.") from exc
    return np.concatenate(pieces) if pieces else np.zeros(0)


def _voice_level(mono: NDArray[np.float64]) -> NDArray[np.float64]:
    size = len(mono)
    mono = np.pad(mono, (0, max(0, _LONG - size)))
    moving = _masked(mono, _LONG, _LONG // 4, keep="strikes")
    hop = round(STEP_S * _RATE / 2)
    hz, _, spectrum = signal.stft(moving, _RATE, nperseg=_SHORT, noverlap=_SHORT - hop)
    power = np.abs(spectrum) ** 2 * _share(np.abs(spectrum), keep="tones")
    heard = power[(hz >= _LOWEST_HZ) & (hz <= _HIGHEST_HZ)].sum(axis=0)
    points = int(np.ceil(size / _RATE / STEP_S))
    heard = np.pad(heard, (0, max(0, 2 * points - len(heard))))[: 2 * points].reshape(points, 2).mean(axis=1)
    return np.asarray(10 * np.log10(heard + 1e-12))


def _masked(mono: NDArray[np.float64], size: int, hop: int, *, keep: str) -> NDArray[np.float64]:
    _, _, spectrum = signal.stft(mono, _RATE, nperseg=size, noverlap=size - hop)
    spectrum *= _share(np.abs(spectrum), keep=keep)
    return np.asarray(signal.istft(spectrum, _RATE, nperseg=size, noverlap=size - hop)[1])


def _share(magnitude: NDArray[np.floating], *, keep: str) -> NDArray[np.floating]:
    """Return which share of each point is strike or tone: a soft mask from two median filters."""
    magnitude = magnitude.astype(np.float32)
    tones, strikes = _smoothed(magnitude) ** 2, _smoothed(magnitude.T).T ** 2
    kept = strikes if keep == "strikes" else tones
    return np.asarray(kept / (tones + strikes + 1e-20))


def _smoothed(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each row through the median filter: all in one long row, for which SciPy has one seven times as fast."""
    side = _MEDIAN // 2
    apart = np.pad(rows, ((0, 0), (side, side)), mode="symmetric")
    return np.asarray(ndimage.median_filter(apart.ravel(), size=_MEDIAN).reshape(apart.shape)[:, side:-side])


def _threshold(level: NDArray[np.float64]) -> float:
    """Return the level that divides the curve best into two heaps (Otsu)."""
    counts, edges = np.histogram(level, bins=128)
    centres = (edges[1:] + edges[:-1]) / 2
    below = np.cumsum(counts)[:-1]
    above = below[-1] + counts[-1] - below
    sums = np.cumsum(counts * centres)
    gap = sums[:-1] / np.maximum(below, 1) - (sums[-1] - sums[:-1]) / np.maximum(above, 1)
    return float(edges[1:-1][int(np.argmax(below * above * gap**2))])
