"""In which key a song stands, by how often each pitch class sounds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.ear.features import Features

#: how well each degree fits a key to listeners: Krumhansl, Cognitive Foundations of Musical Pitch (1990), table 2.1,
#: with the leading note and the dominant as strong as Temperley (1999) found them in scores
MAJOR = (5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0)
MINOR = (5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0)
TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

LEAST_FIT = 0.55  # correlation with the best key; songs have 0.6 to 0.9, noise 0.25
LEAST_RANGE = 0.025  # between the strongest and the weakest pitch class, as a share of all: drums have 0.02
QUIET_SHARE = 0.02  # of the loud looks: what is quieter has no say


def find_key(heard: Features) -> str | None:
    """Return a key such as "F# minor"; None where none stands out."""
    strength = heard.chroma.sum(axis=0)
    loud = strength > QUIET_SHARE * np.quantile(strength, 0.95) if strength.size else np.zeros(0, bool)
    if not loud.any() or not strength.max():
        return None
    looks = heard.chroma[:, loud] / strength[loud]
    weights = looks.mean(axis=1)
    fits = key_fits(weights)
    best = int(fits.argmax())
    if fits[best] < LEAST_FIT or np.ptp(weights) < LEAST_RANGE * weights.sum():
        return None
    return f"{TONICS[best % 12]} {'major' if best < 12 else 'minor'}"


def key_fits(weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the correlation of 12 pitch-class weights with the 12 major and 12 minor keys, from C upwards."""
    profiles = [np.roll(profile, tonic) for profile in (MAJOR, MINOR) for tonic in range(12)]
    if np.ptp(weights) < 1e-9:
        return np.zeros(24)
    return np.array([float(np.corrcoef(weights, profile)[0, 1]) for profile in profiles])
