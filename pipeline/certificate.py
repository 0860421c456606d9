"""What the finished film holds, measured on the file itself and not on the plan."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from pipeline.ear.listen import Heard, hear
from pipeline.ear.loudness import integrated, true_peak_db
from pipeline.film import decode_sound, picture_length
from pipeline.music import Recording

WITHIN_S = 0.070  # of a cut: what watchers take for together (between ITU-R BT.1359's early and late limits)
SHIFTS = 200  # random shifts of the cuts behind the chance level: its error is then about two per cent

_TAIL_S = 0.010  # the film's last moment ...
_TAIL_DB = -60.0  # ... must be this far under its loudest
_LOUDEST_S = 0.4
_CLOSE_S = 1.0  # a stop is looked for in the last second
_AUDIBLE_DB, _DROP_DB = -40.0, 30.0  # sound that was audible and is 30 dB down 10 ms later for good was chopped
_FLOOR_DB = -120.0  # digital silence, in a file that knows no infinity

Ending = Literal["decays", "chopped", "silent"]


@dataclass(frozen=True)
class Certificate:
    """Measured on the finished file; shares of 0-1, times of the film's sound against its picture."""

    cuts: int  #: that count: those at the very ends of the film do not
    hit: float | None  #: share of the cuts with a beat or an accent within 70 ms; None without cuts
    chance: float | None  #: the same share for the same cuts at random places
    kappa: float | None  #: (hit - chance) / (1 - chance): 1 all by design, 0 no better than luck
    worst_ms: float | None  #: from the worst cut to its nearest beat or accent; positive: the music is late
    median_ms: float | None  #: of the distances, without sign
    tempo: float  #: beats per minute that were heard; 0 where no beat was
    loudness: float  #: LUFS, integrated
    true_peak: float  #: dBTP
    picture_s: float
    sound_s: float
    length_error_ms: (
        float  #: the end of the sound, by samples or packets, against the picture's; positive: it is longer
    )
    ending: Ending
    tail_db: float  #: the last 10 ms against the loudest 400 ms
    composer: str
    licence: str
    engine: str  #: what played, such as the synthesizer and its font; may be empty
    seed: int
    commercial: bool = True  #: whether the licence allows commercial use

    def to_json(self) -> str:
        return _CERTIFICATE.dump_json(self, indent=1).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Certificate:
        return _CERTIFICATE.validate_json(text)

    def lines(self) -> list[tuple[str, str]]:
        """Return what a person wants to know, as (what, how much)."""
        return [
            ("Cuts hit within 70 ms", self._cuts_line()),
            ("Loudness", f"{self.loudness:.1f} LUFS, true peak {self.true_peak:.1f} dBTP"),
            ("Length", f"{self.picture_s:.3f} s, the sound is off by {self.length_error_ms:+.1f} ms"),
            ("Ending", f"{self.ending} (last 10 ms at {self.tail_db:.0f} dB)"),
            ("Composer", f"{self.composer}, seed {self.seed}" + (f"; {self.engine}" if self.engine else "")),
            ("Licence", self.licence),
        ]

    def _cuts_line(self) -> str:
        if self.hit is None or self.chance is None or self.kappa is None or self.worst_ms is None:
            return "there are no cuts"
        return (
            f"{round(self.hit * self.cuts)} of {self.cuts} ({self.hit:.0%}; chance {self.chance:.0%}, "
            f"kappa {self.kappa:.2f}, worst {self.worst_ms:+.0f} ms)"
        )


_CERTIFICATE: TypeAdapter[Certificate] = TypeAdapter(Certificate)


def certify(film: Path, cuts: Sequence[float], *, recording: Recording, seed: int, engine: str = "") -> Certificate:
    """Measure the finished file. `cuts` are seconds from the first frame; raises BadMedia when it has no sound."""
    samples, rate = decode_sound(film)
    lengths = picture_length(film)
    return judge(
        samples, rate, cuts, picture_s=lengths.picture_end, packets_s=lengths.sound_end,
        composer=recording.composer, licence=recording.licence, seed=seed, engine=engine,
        commercial=recording.commercial,
    )  # fmt: skip


