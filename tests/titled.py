"""Boards with lyrics for the tests of titles, and the frames that ffmpeg makes of them behind its sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.door.ffmpeg import Leash, bench, run
from pipeline.storyboard import (
    Chart,
    Line,
    Picture,
    Section,
    Shape,
    Shot,
    Storyboard,
    StyleSheet,
    Titles,
    Treatment,
    Word,
)
from pipeline.titles.sheet import lay_titles

Frames = NDArray[np.uint8]  # frames, rows, columns; in grey

PALETTE = ("#14213d", "#3a2f5b", "#c8553d", "#f28f3b", "#f4d35e")
GLYPH = 60  # grey on a black ground from which a pixel is a letter's

SCRIPTS = {
    "Latin": "Hold me closer to the morning light, my one and only love",
    "tall": "fffffj \u00c5\u00c5\u00c5 \u01fa\u01fa \u0177\u011d\u01e7 jjjQQQ",
    "Vietnamese": "Người yêu ơi, em đừng vội quên những ngày ẤY Ố Ỗ",
    "Cyrillic": "Я помню чудное мгновенье, ёж",
    "Greek": "Σ\u2019 αγαπώ, μη με ξεχνάς",
    "Arabic": "أحبك أكثر من كل النجوم، يا قلبي!",
    "Persian": "می\u200cخواهم با تو باشم ۱۲۳",  # noqa: RUF001
    "Hebrew": "שלום עולם, אני כאן (תמיד)",
    "Devanagari": "तुम ही हो, मेरी ज़िन्दगी क्षण",
    "Bengali": "আমি তোমাকে ভালোবাসি",
    "Tamil": "நான் உன்னை காதலிக்கிறேன்",
    "Thai": "ฉันรักเธอตลอดไปไม่มีวันลืมเธอที่รักของฉัน",
    "Japanese": "君の名前を、ずっと呼んでいた「夜明け」まで。",
    "simplified Chinese": "月亮代表我的心你问我爱你有多深",
    "traditional Chinese": "讓我們的愛像風一樣飛翔永遠不忘記",
    "Korean": "너를 사랑해 오늘도 내일도 영원히",
    "mixed": "Baby 사랑해 forever 君と \u2764\ufe0f \U0001f3b5 \u266a \U0001f469\u200d\U0001f680",
    "both ways": "قال لي Hello my friend ثم رحل 2024!",
    "one word": "Donaudampfschifffahrtsgesellschaftskapit\u00e4nspatent" * 2,
}


def sung(text: str, start: float, end: float, *, timed: bool = True) -> Line:
    """Return a line with its words at even distances."""
    words = text.split()
    step = (end - start) / len(words)
    return Line(
        text,
        start,
        end,
        tuple(Word(word.strip(",.!?"), start + i * step, start + (i + 0.9) * step) for i, word in enumerate(words))
        if timed
        else (),
    )


def board_of(
    *lines: Line, titles: Titles = "line", shape: Shape = "9:16", look: str = "", title: str = "", artist: str = ""
) -> Storyboard:
    duration = max([line.end for line in lines] or [0.0]) + 2
    return Storyboard(
        title=title,
        artist=artist,
        chart=Chart(duration, False, None, (), (), (0.0,), None, (), (Section("verse", 0, duration, 0.5, 0),)),
        lines=lines,
        style=StyleSheet(look=look, palette=PALETTE),
        pictures=(Picture("p01", "the sea", "sea"),),
        shots=(Shot(1, 0, duration, "p01"),),
        treatment=Treatment(titles=titles, shape=shape),
    )


def frames_of(
    board: Storyboard,
    folder: Path,
    *,
    size: tuple[int, int],
    rate: float = 4,
    ground: str = "black",
    colour: bool = False,
) -> Frames:
    """Draw a board's titles on an even ground, behind the sandbox; one frame each 1/rate s."""
    width, height = size
    with bench(folder) as place:
        titles = lay_titles(board, size=size, place=place) or "null"
        source = f"color={ground}:s={width}x{height}:r={rate}:d={board.chart.duration}"
        chain = ["-f", "lavfi", "-i", source, "-vf", f"format=bgr24,{titles}"]
        raw = ["-f", "rawvideo", "-pix_fmt", "bgr24" if colour else "gray", "-"]
        drawn = run([*chain, *raw], place=place, leash=Leash(output_bytes=2**30)).output
    return np.frombuffer(drawn, np.uint8).reshape(-1, height, width, *((3,) if colour else ()))


def boxes_of(frames: Frames) -> list[tuple[int, int, int, int] | None]:
    """Return left, top, right, bottom of each frame's letters; None where there are none."""
    found: list[tuple[int, int, int, int] | None] = []
    for frame in frames:
        rows, columns = np.nonzero(frame > GLYPH)
        found.append(
            (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1) if len(rows) else None
        )
    return found


def laid(board: Storyboard, folder: Path, size: tuple[int, int] = (360, 640)) -> list[str]:
    """Return the lines of the subtitle file that are drawn."""
    with bench(folder) as place:
        lay_titles(board, size=size, place=place)
        text = (place / "titles.ass").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.startswith("Dialogue:")]


def words_in(events: Sequence[str], layer: int = 1) -> list[str]:
    """Return what is written in one layer, without the tags."""
    return [event.rsplit("}", 1)[1] for event in events if event.startswith(f"Dialogue: {layer},")]
