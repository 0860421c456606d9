from __future__ import annotations

import numpy as np
import pytest

from pipeline.painter import people
from pipeline.painter.curves import Figure


@pytest.mark.parametrize("seed", range(12))
def test_a_walker_has_the_height_of_a_person(seed: int) -> None:
    left, right, low, high = people.walker(np.random.default_rng(seed)).box
    assert -0.03 < low < 0.03
    assert 0.95 < high < 1.25
    assert 0.2 < right - left < 0.75


@pytest.mark.parametrize("seed", range(12))
def test_dancers_and_couples_stand_on_the_ground(seed: int) -> None:
    for figure in (people.dancer(np.random.default_rng(seed)), people.couple(np.random.default_rng(seed))):
        left, right, low, high = figure.box
        assert -0.03 < low < 0.6  # a leap leaves the ground
        assert 0.9 < high < 1.3
        assert right - left < 1.3


def test_poses_differ_by_seed() -> None:
    def count(figures: list[Figure]) -> int:
        return len({tuple(np.round(figure.box, 2)) for figure in figures})

    for kind in (people.walker, people.dancer, people.couple):
        assert count([kind(np.random.default_rng(seed)) for seed in range(12)]) >= 5


def test_a_wet_walker_is_taller_by_the_umbrella() -> None:
    for seed in range(6):
        assert people.walker(np.random.default_rng(seed), wet=True).box[3] > 1.1
