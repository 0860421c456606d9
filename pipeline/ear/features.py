"""What the charting of a song is made from: strikes in four bands, harmony, timbre and loudness, in steps of time.

The sound is gone through in pieces, so that a song of 20 minutes takes hardly more memory than one of three.
"""

from __future__ import annotations

import atexit
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from types import ModuleType
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy import signal

from pipeline.ear.loudness import momentary

RATE = 24_000  # Hz; the sound's own 48 kHz hold nothing more that a beat or a chord is known by
BLOCK_S = 20.0  # of sound at a time

STRIKE_HOP = 128  # samples, 5.3 ms: a tenth of what cuts may be off a beat
STRIKE_S = STRIKE_HOP / RATE
STRIKE_WINDOW = 1024  # samples, 43 ms: a bass drum has two periods in it
STRIKE_MELS = 96
LAG = 3  # looks, 16 ms, over which a rise is counted: a soft attack takes that long
COMPRESSION = 1000.0  # of full scale at the loudness below: what is 40 dB down still counts, 60 dB hardly
EDGES_HZ = (0.0, 120.0, 300.0, 2000.0, 12_000.0)  # of the bands: bass drum, bass, voices, cymbals

LOOK_HOP = 1024  # samples, 43 ms: ten looks to a beat
LOOK_S = LOOK_HOP / RATE
LOOK_WINDOW = 8192  # samples, 341 ms: semitones stand apart from 60 Hz on
LOOK_MELS = 40
MFCCS = 13

LEVEL_S = 0.1  # between two values of the loudness
NORMAL_LUFS = -20.0  # to which a song is brought before its strikes are weighed
QUIETEST_LUFS = -70.0  # BS.1770's gate: below it is silence

Source = Path | NDArray[np.float32]  #: a 48 kHz WAV of our own, or what is in one, shape (samples, channels)


@dataclass(frozen=True)
class Features:
    duration: float  #: seconds
    strikes: NDArray[np.float32] = field(repr=False)  #: (4, n): what rises in each band, every STRIKE_S
    chroma: NDArray[np.float32] = field(repr=False)  #: (12, m): strength of the pitch classes from C, every LOOK_S
    timbre: NDArray[np.float32] = field(repr=False)  #: (13, m): mel cepstrum
    levels: NDArray[np.float64] = field(repr=False)  #: LUFS every LEVEL_S, at least QUIETEST_LUFS


def listen(sound: Source) -> Features:
    """Go through sound of 48 kHz."""
    librosa = load_librosa()
    duration = _length(sound)
    levels = np.maximum(momentary(_pieces(sound), 2 * RATE), QUIETEST_LUFS)
    loud = float(np.quantile(levels, 0.9)) if levels.size else QUIETEST_LUFS
    gain = 10 ** ((NORMAL_LUFS - loud) / 20) if loud > QUIETEST_LUFS else 0.0
    strikes: list[NDArray[np.float32]] = []
    chroma: list[NDArray[np.float32]] = []
    timbre: list[NDArray[np.float32]] = []
    short, long = _silence(STRIKE_WINDOW), _silence(LOOK_WINDOW)
    before = np.zeros((STRIKE_MELS, LAG), np.float32)
    for piece in _mono(sound, gain):
        quick, short = _spectra(librosa, short, piece, STRIKE_WINDOW, STRIKE_HOP)
        slow, long = _spectra(librosa, long, piece, LOOK_WINDOW, LOOK_HOP)
        rise, before = _rises(librosa, quick, before)
        strikes.append(rise)
        chroma.append(_chroma(librosa, slow))
        timbre.append(_timbre(librosa, slow))
    return Features(duration, _joined(strikes), _tuned(_joined(chroma)), _joined(timbre), levels)


@cache
def load_librosa() -> ModuleType:
    """Import librosa, which takes seconds, and compiles some of itself the first time on a machine."""
    _find_place_for_compiled_code()
    import librosa

    return librosa


def _find_place_for_compiled_code() -> None:
    """Give numba a folder of this process where it could not write beside librosa or at home: it gives up otherwise."""
    config: Any = import_module("numba.core.config")
    homes: Any = import_module("numba.misc.appdirs")
    spec = find_spec("librosa")
    beside = Path(spec.origin).parent / "__pycache__" if spec and spec.origin else Path("/nowhere")
    home = Path(homes.AppDirs(appname="numba", appauthor=False).user_cache_dir)
    if config.CACHE_DIR or is_writable(beside) or is_writable(home):
        return
    config.CACHE_DIR = mkdtemp(prefix="numba-")
    atexit.register(shutil.rmtree, config.CACHE_DIR, ignore_errors=True)


