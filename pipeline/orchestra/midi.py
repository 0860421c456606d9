"""The score's notes as a standard MIDI file: tempo map from the bars, one track per player, a marker per cue."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterator, Sequence

import mido

from pipeline.cuesheet import Bar, CueSheet
from pipeline.orchestra.arrange import Arrangement
from pipeline.orchestra.part import Part

TICKS = 480  # per quarter note
_EIGHTH = 0.5
KIT_CHANNEL = 9


def write_midi(sheet: CueSheet, arrangements: Sequence[Arrangement]) -> bytes:
    """Return a format 1 file. Sounds that no instrument makes (swells, drops) are left to the audio."""
    tempo = _Tempo([bar for cue in sheet.cues for bar in cue.bars])
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS)
    file.tracks.append(_conductor(sheet, tempo))
    channels = _channels()
    for (name, program), parts in _players(arrangements).items():
        channel = KIT_CHANNEL if program is None else next(channels)
        file.tracks.append(_track(name, program, channel, parts, tempo))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


class _Tempo:
    """Seconds to ticks along the bars."""

    def __init__(self, bars: Sequence[Bar]) -> None:
        self.bars = bars
        self.starts = [bar.start for bar in bars]
        self.ticks = [0]
        for bar in bars:
            self.ticks.append(self.ticks[-1] + round(bar.beats * TICKS))

    def tick(self, seconds: float) -> int:
        at = max(0, bisect_right(self.starts, seconds + 1e-6) - 1)
        bar = self.bars[at]
        return max(0, self.ticks[at] + round((seconds - bar.start) / bar.beat_s * TICKS))


def _conductor(sheet: CueSheet, tempo: _Tempo) -> mido.MidiTrack:
    events: list[tuple[int, mido.MetaMessage]] = []
    last: tuple[float, float] = (0.0, 0.0)
    for tick, bar in zip(tempo.ticks, tempo.bars, strict=False):
        if bar.beats != last[0]:
            eighths = max(1, round(bar.beats / _EIGHTH))
            whole = eighths % 2 == 0
            numerator, denominator = (eighths // 2, 4) if whole else (eighths, 8)
            events.append((tick, mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator)))
        if bar.bpm != last[1]:
            events.append((tick, mido.MetaMessage("set_tempo", tempo=min(0xFFFFFF, mido.bpm2tempo(bar.bpm)))))
        last = (bar.beats, bar.bpm)
    for cue in sheet.cues:
        label = f"{cue.number} {cue.style} {cue.key}".encode("ascii", "replace").decode()
        events.append((tempo.tick(cue.start), mido.MetaMessage("marker", text=label)))
    return _timed("conductor", events)


def _timed(name: str, events: Sequence[tuple[int, mido.Message | mido.MetaMessage]]) -> mido.MidiTrack:
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name, time=0)])
    at = 0
    for tick, message in sorted(events, key=lambda event: event[0]):
        track.append(message.copy(time=tick - at))
        at = tick
    track.append(mido.MetaMessage("end_of_track", time=0))
    return track


def _channels() -> Iterator[int]:
    while True:
        yield from (channel for channel in range(16) if channel != KIT_CHANNEL)


def _players(arrangements: Sequence[Arrangement]) -> dict[tuple[str, int | None], list[Part]]:
    """Gather the parts of each player over all cues."""
    players: dict[tuple[str, int | None], list[Part]] = {}
    for arrangement in arrangements:
        for part in arrangement.parts:
            if part.instrument == "drums":
                players.setdefault((part.name, None), []).append(part)
            elif isinstance(part.instrument, int):
                players.setdefault((part.name, part.instrument), []).append(part)
    return players


def _track(name: str, program: int | None, channel: int, parts: Sequence[Part], tempo: _Tempo) -> mido.MidiTrack:
    events: list[tuple[int, mido.Message]] = []
    if program is not None:
        events.append((0, mido.Message("program_change", channel=channel, program=program)))
    for part in parts:
        pan = round(64 + 63 * part.pan)
        first = tempo.tick(min(note.time for note in part.notes))
        events.append((first, mido.Message("control_change", channel=channel, control=10, value=pan)))
        events += _notes(part, channel, tempo)
        for time, level in part.expression:
            value = round(127 * min(1.0, max(0.0, level)))
            events.append((tempo.tick(time), mido.Message("control_change", channel=channel, control=11, value=value)))
    return _timed(name, events)


def _notes(part: Part, channel: int, tempo: _Tempo) -> list[tuple[int, mido.Message]]:
    """Return on and off for every note; one that is struck again while it sounds ends first."""
    events: list[tuple[int, mido.Message]] = []
    following: dict[int, int] = {}
    for note in sorted(part.notes, key=lambda n: (-n.time, n.pitch)):
        on, off = tempo.tick(note.time), tempo.tick(note.time + note.length)
        off = max(on + 1, min(off, following.get(note.pitch, off)))
        following[note.pitch] = on
        events.append((off, mido.Message("note_off", channel=channel, note=note.pitch, velocity=0)))
        events.append((on, mido.Message("note_on", channel=channel, note=note.pitch, velocity=note.velocity)))
    return sorted(events, key=lambda event: (event[0], event[1].type == "note_on"))
