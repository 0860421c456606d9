"""What a person reads of a music video: the shots, what was heard, what was measured."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.shown_video import certificate_lines, show_shots
from bot.text import terminal as text
from pipeline.cutcertificate import CutCertificate
from pipeline.storyboard import Chart, Line, Picture, Section, Shot, Storyboard, StyleSheet
from tests.consoles import plainly, printed, terminal

CHART = Chart(6.0, True, 120.0, (0.0, 0.5), (0.0,), (0.0,), "D minor", (), (Section("verse", 0.0, 6.0, 0.5, 0),))
MEASURED = CutCertificate(
    6.0, 6.0, 1.25, True, "mp3", -14.0, -1.0, 120.0, "D minor", 10, 0.9, 0.3, 2, 11, 4, "flux:dev, painted", "free", 0.1
)


def board() -> Storyboard:
    pictures = (Picture("p01", "A [red]lone \x1bboat\non the sea " * 3, world="sea"), Picture("p02", "", world="city"))
    shots = (
        Shot(1, 0.0, 2.5, "p01"),
        Shot(2, 2.5, 4.0, "p02", move="pan left", transition="crossfade", transition_s=0.5),
        Shot(3, 4.0, 6.0, "p01"),
    )
    lines = (Line("[bold]first\u202e", 0.5, 1.5), Line("second", 2.4, 3.0), Line("third " * 30, 4.0, 5.0))
    return Storyboard("", "", CHART, lines, StyleSheet("neon"), pictures, shots)


@pytest.mark.parametrize("width", [60, 80, 160])
def test_each_shot_has_one_row_whatever_stands_in_it(width: int) -> None:
    console = terminal(width)
    show_shots(console, board())
    rows = [line for line in printed(console).splitlines() if re.match(r" *\d  ", line)]
    assert [row.split()[:2] for row in rows] == [["1", "00:00.00"], ["2", "00:02.15"], ["3", "00:04.00"]]
    assert all(len(line) <= width for line in printed(console).splitlines())
    assert "[bold]f" in rows[0]
    assert "\x1b" not in printed(console)
    assert ("A [red]lone" in rows[0]) == (width == 160), "what a picture shows is for wide terminals"


def test_plain_rows_say_what_is_seen_how_it_comes_and_what_is_sung() -> None:
    console = plainly()
    show_shots(console, board())
    head, first, second, third = printed(console).splitlines()
    assert head.split() == list(text.SHOTS)
    assert "A [red]lone boat" not in first, "what cannot be seen is shown"
    assert first.endswith("[bold]first\\u202e / second")
    assert second.split("  ")[0] == "2"
    assert re.search(r"p02 +your own +pan left +crossfade 0\.5 s$", second)
    assert len(third) < 200
    assert third.endswith("…")


def test_the_certificate_is_told_in_lines() -> None:
    said = dict(certificate_lines(MEASURED))
    assert said["Length"] == "6.000 s, off the track by +1.2 ms"
    assert said["Sound"] == "the track's own, untouched (mp3)"
    assert said["Cuts on a beat"] == "9 of 10 (90%; chance 30%)"
    assert said["Pictures"] == "4 in 11 shots, by flux:dev, painted"
    assert said["Cost"] == "$0.10"


@pytest.mark.parametrize(
    ("change", "what", "how_much"),
    [
        ({"cuts": 0, "on_beat": None, "chance": None}, "Cuts on a beat", text.NO_CUTS),
        ({"on_beat": None, "chance": None}, "Cuts on a beat", "10 cuts to phrases; there is no beat"),
        ({"sound_copied": False, "codec": "vorbis"}, "Sound", "encoded anew from vorbis"),
        ({"usd": 0.0}, "Cost", "nothing"),
        ({"usd": 0.003}, "Cost", "$0.003"),
    ],
)
def test_what_there_is_none_of_is_said_in_words(change: dict[str, object], what: str, how_much: str) -> None:
    assert dict(certificate_lines(replace(MEASURED, **change)))[what] == how_much  # type: ignore[arg-type]
