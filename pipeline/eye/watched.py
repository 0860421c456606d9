"""One look through the whole clip: what every frame measures, and where PySceneDetect would cut.

The only pass over the pixels. It keeps a postage stamp of each frame (about 1.7 KB: 37 MB for six minutes at 60 frames
a second), so that everything after it can look back and forth in time without decoding again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import BadMedia, Refused
from pipeline.eye.stamps import Bytes, Floats, apart, stamp_of

Detector = Literal["adaptive", "content", "threshold", "histogram", "hash"]

DETECTORS: tuple[Detector, ...] = get_args(Detector)

BAR_LUMA = 24  # 8-bit luma that a letterbox never passes; video black comes out as 0-3, ringing beside it as up to 20
LAG_S = 1 / 12  # movement is read over this time, so that 10 and 60 frames a second say the same
MIN_CROP = 0.4  # share of rows or columns that must remain; darker clips than that are dark, not letterboxed


class Frame(Protocol):
    """What the clip's decoder yields."""

    @property
    def index(self) -> int: ...
    @property
    def time(self) -> float: ...
    @property
    def small(self) -> Bytes: ...


@dataclass(frozen=True)
class Watched:
    """What is left of the frames after the pass; every array has one row for each frame."""

    times: Floats  #: seconds from the first frame
    stamps: Bytes  #: (frames, height, width, 3): Y, Cr, Cb, letterbox cut away
    shifts: Floats  #: (frames, 2): how far the whole picture moved since the last frame, in widths, right and down
    shift_trust: Floats  #: 0-1, how much of the picture moved so
    proposals: tuple[int, ...]  #: frames at which PySceneDetect would start a new scene

    @cached_property
    def luma(self) -> Floats:
        """Mean luma of each frame, 0-255."""
        return np.asarray(self.stamps[..., 0].mean(axis=(1, 2), dtype=np.float64))

    @cached_property
    def stir(self) -> Floats:
        """By how many luma steps the mean cell changes within LAG_S before each frame."""
        luma = self.stamps[..., 0]
        before = np.searchsorted(self.times, self.times - LAG_S - 1e-6, side="right") - 1
        before = np.clip(before, 0, np.maximum(np.arange(len(luma)) - 1, 0))
        change = np.array([cv2.norm(luma[i], luma[j], cv2.NORM_L1) for i, j in enumerate(before)]) / luma[0].size
        change[0] = change[1] if len(change) > 1 else 0.0
        return np.asarray(change * LAG_S / np.maximum(self.times - self.times[before], LAG_S))

    @cached_property
    def speed(self) -> Floats:
        """How fast the picture moves at each frame, in picture widths per second, however it is lit.

        The change of luma within LAG_S against the steepness of the picture itself (normal flow).
        """
        wide = (stamp[..., 0].astype(np.int16) for stamp in self.stamps)
        steep = np.array([np.abs(np.diff(w, axis=0)).mean() + np.abs(np.diff(w, axis=1)).mean() for w in wide]) / 2
        return np.asarray(np.minimum(self.stir / (steep + 3.0), 3.0) / self.stamps.shape[2] / LAG_S)

    @property
    def count(self) -> int:
        """How many frames there are."""
        return len(self.times)

    @cached_property
    def steps(self) -> Floats:
        """How far each frame differs from the one before, 0-765; the first is 0."""
        return np.array([0.0] + [self.far(i - 1, i) for i in range(1, self.count)])

    def apart(self, one: int, other: int) -> Floats:
        """Return the difference of two frames for each cell, 0-765."""
        return apart(self.stamps[one], self.stamps[other])

    def far(self, one: int, other: int) -> float:
        """Return the mean difference of two frames, 0-765."""
        return float(self.apart(one, other).mean())

    def around(self, frame: int, seconds: float, *, least: int) -> tuple[int, int]:
        """Return the frames from..to (exclusive) that lie this near, at least `least` on either side."""
        first = int(np.searchsorted(self.times, self.times[frame] - seconds))
        last = int(np.searchsorted(self.times, self.times[frame] + seconds))
        return max(0, min(first, frame - least)), min(self.count, max(last, frame + least + 1))

    def at(self, seconds: float) -> int:
        """Return the frame that is on the screen at this time."""
        return int(np.clip(np.searchsorted(self.times, seconds + 1e-6, side="right") - 1, 0, len(self.times) - 1))


