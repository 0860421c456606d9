"""What a model has read in a scene's picture, merged with what was measured in it."""

from __future__ import annotations

import re
from dataclasses import replace

from pipeline.cues import EMOTION_PLACE
from pipeline.cuesheet import EMOTIONS, Emotion, Look, Reading, Scene
from pipeline.eye.answers import clean

MOST_WORDS = 24  # in a caption
DIM, BRIGHT = 0.27, 0.62  # mean luma of low-key and of high-key pictures

#: part of the measured emotion in a judgement; a model that finds another one likelier by a quarter overrules it
MEASURED = 0.2
#: how far a certain model moves valence and arousal to its emotion's place; light and movement keep the rest
PULL = 0.7
#: the same for neutrality, which a model says of all it finds nothing in
NEUTRAL_PULL = 0.3

_PACE = re.compile(r"\b(?:mov(?:ing|ement)|still|stirring|flash(?:es)?|rush\w*|burst\w*|jolt|growing)\b")
_MOTION = re.compile(
    r"\b(?:mov|still\b|motionless|rush|rac(?:e|ing)|run|walk|danc|jump|fly|flies|flying|driv|rid(?:e|ing)|spin|swim|"
    r"surf|fall|flow|slow|fast|quick|speed|explo)",
    re.IGNORECASE,
)
_LIT = re.compile(
    r"\b(?:dark|dim|night|evening|dusk|dawn|twilight|sun|bright|light|lit\b|shad|neon|silhouette|glow|day|black|white)",
    re.IGNORECASE,
)


def put_in(scene: Scene, reading: Reading) -> Scene:
    """Return the scene with a model's words made plain, its caption, emotion and mood following them.

    Times, look, jolts and `measured` stay. A reading that says nothing changes nothing.
    """
    said = clean(reading)
    if said == Reading(by=said.by):
        return scene
    emotion = judge(scene.emotion, said.emotions)
    valence, arousal = _moved(scene, emotion, said.emotions)
    return replace(
        scene,
        caption=caption(said.caption, scene) or scene.caption,
        emotion=emotion,
        valence=valence,
        arousal=arousal,
        reading=said,
    )


def caption(said: str, scene: Scene) -> str:
    """Return a model's caption, and what was measured of light and movement that it does not say; 24 words at most."""
    if not said:
        return ""
    words = said
    light = _light(scene.look)
    if light and not _LIT.search(said) and _count(f"{words} {light}") <= MOST_WORDS:
        words += f" {light}"
    if not _MOTION.search(said):
        for clause in scene.measured.split(", ")[1:]:
            if _PACE.search(clause) and _count(f"{words}, {clause}") <= MOST_WORDS:
                words += f", {clause}"
    return words


def judge(measured: Emotion, shares: dict[Emotion, float]) -> Emotion:
    """Return the emotion that a model's shares and the measured one together speak for."""
    if not shares:
        return measured
    return max(EMOTIONS, key=lambda e: (1 - MEASURED) * shares.get(e, 0.0) + MEASURED * (e == measured))


def _moved(scene: Scene, emotion: Emotion, shares: dict[Emotion, float]) -> tuple[float, float]:
    """Return the scene's valence and arousal, drawn to the place of its emotion as far as a model is sure of it."""
    pull = (NEUTRAL_PULL if emotion == "neutrality" else PULL) * shares.get(emotion, 0.0)
    place = EMOTION_PLACE[emotion]
    valence, arousal = (
        round(min(1.0, max(-1.0, at + pull * (to - at))), 3)
        for at, to in zip((scene.valence, scene.arousal), place, strict=True)
    )
    return valence, arousal


def _light(look: Look) -> str:
    return "in dim light" if look.light < DIM else "in bright light" if look.light > BRIGHT else ""


def _count(words: str) -> int:
    return len(words.split())
