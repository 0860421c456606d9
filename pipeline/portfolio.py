"""Pictures that are taken from one film to the next: what was bought once is not bought again.

A film's folder lists what was bought for it in `portfolio.json`: what each picture was drawn from, and its files.
Another film of the same storyboard takes over those whose lines have not changed, by way of its own checkpoints.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pipeline.backends import Animator, Illustrator
from pipeline.checkpoint import Checkpoints
from pipeline.pictures import Material, MovingPicture, Painting, Piece, motion_mark, picture_mark
from pipeline.storyboard import Picture, Storyboard

NAME = "portfolio.json"

_PIECES: TypeAdapter[dict[str, Piece]] = TypeAdapter(dict[str, Piece])


def keep_portfolio(
    board: Storyboard,
    drawn: Mapping[str, Painting],
    material: Mapping[str, Material],
    *,
    size: tuple[int, int],
    folder: Path,
) -> tuple[Path, ...]:
    """List what was bought for a film in its folder; return the list and its files, or nothing where none was."""
    bought: dict[str, Piece] = {}
    for picture in board.pictures:
        painting, moving = drawn.get(picture.name), material.get(picture.name)
        moving = moving if isinstance(moving, MovingPicture) and moving.cost_usd else None
        if painting is not None and (painting.cost_usd or moving):
            bought[_digest(board, picture, size, painting.illustrator)] = Piece(painting, moving)
    if not bought:
        return ()
    inside = {mark: _moved(piece, folder, Path()) for mark, piece in bought.items()}
    listed = folder / NAME
    listed.write_text(json.dumps(_PIECES.dump_python(inside, mode="json")), encoding="utf-8")
    files = [file for piece in bought.values() for file in _files(piece)]
    return (listed, *files)


def adopt(
    earlier: Path,
    board: Storyboard,
    *,
    size: tuple[int, int],
    illustrator: Illustrator,
    animator: Animator,
    folder: Path,
    checkpoints: Checkpoints,
) -> int:
    """Take over what was bought for an earlier film; return how many pictures. What is torn or missing is left out."""
    pieces, taken = _read(earlier), 0
    for picture in board.pictures:
        piece = pieces.get(_digest(board, picture, size, illustrator.name))
        if piece is None or not all((earlier / file).is_file() for file in _files(piece)):
            continue
        piece = _copied(piece, earlier, folder)
        painting = piece.painting
        assert painting is not None
        mark = picture_mark(picture, board.style, size, illustrator.name, folder / "pictures", checkpoints)
        mark.checkpoints.once(mark.name, Piece, Piece, painting)
        if piece.moving is not None and piece.moving.animator == animator.name:
            mark = motion_mark(board, picture, painting, size, animator, folder / "motion", checkpoints)
            mark.checkpoints.once(mark.name, Piece, Piece, None, piece.moving)
        taken += 1
    return taken


def _digest(board: Storyboard, picture: Picture, size: tuple[int, int], illustrator: str) -> str:
    """Return a mark of all that a picture is drawn from, whatever program and folder drew it."""
    return hashlib.sha256(f"{picture!r} {board.style!r} {size} {illustrator}".encode("utf-8", "replace")).hexdigest()


def _read(earlier: Path) -> dict[str, Piece]:
    try:
        pieces = _PIECES.validate_json((earlier / NAME).read_bytes())
    except (OSError, ValidationError):
        return {}
    return {
        mark: piece
        for mark, piece in pieces.items()
        if piece.painting and not any(file.is_absolute() or ".." in file.parts for file in _files(piece))
    }


def _files(piece: Piece) -> list[Path]:
    layers = piece.painting.layers if piece.painting else ()
    return [*(layer.file for layer in layers), *([piece.moving.file] if piece.moving else [])]


def _copied(piece: Piece, earlier: Path, folder: Path) -> Piece:
    """Copy a piece's files into a film's folder."""
    for file in _files(piece):
        to = folder / file
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(earlier / file, to)
    return _moved(piece, Path(), folder)


def _moved(piece: Piece, out: Path, into: Path) -> Piece:
    """Name a piece's files as they lie in another folder; what they have cost was paid before."""

    def there(file: Path) -> Path:
        return into / file.relative_to(out)

    painting = piece.painting
    if painting is not None:
        painting = replace(painting, layers=tuple(replace(layer, file=there(layer.file)) for layer in painting.layers))
    moving = replace(piece.moving, file=there(piece.moving.file)) if piece.moving else None
    return Piece(painting, moving)
