"""Strikes that cuts fall on are brought out."""

from __future__ import annotations

import numpy as np

from pipeline.cutlock.accents import bring_out
from pipeline.ear.listen import hear
from pipeline.music import RATE


def test_a_strike_in_a_held_chord_is_heard_where_it_was_not():
    rng = np.random.default_rng(2)
    chord = (0.1 * rng.standard_normal((8 * RATE, 2))).astype(np.float32)
    out = bring_out(chord, [(3.0, 1.0)])
    heard = hear(out, RATE)
    later = {strength: time for time, strength in zip(heard.onsets, heard.strengths, strict=True) if time > 0.5}
    assert abs(later[max(later)] - 3.0) < 0.02


def test_only_the_neighbourhood_changes_and_by_little():
    tone = np.full((4 * RATE, 2), 0.2, np.float32)
    out = bring_out(tone, [(2.0, 1.0)])
    assert np.array_equal(out[: round(1.87 * RATE)], tone[: round(1.87 * RATE)])
    assert np.array_equal(out[round(2.26 * RATE) :], tone[round(2.26 * RATE) :])
    change = 20 * np.log10(out / tone)
    assert -6.6 < change.min() < -6.0
    assert 3.0 < change.max() < 3.6


def test_heavy_ones_more_than_light_ones_and_none_outside():
    tone = np.full((4 * RATE, 2), 0.2, np.float32)
    assert bring_out(tone, [(2.0, 0.0)]).max() < bring_out(tone, [(2.0, 1.0)]).max()
    assert np.array_equal(bring_out(tone, [(-3.0, 1.0), (9.0, 1.0)]), tone)
    assert len(bring_out(tone[:0], [(0.0, 1.0)])) == 0
    assert np.isfinite(bring_out(tone, [(0.0, 1.0), (0.05, 0.5), (4.0, 1.0)])).all()
