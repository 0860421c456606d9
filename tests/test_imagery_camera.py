"""The camera's moves."""

from __future__ import annotations

from dataclasses import replace

from pipeline.imagery.camera import find_moves
from pipeline.shots import break_down
from pipeline.storyboard import Treatment
from tests.charts import a_chart


def test_in_at_the_start_up_into_a_lift_out_at_the_end():
    board = break_down(a_chart(), (), Treatment())
    moves = find_moves(board)
    assert moves[0][0] == "push"
    assert moves[-1][0] == "pull"
    lifts = [section.start for section in board.chart.sections if section.part == "chorus"]
    into = [move for shot, (move, _) in zip(board.shots, moves, strict=True) if shot.start in lifts]
    assert into.count("tilt up") >= 2


def test_a_build_pushes_in():
    chart = a_chart(form=(("verse", 16),))
    rising = tuple(i / len(chart.energy) for i in range(len(chart.energy)))
    moves = find_moves(break_down(replace(chart, energy=rising), (), Treatment()))
    flat = find_moves(break_down(replace(chart, energy=(0.5,) * len(rising)), (), Treatment()))
    assert sum(move == "push" for move, _ in moves) > sum(move == "push" for move, _ in flat)


def test_long_shots_go_farther_than_short_ones():
    board = break_down(a_chart(), (), Treatment())
    board = replace(board, chart=replace(board.chart, energy=(0.5,)))
    strengths = sorted(
        (shot.length, strength) for shot, (_, strength) in zip(board.shots, find_moves(board), strict=True)
    )
    assert strengths[0][1] < strengths[-1][1]
    assert all(0.2 <= strength <= 0.9 for _, strength in strengths)
