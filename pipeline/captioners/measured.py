"""The embedded captioner: says what can be measured, in words that a client recognises, and invents nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.cuesheet import Look, Scene
from pipeline.faces import Face, find_faces
from pipeline.feelings import feel
from pipeline.sights import Sights, find_sights

SUNK = 0.4  # of the lightest still: darker ones are taken in the middle of a fade
CLOSE_UP = 0.3  # of the picture's longer side: a face this large is a close-up

_ALIKE = {("brown", "orange"), ("tan", "orange"), ("golden", "yellow"), ("golden", "orange"), ("red", "orange")}
_COUNTS = {1: "a face", 2: "two faces", 3: "three faces"}
_STEPS = (
    (0.035, "all is still"),
    (0.2, "hardly any movement"),
    (0.4, "gentle movement"),
    (0.65, "steady movement"),
    (0.85, "quick movement"),
)


def load() -> MeasuredCaptioner:
    return MeasuredCaptioner()


class MeasuredCaptioner:
    """Sees light, colour, movement, faces and a few large sights such as sky and lettering."""

    def see(self, scenes: Sequence[Scene], stills: Sequence[Sequence[bytes]]) -> list[Scene]:
        """Return the scenes with caption, emotion, valence and arousal; the same pictures give the same words."""
        seen, captions = [], []
        for scene, jpegs in zip(scenes, stills, strict=True):
            pictures = _decode(jpegs)
            sights = find_sights(pictures)
            faces = [] if sights.lettering or scene.look.light < 0.03 else find_faces(pictures)
            seen.append(replace(scene, look=replace(scene.look, faces=len(faces))))
            captions.append(describe(scene, sights, faces))
        return [
            replace(scene, caption=caption, emotion=felt.emotion, valence=felt.valence, arousal=felt.arousal)
            for scene, caption, felt in zip(seen, captions, feel(seen), strict=True)
        ]


def _decode(jpegs: Sequence[bytes]) -> list[NDArray[np.uint8]]:
    """Return our own stills as BGR pictures, at a quarter of their size."""
    pictures = (cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_REDUCED_COLOR_2) for jpeg in jpegs)
    whole = [np.asarray(picture, np.uint8) for picture in pictures if picture is not None]
    lightest = max((float(picture.mean()) for picture in whole), default=0.0)
    return [picture for picture in whole if picture.mean() >= SUNK * lightest]


def describe(scene: Scene, sights: Sights, faces: Sequence[Face]) -> str:
    """Put into words what was measured: light and colour, what stands in it, how it moves."""
    look = scene.look
    if sights.lettering:
        ground = "black" if look.light < 0.3 else "white"
        return f"lettering on {ground}"
    if look.light < 0.02 and look.contrast < 0.05:
        return "black"
    subject = _subject(look, sights, faces)
    growing = {1: ["growing lighter"], -1: ["growing darker"]}.get(sights.light, [])
    return ", ".join([f"{_light(look, sights)} {subject}", *_place(look, sights), *growing, _movement(scene)])


def _light(look: Look, sights: Sights) -> str:
    """Return the words for light and colour, with their article."""
    if look.light < 0.12:
        light = "very dark"
    elif look.light < 0.27:
        light = "dark"
    elif sights.pale:
        light = "pale"
    elif look.light > 0.62:
        light = "bright"
    else:
        light = "hard-lit" if look.contrast > 0.82 else "soft" if look.contrast < 0.35 else ""
    words = [word for word in (light, _colour(look, sights)) if word]
    return ("an " if words[0][0] in "aeiou" else "a ") + ", ".join(words)


def _colour(look: Look, sights: Sights) -> str:
    if sights.monochrome:
        return "black-and-white"
    if look.saturation < 0.1 or look.colour in ("grey", "black", "white"):
        cast = "warm " if look.warmth > 0.12 else "cool " if look.warmth < -0.12 else ""
        return f"{cast}grey" if look.colour != "white" else "white"
    depth = "vivid" if look.saturation > 0.45 else "muted" if look.saturation < 0.2 else ""
    cast = "warm" if look.warmth > 0.3 else "cold" if look.warmth < -0.15 else ""
    plain = {"blue": "cold", "turquoise": "cold", "orange": "warm", "red": "warm", "brown": "warm", "yellow": "warm"}
    cast = "" if plain.get(look.colour) == cast and depth else cast
    return " ".join(word for word in (depth, cast, look.colour) if word)


def _subject(look: Look, sights: Sights, faces: Sequence[Face]) -> str:
    if faces:
        close = faces[0].size > CLOSE_UP
        who = _COUNTS.get(len(faces), "several faces")
        return f"close-up of {who}" if close else f"scene with {who}"
    if sights.lights and look.light < 0.27:
        return "scene with points of light"
    return "scene"


def _place(look: Look, sights: Sights) -> list[str]:
    places = []
    if sights.blue_sky:
        places.append("blue above")
    if sights.glowing_sky:
        places.append("a glowing sky")
    if sights.greenery:
        places.append("much green")
    if sights.fire:
        places.append("a fiery glow")
    if sights.accent and sights.accent != look.colour and not places and (look.colour, sights.accent) not in _ALIKE:
        places.append(f"touches of {sights.accent}")
    return places[:2]


def _movement(scene: Scene) -> str:
    look = scene.look
    words = next((word for bound, word in _STEPS if look.motion < bound), "fast movement")
    if look.motion >= 0.2:
        sweep = {"sideways": " sideways", "vertical": " up or down", "restless": ", restless"}
        words += sweep.get(look.camera, "")
    strongest = max((jolt.weight for jolt in scene.jolts), default=0.0)
    return words + (" and a sudden jolt" if strongest > 0.45 else "")
