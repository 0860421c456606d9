"""Cue sheets for the tests: bars at a tempo, cuts on the bar lines or between them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from pipeline.cuesheet import Bar, Brief, Cue, CueSheet, Emotion, HitPoint, Scene, Style

MOODS: dict[Style, tuple[Emotion, float, float, float, str]] = {
    "cinematic": ("neutrality", 0.1, 0.1, 88, "D minor"),
    "ambient": ("neutrality", 0.2, -0.5, 76, "F lydian"),
    "electronic": ("happiness", 0.3, 0.6, 122, "A minor"),
    "folk": ("happiness", 0.6, 0.2, 104, "G major"),
    "lofi": ("neutrality", 0.2, -0.2, 84, "Eb major"),
    "playful": ("happiness", 0.7, 0.4, 124, "C major"),
    "tense": ("fear", -0.6, 0.4, 92, "E phrygian"),
    "epic": ("anger", -0.2, 0.8, 132, "C minor"),
}


def bars_between(start: float, end: float, bpm: float, cuts: Sequence[float] = ()) -> tuple[Bar, ...]:
    """Lay bars of four that are bent a little to start anew on every cut; the odd one comes last before it."""
    bars: list[Bar] = []
    edges = [start, *(cut for cut in cuts if start < cut < end), end]
    for left, right in itertools.pairwise(edges):
        beats = max(1.0, round((right - left) * bpm / 30) / 2)
        real = 60 * beats / (right - left)
        at = left
        while beats > 1e-9:
            size = min(4.0, beats) if beats != 4.5 else 2.5
            bars.append(Bar(at, size, real))
            at, beats = bars[-1].end, beats - size
    return tuple(bars)


def cue(
    style: Style,
    start: float,
    end: float,
    cuts: Sequence[tuple[float, float]] = (),
    *,
    number: str = "1m1",
    key: str | None = None,
    accents: Sequence[tuple[float, float]] = (),
    exclude: tuple[str, ...] = (),
    seed: int | None = None,
) -> Cue:
    """Make a cue; `cuts` (time, weight) are bar lines, `accents` fall wherever they fall."""
    emotion, valence, arousal, bpm, home = MOODS[style]
    hits = sorted([*cuts, *accents])
    return Cue(
        number=number, start=start, end=end, scenes=(0,), seen="a street", style=style, emotion=emotion, mood="plain",
        valence=valence, arousal=arousal, intensity=0.5, tempo=bpm, key=key or home,
        bars=bars_between(start, end, bpm, [time for time, _ in cuts]),
        hits=tuple(HitPoint(time, weight, "cut") for time, weight in hits), exclude=exclude, seed=seed,
    )  # fmt: skip


def sheet(cues: Sequence[Cue], *, seed: int = 1, exclude: tuple[str, ...] = ()) -> CueSheet:
    duration = cues[-1].end
    return CueSheet(
        duration=duration, frame_rate=24.0, seed=seed, scenes=(Scene(0, 0.0, duration),), cues=tuple(cues),
        brief=Brief(exclude=exclude, seed=seed),
    )  # fmt: skip


def one_cue(style: Style, *, seed: int = 1, exclude: tuple[str, ...] = ()) -> CueSheet:
    """Half a minute with cuts of every weight."""
    cuts = ((4.3, 0.5), (9.1, 0.7), (13.0, 0.4), (17.7, 0.9), (24.2, 0.5))
    return sheet([cue(style, 0, 32, cuts, exclude=exclude)], seed=seed)


def film(*, seed: int = 1, third_seed: int | None = None) -> CueSheet:
    """A minute in four cues of different styles and related keys."""
    return sheet(
        [
            cue("ambient", 0, 11.2, [(5.1, 0.4)], number="1m1", key="D minor"),
            cue("cinematic", 11.2, 30.4, [(11.2, 0.7), (16.0, 0.5), (20.3, 0.6)], number="1m2", key="F major"),
            cue("epic", 30.4, 46, [(30.4, 0.92), (35, 0.6)], number="1m3", key="D minor", seed=third_seed),
            cue("folk", 46, 60, [(46, 0.7), (52, 0.5)], number="1m4", key="F major"),
        ],
        seed=seed,
    )
