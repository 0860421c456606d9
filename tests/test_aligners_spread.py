# ruff: noqa: RUF001 - lyrics of many scripts
"""Lyrics put in time without a model: times that were given stay, the rest lies where somebody sings."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pipeline.aligners.spread import load
from pipeline.errors import BadMedia
from pipeline.lyrics import fit_lines, read_lyrics
from pipeline.sections import find_sections
from pipeline.singing.syllables import split_words
from pipeline.storyboard import Chart, Line
from pipeline.track import open_track
from tests.charts import a_chart
from tests.media import MEDIA, needs_media
from tests.voices import a_track, write_song

CHART = a_chart(tempo=180.0)
CHORUSES = [section.start for section in CHART.sections if section.part == "chorus"]  # three
MARKED = """[Verse 1]
we walk along the silent sea
the night is falling over me

[Chorus]
burning lights over the city
nobody sleeps, nobody's free

[Verse 2]
we run along the empty street
with morning waiting at our feet

[Chorus]

[Bridge]
and who will say

[Chorus]
"""
SINGING = [
    (section.start, section.start + (2.5 if section.part == "bridge" else 6.5))
    for section in CHART.sections
    if section.part in ("verse", "chorus", "bridge")
]


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_song(tmp_path_factory.mktemp("song") / "sound.wav", CHART.duration, SINGING)


def spread(text: str, song: Path, chart: Chart = CHART) -> tuple[Line, ...]:
    lines = load().align(read_lyrics(text), chart, a_track(song))
    at = 0.0
    for line in lines:
        assert at <= line.start < line.end <= chart.duration
        assert tuple(word.text for word in line.words) == split_words(line.text)
        assert all(line.start <= word.start < word.end <= chart.duration for word in line.words)
        at = line.start
    return lines


def test_every_chorus_lies_in_a_chorus_of_its_own(song: Path):
    lines = spread(MARKED, song)
    choruses = [line.start for line in lines if line.text.startswith("burning")]
    assert choruses == pytest.approx(CHORUSES, abs=0.3)
    for line in lines:
        assert CHART.section_at(line.start).part == line.part.split()[0]


def test_unmarked_lines_lie_where_somebody_sings(song: Path):
    plain = "\n".join(line for line in MARKED.replace("[Chorus]\n\n", "").splitlines() if not line.startswith("["))
    blank = a_chart(tempo=180.0, form=(("verse", 52),), rhythmic=False)
    lines = spread(plain, song, blank)
    for line in lines:
        middle = (line.start + line.words[-1].end) / 2
        assert any(start - 0.5 <= middle <= end + 0.5 for start, end in SINGING), line


def test_lines_begin_on_beats_or_where_the_voice_sets_in(song: Path):
    marks = np.array([*CHART.beats, *(start for start, _ in SINGING)])
    off = [float(np.abs(marks - line.start).min()) for line in spread(MARKED, song)]
    assert float(np.median(off)) <= 0.06


def test_without_a_voice_the_form_says_where_singing_is(tmp_path: Path):
    lines = spread(MARKED, write_song(tmp_path / "sound.wav", CHART.duration, []))
    assert {CHART.section_at(line.start).part for line in lines} <= {"verse", "chorus", "bridge"}
    assert [CHART.section_at(line.start).start for line in lines if line.text.startswith("burning")] == CHORUSES


def test_more_choruses_than_the_song_has_stay_in_order(song: Path):
    lines = spread(MARKED + "\n[Chorus]\n\n[Chorus]\n\n[Chorus]\n", song)
    assert len({line.start for line in lines if line.text.startswith("burning")}) == 6


def test_given_times_are_kept_to_the_millisecond(song: Path):
    text = "[00:03.217]one two three\n[00:07.001]<00:07.001>four <00:07.500>five<00:08.125>\n[00:50.5]six"
    lines = spread(text, song)
    assert [line.start for line in lines] == [3.217, 7.001, 50.5]
    assert [(word.text, word.start, word.end) for word in lines[1].words] == [
        ("four", 7.001, 7.5),
        ("five", 7.5, 8.125),
    ]
    srt = spread("1\n00:00:01,234 --> 00:00:05,678\nhello out there\n", song)
    assert (srt[0].start, srt[0].end) == (1.234, 5.678)


def test_a_given_time_needs_no_sound(tmp_path: Path):
    lyrics = read_lyrics("[00:03.00]one")
    track = a_track(write_song(tmp_path / "sound.wav", 5.0, []))
    track.sound.unlink()
    assert load().align(lyrics, CHART, track)[0].start == 3.0


def test_lines_without_a_time_lie_between_their_neighbours(song: Path):
    lines = spread("[00:08.00]first\n[99:99.99]lost\nalso without\n[00:20.00]last", song)
    assert [line.text for line in lines] == ["first", "lost", "also without", "last"]
    assert 8 < lines[1].start < lines[2].start < 20


def test_lyrics_far_longer_than_the_track_can_be_read_as_far_as_they_go(song: Path):
    text = "\n".join(f"line number {number}" for number in range(700))
    lines = spread(text, song)
    kept, notes = fit_lines(read_lyrics(text).lines, CHART.duration)
    assert len(lines) == len(kept) < 700
    assert notes
    assert min(after.start - before.start for before, after in pairwise(lines)) >= 0.34


def test_many_scripts_get_their_words(song: Path):
    lines = spread("月亮代表我的心\nשלום עולם\nمرحبا بالعالم\nЯ помню чудное мгновенье\n🎉🎉\nサビだよ 夜空", song)
    assert [len(line.words) for line in lines] == [7, 2, 2, 4, 0, 6]


def test_the_same_song_gives_the_same_times(song: Path):
    assert spread(MARKED, song) == spread(MARKED, song)


def test_sound_that_is_none_is_said(tmp_path: Path):
    track = a_track(write_song(tmp_path / "sound.wav", 5.0, []))
    track.sound.write_bytes(b"no sound")
    with pytest.raises(BadMedia) as refusal:
        load().align(read_lyrics("one"), CHART, track)
    assert refusal.value.hint


@needs_media
def test_a_real_song_is_timed_to_the_beat(tmp_path: Path):
    name = MEDIA / "lyrics" / "Fantasma_-_Los_Rombos"
    track = open_track(name.with_suffix(".mp3"), tmp_path)
    lines = load().align(read_lyrics(name.with_suffix(".txt").read_text()), find_sections(track), track)
    with name.with_suffix(".lines.csv").open() as file:
        truth = [float(row["start_time"]) for row in csv.DictReader(file)]
    off = np.abs([line.start - start for line, start in zip(lines, truth, strict=True)])
    print(f"Fantasma: median line onset error {np.median(off):.2f} s")  # noqa: T201
    assert float(np.median(off)) <= 0.6
    assert float((off < 1.0).mean()) >= 0.65
