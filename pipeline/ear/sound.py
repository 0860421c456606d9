"""What the clip's own sound is: nothing, somebody speaking, or something else; and where somebody speaks.

A voice detector alone takes most music for speech. What gives speech away is its pitch, which never stands still, and
its level, which swings with every syllable.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile
import webrtcvad
from numpy.typing import NDArray
from scipy import fft, ndimage, signal

from pipeline.ear.loudness import integrated
from pipeline.errors import BadMedia

Kind = Literal["silent", "speech", "sound"]

SILENT_LUFS = -60.0  # quieter sound is the noise of a microphone: nobody would miss it

_RATE = 16_000  # Hz; all that a voice needs
_HOP_S = 0.01
_PITCH_WINDOW = 640  # samples, 40 ms: three periods of a low voice
_LOWEST_HZ, _HIGHEST_HZ = 70.0, 400.0
_CLEAR = 0.7  # of the autocorrelation: under this there is no pitch
_QUIET_DB = 30.0  # under the loud frames: pitch in what is quieter is chance
_LEAP_ST = 1.5  # semitones within 10 ms: another note or a slip of the tracker, not a glide

_VAD_FRAME = 480  # samples, 30 ms
_VAD_STRICTNESS = 3  # the most sceptical of webrtcvad's four
_VAD_RMS = 0.1  # the level that it is used to

_WINDOW_S, _STEP_S = 2.0, 0.25  # a judgement needs some syllables
_STILL_ST = 0.06  # semitones per 10 ms: under this a pitch stands
_MOST_STILL = 0.22  # share of pitched looks that may stand; speech has 0.16-0.33, music 0.4-1 ...
_STILL_PER_SWING = 0.22  # ... and more of them where the level swings as widely as syllables make it
_LEAST_SWING = 0.42  # spread of the level over its mean; speech 0.5-1.2, held chords 0.2-0.4
_LEAST_PITCHED, _LEAST_ACTIVE = 0.12, 0.4  # shares of a window
_VOTES = 0.6  # of the windows over a moment must agree

_SHORTEST_S = 1.2  # of speech: less is a shout, or a mistake
_PAUSE_S = 0.6  # a breath does not end a sentence
_MARGIN_S = 0.1  # soft consonants at either end that the detectors miss


@dataclass(frozen=True)
class OwnSound:
    kind: Kind
    loudness: float  #: LUFS, integrated; -inf for digital silence
    speech: tuple[tuple[float, float], ...] = ()  #: where somebody speaks: (start, end) in seconds, in order


def judge_sound(wav: Path) -> OwnSound:
    """Listen to the clip's own sound; raises BadMedia when the file holds no readable sound."""
    try:
        samples, rate = soundfile.read(wav, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as exc:
        raise BadMedia("The clip's own sound cannot be read.", hint="Ask for it to be replaced.") from exc
    samples = np.nan_to_num(samples)
    loudness = integrated(samples, rate)
    if loudness < SILENT_LUFS:
        return OwnSound("silent", loudness)
    speech = find_speech(samples, rate)
    return OwnSound("speech" if speech else "sound", loudness, speech)


def find_speech(samples: NDArray[np.float32], rate: int) -> tuple[tuple[float, float], ...]:
    """Return where somebody speaks in (n, channels), as (start, end) in seconds."""
    voice = signal.resample_poly(samples.mean(axis=1), _RATE, rate).astype(np.float32)
    rms = float(np.sqrt(np.mean(voice**2)))
    if rms == 0 or len(voice) < _WINDOW_S * _RATE / 2:
        return ()
    voice *= min(_VAD_RMS / rms, 0.9 / float(np.abs(voice).max()))
    active = _active(voice)
    pitch, level = _pitch(voice)
    looks = min(len(active), len(pitch))
    spoken = _spoken(active[:looks], pitch[:looks], level[:looks])
    return _stretches(
        spoken & ndimage.binary_closing(active[:looks], np.ones(round(_PAUSE_S / _HOP_S))), len(samples) / rate
    )


def _active(voice: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return what WebRTC's voice detector says, every 10 ms."""
    detector = webrtcvad.Vad(_VAD_STRICTNESS)
    frames = (voice[: len(voice) // _VAD_FRAME * _VAD_FRAME] * 32767).astype("<i2").reshape(-1, _VAD_FRAME)
    said = np.array([detector.is_speech(frame.tobytes(), _RATE) for frame in frames], dtype=bool)
    return np.repeat(said, round(_VAD_FRAME / _RATE / _HOP_S))


def _pitch(voice: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return pitch in semitones (NaN where there is none) and level in dB of the speech band, every 10 ms."""
    hop = round(_HOP_S * _RATE)
    shape = signal.windows.hann(_PITCH_WINDOW, sym=False).astype(np.float32)
    lags = np.arange(int(_RATE / _HIGHEST_HZ), int(_RATE / _LOWEST_HZ) + 1)
    own = fft.irfft(np.abs(fft.rfft(shape, 4 * _PITCH_WINDOW)) ** 2)[: lags[-1] + 2]
    padded = np.pad(voice, (_PITCH_WINDOW // 2, _PITCH_WINDOW))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _PITCH_WINDOW)[::hop]
    pitch, level = np.full(len(frames), np.nan), np.empty(len(frames))
    for at in range(0, len(frames), 2048):  # in pieces: a long clip would need gigabytes at once
        some = frames[at : at + 2048] * shape
        power = np.abs(fft.rfft(some, 4 * _PITCH_WINDOW, axis=1)) ** 2
        alike = fft.irfft(power, axis=1)[:, : lags[-1] + 2] / own
        energy = alike[:, 0].copy()
        level[at : at + 2048] = 10 * np.log10(energy + 1e-9)
        alike /= np.maximum(energy, 1e-9)[:, None]
        rows = np.arange(len(some))
        lag = lags[0] + alike[:, lags].argmax(axis=1)
        left, top, right = alike[rows, lag - 1], alike[rows, lag], alike[rows, lag + 1]
        exact = lag + np.clip((right - left) / (2 * np.maximum(2 * top - left - right, 1e-6)), -0.5, 0.5)
        pitch[at : at + 2048] = np.where(top > _CLEAR, 12 * np.log2(_RATE / exact / _LOWEST_HZ), np.nan)
    pitch[level < np.quantile(level, 0.95) - _QUIET_DB] = np.nan
    return pitch, level


def _spoken(active: NDArray[np.bool_], pitch: NDArray[np.float64], level: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the looks that lie in a window which sounds like speech."""
    glide = np.abs(np.diff(pitch, prepend=np.nan))
    glide[glide > _LEAP_ST] = np.nan
    window, step = round(_WINDOW_S / _HOP_S), round(_STEP_S / _HOP_S)
    votes, cast = np.zeros(len(active)), np.zeros(len(active))
    for at in range(0, max(1, len(active) - window + step), step):
        span = slice(at, at + window)
        cast[span] += 1
        votes[span] += active[span].mean() > _LEAST_ACTIVE and _like_speech(glide[span], level[span])
    return np.asarray(votes >= _VOTES * np.maximum(cast, 1))


def _like_speech(glide: NDArray[np.float64], level: NDArray[np.float64]) -> bool:
    """Tell whether the pitch glides and the level swings as in speech."""
    moves = glide[~np.isnan(glide)]
    if len(moves) < _LEAST_PITCHED * len(glide):
        return False
    envelope = 10 ** (level / 20)
    swing = float(envelope.std() / envelope.mean())
    still = float((moves < _STILL_ST).mean())
    return swing > _LEAST_SWING and still < _MOST_STILL + _STILL_PER_SWING * min(1.0, swing)


def _stretches(spoken: NDArray[np.bool_], length: float) -> tuple[tuple[float, float], ...]:
    """Return the stretches of speech that are long enough, breaths closed, with a margin at both ends."""
    joined = ndimage.binary_closing(np.pad(spoken, 100), np.ones(round(_PAUSE_S / _HOP_S)))[100:-100]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], joined, [0]]))) * _HOP_S
    return tuple(
        (max(0.0, round(start - _MARGIN_S, 3)), min(length, round(end + _MARGIN_S, 3)))
        for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
        if end - start >= _SHORTEST_S
    )
