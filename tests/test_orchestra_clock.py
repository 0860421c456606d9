from __future__ import annotations

import pytest

from pipeline.cuesheet import Bar
from pipeline.orchestra.clock import slow_down, wind

BARS = (Bar(10.0, 4, 120), Bar(12.0, 3.5, 105), Bar(14.0, 4, 100))


def test_beats_and_seconds_agree_at_every_bar_line_and_between() -> None:
    clock = wind(BARS, 16.4)
    assert [clock.time(beat) for beat in (0, 4, 7.5, 11.5)] == pytest.approx([10, 12, 14, 16.4])
    for time in (9.5, 10.3, 13.77, 16.0, 17.0):
        assert clock.time(clock.beat(time)) == pytest.approx(time)


def test_a_ritard_grows_and_leaves_what_came_before_alone() -> None:
    clock = wind(BARS, 16.4)
    slower = slow_down(clock, 5.5, 7.5, 0.3)
    assert slower.time(5) == pytest.approx(clock.time(5))
    assert slower.time(7.5) == pytest.approx(clock.time(7.5) + 0.3)
    first, second = slower.time(6.5) - slower.time(5.5), slower.time(7.5) - slower.time(6.5)
    assert second > first > clock.beat_s(6)