def watch(frames: Iterable[Frame], *, detector: str = "adaptive") -> Watched:
    """Measure every frame once, in order.

    Raises Refused for an unknown detector, BadMedia when there is no frame.
    """
    proposer = _detector(detector)
    times: list[float] = []
    stamps: list[Bytes] = []
    shifts: list[tuple[float, float, float]] = []
    proposals: list[int] = []
    before: NDArray[np.float32] | None = None
    for count, frame in enumerate(frames):
        grey = np.asarray(cv2.cvtColor(frame.small, cv2.COLOR_BGR2GRAY), np.uint8)
        times.append(frame.time)
        stamps.append(stamp_of(frame.small))
        sketch = cv2.resize(grey, (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32)
        shifts.append(_shift(before, sketch))
        before = sketch
        proposals += [t.frame_num for t in proposer.process_frame(_timecode(count), frame.small)]
    if not times:
        raise BadMedia("The file holds no picture.", hint="Send a video that plays in your own player.")
    proposals += [t.frame_num for t in proposer.post_process(_timecode(len(times) - 1))]
    moved = np.array(shifts)
    return Watched(
        times=np.array(times),
        stamps=_crop(np.stack(stamps)),
        shifts=moved[:, :2],
        shift_trust=moved[:, 2],
        proposals=tuple(sorted({p for p in proposals if 0 < p < len(times)})),
    )


def _detector(name: str) -> Any:
    """Make a fresh PySceneDetect detector that reports every cut it sees; the second look thins them out."""
    from scenedetect import detectors

    kinds = {
        "adaptive": detectors.AdaptiveDetector,
        "content": detectors.ContentDetector,
        "threshold": detectors.ThresholdDetector,
        "histogram": detectors.HistogramDetector,
        "hash": detectors.HashDetector,
    }
    if name not in kinds:
        raise Refused(f"There is no scene detector named {name!r}.", hint=f"Known: {', '.join(kinds)}.")
    return kinds[name](min_scene_len=1)


def _timecode(count: int) -> Any:
    """Number a frame for PySceneDetect; the rate is a formality, times are taken from the frames themselves."""
    from scenedetect import FrameTimecode

    return FrameTimecode(count, fps=25.0)


_WINDOW = np.asarray(cv2.createHanningWindow((64, 64), cv2.CV_32F), np.float32)


def _shift(before: NDArray[np.float32] | None, now: NDArray[np.float32]) -> tuple[float, float, float]:
    """Return how far the picture moved (widths, heights) and how sure that is, by phase correlation."""
    if before is None:
        return 0.0, 0.0, 0.0
    (right, down), trust = cv2.phaseCorrelate(before, now, _WINDOW)
    return right / 64, down / 64, float(np.clip(trust, 0.0, 1.0))


def _crop(stamps: Bytes) -> Bytes:
    """Cut away the bars at the edges that stay black through the whole clip."""
    brightest = stamps[..., 0].max(axis=0)
    rows = np.flatnonzero(brightest.max(axis=1) > BAR_LUMA)
    columns = np.flatnonzero(brightest.max(axis=0) > BAR_LUMA)
    height, width = brightest.shape
    if len(rows) and rows[-1] - rows[0] + 1 >= MIN_CROP * height:
        stamps = stamps[:, rows[0] : rows[-1] + 1]
    if len(columns) and columns[-1] - columns[0] + 1 >= MIN_CROP * width:
        stamps = stamps[:, :, columns[0] : columns[-1] + 1]
    return np.ascontiguousarray(stamps)
