from __future__ import annotations

from itertools import pairwise

from pipeline.orchestra.motif import close, head, invent, invert, ornament, stretch, transpose


def test_every_motif_can_be_sung_and_hangs_open() -> None:
    for seed in range(200):
        motif = invent(seed)
        steps = [b - a for a, b in pairwise(motif.degrees)]
        assert 4 <= len(motif.notes) <= 7
        assert motif.beats <= 8
        assert max(motif.degrees) - min(motif.degrees) <= 5
        assert sum(abs(step) >= 3 for step in steps) == 1
        assert motif.degrees[-1] % 7 in (1, 4)


def test_seeds_give_different_tunes_and_the_same_seed_the_same() -> None:
    assert invent(3) == invent(3)
    assert len({invent(seed) for seed in range(100)}) > 60


def test_devices_keep_what_they_promise() -> None:
    motif = invent(5)
    first = motif.degrees[0]
    assert [d - first for d in invert(motif).degrees] == [first - d for d in motif.degrees]
    assert stretch(motif, 2).beats == 2 * motif.beats
    assert transpose(motif, 3).degrees == tuple(d + 3 for d in motif.degrees)
    assert head(motif).notes == motif.notes[:3]
    assert close(motif).degrees[-1] % 7 in (0, 2)
    assert ornament(motif).beats == motif.beats
