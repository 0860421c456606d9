"""The keys of the cues: one home, neighbours closely related, home again at the end.

Nearness is counted on the circle of fifths between key signatures, so that a relative key is no distance at all:
0-1 steps between neighbours, up to 3 where the mood flips (the parallel key).
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from pipeline.cuesheet import Style
from pipeline.keys import Key, key_with

#: homes that lie well for strings, guitars and winds alike
_HOMES = (-3, -2, -1, 0, 1, 2, 3)

FLIP = 0.45  # a change of valence between neighbours that counts as the mood turning over


def pick_mode(valence: float, arousal: float, style: Style, rng: random.Random) -> str:
    """The mode that the mood asks for (mode is the strongest cue of valence: Eerola 2013), coloured by the style."""
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


def plan_keys(modes: Sequence[str], valences: Sequence[float], *, home: Key | None, rng: random.Random) -> list[Key]:
    """Choose a key for each cue; the first is home, the last shares home's signature or is near it.

    A client's own key is kept as it is for the first cue and leads the rest.
    """
    # a client who names one key for one mood wants to hear it stay there more often than not
    wander = 0.35 if home and len(set(modes)) == 1 else 0.5
    home = home or Key(rng.choice(_HOMES) * 7 % 12, modes[0])
    keys = [home]
    for i in range(1, len(modes)):
        before = keys[-1].fifths
        flips = abs(valences[i] - valences[i - 1]) > FLIP and modes[i] != modes[i - 1]
        if i == len(modes) - 1:
            fifths = home.fifths if abs(home.fifths - before) <= 2 or not flips else before
        elif flips and before == home.fifths and rng.random() < 0.5:
            fifths = Key(keys[-1].tonic, modes[i]).fifths  # the parallel key: same tonic, the third changes
        elif before != home.fifths:
            fifths = before + (1 if home.fifths > before else -1)  # a step on the way home
        elif rng.random() < wander:
            fifths = before + rng.choice((-1, 1))
        else:
            fifths = before
        keys.append(key_with(before + min(3, max(-3, fifths - before)), modes[i]))
    return keys
