"""The engine that is always there: plays a SoundFont with numpy and scipy alone.

A note is the font's recording read at the pace of its pitch, then through the zone's filter, tremolo and envelope. What
does not depend on the note's length is made once for each zone and pitch and kept, so a score costs little more than
adding its notes up. Recordings are oversampled before they are read and lowered in bandwidth where they are read fast,
so nothing folds back. After the key is lifted filter and vibrato go on as if it were held; fonts' modulators are not
played. Volume follows FluidSynth where the standard leaves room: 96 dB for the whole of a decay.
"""

from __future__ import annotations

import math
from collections import OrderedDict, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from pipeline.errors import Unavailable
from pipeline.music import RATE, Audio
from pipeline.orchestra.fonts import Font
from pipeline.orchestra.soundfont import Gen, Zone, find_zones, open_font, read_recording
from pipeline.orchestra.synth import DAMP, DRUMS, LIFT, STRIKE, Event

Mono = NDArray[np.float32]  #: shape (samples,)
Curve = NDArray[np.float64]  #: shape (samples,) or (ticks,)

_DRUM_BANK = 128
_OVERSAMPLED = 2  # with four-point reading what is added to 1 kHz of a 44.1 kHz recording is 72 dB under it
_FIR_REACH = 24  # samples of the recording to each side: a transition of about a tenth of the band
_BANDS = 4  # per octave: how finely the bandwidth follows the pace of reading
_FASTEST = 64.0  # recording samples for one of ours, six octaves up; above it nothing is left to hear
_PASSED = 0.95  # of the band that the FIR's slope is centred on
_KAISER = 7.0  # a stop band of -70 dB
_EDGE = 2  # samples of silence around a recording, so that four points can always be read
_BLOCK = 16_384  # samples read at a time: they stay in the processor's cache

_TICK = 64  # samples between two values of a modulation, as in both other engines
_OPEN_HZ = 18_000.0  # a filter without resonance that stands above this is not heard and not run
_RESONANT_CB = 10  # centibel; also an open filter with more than this is run, for it lowers the whole
_TOP_HZ = 0.45 * RATE
_STEP_CENTS = 20.0  # a filter moves in steps of this size

_LOOPING = (1, 3)
_ATTENUATION = 0.4  # of a dB is what a font's dB of attenuation does: the EMU 8000 did so, and FluidSynth does
_SILENT_DB = 96.0  # the whole way of a decay or release, as FluidSynth has it
_INAUDIBLE_DB = 84.0  # where a tail is cut off
_QUICKEST_RELEASE_S = 0.016  # for 96 dB; shorter ones click (FluidSynth's limit too)
_DAMP_S = 0.03  # for 96 dB: gone in 10 ms, quick but without a click
_CHOKE_S = 0.25  # for 96 dB: a closing hi-hat takes 50 ms to hush the open one

_CACHE_BYTES = 96 << 20  # of tones, which are four minutes of them; and as much of recordings


class _Struck(NamedTuple):
    """One note, in samples: struck, lifted, and silenced within `fade_s` from `stopped`."""

    on: int
    lifted: int
    stopped: int
    fade_s: float
    pitch: int
    velocity: int


@dataclass(frozen=True, eq=False)
class _Wave:
    """A recording ready to be read: oversampled, band-limited; looped ones carry their loop and what follows it."""

    samples: Mono
    start: float  #: where the recording begins
    end: float  #: where it ends, or where its loop does
    cycle: float  #: length of the loop, 0 for none

    @property
    def nbytes(self) -> int:
        return self.samples.nbytes


@dataclass(frozen=True, eq=False)
class _Tone:
    """One zone at one pitch: as it is recorded, and as it sounds with the key held."""

    raw: Mono
    held: Mono
    whole: bool  #: there is nothing after its end

    @property
    def nbytes(self) -> int:
        return self.raw.nbytes + self.held.nbytes


_Times = TypeVar("_Times", Mono, Curve)


