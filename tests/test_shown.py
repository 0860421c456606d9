"""The cue table as a person reads it."""

from __future__ import annotations

import re

import pytest

from bot.shown import show_cues
from bot.text import terminal as text
from pipeline import cuesheet
from tests.consoles import printed, terminal


@pytest.mark.parametrize(
    ("seconds", "rate", "shown"),
    [
        (0, 24, "00:00.00"),
        (3.5, 24, "00:03.12"),
        (59.99, 25, "01:00.00"),
        (61.04, 25, "01:01.01"),
        (2.999, 29.97, "00:03.00"),
    ],
)
def test_timecodes_count_frames(seconds: float, rate: float, shown: str) -> None:
    assert text.timecode(seconds, rate) == shown


@pytest.mark.parametrize("width", [72, 80, 160])
def test_the_table_holds_every_cue_and_takes_no_word_for_markup(width: int) -> None:
    bars = (cuesheet.Bar(0.0, 4, 120.0), cuesheet.Bar(2.0, 4, 120.0))
    cue = cuesheet.Cue(
        "1m1", 0.0, 4.0, (0,), "[red]a \x1bdoor", "tense", "fear", "uneasy", -0.5, 0.5, 0.5, 120.0, "D minor", bars,
        prompt="A slow [bold]burn",
    )  # fmt: skip
    sheet = cuesheet.CueSheet(4.0, 24.0, 1, (cuesheet.Scene(0, 0.0, 4.0),), (cue,))
    console = terminal(width)
    show_cues(console, sheet)
    said = re.sub(r"\s+", " ", printed(console))
    for cell in ("1m1", "00:00.00", "00:04.00", "uneasy", "120", "D minor"):
        assert cell in said
    assert "[bold]" in said
    assert "\x1b" not in said
