"""Several takes of one film, weighed against each other: the best first.

What the certificate has measured on the finished film counts most, whether its cuts are hit; then whether the music
goes on without gaps, whether it moves on, and whether something sounds that was ruled out. That can be told of drums
and bass, which stand out in a spectrum, and of somebody speaking; not of a piano among strings, nor of singing.
`judged` says for which of the wishes it was listened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage, signal

from pipeline.certificate import Certificate
from pipeline.cuesheet import CueSheet
from pipeline.ear.sound import find_speech
from pipeline.generated.faults import find_gaps, hear_sameness, look_at
from pipeline.master import TARGET_LUFS
from pipeline.music import RATE, Audio
from pipeline.orchestra.exclusions import read_exclusions

Range = tuple[float, float]

#: how much each part counts; those that were not judged leave their share to the others
WEIGHTS = {"hits": 0.4, "sounding": 0.15, "moving": 0.15, "loudness": 0.05, "ending": 0.05, "exclusions": 0.2}
LEAST = 0.05  # of a part: one thing that is all wrong weighs more than its share, but hides not all the others

#: from where to where a measure goes from wrong to right, or from unheard to heard; 20 recordings and the orchestra in
#: its eight styles measure what is said beside it
GAPS: Range = (0.25, 0.0)  # share of the film in gaps of more than two seconds: 0
STILL_DB: Range = (0.8, 1.8)  # sway over eight seconds: 1.8 and more, a drone 0.8
LOOP: Range = (0.95, 0.84)  # likeness from beat to beat: 0.84 at the most, a snippet over and over 0.95 and more
OFF_LU: Range = (6.0, 1.0)  # from the loudness that was aimed at
PEAK_DBTP: Range = (1.0, -1.0)

#: drums: the share of strikes in what lies above 4.5 kHz (with drums 0.5 to 0.9, without 0.1 to 0.45, but 0.8 for a
#: crackle), its level under the whole in dB (with -31 to -15, without -30 to -49), and strikes per second (with 1.4 to
#: 7, without 0.2 to 4); only where all three say so are there drums. Timpani, taiko and soft brushes go unheard, and
#: marimba with woodblocks is taken for drums
STRIKING: Range = (0.45, 0.58)
STRIKING_DB: Range = (-36.0, -30.0)
STRIKES: Range = (0.9, 1.6)
#: bass: the share of time in which one low tone stands out (with a bass 0.3 to 0.85, without 0 to 0.27); the basses of
#: "epic" and "playful", which seldom go under 125 Hz, go unheard, and a booming bass drum may be taken for one
LOW_TONE: Range = (0.27, 0.42)
#: a voice that speaks: share of time; music has up to 0.21, speech 0.9
SPOKEN: Range = (0.3, 0.7)

HEARD = 0.5  # from which on it is said to be heard

_HALF_RATE = RATE // 2  # Hz, for drums
_WINDOW, _HOP = 512, 256  # samples of it, 21 and 11 ms
_BRIGHT_HZ = (4500.0, 12_000.0)
_MEDIAN = 17  # looks and bins to each filter, as is usual for separating strikes from tones (FitzGerald 2010)
_STRIKE_DB = 8.0  # a rise within two looks that makes a strike ...
_STRIKE_UNDER_DB = 25.0  # ... not further than this under the loudest
_APART = 9  # looks, 0.1 s

_LOW_RATE = 1200  # Hz, for bass
_LOW_WINDOW, _LOW_HOP = 256, 32  # samples of it, 213 and 27 ms: semitones stand apart from 80 Hz on
_LOW_HZ = (34.0, 125.0)
_LOW_SHARE = 0.08  # of the loud looks' power under 600 Hz: less is no bass
_ONE_TONE = 0.6  # of the low power in three bins


@dataclass(frozen=True)
class Verdict:
    """What a take is worth, in parts of 0 to 1; None is what could not be judged."""

    hits: float | None  #: share of the cuts that are hit, by the certificate; None without cuts
    sounding: float  #: 1 without gaps, 0 where a quarter of the film is silent
    moving: float  #: 0 where the music stands on one sound, or turns in a loop of a second or less
    loudness: float  #: 1 near -14 LUFS and under -1 dBTP
    ending: float  #: 1 where it dies away, 0 where it is chopped
    exclusions: float | None  #: 0 where something is heard that was ruled out; None where nothing could be listened for
    heard: tuple[str, ...]  #: the wishes against which something is heard
    judged: tuple[str, ...]  #: the wishes that were listened for

    @property
    def total(self) -> float:
        """The weighted geometric mean of what was judged: 1 is all right."""
        parts = {name: getattr(self, name) for name in WEIGHTS}
        judged = {name: part for name, part in parts.items() if part is not None}
        weights = np.array([WEIGHTS[name] for name in judged])
        logs = np.log(np.maximum(list(judged.values()), LEAST))
        return float(np.exp((logs * weights).sum() / weights.sum()))

    def line(self) -> str:
        """Say it in a sentence."""
        return f"{'; '.join(self._remarks())} ({self.total:.0%})."

    def _remarks(self) -> Iterator[str]:
        yield "No cuts to hit" if self.hits is None else f"{self.hits:.0%} of the cuts are hit"
        if self.sounding < 0.9:
            yield "there are gaps in the music"
        if self.moving < HEARD:
            yield "it hardly changes"
        if self.ending < HEARD:
            yield "it ends abruptly"
        if self.heard:
            yield f"heard in spite of the wish: {', '.join(self.heard)}"


def judge_take(music: Audio, sheet: CueSheet, certificate: Certificate) -> Verdict:
    """Judge the music of a take, mastered and of the film's length, by what its certificate and its sound say.

    The same take gives the same verdict. A minute of music takes about a second.
    """
    sameness = hear_sameness(look_at(music.mean(axis=1), RATE))
    silent = sum(end - start for start, end in find_gaps(music, RATE)) / max(len(music) / RATE, 1e-9)
    against = {wish: _heard(kind, _where(music, sheet, wish)) for wish, kind in _audible(sheet).items()}
    return Verdict(
        hits=certificate.hit,
        sounding=_ramp(silent, GAPS),
        moving=min(_ramp(sameness.still_db, STILL_DB), _ramp(sameness.loop, LOOP)),
        loudness=min(_ramp(abs(certificate.loudness - TARGET_LUFS), OFF_LU), _ramp(certificate.true_peak, PEAK_DBTP)),
        ending=1.0 if certificate.ending == "decays" else 0.0,
        exclusions=1 - max(against.values()) if against else None,
        heard=tuple(wish for wish, how in against.items() if how >= HEARD),
        judged=tuple(against),
    )


def best_first(verdicts: Sequence[Verdict]) -> list[int]:
    """Return the places of the takes, the best first; of equals the earlier one."""
    return sorted(range(len(verdicts)), key=lambda place: -round(verdicts[place].total, 3))


def _ramp(value: float, between: Range) -> float:
    """Return where a value lies between two others, 0 at the first and beyond, 1 at the second."""
    nought, one = between
    return float(np.clip((value - nought) / (one - nought), 0.0, 1.0))


def _audible(sheet: CueSheet) -> dict[str, str]:
    """Return the wishes that can be listened for, and what each is about: "drums", "bass" or "voice"."""
    wishes: dict[str, str] = {}
    for wish in (*sheet.brief.exclude, *(wish for cue in sheet.cues for wish in cue.exclude)):
        barred = read_exclusions((wish,)).barred
        about = next((kind for kind, families in _FAMILIES.items() if barred & families), None)
        if about:
            wishes[wish] = about
    return wishes


def _where(music: Audio, sheet: CueSheet, wish: str) -> NDArray[np.float32]:
    """Return one channel of the cues in which a wish stands, one after the other."""
    everywhere = wish in sheet.brief.exclude
    spans = [(cue.start, cue.end) for cue in sheet.cues if everywhere or wish in cue.exclude]
    parts = [music[round(start * RATE) : round(end * RATE)].mean(axis=1) for start, end in spans]
    return np.concatenate(parts).astype(np.float32)


def _heard(kind: str, mono: NDArray[np.float32]) -> float:
    """Return how clearly something is heard, 0-1."""
    if len(mono) < RATE or not mono.any():
        return 0.0
    return _LISTENERS[kind](mono)


def _drums(mono: NDArray[np.float32]) -> float:
    """Listen for what strikes through the upper half of the spectrum."""
    half = signal.resample_poly(mono, 1, 2).astype(np.float32)
    bright, whole = _spectra(half, _WINDOW, _HOP, _BRIGHT_HZ, _HALF_RATE)
    tones = ndimage.median_filter(bright, size=(_MEDIAN, 1)) ** 2
    strikes = ndimage.median_filter(bright, size=(1, _MEDIAN)) ** 2
    power = bright**2
    struck = (power * strikes / (tones + strikes + 1e-20)).sum(axis=1)
    level = 10 * np.log10(struck + 1e-6 * whole.mean())
    rise = level[2:] - level[:-2]
    peaks = (rise == ndimage.maximum_filter1d(rise, _APART)) & (rise > _STRIKE_DB)
    peaks &= level[2:] > level.max() - _STRIKE_UNDER_DB
    share, under_db = struck.sum() / power.sum(), 10 * np.log10(struck.sum() / whole.sum() + 1e-12)
    return min(
        _ramp(share, STRIKING), _ramp(under_db, STRIKING_DB), _ramp(int(peaks.sum()) * RATE / len(mono), STRIKES)
    )


def _bass(mono: NDArray[np.float32]) -> float:
    """Listen for low notes, each of which stands alone at the bottom; a bass drum sweeps."""
    low = signal.resample_poly(mono, 1, RATE // _LOW_RATE).astype(np.float32)
    bottom, whole = _spectra(low, _LOW_WINDOW, _LOW_HOP, _LOW_HZ, _LOW_RATE)
    power = bottom**2
    level = power.sum(axis=1)
    top = power.argmax(axis=1)
    around = np.clip(top[:, None] + np.arange(-1, 2), 0, power.shape[1] - 1)
    alone = np.take_along_axis(power, around, axis=1).sum(axis=1) > _ONE_TONE * level
    return _ramp(float((alone & (level > _LOW_SHARE * np.quantile(whole, 0.75))).mean()), LOW_TONE)


def _voice(mono: NDArray[np.float32]) -> float:
    """Listen for somebody who speaks."""
    spoken = sum(end - start for start, end in find_speech(mono[:, None], RATE))
    return _ramp(spoken * RATE / len(mono), SPOKEN)


def _spectra(
    mono: NDArray[np.float32], window: int, hop: int, band: Range, rate: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return amplitudes in a band (looks, bins), and the power of the whole of each look."""
    looks = np.lib.stride_tricks.sliding_window_view(np.pad(mono, window // 2), window)[::hop]
    spectra = np.abs(fft.rfft(looks * signal.windows.hann(window).astype(np.float32), axis=1))
    hz = np.arange(window // 2 + 1) * rate / window
    return spectra[:, (hz >= band[0]) & (hz < band[1])], (spectra**2).sum(axis=1)


#: what a wish bars, as the orchestra reads it, where it is about this
_FAMILIES = {"drums": {"drums", "role:drums"}, "bass": {"role:bass"}, "voice": {"voices"}}
_LISTENERS: dict[str, Callable[[NDArray[np.float32]], float]] = {"drums": _drums, "bass": _bass, "voice": _voice}
