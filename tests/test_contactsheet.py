"""The contact sheet, looked at pixel by pixel."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.contactsheet import COLOURS, GROUND, draw_contact_sheet
from pipeline.directors.rules import load
from pipeline.shots import break_down
from pipeline.storyboard import Chart, Picture, Section, Shot, Storyboard, StyleSheet, Treatment
from tests.charts import a_chart, sung


def a_board(
    count: int, *, treatment: Treatment | None = None, pictures: int | None = None, title: str = ""
) -> Storyboard:
    """A film of so many shots of two seconds."""
    half = count // 2 * 2.0 or 1.0
    sections = (Section("verse", 0.0, half, 0.5, 0), Section("chorus", half, count * 2.0, 0.9, 1))
    chart = Chart(count * 2.0, False, None, (), (), (0.0,), None, (), sections)
    names = [f"p{i % (pictures or count) + 1}" for i in range(count)]
    shots = tuple(Shot(i + 1, i * 2.0, i * 2.0 + 2.0, name) for i, name in enumerate(names))
    drawn = tuple(Picture(name, prompt="x", world="sea") for name in dict.fromkeys(names))
    return Storyboard(title, "", chart, (), StyleSheet("x"), drawn, shots, treatment or Treatment())


def tints(board: Storyboard, *, size: tuple[int, int] = (180, 320), kind: str = ".png") -> dict[str, bytes]:
    """A picture of one colour for each name."""
    stills = {}
    for number, picture in enumerate(board.pictures):
        flat = np.full((size[1], size[0], 3), tint(number), np.uint8)
        stills[picture.name] = cv2.imencode(kind, flat)[1].tobytes()
    return stills


def tint(number: int) -> tuple[int, int, int]:
    return (60 + number * 53 % 190, 60 + number * 97 % 190, 60 + number * 31 % 190)


def seen(path: Path) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)


def where(page: np.ndarray, colour: tuple[int, int, int], slack: int = 14) -> np.ndarray:
    """A mask of the pixels of a colour."""
    low, high = (tuple(part + way * slack for part in colour) for way in (-1, 1))
    return cv2.inRange(page, low, high)


def share(page: np.ndarray, colour: tuple[int, int, int], slack: int = 14) -> float:
    return float(np.mean(where(page, colour, slack) > 0))


@pytest.mark.parametrize("count", [1, 2, 3, 7, 13, 54, 55, 200])
@pytest.mark.parametrize("shape", ["9:16", "1:1", "16:9", "4:5"])
def test_a_page_is_small_and_fits_a_phone(tmp_path: Path, count: int, shape: str):
    board = a_board(count, treatment=Treatment(shape=shape), pictures=min(count, 40))  # type: ignore[arg-type]
    path = draw_contact_sheet(board, tints(board), tmp_path / "contact.jpg")
    content = path.read_bytes()
    assert content[:3] == b"\xff\xd8\xff"
    assert len(content) < 1_000_000
    high, wide, _ = seen(path).shape
    assert wide <= 1600
    assert high <= 3200
    assert 0.35 <= high / wide <= 2.4


def test_every_shot_is_there_in_its_order(tmp_path: Path):
    board = a_board(6)
    page = seen(draw_contact_sheet(board, tints(board), tmp_path / "c.jpg"))
    shares = [share(page, tint(number)) for number in range(6)]
    assert min(shares) > 0.05
    assert max(shares) < 1.35 * min(shares)
    centres = [np.argwhere(where(page, tint(number))).mean(axis=0) for number in range(6)]
    for (y, x), (below, right) in pairwise(centres):
        assert below > y + 60 or right > x + 60


def test_the_parts_of_the_song_have_their_colours(tmp_path: Path):
    board = a_board(6)
    page = seen(draw_contact_sheet(board, tints(board), tmp_path / "c.jpg"))
    assert share(page, COLOURS["verse"], 30) > 0.002
    assert share(page, COLOURS["chorus"], 30) > 0.002
    assert share(page, COLOURS["bridge"], 20) < 0.002


def test_very_many_shots_show_each_picture_once(tmp_path: Path):
    board = a_board(120, pictures=10)
    page = seen(draw_contact_sheet(board, tints(board), tmp_path / "c.jpg"))
    assert min(share(page, tint(number)) for number in range(10)) > 0.03


def test_a_noisy_film_still_fits(tmp_path: Path):
    board = a_board(54)
    rng = np.random.default_rng(1)
    noise = {
        picture.name: cv2.imencode(".png", rng.integers(0, 255, (320, 180, 3), np.uint8))[1].tobytes()
        for picture in board.pictures
    }
    assert draw_contact_sheet(board, noise, tmp_path / "c.jpg").stat().st_size < 1_000_000


@pytest.mark.parametrize("size", [(16, 16), (2000, 300), (90, 1600), (1080, 1920)])
@pytest.mark.parametrize("kind", [".jpg", ".png"])
def test_pictures_of_any_size_fill_their_places(tmp_path: Path, size: tuple[int, int], kind: str):
    board = a_board(2)
    page = seen(draw_contact_sheet(board, tints(board, size=size, kind=kind), tmp_path / "c.jpg"))
    assert share(page, tint(0)) > 0.3
    assert share(page, tint(1)) > 0.3


def test_a_missing_or_broken_picture_is_dark_and_not_the_ground(tmp_path: Path):
    board = a_board(3)
    stills = tints(board)
    del stills["p1"]
    stills["p2"] = b"\xff\xd8\xff broken"
    page = seen(draw_contact_sheet(board, stills, tmp_path / "c.jpg"))
    assert share(page, (40, 36, 34), 4) > 0.25
    assert share(page, GROUND, 3) < 0.5


@pytest.mark.parametrize("title", ["", "x" * 3000, "夜の海 🌊", "\x00\n{}%s", "שלום", "A \N{EN DASH} B"])
def test_any_title_stays_on_the_page(tmp_path: Path, title: str):
    for count in (1, 12):
        board = a_board(count, title=title)
        page = seen(draw_contact_sheet(board, tints(board), tmp_path / "c.jpg"))
        assert np.all(np.abs(page[:, -8:].astype(int) - GROUND) < 12), "nothing runs over the edge"


def test_a_directed_film_has_marks_below_its_pictures(tmp_path: Path):
    chart = a_chart(form=(("intro", 4), ("verse", 8), ("chorus", 8)))
    board = load().direct(break_down(chart, sung(chart), Treatment(shape="16:9"), title="Song", artist="Somebody"))
    page = seen(draw_contact_sheet(board, tints(board), tmp_path / "c.jpg"))
    bare = replace(board, shots=tuple(replace(s, move="hold", transition="cut", transition_s=0.0) for s in board.shots))
    other = seen(draw_contact_sheet(bare, tints(board), tmp_path / "d.jpg"))
    assert page.shape == other.shape
    changed = np.argwhere(np.abs(page.astype(int) - other).max(axis=2) > 60)
    assert len(changed) > 200


def test_the_same_board_is_the_same_page(tmp_path: Path):
    board = a_board(5)
    one, other = (draw_contact_sheet(board, tints(board), tmp_path / name).read_bytes() for name in ("a.jpg", "b.jpg"))
    assert one == other
