"""Where a passage is cut: the price of places, and the cheapest way through them."""

from __future__ import annotations

from dataclasses import replace

from pipeline.breakdown.cuts import cut_passage, find_places
from pipeline.breakdown.passages import Passage
from pipeline.storyboard import Line
from tests.charts import a_chart


def test_a_downbeat_is_cheaper_than_a_beat_and_a_phrase_cheaper_still():
    chart = a_chart()
    places = find_places(chart, ())
    price = dict(zip(places.times, places.costs, strict=True))
    assert price[8.0] < price[2.0] < price[3.0] < price[2.5]
    assert places.times == chart.beats[1:] or places.times == chart.beats


def test_a_line_makes_its_middle_dear_and_its_start_cheap():
    chart = a_chart()
    bare, sung = (find_places(chart, lines) for lines in ((), (Line("x", 10.1, 13.0),)))
    change = {t: b - a for t, a, b in zip(bare.times, bare.costs, sung.costs, strict=True) if abs(a - b) > 1e-9}
    assert change[10.0] < 0
    assert all(change[time] > 0 for time in (10.5, 11.0, 12.0))
    assert 13.0 not in change


def test_a_build_before_a_louder_chorus_is_cut_faster():
    chart = a_chart(form=(("verse", 16),))
    chart = replace(chart, energy=(0.5,) * len(chart.energy))
    whole = Passage("verse", 0.0, chart.duration, 0.5, "verse")
    places = find_places(chart, ())
    counts = [
        sum(
            cut >= chart.duration - 6
            for seed in range(20)
            for cut in cut_passage(whole, places, chart, pace="normal", seed=seed, lifts=lifts)
        )
        for lifts in (False, True)
    ]
    assert counts[1] > 1.2 * counts[0]


def test_a_passage_without_a_place_is_one_shot():
    chart = a_chart()
    assert cut_passage(
        Passage("verse", 8.0, 9.2, 0.5, "v"), find_places(chart, ()), chart, pace="normal", seed=1, lifts=False
    ) in ((), (8.5,))  # fmt: skip
