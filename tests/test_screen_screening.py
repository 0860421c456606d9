"""The frames of a film: cuts where they belong, transitions round them, light over all."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.pictures import MovingPicture, Painting
from pipeline.screen.screening import Screening
from pipeline.screen.takes import count_frames
from pipeline.storyboard import Storyboard
from tests.shoots import blobs, flat, make_board, number_clip, put

SIZE = (64, 48)
NAMES = ("p1", "p2")
DARK, LIGHT = 60, 160  # of the paintings p1 and p2


@pytest.fixture
def material(tmp_path: Path) -> dict[str, Painting | MovingPicture]:
    greys = {"p1": DARK, "p2": LIGHT}
    return {name: put(tmp_path, name, flat((80, 60), (grey,) * 3)) for name, grey in greys.items()}


def lumas(board: Storyboard, material: dict[str, Painting | MovingPicture], place: Path) -> NDArray[np.uint8]:
    """The brightness of every frame: (frames, height, width)."""
    frames = count_frames(board.chart.duration, board.treatment.frame_rate)
    with Screening(board, material, frames=frames, size=SIZE, place=place) as screening:
        return np.array([frame.luma.copy() for frame in screening.frames()])


def means(board: Storyboard, material: dict[str, Painting | MovingPicture], place: Path) -> NDArray[np.float64]:
    return lumas(board, material, place).mean(axis=(1, 2))


def coded(grey: float) -> float:
    return 16 + grey * 219 / 255


def test_cuts_come_on_their_frames(material: dict[str, Painting | MovingPicture], tmp_path: Path) -> None:
    seen = means(make_board([0, 1.01, 1.5, 2.2, 4]), material, tmp_path)
    assert len(seen) == 96
    dark = np.abs(seen - coded(DARK)) < 1
    assert np.flatnonzero(np.diff(dark[12:60].astype(int))).tolist() == [11, 23, 40]


def test_a_crossfade_is_half_way_at_the_cut(material: dict[str, Painting | MovingPicture], tmp_path: Path) -> None:
    board = make_board([0, 1.5, 4], transitions=["crossfade"], transition_s=0.5)
    seen = means(board, material, tmp_path)
    middle = (coded(DARK) + coded(LIGHT)) / 2
    assert seen[35] < middle < seen[36]
    assert seen[35] + seen[36] == pytest.approx(2 * middle, abs=2)
    assert abs(seen[29] - coded(DARK)) < 1
    assert abs(seen[42] - coded(LIGHT)) < 1
    assert (np.diff(seen[30:42]) > 0).all()


@pytest.mark.parametrize("kind", ["whip", "dip"])
def test_other_transitions_leave_the_shots_alone_outside(
    kind: str, material: dict[str, Painting | MovingPicture], tmp_path: Path
) -> None:
    board = make_board([0, 1.5, 4], transitions=[kind], transition_s=0.5)  # type: ignore[list-item]
    seen = means(board, material, tmp_path)
    assert abs(seen[15:30] - coded(DARK)).max() < 1
    assert abs(seen[42:60] - coded(LIGHT)).max() < 1
    assert seen.min() > 17


def test_the_light_pulses_on_loud_downbeats_only(material: dict[str, Painting | MovingPicture], tmp_path: Path) -> None:
    beats = [float(beat) for beat in range(8)]
    board = make_board([0, 8], energy=(0.3, 0.9), downbeats=beats)
    seen = means(board, material, tmp_path)[12:160]
    raised = np.flatnonzero(seen > coded(DARK) + 0.8) + 12
    assert {frame // 24 for frame in raised} == {4, 5, 6}
    assert {frame - frame % 24 for frame in raised} <= {96, 120, 144}
    assert seen.max() < coded(DARK) * 1.05


def test_the_picture_grows_with_a_pulse_by_no_more_than_is_said(tmp_path: Path) -> None:
    dot = flat((160, 120), (20, 20, 20))
    dot[20:100, 40:120] = 200
    board = make_board([0, 8], pictures=["p1"], energy=(0.9,), downbeats=[2.0, 4.0])
    seen = lumas(board, {"p1": put(tmp_path, "p1", dot)}, tmp_path).astype(float)
    dark, light = seen[:, 24, :1], seen[:, 24, 32:33]
    widths = ((seen[:, 24] - dark) / (light - dark)).sum(axis=1)
    assert 1.007 < widths[48] / widths[46] < 1.016
    assert widths[61] == pytest.approx(widths[46], abs=0.1)


def test_it_fades_in(material: dict[str, Painting | MovingPicture], tmp_path: Path) -> None:
    seen = means(make_board([0, 6]), material, tmp_path)
    assert 17 < seen[0] < seen[5] < seen[9] < coded(DARK)
    assert abs(seen[12:] - coded(DARK)).max() < 1


def test_a_move_goes_on_through_a_transition(tmp_path: Path) -> None:
    """No frame of a moving shot differs from its neighbour by more than the others do, also where two are mixed."""
    board = make_board([0, 2, 4], pictures=["p1"], moves=["push"], transitions=["crossfade"], transition_s=1.0)
    seen = lumas(board, {"p1": put(tmp_path, "p1", blobs((80, 60), 7))}, tmp_path).astype(float)
    steps = np.abs(np.diff(seen[12:60], axis=0)).mean(axis=(1, 2))
    assert steps.max() < 4 * np.median(steps)


@pytest.mark.parametrize("loop", ["plain", "there-and-back"])
def test_a_short_clip_is_looped(loop: str, material: dict[str, Painting | MovingPicture], tmp_path: Path) -> None:
    clip = number_clip(tmp_path / "clip.mp4", frames=12, rate=24)
    board = make_board([0, 2, 4], pictures=["p1", "clip"], loop=loop)  # type: ignore[arg-type]
    seen = means(board, {**material, "clip": clip}, tmp_path)[48:66]
    numbers = np.round((seen - 20) / 6).astype(int).tolist()
    turn = list(range(6)) if loop == "plain" else list(reversed(range(6, 12)))
    assert numbers == [*range(12), *turn]


def test_leaving_early_leaves_nothing_open(material: dict[str, Painting | MovingPicture], tmp_path: Path) -> None:
    clip = number_clip(tmp_path / "clip.mp4", frames=12, rate=24)
    board = make_board([0, 1, 2], pictures=["clip", "other"], transitions=["crossfade"], transition_s=1.0)
    before = len(os.listdir("/proc/self/fd"))
    with Screening(board, {"clip": clip, "other": clip}, frames=48, size=SIZE, place=tmp_path) as screening:
        for number, _ in enumerate(screening.frames()):
            if number == 24:
                break
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_same_film_rains_the_same_twice(tmp_path: Path) -> None:
    air = np.zeros((60, 80, 4), np.uint8)
    air[::7, ::5] = 255
    paintings = {name: put(tmp_path, name, flat((80, 60), (9, 9, 9)), air, drifts={1: (0.1, 1.3)}) for name in NAMES}
    board = make_board([0, 1, 2], moves=["push"], transitions=["crossfade"], transition_s=0.4)
    one, again = (lumas(board, dict(paintings), tmp_path) for _ in range(2))
    assert (one == again).all()
    assert all((a != b).any() for a, b in pairwise(one))
