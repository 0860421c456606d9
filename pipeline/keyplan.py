"""The keys of the cues: one home, neighbours closely related, home again at the end.

Nearness is counted on the circle of fifths between key signatures, so that a relative key is no distance at all:
0-1 steps between neighbours, up to 3 where the mood flips (the parallel key).
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Literal, get_args

from pipeline.cuesheet import Style
from pipeline.errors import Refused

Mode = Literal["major", "minor", "dorian", "lydian", "mixolydian", "phrygian"]
MODES: tuple[Mode, ...] = get_args(Mode)

#: steps on the circle of fifths from a mode to the major scale with its key signature
_SIGNATURE: dict[Mode, int] = {"lydian": 1, "major": 0, "mixolydian": -1, "dorian": -2, "minor": -3, "phrygian": -4}

#: tonics by their place on the circle of fifths, C = 0
_TONICS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#")
_CIRCLE = dict(enumerate(_TONICS, -7))
_PLACE = {name: place for place, name in _CIRCLE.items()}

#: homes that lie well for strings, guitars and winds alike
_HOMES = (-3, -2, -1, 0, 1, 2, 3)

FLIP = 0.45  # a change of valence between neighbours that counts as the mood turning over


def parse_key(text: str) -> tuple[int, Mode]:
    """Return the tonic's place on the circle of fifths (C is 0, G is 1, F is -1) and the mode; raises Refused."""
    match = re.fullmatch(r"\s*([A-Ga-g])\s*(#|b|♯|♭)?\s*[- ]?\s*([A-Za-z]*)\s*", text)
    mode = (match.group(3).lower() or "major") if match else ""
    mode = {"maj": "major", "min": "minor", "m": "minor", "aeolian": "minor", "ionian": "major"}.get(mode, mode)
    sign = {"♯": "#", "♭": "b"}.get(match.group(2) or "", match.group(2) or "") if match else ""
    tonic = f"{match.group(1).upper()}{sign}" if match else ""
    if mode not in MODES or tonic not in {*_PLACE, "Fb", "E#", "B#"}:
        raise Refused(
            f"{text.strip()[:40]!r} is not a key.", hint='Write a tonic and a mode, such as "D minor" or "F# dorian".'
        )
    place = _PLACE.get({"Fb": "E", "E#": "F", "B#": "C"}.get(tonic, tonic), 0)
    return place, mode


def name_key(place: int, mode: Mode) -> str:
    """Spell a key with at most six accidentals where there is a choice."""
    signature = place + _SIGNATURE[mode]
    if signature > 6:
        place -= 12
    elif signature < -6:
        place += 12
    if place not in _CIRCLE:
        place += 12 if place < 0 else -12
    return f"{_CIRCLE[place]} {mode}"


def distance(one: str, other: str) -> int:
    """Steps on the circle of fifths between the signatures of two keys, 0-6."""
    (a, mode_a), (b, mode_b) = parse_key(one), parse_key(other)
    steps = abs(a + _SIGNATURE[mode_a] - b - _SIGNATURE[mode_b]) % 12
    return min(steps, 12 - steps)


def pick_mode(valence: float, arousal: float, style: Style, rng: random.Random) -> Mode:
    """The mode that the mood asks for, coloured by the style (composing notes, section 1)."""
    shifted = valence + {"epic": -0.3, "tense": -0.5, "playful": 0.25, "folk": 0.15, "electronic": -0.15}.get(
        style, 0.0
    )
    if style == "tense":
        return "phrygian" if shifted < -0.9 else "minor"
    if shifted > 0.55:
        return rng.choice(("lydian", "major", "major"))
    if shifted > 0.12:
        return "major"
    if shifted > -0.15:
        return "mixolydian" if arousal > 0 and style in ("folk", "epic") else "dorian"
    if shifted < -0.7 and arousal > 0.3:
        return "phrygian"
    return "minor"


def plan_keys(modes: Sequence[Mode], valences: Sequence[float], *, home: str | None, rng: random.Random) -> list[str]:
    """Choose a key for each cue; the first is home, the last shares home's signature or tonic.

    A client's own key is kept as it is for the first cue, its tonic leads the rest.
    """
    if home is not None:
        place, first = parse_key(home)
        modes = [first, *modes[1:]]
    else:
        place = rng.choice(_HOMES)
    # a client who names one key for one mood wants to hear it stay there more often than not
    wander = 0.35 if len(set(modes)) == 1 and home is not None else 0.5
    places = [place]
    home_signature = place + _SIGNATURE[modes[0]]
    for i in range(1, len(modes)):
        before = places[-1] + _SIGNATURE[modes[i - 1]]
        flips = abs(valences[i] - valences[i - 1]) > FLIP and modes[i] != modes[i - 1]
        if i == len(modes) - 1:
            signature = home_signature if abs(home_signature - before) <= 2 or not flips else before
        elif flips and before == home_signature and rng.random() < 0.5:
            signature = places[-1] + _SIGNATURE[modes[i]]  # the parallel key: same tonic, the third changes
        elif before != home_signature:
            signature = before + (1 if home_signature > before else -1)  # a step on the way home
        elif rng.random() < wander:
            signature = before + rng.choice((-1, 1))
        else:
            signature = before
        signature = before + min(3, max(-3, signature - before))
        places.append(signature - _SIGNATURE[modes[i]])
    return [name_key(at, mode) for at, mode in zip(places, modes, strict=True)]
