"""A song from words: its form, its one chorus, its length and its end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import backends
from pipeline.ear.loudness import integrated, true_peak_db
from pipeline.errors import Cancelled, Refused
from pipeline.lyrics import read_lyrics
from pipeline.singers.orchestra import Form, fit_form, plan_song, read_form
from pipeline.storyboard import Treatment

SONG = """[Verse 1]
I walk along the winter sea
The lights are going down for me
A letter in my coat of grey
I never found the words to say

[Chorus]
Come home, come home tonight
Under the northern light

[Verse 2]
The snow is falling on the pier
I hear your laughter everywhere

[Chorus]

[Bridge]
And if the morning never comes

[Chorus]
"""


def test_the_marks_of_the_lyrics_are_the_form():
    form = read_form(read_lyrics(SONG))
    assert [part for part, _ in form] == ["verse", "chorus", "verse", "chorus", "bridge", "chorus"]
    assert [bars for _, bars in form] == [8, 4, 4, 4, 4, 4]


def test_a_stanza_that_returns_is_a_chorus_even_without_a_mark():
    words = "one\ntwo\nthree\nfour\n\nla la la\nla la\n\nfive\nsix\nseven\neight\n\nla la la\nla la"
    assert [part for part, _ in read_form(read_lyrics(words))] == ["verse", "chorus", "verse", "chorus"]


def test_words_without_any_form_get_a_chorus_between_them():
    words = "one\ntwo\nthree\n\nfour\nfive\nsix"
    assert [part for part, _ in read_form(read_lyrics(words))] == ["verse", "chorus", "verse", "chorus"]


@given(
    st.lists(
        st.tuples(st.sampled_from(["verse", "chorus", "bridge", "instrumental"]), st.sampled_from([4, 8, 12, 16])),
        max_size=60,
    ),
    st.floats(1.2, 5.0),
)
def test_every_form_becomes_a_song_of_one_to_two_and_a_half_minutes(form: Form, bar_s: float):
    fitted = fit_form(form, bar_s)
    assert fitted[0] == ("intro", 4)
    assert fitted[-1] == ("outro", 4)
    assert 60 <= sum(bars for _, bars in fitted) * bar_s <= 150


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31 - 1), st.sampled_from(["", "slow and sad", "fast happy dance 150 bpm", "epic in D minor"]))
def test_every_wish_is_a_sheet_in_one_tempo_and_one_key(seed: int, wish: str):
    sheet = plan_song(Treatment(wish=wish, lyrics=SONG, seed=seed), read_lyrics(SONG))
    assert 60 <= sheet.duration <= 150
    assert len({cue.key for cue in sheet.cues}) == 1
    assert len({round(bar.bpm, 6) for cue in sheet.cues for bar in cue.bars}) == 1
    loudest = max(sheet.cues, key=lambda cue: (cue.intensity, cue.arousal))
    assert loudest.number.endswith(" chorus")


def test_words_and_wish_set_the_mood():
    sad = plan_song(Treatment(wish="melancholic, 70 bpm"), None).cues[1]
    happy = plan_song(Treatment(wish="joyful, 130 bpm"), None).cues[1]
    assert sad.valence < 0 < happy.valence
    assert (sad.tempo, happy.tempo) == (70, 130)
    grave = plan_song(Treatment(), read_lyrics("tears on the grave\nwe cry alone\nmy heart is broken")).cues[1]
    assert grave.valence < plan_song(Treatment(), read_lyrics("dance and laugh\nsummer sun")).cues[1].valence


def test_the_song_is_played_to_its_end_with_one_chorus_that_comes_again(tmp_path: Path):
    short = "[Verse]\nThe boats are sleeping\n\n[Chorus]\nCome home\n\n[Verse]\nThe snow is falling\n\n[Chorus]"
    treatment = Treatment(wish="upbeat folk, 140 bpm", lyrics=short, seed=4)
    told: list[tuple[str, float, float]] = []
    song = backends.singer("orchestra").sing(treatment, to=tmp_path, report=lambda *said: told.append(said))
    sheet = plan_song(treatment, read_lyrics(short))
    sound, rate = soundfile.read(song, dtype="float32", always_2d=True)
    assert [file.name for file in tmp_path.iterdir()] == ["song.wav"]
    assert len(sound) / rate == pytest.approx(sheet.duration, abs=0.001)
    assert integrated(sound, rate) == pytest.approx(-14, abs=0.2)
    assert true_peak_db(sound, rate) <= -1.5
    choruses = [
        sound[round(cue.start * rate) + rate : round(cue.end * rate) - rate].mean(axis=1)
        for cue in sheet.cues
        if cue.number.endswith(" chorus")
    ]
    assert len(choruses) >= 3
    assert all(np.corrcoef(choruses[0], other[: len(choruses[0])])[0, 1] > 0.99 for other in choruses[1:])
    verse = next(cue for cue in sheet.cues if cue.number.endswith(" verse"))
    lively = np.sqrt(np.mean(choruses[0] ** 2))
    assert lively > 1.2 * np.sqrt(np.mean(sound[round(verse.start * rate) : round(verse.end * rate)] ** 2))
    assert np.abs(sound[-rate // 20 :]).max() < 0.01
    assert {stage for stage, _, _ in told} == {"track"}
    assert told[-1][1] == told[-1][2]


def test_it_can_be_cancelled(tmp_path: Path):
    def stop(stage: str, done: float, total: float) -> None:
        raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        backends.singer("orchestra").sing(Treatment(wish="calm"), to=tmp_path, report=stop)
    assert not list(tmp_path.iterdir())


def test_there_are_no_variants():
    with pytest.raises(Refused):
        backends.singer("orchestra:loud")
