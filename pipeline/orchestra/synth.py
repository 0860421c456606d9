"""Lets a part sound: notes on a SoundFont, dry, at the level that the part asks for.

The engine is FluidSynth where it is installed, else TinySoundFont, else the sampler that is always there. Fonts
disagree by 20 dB about how loud an instrument is, so each one is measured in the register that the part plays, and put
where `Part.level_db` wants it.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from pipeline.ear.loudness import SILENCE, k_power
from pipeline.music import RATE, Audio
from pipeline.orchestra import unpitched
from pipeline.orchestra.fonts import Font, as_font, find_font
from pipeline.orchestra.part import Note, Part

DRUMS = -1  # stands for the kit where a program is expected

#: LUFS of one held melody note at its usual velocity; eight such parts together still stay under full scale
MELODY_LUFS = -22.0

#: the velocity at which a part of this stem sits at its `level_db`: the middle of what the orchestra plays in each role
USUAL_VELOCITY = {"melody": 95, "counter": 85, "ostinato": 76, "pad": 70, "bass": 96, "drums": 100, "effects": 114}
_USUAL_VELOCITY_ELSE = 80

#: dB under the kick, which sits at `level_db`: fonts play cymbals far too loud, a kit on a record has them here
KIT_DB = {
    **dict.fromkeys((35, 36), 0.0),
    **dict.fromkeys((38, 40), -2.0),
    **dict.fromkeys((41, 43, 45, 47, 48, 50), -1.0),
    **dict.fromkeys((37, 39), -5.0),
    **dict.fromkeys((42, 44, 46), -11.0),
    **dict.fromkeys((49, 52, 55, 57), -8.0),
    **dict.fromkeys((51, 53, 59), -12.0),
    **dict.fromkeys((54, 69, 70, 82), -11.0),
    **dict.fromkeys((60, 61, 62, 63, 64, 65, 66), -6.0),
    **dict.fromkeys((75, 76, 77, 56), -9.0),
    **dict.fromkeys((80, 81), -14.0),
}
_KIT_DB_ELSE = -9.0
_HATS = (42, 44, 46)  # one pair of cymbals: closing it must stop the open one, so they are played together

#: full gain of the unpitched sounds in LUFS at velocity 127 and level 0: an impact's tail and a swell stand out
_UNPITCHED_LUFS = {"sub drop": -21.0, "riser": -23.0, "swell": -23.0}

_WINDOW_S = 0.2  # the ear sums loudness over about 200 ms, so a pluck and a held note compare fairly
_PROBE_S = 1.2  # long enough for a slow pad to speak
_PITCH_GRID = 3  # semitones: registers closer than this share a measurement
_QUIETEST_LUFS = -75.0  # a font whose note is quieter than this has nothing there; boosting it would be noise
_FLUSH = 2048  # samples in which a stopped voice has died away (TinySoundFont needs 10 ms)
_DARKEST = 0.7  # how much of the bright partials the softest note loses
_BRIGHT_VELOCITY, _DARK_VELOCITY = 96, 30

_SHORT_S = 0.3  # a bowed or blown note shorter than this is detached ...
_DETACHED_S = 0.11  # ... so it is damped this long after its end: fonts let sections ring on for two seconds
_SUSTAINED = {*range(16, 24), *range(40, 45), *range(48, 55), *range(56, 80), *range(80, 96)}
_LANES = 8  # channels that detached notes take turns on, so that damping one leaves the next alone
_PROBE_LENGTHS_S = (0.12, 0.2, 0.3, 0.45, 0.7, 1.1)  # lengths of note that are told apart when a font is measured


class Event(NamedTuple):
    """What happens to a voice at a sample; at the same sample the old note ends before the new one starts."""

    sample: int
    act: Literal[0, 1, 2]  #: DAMP, LIFT or STRIKE
    lane: int  #: MIDI channel
    pitch: int = 0
    velocity: int = 0


DAMP: Literal[0] = 0  # stop all that sounds on the lane
LIFT: Literal[1] = 1  # end the note: it rings out as the font has it
STRIKE: Literal[2] = 2  # start a note


_EXPRESSION = 11  # MIDI's controller for loudness within a phrase
_FLUID_SIDE = (("buf", ctypes.c_void_p), ("off", ctypes.c_int), ("incr", ctypes.c_int))  # where a channel is written


class Engine(Protocol):
    """Plays notes of one program of one font; velocity weighs 40 log10(v/127) dB, as General MIDI 2 has it."""

    name: str
    font: Font

    def play(self, program: int, events: Sequence[Event], samples: int) -> Audio: ...


class TinySoundFont:
    """The engine that pip brings: small, quick, and deaf to the modulators of a font."""

    def __init__(self, font: Font) -> None:
        import tinysoundfont

        synth = tinysoundfont.Synth(samplerate=RATE)
        self.name = f"TinySoundFont {version('tinysoundfont')}"
        self.font = font
        self._voices: Any = synth.soundfonts[synth.sfload(str(font.path))]
        self._voices.set_max_voices(256)

    def play(self, program: int, events: Sequence[Event], samples: int) -> Audio:
        voices = self._voices
        voices.reset()
        voices.render(np.empty((_FLUSH, 2), np.float32))
        for lane in {event.lane for event in events}:
            voices.channel_set_bank(lane, 128 if program == DRUMS else 0)
            voices.channel_set_preset_number(lane, 0 if program == DRUMS else self._known(program), program == DRUMS)
        audio = np.zeros((samples, 2), np.float32)
        at = 0
        for sample, act, lane, pitch, velocity in events:
            if sample > at:
                voices.render(audio[at:sample])
                at = sample
            if act == STRIKE:
                voices.channel_note_on(lane, pitch, (velocity / 127) ** 2)  # the engine's own law is 20 log10
            elif act == LIFT:
                voices.channel_note_off(lane, pitch)
            else:
                voices.channel_sounds_off(lane)
        if at < samples:
            voices.render(audio[at:])
        return audio

    def _known(self, program: int) -> int:
        """Return the program, or the first of its family where a small font lacks it."""
        for candidate in (program, program // 8 * 8):
            if self._voices.get_preset_index(0, candidate) >= 0:
                return candidate
        return 0


class FluidSynth:
    """The reference engine, taken where its library is installed; a note starts within 64 samples of its time."""

    def __init__(self, font: Font) -> None:
        import fluidsynth

        self._new: Any = fluidsynth.Synth
        # the package's own call renders 16 bits with dither, which differs from run to run
        pointer, number = ctypes.c_void_p, ctypes.c_int
        sides = [(f"{side}{what}", kind, 1) for side in "lr" for what, kind in _FLUID_SIDE]
        shape = (("synth", pointer, 1), ("len", number, 1), *sides)
        self._write: Any = fluidsynth.cfunc("fluid_synth_write_float", number, *shape)
        if self._write is None:
            raise ImportError("This FluidSynth is too old to render floats.")
        self.name = f"FluidSynth (pyfluidsynth {version('pyfluidsynth')})"
        self.font = font
        self._keeper, _ = self._fresh()  # while one synth has the font, others share its samples

    def play(self, program: int, events: Sequence[Event], samples: int) -> Audio:
        synth, sfid = self._fresh()  # a used one starts notes from the gain of others: the same part would differ
        bank, preset = (128, 0) if program == DRUMS else (0, program)
        for lane in {event.lane for event in events}:
            synth.program_select(lane, sfid, bank, preset)
        audio = np.zeros((samples, 2), np.float32)
        at = 0
        for event in events:
            self._render(synth, audio, at, event.sample)
            _act(synth, event)
            at = event.sample
        self._render(synth, audio, at, samples)
        synth.delete()
        return audio

    def _fresh(self) -> tuple[Any, int]:
        synth = self._new(gain=0.3, samplerate=float(RATE), **{"synth.reverb.active": 0, "synth.chorus.active": 0})
        return synth, synth.sfload(str(self.font.path))

    def _render(self, synth: Any, audio: Audio, start: int, end: int) -> None:
        data = audio.ctypes.data
        if end > start:
            self._write(synth.synth, end - start, data, 2 * start, 2, data, 2 * start + 1, 2)


def _act(synth: Any, event: Event) -> None:
    """Strike, lift, or damp with a turn of expression, which takes FluidSynth a millisecond and does not click."""
    if event.act == STRIKE:
        if event.lane in range(1, _LANES + 1):
            synth.all_sounds_off(event.lane)  # what was damped before
            synth.cc(event.lane, _EXPRESSION, 127)
        synth.noteon(event.lane, event.pitch, event.velocity)
    elif event.act == LIFT:
        synth.noteoff(event.lane, event.pitch)
    else:
        synth.cc(event.lane, _EXPRESSION, 0)


@cache
def _engine(font: Font) -> Engine:
    """Return the best engine on this machine with the font loaded; raises Unavailable when the font cannot be read."""
    from pipeline.orchestra.sampler import Sampler  # which plays this file's events

    for engine in (FluidSynth, TinySoundFont):
        try:
            return engine(font)
        except (ImportError, OSError, RuntimeError):  # no package, no library under it, or a font that it cannot read
            continue
    return Sampler(font)


def engine_in_use(font: Path | None = None) -> str:
    """Name the engine, its font and the font's licence, for the certificate."""
    engine = _engine(as_font(font) if font else find_font())
    return f"{engine.name}, {engine.font.path.name} ({engine.font.licence})"


