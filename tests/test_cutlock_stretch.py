"""Sound along a course: clicks land where it says, edges stay sharp, and what is not bent is left alone."""

from __future__ import annotations

import itertools
import sys

import numpy as np
import pytest

from pipeline.cutlock.stretch import Leg, heard_at, stretch
from pipeline.music import RATE
from tests.bands import clicks, onsets, play, steady

RATES = (1.02, 1 / 1.06, 1.06, 1.0, 0.97, 1.045)


def course(rates: tuple[float, ...] = RATES, lengths: tuple[float, ...] = (2.5, 1.9, 3.1, 2.2, 1.7, 2.6)) -> list[Leg]:
    """Legs from second 10 of the film and second 1 of the sound on."""
    film, sound, legs = 10.0, 1.0, []
    for rate, length in zip(rates, lengths, strict=True):
        legs.append(Leg((film, film + length), (sound, sound + length * rate)))
        film, sound = film + length, sound + length * rate
    return legs


def test_clicks_land_where_the_course_says_with_their_edge():
    legs = course()
    anchors = [leg.sound[0] for leg in legs[1:]]
    between = [leg.sound[0] + share * (leg.sound[1] - leg.sound[0]) for leg in legs for share in (0.3, 0.7)]
    times = np.sort(np.array(anchors + between))
    bent = stretch(clicks(times, 20.0), legs)
    wanted = heard_at(times, legs) - 10.0
    assert np.abs(onsets(bent, wanted) - wanted).max() < 0.002  # 5 ms is what is asked for
    power = np.square(bent).sum(axis=1)
    for at in np.round(wanted * RATE).astype(int):
        assert power[at - 4800 : at - 240].sum() < 0.003 * power[at - 4800 : at + 4800].sum()  # nothing comes before it


def test_the_length_is_the_courses_and_the_bytes_are_the_same_every_time():
    music = play(steady(20, 100), 20)
    bent = stretch(music, course())
    assert len(bent) == round(14 * RATE)
    assert bent.dtype == np.float32
    assert bent.tobytes() == stretch(music, course()).tobytes()
    assert np.isfinite(bent).all()


def test_what_goes_at_its_own_pace_is_left_bit_for_bit():
    music = play(steady(12, 100), 12)
    own = [Leg((5.0, 9.0), (2.0, 6.0)), Leg((9.0, 13.5), (6.0, 10.5))]
    assert np.array_equal(stretch(music, own), music[2 * RATE : round(10.5 * RATE)])
    mixed = [Leg((0.0, 2.0), (1.0, 3.08)), Leg((2.0, 6.0), (3.08, 7.08))]
    start = round(3.08 * RATE)
    assert np.array_equal(stretch(music, mixed)[2 * RATE :], music[start : start + 4 * RATE])


def test_a_chord_neither_swells_nor_drops_where_the_rate_changes():
    t = np.arange(20 * RATE) / RATE
    tone = sum(np.sin(2 * np.pi * hz * t) for hz in (220, 277.2, 329.6, 440))
    bent = stretch(np.stack([tone, tone], axis=1).astype(np.float32) * 0.2, course())
    level = np.sqrt(np.square(bent[:, 0]).reshape(-1, RATE // 10).mean(axis=1))
    assert 20 * np.log10(level.max() / level.min()) < 2.0


def test_both_sides_are_bent_as_one():
    left = play(steady(20, 100), 20)[:, 0]
    bent = stretch(np.stack([left, 0.25 * left], axis=1), course())
    assert np.abs(bent[:, 1] - 0.25 * bent[:, 0]).max() < 1e-3


def test_a_leap_has_its_strike_whole():
    music = clicks(np.array([2.0, 5.0]), 8.0)
    leap = [Leg((0.0, 2.0), (1.0, 3.0)), Leg((2.0, 4.0), (5.0, 7.0))]
    out = stretch(music, leap)
    assert np.array_equal(out[2 * RATE :], music[5 * RATE : 7 * RATE])
    assert heard_at(np.array([2.0, 4.0, 5.0]), leap).tolist() == [1.0, 2.0]  # second 4 is left out


def test_outside_the_sound_there_is_silence():
    out = stretch(np.ones((RATE, 2), np.float32), [Leg((0.0, 4.0), (-1.0, 3.0))])
    assert not out[: RATE - 1].any()
    assert not out[2 * RATE :].any()
    bent = stretch(np.ones((RATE, 2), np.float32), [Leg((0.0, 4.0), (-1.0, 3.1))])
    assert len(bent) == 4 * RATE
    assert np.isfinite(bent).all()


@pytest.mark.parametrize("length", [0.002, 0.05, 0.13])
def test_very_short_legs(length: float):
    legs = course((1.05, 0.96, 1.03), (1.0, length, 1.0))
    out = stretch(play(steady(5, 100), 5), legs)
    assert len(out) == round(legs[-1].film[1] * RATE) - 10 * RATE
    assert np.isfinite(out).all()


def test_where_the_library_has_no_wheel_another_one_is_in_time_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "python_stretch.Signalsmith", None)
    legs = course((1.05, 0.96), (2.0, 2.0))
    times = np.array([1.5, 2.5, 3.1, 3.9])
    wanted = heard_at(times, legs) - 10.0
    out = stretch(clicks(times, 6.0), legs)
    assert len(out) == 4 * RATE
    assert np.abs(onsets(out, wanted) - wanted).max() < 0.012


def test_legs_meet():
    assert all(a.film[1] == b.film[0] and a.sound[1] == b.sound[0] for a, b in itertools.pairwise(course()))
