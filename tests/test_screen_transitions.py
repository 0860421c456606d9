"""Transitions: from one picture to the other, half and half in the middle, never black."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.screen.planes import Frame
from pipeline.screen.transitions import join
from pipeline.storyboard import Transition

SIZE = (64, 32)


def one_colour(luma: int, u: int, v: int) -> Frame:
    frame = Frame(SIZE)
    for plane, value in zip(frame.planes, (luma, u, v), strict=True):
        plane[:] = value
    return frame


@pytest.fixture
def before() -> Frame:
    return one_colour(60, 100, 150)


@pytest.fixture
def after() -> Frame:
    return one_colour(180, 140, 110)


def drawn(
    kind: Transition, before: Frame, after: Frame, share: float, *, bright: bool = False, left: bool = True
) -> Frame:
    to = Frame(SIZE)
    join(kind, before, after, to, share=share, frames=8, bright=bright, left=left)
    return to


@pytest.mark.parametrize("kind", ["crossfade", "whip", "dip"])
@pytest.mark.parametrize("bright", [False, True])
def test_it_begins_with_the_one_and_ends_with_the_other(
    kind: Transition, bright: bool, before: Frame, after: Frame
) -> None:
    start, end = (drawn(kind, before, after, share, bright=bright) for share in (0.0, 1.0))
    assert abs(start.luma.astype(int) - 60).max() <= 1
    assert abs(end.luma.astype(int) - 180).max() <= 1
    assert abs(end.u.astype(int) - 140).max() <= 1


def test_a_crossfade_is_half_and_half_in_the_middle_and_goes_one_way(before: Frame, after: Frame) -> None:
    assert abs(drawn("crossfade", before, after, 0.5).luma.astype(int) - 120).max() <= 1
    levels = [float(drawn("crossfade", before, after, share).luma.mean()) for share in np.linspace(0, 1, 11)]
    assert (np.diff(levels) > 0).all()


@pytest.mark.parametrize("left", [True, False])
def test_a_whip_pulls_the_second_over_the_first(left: bool, before: Frame, after: Frame) -> None:
    middle = drawn("whip", before, after, 0.5, left=left)
    row = middle.luma[16].astype(int)
    assert abs(row.mean() - 120) < 8
    assert (row[0] < row[-1]) == left
    assert (np.diff(row) >= 0).all() if left else (np.diff(row) <= 0).all()
    assert len(set(row)) > 4  # the seam is blurred
    shares = [
        float((drawn("whip", before, after, share, left=left).luma > 120).mean()) for share in np.linspace(0, 1, 9)
    ]
    assert (np.diff(shares) >= 0).all()


def test_a_whip_blurs_along_its_way_only() -> None:
    stripes = one_colour(60, 128, 128)
    stripes.luma[::2] = 200
    middle = drawn("whip", stripes, stripes, 0.5)
    assert (middle.luma[::2] == 200).all()
    assert (middle.luma[1::2] == 60).all()
    columns = one_colour(60, 128, 128)
    columns.luma[:, ::2] = 200
    assert drawn("whip", columns, columns, 0.5).luma[:, 8:-8].std() < 20


@pytest.mark.parametrize(("bright", "grey"), [(False, 16), (True, 235)])
def test_a_dip_goes_through_black_or_white_and_leaves_something_to_see(
    bright: bool, grey: int, before: Frame, after: Frame
) -> None:
    middle = drawn("dip", before, after, 0.5, bright=bright)
    assert 2 < abs(float(middle.luma.mean()) - grey) < 25
    shares = np.linspace(0, 1, 13)
    away = [abs(float(drawn("dip", before, after, share, bright=bright).luma.mean()) - grey) for share in shares]
    assert int(np.argmin(away)) in (5, 6)
