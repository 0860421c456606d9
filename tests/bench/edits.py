"""What cutting a music video costs: 60 s of 1080p30 with moving layers, transitions, pulses and titles.

    python -m tests.bench.edits

Three ways in one run, as whole processes, taking turns; the ratios are the result: our edit; MoviePy doing the same one
(the same layers and x264 preset, pushes and a crossfade, measured on four seconds and scaled up); and the floor, which
is ready raw frames piped into the same encoder (measured on a fifth, which repeats).
Beside them the same film in the rain: two sheets of it drift before the layers.
Then the peak memory of a 10-minute film against that of a 1-minute one, at a smaller size.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from pipeline.door.ffmpeg import bench
from pipeline.edit import _control, cut_film
from pipeline.painter.canvas import Canvas, Stage
from pipeline.painter.palette import palette
from pipeline.painter.weather import air
from pipeline.pictures import Layer, Painting
from pipeline.screen.planes import Frame
from pipeline.screen.print import print_frames
from pipeline.screen.screening import Screening
from pipeline.storyboard import Chart, Line, Move, Picture, Section, Shot, Storyboard, StyleSheet, Transition, Treatment
from pipeline.track import open_track
from tests.bench.speed import cost
from tests.media import ffmpeg

SECONDS, RATE, SIZE = 60, 30, (1920, 1080)
SHOT_S, READY_S, NAIVE_S = 3.0, 12.0, 4.0
LARGER = 1.2  # a painting has so much more than the frame
LAYERS = 4

NAIVE = """
import sys
from moviepy import AudioFileClip, CompositeVideoClip, ImageClip, TextClip, vfx
folder, layers, font, track, seconds = sys.argv[1:]
size, layers, seconds = (1920, 1080), int(layers), float(seconds)
def moving(picture, start, end):
    sheets = []
    for n in range(layers):
        clip = ImageClip(f"{folder}/{picture}-{n}.png").resized(height=1150).with_duration(end - start)
        faster = 0.7 + 0.6 * n / (layers - 1)
        sheets.append(clip.resized(lambda t, f=faster: (1 + 0.08 * t / 3) ** f).with_position("center"))
    return CompositeVideoClip(sheets, size=size).with_duration(end - start).with_start(start)
