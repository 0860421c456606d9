"""The contract of each kind, held by every backend that ships; a new file is found by itself."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline import backends
from pipeline.cuesheet import EMOTIONS, PROMPT_LENGTHS, CueSheet
from pipeline.errors import Refused, Unavailable
from pipeline.music import STEMS
from tests.test_cues import a_sheet


@pytest.fixture(scope="module")
def sheet() -> CueSheet:
    return backends.writer().write(a_sheet(3.0, 2.5))


def a_still(shade: int) -> bytes:
    picture = np.full((90, 160, 3), shade, np.uint8)
    picture[30:60, 40:120] = (20, 90, 220)
    return bytes(cv2.imencode(".jpg", picture)[1])


@pytest.mark.parametrize("name", backends.names("captioner"))
def test_a_captioner_fills_in_what_is_seen(name: str, sheet: CueSheet):
    bare = [replace(scene, caption="") for scene in sheet.scenes]
    seen = backends.captioner(name).see(bare, [[a_still(30), a_still(40)], []])
    assert [(s.index, s.start, s.end) for s in seen] == [(s.index, s.start, s.end) for s in bare]
    for scene in seen:
        assert scene.caption
        assert scene.emotion in EMOTIONS
        assert -1 <= scene.valence <= 1
        assert -1 <= scene.arousal <= 1


@pytest.mark.parametrize("name", backends.names("writer"))
def test_a_writer_directs_every_cue_and_keeps_its_fields(name: str, sheet: CueSheet):
    written = backends.writer(name).write(sheet)
    for before, after in zip(sheet.cues, written.cues, strict=True):
        assert set(after.prompts) == set(PROMPT_LENGTHS)
        assert after.prompt == after.prompts[sheet.brief.prompt_length]
        assert replace(after, prompt=before.prompt, prompts=before.prompts) == before


@pytest.mark.parametrize("name", backends.names("composer"))
def test_a_composer_records_every_cue_inside_the_clip(name: str, sheet: CueSheet):
    composer = backends.composer(name)
    told: list[tuple[str, float, float]] = []
    recording = composer.compose(sheet, report=lambda stage, done, total: told.append((stage, done, total)))
    assert recording.composer == composer.name == name
    assert recording.licence == composer.licence != ""
    assert [take.cue for take in recording.takes] == [cue.number for cue in sheet.cues]
    for take in recording.takes:
        assert set(take.stems) <= set(STEMS)
        for audio in take.stems.values():
            assert audio.dtype == np.float32
            assert audio.ndim == 2
            assert np.isfinite(audio).all()
            assert take.start + len(audio) / 48_000 <= sheet.duration + 0.01
    assert {stage for stage, _, _ in told} == {"music"}
    assert told[-1][1] == told[-1][2]


@pytest.mark.parametrize("name", backends.names("composer"))
def test_the_same_sheet_gives_the_same_samples(name: str, sheet: CueSheet):
    one, other = (backends.composer(name).compose(sheet, report=lambda *_: None) for _ in range(2))
    assert one.midi == other.midi
    for first, second in zip(one.takes, other.takes, strict=True):
        assert all(np.array_equal(first.stems[stem], second.stems[stem]) for stem in first.stems)


def test_an_unknown_name_lists_the_known():
    with pytest.raises(Refused, match="no writer named 'monkey'") as refusal:
        backends.writer("monkey")
    assert "rules" in refusal.value.hint


@pytest.mark.parametrize("name", ["../score", "os", "", "measured.x", "__init__"])
def test_a_name_is_never_a_way_to_other_modules(name: str):
    with pytest.raises(Refused):
        backends.composer(name)


def test_a_missing_package_names_the_cure(monkeypatch: pytest.MonkeyPatch):
    def without(name: str, *_: object) -> object:
        raise ModuleNotFoundError(f"No module named {name!r}", name="torch")

    monkeypatch.setattr(backends, "names", lambda kind: ["musicgen"])
    monkeypatch.setattr(backends.importlib, "import_module", without)
    with pytest.raises(Unavailable, match="'torch'") as refusal:
        backends.composer("musicgen")
    assert "pip install '.[musicgen]'" in refusal.value.hint
