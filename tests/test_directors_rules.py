"""The storyboard by rules: one film that hangs together, whatever there is to go by."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from pipeline.directors.rules import load
from pipeline.imagery.direction import write_by_rules
from pipeline.shots import break_down
from pipeline.storyboard import Line, Picture, Storyboard, Treatment
from tests.charts import a_chart, sung

RULES = load()


def directed(
    treatment: Treatment | None = None, *, lines: tuple[Line, ...] | None = None, **chart: object
) -> Storyboard:
    """The rules' words without their sketches, which take a second."""
    song = a_chart(**chart)  # type: ignore[arg-type]
    return write_by_rules(break_down(song, sung(song) if lines is None else lines, treatment or Treatment()))


def pictures_in(board: Storyboard, part: str) -> list[Picture]:
    names = {shot.picture for shot in board.shots if board.chart.section_at((shot.start + shot.end) / 2).part == part}
    return [picture for picture in board.pictures if picture.name in names]


EVERYTHING = {
    "lyrics": {},
    "wish": {"treatment": Treatment(wish="A fox runs through a snowy forest, then over the city roofs"), "lines": ()},
    "nothing": {"lines": ()},
    "no key": {"key": None},
    "odd key": {"key": "H major flat"},
    "no beat": {"rhythmic": False, "lines": ()},
    "chinese": {"lines": tuple(Line("在夜里的城市我爱你 下雨的街", i * 4.0, i * 4.0 + 3) for i in range(20))},
    "emoji": {"lines": tuple(Line("🌊🔥 ❤️", i * 4.0, i * 4.0 + 3) for i in range(20))},
    "many lines": {"lines": tuple(Line(f"rain {i}", i * 0.05, i * 0.05 + 0.04) for i in range(2000))},
    "hostile": {"treatment": Treatment(wish='{"a":\x00 "]}\u202e http://x.y {cast} ' * 20, look="{look} %s \\")},
}


@pytest.mark.parametrize("case", EVERYTHING)
def test_every_film_has_pictures_that_hold(case: str):
    board = directed(**EVERYTHING[case])  # type: ignore[arg-type]
    assert Storyboard.from_json(board.to_json()) == board
    assert len(board.style.palette) == 5
    assert board.style.look
    for picture in board.pictures:
        words = picture.prompt.split()
        assert 35 <= len(words) <= 95, picture.prompt
        assert "http" not in picture.prompt
        assert picture.prompt.isprintable()
        assert not re.search(r"\b(\w+) \1\b", picture.prompt.lower()), picture.prompt
        often = Counter(re.findall(r"[a-z]{6,}", picture.prompt.lower())).most_common(1)
        assert often[0][1] <= 3, picture.prompt
    for shot in board.shots:
        assert 8 <= len(shot.action.split()) <= 40


def test_the_look_ends_every_prompt_and_the_cast_is_the_same():
    board = directed(Treatment(wish="a girl with a red umbrella in a rainy city", look="watercolour"))
    assert "watercolour" in board.style.look
    assert board.style.cast == "a girl with a red umbrella"
    assert all(picture.prompt.lower().endswith(f"{board.style.look.lower()}.") for picture in board.pictures)
    assert all("red umbrella" in p.prompt for p in board.pictures if p.figure == "walker")
    assert all(picture.weather == "rain" for picture in board.pictures if "city" in picture.prompt)


def test_a_film_has_few_worlds_and_the_chorus_its_own():
    for seed in range(6):
        board = directed(Treatment(seed=seed))
        assert 2 <= len({picture.world for picture in board.pictures}) <= 5
        chorus = {picture.world for picture in pictures_in(board, "chorus")}
        verses = {picture.world for picture in pictures_in(board, "verse")}
        assert len(chorus) == 1
        assert not chorus & verses


def test_words_call_up_their_worlds():
    board = directed(lines=sung(a_chart(), verse="over the mountains we climb", chorus="down to the ocean waves"))
    assert {picture.world for picture in pictures_in(board, "chorus")} == {"sea"}
    assert "mountains" in {picture.world for picture in pictures_in(board, "verse")}