class _Envelope(NamedTuple):
    """Delay, attack, hold and decay in seconds; the decay's is for the whole way down."""

    delay: float
    attack: float
    hold: float
    decay: float

    def risen(self, seconds: _Times) -> _Times:
        """Return how far the attack has come, 0 to 1."""
        risen: _Times = np.clip((seconds - self.delay) / self.attack, 0.0, 1.0)
        return risen

    def fallen(self, seconds: _Times) -> _Times:
        """Return how far the decay has come, 0 to 1, as if it went all the way."""
        fallen: _Times = np.clip((seconds - (self.delay + self.attack + self.hold)) / self.decay, 0.0, 1.0)
        return fallen


class _Sized(Protocol):
    @property
    def nbytes(self) -> int: ...


_Kept = TypeVar("_Kept", bound=_Sized)


class _Shelf(Generic[_Kept]):
    """Keeps what was used last, up to a number of bytes."""

    def __init__(self) -> None:
        self._kept: OrderedDict[object, _Kept] = OrderedDict()
        self._bytes = 0

    def take(self, key: object) -> _Kept | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: object, thing: _Kept) -> _Kept:
        replaced = self._kept.pop(key, None)
        self._bytes += thing.nbytes - (replaced.nbytes if replaced else 0)
        self._kept[key] = thing
        while self._bytes > _CACHE_BYTES and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return thing


