"""Keys: parsed, spelled, related."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from pipeline.errors import Refused
from pipeline.keyplan import MODES, distance, name_key, parse_key, pick_mode, plan_keys


@pytest.mark.parametrize(
    ("text", "name"),
    [("D minor", "D minor"), ("f# dorian", "F# dorian"), ("Bb", "Bb major"), ("Am", "A minor"), ("E♭ maj", "Eb major")],
)
def test_keys_are_parsed(text: str, name: str):
    assert name_key(*parse_key(text)) == name


@pytest.mark.parametrize("text", ["", "H minor", "loud", "D minorish", "C#b major", "D; rm -rf", "D" * 500])
def test_what_is_no_key_is_refused(text: str):
    with pytest.raises(Refused) as refusal:
        parse_key(text)
    assert refusal.value.hint


def test_relatives_are_no_distance_apart():
    assert distance("C major", "A minor") == 0
    assert distance("C major", "D dorian") == 0
    assert distance("C major", "G major") == 1
    assert distance("C major", "C minor") == 3
    assert distance("C major", "F# major") == 6


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
    keys = plan_keys(["major", "minor", "major"], [0.5, -0.5, 0.5], home="F# minor", rng=random.Random(1))
    assert keys[0] == "F# minor"


def test_every_name_can_be_read_back():
    for place in range(-9, 12):
        for mode in MODES:
            name = name_key(place, mode)
            assert name_key(*parse_key(name)) == name
