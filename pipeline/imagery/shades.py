"""The colours of one part of the song: the film's own five, turned and brightened as far as its part asks for."""

from __future__ import annotations

import math

from pipeline.painter.canvas import Colour
from pipeline.painter.palette import brightness, from_hex, lighter, sickly, to_hex, to_oklab, turned, vivid
from pipeline.storyboard import Part

#: of each part: turn of the hues in degrees, how many times as vivid, how much lighter (Oklab)
_SHADES: dict[Part, tuple[float, float, float]] = {
    "intro": (0.0, 0.85, 0.0),
    "verse": (0.0, 1.0, 0.0),
    "chorus": (-18.0, 1.5, 0.05),
    "bridge": (95.0, 1.1, -0.03),
    "instrumental": (-32.0, 1.1, 0.0),
    "outro": (12.0, 0.85, -0.02),
}
#: verses one after the other stray from the film's own hues, to both sides
_STRAY = (0.0, 26.0, -24.0, 44.0)
_FAITHFUL = 0.25  # of those turns where the client has named the colours


_ONE_HOUR = 2.0  # times those turns where the whole film has one hour: only colour tells its parts from each other


def find_shade(
    five: tuple[str, ...], part: Part, *, nth: int, named: bool = False, one_hour: bool = False
) -> tuple[str, ...]:
    """Return the film's five for the nth passage of a part, from 0; `named`: they are the client's own."""
    turn, chroma, lift = _SHADES[part]
    turn += _STRAY[nth % len(_STRAY)] if part in ("verse", "instrumental") else 0.0
    turn *= _FAITHFUL if named else 1.0
    turn *= _ONE_HOUR if one_hour and part != "bridge" else 1.0
    shades = [lighter(vivid(_turned(from_hex(text), turn), chroma), lift) for text in five]
    return tuple(to_hex(shade) for shade in sorted(shades, key=brightness))


def _turned(colour: Colour, degrees: float) -> Colour:
    """Turn a colour's hue, the other way where this one leads into a sickly green."""
    there = turned(colour, degrees)
    return turned(colour, -0.6 * degrees) if sickly(_hue(there)) and not sickly(_hue(colour)) else there


def _hue(colour: Colour) -> float:
    _, green, blue = to_oklab(colour)
    return math.atan2(blue, green)
