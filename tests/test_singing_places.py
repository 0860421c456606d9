"""Places for lines: in order, inside the track, readable, whatever the lyrics and the song are like."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.lyrics import fit_lines
from pipeline.singing.karaoke import time_words
from pipeline.singing.places import place_lines
from pipeline.singing.verse import Verse
from pipeline.singing.voice import STEP_S
from tests.charts import a_chart

NO_VOICE = np.zeros(0)


def test_lines_fill_their_sections_when_only_the_form_is_known():
    chart = a_chart()
    lines = [Verse(f"these are the words of line {at % 4}", "verse", stanza=at // 4) for at in range(8)]
    places = place_lines(lines, chart, NO_VOICE)
    assert [chart.section_at(place.start).start for place in places] == [8.0] * 4 + [40.0] * 4


def test_a_line_of_oohs_lasts_as_long_as_the_voice():
    voice = np.where(np.arange(int(60 / STEP_S)) * STEP_S % 30 > 10, 1.0, 0.0)  # sung at 10-30 and 40-60
    chart = a_chart(form=(("verse", 30),), rhythmic=False)
    places = place_lines([Verse("ooh ooh ooh", stanza=0), Verse("and then some words here", stanza=1)], chart, voice)
    assert (places[0].start, places[0].end) == (pytest.approx(10.0, abs=0.5), pytest.approx(30.0, abs=4))
    assert places[1].start == pytest.approx(40.0, abs=0.5)


verses = st.lists(
    st.builds(
        Verse,
        st.sampled_from(["la la", "a longer line of many words", "我们", "x", "🎉", "word " * 15]),
        st.sampled_from(["", "chorus", "verse 1", "pre-chorus", "spoken"]),
        st.one_of(st.none(), st.none(), st.floats(0, 30).map(lambda time: round(time, 3))),
        stanza=st.integers(0, 3),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=50, deadline=None)
@given(verses, st.floats(3.0, 40.0), st.integers(0, 3))
def test_any_lyrics_find_places_in_any_song(lines: list[Verse], length: float, seed: int):
    chart = a_chart(tempo=4 * 60 * 12 / length, form=(("intro", 2), ("verse", 6), ("chorus", 4)))
    known = iter(sorted(line.start for line in lines if line.start is not None))
    lines = [line if line.start is None else Verse(line.text, line.part, next(known)) for line in lines]
    voice = np.random.default_rng(seed).random(int(length / STEP_S)) if seed else NO_VOICE
    kept, _ = fit_lines(tuple(lines), chart.duration)
    timed = time_words(kept, place_lines(kept, chart, voice), duration=chart.duration)
    assert [line.text for line in timed] == [line.text for line in kept]
    assert all(0 <= line.start < line.end <= chart.duration + 1e-6 for line in timed)
    assert all(a.start <= b.start for a, b in pairwise(timed))
    assert all(line.start == given.start for line, given in zip(timed, kept, strict=True) if given.start is not None)
