from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.backends import Session, composer
from pipeline.certificate import Certificate, judge
from pipeline.cuesheet import CueSheet, Style
from pipeline.mix import lay
from pipeline.music import RATE, Audio
from pipeline.verdict import LEAST, WEIGHTS, Verdict, best_first, judge_take
from tests import engines
from tests.sheets import cue, sheet

LENGTH_S = 14
PERFECT = Certificate(
    cuts=3, hit=1.0, chance=0.3, kappa=1.0, worst_ms=0.0, median_ms=0.0, tempo=104.0, loudness=-14.0, true_peak=-1.5,
    picture_s=LENGTH_S, sound_s=LENGTH_S, length_error_ms=0.0, ending="decays", tail_db=-120.0, composer="orchestra",
    licence="", engine="", seed=1,
)  # fmt: skip
GOOD = Verdict(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, (), ())


def score(style: Style, exclude: tuple[str, ...] = ()) -> CueSheet:
    cuts = ((3.1, 0.5), (7.0, 0.8), (10.9, 0.5))
    return sheet([cue(style, 0, LENGTH_S, cuts, exclude=exclude)])


@pytest.fixture(scope="module")
def played() -> dict[tuple[Style, tuple[str, ...]], Audio]:
    """What the orchestra plays with everybody, and without those who shall not."""
    takes: list[tuple[Style, tuple[str, ...]]] = [
        ("folk", ()), ("folk", ("drums",)), ("folk", ("bass",)), ("electronic", ("drums",)),
    ]  # fmt: skip
    plans = {(style, out): score(style, out) for style, out in takes}
    return {take: lay(composer().compose(plan, Session()), plan).music for take, plan in plans.items()}


def verdict(music: Audio, *exclude: str, style: Style = "folk") -> Verdict:
    return judge_take(music, score(style, exclude), PERFECT)


def test_the_orchestra_is_all_right_by_its_own_certificate(played) -> None:
    music = played["folk", ()]
    cuts = [hit.time for hit in score("folk").cues[0].hits]
    said = judge_take(music, score("folk"), judge(music, RATE, cuts, picture_s=LENGTH_S))
    assert said.total == pytest.approx(1.0, abs=0.02)
    assert said.line() == "100% of the cuts are hit (100%)."


def test_nothing_is_wrong_with_the_orchestra(played) -> None:
    for (style, _), music in played.items():
        said = verdict(music, style=style)
        assert said.total == pytest.approx(1.0, abs=0.02)
        assert (said.exclusions, said.judged, said.heard) == (None, (), ())
        assert said.line() == "100% of the cuts are hit (100%)."


def test_drums_are_heard_where_they_are(played) -> None:
    beaten, bare = (
        verdict(played["folk", ()], "drums"),
        verdict(played["folk", ("drums",)], "drums"),
    )
    assert beaten.heard == beaten.judged == bare.judged == ("drums",)
    assert bare.heard == ()
    assert beaten.total < 0.6 < 0.95 < bare.total
    assert "in spite of the wish: drums" in beaten.line()


def test_a_bass_is_heard_where_it_is(played) -> None:
    assert verdict(played["electronic", ("drums",)], "no bass", style="electronic").heard == ("no bass",)
    assert verdict(played["folk", ("bass",)], "no bass").heard == ()
    assert verdict(played["folk", ("bass",)], "no bass").exclusions == 1.0


def test_what_cannot_be_told_is_not_judged(played) -> None:
    said = verdict(played["folk", ()], "guitar", "strings", "kazoo")
    assert (said.exclusions, said.judged) == (None, ())
    assert verdict(played["folk", ()], "vocals", "beats", "bass drum").judged == ("vocals", "beats")


def test_nobody_speaks_in_music(played) -> None:
    assert verdict(played["folk", ()], "vocals").heard == ()


def test_a_wish_counts_in_the_cues_that_it_stands_in(played) -> None:
    half = LENGTH_S / 2
    music = np.concatenate([played["folk", ("drums",)][: round(half * RATE)], played["folk", ()][round(half * RATE) :]])
    first = cue("folk", 0, half, exclude=("drums",))
    second = cue("folk", half, LENGTH_S, number="1m2")
    ruled = sheet([first, second])
    assert judge_take(music, ruled, PERFECT).heard == ()
    ruled = sheet([replace(first, exclude=()), replace(second, exclude=("drums",))])
    assert judge_take(music, ruled, PERFECT).heard == ("drums",)
    ruled = replace(ruled, brief=replace(ruled.brief, exclude=("percussion",)))
    assert judge_take(music, ruled, PERFECT).judged == ("percussion", "drums")


def test_a_gap_is_a_fault(played) -> None:
    music = played["folk", ()].copy()
    music[4 * RATE : 7 * RATE] = 0
    said = verdict(music)
    assert said.sounding < 0.25
    assert "gaps" in said.line()
    assert said.total < 0.9


@pytest.mark.parametrize("spoil", [engines.drone, engines.looped])
def test_standing_still_is_a_fault(played, spoil) -> None:
    said = verdict(spoil(played["folk", ()], RATE))
    assert said.moving < 0.1
    assert "hardly changes" in said.line()


def test_missed_cuts_weigh_most(played) -> None:
    music = played["folk", ()]
    totals = [
        judge_take(music, score("folk"), replace(PERFECT, **change)).total
        for change in ({}, {"loudness": -22.0}, {"ending": "chopped"}, {"hit": 0.3}, {"hit": 0.0})
    ]
    assert totals[0] > totals[1] > totals[3] > totals[4]
    assert totals[2] == pytest.approx(totals[1], abs=0.01)


def test_a_film_without_cuts_is_judged_by_the_rest(played) -> None:
    music = played["folk", ()]
    said = judge_take(music, score("folk"), replace(PERFECT, hit=None))
    assert said.total == pytest.approx(1.0, abs=0.02)
    assert said.line() == "No cuts to hit (100%)."


def test_silence_is_worth_next_to_nothing() -> None:
    music = np.zeros((LENGTH_S * RATE, 2), np.float32)
    certificate = judge(music, RATE, [3.0, 7.0], picture_s=LENGTH_S)
    said = judge_take(music, score("folk", ("drums", "bass", "vocals")), certificate)
    assert said.total < 0.1
    assert said.heard == ()


def test_the_same_take_gives_the_same_verdict(played) -> None:
    music = played["folk", ()]
    assert verdict(music, "drums", "bass", "vocals") == verdict(music, "drums", "bass", "vocals")


def test_a_part_that_is_all_wrong_leaves_the_others_to_be_seen() -> None:
    worst = replace(GOOD, hits=0.0)
    assert worst.total == pytest.approx(LEAST ** WEIGHTS["hits"])
    assert replace(worst, exclusions=0.0).total < worst.total
    assert GOOD.total == pytest.approx(1.0)
    assert sum(WEIGHTS.values()) == pytest.approx(1.0)


def test_the_best_comes_first_and_of_equals_the_earlier() -> None:
    middling, poor = replace(GOOD, hits=0.8), replace(GOOD, hits=0.2)
    assert best_first([poor, middling, GOOD, middling, GOOD]) == [2, 4, 1, 3, 0]
    assert best_first([]) == []
