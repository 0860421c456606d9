"""Seeds whose pictures differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.imagery.compositions import choose_compositions
from pipeline.painter.sheets import sheets
from pipeline.painter.water import flattened
from pipeline.storyboard import Chart, Picture, Section, Shot, Storyboard, StyleSheet, Treatment

CHART = Chart(6.0, False, None, (), (), (0.0,), None, (), (Section("verse", 0.0, 6.0, 0.5, 0),))


def board(treatment: Treatment | None = None) -> Storyboard:
    pictures = tuple(Picture(f"p0{n}", "", "mountains", seed=7) for n in range(1, 7))
    shots = tuple(Shot(n + 1, float(n), n + 1.0, f"p0{n + 1}") for n in range(6))
    return Storyboard("", "", CHART, (), StyleSheet("x"), pictures, shots, treatment or Treatment())


def apart(pictures: tuple[Picture, ...]) -> float:
    """The least mean difference between two pictures in light."""
    lights = [flattened(tuple(sheets(p, StyleSheet(""), size=(54, 96)))).mean(axis=2) for p in pictures]
    return min(float(np.abs(a - b).mean()) for i, a in enumerate(lights) for b in lights[:i])


def test_pictures_of_one_world_differ_more_than_chance_has_them():
    by_chance = [apart(tuple(replace(p, seed=10 * n + i) for i, p in enumerate(board().pictures))) for n in range(3)]
    assert apart(choose_compositions(board()).pictures) > np.mean(by_chance)


def test_the_same_board_gives_the_same_seeds_and_another_film_others():
    assert choose_compositions(board()) == choose_compositions(board())
    assert choose_compositions(board()).pictures != choose_compositions(board(Treatment(seed=2))).pictures


def test_a_picture_that_was_drawn_anew_keeps_its_seed_and_leaves_the_others_theirs():
    before, after = choose_compositions(board()), choose_compositions(board(Treatment(redraws={"p03": 1})))
    assert after.picture("p03").seed == 7
    assert [p for p in before.pictures if p.name != "p03"] == [p for p in after.pictures if p.name != "p03"]
