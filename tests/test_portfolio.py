"""Bought pictures go from one film to the next, and only those whose lines have not changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from pipeline.backends import Animator, Illustrator
from pipeline.checkpoint import Checkpoints
from pipeline.pictures import Layer, MovingPicture, Painting, animate_pictures, draw_pictures
from pipeline.portfolio import NAME, adopt, keep_portfolio
from pipeline.purse import Purse
from pipeline.storyboard import Picture, Shot, Storyboard, StyleSheet
from tests.shoots import make_board

SIZE = (64, 96)


class Vendor:
    """Draws and films for money, and counts."""

    name, licence, price, seconds, at_once = "vendor", "theirs", 0.5, 1.0, 1

    def __init__(self) -> None:
        self.drawn: list[str] = []
        self.filmed: list[str] = []

    @property
    def price_usd(self) -> float:
        return self.price

    def draw(self, picture: Picture, style: StyleSheet, *, size: object, to: Path, report: object) -> Painting:
        self.drawn.append(picture.name)
        (to / "sheet.png").write_bytes(f"{picture.name} {picture.seed}".encode())
        return Painting((Layer(to / "sheet.png", 0.2, (0.1, 0.0)),), self.name, self.licence, self.price)


class Camera:
    name, licence, seconds, at_once = "camera", "theirs", 1.0, 1

    def __init__(self) -> None:
        self.filmed: list[str] = []

    def price_usd(self, shot: Shot) -> float:
        return 0.25

    def move(self, painting: Painting, shot: Shot, *, size: object, to: Path, report: object) -> MovingPicture:
        self.filmed.append(shot.picture)
        (to / "film.mp4").write_bytes(painting.layers[0].file.read_bytes())
        return MovingPicture(to / "film.mp4", self.name, self.licence, 0.25)


@dataclass
class Studio:
    """One film after the other, each in a folder of its own."""

    folder: Path
    vendor: Vendor
    camera: Camera
    purse: Purse

    def make(self, name: str, board: Storyboard, *, earlier: str = "") -> tuple[Path, ...]:
        self.vendor, self.camera, self.purse = Vendor(), Camera(), Purse(100.0)
        folder = self.folder / name
        illustrator, animator = cast("Illustrator", self.vendor), cast("Animator", self.camera)
        checkpoints = Checkpoints(folder)
        folder.mkdir()
        if earlier:
            self.taken = adopt(
                self.folder / earlier,
                board,
                size=SIZE,
                illustrator=illustrator,
                animator=animator,
                folder=folder,
                checkpoints=checkpoints,
            )
        quiet = lambda stage, done, total: None  # noqa: E731
        drawn = draw_pictures(
            board,
            size=SIZE,
            illustrator=illustrator,
            fallback=illustrator,
            folder=folder / "pictures",
            purse=self.purse,
            checkpoints=checkpoints,
            report=quiet,
        )
        moved = animate_pictures(
            board,
            drawn.pictures,
            size=SIZE,
            animator=animator,
            folder=folder / "motion",
            purse=self.purse,
            checkpoints=checkpoints,
            report=quiet,
        )
        self.material = moved.material
        return keep_portfolio(board, drawn.pictures, moved.material, size=SIZE, folder=folder)


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    return Studio(tmp_path, Vendor(), Camera(), Purse(0.0))  # type: ignore[return-value]


BOARD = make_board((0, 2, 4, 6), pictures=("p1", "p2", "p3"))


def test_nothing_is_bought_twice(studio: Studio) -> None:
    studio.make("a", BOARD)
    assert studio.vendor.drawn == ["p1", "p2", "p3"]
    studio.make("b", BOARD, earlier="a")
    assert (studio.taken, studio.vendor.drawn, studio.camera.filmed) == (3, [], [])
    assert studio.purse.spent_usd == 0  # it was paid before
    for name in ("p1", "p2", "p3"):
        moving = studio.material[name]
        assert isinstance(moving, MovingPicture)
        assert moving.file == studio.folder / "b" / "motion" / name / "film.mp4"
        assert moving.file.read_bytes().startswith(name.encode())


def test_and_so_on_from_film_to_film(studio: Studio) -> None:
    studio.make("a", BOARD)
    studio.make("b", BOARD, earlier="a")
    shutil.rmtree(studio.folder / "a")
    studio.make("c", BOARD, earlier="b")
    assert (studio.vendor.drawn, studio.camera.filmed) == ([], [])


def test_what_has_changed_is_drawn_anew(studio: Studio) -> None:
    studio.make("a", BOARD)
    first, *rest = BOARD.pictures
    studio.make("b", BOARD.with_pictures((replace(first, seed=first.seed + 1), *rest)), earlier="a")
    assert (studio.vendor.drawn, studio.camera.filmed) == (["p1"], ["p1"])
    studio.make("c", replace(BOARD, style=StyleSheet("watercolour")), earlier="a")
    assert studio.vendor.drawn == ["p1", "p2", "p3"]  # the look is in every picture


def test_it_lists_only_what_was_bought(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Vendor, "price", 0.0)
    monkeypatch.setattr(Camera, "move", lambda self, painting, shot, **_: None)
    assert studio.make("a", BOARD) == ()
    assert not (studio.folder / "a" / NAME).exists()


def test_its_files_lie_in_the_folder_and_are_named_from_there(studio: Studio) -> None:
    listed, *files = studio.make("a", BOARD)
    assert listed == studio.folder / "a" / NAME
    assert {file.relative_to(studio.folder / "a").as_posix() for file in files} == {
        f"{place}" for name in ("p1", "p2", "p3") for place in (f"pictures/{name}/sheet.png", f"motion/{name}/film.mp4")
    }
    assert str(studio.folder) not in listed.read_text()


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / NAME).write_bytes(b"{torn"),
        lambda folder: (folder / NAME).write_text("[]"),
        lambda folder: (folder / NAME).unlink(),
        lambda folder: (folder / NAME).write_text(
            (folder / NAME).read_text().replace("pictures/", "../../elsewhere/").replace("motion/", "/etc/")
        ),
        lambda folder: shutil.rmtree(folder / "pictures"),
        lambda folder: shutil.rmtree(folder),
    ],
)
def test_what_is_torn_missing_or_elsewhere_is_drawn_anew(studio: Studio, harm: object) -> None:
    studio.make("a", BOARD)
    assert callable(harm)
    harm(studio.folder / "a")
    studio.make("b", BOARD, earlier="a")
    assert studio.taken == 0
    assert studio.vendor.drawn == ["p1", "p2", "p3"]


def test_a_film_that_is_missing_is_bought_again_without_its_picture(studio: Studio) -> None:
    studio.make("a", BOARD)
    pieces = json.loads((studio.folder / "a" / NAME).read_text())
    for piece in pieces.values():
        piece["moving"] = None
    (studio.folder / "a" / NAME).write_text(json.dumps(pieces))
    studio.make("b", BOARD, earlier="a")
    assert (studio.vendor.drawn, studio.camera.filmed) == ([], ["p1", "p2", "p3"])
    assert studio.purse.spent_usd == pytest.approx(0.75)
