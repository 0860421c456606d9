from __future__ import annotations

import numpy as np

from tests import painter_measures as measures


def test_a_wet_street_mirrors_what_a_dry_one_does_not() -> None:
    """Between the houses, rain puts shapes on a ground that is plain without it."""

    def shapes(weather: measures.Weather) -> float:
        found = []
        for seed in range(3):
            scenery = measures.scenery(measures.a_picture("street", weather=weather, seed=seed))
            road = scenery.sheets[2].pixels[..., :3].astype(np.float32) / 255
            height, width = road.shape[:2]
            top = round((scenery.stage.horizon + 0.1) * height)
            found.append(measures.detail(road[top : top + height // 5, round(0.3 * width) : round(0.7 * width)])[1])
        return float(np.mean(found))

    assert shapes("rain") > 3 * shapes("clear")


def test_the_light_is_where_the_street_ends() -> None:
    scenery = measures.scenery(measures.a_picture("street", hour="dusk", seed=3), (270, 480))
    light = measures.grey(measures.flat(scenery.sheets))
    x, y = round(scenery.stage.light[0] * light.shape[1]), round(scenery.stage.light[1] * light.shape[0])
    assert light[y - 20 : y + 20, x - 20 : x + 20].mean() > light.mean() + 0.08
