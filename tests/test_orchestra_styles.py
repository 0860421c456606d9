from __future__ import annotations

from pipeline.cuesheet import STYLES
from pipeline.keys import read_key
from pipeline.orchestra.grooves import BASS_LINES, FIGURES
from pipeline.orchestra.harmony import spell
from pipeline.orchestra.styles import PALETTES, ROLE_LEVEL_DB, ROLE_STEM


def test_every_style_is_complete() -> None:
    assert set(PALETTES) == set(STYLES) == set(FIGURES) == set(BASS_LINES)
    for palette in PALETTES.values():
        assert {"melody", "ostinato", "pad", "bass", "accent"} <= set(palette.players)
        assert set(palette.players) <= set(ROLE_LEVEL_DB)
        assert set(palette.players) <= set(ROLE_STEM)
        assert len(palette.bright) >= 3
        assert len(palette.dark) >= 3


def test_progressions_can_be_spelled_in_every_mode() -> None:
    for palette in PALETTES.values():
        for lines, modes in ((palette.bright, ("major", "lydian", "mixolydian")), (palette.dark, ("minor", "dorian"))):
            for line in lines:
                for mode in modes:
                    chords = [spell(symbol, read_key(f"C {mode}"), palette.colour) for symbol in line.split()]
                    assert len({chord.triad for chord in chords}) >= 2
