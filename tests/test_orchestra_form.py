from __future__ import annotations

import itertools

import pytest

from pipeline.cuesheet import STYLES
from pipeline.orchestra.form import BREATH_APART_S, climax_time, lay_out
from tests.sheets import cue, film, one_cue, sheet


@pytest.mark.parametrize("style", STYLES)
def test_sections_tile_the_cue_up_to_the_last_chord(style: str) -> None:
    plan = lay_out(one_cue(style))[0]  # type: ignore[arg-type]
    at = 0.0
    for section in plan.sections:
        assert section.start == pytest.approx(at)
        at = section.end
    assert at == pytest.approx(plan.end_beat)


def test_every_cut_on_a_bar_line_opens_a_section() -> None:
    plan = lay_out(one_cue("cinematic"))[0]
    assert {4.3, 9.1, 13.0, 17.7, 24.2} == {round(plan.clock.time(s.start), 3) for s in plan.sections if s.start > 0}


def test_a_cut_inside_a_bar_is_an_accent() -> None:
    plan = lay_out(sheet([cue("folk", 0, 12, [(6.0, 0.5)], accents=[(7.31, 0.4)])]))[0]
    assert [round(plan.clock.time(beat), 3) for beat, _ in plan.accents] == [7.31]


def test_the_film_culminates_on_its_heaviest_late_cut_and_is_fuller_there_than_at_first() -> None:
    assert climax_time(film()) == 30.4
    sections = [section for plan in lay_out(film()) for section in plan.sections]
    climax = next(section for section in sections if section.climax)
    assert climax.energy == max(section.energy for section in sections)
    assert climax.energy > sections[0].energy + 0.3


def test_great_cuts_are_breathed_before_but_not_all_the_time() -> None:
    cuts = [(6.0 + 4 * i, 0.95) for i in range(6)]
    plan = lay_out(sheet([cue("epic", 0, 34, cuts)]))[0]
    times = [plan.clock.time(stop) for _, stop in plan.breaths]
    assert times
    assert all(after - before >= BREATH_APART_S for before, after in itertools.pairwise(times))
    assert all(stop - start <= 1 for start, stop in plan.breaths)


def test_a_long_stretch_is_parted_into_periods() -> None:
    plan = lay_out(sheet([cue("cinematic", 0, 180)]))[0]
    assert len(plan.sections) > 5
    assert len({round(section.energy, 2) for section in plan.sections}) > 4
