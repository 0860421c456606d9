from __future__ import annotations

import numpy as np

from tests import painter_measures as measures


def test_windows_shine_at_night_only() -> None:
    def specks(hour: measures.Hour) -> float:
        light = measures.grey(
            measures.flat(measures.scenery(measures.a_picture("city", hour=hour, seed=2), (270, 480)).sheets)
        )
        city = light[round(0.4 * len(light)) : round(0.6 * len(light))]
        return float(np.percentile(city, 99) / city.mean())

    assert specks("night") > specks("day") + 0.3


def test_the_river_mirrors_what_stands_over_it() -> None:
    scenery = measures.scenery(measures.a_picture("city", hour="dusk", figure="boat", seed=8), (270, 480))
    image = measures.grey(measures.flat(scenery.sheets[:4]))
    edge = round(scenery.stage.horizon * len(image))
    reach = round(0.12 * len(image))
    above, below = image[edge - reach : edge][::-1].mean(0), image[edge : edge + reach].mean(0)
    assert np.corrcoef(above, below)[0, 1] > 0.6
