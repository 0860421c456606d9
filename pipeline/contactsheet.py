"""The contact sheet: the whole storyboard on one page, small enough for a chat and readable on a phone.

Below each picture stand its number, its time, its place in the song by colour, and marks for how it comes in and how
the camera moves. A film of very many shots shows each picture once, with how often it is seen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imagery.prompts import clean
from pipeline.storyboard import Move, Part, Shot, Storyboard, Transition, size_of

Image = NDArray[np.uint8]

MOST_TILES = 54  # beyond it tiles are too small for a phone: then pictures are shown instead of shots
MOST_PICTURES = 120  # and beyond this the rest is only counted
WIDTH = 1500  # pixels; chats make anything wider than 1600 smaller
TALL = 1.15  # height by width that is aimed at: a phone held upright shows it whole
RAGGED = 0.25  # what an empty last row counts against a page of another shape
WIDEST_TILE = 640
GAP, MARGIN, HEAD = 12, 22, 74  # pixels
BYTES_MOST = 950_000  # of the file: a megabyte opens at once on a phone
QUALITIES = (90, 84, 76, 66, 54, 40)

GROUND, INK, FAINT = (24, 20, 18), (238, 236, 234), (150, 146, 142)  # BGR
COLOURS: dict[Part, tuple[int, int, int]] = {
    "intro": (168, 150, 120),
    "verse": (214, 150, 76),
    "chorus": (66, 116, 246),
    "bridge": (206, 110, 178),
    "instrumental": (130, 186, 96),
    "outro": (140, 134, 130),
}
_WAYS: dict[Move, tuple[int, int]] = {
    "pan left": (-1, 0),
    "pan right": (1, 0),
    "tilt up": (0, -1),
    "tilt down": (0, 1),
}


@dataclass(frozen=True)
class _Tile:
    """One picture on the sheet."""

    shot: Shot
    part: Part
    begins: bool  #: whether its section begins here
    times: int = 0  #: how often the picture is seen; 0 where every shot has a tile


@dataclass(frozen=True)
class _Grid:
    columns: int
    rows: int
    tile: tuple[int, int]  #: width and height of a picture
    foot: int  #: height of the strip below it

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the whole page."""
        across = 2 * MARGIN + self.columns * (self.tile[0] + GAP) - GAP
        return across, HEAD + MARGIN + self.rows * (self.tile[1] + self.foot + GAP) - GAP

    def corner(self, number: int) -> tuple[int, int]:
        row, column = divmod(number, self.columns)
        return MARGIN + column * (self.tile[0] + GAP), HEAD + row * (self.tile[1] + self.foot + GAP)


def draw_contact_sheet(board: Storyboard, pictures: Mapping[str, bytes], to: Path) -> Path:
    """Draw the storyboard as a JPEG page of its pictures and return `to`; a picture that is missing is left dark.

    `pictures` has JPEG or PNG bytes of our own making by the pictures' names.
    """
    tiles, left_out = _tiles(board)
    grid = _grid(len(tiles), board)
    page = np.full((grid.size[1], grid.size[0], 3), GROUND, np.uint8)
    _draw_head(page, board, left_out)
    small = {name: _fitted(pictures.get(name), grid.tile) for name in {tile.shot.picture for tile in tiles}}
    for number, tile in enumerate(tiles):
        _draw_tile(page, tile, small[tile.shot.picture], grid.corner(number), grid)
    to.write_bytes(_packed(page))
    return to


def _tiles(board: Storyboard) -> tuple[list[_Tile], int]:
    """What is shown, and how many pictures are not."""
    tiles, seen = [], -1
    for shot in board.shots:
        section = board.chart.section_at((shot.start + shot.end) / 2)
        at = board.chart.sections.index(section)
        tiles.append(_Tile(shot, section.part, begins=at != seen))
        seen = at
    if len(tiles) <= MOST_TILES:
        return tiles, 0
    first: dict[str, _Tile] = {}
    counts: dict[str, int] = {}
    for tile in tiles:
        first.setdefault(tile.shot.picture, tile)
        counts[tile.shot.picture] = counts.get(tile.shot.picture, 0) + 1
    shown = [_Tile(t.shot, t.part, t.begins, counts[name]) for name, t in first.items()]
    shown = [
        _Tile(t.shot, t.part, i == 0 or shown[i - 1].part != t.part or t.begins, t.times) for i, t in enumerate(shown)
    ]
    return shown[:MOST_PICTURES], max(0, len(shown) - MOST_PICTURES)