def play(part: Part, *, start: float, end: float, font: Path | None = None) -> Audio:
    """Return the part from `start` to `end` seconds, dry, stereo at RATE, ring-out included.

    Notes are placed to the sample. The part as a whole sits at `level_db` against a melody, whatever the font thinks:
    at the velocity that its stem usually has, chords counted as one voice. For drums `level_db` is the kick's, and the
    rest of the kit sits under it as in KIT_DB. Velocity and expression both weigh 40 log10, as General MIDI has it.
    """
    samples = max(0, round((end - start) * RATE))
    if not part.notes or not samples:
        return np.zeros((samples, 2), np.float32)
    if isinstance(part.instrument, str) and part.instrument != "drums":
        audio = _draw(part, start, samples)
    else:
        on_stand = as_font(font) if font else find_font()
        audio = (_play_kit if part.instrument == "drums" else _play_pitched)(part, on_stand, start, samples)
    if part.expression:
        audio *= _expression(part, start, samples)[:, None]
    return _pan(audio, part.pan)


def _play_pitched(part: Part, font: Font, start: float, samples: int) -> Audio:
    """Play on one program, levelled by what the font gives in this register and for notes of this length."""
    program, engine = int(part.instrument), _engine(font)
    velocity = USUAL_VELOCITY.get(part.stem, _USUAL_VELOCITY_ELSE)
    usual = float(np.median([n.length for n in part.notes]))
    length = min(_PROBE_LENGTHS_S, key=lambda s: abs(math.log(s / max(usual, 1e-3))))
    pitches = np.quantile([n.pitch for n in part.notes], (0.25, 0.5, 0.75))
    grid = [int(round(p / _PITCH_GRID) * _PITCH_GRID) for p in pitches]
    measured = float(np.mean([_lufs_of_note(font, program, p, velocity, length) for p in grid]))
    audio = engine.play(program, _events(part.notes, program, start, samples), samples)
    audio = _colour(audio, part.notes, start)
    audio *= _gain(MELODY_LUFS + part.level_db - measured - 10 * math.log10(_voices(part.notes)))
    return audio


