"""Takes: cuts on the nearest frame, transitions in the middle of them, as many frames as the track is long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.screen.takes import count_frames, find_takes
from tests.shoots import make_board


@pytest.mark.parametrize(("seconds", "rate", "frames"), [(2.0, 24, 48), (2.02, 24, 48), (2.03, 24, 49), (0.001, 30, 1)])
def test_the_film_has_the_number_of_frames_nearest_to_the_track(seconds: float, rate: int, frames: int) -> None:
    assert count_frames(seconds, rate) == frames


def test_a_cut_lies_on_the_frame_nearest_to_its_time() -> None:
    takes = find_takes(make_board([0, 0.51, 1.03, 2.0]).shots, rate=24, frames=48)
    assert [take.cut for take in takes] == [0, 12, 25]
    assert [take.until for take in takes] == [12, 25, 48]


def test_the_middle_of_a_transition_is_the_cut() -> None:
    board = make_board([0, 1, 2], transitions=["crossfade"], transition_s=0.5)
    one, two = find_takes(board.shots, rate=24, frames=48)
    assert (one.first, one.last, two.first, two.last) == (0, 30, 18, 48)
    assert two.first + two.last - 48 == two.first
    assert one.last - two.cut == two.cut - two.first == 6


def test_long_transitions_do_not_meet() -> None:
    board = make_board([0, 0.5, 1, 1.2, 3], transitions=["crossfade"], transition_s=4.0)
    takes = find_takes(board.shots, rate=24, frames=72)
    for take in takes:
        assert take.cut + take.lead <= take.until - take.tail


def test_a_shot_shorter_than_a_frame_is_left_out_and_nothing_is_missing() -> None:
    takes = find_takes(make_board([0, 1, 1.005, 2]).shots, rate=24, frames=48)
    assert [(take.cut, take.until) for take in takes] == [(0, 24), (24, 48)]


@given(
    st.lists(st.floats(0.002, 3), min_size=1, max_size=20),
    st.sampled_from([12, 24, 25, 30, 60]),
    st.floats(0, 4),
)
def test_takes_tile_the_film(lengths: list[float], rate: int, transition_s: float) -> None:
    cuts = [sum(lengths[:i]) for i in range(len(lengths) + 1)]
    frames = count_frames(cuts[-1], rate)
    board = make_board(cuts, transitions=["dip", "cut", "whip"], transition_s=transition_s)
    takes = find_takes(board.shots, rate=rate, frames=frames)
    assert [frame for take in takes for frame in range(take.cut, take.until)] == list(range(frames))
    assert takes[0].first == 0
    assert takes[-1].last == frames
    for take in takes:
        assert abs(take.cut - take.shot.start * rate) <= 0.5 + 1e-6 or take.cut == 0
        assert take.cut + take.lead <= take.until - take.tail
        assert take.share(take.first) == 0
        assert take.share(take.last - 1) in (0, 1)
