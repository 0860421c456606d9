"""The storyboard's pictures: drawn by the illustrator, filmed by the animator, each once; fallbacks where one fails.

Several are made side by side; only the thread that asked for them speaks to `report`.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.abreast import Check, make_abreast
from pipeline.checkpoint import Checkpoints
from pipeline.door.stills import take_frame
from pipeline.errors import Cancelled, Unavailable, UserError
from pipeline.purse import PaidFor, Purse
from pipeline.storyboard import Picture, Shot, Storyboard, StyleSheet

if TYPE_CHECKING:
    from pipeline.backends import Animator, Illustrator, Report

ROOM = 1.2  # picture over frame: what a camera that pushes, pans and tilts needs on all sides

STRIKES = 2  # failures in a row after which a vendor is not asked again in this film


@dataclass(frozen=True)
class Layer:
    """One sheet of a picture, as PNG: 8-bit BGR for the backmost, BGRA above it; all of the same size."""

    file: Path
    depth: float  #: 0 infinitely far, 1 right before the camera: how much it moves against the others
    #: its own widths and heights a second, to the right and down; what moves goes on at its other side, without a seam
    drift: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Painting:
    """A drawn picture: layers from back to front, ROOM larger than the frame so that the camera can move."""

    layers: tuple[Layer, ...]
    illustrator: str
    licence: str
    cost_usd: float = 0.0


@dataclass(frozen=True)
class MovingPicture:
    """A filmed picture: an MP4 (H.264), checked by the door, of whatever size and length; looped where it is short."""

    file: Path
    animator: str
    licence: str
    cost_usd: float = 0.0


Material = Painting | MovingPicture


@dataclass(frozen=True)
class Drawn:
    """The pictures by name."""

    pictures: dict[str, Painting]
    notes: tuple[str, ...] = ()  #: what the client should know: which were painted in place of bought ones, and why


@dataclass(frozen=True)
class Moved:
    """What the film is cut from, by the picture's name."""

    material: dict[str, Material]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Piece:
    """One picture as it is kept: what came of it, what was paid, and why it is not what was asked for."""

    painting: Painting | None = None
    moving: MovingPicture | None = None  #: None: the camera moves over the painting
    instead: str = ""  #: the reason, as a sentence; "" where the engine that was asked for has made it
    paid_usd: float = 0.0


def roomy(size: tuple[int, int]) -> tuple[int, int]:
    """Return the size of a picture (width, height) for a frame of `size`."""
    return round(size[0] * ROOM), round(size[1] * ROOM)


def engine_of(material: Material) -> tuple[str, str]:
    """Return who made it, and what may be done with it."""
    if isinstance(material, Painting):
        return material.illustrator, material.licence
    return material.animator, material.licence


def estimate_usd(board: Storyboard, illustrator: Illustrator, animator: Animator) -> float:
    """Return what all pictures cost when every one of them is drawn and filmed by these."""
    filmed = sum(animator.price_usd(_longest_shot(board, picture)) for picture in board.pictures)
    return illustrator.price_usd * len(board.pictures) + filmed


def flatten(material: Material) -> NDArray[np.uint8]:
    """Return the picture as one sheet, (H, W, 3) uint8 BGR; of a moving one its first frame."""
    if isinstance(material, MovingPicture):
        return _read(take_frame(material.file), cv2.IMREAD_COLOR)
    back, *above = (layer.file.read_bytes() for layer in material.layers)
    sheet = _read(back, cv2.IMREAD_COLOR).astype(np.float32)
    for layer in above:
        paint = _read(layer, cv2.IMREAD_UNCHANGED).astype(np.float32)
        cover = paint[..., 3:] / 255
        sheet += (paint[..., :3] - sheet) * cover
    return np.rint(sheet).astype(np.uint8)


def _read(png: bytes, flags: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), flags), np.uint8)


# ---- drawing ----