def _play_kit(part: Part, font: Font, start: float, samples: int) -> Audio:
    """Play each drum of the kit by itself, at its own level."""
    audio = np.zeros((samples, 2), np.float32)
    drums: dict[int, list[Note]] = {}
    for note in part.notes:
        drums.setdefault(_HATS[0] if note.pitch in _HATS else note.pitch, []).append(note)
    for key in sorted(drums):
        keys = {note.pitch for note in drums[key]}
        measured = max(_lufs_of_note(font, DRUMS, k, USUAL_VELOCITY["drums"], _PROBE_LENGTHS_S[-1]) for k in keys)
        level = MELODY_LUFS + part.level_db + KIT_DB.get(key, _KIT_DB_ELSE) - measured
        events = _events(drums[key], DRUMS, start, samples)
        audio += _engine(font).play(DRUMS, events, samples) * _gain(level)
    return audio


def _draw(part: Part, start: float, samples: int) -> Audio:
    """Lay the unpitched sounds of a part side by side."""
    audio = np.zeros((samples, 2), np.float32)
    kind = str(part.instrument)
    for note in part.notes:
        begins, sound = unpitched.draw(kind, note)
        at = round((begins - start) * RATE)
        level = _UNPITCHED_LUFS[kind] + part.level_db - _loudest_lufs(sound)
        sound = sound[max(0, -at) : max(0, samples - at)]
        audio[max(0, at) : max(0, at) + len(sound)] += sound * _gain(level + _velocity_db(note.velocity))
    return audio


