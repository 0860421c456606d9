from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from pipeline.cuesheet import STYLES
from pipeline.music import RATE
from pipeline.room import ROOMS, impulse, reverberate


def db(power: float) -> float:
    return float(10 * np.log10(power + 1e-20))


@pytest.mark.parametrize("style", STYLES)
def test_the_tail_falls_as_the_room_says(style):
    room = ROOMS[style]
    response = impulse(room).astype(float)
    left = np.cumsum(response[::-1, 0] ** 2)[::-1]  # what is still to come (Schroeder 1965)
    start, fallen = (int(np.argmax(10 * np.log10(left / left[0]) < level)) for level in (-10, -30))
    assert (fallen - start) / RATE * 3 == pytest.approx(room.decay_s, rel=0.35)


def test_a_parlour_is_drier_than_a_hall_and_a_hall_drier_than_a_church():
    send = np.random.default_rng(1).standard_normal((RATE // 2, 2)).astype(np.float32)
    send = signal.sosfilt(signal.butter(4, (300, 3000), "bandpass", fs=RATE, output="sos"), send, axis=0)
    send = np.concatenate([send, np.zeros((4 * RATE, 2))]).astype(np.float32)
    crossed = 10 * np.log10(0.7**2 + 0.3**2)  # what two unlike sides lose on their way over the room
    for style in ("folk", "cinematic", "ambient"):
        wet = db((reverberate(send, style) ** 2).sum() / (send**2).sum()) - crossed
        assert wet == pytest.approx(ROOMS[style].wet_db, abs=1)
    assert ROOMS["folk"].wet_db < ROOMS["cinematic"].wet_db < ROOMS["ambient"].wet_db


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