def draw_pictures(
    board: Storyboard,
    *,
    size: tuple[int, int],
    illustrator: Illustrator,
    fallback: Illustrator,
    folder: Path,
    purse: Purse,
    checkpoints: Checkpoints,
    report: Report,
) -> Drawn:
    """Draw each picture of the board once, in a folder of its own name inside `folder`.

    What an earlier run has left among the checkpoints is taken over, and what it has paid is counted. Where the
    illustrator fails, is too slow or too dear, the fallback paints the picture, and a note says so.
    """
    vendor = _Vendor(purse)

    def draw(picture: Picture, check: Check) -> Piece:
        try:
            with _asked(vendor, illustrator.price_usd, "A picture"):
                return _painted(illustrator, picture, board.style, size, folder, check)
        except UserError as exc:
            if isinstance(exc, Cancelled) or illustrator.name == fallback.name:
                raise
            piece = _painted(fallback, picture, board.style, size, folder, check, anew=True)
            paid = illustrator.price_usd if isinstance(exc, PaidFor) else 0.0
            return Piece(piece.painting, instead=exc.sentence, paid_usd=paid)

    marks = {
        picture.name: picture_mark(picture, board.style, size, illustrator.name, folder, checkpoints)
        for picture in board.pictures
    }
    tasks = {picture.name: _bound(draw, picture) for picture in board.pictures}
    pieces = _make(tasks, marks, at_once=illustrator.at_once, stage="pictures", purse=purse, report=report)
    note = _note(pieces, "painted by the built-in illustrator", "picture")
    return Drawn({name: piece.painting for name, piece in pieces.items() if piece.painting}, note)


@dataclass(frozen=True)
class Mark:
    """Where a piece is kept: among which checkpoints, and under which name."""

    checkpoints: Checkpoints
    name: str


def picture_mark(
    picture: Picture,
    style: StyleSheet,
    size: tuple[int, int],
    illustrator: str,
    folder: Path,
    checkpoints: Checkpoints,
) -> Mark:
    """Return where the Piece of a picture that `draw_pictures` draws into `folder` is kept."""
    return Mark(checkpoints.beside(picture, style, size, illustrator), f"{folder.name}-{picture.name}")


def _painted(
    illustrator: Illustrator,
    picture: Picture,
    style: StyleSheet,
    size: tuple[int, int],
    folder: Path,
    check: Check,
    *,
    anew: bool = False,
) -> Piece:
    place = _cleared(folder / picture.name, anew=anew)
    painting = illustrator.draw(picture, style, size=size, to=place, report=lambda *_: check())
    return Piece(painting, paid_usd=painting.cost_usd)


def _cleared(place: Path, *, anew: bool = False) -> Path:
    """Empty a picture's folder, but for the tickets of what a broken-off run has ordered already."""
    place.mkdir(parents=True, exist_ok=True)
    for left in place.iterdir():
        if left.is_dir():
            shutil.rmtree(left)
        elif anew or left.suffix != ".ticket":
            left.unlink()
    return place


# ---- filming ----


def animate_pictures(
    board: Storyboard,
    drawn: Mapping[str, Painting],
    *,
    size: tuple[int, int],
    animator: Animator,
    folder: Path,
    purse: Purse,
    checkpoints: Checkpoints,
    report: Report,
) -> Moved:
    """Film each picture once, for the longest shot that shows it; where the animator fails the camera moves over it."""
    vendor = _Vendor(purse)

    def film(picture: Picture, check: Check) -> Piece:
        shot = _longest_shot(board, picture)
        price = animator.price_usd(shot)
        try:
            with _asked(vendor, price, "A moving picture"):
                return _filmed(animator, drawn[picture.name], shot, size, folder / picture.name, check)
        except UserError as exc:
            if isinstance(exc, Cancelled):
                raise
            return Piece(instead=exc.sentence, paid_usd=price if isinstance(exc, PaidFor) else 0.0)

    marks = {
        picture.name: motion_mark(board, picture, drawn[picture.name], size, animator, folder, checkpoints)
        for picture in board.pictures
    }
    tasks = {picture.name: _bound(film, picture) for picture in board.pictures}
    pieces = _make(tasks, marks, at_once=animator.at_once, stage="motion", purse=purse, report=report)
    material = {name: piece.moving or drawn[name] for name, piece in pieces.items()}
    return Moved(material, _note(pieces, "filmed by the built-in camera", "picture"))


