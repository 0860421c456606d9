"""Pulses on the downbeats of loud sections and nowhere else; fades at both ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.screen.pulses import FADE_OUT_S, count_faded, fade_in, find_pulses
from tests.shoots import make_chart

BEATS = (0.0, 1.0, 2.0, 3.02, 4.0, 5.0, 6.0, 7.0)


def test_only_downbeats_of_loud_sections_pulse_and_each_is_over_within_its_beat() -> None:
    chart = make_chart(8.0, energy=(0.2, 0.9), downbeats=BEATS)
    levels = find_pulses(chart, "quick", rate=30, frames=240)
    assert not levels[:120].any()
    for beat in (4, 5, 6, 7):
        assert levels[beat * 30] == levels[beat * 30 : beat * 30 + 30].max() > 0.5
        assert (np.diff(levels[beat * 30 : beat * 30 + 15]) < 0).all()
        assert not levels[beat * 30 + 15 : beat * 30 + 30].any()
    assert levels.max() <= 1


def test_a_pulse_begins_on_the_frame_nearest_to_its_beat() -> None:
    levels = find_pulses(make_chart(8.0, energy=(0.9,), downbeats=BEATS), "normal", rate=24, frames=192)
    assert levels[72] > levels[71] == 0  # 3.02 s is nearest to frame 72
    assert levels[72] == levels[72:84].max()


def test_calm_films_pulse_less_and_music_without_a_beat_not_at_all() -> None:
    chart = make_chart(8.0, energy=(0.9,), downbeats=BEATS)
    quick, calm = (find_pulses(chart, pace, rate=24, frames=192) for pace in ("quick", "calm"))  # type: ignore[arg-type]
    assert 0 < calm.max() < quick.max()
    free = replace(chart, rhythmic=False)
    assert not find_pulses(free, "quick", rate=24, frames=192).any()


def test_a_quiet_moment_of_a_loud_section_does_not_pulse() -> None:
    chart = make_chart(8.0, energy=(0.9,), downbeats=BEATS)
    dropped = replace(chart, energy=tuple(0.1 if 6 <= i < 12 else 0.9 for i in range(len(chart.energy))))
    levels = find_pulses(dropped, "quick", rate=24, frames=192)
    assert not levels[84:108].any()
    assert levels[48] > 0


def test_the_film_fades_in_from_a_first_frame_that_is_not_black() -> None:
    levels = fade_in(rate=24, frames=240)
    assert 0.1 < levels[0] < 0.2
    assert (np.diff(levels[:11]) > 0).all()
    assert (levels[10:] == 1).all()


def test_a_short_film_is_mostly_light() -> None:
    assert count_faded(FADE_OUT_S, rate=24, frames=240) == 29
    assert count_faded(FADE_OUT_S, rate=24, frames=24) == 6
    assert (fade_in(rate=24, frames=1) == 1).all()
