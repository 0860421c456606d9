"""The film's frames, one after the other: takes, the transitions between them, and the light over all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType

from pipeline.pictures import MovingPicture, Painting
from pipeline.screen.planes import Frame, Projector, brighten, dim
from pipeline.screen.pulses import LIGHT, LOUD, fade_in, find_pulses
from pipeline.screen.reel import Reel
from pipeline.screen.shown import Album, Filmed, Painted, Shown
from pipeline.screen.takes import Take, find_takes
from pipeline.screen.transitions import join
from pipeline.storyboard import Storyboard


class Screening:
    """A film that is about to be shown. Use it as a context manager, in one thread; `frames()` once."""

    def __init__(
        self,
        board: Storyboard,
        material: Mapping[str, Painting | MovingPicture],
        *,
        frames: int,
        size: tuple[int, int],
        place: Path,
    ) -> None:
        """`place` is a folder on the bench, for the programs that decode clips; `size` is even."""
        rate = board.treatment.frame_rate
        self._board, self._material, self._size, self._place = board, material, size, place
        self.takes = find_takes(board.shots, rate=rate, frames=frames)
        self._pulses = find_pulses(board.chart, board.treatment.pace, rate=rate, frames=frames)
        self._fades = fade_in(rate=rate, frames=frames)
        self._album, self._projector = Album(size), Projector(size)
        self._open: dict[int, Shown] = {}  # by the take's place in the film: two at most

    def __enter__(self) -> Screening:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in list(self._open):
            self._open.pop(number).close()

    def frames(self) -> Iterator[Frame]:
        """Yield every frame of the film; each is overwritten by the next."""
        before, after, out = (Frame(self._size) for _ in range(3))
        for number, take in enumerate(self.takes):
            for frame in range(take.cut + take.lead, take.until - take.tail):
                self._show(number, frame, out)
                yield self._lit(frame, out)
            for frame in range(take.until - take.tail, take.last):
                self._show(number, frame, before)
                self._show(number + 1, frame, after)
                self._join(self.takes[number + 1], frame, before, after, out)
                yield self._lit(frame, out)
            self._close(number)

    def _show(self, number: int, frame: int, to: Frame) -> None:
        if number not in self._open:
            self._open[number] = self._opened(self.takes[number])
        self._open[number].show(frame, float(self._pulses[frame]), to)

    def _opened(self, take: Take) -> Shown:
        name = take.shot.picture
        material, treatment = self._material[name], self._board.treatment
        if isinstance(material, MovingPicture):
            reel = Reel(material.file, size=self._size, loop=treatment.loop, place=self._place)
            return Filmed(take, reel, treatment.frame_rate, self._size)
        return Painted(take, self._album.sheets(name, material), self._projector, treatment.frame_rate, self._size)

    def _close(self, number: int) -> None:
        if number in self._open:
            self._open.pop(number).close()

    def _join(self, take: Take, frame: int, before: Frame, after: Frame, out: Frame) -> None:
        share = (frame - take.first + 0.5) / (2 * take.lead)
        loud = self._board.chart.section_at(take.shot.start).energy >= LOUD
        left = take.shot.move != "pan left" if take.shot.number % 2 else take.shot.move == "pan right"
        join(take.shot.transition, before, after, out, share=share, frames=2 * take.lead, bright=loud, left=left)

    def _lit(self, frame: int, out: Frame) -> Frame:
        if pulse := float(self._pulses[frame]):
            brighten(out, LIGHT * pulse)
        if (level := float(self._fades[frame])) < 1:
            dim(out, level)
        return out
