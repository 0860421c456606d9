"""Words listened for: where they are spoken in a recording that is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from scipy import signal

pytest.importorskip("pocketsphinx", reason="the extra 'align' is not installed")

from pipeline.aligners.sphinx import load, spell
from pipeline.lyrics import read_lyrics
from pipeline.storyboard import Chart, Line, Section
from pipeline.track import RATE
from tests.media import MEDIA, needs_media
from tests.voices import a_track, write_song

SPEECH = (
    "And so, my fellow Americans,\nask not what your country can do for you,\nask what you can do for your country."
)
#: seconds, by an alignment with other settings, of and, so, my, fellow; ask, not, what, your, country; ask, what
HEARD = {(0, 0): 0.3, (0, 3): 1.25, (0, 4): 1.65, (1, 0): 3.3, (1, 1): 4.0, (1, 2): 5.4, (1, 4): 5.85, (2, 0): 8.15}


def a_chart(duration: float) -> Chart:
    whole = (Section("verse", 0.0, duration, 0.5, 0),)
    return Chart(duration, False, None, (), (), (0.0,), None, (0.5,) * max(1, int(duration * 2)), whole)


@pytest.fixture(scope="module")
def speech() -> NDArray[np.float64]:
    samples, rate = soundfile.read(MEDIA / "lyrics" / "jfk.flac", always_2d=True)
    return signal.resample_poly(samples.mean(axis=1), RATE, rate)


def align(text: str, samples: NDArray[np.float64], folder: Path) -> tuple[Line, ...]:
    path = folder / "sound.wav"
    soundfile.write(path, np.stack([samples, samples], axis=1), RATE, subtype="PCM_16")
    lines = load().align(read_lyrics(text), a_chart(len(samples) / RATE), a_track(path))
    onsets = [word.start for line in lines for word in line.words]
    assert onsets == sorted(onsets)
    return lines


@needs_media
def test_words_are_found_where_they_are_spoken(speech: NDArray[np.float64], tmp_path: Path):
    lines = align(SPEECH, speech, tmp_path)
    assert [line.text for line in lines] == SPEECH.split("\n")
    for (line, word), second in HEARD.items():
        assert lines[line].words[word].start == pytest.approx(second, abs=0.15)


@needs_media
def test_what_is_said_three_times_is_found_three_times(speech: NDArray[np.float64], tmp_path: Path):
    lines = align("\n\n".join([SPEECH] * 3), np.tile(speech, 3), tmp_path)
    once = len(speech) / RATE
    for (line, word), second in HEARD.items():
        for turn in range(3):
            assert lines[3 * turn + line].words[word].start == pytest.approx(turn * once + second, abs=0.2)


@needs_media
def test_unknown_words_are_the_clients_and_find_their_place(speech: NDArray[np.float64], tmp_path: Path):
    text = SPEECH.replace("fellow", "fellowly").replace("country.", "我 country")
    lines = align(text, speech, tmp_path)
    assert [word.text for word in lines[0].words] == ["And", "so", "my", "fellowly", "Americans"]
    assert lines[0].words[3].start == pytest.approx(1.25, abs=0.3)
    assert [word.text for word in lines[2].words][-2:] == ["我", "country"]
    assert all(word.end > word.start for line in lines for word in line.words)


@needs_media
def test_lines_with_times_keep_them_and_hem_in_the_others(speech: NDArray[np.float64], tmp_path: Path):
    first, second, third = SPEECH.split("\n")
    lines = align(f"[00:00.10]{first}\n{second}\n[00:08.00]{third}", speech, tmp_path)
    assert (lines[0].start, lines[2].start) == (0.1, 8.0)
    assert lines[1].words[0].start == pytest.approx(3.3, abs=0.15)


@needs_media
def test_the_same_speech_gives_the_same_times(speech: NDArray[np.float64], tmp_path: Path):
    assert align(SPEECH, speech, tmp_path) == align(SPEECH, speech, tmp_path)


@pytest.mark.parametrize("text", ["nobody says these words here", "月亮代表我的心\n你问我爱你有多深", "🎉\n1999"])
@pytest.mark.parametrize("sung", [[], [(2.0, 5.0)]])
def test_what_cannot_be_heard_is_spread(text: str, sung: list[tuple[float, float]], tmp_path: Path):
    samples, _ = soundfile.read(write_song(tmp_path / "song.wav", 6.0, sung))
    lines = align(text, samples.mean(axis=1), tmp_path)
    assert [line.text for line in lines] == text.split("\n")
    assert all(0 <= line.start < line.end <= 6.0 for line in lines)


def test_silence_and_far_too_many_words_are_no_crash(tmp_path: Path):
    assert align("one\ntwo", np.zeros(3 * RATE), tmp_path)
    assert align("so many words in no time at all " * 40, 0.1 * np.sin(np.arange(3 * RATE) / 9), tmp_path)


@pytest.mark.parametrize(
    ("word", "language", "phones"),
    [
        ("niña", "es", "N IY N Y AA"),
        ("calle", "es", "K AA Y EH"),
        ("schön", "de", "SH ER N"),
        ("ночь", "ru", "N OW CH"),
        ("さくら", "", "S AA K AH R AA"),
        ("月", "", ""),
        ("shade", "en", "SH AA D EH"),
    ],
)
def test_words_are_spelled_out_as_they_are_written(word: str, language: str, phones: str):
    assert spell(word, language) == phones
