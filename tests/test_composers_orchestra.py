from __future__ import annotations

import numpy as np
import pytest

from pipeline.backends import Session, composer
from pipeline.cuesheet import CueSheet
from pipeline.errors import Cancelled
from pipeline.music import RATE, STEMS, Recording
from tests.sheets import cue, film, sheet


def compose(score: CueSheet) -> tuple[Recording, list[tuple[str, float, float]]]:
    calls: list[tuple[str, float, float]] = []
    recording = composer("orchestra").compose(score, Session(lambda *call: calls.append(call)))
    return recording, calls


@pytest.fixture(scope="module")
def recording() -> Recording:
    return compose(film())[0]


def test_every_cue_has_a_take_with_stems_that_fit_the_clip(recording: Recording) -> None:
    score = film()
    assert [take.cue for take in recording.takes] == [cue.number for cue in score.cues]
    for take, cue_ in zip(recording.takes, score.cues, strict=True):
        assert set(take.stems) <= set(STEMS)
        assert -1e-9 <= take.start <= cue_.start
        for stem in take.stems.values():
            assert stem.shape[1] == 2
            assert stem.dtype == np.float32
            assert take.start + len(stem) / RATE <= score.duration + 1e-3
            assert np.abs(stem).max() > 1e-3
        assert set(take.instruments) == set(take.stems)
    assert recording.midi is not None
    assert recording.midi.startswith(b"MThd")


def test_the_same_sheet_gives_the_same_samples() -> None:
    score = sheet([cue("lofi", 0, 6, [(3.0, 0.5)])])
    (one, calls), (other, _) = compose(score), compose(score)
    assert one.midi == other.midi
    for name, stem in one.takes[0].stems.items():
        assert np.array_equal(stem, other.takes[0].stems[name])
    assert calls[-1][1] == calls[-1][2] > 0


def test_a_person_can_stop_it() -> None:
    def stop(stage: str, done: float, total: float) -> None:
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        composer("orchestra").compose(film(), Session(stop))


def test_unknown_exclusions_are_told() -> None:
    recording, _ = compose(sheet([cue("ambient", 0, 2, exclude=("kazoo",))]))
    assert "kazoo" in recording.notes[0]


def test_the_thickest_bar_is_at_least_six_decibels_over_the_thinnest(recording: Recording) -> None:
    whole = np.zeros(60 * RATE, np.float32)
    for take in recording.takes:
        at = round(take.start * RATE)
        for stem in take.stems.values():
            part = stem[: len(whole) - at].mean(axis=1)
            whole[at : at + len(part)] += part
    loudness = np.sqrt((whole[: 56 * RATE].reshape(-1, 2 * RATE) ** 2).mean(axis=1))
    assert 20 * np.log10(loudness.max() / loudness.min()) >= 6
