"""What one player has on the stand: notes in seconds, ready for the synthesizer and for the MIDI file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: "drums" is General MIDI's channel 10; the others are sounds that no SoundFont has, made by the synthesizer itself
Unpitched = Literal["drums", "sub drop", "riser", "swell"]


@dataclass(frozen=True)
class Note:
    time: float  #: seconds from the clip's first frame; humanised already
    length: float  #: seconds
    pitch: int  #: MIDI note, 60 is middle C; for drums the key of the kit
    velocity: int  #: 1-127


@dataclass(frozen=True)
class Part:
    """One instrument through one cue. Levels are in dB against the melody, whatever the font thinks of them."""

    name: str  #: "cello", "felt piano", "taiko": as a player would be called
    stem: str  #: one of pipeline.music.STEMS
    instrument: int | Unpitched  #: General MIDI program, 0-based, or an unpitched sound
    notes: tuple[Note, ...]
    level_db: float = 0.0  #: where this part sits against a melody at 0 dB
    pan: float = 0.0  #: -1 left, 1 right
    expression: tuple[tuple[float, float], ...] = ()  #: (time, level 0-1), straight lines between; empty: 1 throughout
