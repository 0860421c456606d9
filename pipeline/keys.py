"""Keys and modes: read and spelled as musicians write them, their scales, and how far two keys lie apart."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.errors import Refused

#: semitones above the tonic; every mode has seven degrees, so that a tune can be moved from one to any other
MODES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
}
#: other names, and scales whose chords are written as those of the nearest mode: the leading note comes at cadences
_SAME = {
    "": "major",
    "maj": "major",
    "ionian": "major",
    "pentatonic": "major",
    "m": "minor",
    "min": "minor",
    "aeolian": "minor",
    "natural minor": "minor",
    "harmonic minor": "minor",
    "melodic minor": "minor",
    "minor pentatonic": "minor",
    "blues": "minor",
    "octatonic": "phrygian",
    "diminished": "phrygian",
    "whole tone": "lydian",
}
_LETTERS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11, "h": 11}
#: tonics in fifths, from seven flats to the leading note of seven sharps; C is at 0
_IN_FIFTHS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#", "E#")
_SPELLED = dict(enumerate(_IN_FIFTHS, -7))
#: fifths from a mode's tonic to the tonic of the major scale with the same notes
_TO_MAJOR = {"lydian": 1, "major": 0, "mixolydian": -1, "dorian": -2, "minor": -3, "phrygian": -4, "locrian": -5}


@dataclass(frozen=True)
class Key:
    tonic: int  #: pitch class, 0 is C
    mode: str  #: one of MODES

    @property
    def scale(self) -> tuple[int, ...]:
        """The pitch classes of the seven degrees, tonic first."""
        return tuple((self.tonic + step) % 12 for step in MODES[self.mode])

    @property
    def dark(self) -> bool:
        """Whether the third above the tonic is minor."""
        return MODES[self.mode][2] == 3

    @property
    def fifths(self) -> int:
        """The key signature: sharps, or flats when negative, from -5 to 6; relative keys share it."""
        signature = (self.tonic * 7 + _TO_MAJOR[self.mode]) % 12
        return signature if signature <= 6 else signature - 12

    def __str__(self) -> str:
        """Spell it with the fewest accidentals."""
        return f"{_SPELLED[self.fifths - _TO_MAJOR[self.mode]]} {self.mode}"


def key_with(fifths: int, mode: str) -> Key:
    """Return the key of a mode with this signature: sharps, or flats when negative."""
    return Key((fifths - _TO_MAJOR[mode]) * 7 % 12, mode)


def read_key(name: str) -> Key:
    """Read "D minor", "F# lydian", "Bbm"; raises Refused for anything that is no key."""
    match = re.fullmatch(r"\s*([A-Ha-h])\s*([#b♯♭]?)\s*([A-Za-z ]*?)\s*", name.replace("-", " "))
    mode = re.sub(r"\s+", " ", match[3].lower()) if match else None
    mode = _SAME.get(mode, mode) if mode is not None else None
    if match is None or mode not in MODES:
        raise Refused(f"{name.strip()[:40]!r} is not a key.", hint="Write it like 'D minor', 'F lydian' or 'G dorian'.")
    shift = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}[match[2]]
    return Key((_LETTERS[match[1].lower()] + shift) % 12, mode)


def distance(one: Key, other: Key) -> int:
    """Return how many fifths lie between the notes of two keys, 0-6; relative keys are 0 apart."""
    apart = (one.fifths - other.fifths) % 12
    return min(apart, 12 - apart)
