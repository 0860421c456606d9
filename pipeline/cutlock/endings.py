"""A real ending for sound that goes on: it dies by itself, or its last strike falls on a beat and rings away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.certificate import WITHIN_S, judge_ending
from pipeline.cuesheet import HitPoint
from pipeline.cutlock.landmarks import Times
from pipeline.ear.listen import hear
from pipeline.music import RATE, Audio
from pipeline.room import reverberate

RING_S, RING_SHARE = 2.4, 0.4  # that the last strike rings; no more than a share of a short cue
SHORTEST_RING_S, SHORTEST_SHARE = 1.5, 0.25
FADE_SHARE = 0.35  # of the ring, in which it is led to nothing: with more, half a second of it could not be heard
CUT_RING_S = 0.4  # a cut this near the end carries the last strike itself: none is let pass in silence
LONGEST_RING_S = 3.4  # longer ones are waited out, not listened to
#: seconds of ring by which a strike off the bar line or off the beat is worse, and for each cut that comes after it
OFF_BAR, OFF_BEAT, CUT_AFTER = 1.0, 1.8, 6.0

HELD_S = 0.12  # of the last strike before it begins to die: its edge
NEXT_BEAT_DB = -36.0  # of what is played on after it, by the time of the next beat: that is not heard any more
USUAL_BEAT_S = 0.6  # where there is no beat
ROOM_DB = 3.0  # of the hall that the strike rings on in, over what a hall would answer
REST_S = 0.012  # of digital silence at the end: the last moment is silent

DYING_S, DYING_DB = 1.2, -26.0  # sound that is so far down over its last stretch has ended by itself
GRAIN_S = 0.05


@dataclass(frozen=True)
class Closing:
    """The end of a piece; seconds of the film."""

    start: float  #: when its first sample sounds
    end: float  #: when it must be over
    beats: Sequence[float] = ()
    downbeats: Sequence[float] = ()
    hits: Sequence[HitPoint] = ()  #: the picture's, which the last strike may carry

    @property
    def cuts(self) -> list[float]:
        return [hit.time for hit in self.hits if hit.kind != "jolt"]


def close(audio: Audio, closing: Closing) -> Audio:
    """Return (n, 2) at RATE up to the end, ending for real and in silence."""
    samples = max(1, round((closing.end - closing.start) * RATE))
    fitted = np.zeros((samples, 2), np.float32)
    fitted[: min(samples, len(audio))] = audio[:samples]
    if not fitted.any() or _dies(fitted):
        return _rested(fitted, min(0.3, 0.2 * samples / RATE))
    strike = place_last_strike(fitted, closing)
    return _rung(fitted, round((strike - closing.start) * RATE), _beat_s(closing, strike))


def place_last_strike(audio: Audio, closing: Closing) -> float:
    """Choose when the last strike falls: on a bar line if one is near, on a cut rather than before it."""
    length = closing.end - closing.start
    goal = min(RING_S, RING_SHARE * length)
    shortest = min(SHORTEST_RING_S, SHORTEST_SHARE * length)
    choices = {time: _cost(time, goal, closing) for time in _strikes(audio, closing)}
    least = {time: min(CUT_RING_S, shortest) if _by(time, closing.cuts) else shortest for time in choices}
    fitting = {time: cost for time, cost in choices.items() if least[time] <= closing.end - time <= length}
    if not fitting:
        return closing.end - goal
    return min(fitting, key=lambda time: (fitting[time], time))


def _strikes(audio: Audio, closing: Closing) -> list[float]:
    """Return the beats, and where there are none the strikes, near the end."""
    latest = closing.end - 2 * LONGEST_RING_S
    beats = [time for time in closing.beats if time >= latest]
    cuts = [time for time in closing.cuts if time >= latest and not _by(time, beats)]
    if beats:
        return [*beats, *cuts]
    first = max(0, len(audio) - round(2 * LONGEST_RING_S * RATE))
    return [closing.start + first / RATE + time for time in hear(audio[first:], RATE).onsets]


def _cost(time: float, goal: float, closing: Closing) -> float:
    ring = closing.end - time
    cost = abs(ring - goal) + 3.0 * (ring > LONGEST_RING_S)
    if not _by(time, closing.downbeats):
        cost += OFF_BAR if _by(time, closing.beats) else OFF_BEAT
    return cost + CUT_AFTER * sum(time + WITHIN_S < cut < closing.end - WITHIN_S for cut in closing.cuts)


def _by(time: float, others: Sequence[float]) -> bool:
    return any(abs(time - other) < WITHIN_S for other in others)


def _beat_s(closing: Closing, strike: float) -> float:
    """Return how long after a strike the next beat comes."""
    later = [beat - strike for beat in closing.beats if beat - strike > 0.2]
    return min([*later, USUAL_BEAT_S])


def _dies(audio: Audio) -> bool:
    """Whether the sound has ended by itself: far down over its last stretch, by degrees."""
    levels = _levels(audio)
    last = levels[-max(1, min(round(DYING_S / GRAIN_S), len(levels) // 3)) :]
    return bool(last.max() < DYING_DB) and judge_ending(_rested(audio, 0.3), RATE)[0] == "decays"


def _levels(audio: Audio) -> NDArray[np.float64]:
    """Return the level of each grain against the loudest, dB."""
    grain = min(len(audio), round(GRAIN_S * RATE))
    power = np.square(audio[: len(audio) // grain * grain], dtype=np.float64).reshape(-1, grain * 2).mean(axis=1)
    levels: Times = 10 * np.log10(np.maximum(power / max(float(power.max()), 1e-20), 1e-12))
    return levels


def _rung(audio: Audio, strike: int, beat_s: float) -> Audio:
    """Let the sound die from a strike on, in a hall."""
    n = len(audio)
    after = np.arange(n - strike) / RATE
    fall = np.maximum(0, after - HELD_S) * NEXT_BEAT_DB / max(0.05, min(beat_s, n / RATE) - HELD_S)
    dry = audio[strike:] * (10 ** (fall / 20)).astype(np.float32)[:, None]
    ring = after[-1] if len(after) else 0.0
    hall = reverberate(dry, "cinematic") * np.float32(10 ** (ROOM_DB / 20))
    rung = np.concatenate([audio[:strike], dry + hall])
    return _rested(rung, FADE_SHARE * ring)


def _rested(audio: Audio, fade_s: float) -> Audio:
    """Fade the end to nothing, so that the last moment is silent."""
    n = len(audio)
    rest = min(n, max(1, min(round(REST_S * RATE), n // 10)))
    fade = min(n - rest, round(fade_s * RATE))
    gain = np.ones(n, np.float32)
    gain[n - rest - fade : n - rest] = np.cos(np.linspace(0, np.pi / 2, fade)) ** 2
    gain[n - rest :] = 0
    return audio * gain[:, None]
