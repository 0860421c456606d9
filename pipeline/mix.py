"""The mix: takes of cues laid on the picture's time, in one room, mastered, and under the clip's own sound."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from pipeline.cuesheet import Cue, CueSheet, Style
from pipeline.ear.loudness import SILENCE, integrated
from pipeline.errors import Unavailable
from pipeline.master import Mastered, master, tone
from pipeline.music import RATE, Audio, Recording, Take
from pipeline.room import reverberate

#: the stem of the mix that holds the room's answer to all the others
ROOM = "room"

#: Hz under which a stem has nothing to say: what is there only muddies the bass
_HIGH_PASS_HZ = {
    "melody": 120, "counter": 150, "ostinato": 180, "pad": 180, "bass": 35, "drums": 35, "effects": 30, "music": 30,
}  # fmt: skip

#: dB of each stem that goes to the room; a bass in a hall is mud, and unparted music brings its own room
_SEND_DB: dict[str, float] = {
    "melody": -12, "counter": -11, "ostinato": -14, "pad": -8, "drums": -17, "effects": -8,
}  # fmt: skip

#: (knee, top) of full scale: peaks of these stems are bent from the knee on and never pass the top; a stack of drums or
#: a xylophone would otherwise make the limiter duck everybody else
_ROUNDED = {"drums": (0.16, 0.32), "effects": (0.16, 0.32), "melody": (0.2, 0.3), "ostinato": (0.2, 0.3)}

#: dB above 2.5 kHz: small fonts are dull there, and a tape is duller still
_PRESENCE: dict[Style, float] = {
    "cinematic": 3.0, "ambient": -2.0, "electronic": 3.0, "folk": 2.5,
    "lofi": -6.0, "playful": 1.5, "tense": 1.0, "epic": 4.0,
}  # fmt: skip

_MONO_BELOW_HZ = 120.0  # phones and clubs sum the bass; what differs there between the sides would cancel

_PHONE_BAND_HZ = (90.0, 420.0)  # phones play nothing under 150 Hz: an octave over the bass lets it be guessed
_PHONE_DB = -10.0
_RECTIFIED_OCTAVE = 0.42  # of a sine's height is what rectifying leaves an octave up: 4 / (3 pi)

#: dB by which the kick pushes the sustained stems away, where the style is known for it
_PUMP_DB: dict[Style, float] = {"electronic": 5.0, "lofi": 2.0}
_PUMPED = ("pad", "bass", "ostinato")
_KICK_BELOW_HZ = 110.0
_PUMP_GRAIN = 120  # samples, 2.5 ms
_KICK_APART_S = 0.12  # two kicks are never closer

_FADE_IN_S = 0.005
_FADE_OUT_S = 0.35  # a fade that is heard as an ending, not as a cut
_FADE_SHARE = 0.4  # of a very short clip
_REST_S = 0.010  # of digital silence at the very end: a codec smears the last samples

_HANDS = min(4, os.cpu_count() or 1)  # stems that are worked on at once; the result is the same with any number

_QUIETEST_PEAK = 1e-5  # -100 dB: below this nothing was played

SPEECH_LUFS = -15.0  # what speech is brought to before the sum is mastered
UNDER_SPEECH_LU = 14.0  # lay listeners want speech 14 LU over the music (Torcoli 2019)
_DUCK_LEAD_S, _DUCK_RELEASE_S = 0.15, 0.6
_DUCK_JOIN_S = 1.0  # pauses shorter than this do not bring the music up: pumping disturbs more than quiet
_PRESENCE_HZ, _PRESENCE_DB = (1000.0, 4000.0), -3.0  # where consonants live
_AMBIENCE_LU = 7.0  # under the music lies the clip's own ambience
_MOST_OWN_GAIN_DB = 18.0  # a whisper is not raised further: its noise would come up with it


@dataclass(frozen=True)
class Mix:
    """What goes to the film, and what it was made of; all of exactly the clip's length, at RATE."""

    music: Audio = field(repr=False)  #: the music alone, mastered
    film: Audio = field(repr=False)  #: the music, with the clip's own sound where that is kept
    stems: Mapping[str, Audio] = field(repr=False)  #: by stem, and the room; their sum is the music before mastering
    rate: int
    gain_db: float  #: what mastering added to the music
    limited_db: float  #: the most that the limiter took from a peak of the film's sound
    loudness: float  #: LUFS of the film's sound
    true_peak: float  #: dBTP of the film's sound


