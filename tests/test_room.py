from __future__ import annotations

import numpy as np
import pytest

from pipeline.cuesheet import STYLES
from pipeline.music import RATE
from pipeline.room import ROOMS, impulse, reverberate


def db(power: float) -> float:
    return float(10 * np.log10(power + 1e-20))


@pytest.mark.parametrize("style", STYLES)
def test_the_tail_falls_as_the_room_says(style):
    room = ROOMS[style]
    response = impulse(room).astype(float)
    assert (response**2).sum(axis=0) == pytest.approx([1, 1], rel=1e-4)
    left = np.cumsum(response[::-1, 0] ** 2)[::-1]  # what is still to come (Schroeder 1965)
    start, fallen = (int(np.argmax(10 * np.log10(left / left[0]) < level)) for level in (-10, -30))
    assert (fallen - start) / RATE * 3 == pytest.approx(room.decay_s, rel=0.35)


def test_nothing_answers_before_the_pre_delay():
    room = ROOMS["cinematic"]
    assert not impulse(room)[: round(room.pre_delay_s * RATE)].any()


def test_a_room_has_no_mud():
    for style in STYLES:
        power = np.abs(np.fft.rfft(impulse(ROOMS[style])[:, 0])) ** 2
        hz = np.fft.rfftfreq(len(impulse(ROOMS[style])), 1 / RATE)
        assert db(power[hz < 80].mean()) < db(power[(hz > 500) & (hz < 2000)].mean()) - 15


def test_one_side_is_answered_by_both():
    send = np.zeros((RATE, 2), np.float32)
    send[100, 0] = 1
    answer = reverberate(send, "cinematic")
    assert answer.shape == send.shape
    left, right = (answer**2).sum(axis=0)
    assert left > right > 0.05 * left
