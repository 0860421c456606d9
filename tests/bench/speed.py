"""What a score costs: the whole `reelscore score` of a 60 s 1080p clip, against a plain decode and the naive way.

    python -m tests.bench.speed [CLIP]

All variants run in one go, as whole processes, taking turns; the ratios are the result. The naive way is what such a
bot is usually made of: PySceneDetect's own pass over the file, one JPEG a second on disk read back with OpenCV, and
MoviePy laying a ready-made music file under the picture by encoding it again. It composes nothing.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import imageio_ffmpeg

from tests.media import MEDIA, ffmpeg

SECONDS = 60

NAIVE = """
import pathlib, subprocess, sys
import cv2, imageio_ffmpeg
from scenedetect import AdaptiveDetector, detect
from moviepy import AudioFileClip, VideoFileClip
clip, music, folder = sys.argv[1:]
print(len(detect(clip, AdaptiveDetector(), start_in_scene=True)), "scenes")
subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", clip, "-vf", "fps=1", "-q:v", "3",
                folder + "/%04d.jpg"], check=True)
frames = [cv2.resize(cv2.imread(str(p)), (384, 384)) for p in sorted(pathlib.Path(folder).glob("*.jpg"))]
print(len(frames), "frames")
film = VideoFileClip(clip).with_audio(AudioFileClip(music))
film.write_videofile(folder + "/film.mp4", codec="libx264", audio_codec="aac", logger=None)
"""


def make_long_clip(to: Path) -> Path:
    """Write 60 s of 1080p at 30 frames a second, from real clips where they lie, else from the reel."""
    sources = [MEDIA / "video" / name for name in ("sintel_trailer_720p.mp4", "bbb_0_30.webm")]
    if not all(source.exists() for source in sources):
        from bot.demo import draw_reel

        sources = [to.with_name("reel.mp4")] * 4
        draw_reel(sources[0])
    inputs = [argument for source in sources for argument in ("-i", str(source))]
    fit = "scale=1920:1080:force_original_aspect_ratio=increase,crop=1920:1080,setsar=1,fps=30"
    chains = [f"[{i}:v]{fit}[v{i}]" for i in range(len(sources))]
    joined = "".join(f"[v{i}]" for i in range(len(sources))) + f"concat=n={len(sources)}:v=1:a=0[v]"
    encode = ("-t", str(SECONDS), "-c:v", "libx264", "-preset", "veryfast", "-crf", "22", "-pix_fmt", "yuv420p")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *inputs]
    graph = ";".join([*chains, joined])
    subprocess.run([*command, "-filter_complex", graph, "-map", "[v]", *encode, str(to)], check=True)
    return to


def cost(run: Callable[[], object]) -> tuple[float, float]:
    """Wall seconds and CPU seconds of the child processes that `run` starts."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run()
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(clip: Path, *, rounds: int, naive: bool) -> dict[str, tuple[float, float]]:
    """Median (wall, CPU) seconds of each way; each round runs them all in turn."""
    times: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        music = Path(scratch) / "music.wav"
        ffmpeg("-f", "lavfi", "-i", f"sine=220:d={SECONDS}", "-ac", "2", music)
        for number in range(rounds):
            place = Path(scratch) / str(number)
            place.mkdir()
            film = place / "film.mp4"
            ways: dict[str, Sequence[str]] = {
                "plain decode": [
                    imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-i", str(clip), "-map", "0:v:0",
                    "-f", "null", "-",
                ],
                "reelscore score": [sys.executable, "-m", "bot.cli", "score", str(clip), "-o", str(film), "--quiet"],
            }  # fmt: skip
            if naive:
                ways["naive way"] = [sys.executable, "-c", NAIVE, str(clip), str(music), str(place)]
            for name, command in ways.items():
                spent = cost(lambda command=command: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))  # type: ignore[misc]
                times.setdefault(name, []).append(spent)
            shutil.rmtree(place)
    return {
        name: (statistics.median(wall for wall, _ in spent), statistics.median(cpu for _, cpu in spent))
        for name, spent in times.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-naive", action="store_true", help="leave out the naive way, which takes minutes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        clip = options.clip or make_long_clip(Path(scratch) / "long.mp4")
        print(f"{os.cpu_count()} cores; {clip.name}, {clip.stat().st_size / 1e6:.1f} MB; median of {options.rounds}")  # noqa: T201
        figures = measure(clip, rounds=options.rounds, naive=not options.no_naive)
    floor_wall, floor_cpu = figures["plain decode"]
    print(f"{'':18} {'wall s':>8} {'CPU s':>8} {'x decode, wall':>15} {'x decode, CPU':>14}")  # noqa: T201
    for name, (wall, cpu) in figures.items():
        print(f"{name:18} {wall:8.2f} {cpu:8.2f} {wall / floor_wall:15.2f} {cpu / floor_cpu:14.2f}")  # noqa: T201


if __name__ == "__main__":
    main()
