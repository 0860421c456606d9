"""The keys of the cues: related, and home again."""

from __future__ import annotations

import random
from itertools import pairwise

from pipeline.keys import distance, read_key
from pipeline.spotting.keyplan import pick_mode, plan_keys


def test_neighbours_are_related_and_the_last_is_near_home():
    steps: list[int] = []
    for seed in range(60):
        rng = random.Random(seed)
        valences = [rng.uniform(-1, 1) for _ in range(rng.randint(2, 9))]
        modes = [pick_mode(valence, rng.uniform(-1, 1), "cinematic", rng) for valence in valences]
        keys = plan_keys(modes, valences, home=None, rng=rng)
        steps += [distance(one, other) for one, other in pairwise(keys)]
        assert distance(keys[0], keys[-1]) <= 3
    assert max(steps) <= 3
    assert sum(steps) / len(steps) <= 1.0


def test_a_clients_key_is_home():
    keys = plan_keys(["major", "minor", "major"], [0.5, -0.5, 0.5], home=read_key("F# minor"), rng=random.Random(1))
    assert str(keys[0]) == "F# minor"
