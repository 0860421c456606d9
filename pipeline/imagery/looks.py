"""How a film looks: the client's own words for it, or an art direction that suits the music; and its five colours."""

from __future__ import annotations

import colorsys
import math
import re
from dataclasses import dataclass

import numpy as np

from pipeline.breakdown.passages import plain
from pipeline.orchestra.chance import dice
from pipeline.painter.palette import from_oklab, to_hex, to_oklab
from pipeline.storyboard import World

LOOK_WORDS_MOST = 40  # of a client's own look in a prompt: beyond it the look would be all there is


@dataclass(frozen=True)
class Look:
    """An art direction."""

    words: str  #: as it stands at the end of a prompt
    chroma: float = 1.0  #: of the palette: 0 black and white, 1 as it comes, above it garish
    night: bool = False  #: whether it wants darkness


_LOOKS: dict[tuple[str, ...], Look] = {
    ("anime", "manga", "ghibli"): Look(
        "hand-drawn anime film style, clean ink lines, cel shading, painted backgrounds, luminous skies"
    ),
    ("watercolour", "watercolor", "aquarell", "acuarela", "aquarelle"): Look(
        "loose watercolour on rough paper, wet edges, soft bleeding pigments, plenty of white", 0.8
    ),
    ("neon noir", "noir neon", "cyberpunk", "blade runner"): Look(
        "neon noir, deep blacks, wet reflective surfaces, magenta and cyan glow, drifting haze, anamorphic flares",
        1.3,
        True,
    ),
    ("neon", "vaporwave", "synthwave", "retrowave"): Look(
        "synthwave poster art, glowing outlines, gradient skies, violet and turquoise light, subtle scan lines",
        1.4,
        True,
    ),
    ("noir", "film noir"): Look(
        "classic film noir, black and white, hard low-key lighting, venetian shadows, silver grain", 0.0, True
    ),
    ("black and white", "monochrome", "schwarzweiss", "blanco y negro", "noir et blanc"): Look(
        "black and white photography, rich tonal range, silver gelatin print, fine grain", 0.0
    ),
    ("oil", "painting", "painterly", "olgemalde", "gemalde", "oleo", "peinture", "impressionist"): Look(
        "impressionist oil painting, visible brush strokes, broken colour, thick impasto highlights"
    ),
    ("comic", "graphic novel", "pop art", "cartoon"): Look(
        "graphic novel panel art, bold ink outlines, flat colours, halftone shading", 1.2
    ),
    ("sketch", "pencil", "charcoal", "skizze", "boceto", "croquis"): Look(
        "charcoal and pencil drawing on toned paper, smudged shading, loose searching lines", 0.25
    ),
    ("papercut", "paper cut", "collage", "scherenschnitt"): Look(
        "layered paper-cut diorama, crisp edges, soft shadows between the sheets, textured card"
    ),
    ("claymation", "stop motion", "clay", "knete"): Look(
        "stop-motion miniature set, handmade clay textures, practical lights, shallow focus"
    ),
    ("pixel", "8 bit", "16 bit"): Look("detailed pixel art, limited palette, dithered gradients, crisp blocks", 1.2),
    ("ukiyo", "woodblock", "japanese print"): Look(
        "ukiyo-e woodblock print, flat graded colour, flowing outlines, visible paper fibre", 0.9
    ),
    ("3d", "render", "pixar", "low poly"): Look(
        "stylised 3D animation still, soft global illumination, rounded shapes, rich materials"
    ),
    ("vintage", "retro", "super 8", "16mm", "70s", "80s", "polaroid", "analog"): Look(
        "faded 16mm film, warm halation, gentle light leaks, soft grain, period colours", 0.8
    ),
    ("surreal", "dali", "psychedelic", "trippy"): Look(
        "surrealist dreamscape, impossible scale, melting perspective, saturated iridescent colour", 1.3
    ),
    ("photo", "photorealistic", "realistic", "cinematic", "film", "movie", "kino"): Look(
        "cinematic film still, anamorphic lens, natural skin and materials, restrained colour grade, fine grain"
    ),
}

#: (bright, stirred) music without a word from the client
_BY_MOOD: dict[tuple[bool, bool], tuple[Look, ...]] = {
    (True, True): (
        Look("vivid analogue photography, saturated summer colours, lens flare, energetic composition", 1.15),
        Look("bold illustrated poster art, clean shapes, saturated complementary colours, crisp light", 1.2),
    ),
    (True, False): (
        Look("soft pastel illustration, painted texture, airy light, gentle gradients", 0.75),
        Look("warm 35mm photography, golden haze, natural colours, shallow focus, fine grain", 0.9),
    ),
    (False, True): (
        Look("moody cinematic film still, teal shadows against burning orange, hard contrast, haze, fine grain", 1.1),
        Look("neon-lit night photography, magenta and cyan reflections, deep blacks, drifting smoke", 1.3, True),
    ),
    (False, False): (
        Look("muted cinematic film still, cool desaturated grade, soft grain, quiet negative space", 0.6),
        Look("melancholic painterly realism, blue-grey tones, veiled light, delicate brushwork", 0.65),
    ),
}

