"""The cut-lock: where a sound begins and how it is bent so that the cuts of its cue fall on its beats."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pipeline import certificate
from pipeline.cuesheet import Cue
from pipeline.cutlock.accents import bring_out
from pipeline.cutlock.anchors import MISSED, MOST, Anchors, Choice, Moment, Span, choose_anchors, is_leap
from pipeline.cutlock.landmarks import Landmarks, Times, find_landmarks
from pipeline.cutlock.loops import lengthen
from pipeline.cutlock.stretch import Leg, heard_at, stretch
from pipeline.ear.listen import Heard, hear
from pipeline.keys import Key
from pipeline.music import RATE, Audio

START_WEIGHT, END_WEIGHT = 2.0, 0.4  # of the cue's borders: music wants to begin on a bar line more than anything
BORDER_MISSED = 1.0  # what it costs when there is no cut and it does not
TOGETHER_S = 0.12  # cuts nearer than this are one to the music
SPARE_S = 6.0  # of sound beyond what is needed, where too little is there: room to choose where to begin
STANDING_OUT = 1.4  # times the usual beat, that a strike on a cut should have: films have louder cues than this one
RETRIES, ENOUGH = 2, 0.95  # after listening to what has come out, while a smaller share of the cuts is met


@dataclass(frozen=True)
class Locked:
    """Sound that fits its cue. Without a beat of its own `beats` is empty: then its accents meet the cuts."""

    audio: Audio = field(repr=False)  #: (n, 2) at RATE, bent
    start: float  #: when its first sample sounds, seconds of the film; it may lie before the cue's start
    beats: tuple[float, ...]  #: times of the film
    downbeats: tuple[float, ...]
    hits: int  #: cuts met by a beat or an accent within 70 ms, as the certificate hears it
    asked: int  #: cuts in the cue
    stretch: tuple[float, float]  #: the smallest and the largest rate; a rate of 1.02 is 2 per cent faster
    key: Key | None


def lock(sound: Audio, cue: Cue, *, before_s: float, after_s: float) -> Locked:
    """Choose where `sound` (n, 2) at RATE begins, and bend it, so that the cue's cuts fall on its beats.

    It covers the cue, and as much of `before_s` and `after_s` around it as the sound has. Sound that is shorter than
    the cue goes back to a bar line and on. Sound that is longer gives more to choose from.
    """
    sound = _sound(sound)
    marks = find_landmarks(sound)
    span = Span(cue.start, cue.end, before_s, after_s)
    if marks.audible[1] - marks.audible[0] < cue.length * MOST:
        sound = lengthen(sound, marks, (before_s + cue.length + after_s) * MOST + SPARE_S)
        marks = find_landmarks(sound)
    if marks.audible[1] - marks.audible[0] < cue.length:  # there is nothing in it
        return _silent(cue)
    return _heard_best(sound, marks, cue, span)


def _sound(sound: Audio) -> Audio:
    """Return two channels of numbers."""
    sound = np.asarray(sound, dtype=np.float32)
    sound = sound.reshape(len(sound), -1) if sound.size else np.zeros((0, 2), np.float32)
    if not np.isfinite(sound).all():
        sound = np.nan_to_num(sound, nan=0.0, posinf=0.0, neginf=0.0)
    return np.ascontiguousarray(np.repeat(sound, 2, axis=1) if sound.shape[1] == 1 else sound[:, :2])


def _silent(cue: Cue) -> Locked:
    audio = np.zeros((max(1, round(cue.length * RATE)), 2), np.float32)
    return Locked(audio, cue.start, (), (), 0, len(_cuts(cue)), (1.0, 1.0), None)


def _cuts(cue: Cue) -> Times:
    return np.array([hit.time for hit in cue.hits if hit.kind != "jolt"])


def _moments(cue: Cue) -> list[Moment]:
    """Return what wants a landmark: the cuts, those that are near each other as one, and the cue's borders."""
    moments = [Moment(cue.start, START_WEIGHT, BORDER_MISSED)]
    for hit in sorted(cue.hits, key=lambda hit: hit.time):
        if hit.kind == "jolt":
            continue
        moment = Moment(hit.time, hit.weight, MISSED[0] + MISSED[1] * hit.weight)
        last = moments[-1]
        if moment.time - last.time >= TOGETHER_S:
            moments.append(moment)
        elif moment.missed > last.missed:
            moments[-1] = replace(moment, weight=max(moment.weight, last.weight))
    if cue.end - moments[-1].time >= TOGETHER_S:
        moments.append(Moment(cue.end, END_WEIGHT, BORDER_MISSED))
    return moments


