from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pipeline.painter import things
from pipeline.painter.curves import Figure

Kind = Callable[[np.random.Generator], Figure]


@pytest.mark.parametrize(
    ("kind", "tall", "wide"),
    [
        (things.bird, (0.5, 3.0), (2.0, 5.0)),
        (things.boat, (1.0, 5.2), (2.5, 5.0)),
        (things.car, (0.7, 1.4), (1.3, 3.1)),
        (things.house, (3.0, 7.5), (3.0, 7.0)),
        (things.tree, (3.0, 10.0), (2.0, 10.0)),
        (things.balloon, (3.5, 6.5), (2.4, 9.0)),
    ],
)
def test_things_have_their_size_beside_a_person(
    kind: Kind, tall: tuple[float, float], wide: tuple[float, float]
) -> None:
    for seed in range(8):
        left, right, low, high = kind(np.random.default_rng(seed)).box
        assert tall[0] < high - low < tall[1], seed
        assert wide[0] < right - left < wide[1], seed


@pytest.mark.parametrize("kind", [things.bird, things.boat, things.car, things.train, things.house, things.balloon])
def test_each_thing_comes_in_a_few_kinds(kind: Kind) -> None:
    boxes = {tuple(np.round(kind(np.random.default_rng(seed)).box, 1)) for seed in range(10)}
    assert len(boxes) >= 3


def test_what_has_lamps_has_lamps() -> None:
    for kind in (things.train, things.house, things.balloon):
        for seed in range(5):
            assert any(part.tone == "lamp" for part in kind(np.random.default_rng(seed)).parts)


def test_a_train_is_longer_than_the_picture() -> None:
    for seed in range(4):
        left, right, _, high = things.train(np.random.default_rng(seed)).box
        assert right - left > 15 * high
