"""The dynamic programme: cuts met within 6 per cent, leaps where that is not enough, and the cheapest way of all."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cutlock.anchors import MOST, SLACKS, Anchors, Moment, Span, choose_anchors, is_leap
from pipeline.cutlock.landmarks import Landmarks

SLACK = max(abs(off) for off, _ in SLACKS)


def grid(bpm: float, seconds: float, *, appeal: float = 0.6) -> Landmarks:
    """A sound with a beat and a bar of four."""
    times = np.arange(0, seconds, 60 / bpm)
    appeals = np.where(np.arange(len(times)) % 4 == 0, min(1.0, appeal + 0.3), appeal)
    return Landmarks(times, appeals, times, times[::4], (0.0, seconds), None)


def moments(*times: float, weight: float = 0.5) -> list[Moment]:
    return [Moment(time, weight, 3.5 + 4 * weight) for time in times]


def bends(anchors: Anchors) -> list[float]:
    pairs = zip(itertools.pairwise(anchors.film), itertools.pairwise(anchors.sound), strict=True)
    return [(b - a) / (d - c) for (c, d), (a, b) in pairs if not is_leap(d - c, b - a)]


def choose(marks: Landmarks, wanted: list[Moment], end: float = 30.0, start: float = 0.0) -> Anchors:
    anchors = choose_anchors(marks, wanted, Span(start, end, 0.0, 0.0))
    assert anchors is not None
    return anchors


def test_cuts_on_a_grid_of_another_offset_are_met_without_bending():
    anchors = choose(grid(120, 60), moments(1.3, 5.3, 9.3, 17.3))
    assert bends(anchors) == pytest.approx([1.0, 1.0, 1.0])
    assert anchors.pace == 1.0
    assert len(anchors.chosen) == 4
    assert (anchors.sound / 2 % 1 == 0).all()  # on bar lines


def test_a_wrong_tempo_is_bent_evenly():
    cuts = [k * 4 * 60 / 104 for k in range(5)]  # bars at 104; the sound goes at 100
    anchors = choose(grid(100, 60), moments(*cuts), end=12)
    assert bends(anchors) == pytest.approx([1.04] * 4, abs=0.005)
    assert len(anchors.chosen) == 5


def test_what_bending_cannot_meet_is_leapt_to():
    anchors = choose(grid(60, 60), moments(0.0, 4.0, 6.5))  # 2.5 s are neither two nor three beats within 6 per cent
    assert len(anchors.chosen) == 3
    assert is_leap(2.5, float(anchors.sound[2] - anchors.sound[1]))


def test_cuts_too_near_for_any_landmark_are_let_pass():
    wanted = moments(2.0, 2.3, 2.6, 2.9, 8.0)
    anchors = choose(grid(60, 60), wanted)
    assert 2 <= len(anchors.chosen) <= 4


def test_heavy_cuts_get_the_bar_lines():
    wanted = [Moment(3.0, 0.1, 3.9), Moment(4.0, 1.0, 7.5)]
    anchors = choose(grid(60, 60), wanted)
    assert anchors.sound[1] % 4 == 0


def test_sound_that_is_just_long_enough_leaves_no_choice_of_place():
    anchors = choose(grid(120, 30.0), moments(0.0, 10.0, 20.0), end=30.0)
    first = anchors.sound[0] - anchors.film[0] * anchors.pace
    assert first >= -1e-6
    assert anchors.sound[-1] + (30 - anchors.film[-1]) * anchors.pace <= 30 + 1e-6


def test_too_short_or_empty_there_is_no_way():
    span = Span(0.0, 30.0, 0.0, 0.0)
    assert choose_anchors(grid(120, 10), moments(1.0, 29.0), span) is None
    assert choose_anchors(grid(120, 40), [], span) is None
    empty = Landmarks(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0), (0.0, 40.0), None)
    assert choose_anchors(empty, moments(1.0), span) is None


def test_what_was_not_heard_is_not_chosen_again():
    marks, wanted, span = grid(120, 60), moments(4.0, 8.0), Span(0, 30, 0, 0)
    first = choose_anchors(marks, wanted, span)
    assert first
    second = choose_anchors(marks, wanted, span, set(first.chosen))
    assert second
    assert not set(first.chosen) & set(second.chosen)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.3, 9), min_size=1, max_size=12), st.floats(60, 170))
def test_whatever_the_cuts_it_keeps_its_bounds(gaps: list[float], bpm: float):
    cuts = list(itertools.accumulate(gaps))
    anchors = choose(grid(bpm, cuts[-1] * 1.06 + 12), moments(*cuts), end=cuts[-1] + 1)
    assert all(1 / MOST <= bend <= MOST for bend in bends(anchors))
    assert (np.diff(anchors.film) > 0).all()
    numbers = [number for number, _ in anchors.chosen]
    assert numbers == sorted(set(numbers))
    off = anchors.film - np.array(cuts)[numbers]
    assert np.abs(off).max() <= SLACK + 1e-9