def is_writable(folder: Path) -> bool:
    """Whether a folder, or the nearest one above it that exists, may be written to."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def read_mono(sound: Source, seconds: float) -> Iterator[NDArray[np.float32]]:
    """Yield a song in one channel at RATE, at least so many seconds at a time but for the last."""
    held: list[NDArray[np.float32]] = []
    for piece in _mono(sound, 1.0):
        held.append(piece)
        if sum(map(len, held)) >= seconds * RATE:
            yield np.concatenate(held)
            held = []
    if held:
        yield np.concatenate(held)


def _length(sound: Source) -> float:
    if not isinstance(sound, Path):
        return len(sound) / (2 * RATE)
    with soundfile.SoundFile(sound) as wav:
        return float(wav.frames / wav.samplerate)


def _pieces(sound: Source) -> Iterator[NDArray[np.float32]]:
    if not isinstance(sound, Path):
        step = round(BLOCK_S * 2 * RATE)
        yield from (sound[at : at + step] for at in range(0, len(sound), step))
        return
    with soundfile.SoundFile(sound) as wav:
        yield from wav.blocks(round(BLOCK_S * wav.samplerate), dtype="float32", always_2d=True)


def _mono(sound: Source, gain: float) -> Iterator[NDArray[np.float32]]:
    """Yield the song in one channel at RATE, piece by piece without seams, and some silence after its end."""
    taps = signal.firwin(61, 0.5, window=("kaiser", 6.0)).astype(np.float32)
    state = np.zeros(len(taps) - 1, np.float32)
    for piece in _pieces(sound):
        low, state = signal.lfilter(taps, [np.float32(1)], piece.mean(axis=1) * np.float32(gain), zi=state)
        yield low[::2]
    yield _silence(LOOK_WINDOW)


def _silence(window: int) -> NDArray[np.float32]:
    """Half a window: the first look stands at the first sample."""
    return np.zeros(window // 2, np.float32)


def _spectra(
    librosa: Any, rest: NDArray[np.float32], piece: NDArray[np.float32], window: int, hop: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return amplitudes (bins, looks) of what is whole by now, a full-scale sine being 1, and the rest."""
    joined = np.concatenate([rest, piece])
    looks = max(0, 1 + (len(joined) - window) // hop)
    if not looks:
        return np.zeros((window // 2 + 1, 0), np.float32), joined
    spectra = librosa.stft(joined, n_fft=window, hop_length=hop, center=False)
    return np.abs(spectra) * np.float32(4 / window), joined[looks * hop :]


def _rises(
    librosa: Any, spectra: NDArray[np.float32], before: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return how much louder each band gets (bands, looks), and the levels that the next piece is compared with."""
    mel = librosa.filters.mel(sr=RATE, n_fft=STRIKE_WINDOW, n_mels=STRIKE_MELS, norm=None)
    level = np.concatenate([before, np.log1p(COMPRESSION * (mel @ spectra)).astype(np.float32)], axis=1)
    rise = np.maximum(0, level[:, LAG:] - level[:, :-LAG])
    middle = librosa.mel_frequencies(STRIKE_MELS + 2, fmax=RATE / 2)[1:-1]
    bands = np.digitize(middle, EDGES_HZ) - 1
    return np.stack([rise[bands == band].mean(axis=0) for band in range(len(EDGES_HZ) - 1)]), level[:, -LAG:]


def _chroma(librosa: Any, spectra: NDArray[np.float32]) -> NDArray[np.float32]:
    filters = librosa.filters.chroma(sr=RATE, n_fft=LOOK_WINDOW, n_chroma=36, ctroct=5.0, octwidth=1.5)
    chroma: NDArray[np.float32] = (filters @ spectra).astype(np.float32)
    return chroma


def _tuned(thirds: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return pitch classes of thirds of a semitone, on whichever thirds the song is tuned to."""
    places = np.arange(36).reshape(12, 3)
    shifted = [thirds[(places + shift) % 36] for shift in (-1, 0, -2)]
    tuned: NDArray[np.float32] = max(shifted, key=lambda them: float(them[:, 1].sum())).sum(axis=1)
    return tuned


def _timbre(librosa: Any, spectra: NDArray[np.float32]) -> NDArray[np.float32]:
    mel = librosa.filters.mel(sr=RATE, n_fft=LOOK_WINDOW, n_mels=LOOK_MELS)
    level = librosa.amplitude_to_db(mel @ spectra, ref=1.0, amin=1e-6, top_db=None)
    timbre: NDArray[np.float32] = librosa.feature.mfcc(S=level, n_mfcc=MFCCS).astype(np.float32)
    return timbre


def _joined(pieces: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.concatenate(pieces, axis=1)
