from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.cuesheet import STYLES, Style
from pipeline.music import STEMS
from pipeline.orchestra.arrange import arrange, choose_players, players_named
from pipeline.orchestra.form import lay_out
from pipeline.orchestra.part import Part
from tests.sheets import film, one_cue


def parts_of(style: Style, seed: int = 1) -> tuple[Part, ...]:
    return arrange(one_cue(style, seed=seed))[0].parts


@pytest.mark.parametrize("style", STYLES)
def test_a_handful_of_players_in_known_stems(style: Style) -> None:
    parts = parts_of(style)
    assert 4 <= len([part for part in parts if isinstance(part.instrument, int)]) <= 9
    assert {part.stem for part in parts} <= set(STEMS)
    assert all(part.notes for part in parts)


def test_nobody_plays_two_roles_in_one_style() -> None:
    for style in STYLES:
        programs = [player.program for player in choose_players(lay_out(one_cue(style))[0]).values()]
        assert len(set(programs)) >= len(programs) - 1


def test_the_same_sheet_is_the_same_music_and_another_seed_is_not() -> None:
    assert arrange(film()) == arrange(film())
    first, other = parts_of("cinematic", 1), parts_of("cinematic", 2)
    assert [part.notes for part in first] != [part.notes for part in other]
    casts = {tuple(sorted(part.name for part in parts_of("cinematic", seed))) for seed in range(8)}
    assert len(casts) >= 4


def test_a_cue_taken_again_changes_alone() -> None:
    before, after = arrange(film()), arrange(film(third_seed=99))
    assert before[2].parts != after[2].parts
    assert before[2].plan.motif == after[2].plan.motif
    for number in (0, 1, 3):
        assert before[number].parts == after[number].parts


def test_no_two_styles_are_cast_alike() -> None:
    casts = {style: {p.name for p in parts_of(style) if isinstance(p.instrument, int)} for style in STYLES}
    for one in STYLES:
        for other in STYLES:
            if one < other:
                assert len(casts[one] & casts[other]) <= 0.5 * min(len(casts[one]), len(casts[other])), (one, other)


def test_there_is_no_dead_air() -> None:
    for style in STYLES:
        notes = sorted((n.time, n.time + n.length) for part in parts_of(style) for n in part.notes)
        until = 0.0
        for start, end in notes:
            assert start - until < 1.5
            until = max(until, end)


def test_more_intensity_means_more_players_and_force() -> None:
    def force(share: float) -> int:
        score = one_cue("cinematic")
        score = score.with_cues(tuple(replace(cue, intensity=share) for cue in score.cues))
        return sum(note.velocity for part in arrange(score)[0].parts for note in part.notes)

    assert force(0.9) > 1.2 * force(0.1)


def test_players_are_named_by_stem() -> None:
    names = players_named(parts_of("folk"))
    assert "ostinato" in names
    assert "drum kit" in names["drums"]
