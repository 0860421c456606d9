from __future__ import annotations

import numpy as np

from tests import painter_measures as measures


def test_wild_moods_break_what_calm_ones_let_flow() -> None:
    """Hard edges: the strongest change from pixel to pixel, over many seeds."""

    def edges(arousal: float) -> float:
        images = (
            measures.flat(measures.scenery(measures.a_picture("abstract", arousal=arousal, seed=seed)).sheets)
            for seed in range(10)
        )
        return float(np.mean([np.percentile(np.abs(np.diff(measures.grey(image), axis=1)), 98) for image in images]))

    assert edges(0.9) > 1.1 * edges(-0.9)


def test_seeds_bring_several_families() -> None:
    images = [
        measures.flat(measures.scenery(measures.a_picture("abstract", hour="day", seed=seed)).sheets)
        for seed in range(12)
    ]
    spread = {round(measures.detail(image)[0] * 200) for image in images}
    assert len(spread) >= 4
