"""A filmed picture as a stream of frames: decoded by the door at the film's size, looped where it is too short.

Looping is what MoviePy means by it: plain shows at time t what the clip shows at t modulo its length; there-and-back
shows the clip and then the same backwards, and loops that. Only a short stretch of the clip is ever held in memory.
"""

from __future__ import annotations

from bisect import bisect_right
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import numpy as np

from pipeline.door.ffmpeg import Child, Leash, start
from pipeline.door.slate import Slate, read_slate
from pipeline.screen.planes import Bytes, Frame
from pipeline.storyboard import Loop

BACK_STEP = 12  # frames that are decoded at once on the way back: 37 MB of 1080p
PIXELS_MOST = 36_000_000  # of a frame: 8K
FRAMES_MOST = 150_000
NUDGE_S = 1e-5  # under a tick of any clock that films have: 3.0 may be written as 2.9999999

TO_BT709 = "out_color_matrix=bt709:out_range=tv:flags=bicubic"


def moment(time: float, length: float, loop: Loop, frame_s: float) -> float:
    """Return the time within a clip that is shown at `time` of its place; `frame_s` is how long a frame stands."""
    if loop == "plain":
        return time % length
    time %= 2 * length
    return time if time < length else max(0.0, 2 * length - time - frame_s)


class Reel:
    """A clip in its place. Go through it in order of time; use it as a context manager, in one thread."""

    def __init__(self, file: Path, *, size: tuple[int, int], loop: Loop, place: Path) -> None:
        self._place = place
        self._size = size
        self._loop: Loop = loop
        with ExitStack() as ends:
            self._source: BinaryIO = ends.enter_context(file.open("rb"))
            self._slate = read_slate(self._source, "mov", place=place, pixels=PIXELS_MOST, frames=FRAMES_MOST)
            self._ends = ends.pop_all()
        picture = self._slate.picture
        self._zero = [float(packet.time * picture.tick) for packet in picture.shown]
        self.times = [time - self._zero[0] for time in self._zero]
        self.length = self._slate.duration
        self._runs = ExitStack()
        self._child: Child | None = None
        self._next = 0  # which frame the child will give
        self._held: dict[int, Bytes] = {}

    def __enter__(self) -> Reel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._runs.close()
        self._ends.close()

    def index(self, time: float) -> int:
        """Return which of the clip's frames is shown at a time of its place."""
        within = moment(time, self.length, self._loop, self.length / len(self.times))
        return max(0, bisect_right(self.times, within + NUDGE_S) - 1)

    def show(self, time: float, frame: Frame) -> None:
        """Fill the frame with what the clip shows at a time of its place."""
        self.take(self.index(time), frame)

    def take(self, index: int, frame: Frame) -> None:
        """Fill the frame with one of the clip's."""
        if index not in self._held:
            self._fetch(index)
        np.copyto(frame.bytes, self._held[index])

    def _fetch(self, index: int) -> None:
        """Decode up to a frame; on the way back, the stretch that ends with it."""
        back = bool(self._held) and index < min(self._held) and self._loop == "there-and-back"
        first = max(0, index - BACK_STEP + 1) if back else index
        if self._child is None or not self._next <= first <= self._next + BACK_STEP:
            self._start(first)
        kept = self._held[max(self._held)] if self._held else None
        self._held = {}
        while self._next <= index:
            kept = self._read(kept)
            if self._next >= first:
                self._held[self._next] = kept
            self._next += 1

    def _read(self, kept: Bytes | None) -> Bytes:
        """Return the next frame; the one before it again where the clip holds fewer than it declares."""
        assert self._child is not None
        width, height = self._size
        size = width * height * 3 // 2
        data = self._child.read(size)
        if len(data) == size:
            return np.frombuffer(data, np.uint8)
        return kept if kept is not None else _black(self._size)

    def _start(self, first: int) -> None:
        """Begin to decode with that frame."""
        self._runs.close()
        options: list[str] = []
        if first:
            options = ["-ss", f"{(self._zero[first - 1] + self._zero[first]) / 2:.6f}"]
        slate = self._slate
        arguments = [
            *options,
            *slate.take_in(self._source, PIXELS_MOST),
            *("-map", f"0:V:{slate.index}", "-vf", ",".join([*slate.upright, *_cover(slate, self._size)])),
            *("-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-f", "rawvideo", "pipe:1"),
        ]
        leash = Leash(seconds=1800, stall_s=60, cpu_s=3600)
        self._child = self._runs.enter_context(start(arguments, place=self._place, leash=leash, inputs=[self._source]))
        self._next = first


def _cover(slate: Slate, size: tuple[int, int]) -> list[str]:
    """Return the filters that scale a clip until it covers the film, and crop it in the middle."""
    (width, height), (across, down) = size, slate.shown_size
    scale = max(width / across, height / down)
    large = max(width, round(across * scale)), max(height, round(down * scale))
    return [f"scale={large[0]}:{large[1]}:{TO_BT709}", f"crop={width}:{height}", "format=yuv420p"]


def _black(size: tuple[int, int]) -> Bytes:
    black = Frame(size)
    for plane, grey in zip(black.planes, (16, 128, 128), strict=True):
        plane[:] = grey
    return black.bytes
