"""Which of the seven emotions a picture conveys, from how well words for them fit it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.cuesheet import EMOTIONS, Emotion

#: share of neutrality in a picture that says nothing; the other six have equal parts of the rest, so that an emotion
#: must fit 2.3 times better than it fits a grey card before it is claimed
NEUTRAL = 0.28


def weigh(fits: ArrayLike, grey: ArrayLike) -> dict[Emotion, float]:
    """Return how likely each emotion is; a picture that fits them all as a grey card does is neutral.

    `fits` are natural logarithms, (pictures, 7) in the order of EMOTIONS, averaged over the pictures; `grey` are those
    of a grey card, (7,): what a model says whatever it sees is taken off.
    """
    gain = np.asarray(fits, np.float64).reshape(-1, len(EMOTIONS)).mean(axis=0) - np.asarray(grey, np.float64)
    if not np.isfinite(gain).all():
        return {}
    shares = softmax(gain + np.log(_expected()))
    return {emotion: round(float(share), 4) for emotion, share in zip(EMOTIONS, shares, strict=True)}


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return shares along the last axis whose sums are one."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float64)


def _expected() -> NDArray[np.float64]:
    rest = (1 - NEUTRAL) / (len(EMOTIONS) - 1)
    return np.array([NEUTRAL if emotion == "neutrality" else rest for emotion in EMOTIONS])
