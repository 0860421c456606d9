"""The embedded captioner: says what can be measured, in words that a client recognises, and invents nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.backends import Session, Vendors
from pipeline.cuesheet import Look, Scene
from pipeline.eye.faces import Face, find_faces
from pipeline.eye.feelings import feel
from pipeline.eye.sights import Sights, find_sights
from pipeline.eye.stills import SUNK

DARK = 0.27  # mean luma of low-key pictures
MOST_WORDS = 14  # in a caption
CLOSE_UP = 0.3  # of the picture's longer side: a face this large is a close-up

_ALIKE = {("brown", "orange"), ("tan", "orange"), ("golden", "yellow"), ("golden", "orange"), ("red", "orange")}
_COUNTS = {1: "a face", 2: "two faces", 3: "three faces"}
_NOUNS = ("scene", "view", "picture")
#: upper bounds of `Look.motion`, and ways to say it
_STEPS = (
    (0.035, ("all is still", "nothing stirring", "perfectly still")),
    (0.2, ("hardly moving", "almost still", "barely stirring")),
    (0.4, ("moving gently", "in gentle movement", "in slow movement")),
    (0.65, ("moving steadily", "in steady movement", "in constant movement")),
    (0.85, ("moving quickly", "in quick movement", "in lively movement")),
    (2.0, ("moving fast", "in fast movement", "in a rush of movement")),
)


def load(variant: str = "", vendors: Vendors | None = None) -> MeasuredCaptioner:
    """Return the captioner; it has no variants and needs no vendor."""
    del variant, vendors
    return MeasuredCaptioner()


class MeasuredCaptioner:
    """Sees light, colour, movement, faces and a few large sights such as sky and lettering."""

    name = "measured"
    licence = "Measured by Reelscore itself, free for any use."
    commercial = True

    def see(
        self, scenes: Sequence[Scene], stills: Sequence[Sequence[bytes]], session: Session | None = None
    ) -> list[Scene]:
        """Return the scenes with caption, emotion, valence and arousal; the same pictures give the same words."""
        seen, captions, sighted = [], [], []
        for scene, jpegs in zip(scenes, stills, strict=True):
            pictures = _decode(jpegs)
            sights = find_sights(pictures)
            faces = [] if sights.lettering or scene.look.light < 0.03 else find_faces(pictures)
            seen.append(replace(scene, look=replace(scene.look, faces=len(faces))))
            captions.append(describe(scene, sights, faces))
            sighted.append(sights)
        return [
            replace(
                scene,
                caption=caption,
                measured=caption,
                emotion=felt.emotion,
                valence=felt.valence,
                arousal=felt.arousal,
            )
            for scene, caption, felt in zip(seen, captions, feel(seen, sighted), strict=True)
        ]


def _decode(jpegs: Sequence[bytes]) -> list[NDArray[np.uint8]]:
    """Return our own stills as BGR pictures, at a quarter of their size."""
    pictures = (cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_REDUCED_COLOR_2) for jpeg in jpegs)
    whole = [np.asarray(picture, np.uint8) for picture in pictures if picture is not None]
    lightest = max((float(picture.mean()) for picture in whole), default=0.0)
    return [picture for picture in whole if picture.mean() >= SUNK * lightest]


def describe(scene: Scene, sights: Sights, faces: Sequence[Face]) -> str:
    """Put into words what was measured, in 5 to 14 words: what stands out, its colours, how it moves."""
    look = scene.look
    if sights.lettering:
        return f"lettering on {'black' if look.light < 0.3 else 'white'}"
    if look.light < 0.02 and look.contrast < 0.05:
        return "black"
    movement = _movement(scene, sights)
    caption = _subject(scene, sights, faces)
    for clause in [*_place(look, sights), *_growing(sights)]:
        if len(f"{caption}, {clause}, {movement}".split()) <= MOST_WORDS:
            caption += f", {clause}"
    room = MOST_WORDS - len(caption.split())
    fitting = (words for words in (movement, movement.split(",")[0], _pace(scene)) if len(words.split()) <= room)
    return ", ".join([caption, *[next(fitting, "")]]).rstrip(", ")


def _subject(scene: Scene, sights: Sights, faces: Sequence[Face]) -> str:
    """Name the most telling thing that was seen, with the colours it is seen in."""
    look = scene.look
    tones = _tones(look, sights)
    if faces:
        who = _COUNTS.get(len(faces), "several faces")
        light = "dim light" if look.light < DARK else "bright light" if look.light > 0.62 else "even light"
        return f"{'close-up of ' * (faces[0].size > CLOSE_UP)}{who} in {light}, {tones}"
    if sights.bits:
        return f"coloured bits scattered over {_list(sights.palette[:2])}{' rays' if sights.rays else ''}"
    if sights.neon:
        shape = "rings and rays" if sights.rings and sights.rays else "rings" if sights.rings else "light"
        return f"neon-bright {_list(sights.vivid[:2] or sights.palette[:2])} {shape} on black"
    if sights.rain:
        where = " over small lights" if sights.lights else " in the dark" if look.light < DARK else ""
        return f"rain-like streaks{where}, {tones}"
    if sights.disc:
        water = ", a water-like shimmer below" if sights.shimmer else ""
        return f"a bright disc in {tones}{water}"
    if sights.shimmer:
        return f"a water-like shimmer below a level horizon, {tones}"
    if sights.glow and look.light > DARK:
        return f"a sun-like glow in {tones}"
    return _plain_subject(scene, sights, tones)


def _plain_subject(scene: Scene, sights: Sights, tones: str) -> str:
    """Name a picture in which nothing singular was found: by its lights, its ground, or its colours alone."""
    look = scene.look
    if sights.fire:
        return f"a fiery glow in {tones}"
    if sights.lights and look.light < DARK:
        return f"small lights in the dark, {tones}"
    if sights.drawn:
        return f"flat, drawn-looking shapes in {tones}"
    if sights.greenery:
        return f"a {_light(look)}leafy scene in {tones}"
    if sights.monochrome:
        return f"{_a(_light(look) + 'black-and-white')} {_pick(_NOUNS, scene)}"
    if sights.soft:
        return f"sharp shapes on a soft ground, {_light(look)}{tones}"
    light = "pale " if sights.pale and "pale" not in tones else _light(look)
    if _says_dark(tones):
        light = light.replace("very dark ", "dim ").replace("dark ", "dim ")
    return f"{_a(light + _pick(_NOUNS, scene))} in {tones}"


def _light(look: Look) -> str:
    """Return the word for the light with a space behind it, nothing for what is neither dark nor bright."""
    if look.light < DARK:
        return "very dark " if look.light < 0.12 else "dark "
    if look.light > 0.62:
        return "bright "
    return "hard-lit " if look.contrast > 0.82 else "softly lit " if look.contrast < 0.35 else ""


def _tones(look: Look, sights: Sights) -> str:
    """Name the colours, never twice the same word."""
    if sights.monochrome:
        return "black and white"
    tones = list(sights.palette[:2]) or [look.colour]
    accent = sights.accent if (look.colour, sights.accent) not in _ALIKE else ""
    if len(tones) == 1 and accent and accent not in tones[0]:
        tones.append(accent)
    words = [tone.split() for tone in tones]
    if len(tones) == 2 and words[0][0] == words[1][0]:
        tones[1] = " ".join(words[1][1:]) or tones[1]
    if len(tones) == 1 and tones[0] in ("grey", "silver", "charcoal", "slate"):
        cast = "warm " if look.warmth > 0.12 else "cool " if look.warmth < -0.12 else ""
        tones = [f"{cast}{tones[0]}"]
    return _list(tones)


def _says_dark(tones: str) -> bool:
    return any(word in tones for word in ("dark", "midnight", "black", "charcoal", "deep"))


def _list(words: Sequence[str]) -> str:
    return " and ".join(words)


def _a(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _pick(words: Sequence[str], scene: Scene) -> str:
    """Choose by the scene's number, so that neighbours sound different and the same clip always the same."""
    return words[scene.index % len(words)]


