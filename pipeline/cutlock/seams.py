"""Two stretches of sound become one without a bump, whether they are alike or not."""

from __future__ import annotations

import numpy as np

from pipeline.music import Audio


def cross(leaving: Audio, coming: Audio) -> Audio:
    """Fade from one to the other of (n, 2) over their whole length, at constant power.

    Copies of the same sound are added by height, strangers by power; most lie between.
    """
    n = len(leaving)
    rising = ((np.arange(n) + 0.5) / max(n, 1)).astype(np.float32)[:, None]
    power = float(np.sqrt(np.square(leaving, dtype=np.float64).sum() * np.square(coming, dtype=np.float64).sum()))
    alike = float((leaving.astype(np.float64) * coming).sum()) / power if power > 0 else 1.0
    alike = max(alike, -0.5)  # opposites cancel whatever is done
    scale = np.sqrt(rising**2 + (1 - rising) ** 2 + 2 * alike * rising * (1 - rising))
    return np.asarray((leaving * (1 - rising) + coming * rising) / np.maximum(scale, 0.5), dtype=np.float32)
