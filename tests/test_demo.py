"""The reel that the project draws: six scenes that look different, and a silent film of them."""

from __future__ import annotations

import re
import subprocess
from itertools import combinations, pairwise
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from bot import demo

SHORT = 14  # frames of each scene, where a test draws all of them


def first_frames(scene: demo.Scene, frames: int, seed: int = 1) -> list[np.ndarray]:
    return list(scene(frames, np.random.default_rng([seed, 0])))


def decode(path: Path, size: tuple[int, int]) -> np.ndarray:
    """Return all frames of a film, shrunk, as floats of shape (frames, high, wide, 3)."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", path, "-vf", f"scale={size[0]}:{size[1]}"]
    done = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, size[1], size[0], 3).astype(float)


@pytest.mark.parametrize("scene", [scene for scene, _ in demo.SCENES], ids=lambda scene: scene.__name__)
def test_a_scene_moves_and_fills_the_picture(scene: demo.Scene) -> None:
    frames = first_frames(scene, 8)
    assert len(frames) == 8
    assert all(frame.shape == (demo.HEIGHT, demo.WIDTH, 3) and frame.dtype == np.uint8 for frame in frames)
    assert np.abs(frames[0].astype(int) - frames[-1]).mean() > 0.3
    assert frames[0].std() > 10


def test_the_same_seed_draws_the_same_scene_and_another_one_does_not() -> None:
    one, again, other = (first_frames(demo.city, 2, seed)[1] for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_the_scenes_look_different() -> None:
    looks = [first_frames(scene, 4)[2][::8, ::8].astype(float) for scene, _ in demo.SCENES]
    for one, other in combinations(looks, 2):
        assert np.abs(one - other).mean() > 25


def test_the_reel_is_long_enough_to_tell_something() -> None:
    drawn = demo.contents()
    assert [scene.name for scene in drawn] == ["dawn", "city", "tunnel", "storm", "sea", "party"]
    assert [scene.entry for scene in drawn] == ["start", "dissolve", "cut", "cut", "cut", "cut"]
    assert all(one.end == other.start for one, other in pairwise(drawn))
    assert 16 <= drawn[-1].end / demo.RATE <= 20


def test_the_film_is_silent_and_cuts_where_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "SCENES", tuple((scene, SHORT) for scene, _ in demo.SCENES))
    to = tmp_path / "a folder" / "reel.mp4"
    drawn = demo.draw_reel(to)
    assert [path.name for path in to.parent.iterdir()] == ["reel.mp4"]
    said = subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-i", to], capture_output=True, text=True).stderr
    assert re.search(r"Video: h264 .*yuv420p.* 1280x720.* 24 fps", said)
    assert "Audio" not in said
    frames = decode(to, (64, 36))
    assert len(frames) == 6 * SHORT
    change = np.abs(np.diff(frames, axis=0)).mean((1, 2, 3))
    cuts = [scene.start for scene in drawn if scene.entry == "cut"]
    for cut in cuts:
        assert change[cut - 1] > 25, "the picture is another one from this very frame on"
    dissolve = slice(SHORT - demo.DISSOLVE // 2, SHORT + demo.DISSOLVE // 2)
    assert change[dissolve].max() < change[cuts[0] - 1] / 2
    assert frames[-1].max() < 24  # black, but for the grain
