"""Eight ways to score a picture: who plays, over which chords, in what time, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.cuesheet import Style

Colour = Literal["triad", "add9", "seventh", "ninth", "cluster", "power"]
Ending = Literal["ring-out", "plagal", "button", "picardy", "open", "unresolved", "jazz"]
Role = Literal["melody", "relief", "double", "counter", "ostinato", "pad", "bass", "drums", "accent", "thunder"]


@dataclass(frozen=True)
class Palette:
    """What a style is made of. Players are named as in instruments.py, the first ones typical, any may be drawn."""

    players: dict[Role, tuple[str, ...]]
    layers: dict[Role, float]  #: from which energy (0-1) a role plays
    colour: Colour
    bright: tuple[str, ...]  #: progressions for modes with a major third, in the notation of harmony.py
    dark: tuple[str, ...]  #: and for those with a minor one
    chord_s: float  #: seconds that a chord likes to last
    statement_s: float  #: seconds that a statement of the motif likes to last
    ending: Ending
    ring_s: float  #: seconds from the last onset to the last frame
    levels: dict[Role, float]  #: dB on top of the role's usual level
    swing: float = 0.5  #: where the off-beat falls inside its pair; 0.5 is straight
    swing_unit: float = 0.5  #: quarter notes of the note that swings: 0.5 eighths, 0.25 sixteenths
    density: float = 0.0  #: octaves of onsets per second on top of the arousal's
    gate: float = 0.0  #: on top of the arousal's share of a note that sounds
    dominant: bool = True  #: cadences by the fifth; otherwise modal ones
    leading_note: bool = False  #: in minor, the fifth has a major third


PALETTES: dict[Style, Palette] = {
    "cinematic": Palette(
        players={
            "melody": ("cello", "strings", "oboe", "piano", "clarinet", "horns"),
            "double": ("flute", "strings", "celesta"),
            "counter": ("clarinet", "cello", "horns", "oboe"),
            "ostinato": ("piano", "harp", "pizzicato strings"),
            "pad": ("slow strings", "strings"),
            "bass": ("low strings", "contrabasses"),
            "drums": ("kit",),
            "accent": ("harp", "piano"),
            "thunder": ("timpani",),
        },
        layers={"ostinato": 0, "pad": 0, "bass": 0.2, "melody": 0.15, "counter": 0.45, "drums": 0.66, "double": 0.6},
        colour="add9",
        bright=("1 5/7 6 4", "1 3 4 iv", "1 6 4 5", "1 4 6 5", "1 5 2 4", "1 3/5 6 4"),
        dark=("1 6 3 7", "1 4 6 5", "1 3 7 4", "1 6 4 5", "1 7/2 3 6", "1 5 6 3"),
        chord_s=2.8,
        statement_s=4.6,
        ending="ring-out",
        ring_s=2.4,
        levels={},
        density=-0.1,
        gate=0.1,
        leading_note=True,
    ),
    "ambient": Palette(
        players={
            "melody": ("felt piano", "vibraphone", "flute", "clarinet", "celesta"),
            "double": ("celesta", "music box"),
            "counter": ("slow strings", "cello", "clarinet", "choir"),
            "ostinato": ("vibraphone", "harp", "kalimba", "felt piano"),
            "pad": ("warm pad", "halo pad", "sweep pad"),
            "bass": ("deep pad", "contrabasses"),
            "accent": ("celesta", "music box", "harp", "glockenspiel"),
        },
        layers={"pad": 0, "ostinato": 0, "bass": 0.15, "melody": 0.2, "counter": 0.5, "double": 0.72},
        colour="ninth",
        bright=("1 4", "1 2/1", "4 1/3 2 1", "1 6 4 2", "1 3 4 6"),
        dark=("1 6", "1 4", "1 3 6 4", "6 1/3 7 1", "1 7 4 6"),
        chord_s=4.6,
        statement_s=7.0,
        ending="open",
        ring_s=3.0,
        levels={"pad": 3, "ostinato": -1, "melody": 1, "accent": -2},
        density=-0.6,
        gate=0.25,
        dominant=False,
    ),
    "electronic": Palette(
        players={
            "melody": ("square lead", "saw lead"),
            "double": ("saw lead", "square lead"),
            "counter": ("poly pad", "square lead"),
            "ostinato": ("saw pluck", "square pluck"),
            "pad": ("poly pad", "sweep pad", "halo pad"),
            "bass": ("synth bass",),
            "drums": ("kit",),
            "accent": ("rhodes", "saw pluck", "square pluck"),
        },
        layers={"drums": 0.53, "ostinato": 0, "bass": 0.2, "pad": 0.1, "melody": 0.3, "counter": 0.66, "double": 0.78},
        colour="triad",
        bright=("6 4 1 5", "4 5 3 6", "1 5 6 4", "1 4 6 5", "4 1 5 6"),
        dark=("1 7 6 7", "1 6 3 7", "1 4 6 5", "6 7 1 1", "1 3 7 6"),
        chord_s=2.2,
        statement_s=4.0,
        ending="button",
        ring_s=1.4,
        levels={"drums": 2, "bass": 1, "melody": -2, "ostinato": -1},
        density=0.35,
        gate=-0.05,
    ),
    "folk": Palette(
        players={
            "melody": ("flute", "recorder", "clarinet", "accordion", "nylon guitar"),
            "double": ("recorder", "flute"),
            "counter": ("cello", "clarinet", "accordion"),
            "ostinato": ("steel guitar", "nylon guitar"),
            "pad": ("slow strings", "accordion"),
            "bass": ("upright bass",),
            "drums": ("kit",),
            "accent": ("banjo", "nylon guitar", "steel guitar"),
        },
        layers={"ostinato": 0, "bass": 0.1, "melody": 0.15, "drums": 0.4, "pad": 0.5, "counter": 0.55, "double": 0.75},
        colour="triad",
        bright=("1 5 6 4", "1 4 1 5", "1 bVII 4 1", "1 3 4 5", "1 6 4 5", "1 4 6 5"),
        dark=("1 7 6 7", "1 4 7 3", "1 3 7 1", "1 6 7 1", "1 5 6 4"),
        chord_s=2.0,
        statement_s=4.0,
        ending="plagal",
        ring_s=1.9,
        levels={"pad": -3, "ostinato": 2},
        density=0.1,
    ),
    "lofi": Palette(
        players={
            "melody": ("nylon guitar", "vibraphone", "flute", "felt piano"),
            "double": ("nylon guitar", "vibraphone"),
            "counter": ("nylon guitar", "clarinet", "vibraphone"),
            "ostinato": ("rhodes",),
            "pad": ("poly pad", "slow strings"),
            "bass": ("finger bass", "upright bass"),
            "drums": ("kit",),
            "accent": ("marimba", "vibraphone", "piano"),
        },
        layers={"ostinato": 0, "bass": 0.2, "drums": 0.3, "melody": 0.2, "pad": 0.5, "counter": 0.62, "double": 0.85},
        colour="ninth",
        bright=("2 5 1 6", "4 3 2 1", "1 6 2 5", "4 iv 3 6", "1 3 4 5"),
        dark=("1 4 7 3", "4 5 1 6", "1 6 4 5", "6 5 1 1/7", "4 7 3 6"),
        chord_s=2.7,
        statement_s=4.6,
        ending="jazz",
        ring_s=2.0,
        levels={"pad": -1, "melody": 1, "drums": 1},
        swing=0.58,
        swing_unit=0.25,
        density=-0.1,
    ),
    "playful": Palette(
        players={
            "melody": ("clarinet", "xylophone", "flute", "bassoon", "marimba"),
            "double": ("glockenspiel", "xylophone", "celesta"),
            "counter": ("bassoon", "clarinet", "marimba"),
            "ostinato": ("pizzicato strings", "marimba"),
            "pad": ("accordion", "clarinet"),
            "bass": ("tuba", "upright bass", "bassoon"),
            "drums": ("kit",),
            "accent": ("xylophone", "glockenspiel", "celesta"),
        },
        layers={"ostinato": 0, "bass": 0.3, "melody": 0.1, "drums": 0.5, "counter": 0.55, "double": 0.6, "pad": 0.62},
        colour="triad",
        bright=("1 6 2 5", "1 2 5 1", "1 4 1/5 5", "1 V/2 5 1", "1 5/7 6 5"),
        dark=("1 4 5 1", "1 6 4 5", "1 5 1 4", "1 7 6 5"),
        chord_s=1.7,
        statement_s=3.2,
        ending="button",
        ring_s=1.2,
        levels={"pad": -4, "bass": 2},
        swing=0.6,
        swing_unit=0.5,
        density=0.25,
        leading_note=True,
        gate=-0.25,
    ),
    "tense": Palette(
        players={
            "melody": ("clarinet", "cello", "bassoon", "piano", "oboe"),
            "double": ("celesta", "music box"),
            "counter": ("cello", "bassoon", "clarinet"),
            "ostinato": ("low spiccato", "low piano"),
            "pad": ("tremolo strings",),
            "bass": ("contrabasses", "low strings", "deep pad"),
            "drums": ("kit",),
            "accent": ("piano", "harp"),
            "thunder": ("timpani",),
        },
        layers={"ostinato": 0, "pad": 0.05, "bass": 0.15, "melody": 0.3, "drums": 0.35, "counter": 0.55, "double": 0.8},
        colour="cluster",
        bright=("1 2/1 1 6", "1 6 1 iv", "1 3 1 4/1", "1 2/1 6 4"),
        dark=("1 2/1 1 6", "1 6/1 1 4/1", "1 bII 1 5", "1 4/1 2/1 1", "1 6 1 2", "1 6 4 6"),
        chord_s=3.4,
        statement_s=4.4,
        ending="unresolved",
        ring_s=1.8,
        levels={"melody": -1, "ostinato": 2, "counter": -2},
        density=-0.1,
        gate=-0.1,
        dominant=False,
    ),
    "epic": Palette(
        players={
            "melody": ("horns", "brass", "trombones"),
            "double": ("strings", "brass", "trombones"),
            "counter": ("trombones", "cello", "horns"),
            "ostinato": ("spiccato strings", "low spiccato"),
            "pad": ("choir", "horns", "brass"),
            "bass": ("tuba", "low strings"),
            "drums": ("kit",),
            "accent": ("piano", "harp"),
            "thunder": ("taiko",),
        },
        layers={"ostinato": 0, "pad": 0.15, "bass": 0.2, "melody": 0.3, "drums": 0.6, "counter": 0.6, "double": 0.55},
        colour="power",
        bright=("1 5 6 4", "4 5 6 1", "1 4 6 5", "6 4 1 5", "1 3 6 4"),
        dark=("1 6 3 7", "1 3 7 4", "6 7 1 1", "1 6 7 4", "1 7 6 7"),
        chord_s=2.3,
        statement_s=4.2,
        ending="picardy",
        ring_s=2.4,
        levels={"drums": 3, "ostinato": 2, "melody": 1, "double": 1},
        density=0.3,
    ),
}

#: dB against the melody, pan, velocity against the mood's; common practice, settled by ear and by level
ROLE_LEVEL_DB: dict[Role, float] = {
    "melody": 0,
    "relief": 0,
    "double": -6,
    "counter": -5,
    "ostinato": -6,
    "pad": -7,  # its arcs take three more
    "bass": -3,
    "drums": -1,
    "accent": 0,
    "thunder": -2,
}
ROLE_PAN: dict[Role, float] = {
    "melody": 0,
    "relief": -0.1,
    "double": 0.15,
    "counter": 0.3,
    "ostinato": -0.35,
    "pad": 0,
    "bass": 0,
    "drums": 0,
    "accent": 0.2,
    "thunder": 0,
}
ROLE_STEM: dict[Role, str] = {
    "melody": "melody",
    "relief": "melody",
    "double": "melody",
    "counter": "counter",
    "ostinato": "ostinato",
    "pad": "pad",
    "bass": "bass",
    "drums": "drums",
    "accent": "effects",
    "thunder": "drums",
}

#: who steps in when every player of a role has been excluded, in order of preference
STAND_INS: dict[Role, tuple[str, ...]] = {
    "melody": ("piano", "flute", "strings", "clarinet", "nylon guitar", "vibraphone", "horns", "square lead", "choir"),
    "relief": (),
    "double": (),
    "counter": ("cello", "clarinet", "vibraphone", "horns"),
    "ostinato": ("piano", "pizzicato strings", "harp", "nylon guitar", "marimba", "saw pluck", "rhodes", "celesta"),
    "pad": ("slow strings", "warm pad", "choir", "horns", "accordion"),
    "bass": ("contrabasses", "upright bass", "synth bass", "tuba", "low piano", "bassoon"),
    "drums": (),
    "accent": (
        "harp",
        "piano",
        "celesta",
        "nylon guitar",
        "pizzicato strings",
        "rhodes",
        "saw pluck",
        "marimba",
        "horns",
    ),
    "thunder": ("timpani", "low piano"),
}