@pytest.mark.parametrize(
    ("verse", "world"),
    [
        ("ich gehe allein durch den dunklen Wald und die Bäume", "forest"),
        ("por el desierto y la arena que no me deja", "desert"),
        ("je marche dans la rue sous la pluie et les étoiles", "street"),
        ("宇宙の星", "space"),
    ],
)
def test_other_tongues_are_understood(verse: str, world: str):
    board = directed(lines=sung(a_chart(), verse=verse, chorus="la la la"))
    assert world in {picture.world for picture in board.pictures}


def test_the_camera_begins_and_ends_wide_and_neighbours_differ():
    board = directed()
    assert board.pictures[0].framing == "wide"
    assert board.picture(board.shots[-1].picture).framing == "wide"
    framings = Counter(picture.framing for picture in board.pictures)
    assert min(framings.values()) >= len(board.pictures) / 8
    assert len(framings) == 3
    assert all(a.prompt != b.prompt for a, b in pairwise(board.pictures))


def test_moves_alternate_and_a_returning_picture_moves_another_way():
    board = directed()
    assert all(a.move != b.move for a, b in pairwise(board.shots[:-1]))
    assert board.shots[-1].move == "pull"
    assert len({shot.move for shot in board.shots}) >= 5
    by_picture: dict[str, list[str]] = {}
    for shot in board.shots[:-1]:
        by_picture.setdefault(shot.picture, []).append(shot.move)
    assert all(a != b for moves in by_picture.values() for a, b in pairwise(moves))


def test_the_day_goes_by():
    board = directed(lines=())
    apart = [*pictures_in(board, "chorus"), *pictures_in(board, "bridge")]
    hours = [picture.hour for picture in board.pictures if picture not in apart]
    assert len(set(hours)) >= 3
    changes = sum(a != b for a, b in pairwise(hours))
    assert changes <= 4


def test_an_hour_that_is_wished_for_stays():
    board = directed(Treatment(wish="a city at night"), lines=())
    assert {picture.hour for picture in board.pictures} == {"night"}


def test_minor_is_darker_than_major_and_a_chorus_livelier_than_an_intro():
    dark, bright = (directed(lines=(), key=key) for key in ("A minor", "A major"))
    assert max(picture.valence for picture in dark.pictures) < min(picture.valence for picture in bright.pictures)
    board = directed(lines=())
    assert min(p.arousal for p in pictures_in(board, "chorus")) > max(p.arousal for p in pictures_in(board, "outro"))


def test_a_wish_with_steps_is_told_in_order():
    board = directed(Treatment(wish="A boy leaves his house. He walks through a forest. He reaches the sea."), lines=())
    ends = [shot.picture for shot in board.shots]
    assert "leaves his house" in board.picture(ends[0]).prompt
    assert "reaches the sea" in board.picture(ends[-1]).prompt
    assert board.picture(ends[-1]).world == "sea"


def test_nobody_is_seen_where_nobody_is_wished():
    board = directed(Treatment(wish="empty landscapes, no people"))
    assert board.style.cast == ""
    assert not {picture.figure for picture in board.pictures} & {"walker", "dancer", "couple"}


def test_the_same_board_gives_the_same_words_and_another_seed_others():
    assert directed() == directed()
    assert directed(Treatment(seed=5)).pictures != directed().pictures


def test_a_picture_drawn_anew_has_only_another_seed():
    song = a_chart(form=(("verse", 8), ("chorus", 8)))
    bare = break_down(song, sung(song), Treatment())
    before, after, again = (
        RULES.direct(replace(bare, treatment=Treatment(redraws=redraws))) for redraws in ({}, {"p03": 1}, {"p03": 2})
    )
    changed = [(a, b) for a, b in zip(before.pictures, after.pictures, strict=True) if a != b]
    assert [(a.name, replace(a, seed=b.seed) == b) for a, b in changed] == [("p03", True)]
    assert len({board.picture("p03").seed for board in (before, after, again)}) == 3
    assert len({picture.seed for picture in before.pictures}) == len(before.pictures)
    assert RULES.direct(bare) == before


def test_cuts_and_transitions_stay_where_they_are():
    song = a_chart()
    bare = break_down(song, sung(song), Treatment())
    board = RULES.direct(bare)
    for before, after in zip(bare.shots, board.shots, strict=True):
        assert replace(after, move=before.move, strength=before.strength, action=before.action) == before