class Sampler:
    """The engine of our own, for machines that neither FluidSynth nor TinySoundFont has wheels for."""

    def __init__(self, font: Font) -> None:
        self.name = "Reelscore's sampler"
        self.font = font
        self._book = open_font(font.path)
        self._zones: dict[tuple[int, int], tuple[Zone, ...]] = {}
        self._waves: _Shelf[_Wave] = _Shelf()
        self._tones: _Shelf[_Tone] = _Shelf()

    def play(self, program: int, events: Sequence[Event], samples: int) -> Audio:
        """Return the notes, shape (samples, 2); a program of -1 is the drum kit, a missing one its family's first."""
        zones = self._zones_of(program)
        sounding = [
            (zone, note)
            for note in _struck(events, samples, zones)
            for zone in zones
            if note.pitch in zone.keys and note.velocity in zone.velocities
        ]
        longest: dict[tuple[Zone, int], int] = defaultdict(int)
        for zone, note in sounding:
            at = zone, note.pitch
            longest[at] = max(longest[at], _length(zone, note, samples))
        mix = np.zeros((2, samples), np.float32)
        for zone, note in sounding:
            self._add(mix, zone, note, longest[zone, note.pitch])
        return np.ascontiguousarray(mix.T)

    def _zones_of(self, program: int) -> tuple[Zone, ...]:
        bank, number = (_DRUM_BANK, 0) if program == DRUMS else (0, program)
        there = self._book.presets
        asked = [(bank, number), (bank, number // 8 * 8), (bank, 0), *sorted(p for p in there if p[0] == bank)]
        preset = next((p for p in asked if p in there), None)
        if preset is None:
            lacks = "drums" if program == DRUMS else "melodic instruments"
            raise Unavailable(
                f"The SoundFont {self.font.path.name!r} has no {lacks}.",
                hint="Take a General MIDI SoundFont, or none.",
            )
        if preset not in self._zones:
            self._zones[preset] = find_zones(self._book, *preset)
        return self._zones[preset]

    def _add(self, mix: NDArray[np.float32], zone: Zone, note: _Struck, longest: int) -> None:
        """Lay one zone of one note into the mix."""
        length = _length(zone, note, mix.shape[1])
        held = min(length, note.lifted - note.on)
        tone = self._tone(zone, note.pitch, longest)
        sound = tone.held[:length].copy()
        if held < len(sound):
            sound[held:] = self._tail(zone, tone, note.pitch, held, len(sound))
        if note.stopped - note.on < len(sound):
            stopped = note.stopped - note.on
            sound[stopped:] *= _fall(note.fade_s, len(sound) - stopped)
        velocity = zone[Gen.VELOCITY] if zone[Gen.VELOCITY] > 0 else note.velocity
        gain = (velocity / 127) ** 2  # 40 log10, as General MIDI 2 has it
        across = (zone[Gen.PAN] + 500) / 1000
        for channel, share in enumerate((1 - across, across)):
            if share > 0:
                mix[channel, note.on : note.on + len(sound)] += sound * np.float32(gain * math.sqrt(share))

    def _tail(self, zone: Zone, tone: _Tone, pitch: int, held: int, length: int) -> Mono:
        """Return what sounds after the key is lifted."""
        level = np.float32(_volume(zone, pitch, np.array([held / RATE], np.float32))[0])
        raw = tone.raw[held:length]
        if zone[Gen.LOOP_MODE] == 3:
            raw = self._after_loop(zone, pitch, held, length)
        return raw * (level * _fall(_release_s(zone), length - held))

    def _after_loop(self, zone: Zone, pitch: int, held: int, length: int) -> Mono:
        """Leave the loop where the key is lifted and play on to the recording's end; the filter begins anew."""
        places = _places(zone, pitch, length)
        looped, straight = (self._wave(zone, pitch, loops=loops) for loops in (True, False))
        first = float(_fold(looped, places[held : held + 1])[0])
        if first >= looped.end - looped.cycle:
            first -= looped.cycle  # the loop that is read is the second time round
        rest = _read(straight, places[held:] - places[held] + first - straight.start)
        rest = np.concatenate([rest, np.zeros(length - held - len(rest), np.float32)])
        return _filter(zone, pitch, rest) * _gain(zone)

    def _tone(self, zone: Zone, pitch: int, samples: int) -> _Tone:
        tone = self._tones.take((zone, pitch))
        if tone is None or (len(tone.held) < samples and not tone.whole):
            tone = self._tones.put((zone, pitch), self._sound(zone, pitch, samples))
        return tone

    def _sound(self, zone: Zone, pitch: int, samples: int) -> _Tone:
        """Make a tone of so many samples, fewer where the recording or its decay ends before."""
        places = _places(zone, pitch, min(samples, round(_ring_s(zone, pitch) * RATE)))
        raw = _read(self._wave(zone, pitch, loops=zone[Gen.LOOP_MODE] in _LOOPING), places)
        whole = len(raw) < samples
        raw = _tremolo(zone, pitch, _filter(zone, pitch, raw)) * _gain(zone)
        return _Tone(raw, raw * _volume(zone, pitch, np.arange(len(raw), dtype=np.float32) / np.float32(RATE)), whole)

    def _wave(self, zone: Zone, pitch: int, *, loops: bool) -> _Wave:
        """Return the zone's recording, fit to be read for this pitch, with all that bends it upwards."""
        highest = max(0, zone[Gen.MOD_ENV_PITCH]) + abs(zone[Gen.MOD_LFO_PITCH]) + abs(zone[Gen.VIB_LFO_PITCH])
        band = max(0, math.ceil(_BANDS * math.log2(float(_pace(zone, pitch, np.array([highest]))[0]))))
        loop = _loop(zone) if loops else None
        cut = _coarse(zone, Gen.START, Gen.START_COARSE), _coarse(zone, Gen.END, Gen.END_COARSE)
        key = zone.recording, loop, cut, band
        wave = self._waves.take(key)
        if wave is None:
            recording = read_recording(self._book, zone.recording)
            wave = self._waves.put(key, _prepare(recording, loop, cut, 2 ** (band / _BANDS)))
        return wave


def _struck(events: Sequence[Event], samples: int, zones: Sequence[Zone]) -> list[_Struck]:
    """Pair strikes with lifts, oldest first, and stop what is damped or choked."""
    notes: list[_Struck] = []
    down: dict[tuple[int, int], deque[int]] = defaultdict(deque)
    on_lane: dict[int, list[int]] = defaultdict(list)
    of_class: dict[tuple[int, int], list[int]] = defaultdict(list)

    def stop(stopped: Sequence[int], at: int, fade_s: float) -> None:
        for index in stopped:
            if at < notes[index].stopped:
                notes[index] = notes[index]._replace(stopped=at, fade_s=fade_s)

    for at, act, lane, pitch, velocity in events:
        if act == DAMP:
            stop(on_lane.pop(lane, []), at, _DAMP_S)
        elif act == LIFT and down[lane, pitch]:
            index = down[lane, pitch].popleft()
            notes[index] = notes[index]._replace(lifted=at)
        elif act == STRIKE and at < samples:
            chokes = {zone[Gen.CHOKES] for zone in zones if pitch in zone.keys and velocity in zone.velocities} - {0}
            for choked in chokes:
                older = [index for index in of_class[lane, choked] if notes[index].on < at]
                stop(older, at, _CHOKE_S)
                of_class[lane, choked] = [*(set(of_class[lane, choked]) - set(older)), len(notes)]
            down[lane, pitch].append(len(notes))
            on_lane[lane].append(len(notes))
            notes.append(_Struck(at, samples, samples, _DAMP_S, pitch, velocity))
    return notes


def _length(zone: Zone, note: _Struck, samples: int) -> int:
    """Return for how many samples a note of a looped zone is heard; others may end before."""
    heard = _INAUDIBLE_DB / _SILENT_DB * RATE
    released = note.lifted + math.ceil(_release_s(zone) * heard)
    return min(samples, released, note.stopped + math.ceil(note.fade_s * heard)) - note.on


def _prepare(recording: Mono, loop: tuple[int, int] | None, cut: tuple[int, int], band: float) -> _Wave:
    """Oversample a recording and take off what would fold back when `band` samples are read for one of ours."""
    end = min(len(recording), max(0, len(recording) + cut[1]))
    start, cycle = min(end, max(0, cut[0])), 0
    recording = recording[:end]
    reach = math.ceil(_FIR_REACH * band)
    if loop and 0 <= loop[0] < min(loop[1], end):
        round_again = recording[loop[0] : loop[1]]
        cycle = len(round_again)
        recording = np.concatenate([recording[: loop[1]], np.resize(round_again, cycle + reach + _EDGE)])
        end = min(loop[1], end) + cycle
    taps = signal.firwin(
        2 * _OVERSAMPLED * reach + 1, _PASSED / (_OVERSAMPLED * band), window=("kaiser", _KAISER), scale=True
    ).astype(np.float32) * np.float32(_OVERSAMPLED)
    padded = np.pad(recording, _EDGE)
    delay = _OVERSAMPLED * reach
    spread = np.zeros(_OVERSAMPLED * len(padded), np.float32)
    spread[::_OVERSAMPLED] = padded
    fine = signal.oaconvolve(spread, taps)[delay : delay + len(spread)]
    return _Wave(fine, (start + _EDGE) * _OVERSAMPLED, (end + _EDGE) * _OVERSAMPLED, cycle * _OVERSAMPLED)


def _fold(wave: _Wave, places: Curve) -> Curve:
    """Turn places counted from the recording's start into places of the wave, round the loop."""
    places = places + wave.start
    if wave.cycle and len(places) and places[-1] >= wave.end:
        rounds = np.floor((places - (wave.end - wave.cycle)) / wave.cycle)
        places -= np.maximum(rounds, 0.0, out=rounds) * wave.cycle
    return places


def _read(wave: _Wave, places: Curve) -> Mono:
    """Read a wave at these places, counted from its start, by cubic interpolation; fewer where it ends before."""
    if not wave.cycle:
        places = places[: int(np.searchsorted(places, wave.end - wave.start))]
    read = np.empty(len(places), np.float32)
    points = [wave.samples[offset : len(wave.samples) - 3 + offset] for offset in range(4)]
    for first in range(0, len(places), _BLOCK):
        block = _fold(wave, places[first : first + _BLOCK])
        whole = block.astype(np.intp)
        part = (block - whole).astype(np.float32)
        a, b, c, d = (point.take(whole - 1, mode="clip") for point in points)
        curve = ((1.5 * (b - c) + 0.5 * (d - a)) * part + (a - 2.5 * b + 2 * c - 0.5 * d)) * part
        read[first : first + _BLOCK] = (curve + 0.5 * (c - a)) * part + b  # Catmull-Rom
    return read


def _places(zone: Zone, pitch: int, samples: int) -> Curve:
    """Return where in the oversampled recording each of our samples is read, from 0."""
    if not any(zone[gen] for gen in (Gen.MOD_ENV_PITCH, Gen.MOD_LFO_PITCH, Gen.VIB_LFO_PITCH)):
        return np.arange(samples, dtype=np.float64) * (float(_pace(zone, pitch, np.zeros(1))[0]) * _OVERSAMPLED)
    bend = _moved(zone, pitch, samples, env=Gen.MOD_ENV_PITCH, lfo=Gen.MOD_LFO_PITCH, vib=Gen.VIB_LFO_PITCH)
    steps = _smooth(_pace(zone, pitch, bend) * _OVERSAMPLED, samples)
    return np.asarray(np.cumsum(steps) - steps[:1])


def _pace(zone: Zone, pitch: int, bend: Curve) -> Curve:
    """Return how many samples of the recording are read for one of ours, when it is bent by so many cents."""
    key = zone[Gen.KEY] if zone[Gen.KEY] >= 0 else pitch
    root = zone[Gen.ROOT] if zone[Gen.ROOT] >= 0 else zone.recording.key
    tuned = 100 * zone[Gen.COARSE_TUNE] + zone[Gen.FINE_TUNE]
    cents = (key - root + zone.recording.cents / 100) * zone[Gen.SCALE] + tuned + bend
    return np.minimum(_FASTEST, zone.recording.rate / RATE * 2.0 ** (np.clip(cents, -12e3, 12e3) / 1200))


def _moved(zone: Zone, pitch: int, samples: int, *, env: Gen | None, lfo: Gen, vib: Gen | None = None) -> Curve:
    """Add up by how much the modulation envelope and the two LFOs move something, one value for each tick."""
    seconds = np.arange(samples // _TICK + 2, dtype=np.float64) * (_TICK / RATE)
    moved = np.zeros(len(seconds))
    if env is not None and zone[env]:
        moved += zone[env] * _mod_envelope(zone, pitch, seconds)
    if zone[lfo]:
        moved += zone[lfo] * _triangle(seconds, zone[Gen.MOD_LFO_DELAY], zone[Gen.MOD_LFO_RATE])
    if vib is not None and zone[vib]:
        moved += zone[vib] * _triangle(seconds, zone[Gen.VIB_LFO_DELAY], zone[Gen.VIB_LFO_RATE])
    return moved


def _smooth(ticks: Curve, samples: int) -> Curve:
    """Draw straight lines from tick to tick."""
    return (ticks[:-1, None] + np.diff(ticks)[:, None] * (np.arange(_TICK) / _TICK)).ravel()[:samples]


def _triangle(seconds: Curve, delay: int, rate: int) -> Curve:
    """Return an LFO, -1 to 1, that begins at 0 and goes up."""
    turns = np.maximum(0.0, seconds - _seconds(delay)) * _hz(rate)
    return 4 * np.abs(np.mod(turns - 0.25, 1.0) - 0.5) - 1


def _mod_envelope(zone: Zone, pitch: int, seconds: Curve) -> Curve:
    envelope = _Envelope(
        _seconds(zone[Gen.MOD_DELAY]),
        _seconds(zone[Gen.MOD_ATTACK]),
        _seconds(zone[Gen.MOD_HOLD] + (60 - pitch) * zone[Gen.MOD_KEY_HOLD]),
        _seconds(zone[Gen.MOD_DECAY] + (60 - pitch) * zone[Gen.MOD_KEY_DECAY]),
    )
    risen = 1 + 40 / _SILENT_DB * np.log10(np.maximum(envelope.risen(seconds), 1e-9))  # convex, section 9.1.7
    kept = 1 - zone[Gen.MOD_SUSTAIN] / 1000
    return np.maximum(0.0, np.minimum(risen, np.maximum(1 - envelope.fallen(seconds), kept)))


def _vol_envelope(zone: Zone, pitch: int) -> _Envelope:
    return _Envelope(
        _seconds(zone[Gen.VOL_DELAY]),
        _seconds(zone[Gen.VOL_ATTACK]),
        _seconds(zone[Gen.VOL_HOLD] + (60 - pitch) * zone[Gen.VOL_KEY_HOLD]),
        _seconds(zone[Gen.VOL_DECAY] + (60 - pitch) * zone[Gen.VOL_KEY_DECAY]),
    )


def _volume(zone: Zone, pitch: int, seconds: Mono) -> Mono:
    """Return the volume envelope with the key held: straight up, and down straight in dB."""
    envelope = _vol_envelope(zone, pitch)
    down = np.minimum(np.float32(_SILENT_DB) * envelope.fallen(seconds), np.float32(zone[Gen.VOL_SUSTAIN] / 10))
    return np.asarray(envelope.risen(seconds) * np.exp(down * np.float32(-math.log(10) / 20)), np.float32)


def _ring_s(zone: Zone, pitch: int) -> float:
    """Return after how many seconds a held note has died away; infinity is an hour."""
    if zone[Gen.VOL_SUSTAIN] / 10 < _INAUDIBLE_DB:
        return 3600.0
    delay, attack, hold, decay = _vol_envelope(zone, pitch)
    return delay + attack + hold + decay * _INAUDIBLE_DB / _SILENT_DB


def _release_s(zone: Zone) -> float:
    return max(_QUICKEST_RELEASE_S, _seconds(zone[Gen.VOL_RELEASE]))


def _fall(seconds: float, samples: int) -> Mono:
    """Return the gain of a release that takes so long for all of its way."""
    slope = -_SILENT_DB / 20 * math.log(10) / (seconds * RATE)
    return np.asarray(np.exp(np.arange(samples, dtype=np.float32) * np.float32(slope)), np.float32)


def _filter(zone: Zone, pitch: int, raw: Mono) -> Mono:
    """Pass a tone through the zone's resonant low-pass, which moves in steps too small to hear."""
    lowest = zone[Gen.CUTOFF] + min(0, zone[Gen.MOD_ENV_CUTOFF]) - abs(zone[Gen.MOD_LFO_CUTOFF])
    if _hz(lowest) >= _OPEN_HZ and zone[Gen.RESONANCE] < _RESONANT_CB:
        return raw
    moved = _moved(zone, pitch, len(raw), env=Gen.MOD_ENV_CUTOFF, lfo=Gen.MOD_LFO_CUTOFF)
    cents = np.round((zone[Gen.CUTOFF] + moved) / _STEP_CENTS) * _STEP_CENTS
    steps = [0, *(np.flatnonzero(np.diff(cents)) + 1).tolist()]
    filtered, state = np.empty_like(raw), np.zeros(2, np.float32)
    for step, following in zip(steps, [*steps[1:], len(cents)], strict=True):
        span = slice(step * _TICK, following * _TICK)
        if span.start < len(raw):
            b, a = _low_pass(_hz(float(cents[step])), zone[Gen.RESONANCE] / 10)
            filtered[span], state = signal.lfilter(b, a, raw[span], zi=state)
    return filtered


@lru_cache(maxsize=4096)
def _low_pass(hz: float, resonance_db: float) -> tuple[Mono, Mono]:
    """Return the coefficients of two poles; without resonance they are Butterworth's, as in FluidSynth."""
    quality = 10 ** ((resonance_db - 3.01) / 20)
    angle = 2 * math.pi * min(hz, _TOP_HZ) / RATE
    alpha, cos = math.sin(angle) / (2 * quality), math.cos(angle)
    rise = 10 ** (-resonance_db / 40) * (1 - cos)  # the standard lowers the whole by half of the resonance
    b = np.array([rise / 2, rise, rise / 2]) / (1 + alpha)
    a = np.array([1 + alpha, -2 * cos, 1 - alpha]) / (1 + alpha)
    return b.astype(np.float32), a.astype(np.float32)


def _tremolo(zone: Zone, pitch: int, raw: Mono) -> Mono:
    if not zone[Gen.MOD_LFO_VOLUME]:
        return raw
    centibel = _moved(zone, pitch, len(raw), env=None, lfo=Gen.MOD_LFO_VOLUME)
    return raw * _smooth(10 ** (centibel / 200), len(raw)).astype(np.float32)


def _loop(zone: Zone) -> tuple[int, int]:
    begins, ends = zone.recording.loop
    return (
        begins + _coarse(zone, Gen.LOOP_START, Gen.LOOP_START_COARSE),
        ends + _coarse(zone, Gen.LOOP_END, Gen.LOOP_END_COARSE),
    )


def _coarse(zone: Zone, fine: Gen, coarse: Gen) -> int:
    return zone[fine] + 32768 * zone[coarse]


def _gain(zone: Zone) -> np.float32:
    return np.float32(10 ** (-_ATTENUATION * zone[Gen.ATTENUATION] / 200))


def _seconds(timecents: float) -> float:
    """Return a time; the standard's shortest, a millisecond, stands for none."""
    return float(2.0 ** (max(-12000.0, min(8000.0, timecents)) / 1200))


def _hz(cents: float) -> float:
    return float(440 * 2.0 ** ((cents - 6900) / 1200))
