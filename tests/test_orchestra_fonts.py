from __future__ import annotations

import importlib.util

import pytest

from pipeline.errors import Unavailable
from pipeline.orchestra import fonts


@pytest.fixture(autouse=True)
def unremembered():
    fonts.find_font.cache_clear()
    yield
    fonts.find_font.cache_clear()


def test_the_font_that_pip_brings_is_always_there(monkeypatch):
    monkeypatch.setattr(fonts, "_FOLDERS", ())
    font = fonts.find_font()
    assert font.path.name == "TimGM6mb.sf2"
    assert font.licence == "GPL-2.0"


def test_a_better_font_goes_first(monkeypatch, tmp_path):
    monkeypatch.setattr(fonts, "_FOLDERS", (str(tmp_path),))
    (tmp_path / "FluidR3Mono_GM.sf3").write_bytes(b"")
    (tmp_path / "MuseScore_General_Lite.sf3").write_bytes(b"")
    assert fonts.find_font().path.name == "MuseScore_General_Lite.sf3"
    assert fonts.find_font().licence == "MIT"


def test_no_font_at_all_says_what_cures_it(monkeypatch):
    monkeypatch.setattr(fonts, "_FOLDERS", ())
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Unavailable) as caught:
        fonts.find_font()
    assert "pip install" in caught.value.hint
