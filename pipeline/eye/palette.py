"""The two or three colours that a person would name a picture by, from a table of named tones."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 64  # pixels on the longer side: a colour that people name fills more than one of them
COUNTS = 0.1  # share of the picture that makes a colour worth a word ...
STRIKES = 0.035  # ... and that of a strong one among greys and blacks
STRONG = 42.0  # distance from grey in Lab; a tomato has 80, a lawn 50, skin 25
LIT = 35.0  # lightness in Lab from which a strong tone looks lit by itself
GREY = 9.0  # distance from grey in Lab under which a tone has no colour

#: name: (family, red, green, blue); one name of a family is enough
_TONES: dict[str, tuple[str, int, int, int]] = {
    "black": ("black", 10, 10, 12), "charcoal": ("black", 48, 48, 50), "grey": ("grey", 118, 118, 118),
    "silver": ("grey", 182, 182, 184), "white": ("white", 246, 246, 246), "slate": ("slate", 78, 90, 104),
    "pale slate": ("slate", 150, 162, 174), "midnight blue": ("blue", 12, 20, 52), "deep blue": ("blue", 22, 42, 110),
    "blue": ("blue", 45, 100, 205), "sky blue": ("blue", 125, 180, 230), "pale blue": ("blue", 190, 210, 238),
    "dark teal": ("teal", 18, 62, 66), "teal": ("teal", 40, 125, 130), "turquoise": ("teal", 70, 205, 210),
    "cyan": ("teal", 0, 225, 245), "grey-green": ("teal", 110, 142, 128), "dark green": ("green", 26, 54, 24),
    "green": ("green", 66, 150, 56), "lime green": ("green", 155, 205, 70), "olive": ("olive", 98, 96, 42),
    "dark olive": ("olive", 48, 48, 22), "yellow": ("yellow", 250, 218, 60), "pale yellow": ("yellow", 250, 236, 160),
    "cream": ("cream", 246, 236, 208), "gold": ("gold", 205, 160, 64), "sand": ("sand", 205, 178, 130),
    "orange": ("orange", 240, 130, 36), "amber": ("orange", 250, 172, 60), "peach": ("peach", 246, 190, 150),
    "rust": ("rust", 168, 78, 34), "brown": ("brown", 104, 70, 42), "dark brown": ("brown", 48, 32, 22),
    "tan": ("tan", 172, 134, 104), "red": ("red", 205, 32, 36), "coral": ("red", 238, 96, 84),
    "dark red": ("red", 98, 20, 24), "old rose": ("rose", 160, 98, 104), "rose": ("rose", 216, 130, 142),
    "pink": ("pink", 242, 186, 206), "magenta": ("magenta", 235, 30, 190), "purple": ("violet", 118, 52, 140),
    "violet": ("violet", 110, 84, 175), "dusky violet": ("violet", 92, 70, 98), "mauve": ("violet", 150, 118, 146),
    "lavender": ("violet", 178, 168, 226), "dark violet": ("violet", 40, 26, 56),
}  # fmt: skip
_NAMES = tuple(_TONES)


def _lab(colours: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return RGB rows as CIE Lab: lightness 0-100, a and b around zero."""
    whole = colours.reshape(1, -1, 3).astype(np.float32) / 255
    return np.asarray(cv2.cvtColor(whole, cv2.COLOR_RGB2Lab), np.float32).reshape(-1, 3)


_LAB = _lab(np.array([tone[1:] for tone in _TONES.values()], np.uint8))
_CHROMA = np.hypot(_LAB[:, 1], _LAB[:, 2])
#: a step of lightness is seen less than a step of hue: shadows do not change a thing's colour
_WEIGHTS = np.array([0.6, 1.0, 1.0], np.float32)


def find_palette(stills: Sequence[NDArray[np.uint8]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return up to three names of tones, the most telling first, and those of them that look lit by themselves.

    `stills` are BGR pictures of one scene. The second are the colours of petals, lamps and neon.
    """
    if not stills:
        return (), ()
    shares = np.mean([_shares(still) for still in stills], axis=0)
    named = sorted(_by_family(shares), key=lambda pair: -pair[0] * (0.4 + min(1.6, float(_CHROMA[pair[1]]) / 30)))
    coloured = [_NAMES[tone] for _, tone in named if _CHROMA[tone] > GREY]
    plain = [_NAMES[tone] for share, tone in named if _CHROMA[tone] <= GREY and share > 3 * COUNTS]
    lit = tuple(_NAMES[tone] for _, tone in named if _CHROMA[tone] > STRONG and _LAB[tone, 0] > LIT)
    return ((*coloured[:2], *plain[:1]) if len(coloured) < 2 else tuple(coloured[:3])), lit[:3]


def _by_family(shares: NDArray[np.float64]) -> list[tuple[float, int]]:
    """Return (share, tone) for each family that fills enough of the picture, under its commonest tone."""
    families = [tone[0] for tone in _TONES.values()]
    found = []
    for family in dict.fromkeys(families):
        members = [i for i, name in enumerate(families) if name == family]
        share, tone = float(shares[members].sum()), max(members, key=lambda i: float(shares[i]))
        if share > (STRIKES if _CHROMA[tone] > STRONG else COUNTS):
            found.append((share, tone))
    return found


def _shares(still: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return which share of the picture each tone fills."""
    scale = min(1.0, SIDE / max(still.shape[:2]))
    size = (max(4, round(still.shape[1] * scale)), max(4, round(still.shape[0] * scale)))
    small = np.asarray(cv2.resize(still, size, interpolation=cv2.INTER_AREA), np.uint8)
    lab = _lab(np.ascontiguousarray(small[..., ::-1])) * _WEIGHTS
    far = ((lab[:, None, :] - (_LAB * _WEIGHTS)[None]) ** 2).sum(axis=2)
    return np.bincount(far.argmin(axis=1), minlength=len(_NAMES)) / len(lab)