def motion_mark(
    board: Storyboard,
    picture: Picture,
    painting: Painting,
    size: tuple[int, int],
    animator: Animator,
    folder: Path,
    checkpoints: Checkpoints,
) -> Mark:
    """Return where the Piece of a picture that `animate_pictures` films into `folder` is kept."""
    shot = _longest_shot(board, picture)
    # a cut that has moved by a beat buys nothing new: the price stands for the length that is bought
    of = (picture, board.style, size, painting, animator.name, shot.action, animator.price_usd(shot))
    return Mark(checkpoints.beside(*of), f"{folder.name}-{picture.name}")


def _filmed(
    animator: Animator, painting: Painting, shot: Shot, size: tuple[int, int], place: Path, check: Check
) -> Piece:
    try:
        moving = animator.move(painting, shot, size=size, to=_cleared(place), report=lambda *_: check())
    finally:
        with suppress(OSError):  # there is something in it
            place.rmdir()
            place.parent.rmdir()
    return Piece(moving=moving, paid_usd=moving.cost_usd if moving else 0.0)


def _longest_shot(board: Storyboard, picture: Picture) -> Shot:
    """Return the shot that shows a picture longest, the first of equals; any shot for one that nobody sees."""
    shown = [shot for shot in board.shots if shot.picture == picture.name]
    return max(shown or board.shots[:1], key=lambda shot: round(shot.length, 3))


# ---- making several side by side ----


def _bound(make: Callable[[Picture, Check], Piece], picture: Picture) -> Callable[[Check], Piece]:
    return lambda check: make(picture, check)


def _make(
    tasks: Mapping[str, Callable[[Check], Piece]],
    marks: Mapping[str, Mark],
    *,
    at_once: int,
    stage: str,
    purse: Purse,
    report: Report,
) -> dict[str, Piece]:
    """Have all pieces made that no earlier run has left, and return all, in the tasks' order."""
    pieces: dict[str, Piece] = {}
    for name, mark in marks.items():
        if (kept := mark.checkpoints.kept(mark.name, Piece)) is not None:
            purse.count(kept.paid_usd)
            pieces[name] = kept

    def make(name: str, check: Check) -> Piece:
        check()
        return marks[name].checkpoints.once(marks[name].name, Piece, tasks[name], check)

    left = [name for name in tasks if name not in pieces]
    have = len(pieces)
    pieces |= make_abreast(left, make, at_once=at_once, told=lambda done: report(stage, have + done, len(tasks)))
    return {name: pieces[name] for name in tasks}


@dataclass(frozen=True)
class _Vendor:
    """What is known of an engine while one film is made."""

    purse: Purse
    failures: list[Unavailable] = field(default_factory=list)  #: in a row, by now


@contextmanager
def _asked(vendor: _Vendor, usd: float, what: str) -> Iterator[None]:
    """Reserve the money for one call, and give it back when the call fails unpaid; refuse when it is hopeless."""
    if len(vendor.failures) >= STRIKES:
        raise Unavailable(vendor.failures[-1].sentence, hint=vendor.failures[-1].hint)
    with vendor.purse.lend(usd, what):
        try:
            yield
        except UserError as exc:
            if not isinstance(exc, PaidFor):
                vendor.purse.give_back(usd)
            if isinstance(exc, Unavailable):
                vendor.failures.append(exc)
            raise
    vendor.failures.clear()


def _note(pieces: Mapping[str, Piece], what: str, thing: str) -> tuple[str, ...]:
    """Say in one sentence how many pieces are not what was asked for, and the most common reason."""
    reasons = Counter(piece.instead for piece in pieces.values() if piece.instead)
    if not reasons:
        return ()
    some, all_ = reasons.total(), len(pieces)
    if some == all_:
        how_many = f"All {all_} {thing}s were" if all_ > 1 else f"The {thing} was"
    else:
        how_many = f"{some} of {all_} {thing}s {'were' if some > 1 else 'was'}"
    return (f"{how_many} {what}: {reasons.most_common(1)[0][0]}",)
