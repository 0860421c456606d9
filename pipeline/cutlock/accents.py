"""The strikes that cuts fall on are brought out, as a mixer rides them: the sound steps back before and is lifted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.music import RATE, Audio

STEP_BACK_S, STEP_BACK_DB = 0.12, (3.5, 3.0)  # before a strike; dB for a moment of no weight, and more for full weight
EDGE_S = (0.010, 0.002)  # before the strike, between which the sound comes back: the attack itself stays whole
LIFT_S, LIFT_DB = 0.25, (1.5, 2.0)  # after it


def bring_out(audio: Audio, strikes: Sequence[tuple[float, float]]) -> Audio:
    """Return (n, 2) at RATE with its strikes, (seconds from the first sample, weight 0-1), brought out."""
    gain_db = np.zeros(len(audio), np.float32)
    for time, weight in strikes:
        knots = (time - STEP_BACK_S, time - EDGE_S[0], time - EDGE_S[1], time + LIFT_S)
        first, last = (min(len(audio), max(0, round(edge * RATE))) for edge in (knots[0], knots[-1]))
        back, lift = (low + more * weight for low, more in (STEP_BACK_DB, LIFT_DB))
        shape = np.interp(np.arange(first, last) / RATE, knots, (0.0, -back, lift, 0.0))
        strongest = np.abs(shape) > np.abs(gain_db[first:last])  # where two are near each other
        gain_db[first:last] = np.where(strongest, shape, gain_db[first:last])
    return np.asarray(audio * (10 ** (gain_db / 20))[:, None], dtype=np.float32)