title = TextClip(font, "a line that is sung", font_size=64, color="white").with_duration(seconds - 0.5).with_start(0.5)
second = moving("p2", 2.7, seconds).with_effects([vfx.CrossFadeIn(0.6)])
film = CompositeVideoClip([moving("p1", 0, 3.3), second, title.with_position(("center", 900))], size=size)
film = film.with_duration(seconds).with_effects([vfx.FadeIn(0.4)])
film = film.with_audio(AudioFileClip(track).subclipped(0, seconds))
film.write_videofile(
    folder + "/naive.mp4", fps=30, preset="veryfast", codec="libx264", audio_codec="aac", logger=None
)
"""


def paint(folder: Path, name: str, size: tuple[int, int], seed: int) -> Painting:
    """Write a landscape: a sky and hills before each other, with grain enough to give the encoder work."""
    width, height = (round(side * LARGER) for side in size)
    chance, layers = np.random.default_rng(seed), []
    for number in range(LAYERS):
        soft = chance.normal(0, 1, (height // 40 + 2, width // 40 + 2, 3)).astype(np.float32)
        fine = chance.normal(0, 1, (height // 4, width // 4, 3)).astype(np.float32)
        rough = cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC) * 18
        rough += cv2.resize(fine, (width, height), interpolation=cv2.INTER_CUBIC) * 4
        colour = chance.integers(60, 180, 3) * (1 - 0.15 * number)
        image = np.clip(colour + rough + np.linspace(40, -40, height)[:, None, None], 0, 255)
        if number:
            waves = np.sin(np.linspace(0, 6 + number, width) + seed + number)
            ridge = height * (0.3 + 0.17 * number + 0.08 * waves)
            alpha = np.clip(np.arange(height)[:, None] - ridge + 0.5, 0, 1) * 255
            image = np.dstack([image, alpha])
        layers.append(Layer(folder / f"{name}-{number}.png", number / (LAYERS - 1)))
        layers[-1].file.write_bytes(cv2.imencode(".png", image.astype(np.uint8))[1].tobytes())
    return Painting(tuple(layers), "bench", "none")


def rain(folder: Path, size: tuple[int, int]) -> None:
    """Write two sheets of rain, far and near."""
    canvas = Canvas.of(size)
    stage = Stage((0.5, 0.8), 0.2, 0.6, 1, (0.3, 0.4), 0.62)
    picture = Picture("p1", "", "street", weather="rain")
    chance = np.random.default_rng(1)
    colours = palette(picture, StyleSheet(""), chance)
    for number, sheet in enumerate(air(picture, stage, colours, canvas=canvas, rng=chance).before):
        (folder / f"rain-{number}.png").write_bytes(cv2.imencode(".png", sheet.pixels)[1].tobytes())


def plan(seconds: float) -> Storyboard:
    """Return a board that repeats itself every 12 s: four moves, four kinds of transition, a line a shot."""
    moves: Sequence[Move] = ("push", "pan left", "pull", "drift")
    kinds: Sequence[Transition] = ("cut", "crossfade", "whip", "dip")
    shots = tuple(
        Shot(i + 1, i * SHOT_S, (i + 1) * SHOT_S, f"p{i % 4 + 1}", moves[i % 4], 0.6, kinds[i % 4], 0.6 * bool(i % 4))
        for i in range(round(seconds / SHOT_S))
    )
    beats = tuple(np.arange(0, seconds, 0.5).tolist())
    whole = Section("chorus", 0.0, seconds, 0.8, 0)
    chart = Chart(seconds, True, 120.0, beats, beats[::4], (0.0,), None, (0.8,) * int(2 * seconds + 1), (whole,))
    lines = tuple(Line("A line that is sung", shot.start + 0.2, shot.end - 0.2) for shot in shots)
    pictures = tuple(Picture(f"p{i + 1}", "", "mountains") for i in range(4))
    return Storyboard("", "", chart, lines, StyleSheet(""), pictures, shots, Treatment(shape="16:9", frame_rate=RATE))


def cut(folder: Path, seconds: float, size: tuple[int, int], *, wet: bool = False) -> dict[str, float]:
    """Cut a film from what lies in the folder; return its costs, those of this process and of its children."""
    drops = [(0.75, (-0.07, 0.75)), (0.9, (-0.13, 1.4))] if wet else []
    before = tuple(Layer(folder / f"rain-{n}.png", depth, way) for n, (depth, way) in enumerate(drops))
    track = open_track(folder / f"{seconds:.0f}.wav", folder)
    board = plan(seconds)
    board = replace(board, chart=replace(board.chart, duration=track.duration))
    material = {
        f"p{i + 1}": Painting(
            (*(Layer(folder / f"p{i + 1}-{n}.png", n / (LAYERS - 1)) for n in range(LAYERS)), *before), "bench", "none"
        )
        for i in range(4)
    }
    cut_film(board, material, track, to=folder / "film.mp4", size=size, comment="bench", report=lambda *_: None)
    usage = {name: resource.getrusage(who) for name, who in WHO.items()}
    return {name: used.ru_maxrss / 1024 for name, used in usage.items()}


WHO = {"the edit": resource.RUSAGE_SELF, "ffmpeg": resource.RUSAGE_CHILDREN}


def press_ready(folder: Path) -> None:
    """Encode the raw frames that lie in the folder."""
    raw = np.memmap(folder / "ready.yuv", np.uint8, "r").reshape(-1, SIZE[0] * SIZE[1] * 3 // 2)

    def frames():  # type: ignore[no-untyped-def]
        frame = Frame(SIZE)
        for each in raw:
            np.copyto(frame.bytes, each)
            yield frame

    with bench(folder) as place:
        control = _control(RATE, None, 1.0)
        print_frames(frames(), place / "ready.mp4", size=SIZE, rate=RATE, count=len(raw), control=control)


def prepare(folder: Path, size: tuple[int, int], lengths: Sequence[float]) -> dict[str, Painting]:
    for seconds in lengths:
        ffmpeg("-f", "lavfi", "-i", f"sine=220:d={seconds}", "-ac", "2", folder / f"{seconds:.0f}.wav")
    return {f"p{i + 1}": paint(folder, f"p{i + 1}", size, i) for i in range(4)}


def measure(rounds: int, *, naive: bool) -> dict[str, tuple[float, float]]:
    """Median (wall, CPU) seconds of each way for the whole film."""
    times: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        material = prepare(folder, SIZE, [SECONDS])
        rain(folder, SIZE)
        frames = int(READY_S * RATE)
        with (
            Screening(plan(READY_S), material, frames=frames, size=SIZE, place=folder) as screening,
            (folder / "ready.yuv").open("wb") as raw,
        ):
            for frame in screening.frames():
                raw.write(frame.bytes.data)
        font = Path("pipeline/titles/fonts/condensed.ttf").resolve()
        us = [sys.executable, "-m", "tests.bench.edits", "--in", scratch]
        ways: dict[str, tuple[list[str], float]] = {
            "ready frames": ([*us, "--only", "ready"], SECONDS / READY_S),
            "our edit": ([*us, "--only", "cut"], 1.0),
            "in the rain": ([*us, "--only", "rainy"], 1.0),
        }
        if naive:
            command = [sys.executable, "-c", NAIVE, scratch, str(LAYERS), str(font), f"{scratch}/{SECONDS}.wav"]
            command.append(str(NAIVE_S))
            ways["MoviePy"] = (command, SECONDS / NAIVE_S)
        for _ in range(rounds):
            for name, (command, scale) in ways.items():
                wall, cpu = cost(lambda command=command: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))  # type: ignore[misc]
                times.setdefault(name, []).append((wall * scale, cpu * scale))
    return {
        name: (statistics.median(wall for wall, _ in spent), statistics.median(cpu for _, cpu in spent))
        for name, spent in times.items()
    }


def weigh(size: tuple[int, int]) -> dict[float, dict[str, float]]:
    """Peak megabytes of a 1-minute and of a 10-minute film."""
    with tempfile.TemporaryDirectory() as scratch:
        prepare(Path(scratch), size, (60.0, 600.0))
        shape = f"{size[0]}x{size[1]}"
        us = [sys.executable, "-m", "tests.bench.edits", "--in", scratch, "--only", "cut", "--size", shape]
        return {
            seconds: json.loads(
                subprocess.run([*us, "--seconds", str(seconds)], check=True, capture_output=True).stdout
            )
            for seconds in (60.0, 600.0)
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-naive", action="store_true", help="leave out MoviePy, which takes minutes")
    parser.add_argument("--no-weight", action="store_true", help="leave out the 10-minute film")
    parser.add_argument("--size", default="960x540", help="of the films whose memory is measured")
    for inner in ("--in", "--only"):
        parser.add_argument(inner, dest=inner.strip("-") + "_", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    width, height = (int(side) for side in options.size.split("x"))
    if options.only_ == "ready":
        press_ready(Path(options.in_))
    elif options.only_ in ("cut", "rainy"):
        size = (width, height) if "--size" in sys.argv else SIZE
        print(json.dumps(cut(Path(options.in_), options.seconds, size, wet=options.only_ == "rainy")))  # noqa: T201
    else:
        show(measure(options.rounds, naive=not options.no_naive), options.rounds)
        if not options.no_weight:
            for seconds, peaks in weigh((width, height)).items():
                told = ", ".join(f"{name} {peak:.0f} MB" for name, peak in peaks.items())
                print(f"peak of {seconds / 60:.0f} min at {width}x{height}: {told}")  # noqa: T201


def show(figures: dict[str, tuple[float, float]], rounds: int) -> None:
    print(f"{os.cpu_count()} cores; {SECONDS} s of {SIZE[0]}x{SIZE[1]} at {RATE}, {LAYERS} layers; median of {rounds}")  # noqa: T201
    floor_wall, floor_cpu = figures["ready frames"]
    print(f"{'':14} {'wall s':>8} {'CPU s':>8} {'x floor, wall':>14} {'x floor, CPU':>13}")  # noqa: T201
    for name, (wall, cpu) in figures.items():
        print(f"{name:14} {wall:8.1f} {cpu:8.1f} {wall / floor_wall:14.2f} {cpu / floor_cpu:13.2f}")  # noqa: T201


if __name__ == "__main__":
    main()
