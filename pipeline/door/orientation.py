"""Which way up a clip is: the display matrix in MP4 and MOV, by which phones turn a picture and cameras mirror it.

ffmpeg can turn pictures upright by itself, but at full size and once for every output; knowing the matrix, the same
turn is made after scaling down, which spares a third of the decode on a phone's portrait clip.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.door.ffmpeg import NOTHING_PERSONAL, Leash, run, take_in
from pipeline.errors import BadMedia


@dataclass(frozen=True)
class Orientation:
    """How to turn the coded picture upright."""

    filters: tuple[str, ...]  #: ffmpeg's, in order
    mirrored: bool

    @property
    def on_its_side(self) -> bool:
        """Whether width and height change places."""
        return any(name.startswith("transpose") for name in self.filters)


def read_orientation(source: BinaryIO, index: int, *, place: Path) -> Orientation | None:
    """Read the matrix of picture `index` off a copy of its first packet; None when no such copy can be made."""
    arguments = [*take_in(source, "mov"), "-map", f"0:V:{index}", "-c", "copy", "-frames:v", "1"]
    try:
        run([*arguments, *NOTHING_PERSONAL, "-f", "mov", "first.mov"], place=place, leash=Leash(), inputs=[source])
        return orient(_matrix(place / "first.mov"))
    except BadMedia:  # a codec that MOV has no name for
        return None


def orient(matrix: tuple[int, ...]) -> Orientation:
    """Return the filters for a display matrix of nine numbers, as ffmpeg's own autorotate chooses them."""
    angle = round(math.degrees(math.atan2(matrix[1], matrix[0])) / 90) * 90 % 360
    mirrored = matrix[0] * matrix[4] - matrix[1] * matrix[3] < 0
    if angle == 90:
        return Orientation(("transpose=cclock_flip" if matrix[3] > 0 else "transpose=clock",), mirrored)
    if angle == 270:
        return Orientation(("transpose=clock_flip" if matrix[3] < 0 else "transpose=cclock",), mirrored)
    flips = [name for name, sign in (("hflip", matrix[0]), ("vflip", matrix[4])) if sign < 0]
    return Orientation(tuple(flips), mirrored)


def _matrix(mov: Path) -> tuple[int, ...]:
    """Return the display matrix of the only track of a MOV of our own making."""
    with mov.open("rb") as file:
        header = _box(_box(_moov(file), b"trak"), b"tkhd")
    matrix: tuple[int, ...] = struct.unpack_from(">9i", header, 52 if header[0] == 1 else 40)  # 1: dates of 64 bits
    return matrix


def _moov(file: BinaryIO) -> bytes:
    """Return the body of a MOV's index, passing over the pictures."""
    while len(head := file.read(16)) >= 8:
        size, kind = struct.unpack_from(">I4s", head)
        body = 8
        if size == 1:
            size, body = struct.unpack_from(">Q", head, 8)[0], 16
        file.seek(body - len(head), 1)
        if kind == b"moov":
            return file.read(size - body)
        file.seek(max(0, size - body), 1)
    raise BadMedia("The picture could not be written.")


def _box(boxes: bytes, kind: bytes) -> bytes:
    """Return the body of the first box of that kind."""
    at = 0
    while at + 8 <= len(boxes):
        size, name = struct.unpack_from(">I4s", boxes, at)
        if name == kind:
            return boxes[at + 8 : at + size]
        at += max(size, 8)
    raise BadMedia("The picture could not be written.")