_HUES = {
    "red": 0.99, "rot": 0.99, "rojo": 0.99, "rouge": 0.99, "orange": 0.07, "amber": 0.1, "gold": 0.12, "golden": 0.12,
    "yellow": 0.14, "gelb": 0.14, "amarillo": 0.14, "jaune": 0.14, "green": 0.36, "grun": 0.36, "verde": 0.36,
    "vert": 0.36, "teal": 0.49, "turquoise": 0.48, "cyan": 0.5, "blue": 0.6, "blau": 0.6, "azul": 0.6, "bleu": 0.6,
    "indigo": 0.68, "purple": 0.76, "violet": 0.75, "lila": 0.76, "morado": 0.76, "pink": 0.9, "rosa": 0.92,
    "magenta": 0.86,
}  # fmt: skip
#: hue of the shadows and of the lights (0-1 round the wheel) by (bright, stirred)
_GRADES: dict[tuple[bool, bool], tuple[tuple[float, float], ...]] = {
    (True, True): ((0.62, 0.08), (0.8, 0.1), (0.53, 0.06)),
    (True, False): ((0.58, 0.09), (0.47, 0.08), (0.92, 0.1)),
    (False, True): ((0.54, 0.04), (0.72, 0.94), (0.66, 0.02)),
    (False, False): ((0.61, 0.07), (0.66, 0.1), (0.72, 0.02)),
}
#: of the five: Oklab lightness, how far from the shadows' hue to the lights', Oklab chroma
_STEPS = ((0.19, 0.0, 0.045), (0.37, 0.05, 0.095), (0.55, 0.7, 0.125), (0.75, 1.0, 0.125), (0.92, 1.0, 0.05))


def find_look(words: str, wish: str, home: World, *, valence: float, arousal: float, seed: int) -> Look:
    """Return the art direction that the client asks for, else the music's, as far as it suits the home world."""
    known = _known(words) or (_known(wish, careful=True) if not words else None)
    if words:
        own = " ".join(words.split()[:LOOK_WORDS_MOST]).rstrip(".,; ")
        if known is None:
            return Look(f"{own}, one consistent style throughout")
        more = known.words if plain(own) in plain(known.words) else f"{own}, {known.words}"
        return Look(more, known.chroma, known.night)
    lit = home in ("city", "street")
    return known or dice(seed, "look").choice(
        [one for one in _BY_MOOD[valence >= 0, arousal >= 0] if lit or not one.night]
    )


def find_palette(look: Look, words: str, *, valence: float, arousal: float, seed: int) -> tuple[str, ...]:
    """Return five colours from dark to light as "#rrggbb"; `words` may name colours."""
    shadow, light = dice(seed, "palette").choice(_GRADES[valence >= 0, arousal >= 0])
    if named := named_hues(words):
        light, shadow = named[0], named[1] if len(named) > 1 else (named[0] - 0.05) % 1.0
    strength = max(0.0, (0.95 + 0.2 * arousal + 0.1 * abs(valence)) * look.chroma)
    start = _angle(shadow)
    way = math.remainder(_angle(light) - start, math.tau)
    colours = []
    for lightness, share, chroma in _STEPS:
        hue = start + way * share
        colours.append(
            from_oklab(np.array([lightness, chroma * strength * math.cos(hue), chroma * strength * math.sin(hue)]))
        )
    return tuple(to_hex(colour) for colour in colours)


def named_hues(words: str) -> list[float]:
    """Return the hues that a text names, 0-1 round the wheel, in order."""
    return [_HUES[word] for word in plain(words).split() if word in _HUES]


def _angle(hue: float) -> float:
    """Return where a hue of the screen's wheel, 0-1, lies in Oklab; radians."""
    rgb = colorsys.hls_to_rgb(hue, 0.5, 1.0)
    _, green, blue = to_oklab(np.array(rgb[::-1]))
    return math.atan2(blue, green)


def _known(words: str, *, careful: bool = False) -> Look | None:
    """The look whose name is said first; `careful`: "photo" and such are things to see in a wish, not looks."""
    said = f" {plain(words)} "
    found = [
        (match.start(), -len(name), look)
        for names, look in _LOOKS.items()
        for name in names
        if (match := re.search(rf"\b{re.escape(name)}\b", said)) and not (careful and name in _THINGS)
    ]
    return min(found, key=lambda one: one[:2])[2] if found else None


_THINGS = ("oil", "neon", "clay", "film", "movie", "photo", "paper cut", "painting", "pencil", "analog", "kino")
