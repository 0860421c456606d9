"""Bytes shared out between picture and music."""

from __future__ import annotations

import pytest

from pipeline.door.targets import (
    LIMIT_BYTES,
    MUSIC_BITRATES,
    budget,
    fits,
    fits_encoded,
    limit_bytes,
    music_bitrate,
    shape,
    track_bitrates,
)
from pipeline.errors import DoesNotFit

DISCORD = LIMIT_BYTES["discord"]


@pytest.mark.parametrize("limit", [*LIMIT_BYTES.values(), 2_000_000_000])
@pytest.mark.parametrize("duration", [0.3, 10, 60, 180, 360])
def test_a_budget_that_is_kept_fits(limit: int, duration: float) -> None:
    share = budget(limit, duration)
    assert share
    picture = share.picture * duration / 8
    assert picture + share.music * duration / 8 <= limit
    assert fits_encoded(limit, int(picture), duration)
    assert music_bitrate(limit, int(picture), duration) >= share.music


def test_no_target_has_no_limit() -> None:
    assert budget(None, 1200) is None
    assert fits(None, 10**10, 1200)
    assert fits_encoded(None, 10**10, 1200)
    assert music_bitrate(None, 10**10, 1200) == MUSIC_BITRATES[0]


def test_music_steps_down_before_the_picture_starves() -> None:
    rates = [(budget(DISCORD, seconds) or pytest.fail("no budget")).music for seconds in (30, 120, 240, 400)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == MUSIC_BITRATES[0]
    assert rates[-1] == MUSIC_BITRATES[-1]


def test_what_can_never_fit_is_refused() -> None:
    with pytest.raises(DoesNotFit, match=r"20 minutes .* into 10 MB"):
        budget(DISCORD, 1200)


def test_what_the_place_says_stands_above_what_is_known_of_the_target() -> None:
    assert limit_bytes("discord") == 10_000_000
    assert limit_bytes("discord", 100_000_000) == 100_000_000
    assert limit_bytes("none", 2_000_000_000) == 2_000_000_000
    assert limit_bytes("none") is None


def test_a_copied_picture_leaves_room_for_music() -> None:
    assert fits(DISCORD, 8_000_000, 60)
    assert not fits(DISCORD, 9_000_000, 60)


def test_shapes() -> None:
    assert shape("keep") is None
    assert shape("9:16") == pytest.approx(0.5625)


def test_the_tables_of_a_long_film_count() -> None:
    limit, duration = 10_000_000, 600.0
    sound = MUSIC_BITRATES[-1] / 8 * duration
    picture = int(limit * 0.98 - sound)
    assert fits_encoded(limit, picture, duration)
    assert not fits_encoded(limit, picture, duration, frames=18_000)
    assert fits_encoded(limit, picture - 400_000, duration, frames=18_000)


def test_rates_of_a_track_fall() -> None:
    assert track_bitrates(None, 10**9, 600.0) == (320_000, *MUSIC_BITRATES)
    assert track_bitrates(10_000_000, 0, 600.0) == (128_000, 96_000, 64_000)
    assert track_bitrates(10_000_000, 9_999_999, 600.0) == (64_000,)
