from __future__ import annotations

import itertools

import pytest

from pipeline.cuesheet import STYLES, Style
from pipeline.orchestra.accompaniment import choose_bass, write_drums, write_ostinato, write_pad
from pipeline.orchestra.arrange import choose_players
from pipeline.orchestra.form import lay_out
from pipeline.orchestra.harmony import harmonise
from pipeline.orchestra.melody import write_melody
from tests.sheets import one_cue


@pytest.mark.parametrize("style", STYLES)
def test_bass_and_tune_never_move_in_parallel_fifths_or_octaves_for_long(style: Style) -> None:
    parallel = pairs = 0
    for seed in range(6):
        plan = lay_out(one_cue(style, seed=seed))[0]
        spans, band = harmonise(plan), choose_players(plan)
        tune = write_melody(plan, spans, band["melody"])
        line = choose_bass(spans, tune, band["bass"].low, band["bass"].high, closing=True)
        assert line[-1] % 12 == plan.key.tonic
        assert all(abs(b - a) <= 12 for a, b in itertools.pairwise(line))
        tops = [next((t.pitch for t in tune if t.beat <= s.start < t.end), None) for s in spans]
        for at in range(1, len(spans)):
            top, before = tops[at], tops[at - 1]
            if top is None or before is None:
                continue
            pairs += 1
            apart, was = (top - line[at]) % 12, (before - line[at - 1]) % 12
            parallel += top != before and line[at] != line[at - 1] and apart == was and apart in (0, 7)
    assert parallel <= 0.06 * pairs


@pytest.mark.parametrize("style", STYLES)
def test_every_beat_is_marked_and_the_rest_is_softer(style: Style) -> None:
    plan = lay_out(one_cue(style))[0]
    tones = write_ostinato(plan, harmonise(plan), choose_players(plan)["ostinato"], 72)
    marked = {tone.beat for tone in tones}
    for section in plan.sections:
        assert section.start in marked
    inside = [(tone.force, (tone.beat - plan.bar_of(tone.beat)[1]) % 1) for tone in tones]
    on = [force for force, place in inside if place == 0]
    off = [force for force, place in inside if place]
    assert not off or max(off) < max(on)


def test_pads_stay_in_range() -> None:
    for style in STYLES:
        plan = lay_out(one_cue(style))[0]
        band = choose_players(plan)
        if "pad" in band:
            tones = write_pad(plan, harmonise(plan), band["pad"])
            assert all(band["pad"].low <= tone.pitch <= band["pad"].high for tone in tones)


def test_there_are_no_drums_in_ambient_music() -> None:
    assert write_drums(lay_out(one_cue("ambient"))[0]) == []
    assert write_drums(lay_out(one_cue("epic"))[0])
