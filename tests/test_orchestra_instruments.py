from __future__ import annotations

from pipeline.orchestra.instruments import INSTRUMENTS
from pipeline.orchestra.styles import PALETTES, STAND_INS


def test_everybody_who_is_called_exists() -> None:
    called = {name for palette in PALETTES.values() for names in palette.players.values() for name in names} - {"kit"}
    called |= {name for names in STAND_INS.values() for name in names}
    assert called <= set(INSTRUMENTS)


def test_ranges_are_ranges_and_programs_are_safe_on_small_fonts() -> None:
    weak = {40, 55, 56, 62, 63, *range(64, 68), *range(96, 104), *range(120, 128)}
    for player in INSTRUMENTS.values():
        assert 24 <= player.low < player.high - 8 <= 100
        assert player.program not in weak
