"""The storyboard as a value: JSON both ways, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pipeline.errors import BadSheet
from pipeline.shots import break_down
from pipeline.storyboard import SHAPES, Storyboard, Treatment, size_of
from tests.charts import a_chart, sung


@pytest.fixture(scope="module")
def board() -> Storyboard:
    chart = a_chart()
    treatment = Treatment(wish="夜の海", lyrics="[Chorus]\nla la", redraws={"p01": 2}, shape="16:9")
    return break_down(chart, sung(chart), treatment, title='A "title"', artist="Ärztin 🌊")


def test_json_both_ways(board: Storyboard):
    assert Storyboard.from_json(board.to_json()) == board
    assert Storyboard.from_json(board.to_json().encode()) == board


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("shots", 0, "end"), 0.0, "Shot 1 stands at"),
        (("shots", 3, "picture"), "p99", "is not there"),
        (("shots", 2, "transition"), "wipe", "shots.2.transition"),
        (("shots", 1, "strength"), 7, "shots.1.strength"),
        (("pictures", 0, "name"), "../../etc", "pictures.0.name"),
        (("pictures", 1, "name"), "p01", "Two pictures"),
        (("pictures", 1, "prompt"), "x" * 2001, "pictures.1.prompt"),
        (("pictures", 1, "secret"), 1, "secret"),
        (("style", "palette"), ["red"], "style.palette"),
        (("shots",), [], "1 to 2000 shots"),
    ],
)
def test_an_edit_that_does_not_hold_is_named(board: Storyboard, path: tuple[str | int, ...], value: object, said: str):
    sheet = json.loads(board.to_json())
    *way, last = path
    place = sheet
    for step in way:
        place = place[step]
    place[last] = value
    with pytest.raises(BadSheet, match=said):
        Storyboard.from_json(json.dumps(sheet))


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"title": 1}'])
def test_what_is_no_storyboard_is_refused(text: str):
    with pytest.raises(BadSheet, match="not usable") as refusal:
        Storyboard.from_json(text)
    assert refusal.value.hint


def test_the_last_shot_ends_with_the_track(board: Storyboard):
    with pytest.raises(BadSheet, match="the track at"):
        replace(board, shots=board.shots[:-1], pictures=board.pictures)


@pytest.mark.parametrize("shape", SHAPES)
def test_sizes_are_even_and_in_shape(shape: str):
    wide, high = size_of(shape)  # type: ignore[arg-type]
    across, down = (int(part) for part in shape.split(":"))
    assert min(wide, high) == 1080
    assert wide % 2 == high % 2 == 0
    assert wide / high == pytest.approx(across / down, rel=0.002)


def test_energy_between_its_points(board: Storyboard):
    chart = replace(board.chart, energy=(0.0, 1.0))
    assert chart.energy_at(0.25) == pytest.approx(0.5)
    assert chart.energy_at(-1) == 0.0
    assert chart.energy_at(99) == 1.0
    assert replace(chart, energy=()).energy_at(1) == 0.5
