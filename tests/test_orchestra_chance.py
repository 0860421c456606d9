from __future__ import annotations

import statistics

from pipeline.orchestra.chance import dice, drift


def test_the_same_names_throw_the_same_dice_on_every_machine() -> None:
    assert dice(7, "1m1", "bass").random() == 0.4288966166528557
    assert dice(7, "1m1", "bass").random() != dice(7, "1m1", "pad").random()


def test_playing_drifts_with_memory() -> None:
    steps = drift(dice("drift"), 4000)
    assert 0.7 < statistics.pstdev(steps) < 1.3
    assert statistics.correlation(steps[:-1], steps[1:]) > 0.5
