"""The words of a picture: text to image and image to video, from what the picture shows.

Flux reads prose: what is seen first, then where, light and air, lens, look; 40-90 words. What is not wanted is not
named, lyrics are never quoted: both would be drawn.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.orchestra.chance import dice
from pipeline.storyboard import PROMPT_MOST, Figure, Framing, Hour, Move, Picture, StyleSheet, Weather, World

WORDS_MOST = 90
STIRRED = 0.15  # arousal from which on a picture is lively

SETTINGS: dict[World, dict[Framing, tuple[str, ...]]] = {
    "mountains": {
        "wide": ("a vast mountain range with mist between the ridges", "a high pass under towering summits",
                 "a lake cupped among snow-streaked peaks"),
        "medium": ("a rocky ledge above a deep valley", "a winding trail along a steep slope",
                   "pines clinging to a granite shoulder"),
        "close": ("lichen and frost on weathered stone", "alpine grass trembling at the edge of a drop",
                  "a small cairn against blurred summits"),
    },
    "sea": {
        "wide": ("an endless ocean under a towering sky", "a long coastline with white surf far below",
                 "open water with a thin bright horizon"),
        "medium": ("an old wooden pier reaching into the swell", "wet sand mirroring the clouds",
                   "dark rocks washed by slow breakers"),
        "close": ("foam sliding over smooth pebbles", "ripples breaking into glints",
                  "salt spray hanging above a curling crest"),
    },
    "forest": {
        "wide": ("a valley of old trees fading into haze", "a forest canopy rolling to the skyline",
                 "a clearing ringed by giant firs"),
        "medium": ("a mossy path between tall trunks", "a fallen log across a quiet brook",
                   "birches standing like pale columns"),
        "close": ("ferns beaded with dew", "bark and moss in raking light", "a single leaf turning on a thread"),
    },
    "desert": {
        "wide": ("an ocean of dunes beneath a huge sky", "red mesas on a shimmering plain",
                 "a lone highway through empty badlands"),
        "medium": ("a sharp dune crest smoking with blown sand", "weathered rock arches carved by wind",
                   "an abandoned filling station beside the highway"),
        "close": ("wind ripples drawn in fine sand", "cracked earth with one green shoot",
                  "dust glittering above sun-bleached bones of wood"),
    },
    "fields": {
        "wide": ("rolling meadows under sailing clouds", "wheat country reaching to the rim of the world",
                 "a patchwork of farmland seen from a low hill"),
        "medium": ("a dirt track between tall grasses", "a wooden fence overgrown with poppies",
                   "a solitary oak above bending barley"),
        "close": ("seed heads backlit against the sky", "wild flowers brushing the lens", "dew on a spider's thread"),
    },
    "city": {
        "wide": ("a metropolis of glass towers seen from far above", "a skyline rising beyond a broad river",
                 "rooftops stepping away towards lit high-rises"),
        "medium": ("a rooftop edge above streaming avenues", "an elevated railway between facades",
                   "a bridge of steel cables over traffic"),
        "close": ("reflections sliding over a glass facade", "a lit stairwell behind frosted panes",
                  "bokeh of windows beyond an iron railing"),
    },
    "street": {
        "wide": ("a long avenue narrowing to its vanishing point", "a crossing seen from a high window",
                 "an old quarter of steep lanes"),
        "medium": ("a narrow lane between shuttered shops", "a corner cafe spilling its warmth onto the pavement",
                   "a doorway beneath a buzzing lamp"),
        "close": ("colours trembling in a puddle", "steam curling from a grate", "warm reflections on a shop window"),
    },
    "space": {
        "wide": ("a ringed planet looming over a barren moon", "a spiral galaxy seen from its edge",
                 "a nebula unfolding behind drifting asteroids"),
        "medium": ("a crater rim facing a rising blue world", "a silent station turning before the sun",
                   "comet tails crossing above a crystal plain"),
        "close": ("stardust streaming past a curved visor", "ice crystals tumbling in a sunbeam",
                  "a glowing ring of light around a dark sphere"),
    },
    "abstract": {
        "wide": ("immense ribbons of light folding through darkness", "a horizonless field of floating geometric forms",
                 "slow clouds of pigment opening in water"),
        "medium": ("interlocking translucent planes in suspended motion", "concentric rings breathing outward",
                   "silk-like waves of particles"),
        "close": ("liquid metal creasing into fine folds", "grains of light gathering into a spiral",
                  "ink threads dissolving in clear fluid"),
    },
    "underwater": {
        "wide": ("a blue abyss crossed by shafts of light", "a drowned colonnade fading into turquoise",
                 "a reef shelf dropping away into indigo"),
        "medium": ("kelp swaying like slow curtains", "a shoal parting around a sunken arch",
                   "jellyfish lanterns hanging in the current"),
        "close": ("bubbles climbing past coral", "caustics dancing over pale sand",
                  "a drifting veil of plankton sparks"),
    },
}  # fmt: skip

FRAMINGS: dict[Framing, tuple[str, ...]] = {
    "wide": ("A sweeping wide shot of", "An expansive establishing view of", "A grand panorama of"),
    "medium": ("A medium shot of", "An eye-level view of", "A composed mid-distance view of"),
    "close": ("An intimate close-up of", "A detailed close view of", "A shallow-focus close-up of"),
}
LENSES: dict[Framing, tuple[str, ...]] = {
    "wide": ("24mm lens, deep focus, strong leading lines, low horizon", "wide lens, layered depth, a tiny subject"
             " against open space", "deep focus, rule of thirds, foreground framing the distance"),
    "medium": ("35mm lens, layered foreground and background, balanced frame",
               "50mm lens, gentle depth of field, off-centre composition",
               "natural perspective, clear silhouette, open space on one side"),
    "close": ("85mm lens, creamy blurred background, tactile detail", "macro detail, narrow focus, soft bokeh",
              "long lens, compressed background, one sharp edge of light"),
}  # fmt: skip
LIGHTS: dict[Hour, tuple[str, ...]] = {
    "dawn": ("pale rose light seeping over the edge of the day", "cool first light with a thin golden rim",
             "low pearly sun and long soft shadows"),
    "day": ("clear daylight with crisp shadows", "bright open shade and high drifting clouds",
            "strong sun from the side modelling every shape"),
    "dusk": ("burnt orange afterglow against blue shade", "low amber backlight and long silhouettes",
             "violet twilight with the first lamps and stars"),
    "night": ("moonlit blues with small warm points of light", "deep shadows edged by cool rim light",
              "inky darkness pierced by glowing highlights"),
}  # fmt: skip
AIR: dict[Weather, tuple[str, ...]] = {
    "clear": ("transparent air",),
    "clouds": ("heaped clouds", "broken cloud cover"),
    "rain": ("fine rain and glistening reflections", "steady rain blurring the distance"),
    "snow": ("large snowflakes drifting down", "a hush of fresh snow"),
    "fog": ("low fog softening every outline", "veils of mist between the layers"),
    "storm": ("a gathering storm with torn clouds", "lashing wind and distant lightning"),
}
#: by (bright, stirred)
FEELINGS: dict[tuple[bool, bool], tuple[str, ...]] = {
    (True, True): ("exhilarating and free", "jubilant, full of lift", "radiant momentum"),
    (True, False): ("tender and hopeful", "serene, quietly happy", "weightless calm"),
    (False, True): ("tense and driven", "restless, charged with danger", "defiant urgency"),
    (False, False): ("wistful and solitary", "melancholic stillness", "hushed longing"),
}
ACTS: dict[Figure, tuple[str, ...]] = {
    "none": ("",),
    "walker": ("{cast} walking away from the camera", "{cast} standing still and looking up",
               "{cast} pausing, seen in profile", "{cast} crossing the frame"),
    "dancer": ("{cast} dancing with arms flung wide", "{cast} caught in the middle of a spin",
               "{cast} leaping, clothes flying"),
    "couple": ("{cast} holding hands", "{cast} leaning close together", "{cast} seen from behind, side by side"),
    "bird": ("a lone bird gliding through", "a flock of birds lifting off"),
    "boat": ("a small boat with one lantern", "a sailing boat leaning into the breeze"),
    "car": ("a vintage car with glowing headlights", "a single car trailing red tail lights"),
    "train": ("a train with bright windows passing", "a distant train drawing a line of light"),
    "house": ("a small house with one lit window", "a weathered house standing alone"),
    "tree": ("a solitary spreading tree", "one crooked tree against the light"),
    "balloon": ("a hot-air balloon floating high", "a red balloon slipping upward"),
}  # fmt: skip
#: what is seen of people up close; who is missing here acts as ever
CLOSE_ACTS: dict[Figure, tuple[str, ...]] = {
    "walker": ("the face of {cast} in profile beside it", "the hands of {cast} reaching into the frame",
               "{cast} out of focus behind it"),
    "dancer": ("the outstretched hand of {cast}", "{cast} blurred in motion behind it"),
    "couple": ("the joined hands of {cast}", "{cast} blurred in the background"),
}  # fmt: skip
STIRS: dict[World, tuple[str, ...]] = {
    "mountains": ("mist slides between the ridges", "cloud shadows travel over the slopes"),
    "sea": ("waves roll in and draw back", "the swell lifts and glitters"),
    "forest": ("leaves tremble and light flickers through them", "motes drift across the sunbeams"),
    "desert": ("sand streams off the crest", "heat shimmers along the ground"),
    "fields": ("the grass bends in long waves", "seeds drift on the wind"),
    "city": ("windows blink and traffic streams below", "clouds race behind the towers"),
    "street": ("reflections tremble and steam rises", "lights sweep slowly across the walls"),
    "space": ("stars drift and the planet turns slowly", "dust glides past in the light"),
    "abstract": ("forms unfold and flow into each other", "particles swirl outward in slow pulses"),
    "underwater": ("light ripples and kelp sways", "bubbles climb and a shoal turns at once"),
}
FALLS: dict[Weather, str] = {
    "clear": "", "clouds": "the clouds move on", "rain": "rain falls", "snow": "snow drifts down",
    "fog": "fog creeps through", "storm": "gusts tear at everything",
}  # fmt: skip
MOTIONS: dict[Figure, str] = {
    "none": "", "walker": "the figure moves on at an easy pace", "dancer": "the dancer turns in time",
    "couple": "the two breathe and lean closer", "bird": "wings beat once and glide", "boat": "the boat rocks gently",
    "car": "the car rolls steadily on", "train": "the train glides through", "house": "the lit window flickers",
    "tree": "the branches sway", "balloon": "the balloon rises slowly",
}  # fmt: skip
CAMERA: dict[Move, str] = {
    "hold": "static camera", "push": "slow push-in", "pull": "slow pull-back", "pan left": "smooth pan to the left",
    "pan right": "smooth pan to the right", "tilt up": "gentle tilt up", "tilt down": "gentle tilt down",
    "drift": "floating handheld drift",
}  # fmt: skip

_LINKS = re.compile(r"(?:[a-z][a-z0-9+.-]*://|www\.)\S*", re.IGNORECASE)


@dataclass(frozen=True)
class Subject:
    """What one picture is about, beside its own fields."""

    things: tuple[str, ...] = ()  #: images of what is sung, most important first
    wish: str = ""  #: the part of the client's wish that is told here
    cast: str = ""  #: who comes again
    place: str = ""  #: where it plays, where that is to be seen


def write_prompt(picture: Picture, subject: Subject, style: StyleSheet, *, seed: int, turn: int) -> str:
    """Return the words for a text-to-image engine; `turn` is the picture's number: neighbours get other words."""
    rng = dice(seed, "prompt", picture.name, turn)
    things = [_turned(thing.split("/"), turn + seed) for thing in subject.things if thing]
    setting = _unlike(SETTINGS[picture.world][picture.framing], [*things, subject.wish], turn + seed)
    seen = ", ".join(filter(None, [setting, _act(picture, subject, turn + seed)]))
    stirred = picture.valence >= 0, picture.arousal >= STIRRED
    # (how readily it is left out where the words are too many, the sentence)
    parts = [
        (0, f"{_turned(FRAMINGS[picture.framing], turn + seed)} {seen}"),
        (0, subject.wish),
        (1, things[0] if things else ""),
        (3, things[1] if len(things) > 1 else ""),
        (2, subject.place and f"in {subject.place}"),
        (1, f"{rng.choice(LIGHTS[picture.hour])}, {rng.choice(AIR[picture.weather])}"),
        (2, f"the mood is {rng.choice(FEELINGS[stirred])}"),
        (4, rng.choice(LENSES[picture.framing])),
        (0, style.look),
    ]
    return _fitted(parts)


