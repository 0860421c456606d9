"""Beats to seconds and back, along the bars of a click track."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.cuesheet import Bar


@dataclass(frozen=True)
class Clock:
    """Quarter notes from the cue's first bar line against seconds from the clip's first frame."""

    beats: tuple[float, ...]
    seconds: tuple[float, ...]

    def time(self, beat: float) -> float:
        return _read(self.beats, self.seconds, beat)

    def beat(self, time: float) -> float:
        return _read(self.seconds, self.beats, time)

    def beat_s(self, beat: float) -> float:
        """Seconds per quarter note at this point."""
        return self.time(beat + 0.5) - self.time(beat - 0.5)


def wind(bars: Sequence[Bar], end: float) -> Clock:
    """Return the clock of one cue's bars; `end` is the cue's last instant in seconds."""
    beats, seconds = [0.0], [bars[0].start]
    for number, bar in enumerate(bars):
        beats.append(beats[-1] + bar.beats)
        seconds.append(bars[number + 1].start if number + 1 < len(bars) else end)
    return Clock(tuple(beats), tuple(seconds))


def slow_down(clock: Clock, start: float, stop: float, stretch: float) -> Clock:
    """Return a clock with a ritard between two beats: the last one comes `stretch` seconds late.

    The tempo falls as a runner stops, after Friberg & Sundberg 1999: time lost grows with the square of the way.
    """
    steps = max(2, round((stop - start) * 4))
    grid = [start + (stop - start) * step / steps for step in range(steps + 1)]
    before = [(b, s) for b, s in zip(clock.beats, clock.seconds, strict=True) if b < start - 1e-9]
    slowing = [(b, clock.time(b) + stretch * ((b - start) / (stop - start)) ** 2) for b in grid]
    last = max(clock.beats[-1], stop + 1)
    after = [(last, max(clock.time(last), slowing[-1][1] + 1e-3))]
    points = before + slowing + after
    return Clock(tuple(b for b, _ in points), tuple(s for _, s in points))


def _read(xs: Sequence[float], ys: Sequence[float], x: float) -> float:
    """Interpolate; before the first and after the last point the nearest slope goes on."""
    at = min(max(bisect_right(xs, x), 1), len(xs) - 1)
    x0, x1, y0, y1 = xs[at - 1], xs[at], ys[at - 1], ys[at]
    return y0 + (x - x0) * (y1 - y0) / (x1 - x0)
