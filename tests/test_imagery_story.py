"""The story of a film: mood, worlds, day."""

from __future__ import annotations

import pytest

from pipeline.imagery.story import find_mood, read_story, split_wish
from pipeline.shots import break_down
from pipeline.storyboard import Treatment
from tests.charts import a_chart, sung


@pytest.mark.parametrize(
    ("wish", "steps"),
    [
        ("", ()),
        ("a city at night", ("a city at night",)),
        ("She wakes. Then she runs, then she flies", ("She wakes", "she runs", "she flies")),
        ("erst Regen, dann Sonne", ("erst Regen", "Sonne")),
        ("夜の海。朝の空。", ("夜の海", "朝の空")),
    ],
)
def test_a_wish_has_steps(wish: str, steps: tuple[str, ...]):
    assert split_wish(wish) == steps


def test_a_step_is_short():
    assert len(split_wish("word " * 190)[0].split()) == 22


def test_mood_of_music_and_of_words():
    slow_minor = find_mood(a_chart(tempo=66, key="D minor"), "", [])
    fast_major = find_mood(a_chart(tempo=150, key="D major"), "", [])
    assert slow_minor[0] < 0 < fast_major[0]
    assert slow_minor[1] < 0 < fast_major[1]
    assert find_mood(a_chart(key="D minor"), "something joyful", [])[0] > 0.3
    assert find_mood(a_chart(key=None, rhythmic=False), "", []) == (0.0, -0.3)


@pytest.mark.parametrize(
    "wish", ["", "a fox in a forest", "Regen in der Stadt", "cats. dogs. birds. trains. stars. sea."]
)
@pytest.mark.parametrize("tempo", [70, 150])
def test_the_chorus_has_a_world_of_its_own(wish: str, tempo: float):
    chart = a_chart(tempo=tempo)
    story = read_story(break_down(chart, sung(chart), Treatment(wish=wish)))
    assert story.chorus_world not in story.worlds
    assert len(set(story.worlds)) == len(story.worlds)
    assert 1 <= len(story.worlds) <= 4
    assert len(story.day.hours) == 4
    assert len(story.weathers) == len(chart.sections)


def test_a_film_without_a_chorus_has_two_worlds_nevertheless():
    story = read_story(break_down(a_chart(form=(("verse", 8), ("verse", 8))), (), Treatment()))
    assert len(story.worlds) == 2


def test_a_long_film_has_more_worlds_than_a_short_one():
    short = a_chart(form=(("verse", 8),))
    long = a_chart(form=(("verse", 60), ("chorus", 60)))
    counts = [len(read_story(break_down(chart, (), Treatment())).worlds) for chart in (short, long)]
    assert counts == [2, 4]


def test_a_wished_place_is_where_the_film_stays():
    chart = a_chart(form=(("verse", 8), ("chorus", 8), ("verse", 8)))
    story = read_story(break_down(chart, (), Treatment(wish="a lighthouse on a lonely island")))
    assert story.worlds == ("sea",)


def test_whom_one_wishes_to_see_has_somewhere_to_stand():
    story = read_story(break_down(a_chart(), (), Treatment(wish="two lovers dancing in Tokyo at night")))
    assert not {story.chorus_world, *story.worlds} & {"abstract", "underwater"}


def test_two_songs_of_one_client_are_no_twins():
    looks = {
        read_story(break_down(a_chart(tempo=tempo), (), Treatment())).look.words for tempo in (120, 121, 122, 123, 124)
    }
    assert len(looks) > 1
