"""Chance that comes out the same every time: dice named by what they decide."""

from __future__ import annotations

import hashlib
import random


def dice(*names: object) -> random.Random:
    """Return a generator seeded by the names alone, on every machine and in every Python."""
    digest = hashlib.blake2b("/".join(map(str, names)).encode(), digest_size=8).digest()
    return random.Random(int.from_bytes(digest, "big"))


def drift(rng: random.Random, count: int, octaves: int = 5) -> list[float]:
    """Return `count` steps of 1/f noise with a standard deviation near 1 (Voss's sum of held dice).

    Correlated wavering is heard as playing, white noise as sloppiness (Hennig 2011).
    """
    held = [rng.gauss(0, 1) for _ in range(octaves)]
    steps: list[float] = []
    for number in range(count):
        for octave in range(octaves):
            if number % (1 << octave) == 0:
                held[octave] = rng.gauss(0, 1)
        steps.append(sum(held) / octaves**0.5)
    return steps
