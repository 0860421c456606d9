"""Scores found scenes against cut times that were judged by eye, by the rules of the clips' own index.

A cut is right within two frames; a dissolve or a fade is right anywhere inside. Title cards, jumps and doubtful places
count neither way. Every true change can be found once: finding it twice is a false alarm.
"""

from __future__ import annotations

import csv
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

CUT_SLACK = 2  # frames
UNSCORED = ("card", "ambiguous", "jump")


@dataclass(frozen=True)
class TrueChange:
    """One annotated change of scene; frames count from 0 in the order of showing."""

    time: float
    frame: int
    kind: str
    first: int
    last: int

    def holds(self, frame: int) -> bool:
        """Tell whether a change found at this frame is this one."""
        if self.kind in ("dissolve", "fade"):
            return self.first <= frame <= self.last
        if self.last - self.first > CUT_SLACK:  # a cut out of or into a long fade: the cut itself is meant
            return abs(frame - self.frame) <= CUT_SLACK
        return self.first - CUT_SLACK <= frame <= self.last + CUT_SLACK


@dataclass(frozen=True)
class Tally:
    """How many changes were found, invented and missed."""

    hits: int = 0
    false_alarms: int = 0
    missed: int = 0
    wrong: tuple[str, ...] = ()  #: what went wrong, in words

    @property
    def f1(self) -> float:
        right = 2 * self.hits
        whole = right + self.false_alarms + self.missed
        return right / whole if whole else 1.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.hits + other.hits,
            self.false_alarms + other.false_alarms,
            self.missed + other.missed,
            self.wrong + other.wrong,
        )


def read_truth(path: Path) -> list[TrueChange]:
    """Read `cuts/<clip>.csv`."""
    with path.open(newline="") as lines:
        return [
            TrueChange(float(r["time_s"]), int(r["frame"]), r["kind"], int(r["start_frame"]), int(r["end_frame"]))
            for r in csv.DictReader(lines)
        ]


def score_changes(found: Sequence[float], truth: Sequence[TrueChange], times: NDArray[np.float64]) -> Tally:
    """Compare found entry times (seconds) with the truth; `times` are the clip's own frame times."""
    open_changes = [change for change in truth if change.kind not in UNSCORED]
    unscored = [change for change in truth if change.kind in UNSCORED]
    hits, wrong = 0, []
    for seconds in sorted(found):
        frame = int(np.abs(times - seconds).argmin())
        match = next((change for change in open_changes if change.holds(frame)), None)
        if match:
            open_changes.remove(match)
            hits += 1
        elif not any(change.first - CUT_SLACK <= frame <= change.last + CUT_SLACK for change in unscored):
            wrong.append(f"false alarm at frame {frame} ({seconds:.2f} s)")
    alarms = len(wrong)
    wrong += [f"missed {change.kind} at frame {change.frame} ({change.time:.2f} s)" for change in open_changes]
    return Tally(hits, alarms, len(open_changes), tuple(wrong))


@dataclass(frozen=True)
class SmallFrame:
    """A frame as the clip's decoder yields it."""

    index: int
    time: float
    small: NDArray[np.uint8]


def read_small_frames(path: Path, *, height: int = 144) -> Iterator[SmallFrame]:
    """Decode a clip of ours straight through ffmpeg, without the copies and stills that a job keeps."""
    with tempfile.NamedTemporaryFile("r") as stats:
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "quiet", "-nostdin", "-y", "-i", str(path), "-map", "0:v:0"]
        timing = ["-fps_mode", "passthrough", "-stats_enc_pre:v", stats.name, "-stats_enc_pre_fmt:v", "{t}"]
        picture = ["-vf", f"scale=-2:{height}:flags=area", "-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "-"]
        decoded = subprocess.run([*command, *timing, *picture], capture_output=True, check=True, timeout=120).stdout
        times = [float(line) for line in stats]
    header = re.match(rb"P6\n(\d+) (\d+)\n255\n", decoded)
    assert header
    width, height = int(header[1]), int(header[2])
    frames = np.frombuffer(decoded, np.uint8).reshape(len(times), -1)[:, header.end() :]
    for index, (time, frame) in enumerate(zip(times, frames, strict=True)):
        small = np.ascontiguousarray(frame.reshape(height, width, 3)[..., ::-1])
        yield SmallFrame(index, time - times[0], small)
