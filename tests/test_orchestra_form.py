from __future__ import annotations

import itertools

import pytest

from pipeline.cuesheet import STYLES
from pipeline.keys import distance
from pipeline.orchestra.arrange import arrange
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


def test_a_long_cue_goes_elsewhere_and_comes_home() -> None:
    played = arrange(sheet([cue("ambient", 0, 240)]))[0]
    plan = played.plan
    away = [section for section in plan.sections if section.handed_over]
    assert len(away) >= 2
    assert len({section.key for section in away}) >= 2
    assert all(distance(section.key, plan.key) == 1 for section in away)
    assert plan.sections[0].key == plan.sections[-1].key == plan.key
    tunes = [part for part in played.parts if part.stem == "melody"]
    assert len({part.name for part in tunes}) >= 2, "another lead takes the tune"
    for section in away:
        before = [s for s in plan.sections if s.start < section.start and not s.handed_over][-1]
        assert section.energy < before.energy
        first = next(span for span in played.spans if abs(span.start - section.start) < 1e-6)
        assert set(first.chord.triad) <= set(section.key.scale)


def test_the_ground_empties_before_the_climax() -> None:
    sections = [section for plan in lay_out(film()) for section in plan.sections]
    peak = next(number for number, section in enumerate(sections) if section.climax)
    assert sections[peak - 1].thin_beats > 0
