"""The click track: bars that tile, cuts that fall on beats, tempo that hardly leans."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cuesheet import Bar, HitPoint
from pipeline.spotting.tempomap import Stretch, lay_bars


def stretch(cuts: list[float], end: float, tempo: float = 100.0, start: float = 0.0) -> Stretch:
    return Stretch(start, end, tempo, tuple(HitPoint(cut, 0.6, "cut") for cut in cuts))


def off_the_half_beat(bars: tuple[Bar, ...], time: float) -> float:
    grid = [bar.start + half * bar.beat_s / 2 for bar in bars for half in range(int(bar.beats * 2) + 1)]
    return min(abs(at - time) for at in grid)


def random_clips(count: int = 60) -> list[Stretch]:
    rng = random.Random(7)
    clips = []
    for _ in range(count):
        end = rng.uniform(15, 60)
        cuts: list[float] = []
        while (cut := (cuts[-1] if cuts else 0.0) + rng.uniform(1.3, 9.0)) < end - 1.3:
            cuts.append(cut)
        clips.append(stretch(cuts, end, rng.uniform(70, 130)))
    return clips


def test_cuts_fall_on_bar_lines_or_close_to_half_beats():
    on_a_bar, near, total = 0, 0, 0
    for clip in random_clips():
        (bars,) = lay_bars([clip])
        starts = {round(bar.start, 6) for bar in bars}
        for hit in clip.hits:
            total += 1
            on_a_bar += round(hit.time, 6) in starts
            near += off_the_half_beat(bars, hit.time) <= 0.040
    assert on_a_bar / total >= 0.85
    assert near / total >= 0.95


def test_tempo_stays_near_the_mood_and_steps_are_small():
    steps: list[float] = []
    for clip in random_clips():
        (bars,) = lay_bars([clip])
        assert all(clip.tempo * 0.7 < bar.bpm < clip.tempo * 1.4 for bar in bars)
        pairs = pairwise(bars)
        steps += [abs(after.bpm / before.bpm - 1) for before, after in pairs if after.bpm != before.bpm]
    steps.sort()
    assert steps[len(steps) // 2] < 0.03


def test_an_even_cut_gives_even_bars_at_the_asked_tempo():
    (bars,) = lay_bars([stretch([8.0, 16.0], 24.0, tempo=120.0)])
    assert {bar.beats for bar in bars} == {4.0}
    assert all(abs(bar.bpm - 120) < 0.01 for bar in bars)


def test_the_odd_bar_goes_last_before_the_cut():
    (bars,) = lay_bars([stretch([5.0], 15.0, tempo=120.0)], steady=True)  # 10 beats to the cut
    before = [bar.beats for bar in bars if bar.start < 5.0 - 1e-6]
    assert before == [4.0, 4.0, 2.0]


def test_a_steady_tempo_is_kept_within_three_percent():
    rng = random.Random(3)
    for _ in range(20):
        clip = stretch(sorted(rng.uniform(1, 29) for _ in range(5)), 30.0, tempo=120.0)
        (bars,) = lay_bars([clip], steady=True)
        long_bars = [bar for bar in bars if bar.beats == 4]
        assert all(abs(bar.bpm / 120 - 1) < 0.08 for bar in long_bars)


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.floats(0.04, 30), min_size=1, max_size=14),
    tempo=st.floats(40, 200),
    cue_at=st.integers(0, 13),
)
def test_bars_always_tile_their_cue(lengths: list[float], tempo: float, cue_at: int):
    times = [sum(lengths[: i + 1]) for i in range(len(lengths))]
    split = min(cue_at, len(times) - 1)
    stretches = [Stretch(0.0, times[split], tempo, tuple(HitPoint(t, 0.5, "cut") for t in times[:split]))]
    if split < len(times) - 1:
        inner = tuple(HitPoint(t, 0.5, "cut") for t in times[split + 1 : -1])
        stretches.append(Stretch(times[split], times[-1], tempo * 1.1, inner))
    for part, bars in zip(stretches, lay_bars(stretches), strict=True):
        assert bars[0].start == pytest.approx(part.start)
        assert bars[-1].end == pytest.approx(part.end, abs=1e-6)
        for bar, following in pairwise(bars):
            assert bar.end == pytest.approx(following.start, abs=1e-6)