def lay(
    recording: Recording,
    sheet: CueSheet,
    *,
    own_sound: Audio | None = None,
    speech: Sequence[tuple[float, float]] = (),
) -> Mix:
    """Mix and master the recording to the sheet's length, -14 LUFS and under -1 dBTP after AAC.

    `own_sound` is the clip's own, at RATE from the first frame; where `speech` holds its spoken stretches in seconds
    the music ducks under them. Raises Unavailable when the composer played nothing, or no numbers.
    """
    samples = max(1, round(sheet.duration * RATE))
    stems = _lay_stems(recording, sheet, samples)
    whole = _faded(tone(_total(stems, samples), presence_db=_presence(recording, sheet)))
    _refuse_silence(recording, whole)
    music = master(whole)
    film = music if own_sound is None else _with_own_sound(music, _fit(own_sound, samples), speech)
    return Mix(music.audio, film.audio, stems, RATE, music.gain_db, film.limited_db, film.loudness, film.true_peak)


def _lay_stems(recording: Recording, sheet: CueSheet, samples: int) -> dict[str, Audio]:
    """Lay every take at its start, stem by stem, and let the rooms answer."""
    cues = {cue.number: cue for cue in sheet.cues}
    stems: dict[str, Audio] = {}
    sends: dict[Style, Audio] = {}
    for take in recording.takes:
        cue = cues.get(take.cue, sheet.cues[0])
        for name, audio in _treated(take, cue):
            _add(stems.setdefault(name, np.zeros((samples, 2), np.float32)), audio, take.start)
            if name in _SEND_DB:
                send = sends.setdefault(cue.style, np.zeros((samples, 2), np.float32))
                _add(send, audio * _gain(_SEND_DB[name]), take.start)
    for style, send in sends.items():
        _add(stems.setdefault(ROOM, np.zeros((samples, 2), np.float32)), reverberate(send, style), 0.0)
    return stems


def _treated(take: Take, cue: Cue) -> Iterator[tuple[str, Audio]]:
    """Yield each stem of a take, cleaned of what it has no use for, and pumped where the style pumps."""
    pump = _pump(take, cue)
    names = [name for name, audio in take.stems.items() if len(audio)]
    with ThreadPoolExecutor(_HANDS) as hands:  # the filters run outside Python's lock
        yield from zip(names, hands.map(lambda name: _treat(name, take.stems[name], pump), names), strict=True)


def _treat(name: str, audio: Audio, pump: NDArray[np.float32] | None) -> Audio:
    clean = _cleaned(audio, _HIGH_PASS_HZ.get(name, 30))
    if name == "bass":
        clean += _octave_up(clean)
    if pump is not None and name in _PUMPED:
        clean *= pump[: len(clean), None]
    return _rounded(clean, *_ROUNDED[name]) if name in _ROUNDED else clean


def _rounded(audio: Audio, knee: float, top: float) -> Audio:
    """Bend what rises over the knee towards the top, as tape does; the rest stays as it is."""
    high = np.abs(audio) > knee
    over = (np.abs(audio[high]) - knee) / (top - knee)
    audio[high] = np.sign(audio[high]) * (knee + (top - knee) * np.tanh(over))
    return audio


def _cleaned(audio: Audio, hz: float) -> Audio:
    """High-pass a stem, and let nothing differ between the sides in the bass."""
    middle = _high_passed((audio[:, 0] + audio[:, 1]) / 2, hz)
    side = _high_passed((audio[:, 0] - audio[:, 1]) / 2, max(hz, _MONO_BELOW_HZ))
    return np.stack([middle + side, middle - side], axis=1).astype(np.float32)


