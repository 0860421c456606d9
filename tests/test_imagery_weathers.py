"""Weather as an event."""

from __future__ import annotations

import pytest

from pipeline.imagery.lexicon import find_motifs
from pipeline.imagery.weathers import find_weathers
from pipeline.storyboard import Weather
from tests.charts import a_chart

CHART = a_chart()


def weathers(
    wish: str = "", songs: dict[int, str] | None = None, *, valence: float = 0.0, arousal: float = 0.0, seed: int = 1
) -> tuple[Weather, ...]:
    sung = {number: find_motifs(text) for number, text in (songs or {}).items()}
    return find_weathers(CHART, find_motifs(wish), sung, valence=valence, arousal=arousal, seed=seed)


@pytest.mark.parametrize("valence", [-0.8, 0.0, 0.8])
@pytest.mark.parametrize("arousal", [-0.8, 0.8])
def test_most_of_a_film_is_fair(valence: float, arousal: float):
    found = weathers(valence=valence, arousal=arousal)
    assert len(found) == len(CHART.sections)
    assert sum(weather not in ("clear", "clouds") for weather in found) <= 1
    assert all(w == "clear" for w, s in zip(found, CHART.sections, strict=True) if s.part == "chorus")


def test_a_word_makes_weather_where_it_is_sung_and_nowhere_else():
    found = weathers(songs={1: "a ghost in the fog", 2: "we sing", 5: "snow is falling"})
    assert found[5] == "snow"
    assert [found[number] for number in (1, 3)] == ["fog", "fog"]  # the second verse is like the first
    assert not {found[0], found[2], found[7]} & {"fog", "snow"}


def test_no_more_than_two_kinds_of_section_have_an_event():
    every = dict(enumerate(["rain", "rain rain", "rain", "rain rain", "rain", "snow", "rain", "fog"]))
    found = weathers(songs=every)
    stormy = {s.like for s, w in zip(CHART.sections, found, strict=True) if w not in ("clear", "clouds")}
    assert len(stormy) == 2


def test_a_wish_is_obeyed_and_a_storm_comes_and_goes():
    assert set(weathers("a rainy street")) == {"rain"}
    storm = weathers("a lighthouse in a storm")
    assert storm[0] == "clouds"
    assert sum(weather in ("storm", "rain") for weather in storm) >= len(storm) / 2
    assert all(w == "storm" for w, s in zip(storm, CHART.sections, strict=True) if s.part == "chorus")
