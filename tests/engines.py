"""Engines that generate sound without a model, well or badly, by the contract of pipeline/generated/orders.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import soxr

from pipeline.backends import Session
from pipeline.cuesheet import Style
from pipeline.errors import Unavailable
from pipeline.generated.orders import Engine, Order, Sound
from pipeline.keys import read_key
from pipeline.music import RATE
from tests import sheets


@dataclass
class Plucks:
    """Plucked chords over a bass at a tempo of its own: music enough for every check, and made in no time."""

    faster: float = 1.0  #: times the tempo that was asked for
    offset_s: float = 0.0  #: of silence before the first beat
    rate: int = 32_000
    channels: int = 1
    name: str = "plucks:small"
    licence: str = "Made for a test."
    commercial: bool = False
    asked: list[list[Order]] = field(default_factory=list)  #: each call's orders

    def play(self, orders: Sequence[Order], session: Session) -> list[Sound]:
        self.asked.append(list(orders))
        sounds = []
        for number, order in enumerate(orders):
            session.report("music", number, len(orders))
            sound = _pluck(order.seconds, order.tempo * self.faster, order.key, order.seed, self.rate)
            sounds.append(np.repeat(_delayed(sound, self.offset_s, self.rate)[:, None], self.channels, axis=1))
        session.report("music", len(orders), len(orders))
        return sounds


@dataclass
class Orchestral:
    """The embedded orchestra at a tempo of its own: real music that keeps to itself."""

    style: Style = "electronic"
    faster: float = 1.0  #: times the tempo that was asked for
    offset_s: float = 0.0
    rate: int = RATE
    name: str = "orchestral"
    licence: str = "Made for a test."
    commercial: bool = True
    asked: list[list[Order]] = field(default_factory=list)

    def play(self, orders: Sequence[Order], session: Session) -> list[Sound]:
        self.asked.append(list(orders))
        sounds = []
        for number, order in enumerate(orders):
            session.report("music", number, len(orders))
            tempo = min(240.0, max(30.0, order.tempo * self.faster))
            sound = _orchestrate(self.style, round(order.seconds, 3), tempo, order.key, order.seed)
            sounds.append(soxr.resample(_delayed(sound, self.offset_s, RATE), RATE, self.rate))
        session.report("music", len(orders), len(orders))
        return sounds


@dataclass
class Spoilt:
    """Another engine, the first takes of whose chosen cues are spoilt."""

    inner: Engine
    spoil: Callable[[Sound], Sound]
    takes: int = 1  #: of each cue, that are
    starts: tuple[float, ...] | None = None  #: of the cues' orders; None: all cues
    cheap: bool = False
    machine: str = ""
    orders: list[list[Order]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.name, self.licence = self.inner.name, self.inner.licence
        self.commercial, self.rate = self.inner.commercial, self.inner.rate

    def play(self, orders: Sequence[Order], session: Session) -> list[Sound]:
        before = [order.start for call in self.orders for order in call]
        self.orders.append(list(orders))
        sounds = self.inner.play(orders, session)
        return [
            self.spoil(sound) if self._chosen(order) and before.count(order.start) < self.takes else sound
            for order, sound in zip(orders, sounds, strict=True)
        ]

    def _chosen(self, order: Order) -> bool:
        return self.starts is None or any(abs(order.start - start) < 1e-6 for start in self.starts)


@dataclass
class Failing:
    """Another engine that raises in the midst of a call, after so many calls that went well."""

    inner: Engine
    after: int = 0
    error: Exception = field(default_factory=lambda: Unavailable("The vendor is down.", hint="Try again later."))
    cheap: bool = False
    calls: int = 0

    def __post_init__(self) -> None:
        self.name, self.licence = self.inner.name, self.inner.licence
        self.commercial, self.rate = self.inner.commercial, self.inner.rate

    def play(self, orders: Sequence[Order], session: Session) -> list[Sound]:
        self.calls += 1
        if self.calls > self.after:
            session.report("music", 0.5, 1.0)
            raise self.error
        return self.inner.play(orders, session)


def not_numbers(sound: Sound) -> Sound:
    spoilt = sound.copy()
    spoilt[len(spoilt) // 2 :] = np.nan
    return spoilt


def silent(sound: Sound) -> Sound:
    return np.zeros_like(sound)


def broken_off(sound: Sound) -> Sound:
    """Fall silent for good after a third."""
    spoilt = sound.copy()
    spoilt[len(spoilt) // 3 :] *= np.float32(1e-4)
    return spoilt


def short(sound: Sound, share: float = 0.3) -> Sound:
    return sound[: round(share * len(sound))]


def gapped(sound: Sound, rate: int = 32_000) -> Sound:
    spoilt = sound.copy()
    middle = len(spoilt) // 3
    spoilt[middle : middle + 3 * rate] = 0
    return spoilt


def clipped(sound: Sound) -> Sound:
    return np.clip(sound / np.abs(sound).max() * 6, -1, 1).astype(np.float32)


def noise(sound: Sound) -> Sound:
    return (0.1 * np.random.default_rng(5).standard_normal(sound.shape)).astype(np.float32)


def drone(sound: Sound, rate: int = 32_000) -> Sound:
    t = np.arange(len(sound)) / rate
    held = sum(np.sin(2 * np.pi * hz * t) / order for order, hz in enumerate((110, 220, 330, 440.5), 1))
    return np.repeat((0.1 * held)[:, None], sound.shape[1], axis=1).astype(np.float32)


def looped(sound: Sound, rate: int = 32_000, period_s: float = 0.437) -> Sound:
    """Repeat the snippet of the third second for ever."""
    snippet = sound[2 * rate : 2 * rate + round(period_s * rate)]
    return np.tile(snippet, (len(sound) // len(snippet) + 1, 1))[: len(sound)]


def shifted(sound: Sound) -> Sound:
    """Put it on a constant greater than itself."""
    return (0.3 * sound + np.float32(0.5)).astype(np.float32)


@cache
def _pluck(seconds: float, tempo: float, key: str, seed: int, rate: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    scale, beat = read_key(key).scale, 60 / tempo
    total = np.zeros(round(seconds * rate), np.float32)
    for number, at in enumerate(np.arange(0, seconds - 0.01, beat / 2)):
        degrees = rng.integers(0, 7, 2) if number % 2 else rng.integers(0, 7, 3)
        notes = [60 + scale[degree] for degree in degrees] + ([36 + scale[int(degrees[0])]] if number % 2 == 0 else [])
        strength = (1.0, 0.35, 0.7, 0.35)[number % 4] * (1.3 if number % 8 == 0 else 1.0)
        _ring(total, round(at * rate), notes, strength, rate)
    return (total / max(1e-9, float(np.abs(total).max())) * 0.6).astype(np.float32)


def _ring(total: np.ndarray, at: int, notes: Sequence[int], strength: float, rate: int) -> None:
    for note in notes:
        tone = _tone(note, rate)[: len(total) - at]
        total[at : at + len(tone)] += np.float32(strength) * tone


@cache
def _tone(note: int, rate: int) -> np.ndarray:
    hz, t = 440 * 2 ** ((note - 69) / 12), np.arange(round(0.9 * rate)) / rate
    tone = sum(np.sin(2 * np.pi * hz * part * t) * np.exp(-(3 + 2 * part) * t) / part for part in (1, 2, 3, 5))
    return (np.minimum(1, t / 0.003) * tone).astype(np.float32)


@cache
def _orchestrate(style: Style, seconds: float, tempo: float, key: str, seed: int) -> np.ndarray:
    from pipeline.composers.orchestra import Orchestra

    cue = sheets.cue(style, 0, seconds, key=key)
    cue = replace(cue, tempo=tempo, bars=sheets.bars_between(0, seconds, tempo))
    take = Orchestra().compose(sheets.sheet([cue], seed=seed), Session()).takes[0]
    total = np.zeros((max(len(audio) for audio in take.stems.values()), 2), np.float32)
    for audio in take.stems.values():
        total[: len(audio)] += audio
    return total


def _delayed(sound: np.ndarray, seconds: float, rate: int) -> np.ndarray:
    return np.concatenate([np.zeros((round(seconds * rate), *sound.shape[1:]), np.float32), sound])[: len(sound)]