def _heard_best(sound: Audio, marks: Landmarks, cue: Cue, span: Span) -> Locked:
    """Bend, listen, and choose again where a landmark has got lost; return what has met the most cuts."""
    moments, unheard = _moments(cue), set[Choice]()
    best: Locked | None = None
    for _ in range(RETRIES + 1):
        anchors = choose_anchors(marks, moments, span, unheard)
        locked, heard = _play(sound, marks, cue, _course(anchors, marks, span), _strikes(anchors, moments))
        if best is None or locked.hits > best.hits:  # of equals the first, which costs least
            best = locked
        lost = _lost(anchors, heard)
        if best.hits >= ENOUGH * best.asked or not lost - unheard:
            break
        unheard |= lost
    assert best is not None
    return best


def _strikes(anchors: Anchors | None, moments: Sequence[Moment]) -> list[tuple[float, float]]:
    """Return (time, weight) of what shall be brought out."""
    if anchors is None:
        return []
    weights = [min(1.0, moments[number].weight) for number, _ in anchors.chosen]
    return list(zip(anchors.film.tolist(), weights, strict=True))


def _lost(anchors: Anchors | None, heard: Times) -> set[Choice]:
    """Return the choices that nothing was heard of."""
    if anchors is None:
        return set()
    met = _met(anchors.film, heard)
    return {choice for choice, there in zip(anchors.chosen, met, strict=True) if not there}


def _met(times: Times, heard: Times) -> NDArray[np.bool_]:
    if not heard.size or not times.size:
        return np.zeros(len(times), dtype=bool)
    met: NDArray[np.bool_] = np.abs(times[:, None] - heard[None, :]).min(axis=1) <= certificate.WITHIN_S
    return met


def _course(anchors: Anchors | None, marks: Landmarks, span: Span) -> list[Leg]:
    """Return the legs between the anchors, and out to what there is of sound before and after the cue."""
    film, sound, pace = (anchors.film, anchors.sound, anchors.pace) if anchors else _adrift(marks, span)
    begin = max(span.start - span.before, film[0] - (sound[0] - marks.audible[0]) / pace)
    end = min(span.end + span.after, film[-1] + (marks.audible[1] - sound[-1]) / pace)
    times = [min(begin, film[0]), *film, max(end, film[-1])]
    into = [sound[0] - (film[0] - times[0]) * pace, *sound, sound[-1] + (times[-1] - film[-1]) * pace]
    pairs = zip(itertools.pairwise(times), itertools.pairwise(into), strict=True)
    return [_leg(of_film, of_sound, pace) for of_film, of_sound in pairs if of_film[1] - of_film[0] >= 1 / RATE]


def _leg(film: tuple[float, float], sound: tuple[float, float], pace: float) -> Leg:
    """Return the way between two anchors; before a leap the sound goes on at its pace."""
    length = film[1] - film[0]
    last = sound[0] + length * pace if is_leap(length, sound[1] - sound[0]) else sound[1]
    return Leg((float(film[0]), float(film[1])), (float(sound[0]), float(last)))


def _adrift(marks: Landmarks, span: Span) -> tuple[Times, Times, float]:
    """Return the anchors of sound that has no landmark: as much of the lead-in as there is to spare."""
    spare = marks.audible[1] - marks.audible[0] - (span.end - span.start)
    return np.array([span.start]), np.array([marks.audible[0] + min(span.before, spare)]), 1.0


def _play(
    sound: Audio, marks: Landmarks, cue: Cue, course: Sequence[Leg], strikes: Sequence[tuple[float, float]]
) -> tuple[Locked, Times]:
    """Bend the sound along its course and listen to it."""
    audio = stretch(sound, course)
    start = round(course[0].film[0] * RATE) / RATE
    strikes = [(time - start, weight) for time, weight in strikes]
    audio = bring_out(audio, strikes)
    said = hear(audio, RATE)
    if weak := _weak(strikes, said):
        audio = bring_out(audio, weak)
        said = hear(audio, RATE)
    heard = start + certificate.landmarks(said)
    cuts = _cuts(cue)
    beats, downbeats = (_within(heard_at(times, course), start, len(audio)) for times in (marks.beats, marks.downbeats))
    rates = [leg.rate for leg in course]
    hits = int(_met(cuts, heard).sum())
    return Locked(audio, start, beats, downbeats, hits, len(cuts), (min(rates), max(rates)), marks.key), heard


def _weak(strikes: Sequence[tuple[float, float]], heard: Heard) -> list[tuple[float, float]]:
    """Return the strikes that would be lost beside a louder cue: those no stronger than what is usual on beats."""
    usual = float(np.median(heard.beat_strengths or heard.strengths or (0.0,)))
    strong = [time for time, hit in zip(heard.onsets, heard.strengths, strict=True) if hit > STANDING_OUT * usual]
    return [strike for strike in strikes if not _met(np.array([strike[0]]), np.array(strong)).any()]


def _within(times: Times, start: float, samples: int) -> tuple[float, ...]:
    return tuple(times[(times >= start) & (times < start + samples / RATE)].tolist())
