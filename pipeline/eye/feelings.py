"""From what is measured to what is felt: valence, arousal and one of seven emotions (Russell's circumplex).

Light, saturated and yellow reads as positive, dark, dull and blue as negative (Palmer 2013); movement and short shots
raise arousal, shot length more than motion; strong colour does both and lifts what is dark (Valdez and Mehrabian
1994; strongly coloured light looks brighter than it measures: Helmholtz and Kohlrausch); rain is movement that is felt
as weight; a low sun, a moon, water lie calm; red in the dark with violent movement is anger, sudden movement in the
dark is fear. The larger part of each judgement is absolute, the rest is the scene's place within its own clip, since a
viewer's eye adapts. Disgust is never claimed: it lies in what is shown, and nothing measured here shows it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.cuesheet import Emotion, Look, Scene
from pipeline.eye.sights import Sights

RELATIVE = 0.4  # share of a judgement that comes from the scene's place within the clip
CALM_SHOT_S = 4.0  # a shot of this length neither hurries nor rests (average shot length of films today)
DARK, BLACK = 0.27, 0.06  # mean luma of low-key pictures, and of what is black but for a few lights or letters


CHEERFUL = 0.2  # valence from which a scene is happy and not merely pleasant
VIVID = 0.4  # saturation from which the dark is neon and not gloom
FULL_COLOUR = 0.25  # saturation from which brightness cheers; a white wall does not


@dataclass(frozen=True)
class Feeling:
    """Where a scene lies on the circumplex."""

    emotion: Emotion
    valence: float
    arousal: float


def feel(scenes: Sequence[Scene], sights: Sequence[Sights] = ()) -> list[Feeling]:
    """Judge all scenes of a clip together; `sights` are those of each scene, where its stills were seen."""
    if not scenes:
        return []
    light = _place([scene.look.light for scene in scenes])
    colour = _place([scene.look.saturation for scene in scenes])
    motion = _place([scene.look.motion for scene in scenes])
    found = sights or [Sights()] * len(scenes)
    places = zip(light, colour, motion, strict=True)
    return [_feel(scene, seen, *place) for scene, seen, place in zip(scenes, found, places, strict=True)]


def _place(values: list[float]) -> list[float]:
    """Return each value's distance from the clip's mean in standard deviations, softly bounded to -1..1.

    Small differences stay small: the deviation is taken as at least 0.1.
    """
    whole = np.array(values)
    return [float(x) for x in np.tanh((whole - whole.mean()) / max(0.1, float(whole.std())) / 1.5)]


def _feel(scene: Scene, sights: Sights, light: float, colour: float, motion: float) -> Feeling:
    look = scene.look
    if look.light < BLACK and look.motion < 0.5:
        return Feeling("neutrality", -0.15, -0.5)
    valence = _valence(look) * (1 - RELATIVE) + RELATIVE * (0.45 * light + 0.3 * colour)
    arousal = _arousal(scene) * (1 - RELATIVE) + RELATIVE * 0.8 * motion
    calm = sights.disc or sights.shimmer or sights.glow
    valence += 0.3 * (sights.glow or sights.bits) + 0.45 * (sights.disc or sights.shimmer) - 0.15 * sights.rain
    wet = sights.rain and not scene.jolts and look.camera != "flashing"
    arousal -= 0.2 * wet + 0.1 * calm
    strike = max((jolt.weight for jolt in scene.jolts), default=0.0)
    arousal += 0.25 * strike
    emotion = _emotion(look, valence, arousal, strike)
    if emotion in ("anger", "fear"):
        valence = min(valence, -0.35)
        arousal = max(arousal, 0.35)
    return Feeling(emotion, _signed(valence), _signed(arousal))


def _valence(look: Look) -> float:
    light = look.light + 0.5 * max(0.0, look.saturation - 0.35) - 0.42
    tint = look.warmth if look.warmth > 0 else look.warmth * (1 - min(1.0, look.saturation / FULL_COLOUR))
    glow = tint * min(1.0, look.light / 0.4)
    gloom = max(0.0, DARK - look.light) / DARK
    cheer = 1.7 * light * (1.0 if light < 0 else min(1.0, look.saturation / FULL_COLOUR))
    return cheer + 0.9 * (look.saturation - 0.2) + 0.35 * glow - 0.3 * gloom


def _arousal(scene: Scene) -> float:
    look = scene.look
    pace = -0.3 * math.log2(min(16.0, max(0.5, scene.length)) / CALM_SHOT_S) / 2
    return 1.5 * (look.motion - 0.42) + pace + 0.4 * (look.contrast - 0.55) + 0.3 * max(0.0, look.saturation - 0.3)


def _emotion(look: Look, valence: float, arousal: float, strike: float) -> Emotion:
    wild = look.motion > 0.5 or strike > 0.45
    if look.colour == "red" and look.saturation > 0.25 and look.light < 0.6 and arousal > 0.3 and wild:
        return "anger"
    if look.light < DARK and arousal > 0.25 and wild and look.saturation < VIVID:
        return "fear"
    if look.saturation >= VIVID and arousal > 0.45 and -0.25 < valence <= CHEERFUL:
        return "surprise"
    if strike > 0.7 and arousal > 0.3 and valence > -0.25:
        return "surprise"
    if valence > CHEERFUL and arousal > -0.6:
        return "happiness"
    return "sadness" if valence < -0.22 and arousal < 0.15 else "neutrality"


def _signed(value: float) -> float:
    return round(float(np.clip(value, -1, 1)), 3)
