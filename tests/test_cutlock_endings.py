"""Music that goes on is brought to a real end."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.certificate import judge_ending
from pipeline.cuesheet import HitPoint
from pipeline.cutlock.endings import SHORTEST_RING_S, Closing, close, place_last_strike
from pipeline.ear.listen import hear
from pipeline.music import RATE, Audio
from tests.bands import play, steady

END = 21.3


def closing(bpm: float = 120, *, end: float = END, hits: tuple[HitPoint, ...] = ()) -> Closing:
    beats = steady(end, bpm)
    return Closing(0.0, end, tuple(beats), tuple(beats[::4]), hits)


@pytest.fixture(scope="module")
def music() -> Audio:
    return play(steady(24, 120), 24)


def test_it_decays_to_nothing_at_the_end_of_the_film(music: Audio):
    ended = close(music, closing())
    assert len(ended) == round(END * RATE)
    ending, tail_db = judge_ending(ended, RATE)
    assert ending == "decays"
    assert tail_db < -90
    assert not ended[-480:].any()


def test_the_last_strike_is_on_a_bar_line_and_rings(music: Audio):
    strike = place_last_strike(music[: round(END * RATE)], closing())
    assert strike % 2.0 == 0  # bars of two seconds
    assert SHORTEST_RING_S <= END - strike <= 3.5
    ended = close(music, closing())
    assert np.array_equal(ended[: round(strike * RATE)], music[: round(strike * RATE)])  # nothing fades before it
    heard = hear(ended, RATE)
    late = [time for time, strength in zip(heard.onsets, heard.strengths, strict=True) if strength > 0.3]
    assert max(late) == pytest.approx(strike, abs=0.05)  # it is the last one
    level = np.sqrt(np.square(ended[round((strike + 0.8) * RATE) : round((strike + 1.0) * RATE)]).mean())
    assert level > 0.003  # and still sounds a second later


def test_a_cut_near_the_end_is_not_lost(music: Audio):
    late = HitPoint(19.5, 0.9, "cut")
    assert place_last_strike(music[: round(END * RATE)], closing(hits=(late,))) >= 19.5


def test_sound_that_has_died_by_itself_is_left_to_it(music: Audio):
    n = round(END * RATE)
    dying = music[:n] * np.minimum(1, np.exp(-(np.arange(n) / RATE - 17.0)))[:, None].astype(np.float32)
    ended = close(dying, closing())
    assert np.array_equal(ended[: round(20.9 * RATE)], dying[: round(20.9 * RATE)])
    assert judge_ending(ended, RATE)[0] == "decays"


@pytest.mark.parametrize("end", [0.4, 1.0, 3.0])
def test_short_ones_end_too(music: Audio, end: float):
    ended = close(music, closing(end=end))
    assert len(ended) == round(end * RATE)
    assert judge_ending(ended, RATE)[0] == "decays"
    assert ended[: round(0.3 * end * RATE)].any()


def test_without_beats_it_ends_on_a_strike_or_fades():
    rng = np.random.default_rng(1)
    for sound in (play(steady(12, 90), 12), 0.1 * rng.standard_normal((12 * RATE, 2)).astype(np.float32)):
        ended = close(sound, Closing(0.0, 10.0))
        assert len(ended) == 10 * RATE
        assert judge_ending(ended, RATE)[0] == "decays"


def test_silence_and_sound_that_is_too_short_are_filled_up(music: Audio):
    assert not close(np.zeros((RATE, 2), np.float32), Closing(0.0, 3.0)).any()
    ended = close(music[: 4 * RATE], Closing(0.0, 6.0, (0.0, 2.0), (0.0,)))
    assert len(ended) == 6 * RATE
    assert np.isfinite(ended).all()
