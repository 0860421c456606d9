"""Directing by rules: what single pictures get. The films as a whole are in test_directors_rules.py."""

from __future__ import annotations

from dataclasses import replace

from pipeline.imagery.direction import seed_of, with_camera, write_by_rules
from pipeline.shots import break_down
from pipeline.storyboard import Picture, Treatment
from tests.charts import a_chart, sung


def test_seeds_are_the_pictures_own():
    seeds = {seed_of(Treatment(seed=seed), name) for seed in (1, 2) for name in ("p01", "p02")}
    assert len(seeds) == 4
    assert seed_of(Treatment(redraws={"p01": 1}), "p02") == seed_of(Treatment(), "p02")
    assert seed_of(Treatment(redraws={"p01": 1}), "p01") != seed_of(Treatment(), "p01")


def test_pictures_that_no_shot_shows_are_written_too():
    chart = a_chart()
    board = break_down(chart, sung(chart), Treatment())
    more = replace(board, pictures=(*board.pictures, Picture("spare", prompt="", world="abstract")))
    assert write_by_rules(more).picture("spare").prompt


def test_what_is_sung_is_seen_in_its_picture():
    chart = a_chart()
    board = write_by_rules(
        break_down(chart, sung(chart, verse="snow on the mountain", chorus="fire in me"), Treatment())
    )
    snowy = [p for p in board.pictures if any("snow" in s.lyrics for s in board.shots if s.picture == p.name)]
    assert snowy
    assert {picture.weather for picture in snowy} == {"snow"}


def test_directing_twice_is_directing_once():
    chart = a_chart()
    board = write_by_rules(break_down(chart, sung(chart), Treatment()))
    assert write_by_rules(board) == board
    assert with_camera(board) == board
