"""The embedded captioner: says what can be measured, in words that a client recognises, and invents nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.cuesheet import Look, Scene
from pipeline.feelings import feel


def load() -> MeasuredCaptioner:
    return MeasuredCaptioner()


class MeasuredCaptioner:
    """Sees light, colour, movement and faces."""

    def see(self, scenes: Sequence[Scene], stills: Sequence[Sequence[bytes]]) -> list[Scene]:
        """Return the scenes with caption, emotion, valence and arousal; the same pictures give the same words."""
        return [
            replace(
                scene,
                caption=describe(scene.look),
                emotion=felt.emotion,
                valence=felt.valence,
                arousal=felt.arousal,
            )
            for scene, felt in zip(scenes, feel(scenes), strict=True)
        ]


def describe(look: Look) -> str:
    """Put a look into words."""
    light = "very dark" if look.light < 0.15 else "dark" if look.light < 0.28 else "bright" if look.light > 0.6 else ""
    words = ", ".join(word for word in (light, look.colour if look.colour != light else "") if word)
    return f"a {words} scene with {_movement(look.motion)}"


def _movement(motion: float) -> str:
    steps = ((0.06, "no movement"), (0.25, "little movement"), (0.5, "gentle movement"), (0.75, "lively movement"))
    return next((word for bound, word in steps if motion < bound), "fast movement")
