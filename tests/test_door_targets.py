"""Bytes shared out between picture and music."""

from __future__ import annotations

import pytest

from pipeline.door.targets import LIMIT_BYTES, MUSIC_BITRATES, Target, budget, fits, fits_encoded, music_bitrate, shape
from pipeline.errors import OverLimit


@pytest.mark.parametrize("target", ["telegram", "discord"])
@pytest.mark.parametrize("duration", [0.3, 10, 60, 180, 360])
def test_a_budget_that_is_kept_fits(target: Target, duration: float) -> None:
    share = budget(target, duration)
    assert share
    picture = share.picture * duration / 8
    assert picture + share.music * duration / 8 <= LIMIT_BYTES[target]
    assert fits_encoded(target, int(picture), duration)
    assert music_bitrate(target, int(picture), duration) >= share.music


def test_no_target_has_no_limit() -> None:
    assert budget("none", 1200) is None
    assert fits("none", 10**10, 1200)
    assert fits_encoded("none", 10**10, 1200)
    assert music_bitrate("none", 10**10, 1200) == MUSIC_BITRATES[0]


def test_music_steps_down_before_the_picture_starves() -> None:
    rates = [(budget("discord", seconds) or pytest.fail("no budget")).music for seconds in (30, 120, 240, 400)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == MUSIC_BITRATES[0]
    assert rates[-1] == MUSIC_BITRATES[-1]


def test_what_can_never_fit_is_refused() -> None:
    with pytest.raises(OverLimit, match="20 minutes"):
        budget("discord", 1200)


def test_a_copied_picture_leaves_room_for_music() -> None:
    assert fits("discord", 8_000_000, 60)
    assert not fits("discord", 9_000_000, 60)


def test_shapes() -> None:
    assert shape("keep") is None
    assert shape("9:16") == pytest.approx(0.5625)
