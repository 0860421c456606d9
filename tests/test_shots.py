"""The breakdown of songs into shots: where they are cut, what comes again, what is sung."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from statistics import mean, median, pstdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.breakdown.passages import LEAST_SHOT_S
from pipeline.breakdown.returns import count_pictures
from pipeline.shots import break_down
from pipeline.storyboard import SHOTS_MOST, Chart, Line, Pace, Part, Section, Shot, Storyboard, Treatment, Word
from tests.charts import a_chart, sung

TEMPI = (72.0, 90.0, 120.0, 150.0, 174.0)


def a_board(chart: Chart, treatment: Treatment | None = None, lines: tuple[Line, ...] | None = None) -> Storyboard:
    lines = sung(chart) if lines is None else lines
    return break_down(chart, lines, treatment or Treatment(), title="Song", artist="Somebody")


def lengths(board: Storyboard, part: Part) -> list[float]:
    inner = board.shots[1:-1]  # the ends are longer on purpose
    return [shot.length for shot in inner if board.chart.section_at((shot.start + shot.end) / 2).part == part]


def shots_of(board: Storyboard, section: Section) -> list[Shot]:
    return [shot for shot in board.shots if section.start - 0.01 <= shot.start < section.end - 0.01]


def check(board: Storyboard) -> None:
    """What holds for every storyboard."""
    assert all(shot.length >= LEAST_SHOT_S - 1e-6 for shot in board.shots) or len(board.shots) == 1
    assert len(board.shots) <= SHOTS_MOST
    assert len(board.pictures) <= count_pictures(board.chart.duration)
    assert {shot.picture for shot in board.shots} == {picture.name for picture in board.pictures}
    assert [shot.number for shot in board.shots] == list(range(1, len(board.shots) + 1))
    assert board.shots[0].transition == "cut"
    for before, after in pairwise(board.shots):
        assert after.transition_s <= min(before.length, after.length) / 2 + 1e-6
        assert (after.transition == "cut") == (after.transition_s == 0)
    assert Storyboard.from_json(board.to_json()) == board


@pytest.mark.parametrize("tempo", TEMPI)
@pytest.mark.parametrize("pace", ["calm", "normal", "quick"])
def test_every_cut_of_rhythmic_music_is_exactly_on_a_beat(tempo: float, pace: Pace):
    board = a_board(a_chart(tempo=tempo, offset=0.37), Treatment(pace=pace))
    check(board)
    beats = set(board.chart.beats)
    assert all(shot.start in beats for shot in board.shots[1:])


@pytest.mark.parametrize("tempo", TEMPI)
def test_most_cuts_are_on_downbeats_and_every_border_is_one(tempo: float):
    board = a_board(a_chart(tempo=tempo))
    cuts = [shot.start for shot in board.shots]
    calm = [shot.start for shot in board.shots if board.chart.section_at(shot.start + 0.1).part != "chorus"]
    assert mean(cut in board.chart.downbeats for cut in calm) > 0.6
    assert {section.start for section in board.chart.sections} <= set(cuts)


@pytest.mark.parametrize("tempo", TEMPI)
def test_a_chorus_is_cut_faster_than_a_verse_and_a_verse_than_the_ends(tempo: float):
    board = a_board(a_chart(tempo=tempo))
    assert 0.7 <= median(lengths(board, "chorus")) <= 2.8
    assert 2.4 <= median(lengths(board, "verse")) <= 5.6
    assert median(lengths(board, "chorus")) < 0.75 * median(lengths(board, "verse"))
    assert board.shots[0].length > median(lengths(board, "verse"))
    assert board.shots[-1].length > median(lengths(board, "verse"))


@pytest.mark.parametrize("part", ["verse", "chorus"])
def test_the_cutting_is_no_clockwork(part: Part):
    board = a_board(a_chart())
    assert pstdev(lengths(board, part)) / mean(lengths(board, part)) > 0.12


def test_pace_is_heard():
    calm, normal, quick = (a_board(a_chart(), Treatment(pace=pace)) for pace in ("calm", "normal", "quick"))
    assert len(calm.shots) * 1.4 < len(normal.shots) < len(quick.shots) / 1.2


def test_a_louder_chorus_is_cut_faster_than_a_quiet_one():
    chart = a_chart()
    quiet = replace(chart, energy=tuple(0.3 for _ in chart.energy), sections=tuple(
        replace(section, energy=0.3) for section in chart.sections
    ))  # fmt: skip
    assert mean(lengths(a_board(chart), "chorus")) < mean(lengths(a_board(quiet), "chorus"))


def test_a_chorus_that_comes_three_times_is_shown_three_times():
    board = a_board(a_chart())
    shown = [shots_of(board, section) for section in board.chart.sections if section.part == "chorus"]
    first, second, third = ([shot.picture for shot in shots] for shots in shown)
    assert len(set(first)) >= 4
    assert first == second
    assert third[:-2] == first[: len(third) - 2]
    elsewhere = {shot.picture for shot in board.shots} - set(first) - set(third)
    assert elsewhere, "verses have pictures of their own"
    verses = [shots_of(board, section) for section in board.chart.sections if section.part == "verse"]
    one, other = ({shot.picture for shot in shots} for shots in verses)
    assert not one & other
    assert not (one | other) & set(first)


def test_no_two_neighbours_show_the_same_picture():
    board = a_board(a_chart())
    assert all(a.picture != b.picture for a, b in pairwise(board.shots))


def test_lyrics_marks_make_a_chorus_where_the_ear_heard_none():
    chart = a_chart(form=(("verse", 40),))
    marks = {0: "verse 1", 1: "chorus", 2: "verse 2", 3: "chorus", 4: "outro"}
    lines = tuple(
        Line(f"{marks[block]} line {i}" if marks[block] != "chorus" else f"hook {i}", at, at + 3.5, part=marks[block])
        for block in range(5)
        for i in range(4)
        for at in [block * 16 + i * 4.0 + 0.1]
    )
    board = a_board(chart, lines=lines)
    check(board)
    choruses = [section for section in board.chart.sections if section.part == "chorus"]
    assert [(round(section.start), round(section.end)) for section in choruses] == [(16, 32), (48, 64)]
    one, other = ([shot.picture for shot in shots_of(board, section)] for section in choruses)
    assert one == other


def test_words_that_return_are_a_chorus_without_any_mark():
    chart = a_chart(form=(("verse", 40),))
    texts = ["a b", "c d", "e f", "g h", *(hook := ["sing it", "louder now", "again", "and go"]), "i j", "k l"]
    texts += ["m n", "o p", *hook, "q r", "s t"]
    lines = tuple(Line(text, i * 4.0 + 0.1, i * 4.0 + 3.6) for i, text in enumerate(texts))
    board = a_board(chart, lines=lines)
    assert Counter(section.part for section in board.chart.sections)["chorus"] == 2


def test_what_is_sung_stands_in_its_shot():
    chart = a_chart()
    words = (Word("burning", 40.0, 40.5), Word("lights", 40.6, 41.0), Word("fade", 43.9, 44.6))
    lines = (Line("we walk", 9.0, 11.0), Line("burning lights fade", 40.0, 44.6, words))
    board = a_board(chart, lines=lines)
    whole = [shot for shot in board.shots if "we walk" in shot.lyrics]
    assert whole
    assert all(shot.start < 11.0 and shot.end > 9.0 for shot in whole)
    assert " ".join(shot.lyrics for shot in board.shots if shot.end > 38 and shot.start < 46).split() == [
        "burning", "lights", "fade",
    ]  # fmt: skip


def test_a_line_is_not_split_where_a_beat_near_its_start_is_free():
    chart = a_chart(form=(("verse", 24),))
    lines = tuple(Line(f"line {i}", i * 4.0 + 1.0, i * 4.0 + 4.6) for i in range(11))
    split = [
        sum(any(line.start + 0.3 < shot.start < line.end - 0.4 for line in lines) for shot in board.shots)
        for board in (a_board(chart, lines=lines), a_board(chart, lines=()))
    ]
    assert split[0] <= 0.7 * split[1]


def test_music_without_a_beat_is_cut_at_its_phrases_and_faded():
    chart = a_chart(rhythmic=False)
    board = a_board(chart, lines=())
    check(board)
    assert len(board.shots) > 15
    assert Counter(shot.transition for shot in board.shots)["crossfade"] > len(board.shots) / 4
    moments = [*chart.phrases, *(section.start for section in chart.sections)]
    assert mean(min(abs(shot.start - at) for at in moments) < 0.01 for shot in board.shots) > 0.5


def test_where_the_beat_pauses_the_film_still_cuts():
    chart = a_chart(form=(("intro", 16), ("verse", 16)))
    paused = tuple(beat for beat in chart.beats if beat > 30.0)
    board = a_board(replace(chart, beats=paused, downbeats=paused[::4]), lines=())
    check(board)
    assert max(shot.length for shot in board.shots) < 12.0
    assert all(shot.start in paused for shot in board.shots if shot.start > 33.0)


def test_transitions_follow_the_music():
    board = a_board(a_chart(tempo=128.0), Treatment(pace="quick"))
    kinds = Counter(shot.transition for shot in board.shots)
    assert kinds["cut"] > 0.7 * len(board.shots)
    assert 0 < kinds["whip"] <= len(board.shots) / 8
    by_start = {shot.start: shot for shot in board.shots}
    for section in board.chart.sections[1:]:
        came = by_start[section.start].transition
        assert came == "cut" if section.part == "chorus" else came in ("dip", "crossfade", "cut")
    assert by_start[board.chart.sections[-1].start].transition == "dip"  # from the last chorus to the outro


def test_a_track_of_three_seconds_has_one_shot_or_two():
    for seconds in (3.0, 3.9):
        flat = Section("verse", 0.0, seconds, 0.5, 0)
        chart = Chart(seconds, False, None, (), (), (0.0,), None, (0.5,) * 7, (flat,))
        board = a_board(chart, lines=())
        check(board)
        assert len(board.shots) in (1, 2)


@pytest.mark.parametrize("pace", ["calm", "quick"])
def test_twenty_minutes_stay_within_bounds(pace: Pace):
    form = tuple((part, 75) for part in ("intro", "verse", "chorus", "verse", "chorus", "outro", "chorus", "bridge"))
    board = a_board(a_chart(form=form), Treatment(pace=pace))
    check(board)
    assert board.chart.duration == pytest.approx(1200.0)
    assert len(board.pictures) <= 60


def test_the_same_song_is_cut_the_same_and_another_seed_otherwise():
    chart = a_chart()
    assert a_board(chart) == a_board(chart)
    assert [shot.start for shot in a_board(chart).shots] != [
        shot.start for shot in a_board(chart, Treatment(seed=2)).shots
    ]


def test_two_thousand_lines_in_three_seconds_are_survived():
    chart = Chart(3.0, False, None, (), (), (0.0,), None, (), (Section("verse", 0.0, 3.0, 0.5, 0),))
    lines = tuple(Line(f"{i} 夜の海で踊る", i * 0.001, i * 0.001 + 0.5, part="chorus") for i in range(2000))
    check(a_board(chart, lines=lines))


@settings(max_examples=60, deadline=None)
@given(
    borders=st.lists(st.floats(0.1, 119.0), max_size=12),
    parts=st.lists(st.sampled_from(["intro", "verse", "chorus", "bridge", "instrumental", "outro"]), min_size=13),
    beats=st.lists(st.floats(0.0, 120.0), max_size=200),
    lines=st.lists(
        st.tuples(st.floats(0, 119), st.floats(0.1, 9), st.sampled_from(["", "chorus", "verse"])), max_size=30
    ),
    tempo=st.none() | st.floats(30, 240),
)
def test_whatever_the_ear_has_heard_there_is_a_film(
    borders: list[float],
    parts: list[Part],
    beats: list[float],
    lines: list[tuple[float, float, str]],
    tempo: float | None,
):
    times = [0.0, *sorted(borders), 120.0]
    sections = tuple(Section(parts[i], a, b, 0.5, i % 3) for i, (a, b) in enumerate(pairwise(times)))
    marks = tuple(sorted(set(beats)))
    chart = Chart(120.0, bool(marks), tempo, marks, marks[::3], (0.0,), None, (0.2, 0.9) * 100, sections)
    sung_lines = tuple(
        Line(f"words {i % 5}", at, min(120.0, at + length), part=part) for i, (at, length, part) in enumerate(lines)
    )
    check(a_board(chart, lines=sung_lines))
