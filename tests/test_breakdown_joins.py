"""How shots come in."""

from __future__ import annotations

from collections import Counter

from pipeline.breakdown.joins import Seam, join
from pipeline.breakdown.passages import Passage
from pipeline.storyboard import Part
from tests.charts import LOUDNESS, a_chart

CHART = a_chart(tempo=128.0)


def a_passage(part: Part) -> Passage:
    return Passage(part, 0.0, 20.0, LOUDNESS[part], part)


def turned(left: Part, right: Part, shot_s: float = 4.0) -> tuple[str, float]:
    made = join(Seam(10.0, shot_s, shot_s, a_passage(left), a_passage(right), 99.0), CHART, pace="normal", seed=1)
    return made.kind, made.seconds


def test_a_chorus_strikes_and_an_outro_is_reached_through_the_dark():
    assert turned("verse", "chorus") == ("cut", 0.0)
    assert turned("chorus", "outro") == ("dip", 1.0)
    assert turned("chorus", "verse")[0] == "dip"
    assert turned("outro", "intro")[0] == "crossfade"


def test_a_join_is_no_longer_than_half_of_either_shot():
    assert turned("chorus", "outro", shot_s=1.0) == ("dip", 0.5)
    assert turned("chorus", "outro", shot_s=0.3) == ("cut", 0.0)


def test_inside_loud_parts_it_is_cut_with_a_whip_now_and_then():
    chorus = a_passage("chorus")
    kinds = Counter(
        join(Seam(at / 2, 1.0, 1.0, chorus, chorus, 99.0), CHART, pace="normal", seed=1).kind for at in range(40, 70)
    )
    assert kinds["cut"] > kinds["whip"] > 0
    soon = {
        join(Seam(at / 2, 1.0, 1.0, chorus, chorus, 2.0), CHART, pace="normal", seed=1).kind for at in range(40, 70)
    }
    assert soon == {"cut"}


def test_soft_parts_are_faded():
    outro = a_passage("outro")
    kinds = Counter(
        join(Seam(at / 10, 5.0, 5.0, outro, outro, 99.0), CHART, pace="calm", seed=1).kind for at in range(10, 60)
    )
    assert kinds["crossfade"] > 30
