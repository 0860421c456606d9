"""The players: General MIDI programs with the range where each sounds well, even on a small SoundFont."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Attack = Literal["struck", "plucked", "bowed", "blown", "pad", "synth"]

#: seconds that a slow attack starts before the beat, so that it is *heard* on it; the rest speak at once
LEAD_S: dict[Attack, float] = {"struck": 0, "plucked": 0, "synth": 0, "blown": 0.025, "bowed": 0.045, "pad": 0.07}


@dataclass(frozen=True)
class Instrument:
    name: str  #: as a player would be called
    program: int  #: General MIDI, 0-based
    low: int  #: sweet spot, MIDI notes
    high: int
    attack: Attack
    families: frozenset[str]  #: what a client may call it: "strings", "bowed", ...
    short_s: float = 0.0  #: every note is at most this long: a way of playing, such as spiccato

    @property
    def sustains(self) -> bool:
        return self.attack in ("bowed", "blown", "pad") and not self.short_s


def _player(
    name: str, program: int, low: int, high: int, attack: Attack, families: str, short_s: float = 0.0
) -> Instrument:
    return Instrument(name, program, low, high, attack, frozenset(families.split()), short_s)


_ALL = (
    _player("piano", 0, 48, 84, "struck", "piano keys"),
    _player("felt piano", 0, 52, 79, "struck", "piano keys"),
    _player("low piano", 0, 28, 52, "struck", "piano keys"),
    _player("rhodes", 4, 48, 76, "struck", "rhodes keys electric"),
    _player("celesta", 8, 72, 96, "struck", "celesta bells keys"),
    _player("glockenspiel", 9, 79, 100, "struck", "glockenspiel bells mallets percussion"),
    _player("music box", 10, 67, 91, "struck", "music-box bells"),
    _player("vibraphone", 11, 55, 84, "struck", "vibraphone mallets percussion"),
    _player("marimba", 12, 48, 79, "struck", "marimba mallets percussion"),
    _player("xylophone", 13, 65, 91, "struck", "xylophone mallets percussion"),
    _player("accordion", 21, 55, 79, "blown", "accordion reeds"),
    _player("nylon guitar", 24, 45, 76, "plucked", "guitar acoustic"),
    _player("steel guitar", 25, 45, 74, "plucked", "guitar acoustic"),
    _player("upright bass", 32, 31, 50, "plucked", "bass acoustic"),
    _player("finger bass", 33, 31, 50, "plucked", "bass electric"),
    _player("synth bass", 38, 29, 48, "synth", "bass synth"),
    _player("cello", 42, 43, 67, "bowed", "cello strings bowed"),
    _player("contrabasses", 43, 31, 50, "bowed", "strings bowed bass"),
    _player("tremolo strings", 44, 50, 86, "bowed", "strings bowed tremolo"),
    _player("pizzicato strings", 45, 43, 79, "plucked", "strings pizzicato"),
    _player("harp", 46, 43, 88, "plucked", "harp strings"),
    _player("timpani", 47, 38, 55, "struck", "timpani drums percussion"),
    _player("strings", 48, 48, 84, "bowed", "strings bowed"),
    _player("low strings", 48, 36, 52, "bowed", "strings bowed bass"),
    _player("spiccato strings", 48, 48, 79, "struck", "strings bowed", 0.13),
    _player("low spiccato", 48, 36, 60, "struck", "strings bowed", 0.16),
    _player("slow strings", 49, 48, 79, "pad", "strings bowed"),
    _player("choir", 52, 52, 74, "pad", "choir voices"),
    _player("trombones", 57, 46, 65, "blown", "trombone brass"),
    _player("tuba", 58, 31, 48, "blown", "tuba brass bass"),
    _player("horns", 60, 48, 69, "blown", "horn brass"),
    _player("brass", 61, 48, 70, "blown", "brass trumpet"),
    _player("oboe", 68, 64, 81, "blown", "oboe woodwinds reeds"),
    _player("bassoon", 70, 40, 60, "blown", "bassoon woodwinds reeds"),
    _player("clarinet", 71, 55, 79, "blown", "clarinet woodwinds reeds"),
    _player("flute", 73, 69, 91, "blown", "flute woodwinds"),
    _player("recorder", 74, 69, 88, "blown", "flute woodwinds recorder"),
    _player("square lead", 80, 60, 84, "synth", "synth lead"),
    _player("saw lead", 81, 60, 84, "synth", "synth lead"),
    _player("saw pluck", 81, 57, 84, "synth", "synth", 0.11),
    _player("square pluck", 80, 57, 84, "synth", "synth", 0.11),
    _player("warm pad", 89, 48, 76, "pad", "synth pad"),
    _player("poly pad", 90, 48, 76, "pad", "synth pad"),
    _player("halo pad", 94, 48, 76, "pad", "synth pad"),
    _player("sweep pad", 95, 48, 76, "pad", "synth pad"),
    _player("deep pad", 89, 33, 52, "pad", "synth pad bass"),
    _player("kalimba", 108, 60, 84, "plucked", "kalimba mallets percussion"),
    _player("banjo", 105, 50, 76, "plucked", "banjo guitar acoustic"),
    _player("taiko", 116, 36, 52, "struck", "taiko drums percussion"),
)
INSTRUMENTS: dict[str, Instrument] = {instrument.name: instrument for instrument in _ALL}