def judge(
    samples: NDArray[np.floating],
    rate: int,
    cuts: Sequence[float],
    *,
    picture_s: float,
    packets_s: float | None = None,
    composer: str = "",
    licence: str = "",
    seed: int = 0,
    engine: str = "",
    commercial: bool = True,
) -> Certificate:
    """Measure sound of shape (n, channels) against cuts in seconds; the same sound gives the same certificate.

    `picture_s` is where the picture ends, `packets_s` where the film's sound ends by its packets, which players may
    believe more than the samples: the worse of the two is the length error.
    """
    length = len(samples) / rate
    ends = (length, length if packets_s is None or not math.isfinite(packets_s) else packets_s)
    heard = hear(samples, rate)
    struck = landmarks(heard)
    counted = _counted(np.asarray(cuts, dtype=np.float64), picture_s)
    offsets = _offsets(counted, struck)
    hit = _share(offsets)
    chance = _chance(counted, struck, picture_s) if hit is not None else None
    ending, tail_db = judge_ending(samples, rate)
    return Certificate(
        cuts=len(counted),
        hit=hit,
        chance=chance,
        kappa=None if hit is None or chance is None else (hit - chance) / (1 - chance) if chance < 1 else 0.0,
        worst_ms=1000 * float(offsets[np.abs(offsets).argmax()]) if offsets.size else None,
        median_ms=1000 * float(np.median(np.abs(offsets))) if offsets.size else None,
        tempo=heard.tempo,
        loudness=max(_FLOOR_DB, integrated(samples, rate)),
        true_peak=max(_FLOOR_DB, true_peak_db(samples, rate)),
        picture_s=picture_s,
        sound_s=length,
        length_error_ms=1000 * max((end - picture_s for end in ends), key=abs),
        ending=ending,
        tail_db=tail_db,
        composer=composer,
        licence=licence,
        engine=engine,
        seed=seed,
        commercial=commercial,
    )


def landmarks(heard: Heard) -> NDArray[np.float64]:
    """Return the times that a cut may fall on: beats, and accents.

    An accent is a strike at least as strong as the middle one of the strikes on the beats; without beats, as the middle
    one of all strikes.
    """
    usual = float(np.median(heard.beat_strengths or heard.strengths or (0.0,)))
    accents = [time for time, strength in zip(heard.onsets, heard.strengths, strict=True) if strength >= usual]
    return np.sort(np.array([*heard.beats, *accents], dtype=np.float64))


def _counted(cuts: NDArray[np.float64], length: float) -> NDArray[np.float64]:
    """Leave off the cuts at the film's very ends, where its sound starts and stops anyway."""
    return cuts[(cuts > WITHIN_S) & (cuts < length - WITHIN_S)]


def _offsets(cuts: NDArray[np.float64], struck: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the way from each cut to the nearest landmark; a second where there is none at all."""
    if not struck.size:
        return np.ones(len(cuts))
    after = np.clip(np.searchsorted(struck, cuts), 1, max(1, len(struck) - 1))
    near = np.stack([struck[after - 1], struck[np.minimum(after, len(struck) - 1)]]) - cuts
    offsets: NDArray[np.float64] = np.where(np.abs(near[0]) <= np.abs(near[1]), near[0], near[1])
    return offsets


def _share(offsets: NDArray[np.float64]) -> float | None:
    return float((np.abs(offsets) <= WITHIN_S).mean()) if offsets.size else None


def _chance(cuts: NDArray[np.float64], struck: NDArray[np.float64], length: float) -> float:
    """Return the share that the same cuts would hit if they stood elsewhere: mean over random circular shifts."""
    shifts = np.random.default_rng(70).uniform(0, length, SHIFTS)
    shares = [_share(_offsets(_counted((cuts + shift) % length, length), struck)) for shift in shifts]
    return float(np.mean([share for share in shares if share is not None] or [0.0]))


def judge_ending(samples: NDArray[np.floating], rate: int) -> tuple[Ending, float]:
    """Tell whether sound of shape (n, channels) dies away or is cut off, and the level of its last 10 ms in dB.

    It is chopped when the last 10 ms are less than 60 dB under the loudest 400 ms, or when sound that could be heard in
    the last second is 30 dB down within 10 ms and never comes back.
    """
    power = np.mean(np.square(samples, dtype=np.float64), axis=1) if len(samples) else np.zeros(0)
    grain = max(1, round(_TAIL_S * rate))
    if len(power) < grain or not power.any():
        return "silent", _FLOOR_DB
    lead = len(power) % grain
    grains = power[lead:].reshape(-1, grain).mean(axis=1)
    span = min(len(grains), round(_LOUDEST_S / _TAIL_S))
    loudest = float(np.convolve(grains, np.ones(span) / span, mode="valid").max())
    levels = np.maximum(_FLOOR_DB, 10 * np.log10(np.maximum(grains / max(loudest, 1e-20), 1e-12)))
    tail_db = float(levels[-1])
    return ("chopped" if tail_db > _TAIL_DB or _stops_dead(levels) else "decays"), tail_db


def _stops_dead(levels: NDArray[np.float64]) -> bool:
    """Tell whether audible sound falls off a cliff within the last second, for good."""
    close = levels[-round(_CLOSE_S / _TAIL_S) :]
    after = np.maximum.accumulate(close[::-1])[::-1]  # the loudest that still comes
    cliffs = (close[:-1] > _AUDIBLE_DB) & (after[1:] < close[:-1] - _DROP_DB)
    return bool(cliffs.any())