def write_action(picture: Picture, move: Move, *, turn: int) -> str:
    """Return the words for an image-to-video engine: what moves, and the camera."""
    moving = (_turned(STIRS[picture.world], turn), FALLS[picture.weather], MOTIONS[picture.figure])
    pace = "brisk, energetic motion" if picture.arousal > 0.4 else "slow, natural motion"
    return f"{_sentence('; '.join(filter(None, moving)))} {_sentence(CAMERA[move])} {_sentence(pace)}"


def clean(text: str, most: int = PROMPT_MOST) -> str:
    """Return foreign words without control signs, links and line breaks, cut at a word within so many characters."""
    kept = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text[: 4 * most])
    flat = " ".join(_LINKS.sub(" ", kept).split())
    return flat if len(flat) <= most else flat[: most + 1].rsplit(" ", 1)[0][:most]


def _act(picture: Picture, subject: Subject, turn: int) -> str:
    """What the figure does; nothing where the wish itself says what the cast does."""
    if subject.cast and subject.cast.lower() in subject.wish.lower():
        return ""
    close = CLOSE_ACTS.get(picture.figure) if picture.framing == "close" else None
    return _turned(close or ACTS[picture.figure], turn).format(cast=subject.cast or "a lone figure")


def _fitted(parts: Sequence[tuple[int, str]]) -> str:
    """Put sentences together, the dispensable left out until they are few enough words."""
    kept = [(rank, text) for rank, text in parts if text]
    for dispensable in (4, 3, 2, 1):
        if _count(text for _, text in kept) <= WORDS_MOST:
            break
        kept = [(rank, text) for rank, text in kept if rank < dispensable]
    return clean(" ".join(_sentence(text) for _, text in kept))


def _count(texts: Iterable[str]) -> int:
    return sum(len(text.split()) for text in texts)


def _sentence(text: str) -> str:
    bare = text.strip().rstrip(".;, ")
    return f"{bare[:1].upper()}{bare[1:]}." if bare else ""


def _turned(choices: Sequence[str], turn: int) -> str:
    return choices[turn % len(choices)]


def _unlike(choices: Sequence[str], said: Sequence[str], turn: int) -> str:
    """The choice that repeats the fewest words of what is said beside it; at a tie the one whose turn it is."""
    words = {word for text in said for word in re.findall(r"\w{4,}", text.lower())}
    turned = [choices[(turn + i) % len(choices)] for i in range(len(choices))]
    return min(turned, key=lambda choice: len(words & set(re.findall(r"\w{4,}", choice.lower()))))
