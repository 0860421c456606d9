"""The sheet of titles: what ffmpeg's `ass` filter reads, and the fonts beside it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import pysubs2

from pipeline.storyboard import Storyboard
from pipeline.titles.card import card_events
from pipeline.titles.faces import faces_for, family, font_file
from pipeline.titles.ink import accents
from pipeline.titles.karaoke import karaoke_events
from pipeline.titles.line import line_events
from pipeline.titles.page import Page
from pipeline.titles.pop import pop_events
from pipeline.titles.safe import safe_area
from pipeline.titles.wording import inert

SHEET, FONTS = "titles.ass", "fonts"

#: without `fontsdir` libass finds no font and draws nothing, and ffmpeg ends well all the same
FILTER = f"ass=filename={SHEET}:fontsdir={FONTS}"

EM = {"9:16": 0.072, "4:5": 0.064, "1:1": 0.062, "16:9": 0.062}  # of the shorter side

#: faces that look smaller than their size
OPTICAL = {"serif": 1.15, "condensed": 1.08, "hand": 1.3}

#: words of a look that ask for a face, in the order in which they are looked for
LOOKS = (
    ("hand", r"water ?colou?r|sketch|crayon|pencil|doodle|hand.?drawn|child|storybook|whimsical|folk|naive|gouache"),
    ("condensed", r"neon|noir|cyber|punk|grunge|graffiti|street|urban|hip.?hop|rap\b|rock|metal|comic|poster|bold"),
    ("serif", r"oil|painting|romantic|elegant|classic|vintage|film|cinematic|baroque|dream|poetic|art nouveau|gothic"),
    ("plain", r"minimal|modern|clean|flat|vector|geometric|abstract|3d|sci|space|anime|pixel"),
)  # fmt: skip
LOUD, CALM = 0.3, -0.05  # mean arousal of the pictures from which the face is a strong one, and a gentle one

_STYLES = {"line": line_events, "karaoke": karaoke_events, "pop": pop_events}


def lay_titles(board: Storyboard, *, size: tuple[int, int], place: Path) -> str | None:
    """Write the titles and their fonts into the folder `place`; return the filter that draws them, None for nothing.

    The filter's names are relative: ffmpeg has to run in that folder. Time counts from the film's first frame.
    """
    events = _events(board, size)
    if not events:
        return None
    _write(events, size, place / SHEET)
    (place / FONTS).mkdir(exist_ok=True)
    for face in _used(events):
        shutil.copyfile(font_file(face), place / FONTS / font_file(face).name)
    return FILTER


def mood_of(board: Storyboard) -> str:
    """Choose a face by what the look says, else by how the pictures feel."""
    said = f"{board.treatment.look} {board.style.look}".lower()
    for mood, words in LOOKS:
        if re.search(words, said):
            return mood
    arousal = sum(picture.arousal for picture in board.pictures) / max(1, len(board.pictures))
    return "condensed" if arousal > LOUD else "serif" if arousal < CALM else "plain"


def _events(board: Storyboard, size: tuple[int, int]) -> list[pysubs2.SSAEvent]:
    if board.treatment.titles == "none" or not board.lines:
        return []
    page = _page(board, size)
    events = _STYLES[board.treatment.titles](board.lines, page)
    if not events:
        return []
    return [*card_events(board, page, until=min(event.start for event in events) / 1000), *events]


def _page(board: Storyboard, size: tuple[int, int]) -> Page:
    width, height = size
    texts = [inert(text) for text in (board.title, board.artist, *(line.text for line in board.lines))]
    mood = "condensed" if board.treatment.titles == "pop" and mood_of(board) == "serif" else mood_of(board)
    faces = faces_for(mood, [*texts, *(text.upper() for text in texts)])
    return Page(
        width=width,
        height=height,
        safe=safe_area(size),
        faces=faces,
        accents=accents(board.style.palette),
        em=EM[board.treatment.shape] * min(width, height) * OPTICAL.get(faces[0], 1.0),
    )


def _write(events: Iterable[pysubs2.SSAEvent], size: tuple[int, int], to: Path) -> None:
    sheet = pysubs2.SSAFile()
    sheet.info.clear()
    sheet.info.update(
        {
            "ScriptType": "v4.00+",
            "PlayResX": str(size[0]),
            "PlayResY": str(size[1]),
            "WrapStyle": "2",  # no row is broken that we have not broken
            "ScaledBorderAndShadow": "yes",
            "Kerning": "yes",
            "YCbCr Matrix": "None",
        }
    )
    # encoding -1: a run's own letters say whether it goes to the left
    sheet.styles = {"Default": pysubs2.SSAStyle(fontname=family("plain"), encoding=-1, outline=0, shadow=0)}
    sheet.events = [event for event in events if event.end > event.start]
    to.write_text(sheet.to_string("ass"), encoding="utf-8")


def _used(events: Iterable[pysubs2.SSAEvent]) -> list[str]:
    """Return the faces that the events name."""
    families = {event.text.split("\\fn", 1)[1].split("\\", 1)[0] for event in events}
    return sorted(name.removeprefix("Reel ").lower() for name in families | {family("plain")})
