"""Songs of known tempo, key and form for the tests, made of a drum kit, chords and a bass."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 48_000
Sound = NDArray[np.float64]

#: G major: what the sections of a song are made of, four bars that come round
CHORDS = {
    "A": ((55, 59, 62), (52, 55, 59), (60, 64, 67), (62, 66, 69)),
    "B": ((60, 64, 67), (62, 66, 69), (55, 59, 62), (57, 60, 64)),
    "C": ((57, 60, 64), (59, 62, 66), (60, 64, 67), (59, 62, 66)),
}
LOUD = {"A": 0.12, "B": 0.22, "C": 0.1}
DULL = {"A": 1.6, "B": 0.9, "C": 2.2}


@cache
def kick() -> Sound:
    t = np.arange(round(0.25 * RATE)) / RATE
    return np.asarray(np.sin(2 * np.pi * (50 * t + 4 * (1 - np.exp(-t * 30)))) * np.exp(-t * 14))


@cache
def snare() -> Sound:
    t = np.arange(round(0.18 * RATE)) / RATE
    noise = np.random.default_rng(1).standard_normal(len(t))
    return np.asarray((0.6 * noise + 0.4 * np.sin(2 * np.pi * 190 * t)) * np.exp(-t * 22))


@cache
def hat() -> Sound:
    t = np.arange(round(0.05 * RATE)) / RATE
    return np.asarray(0.3 * np.diff(np.random.default_rng(2).standard_normal(len(t)), prepend=0) * np.exp(-t * 80))


@cache
def tone(note: int, seconds: float, dull: float) -> Sound:
    """A plucked note, MIDI 69 being 440 Hz."""
    t = np.arange(round(seconds * RATE)) / RATE
    hz = 440 * 2 ** ((note - 69) / 12)
    whole = sum((np.sin(2 * np.pi * hz * k * t) / k**dull for k in range(1, 7)), np.zeros(len(t)))
    return np.asarray(whole * np.minimum(1, t / 0.01) * np.exp(-1.2 * t))


def put(sound: Sound, time: float, what: Sound, gain: float) -> None:
    at = round(time * RATE)
    room = len(sound) - at
    if at >= 0 and room > 0:
        sound[at : at + min(room, len(what))] += gain * what[:room]


def drums(beats: NDArray[np.float64], duration: float, *, swing: float = 0.5) -> Sound:
    """Bass drum and snare in turn on the beats, a cymbal on them and in between."""
    sound = np.zeros(round(duration * RATE))
    for index, (beat, after) in enumerate(zip(beats, [*beats[1:], duration], strict=True)):
        put(sound, beat, snare() if index % 2 else kick(), 0.7)
        put(sound, beat, hat(), 1)
        put(sound, beat + swing * (after - beat), hat(), 1)
    return sound


def song(form: str, bpm: float, *, bars: int = 8) -> Sound:
    """A song of verses (A), loud choruses (B) and a soft bridge (C), each of so many bars."""
    beat, sound, at = 60 / bpm, np.zeros(round((len(form) * bars * 4 * 60 / bpm + 1) * RATE)), 0.0
    for section in form:
        for bar in range(bars):
            _play_bar(sound, at, section, CHORDS[section][bar % 4], beat)
            at += 4 * beat
    return sound


def _play_bar(sound: Sound, at: float, section: str, chord: tuple[int, ...], beat: float) -> None:
    for note in chord:
        put(sound, at, tone(note, 4 * beat, DULL[section]), LOUD[section])
    put(sound, at, tone(chord[0] - 12, 4 * beat, 2), 0.2)
    for index in range(4):
        time = at + index * beat
        if section in "AB":
            put(sound, time, snare() if index % 2 else kick(), 0.5 if section == "A" else 0.7)
            put(sound, time, tone(chord[index % 3] + 12, beat, 1.2), 0.1 if section == "A" else 0.18)
        put(sound, time, hat(), 0.8 if section == "B" else 0.4)
        if section == "B":
            put(sound, time + beat / 2, hat(), 0.8)


def write(path: Path, sound: Sound, *, peak: float = 0.8) -> Path:
    """Write a stereo WAV of 16 bits."""
    top = float(np.abs(sound).max())
    soundfile.write(path, np.stack([sound, sound], 1) * (peak / top if top else 1), RATE, subtype="PCM_16")
    return path
