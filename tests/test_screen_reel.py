"""Clips in their place: every frame at its time, forwards and backwards, as MoviePy loops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.screen.planes import Frame
from pipeline.screen.reel import Reel
from pipeline.storyboard import Loop
from tests.shoots import number_clip

SIZE = (32, 24)
FRAMES, RATE = 31, 12


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return number_clip(tmp_path_factory.mktemp("reel") / "clip.mp4", frames=FRAMES, rate=RATE).file


def shown(clip: Path, place: Path, *, loop: Loop, times: list[float]) -> list[int]:
    """The numbers of the clip's frames that are seen at those times."""
    frame, numbers = Frame(SIZE), []
    with Reel(clip, size=SIZE, loop=loop, place=place) as reel:
        for time in times:
            reel.show(time, frame)
            numbers.append(round((float(frame.luma.mean()) - 20) / 6))
            assert frame.luma.std() < 1
            assert numbers[-1] == reel.index(time)
    return numbers


def moviepy_frames(length: float, rate: int, loop: Loop, times: list[float]) -> list[int]:
    """What MoviePy shows: a clip whose frames are their own numbers."""
    moviepy = pytest.importorskip("moviepy")
    count = round(length * rate)

    def frame_at(time: float) -> np.ndarray:
        return np.full((1, 1, 3), min(count - 1, max(0, int(rate * time + 0.00001))), np.uint8)

    source = moviepy.VideoClip(frame_at, duration=length).with_fps(rate)
    if loop == "there-and-back":
        source = source.with_effects([moviepy.vfx.TimeSymmetrize()])
    looped = source.with_effects([moviepy.vfx.Loop(duration=times[-1] + 1)])
    return [int(looped.get_frame(time)[0, 0, 0]) for time in times]


@pytest.mark.parametrize("loop", ["plain", "there-and-back"])
@pytest.mark.parametrize("film_rate", [12, 30])
def test_it_loops_as_moviepy_does(clip: Path, tmp_path: Path, loop: Loop, film_rate: int) -> None:
    times = [n / film_rate for n in range(int(6.5 * film_rate))]
    ours = shown(clip, tmp_path, loop=loop, times=times)
    theirs = moviepy_frames(FRAMES / RATE, RATE, loop, times)
    seam = {i for i, time in enumerate(times) if min(time % (FRAMES / RATE), -time % (FRAMES / RATE)) < 1e-6}
    assert [number for i, number in enumerate(ours) if i not in seam] == [
        number for i, number in enumerate(theirs) if i not in seam
    ]
    assert max(ours) == FRAMES - 1
    assert min(ours) == 0


def test_there_and_back_has_no_jump_anywhere(clip: Path, tmp_path: Path) -> None:
    numbers = shown(clip, tmp_path, loop="there-and-back", times=[n / RATE for n in range(4 * FRAMES)])
    assert numbers[: 2 * FRAMES] == [*range(FRAMES), *reversed(range(FRAMES))]
    assert max(abs(np.diff(numbers))) == 1


def test_little_is_held_on_the_way_back(clip: Path, tmp_path: Path) -> None:
    frame = Frame(SIZE)
    with Reel(clip, size=SIZE, loop="there-and-back", place=tmp_path) as reel:
        for n in range(3 * FRAMES):
            reel.show(n / RATE, frame)
            assert len(reel._held) <= 12


def test_it_covers_the_film_and_is_cropped_in_the_middle(tmp_path: Path) -> None:
    wide = number_clip(tmp_path / "wide.mp4", frames=3, rate=12, size=(200, 48))
    frame = Frame(SIZE)
    with Reel(wide.file, size=SIZE, loop="plain", place=tmp_path) as reel:
        reel.show(0.0, frame)
    assert abs(frame.luma.astype(int) - 20).max() <= 2


def test_nothing_stays_open(clip: Path, tmp_path: Path) -> None:
    import os

    before = len(os.listdir("/proc/self/fd"))
    with Reel(clip, size=SIZE, loop="plain", place=tmp_path) as reel:
        reel.show(1.0, Frame(SIZE))
    assert len(os.listdir("/proc/self/fd")) == before
