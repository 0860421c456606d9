"""Titles as ffmpeg draws them: inside the safe area in every script, style and shape, and nothing in them is obeyed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.door.ffmpeg import Leash, bench, run
from pipeline.errors import UserError
from pipeline.storyboard import SHAPES, Line, Shape, Titles, size_of
from pipeline.titles.safe import safe_area
from pipeline.titles.sheet import FILTER, lay_titles, mood_of
from tests.titled import GLYPH, SCRIPTS, board_of, boxes_of, frames_of, laid, sung, words_in

SHOWN: tuple[Titles, ...] = ("line", "karaoke", "pop")
TITLE = "A very long name of a song that nobody can remember, part two"
ARTIST = "Someone & the Others feat. Everybody Else from the Whole Town"


@pytest.mark.parametrize("titles", SHOWN)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_script_is_drawn_inside_the_safe_area(tmp_path: Path, titles: Titles, shape: Shape) -> None:
    lines = [sung(text, 3 + 3 * i, 5.5 + 3 * i, timed=i % 2 == 0) for i, text in enumerate(SCRIPTS.values())]
    board = board_of(*lines, titles=titles, shape=shape, title=TITLE, artist=ARTIST)
    size = size_of(shape, 240)
    boxes = boxes_of(frames_of(board, tmp_path, size=size))
    safe = safe_area(size)
    for at, box in enumerate(boxes):
        if box:
            assert box[0] >= safe.left - 1, at
            assert box[1] >= safe.top - 1, at
            assert box[2] <= safe.right + 1, at
            assert box[3] <= safe.bottom + 1, at
    for name, line in zip(SCRIPTS, lines, strict=True):
        assert any(boxes[round(4 * line.start) + 2 : round(4 * line.end) - 2]), name


@pytest.mark.parametrize("titles", SHOWN)
@pytest.mark.parametrize("size", [(240, 426), (1080, 1920)])
def test_sizes_are_relative_to_the_picture(tmp_path: Path, titles: Titles, size: tuple[int, int]) -> None:
    board = board_of(sung("Hold me closer to the light", 0.5, 1.5), titles=titles)
    box = next(box for box in reversed(boxes_of(frames_of(board, tmp_path, size=size, rate=2))) if box)
    small = next(box for box in reversed(boxes_of(frames_of(board, tmp_path, size=(360, 640), rate=2))) if box)
    for mine, other in zip(box, small, strict=True):
        assert mine / size[1] == pytest.approx(other / 640, abs=0.008)


@pytest.mark.parametrize("ground", ["white", "black", "gray", "0xf4d35e"])
@pytest.mark.parametrize("titles", SHOWN)
def test_titles_can_be_read_on_any_ground(tmp_path: Path, titles: Titles, ground: str) -> None:
    board = board_of(sung("Carry me home", 0.25, 1.75), titles=titles)
    frames = frames_of(board, tmp_path, size=(360, 640), ground=ground).astype(int)
    shown = frames[6]
    around, letters = np.percentile(shown[shown != frames[-1]], [3, 97])
    assert letters - min(around, frames[-1].min()) > 90


def test_a_line_is_there_in_its_first_frame_and_not_before(tmp_path: Path) -> None:
    starts = (1.0, 2.04, 3.517, 4.9)
    lines = [Line(f"line {i}", start, start + 0.8) for i, start in enumerate(starts)]
    frames = frames_of(board_of(*lines), tmp_path, size=(180, 320), rate=60)
    seen = [bool(box) for box in boxes_of(frames)]
    assert seen.index(True) == 60
    changed = np.abs(np.diff(frames.astype(int), axis=0)).max(axis=(1, 2)) > GLYPH
    for start in starts[1:]:
        assert any(changed[round(start * 60) - 2 : round(start * 60) + 1]), start


@pytest.mark.parametrize("titles", SHOWN)
@pytest.mark.parametrize(
    "text",
    [
        r"{\fs500}big", r"one\Ntwo\nthree\hfour", r"{\p1}m 0 0 l 900 0 900 900{\p0}", r"{\an8\pos(0,0)}", "a}{b\\}",
        "{\\fnArial}x\r\nDialogue: 0,0:00:00.00,9:00:00.00,Default,,0,0,0,,evil\x00\x1b[2J", "\\{\\fs500\\}", "}{",
    ],
)  # fmt: skip
def test_orders_in_a_text_are_not_obeyed(tmp_path: Path, titles: Titles, text: str) -> None:
    board = board_of(Line(text, 1, 3), titles=titles, title=text, artist=text)
    events = laid(board, tmp_path)
    written = "".join(words_in(events))
    assert not set("{}\\") & set(written)
    for event in events:
        tags = event.split(",,0,0,0,,", 1)[1] if ",,0,0,0,," in event else event.split(",", 9)[9]
        assert tags.count("{") == tags.count("}") == 1
    sizes = {float(size) for event in events for size in re.findall(r"\\fs([\d.]+)", event)}
    assert not sizes or max(sizes) < 130
    box = boxes_of(frames_of(board, tmp_path, size=(180, 320)))[8]
    assert box is None or box[3] - box[1] < 120


def test_a_control_character_is_no_letter(tmp_path: Path) -> None:
    assert words_in(laid(board_of(Line("so\x07ft \u202etrap\u202c \ufefflight", 1, 3)), tmp_path)) == [
        "soft trap light"
    ]


def test_nothing_to_show_is_no_filter(tmp_path: Path) -> None:
    line = sung("Carry me home", 1, 2)
    for board in (board_of(line, titles="none"), board_of(title="A song"), board_of(Line(" \u200b\ufe0f ", 1, 2))):
        assert lay_titles(board, size=(180, 320), place=tmp_path) is None
    assert not any(tmp_path.iterdir())


def test_the_same_board_makes_the_same_bytes(tmp_path: Path) -> None:
    board = board_of(sung(SCRIPTS["mixed"], 1, 3), sung(SCRIPTS["Arabic"], 3, 5), titles="karaoke", title="Song")
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        assert lay_titles(board, size=(180, 320), place=folder) == FILTER
    first, second = ({p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file()} for folder in folders)
    assert first == second
    assert {"titles.ass", "plain.ttf", "arabic.ttf", "korean.otf", "emoji.ttf"} <= set(first)
    assert "thai.ttf" not in first
    assert np.array_equal(*(frames_of(board, tmp_path, size=(180, 320)) for _ in range(2)))


def test_without_its_fonts_nothing_would_be_drawn(tmp_path: Path) -> None:
    """What the fonts beside the sheet are for: ffmpeg does not say that it has none."""
    board = board_of(sung("Carry me home", 0.25, 1.75))
    with bench(tmp_path) as place:
        titles = lay_titles(board, size=(180, 320), place=place)
        shutil.rmtree(place / "fonts")
        (place / "fonts").mkdir()
        blank = ["-f", "lavfi", "-i", "color=black:s=180x320:r=2:d=2", "-vf", f"format=gray,{titles}", "-f", "rawvideo"]
        try:
            drawn = run([*blank, "-"], place=place, leash=Leash()).output
        except UserError:
            drawn = b""
        assert not drawn or max(drawn) <= GLYPH


@pytest.mark.parametrize("titles", SHOWN)
def test_hundreds_of_lines_and_endless_ones_are_laid(tmp_path: Path, titles: Titles) -> None:
    fast = [Line(f"so fast {i % 7}", i * 0.2, i * 0.2 + 0.2) for i in range(400)]
    endless = [Line("word " * 100, 180, 188), Line("\u5b57" * 500, 188, 198), Line("x" * 500, 198, 200)]
    nowhere = [Line("here", 201, 201), Line("there", 201, 201), Line("everywhere", 201, 201)]
    events = laid(board_of(*fast, *endless, *nowhere, titles=titles), tmp_path)
    assert len(events) > 500
    for event in events:
        start, end = (
            sum(float(part) * unit for part, unit in zip(time.split(":"), (3600, 60, 1), strict=True))
            for time in event.split(",", 3)[1:3]
        )
        assert end > start


def test_the_card_comes_before_the_first_line_if_there_is_time(tmp_path: Path) -> None:
    late, soon = (board_of(sung("la la", start, start + 1), title="Boats", artist="Us") for start in (4, 1))
    assert {"Boats", "Us"} <= set(words_in(laid(late, tmp_path)))
    assert "Boats" not in words_in(laid(soon, tmp_path))
    boxes = boxes_of(frames_of(late, tmp_path, size=(180, 320)))
    assert boxes[8]
    assert not boxes[15]


@pytest.mark.parametrize(
    ("look", "mood"),
    [
        ("loose watercolour", "hand"),
        ("neon noir", "condensed"),
        ("clean vector", "plain"),
        ("oil painting", "serif"),
    ],
)
def test_the_look_chooses_the_face(tmp_path: Path, look: str, mood: str) -> None:
    board = board_of(sung("Carry me home", 1, 2), look=look)
    assert mood_of(board) == mood
    assert any(f"\\fnReel {mood.title()}\\" in event for event in laid(board, tmp_path))