def _grid(count: int, board: Storyboard) -> _Grid:
    """The number of columns whose page comes nearest to the shape that is aimed at."""
    across, down = size_of(board.treatment.shape, 1000)
    grids = []
    for columns in range(1, min(count, 24) + 1):
        wide = min(WIDEST_TILE, (WIDTH - 2 * MARGIN + GAP) // columns - GAP)
        foot = max(20, min(44, wide // 6))
        grids.append(_Grid(columns, math.ceil(count / columns), (wide, round(wide * down / across)), foot))
    return min(grids, key=lambda grid: abs(math.log(grid.size[1] / grid.size[0] / TALL)) + _ragged(grid, count))


def _ragged(grid: _Grid, count: int) -> float:
    """How much of the last row is empty, as a fault beside the page's shape."""
    return RAGGED * (grid.columns * grid.rows - count) / grid.columns


def _draw_head(page: Image, board: Storyboard, left_out: int) -> None:
    """Title on the left, facts on the right; a narrow page has the facts only."""
    chart = board.chart
    facts = [
        _clock(chart.duration),
        f"{chart.tempo:.0f} BPM" if chart.tempo else "",
        clean(chart.key or "", 20),
        _counted(len(board.shots), "shot"),
        _counted(len(board.pictures), "picture") + (f", {left_out} not shown" if left_out else ""),
    ]
    size = 26 if page.shape[1] >= 900 else 18
    line = "  \N{MIDDLE DOT}  ".join(filter(None, facts))
    wide = _width(line, size, 400)
    base = (HEAD + size) // 2 - 4
    title = " \N{EN DASH} ".join(filter(None, (clean(board.title, 60), clean(board.artist, 40))))
    room = page.shape[1] - 2 * MARGIN - wide - 40
    if title and room > 120:
        _write(page, _shortened(title, size + 4, room), (MARGIN, base), size + 4, INK, 700)
        _write(page, line, (page.shape[1] - MARGIN - wide, base), size, FAINT, 400)
    else:
        _write(page, _shortened(line, size, page.shape[1] - 2 * MARGIN), (MARGIN, base), size, FAINT, 400)


def _draw_tile(page: Image, tile: _Tile, picture: Image, corner: tuple[int, int], grid: _Grid) -> None:
    (x, y), (wide, high), foot = corner, grid.tile, grid.foot
    page[y : y + high, x : x + wide] = picture
    band = max(4, foot // 7)
    cv2.rectangle(page, (x, y + high), (x + wide - 1, y + high + band - 1), COLOURS[tile.part], -1)
    size = max(13, round(foot * 0.56))
    base = y + high + band + (foot - band + round(size * 0.72)) // 2
    number = f"{tile.shot.number}  "  # a shot is asked for by it
    words = _clock(tile.shot.start) + (f"  \N{MULTIPLICATION SIGN}{tile.times}" if tile.times else "")
    indent = _width(number, size, 400) + size // 3  # a measure leaves out the space at the end
    if indent + _width(words, size, 600) > wide + GAP // 2:
        number, indent = "", 0
    _write(page, number, (x + 1, base), size, FAINT, 400)
    _write(page, words, (x + 1 + indent, base), size, INK, 600)
    mark = round(size * 0.9)
    room = wide - indent - _width(words, size, 600) - 8
    if not tile.times:
        if room > mark:
            _draw_move(page, tile.shot.move, (x + wide - mark // 2 - 2, base - size // 3), mark)
        if room > 2.4 * mark:
            _draw_join(page, tile.shot.transition, (x + wide - mark * 2, base - size // 3), mark)
    if tile.begins:
        _draw_label(page, tile.part, (x, y + high), wide, size)


def _draw_label(page: Image, part: Part, corner: tuple[int, int], wide: int, size: int) -> None:
    """The section's name on a flag of its colour, at the foot of its first picture."""
    text = part.capitalize()
    size = min(size, 22)
    while size > 9 and _width(text, size, 700) + 12 > wide:
        size -= 1
    x, y = corner
    high, across = round(size * 1.5), _width(text, size, 700) + 12
    cv2.rectangle(page, (x, y - high), (x + across, y), COLOURS[part], -1)
    _write(page, text, (x + 6, y - high // 2 + round(size * 0.36)), size, GROUND, 700)


def _draw_move(page: Image, move: Move, centre: tuple[int, int], size: int) -> None:
    """An arrow for pans and tilts, a lens with plus or minus for push and pull, a wave, or a dot that stays."""
    x, y = centre
    half, pen = size // 2, max(1, size // 9)
    if move in _WAYS:
        dx, dy = _WAYS[move]
        ends = (x - dx * half, y - dy * half), (x + dx * half, y + dy * half)
        cv2.arrowedLine(page, *ends, FAINT, pen, cv2.LINE_AA, tipLength=0.45)
    elif move in ("push", "pull"):
        cv2.circle(page, (x, y), half, FAINT, pen, cv2.LINE_AA)
        arm = max(2, half // 2)
        cv2.line(page, (x - arm, y), (x + arm, y), FAINT, pen, cv2.LINE_AA)
        if move == "push":
            cv2.line(page, (x, y - arm), (x, y + arm), FAINT, pen, cv2.LINE_AA)
    elif move == "drift":
        wave = [
            [x - half + step, round(y - half / 2 * math.sin(step / size * 2 * math.pi))] for step in range(size + 1)
        ]
        cv2.polylines(page, [np.array(wave, np.int32)], False, FAINT, pen, cv2.LINE_AA)
    else:
        cv2.circle(page, (x, y), max(2, half // 3), FAINT, -1, cv2.LINE_AA)


def _draw_join(page: Image, join: Transition, centre: tuple[int, int], size: int) -> None:
    """Crossed lines for a crossfade, a dent for a dip, two slants for a whip; a cut has none."""
    x, y = centre
    half, pen = size // 2, max(1, size // 9)
    strokes: dict[Transition, list[list[tuple[int, int]]]] = {
        "cut": [],
        "crossfade": [[(-half, -half), (half, half)], [(-half, half), (half, -half)]],
        "dip": [[(-half, -half), (0, half), (half, -half)]],
        "whip": [[(-half, half), (0, -half)], [(0, half), (half, -half)]],
    }
    lines = [np.array([(x + dx, y + dy) for dx, dy in stroke], np.int32) for stroke in strokes[join]]
    cv2.polylines(page, lines, False, INK, pen, cv2.LINE_AA) if lines else None


def _fitted(content: bytes | None, size: tuple[int, int]) -> Image:
    """Decode a picture and crop it to a tile; what cannot be decoded is dark."""
    raw = np.frombuffer(content or b"", np.uint8)
    picture = cv2.imdecode(raw, cv2.IMREAD_COLOR) if len(raw) else None
    wide, high = size
    if picture is None:
        return np.full((high, wide, 3), (40, 36, 34), np.uint8)
    scale = max(wide / picture.shape[1], high / picture.shape[0])
    across, down = max(wide, round(picture.shape[1] * scale)), max(high, round(picture.shape[0] * scale))
    grown = cv2.resize(picture, (across, down), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    x, y = (across - wide) // 2, (down - high) // 2
    return np.asarray(grown[y : y + high, x : x + wide], np.uint8)


def _packed(page: Image) -> bytes:
    """The page as JPEG, at the best quality that keeps it small."""
    content = b""
    for quality in QUALITIES:
        content = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(content) <= BYTES_MOST:
            break
    return content


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _font() -> Any:
    return cv2.FontFace("sans")  # comes with OpenCV; variable weight, Latin, Greek, Cyrillic and Han


def _write(page: Image, text: str, at: tuple[int, int], size: int, ink: tuple[int, int, int], weight: int) -> None:
    cv2.putText(page, text, at, ink, _font(), size, weight)


def _width(text: str, size: int, weight: int) -> int:
    x, _, wide, _ = cv2.getTextSize((0, 0), text, (0, 0), _font(), size, weight)
    return int(x + wide)


def _shortened(text: str, size: int, room: int) -> str:
    if _width(text, size, 700) <= room:
        return text
    while text and _width(text + "\N{HORIZONTAL ELLIPSIS}", size, 700) > room:
        text = text[:-1]
    return text.rstrip() + "\N{HORIZONTAL ELLIPSIS}"
