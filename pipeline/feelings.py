"""From what is measured to what is felt: valence, arousal and one of seven emotions (Russell's circumplex).

Light, saturated and yellow reads as positive, dark, dull and blue as negative (Palmer 2013); movement and short shots
raise arousal, shot length more than motion; red in the dark with violent movement is anger, sudden movement in the dark
is fear. The larger part of each judgement is absolute, the rest is the scene's place within its own clip, since a
viewer's eye adapts. Disgust is never claimed: it lies in what is shown, and nothing measured here shows it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.cuesheet import Emotion, Look, Scene

RELATIVE = 0.4  # share of a judgement that comes from the scene's place within the clip
CALM_SHOT_S = 4.0  # a shot of this length neither hurries nor rests (average shot length of films today)
DARK, BLACK = 0.27, 0.06  # mean luma of low-key pictures, and of what is black but for a few lights or letters


FULL_COLOUR = 0.25  # saturation from which brightness cheers; a white wall does not


@dataclass(frozen=True)
class Feeling:
    """Where a scene lies on the circumplex."""

    emotion: Emotion
    valence: float
    arousal: float


def feel(scenes: Sequence[Scene]) -> list[Feeling]:
    """Judge all scenes of a clip together."""
    if not scenes:
        return []
    light = _place([scene.look.light for scene in scenes])
    colour = _place([scene.look.saturation for scene in scenes])
    motion = _place([scene.look.motion for scene in scenes])
    return [_feel(scene, *places) for scene, *places in zip(scenes, light, colour, motion, strict=True)]


def _place(values: list[float]) -> list[float]:
    """Return each value's distance from the clip's mean in standard deviations, softly bounded to -1..1.

    Small differences stay small: the deviation is taken as at least 0.1.
    """
    whole = np.array(values)
    return [float(x) for x in np.tanh((whole - whole.mean()) / max(0.1, float(whole.std())) / 1.5)]


def _feel(scene: Scene, light: float, colour: float, motion: float) -> Feeling:
    look = scene.look
    if look.light < BLACK and look.motion < 0.5:
        return Feeling("neutrality", -0.15, -0.5)
    valence = _valence(look) * (1 - RELATIVE) + RELATIVE * (0.45 * light + 0.3 * colour)
    arousal = _arousal(scene) * (1 - RELATIVE) + RELATIVE * 0.8 * motion
    strike = max((jolt.weight for jolt in scene.jolts), default=0.0)
    arousal += 0.25 * strike
    emotion = _emotion(look, valence, arousal, strike)
    if emotion in ("anger", "fear"):
        valence = min(valence, -0.35)
        arousal = max(arousal, 0.35)
    return Feeling(emotion, _signed(valence), _signed(arousal))


def _valence(look: Look) -> float:
    light = look.light - 0.42
    glow = look.warmth * min(1.0, look.light / 0.4)
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
    if look.light < DARK and arousal > 0.25 and wild:
        return "fear"
    if strike > 0.7 and arousal > 0.3 and valence > -0.25:
        return "surprise"
    if valence > 0.15 and arousal > -0.6:
        return "happiness"
    return "sadness" if valence < -0.22 and arousal < 0.15 else "neutrality"


def _signed(value: float) -> float:
    return round(float(np.clip(value, -1, 1)), 3)
