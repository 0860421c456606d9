"""The one file that knows the time-stretching library: sound goes faster and slower along a course.

Signalsmith Stretch (python-stretch, MIT) was chosen by measurement: its clicks lie within a fraction of a millisecond
of the course and keep their edge. Rubberband as ffmpeg runs it is some milliseconds off, and they are heard before they
come, 15 dB down. It goes at one rate at a time, so that each leg between two anchors is a run of its own, which begins
in phase at its anchor: that is where a strike is, and where its edge matters. Where it has no wheel (Linux on ARM)
librosa's phase vocoder plays, which is in time too but smears.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.cutlock.landmarks import Times
from pipeline.cutlock.seams import cross
from pipeline.ear.features import load_librosa
from pipeline.music import RATE, Audio

SEAM_S = 0.012  # before each anchor, over which one stretch goes over into the next: an ear takes it for one
LEAD_S, TAIL_S = 0.06, 0.12  # that the library needs to either side before its sound is whole: its window is 120 ms
SMEAR = 1024  # samples in librosa's window: longer ones smear more, shorter ones lose the bass
SAME = 1e-7  # of a rate: nearer than this two are the same


@dataclass(frozen=True)
class Leg:
    """A stretch of film in which the sound goes at one rate; all in seconds."""

    film: tuple[float, float]
    sound: tuple[float, float]

    @property
    def rate(self) -> float:
        """Seconds of the sound to a second of the film."""
        return (self.sound[1] - self.sound[0]) / (self.film[1] - self.film[0])


def heard_at(times: Times, course: Sequence[Leg]) -> Times:
    """Return when what sounds at these seconds of the sound is heard in the film; what is left out is not."""
    heard = []
    for leg in course:
        there = times[(times >= leg.sound[0]) & (times < leg.sound[1])]
        heard.append(leg.film[0] + (there - leg.sound[0]) / leg.rate)
    return np.concatenate(heard) if heard else np.zeros(0)


def stretch(sound: Audio, course: Sequence[Leg]) -> Audio:
    """Play (n, 2) at RATE along a course whose legs meet in the film; what lies outside the sound is silence.

    Where it goes at the sound's own pace the samples are left as they are. The same sound gives the same samples.
    """
    begin, end = round(course[0].film[0] * RATE), round(course[-1].film[1] * RATE)
    out = np.zeros((end - begin, 2), np.float32)
    for number, leg in enumerate(_merged(course)):
        first, last = (round(time * RATE) - begin for time in leg.film)
        lead = min(round(SEAM_S * RATE), first) if number else 0
        piece = _run(sound, leg, lead, last - first)
        if lead:
            piece[:lead] = cross(out[first - lead : first], piece[:lead])
        out[first - lead : last] = piece
    return out


def _merged(course: Sequence[Leg]) -> Iterator[Leg]:
    """Yield the legs, those that go on at the same rate as one."""
    held = course[0]
    for leg in course[1:]:
        if abs(leg.sound[0] - held.sound[1]) < 1 / RATE and abs(leg.rate - held.rate) < SAME:
            held = Leg((held.film[0], leg.film[1]), (held.sound[0], leg.sound[1]))
        else:
            yield held
            held = leg
    yield held


def _run(sound: Audio, leg: Leg, lead: int, samples: int) -> Audio:
    """Play one leg, so many samples, and `lead` samples before it."""
    if abs(leg.rate - 1) * samples < 0.5:
        start = round(leg.sound[0] * RATE)
        return _cut(sound, start - lead, start + samples)
    before = lead + round(LEAD_S * RATE)
    length = before + samples + round(TAIL_S * RATE)
    first = round(leg.sound[0] * RATE - before * leg.rate)
    played = _play(_cut(sound, first, first + round(length * leg.rate)), length)
    skip = round((leg.sound[0] * RATE - first) / leg.rate) - lead
    return _cut(played, skip, skip + lead + samples)


def _play(sound: Audio, samples: int) -> Audio:
    """Play a sound at such a rate that it lasts so many samples."""
    try:
        from python_stretch.Signalsmith import Stretch
    except ModuleNotFoundError:
        return _play_smeared(sound, samples)
    engine: Any = Stretch(1)  # seeded: it is the same every time
    engine.preset(2, RATE)
    engine.timeFactor = len(sound) / samples
    return np.ascontiguousarray(engine.process(np.ascontiguousarray(sound.T)).T)


def _play_smeared(sound: Audio, samples: int) -> Audio:
    played = load_librosa().effects.time_stretch(sound.T, rate=len(sound) / samples, n_fft=SMEAR)
    return np.ascontiguousarray(played.T, dtype=np.float32)


def _cut(sound: Audio, first: int, last: int) -> Audio:
    """Return samples first..last, with silence where there are none."""
    out = np.zeros((last - first, 2), np.float32)
    inside = sound[max(0, first) : max(0, last)]
    at = max(0, -first)
    out[at : at + len(inside)] = inside
    return out
