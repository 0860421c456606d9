"""What a film is cut of, small and made on the spot: paintings, clips, storyboards, tracks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.pictures import Layer, MovingPicture, Painting
from pipeline.screen.planes import Frame
from pipeline.storyboard import (
    Chart,
    Loop,
    Move,
    Pace,
    Picture,
    Section,
    Shot,
    Storyboard,
    StyleSheet,
    Transition,
    Treatment,
)
from pipeline.track import Track, TrackLimits, open_track
from tests.media import ffmpeg

Image = NDArray[np.uint8]


def put(
    folder: Path,
    name: str,
    *images: Image,
    depths: Sequence[float] = (),
    drifts: Mapping[int, tuple[float, float]] = MappingProxyType({}),
) -> Painting:
    """Write layers (BGR, then BGRA) as a painting; `drifts` by the layer's number."""
    layers = []
    for number, image in enumerate(images):
        file = folder / f"{name}-{number}.png"
        file.write_bytes(cv2.imencode(".png", image)[1].tobytes())
        depth = depths[number] if depths else number / max(1, len(images) - 1)
        layers.append(Layer(file, depth, drifts.get(number, (0.0, 0.0))))
    return Painting(tuple(layers), "tests", "none")


def flat(size: tuple[int, int], colour: tuple[int, ...]) -> Image:
    return np.full((size[1], size[0], len(colour)), colour, np.uint8)


def blobs(size: tuple[int, int], seed: int) -> Image:
    """A soft picture in which every place looks different."""
    width, height = size
    noise = np.random.default_rng(seed).integers(0, 255, (6, 8, 3)).astype(np.float32)
    return np.clip(cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)


def number_clip(path: Path, *, frames: int, rate: int, size: tuple[int, int] = (64, 64)) -> MovingPicture:
    """Write a clip whose frame n has the grey 20 + 6 n all over; one keyframe only."""
    grey = "lum='20+6*N':cb=128:cr=128"
    ffmpeg(
        *("-f", "lavfi", "-i", f"color=gray:s={size[0]}x{size[1]}:r={rate},geq={grey}", "-frames:v", str(frames)),
        *("-c:v", "libx264", "-crf", "4", "-g", "250", "-bf", "2", "-pix_fmt", "yuv420p", path),
    )  # fmt: skip
    return MovingPicture(path, "tests", "none")


def make_board(
    cuts: Sequence[float],
    *,
    pictures: Sequence[str] = ("p1", "p2"),
    moves: Sequence[Move] = ("hold",),
    transitions: Sequence[Transition] = ("cut",),
    transition_s: float = 0.0,
    rate: int = 24,
    energy: Sequence[float] = (0.3,),
    downbeats: Sequence[float] = (),
    pace: Pace = "quick",
    loop: Loop = "plain",
    strength: float = 0.5,
) -> Storyboard:
    """Return a board whose shots meet at `cuts`; the other lists are gone through again and again."""
    shots = tuple(
        Shot(
            number + 1, start, end, pictures[number % len(pictures)], moves[number % len(moves)], strength,
            transitions[number % len(transitions)] if number else "cut", transition_s if number else 0.0,
        )
        for number, (start, end) in enumerate(pairwise(cuts))
    )  # fmt: skip
    chart = make_chart(cuts[-1], energy=energy, downbeats=downbeats)
    drawn = tuple(Picture(name, "", "sea") for name in dict.fromkeys(pictures))
    treatment = Treatment(frame_rate=rate, titles="none", pace=pace, loop=loop)  # type: ignore[arg-type]
    return Storyboard("", "", chart, (), StyleSheet(""), drawn, shots, treatment)


def make_chart(duration: float, *, energy: Sequence[float], downbeats: Sequence[float]) -> Chart:
    """Return a chart with one section for each energy, all equally long."""
    many = len(energy)
    edges = [duration * i / many for i in range(many + 1)]
    sections = tuple(Section("verse", *pair, energy[i], i) for i, pair in enumerate(pairwise(edges)))
    points = tuple(energy[min(many - 1, int(i * 0.5 / duration * many))] for i in range(int(duration / 0.5) + 1))
    beats = tuple(sorted({*downbeats, *(beat + 0.5 for beat in downbeats if beat + 0.5 < duration)}))
    rhythmic = bool(downbeats)
    return Chart(duration, rhythmic, 120 if rhythmic else None, beats, tuple(downbeats), (0.0,), None, points, sections)


def make_track(folder: Path, seconds: float) -> Track:
    """Return a quiet tone as a track, opened as every track is."""
    ffmpeg("-f", "lavfi", "-i", f"sine=330:r=44100:d={seconds}", "-af", "volume=0.2", "-ac", "2", folder / "tone.wav")
    place = folder / "opened"
    place.mkdir()
    return open_track(folder / "tone.wav", place, limits=TrackLimits(least_s=0.5))


def to_bgr(frame: Frame) -> Image:
    """Return a frame as a screen shows it (BT.709, limited range)."""
    luma = frame.luma.astype(float) - 16
    u, v = (np.kron(plane.astype(float) - 128, np.ones((2, 2))) for plane in (frame.u, frame.v))
    red, blue = luma / 219 + v / 224 * 1.5748, luma / 219 + u / 224 * 1.8556
    green = (luma / 219 - 0.2126 * red - 0.0722 * blue) / 0.7152
    return (np.clip(np.dstack([blue, green, red]), 0, 1) * 255 + 0.5).astype(np.uint8)


def greys(film: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the brightness of a film's frames, (frames, height, width), as they are coded."""
    raw = film.with_suffix(".raw")
    ffmpeg("-i", film, "-map", "0:v", "-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-f", "rawvideo", raw)
    width, height = size
    return np.fromfile(raw, np.uint8).reshape(-1, height * 3 // 2, width)[:, :height]