def _events(notes: Sequence[Note], program: int, start: float, samples: int) -> list[Event]:
    """Return what the engine must do, in order of time."""
    events: list[Event] = []
    for number, note in enumerate(notes):
        on = max(0, round((note.time - start) * RATE))
        off = max(on + 1, round((note.time + note.length - start) * RATE))
        if on >= samples or note.time + note.length <= start:
            continue
        pitch, velocity = min(127, max(0, note.pitch)), min(127, max(1, note.velocity))
        detached = program in _SUSTAINED and note.length < _SHORT_S
        lane = 9 if program == DRUMS else 1 + number % _LANES if detached else 0
        events += [Event(on, STRIKE, lane, pitch, velocity), Event(off, LIFT, lane, pitch)]
        if detached:
            events.append(Event(off + round(_DETACHED_S * RATE), DAMP, lane))
    return sorted(event for event in events if event.sample < samples)


@cache
def _lufs_of_note(font: Font, program: int, pitch: int, velocity: int, length: float) -> float:
    """Measure how loud the font plays one note."""
    events = _events([Note(0.0, length, pitch, velocity)], program, 0.0, round(_PROBE_S * RATE))
    return max(_QUIETEST_LUFS, _loudest_lufs(_engine(font).play(program, events, round(_PROBE_S * RATE))))


def _loudest_lufs(audio: Audio) -> float:
    """Return the loudness of the loudest 200 ms."""
    window = round(_WINDOW_S * RATE)
    total = np.concatenate([[0.0], np.cumsum(k_power(audio, RATE)), np.zeros(window)])
    total[-window:] = total[-window - 1]
    power = float((total[window:] - total[:-window]).max()) / window
    return -0.691 + 10 * math.log10(power) if power > 0 else SILENCE


def _voices(notes: Sequence[Note]) -> float:
    """Return how many notes sound at once, on average over the time in which any does."""
    edges = sorted([(n.time, 1) for n in notes] + [(n.time + n.length, -1) for n in notes])
    sounding, busy, last = 0, 0.0, edges[0][0]
    for time, step in edges:
        busy += (time - last) * (sounding > 0)
        sounding, last = sounding + step, time
    return max(1.0, sum(n.length for n in notes) / busy) if busy > 0 else 1.0


def _colour(audio: Audio, notes: Sequence[Note], start: float) -> Audio:
    """Darken what is played softly, as real instruments do, by blending with a low-passed copy."""
    ordered = sorted(notes, key=lambda n: n.time)
    softness = [min(1, max(0, (_BRIGHT_VELOCITY - n.velocity) / (_BRIGHT_VELOCITY - _DARK_VELOCITY))) for n in ordered]
    if max(softness) == 0:
        return audio
    hz = 5 * 440 * 2 ** ((float(np.median([n.pitch for n in notes])) - 69) / 12)
    b, a = signal.butter(1, min(9000, max(1500, hz)), fs=RATE)
    dark = signal.lfilter(b.astype(np.float32), a.astype(np.float32), audio, axis=0)
    times = [(n.time - start) * RATE for n in ordered]
    share = np.interp(np.arange(len(audio)), times, softness).astype(np.float32) * np.float32(_DARKEST)
    dark -= audio
    dark *= share[:, None]
    dark += audio
    return np.asarray(dark, dtype=np.float32)


def _expression(part: Part, start: float, samples: int) -> NDArray[np.float32]:
    """Return the gain of the expression curve for each sample; a level of 0.5 is -12 dB, as with CC 11."""
    times, levels = zip(*part.expression, strict=True)
    curve = np.interp(np.arange(samples), [(t - start) * RATE for t in times], levels).astype(np.float32)
    return np.asarray(curve * curve, dtype=np.float32)


def _pan(audio: Audio, pan: float) -> Audio:
    """Place the part between the speakers at even power; what is panned far is also narrowed."""
    if pan == 0:
        return audio
    pan = min(1.0, max(-1.0, pan))
    spread = np.float32(0.5 * (1 - abs(pan)))
    middle = (audio[:, 0] + audio[:, 1]) * np.float32(0.5)
    side = (audio[:, 0] - audio[:, 1]) * spread
    left, right = np.float32(math.sqrt(1 - pan)), np.float32(math.sqrt(1 + pan))
    return np.stack([(middle + side) * left, (middle - side) * right], axis=1).astype(np.float32)


def _gain(db: float) -> np.float32:
    return np.float32(10 ** (db / 20))


def _velocity_db(velocity: int) -> float:
    return 40 * math.log10(min(127, max(1, velocity)) / 127)