def _place(look: Look, sights: Sights) -> list[str]:
    places = []
    if sights.blue_sky and not sights.glow:
        places.append("blue above")
    if sights.glowing_sky and not sights.glow:
        places.append("a warm glow above")
    if sights.fire:
        return places
    touches = [tone for tone in sights.vivid if tone not in sights.palette[:2]]
    if touches and not (sights.bits or sights.neon):
        places.append(f"touches of {touches[0]}")
    return places[:2]


def _growing(sights: Sights) -> list[str]:
    return {1: ["growing lighter"], -1: ["growing darker"]}.get(sights.light, [])


def _movement(scene: Scene, sights: Sights) -> str:
    """Say how fast the picture moves, and which way where that was measured."""
    look = scene.look
    if look.camera == "flashing":
        return "lit by sudden flashes"
    if (sights.rings or sights.rays) and look.motion > 0.65:
        return "rushing around the centre" if sights.rings else "bursting with movement"
    words = _pace(scene)
    if look.motion >= 0.2:
        sweep = {"sideways": " sideways", "vertical": " up or down"}
        words += sweep.get(look.camera, "")
    strongest = max((jolt.weight for jolt in scene.jolts), default=0.0)
    return words + (", with a sudden jolt" if strongest > 0.45 else "")


def _pace(scene: Scene) -> str:
    return _pick(next(words for bound, words in _STEPS if scene.look.motion < bound), scene)