def _high_passed(sound: NDArray[np.floating], hz: float) -> NDArray[np.floating]:
    if not sound.any():
        return sound
    filtered: NDArray[np.floating] = signal.sosfilt(
        signal.butter(2, hz, "highpass", fs=RATE, output="sos"), sound.astype(np.float64)
    )
    return filtered


def _octave_up(bass: Audio) -> Audio:
    """Return a soft octave over a bass line, by rectifying it."""
    band = signal.butter(2, _PHONE_BAND_HZ, "bandpass", fs=RATE, output="sos")
    octave = signal.sosfilt(band, np.abs(bass[:, 0] + bass[:, 1]) / 2) * _gain(_PHONE_DB) / _RECTIFIED_OCTAVE
    return np.repeat(octave.astype(np.float32)[:, None], 2, axis=1)


def _pump(take: Take, cue: Cue) -> NDArray[np.float32] | None:
    """Return the gain that the kick presses on the sustained stems, or None where nothing pumps."""
    drums = take.stems.get("drums")
    depth = _PUMP_DB.get(cue.style)
    if drums is None or depth is None or not len(drums):
        return None
    longest = max(len(audio) for audio in take.stems.values())
    pressed = np.zeros(-(-longest // _PUMP_GRAIN))
    release = 30 / cue.tempo / 3 * RATE / _PUMP_GRAIN  # e-folding time in grains: back within an eighth note
    shape = np.exp(-np.arange(round(6 * release)) / release)
    for kick in _kicks(drums):
        stretch = pressed[kick : kick + len(shape)]
        np.maximum(stretch, shape[: len(stretch)], out=stretch)
    gain = 10 ** (-depth * ndimage.uniform_filter1d(pressed, 3) / 20)
    return np.repeat(gain.astype(np.float32), _PUMP_GRAIN)[:longest]


def _kicks(drums: Audio) -> list[int]:
    """Return the grains in which a kick strikes."""
    low = signal.sosfilt(signal.butter(2, _KICK_BELOW_HZ, fs=RATE, output="sos"), drums[:, 0] + drums[:, 1])
    level = np.maximum.reduceat(np.abs(low), np.arange(0, len(low), _PUMP_GRAIN))
    if level.max() < _QUIETEST_PEAK:
        return []
    apart = round(_KICK_APART_S * RATE / _PUMP_GRAIN)
    peaks, _ = signal.find_peaks(np.diff(level, prepend=0), height=0.25 * level.max(), distance=apart)
    return [int(peak) for peak in peaks]


def _add(to: Audio, audio: Audio, start: float) -> None:
    """Add a recording that starts at `start` seconds; what lies outside is left off."""
    at = round(start * RATE)
    audio = audio[max(0, -at) : max(0, len(to) - at)]
    to[max(0, at) : max(0, at) + len(audio)] += audio


def _total(stems: Mapping[str, Audio], samples: int) -> Audio:
    total = np.zeros((samples, 2), np.float32)
    for audio in stems.values():
        total += audio
    return total


def _presence(recording: Recording, sheet: CueSheet) -> float:
    """Return the presence that the film's styles want, each by its length; unparted music comes with its own sound."""
    if any("music" in take.stems for take in recording.takes):
        return 0.0
    return sum(_PRESENCE[cue.style] * cue.length for cue in sheet.cues) / sheet.duration


def _faded(audio: Audio) -> Audio:
    """Open within 5 ms and close to digital zero before the last sample."""
    n = len(audio)
    into = min(n, round(_FADE_IN_S * RATE))
    rest = max(1, min(round(_REST_S * RATE), n // 10))
    out = min(n - rest, round(min(_FADE_OUT_S, _FADE_SHARE * n / RATE) * RATE))
    gain = np.ones(n, np.float32)
    gain[:into] *= np.sin(np.linspace(0, np.pi / 2, into)) ** 2
    gain[n - rest - out : n - rest] *= np.cos(np.linspace(0, np.pi / 2, out)) ** 2
    gain[n - rest :] = 0
    return audio * gain[:, None]


def _refuse_silence(recording: Recording, audio: Audio) -> None:
    peak = float(np.abs(audio).max())
    if not math.isfinite(peak):
        raise Unavailable(
            f"The composer {recording.composer!r} handed over sound that is not made of numbers.",
            hint="Try another seed, and please report this one.",
        )
    if peak < _QUIETEST_PEAK:
        raise Unavailable(
            f"The composer {recording.composer!r} played nothing.",
            hint="Exclude fewer instruments, or try another seed.",
        )


def _fit(audio: Audio, samples: int) -> Audio:
    """Cut or pad to the clip's length, as two channels, and let it end without a click."""
    audio = np.nan_to_num(np.asarray(audio, dtype=np.float32), posinf=0.0, neginf=0.0)
    if audio.ndim == 1 or audio.shape[1] == 1:
        audio = np.repeat(audio.reshape(-1, 1), 2, axis=1)
    fitted = np.zeros((samples, 2), np.float32)
    fitted[: min(samples, len(audio))] = audio[:samples, :2]
    return fitted


def _with_own_sound(music: Mastered, own: Audio, speech: Sequence[tuple[float, float]]) -> Mastered:
    """Sum the music and the clip's own sound, the music ducked where somebody speaks."""
    spoken = _joined(speech, len(own))
    voice = _loudness_within(own, spoken) if spoken else SILENCE
    if voice > SILENCE:
        own = own * _gain(min(_MOST_OWN_GAIN_DB, SPEECH_LUFS - voice))
        under = min(SPEECH_LUFS, voice + _MOST_OWN_GAIN_DB) - UNDER_SPEECH_LU
        return master(_faded(own + _ducked(music.audio, spoken, under)), glue=False)
    ambience = integrated(own, RATE)
    if ambience == SILENCE:
        return music
    own = own * _gain(min(_MOST_OWN_GAIN_DB, music.loudness - _AMBIENCE_LU - ambience))
    return master(_faded(own + music.audio), glue=False)


def _joined(speech: Sequence[tuple[float, float]], samples: int) -> list[tuple[int, int]]:
    """Return the spoken stretches in samples, with short pauses closed."""
    spans: list[tuple[int, int]] = []
    for start, end in sorted(speech):
        first, last = max(0, round(start * RATE)), min(samples, round(end * RATE))
        if spans and first - spans[-1][1] < _DUCK_JOIN_S * RATE:
            spans[-1] = (spans[-1][0], max(last, spans[-1][1]))
        elif last > first:
            spans.append((first, last))
    return spans


def _loudness_within(audio: Audio, spans: Sequence[tuple[int, int]]) -> float:
    return integrated(np.concatenate([audio[first:last] for first, last in spans]), RATE)


def _ducked(music: Audio, spans: Sequence[tuple[int, int]], under: float) -> Audio:
    """Bring the music to `under` LUFS in the spans, with less presence there."""
    lead, release = round(_DUCK_LEAD_S * RATE), round(_DUCK_RELEASE_S * RATE)
    down, spoken = np.zeros(len(music)), np.zeros(len(music), np.float32)
    for first, last in spans:
        depth = min(0.0, under - integrated(music[first:last], RATE))
        near = np.arange(max(0, first - lead), min(len(music), last + release))
        ramp = np.interp(near, (first - lead, first, last, last + release), (0.0, 1.0, 1.0, 0.0))
        down[near] = np.minimum(down[near], depth * ramp)
        spoken[near] = np.maximum(spoken[near], ramp)
    presence = signal.sosfilt(signal.butter(1, _PRESENCE_HZ, "bandpass", fs=RATE, output="sos"), music, axis=0)
    spoken *= 1 - _gain(_PRESENCE_DB)
    ducked = (music - presence * spoken[:, None]) * (10 ** (down / 20))[:, None]
    return np.asarray(ducked, dtype=np.float32)


def _gain(db: float) -> np.float32:
    return np.float32(10 ** (db / 20))
