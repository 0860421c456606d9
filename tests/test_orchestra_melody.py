from __future__ import annotations

import itertools

import pytest

from pipeline.cuesheet import STYLES, Style
from pipeline.orchestra.arrange import choose_players
from pipeline.orchestra.form import Plan, lay_out
from pipeline.orchestra.harmony import chord_at, harmonise
from pipeline.orchestra.melody import clashes, write_melody
from pipeline.orchestra.tone import Tone
from tests.sheets import film, one_cue


def sung(plan: Plan) -> list[Tone]:
    return write_melody(plan, harmonise(plan), choose_players(plan)["melody"])


@pytest.mark.parametrize("style", STYLES)
def test_the_tune_rests_sings_in_range_and_seldom_leaps(style: Style) -> None:
    intervals: list[int] = []
    for seed in range(6):
        plan = lay_out(one_cue(style, seed=seed))[0]
        tune, player = sung(plan), choose_players(plan)["melody"]
        assert all(player.low - 7 <= tone.pitch <= player.high + 9 for tone in tune)
        share = sum(tone.beats for tone in tune if tone.beat < plan.end_beat) * min(1, plan.gate) / plan.end_beat
        assert 0.25 < share < 0.85
        intervals += [abs(a.pitch - b.pitch) for a, b in itertools.pairwise(tune)]
    assert sum(i >= 4 for i in intervals) / len(intervals) < 0.4
    assert sum(i > 12 for i in intervals) / len(intervals) < 0.02


def test_the_tune_walks_more_than_it_repeats_or_leaps() -> None:
    tunes = [sung(plan) for seed in range(6) for plan in lay_out(film(seed=seed))]
    intervals = [abs(a.pitch - b.pitch) for tune in tunes for a, b in itertools.pairwise(tune)]
    assert sum(1 <= i <= 2 for i in intervals) / len(intervals) > 0.42
    assert 0.05 < intervals.count(0) / len(intervals) < 0.25


def test_long_notes_do_not_rub() -> None:
    for seed in range(8):
        for plan in lay_out(film(seed=seed)):
            spans = harmonise(plan)
            for tone in sung(plan):
                if tone.beats >= 1.5:
                    assert not clashes(tone.pitch, chord_at(spans, tone.beat))


def test_the_motif_is_heard_in_every_cue() -> None:
    """Some run of the tune has the motif's contour, or its mirror image, at one of its speeds."""
    for seed in range(4):
        for plan in lay_out(film(seed=seed)):
            tune = sung(plan)
            rhythm = [beats for _, beats in plan.motif.notes[:3]]
            gaps = [b.beat - a.beat for a, b in itertools.pairwise(tune)]
            runs = [gaps[i : i + 2] for i in range(len(gaps) - 1)]
            assert any(run == [rhythm[0] * f, rhythm[1] * f] for run in runs for f in (0.5, 1, 2))
