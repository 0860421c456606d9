"""Whole films by the rules, as the embedded illustrator sketches them: they hang together and they develop.

Distances are in Oklab, where 0.02 is what one just sees and 0.3 is from sky blue to orange.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.directors.rules import load
from pipeline.painter.palette import to_oklab
from pipeline.painter.sheets import sheets
from pipeline.painter.water import flattened
from pipeline.shots import break_down
from pipeline.storyboard import Part, Storyboard, Treatment, size_of
from tests.charts import a_chart, sung

SIDE = 54  # pixels
GHOST = "soy un fantasma que se asusta de la niebla"  # fog, and nothing else to go by

FILMS: dict[str, tuple[Treatment, str, str, str | None]] = {  # treatment, a verse, a chorus, the key
    "ghost": (Treatment(), GHOST, "la tristeza es muy extraña", "D major"),
    "words": (Treatment(shape="16:9"), "we walk along the sea", "burning lights over the city", "A minor"),
    "music": (Treatment(shape="1:1"), "", "", "G major"),
}


@dataclass(frozen=True)
class Film:
    board: Storyboard
    paintings: dict[str, NDArray[np.float64]]  # (rows, columns, 3) Oklab, a dozen tiles each way
    groups: dict[int, list[str]]  # pictures by the number that like sections share

    def mean(self, *names: str) -> NDArray[np.float64]:
        return np.asarray(np.mean([self.paintings[name].reshape(-1, 3).mean(axis=0) for name in names], axis=0))

    def of(self, part: Part) -> list[str]:
        likes = {section.like for section in self.board.chart.sections if section.part == part}
        return [name for like in sorted(likes) for name in self.groups.get(like, [])]


@cache
def film(case: str) -> Film:
    treatment, verse, chorus, key = FILMS[case]
    chart = a_chart(key=key)
    lines = sung(chart, verse=verse, chorus=chorus) if verse else ()
    board = load().direct(break_down(chart, lines, treatment))
    size = size_of(treatment.shape, SIDE)
    paintings = {}
    for picture in board.pictures:
        paint = flattened(tuple(sheets(picture, board.style, size=size)))
        paintings[picture.name] = to_oklab(cv2.resize(paint, (12, 12), interpolation=cv2.INTER_AREA))
    groups: dict[int, list[str]] = {}
    for shot in board.shots:
        at = groups.setdefault(chart.section_at((shot.start + shot.end) / 2).like, [])
        at += [] if shot.picture in at else [shot.picture]
    return Film(board, paintings, groups)


def apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.sqrt(((one - other) ** 2).sum(axis=-1)).mean())


@pytest.fixture(params=FILMS)
def made(request: pytest.FixtureRequest) -> Film:
    return film(request.param)


def test_parts_of_the_song_have_colours_of_their_own(made: Film):
    means = [made.mean(*names) for names in made.groups.values()]
    far = [apart(one, other) for i, one in enumerate(means) for other in means[:i]]
    assert np.mean(far) > 0.09


def test_no_two_pictures_are_the_same(made: Film):
    found = list(made.paintings.values())
    assert min(apart(one, other) for i, one in enumerate(found) for other in found[:i]) > 0.04


def test_neighbours_differ(made: Film):
    shown = [shot.picture for shot in made.board.shots]
    assert np.mean([apart(made.paintings[a], made.paintings[b]) for a, b in pairwise(shown) if a != b]) > 0.09


def test_the_hour_is_seen(made: Film):
    lights = {hour: [] for hour in ("night", "dusk", "dawn", "day")}  # type: dict[str, list[float]]
    for picture in made.board.pictures:
        lights[picture.hour].append(float(made.mean(picture.name)[0]))
    means = {hour: float(np.mean(values)) for hour, values in lights.items() if values}
    assert len(means) >= 3
    assert means["night"] < min(means["day"], means["dusk"]) - 0.02
    assert means["night"] < means["day"] - 0.08


def test_there_is_more_than_one_hue_and_there_is_colour(made: Film):
    ways = [complex(*made.mean(name)[1:]) for name in made.paintings]
    spread = 1 - abs(np.mean([way / abs(way) for way in ways]))
    assert spread > 0.05
    assert np.mean(np.abs(ways)) > 0.03


def test_the_chorus_is_more_vivid_than_the_intro(made: Film):
    vivid = {part: float(np.hypot(*made.mean(*made.of(part))[1:])) for part in ("intro", "chorus")}  # type: ignore[arg-type]
    assert vivid["chorus"] > 0.9 * vivid["intro"]


def test_weather_is_an_event():
    board = film("ghost").board
    foggy = [picture for picture in board.pictures if picture.weather == "fog"]
    assert 0 < len(foggy) < 0.6 * len(board.pictures)
    assert {picture.name for picture in foggy} <= set(film("ghost").of("verse"))
