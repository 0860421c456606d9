"""What a take shows: a painting under the camera, or a clip that moves by itself."""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

from pipeline.pictures import Painting
from pipeline.screen.camera import course, look, room
from pipeline.screen.planes import Frame, Projector, Sheet, Window, drifted, enlarge, mount, read_sheets
from pipeline.screen.pulses import ZOOM
from pipeline.screen.reel import Reel
from pipeline.screen.takes import Take

ALBUM_BYTES = 192 * 1024**2  # of pictures kept for when they come again: about ten of 1080p; one takes half a second


APART_S = 7.3  # that the air is ahead from shot to shot: where a picture comes again, other rain falls


class Shown(Protocol):
    def show(self, frame: int, pulse: float, to: Frame) -> None:
        """Draw the film's frame of that number; `pulse` (0-1) brings the picture nearer."""
        ...

    def close(self) -> None: ...


class Album:
    """The paintings of a film, ready for the camera; the ones shown last are kept, so that memory stays flat."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._kept: OrderedDict[str, tuple[Sheet, ...]] = OrderedDict()

    def sheets(self, name: str, painting: Painting) -> tuple[Sheet, ...]:
        sheets = self._kept.pop(name, None) or read_sheets(painting, self._size)
        self._kept[name] = sheets
        while len(self._kept) > 1 and sum(map(_weight, self._kept.values())) > ALBUM_BYTES:
            self._kept.popitem(last=False)
        return sheets


def _weight(sheets: tuple[Sheet, ...]) -> int:
    return sum(sheet.nbytes for sheet in sheets)


class Painted:
    """A painting under the camera."""

    def __init__(
        self, take: Take, sheets: tuple[Sheet, ...], projector: Projector, rate: int, size: tuple[int, int]
    ) -> None:
        self._take, self._sheets, self._projector, self._rate, self._size = take, sheets, projector, rate, size
        self._course = course(take.shot)
        self._zoom = room(self._course, sheets, size)
        self._slides = [mount(sheet) for sheet in sheets]
        self._before: list[Window] = []
        self._drawn = Frame(size)

    def show(self, frame: int, pulse: float, to: Frame) -> None:
        pose = self._course.at(self._take.share(frame))
        seconds = (frame - self._take.first) / self._rate + APART_S * self._take.shot.number
        views = look(pose, self._sheets, self._size, self._zoom * (1 + ZOOM * pulse))
        windows = [drifted(view, sheet, seconds) for view, sheet in zip(views, self._sheets, strict=True)]
        if windows != self._before:  # a camera that stands still draws once
            self._projector.show(self._slides, windows, self._drawn)
            self._before = windows
        to.take(self._drawn)

    def close(self) -> None:
        pass


class Filmed:
    """A clip in its place, from its beginning on."""

    def __init__(self, take: Take, reel: Reel, rate: int, size: tuple[int, int]) -> None:
        self._take, self._reel, self._rate = take, reel, rate
        self._flat = Frame(size)

    def show(self, frame: int, pulse: float, to: Frame) -> None:
        self._reel.show((frame - self._take.first) / self._rate, self._flat if pulse else to)
        if pulse:
            enlarge(self._flat, to, 1 + ZOOM * pulse)

    def close(self) -> None:
        self._reel.close()
