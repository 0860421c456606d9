"""The passages of a film: borders on beats, the client's marks above the ear, which parts return."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.breakdown.passages import find_passages, on_beat, plain, sing_sections
from pipeline.storyboard import Line, Section
from tests.charts import a_chart, sung


def test_borders_are_put_on_their_beats():
    chart = a_chart()
    shifted = tuple(replace(s, start=max(0.0, s.start - 0.11), end=s.end - 0.11) for s in chart.sections)
    passages = find_passages(replace(chart, sections=(*shifted[:-1], replace(shifted[-1], end=chart.duration))))
    assert [passage.start for passage in passages] == [section.start for section in chart.sections]
    assert passages[-1].end == chart.duration


def test_a_chorus_knows_how_often_it_has_come():
    choruses = [passage for passage in find_passages(a_chart()) if passage.part == "chorus"]
    assert [passage.again for passage in choruses] == [0, 1, 2]
    assert len({passage.group for passage in choruses}) == 1


def test_verses_are_on_their_own():
    verses = [passage for passage in find_passages(a_chart()) if passage.part == "verse"]
    assert len({passage.group for passage in verses}) == 2


def test_borders_too_near_each_other_are_one():
    chart = a_chart(form=(("verse", 8),))
    slivers = (
        Section("verse", 0.0, 8.0, 0.5, 0),
        Section("bridge", 8.0, 8.3, 0.5, 1),
        Section("verse", 8.3, 15.9, 0.5, 0),
        Section("outro", 15.9, 16.0, 0.5, 2),
    )
    passages = find_passages(replace(chart, sections=slivers))
    assert [(passage.start, passage.end) for passage in passages] == [(0.0, 8.0), (8.0, 16.0)]


def test_marks_that_agree_with_the_ear_change_nothing():
    chart = a_chart()
    assert sing_sections(chart, sung(chart)) == chart.sections
    assert sing_sections(chart, ()) == chart.sections


@pytest.mark.parametrize("mark", ["Chorus", "chorus 2", "Refrain", "Estribillo", "Kehrreim", "サビ", "Final Chorus"])
def test_a_chorus_is_known_in_many_tongues(mark: str):
    chart = a_chart(form=(("verse", 24),))
    lines = tuple(Line(f"x {i}", 16 + i * 4.0, 19 + i * 4.0, part=mark) for i in range(4))
    assert [section.part for section in sing_sections(chart, lines)] == ["verse", "chorus", "verse"]


@pytest.mark.parametrize("mark", ["Pre-Chorus", "verse", "bridge", ""])
def test_what_is_no_chorus_is_none(mark: str):
    chart = a_chart(form=(("verse", 24),))
    lines = tuple(Line(f"x {i}", 16 + i * 4.0, 19 + i * 4.0, part=mark) for i in range(4))
    assert sing_sections(chart, lines) == chart.sections


def test_a_verse_by_the_marks_is_none_of_the_chorus():
    chart = a_chart(form=(("chorus", 8), ("chorus", 8)))
    lines = tuple(Line(f"x {i}", i * 4.0, i * 4.0 + 3, part="verse" if i < 4 else "chorus") for i in range(8))
    one, other = sing_sections(chart, lines)
    assert (one.part, other.part) == ("verse", "chorus")
    assert one.like != other.like


def test_a_chorus_sung_twice_in_a_row_is_two():
    chart = a_chart(form=(("verse", 24),))
    lines = tuple(Line(f"x {i % 3}", 12 + i * 4.0, 15 + i * 4.0, part="chorus") for i in range(6))
    found = [round(s.start) for s in sing_sections(chart, lines) if s.part == "chorus"]
    assert found == [12, 24]


def test_nearest_beats():
    chart = a_chart(offset=0.2)
    assert on_beat(chart, 1.9) == pytest.approx(1.7) or on_beat(chart, 1.9) == pytest.approx(2.2)
    assert on_beat(a_chart(rhythmic=False), 1.9) == 1.9
    assert on_beat(chart, 500.0) == 500.0


def test_the_same_words_are_the_same():
    assert plain("  Ça VA?! ") == plain("ca va") == "ca va"
