"""How the day goes by."""

from __future__ import annotations

import pytest

from pipeline.imagery.days import Day, find_day
from pipeline.imagery.lexicon import find_motifs
from pipeline.imagery.looks import Look


def day(wish: str = "", song: str = "", chorus: str = "", *, valence: float = 0.5, seed: int = 1, **more: bool) -> Day:
    look = Look("x", night=more.get("dark", False))
    motifs = [find_motifs(text) for text in (wish, song, chorus)]
    return find_day(*motifs, look, valence=valence, steps=more.get("steps", False), seed=seed)


@pytest.mark.parametrize("valence", [-0.9, -0.2, 0.6])
@pytest.mark.parametrize("seed", range(6))
def test_a_day_goes_through_three_hours_and_its_bridge_has_another_light(valence: float, seed: int):
    one = day(valence=valence, seed=seed)
    assert len({*one.hours, one.chorus, one.bridge}) >= 3
    assert one.bridge != one.hours[2]


def test_an_hour_that_is_wished_for_stays_but_not_where_a_story_goes_on():
    assert day("a city at night") == Day(("night",) * 4, "night", "night")
    assert len(set(day("night in the city, then the sea", steps=True).hours)) > 1


def test_what_is_sung_of_and_how_it_looks_lead_the_day():
    assert "night" in day(song="stars and the moon at midnight").hours[1:3]
    assert "night" in day(dark=True).hours
    assert day(song="under the sun", chorus="the moon is high").chorus == "night"


def test_progress_is_told_in_order():
    one = day()
    assert [one.at(part) for part in (0.0, 0.3, 0.6, 0.99, 1.0)] == [*one.hours, one.hours[-1]]
