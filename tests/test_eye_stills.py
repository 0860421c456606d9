"""Which stills a model is shown, and how."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.errors import BadMedia
from pipeline.eye.stills import grey_card, is_empty, normalise, read_frames, read_still

Picture = NDArray[np.uint8]


def jpeg(picture: Picture) -> bytes:
    return bytes(cv2.imencode(".jpg", picture)[1])


def plain(level: int, *, grain: int = 0) -> Picture:
    noise = np.random.default_rng(1).integers(-grain, grain + 1, (180, 320, 3))
    return np.asarray(np.clip(level + noise, 0, 255), np.uint8)


def blocks(seed: int) -> Picture:
    small = np.random.default_rng(seed).integers(0, 256, (9, 16, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(small, (320, 180)), np.uint8)


def test_a_small_light_in_the_dark_is_something_and_noise_is_nothing() -> None:
    night = plain(2)
    assert is_empty(night)
    assert is_empty(plain(12, grain=12))
    cv2.circle(night, (200, 60), 4, (80, 200, 255), -1)
    assert not is_empty(night)


def test_empty_sunk_and_repeated_stills_are_left_out() -> None:
    first, second = blocks(1), blocks(2)
    fading = np.asarray(first * 0.2, np.uint8)
    again = np.asarray(np.clip(first.astype(int) + 1, 0, 255), np.uint8)
    stills = [[jpeg(first), jpeg(again), jpeg(fading)], [jpeg(plain(0))], [], [jpeg(second), jpeg(first)]]
    frames = read_frames(stills, side=32, squeezed=True)
    assert frames.of_scenes == ((0,), (), (), (1, 0))
    assert frames.pixels.shape == (2, 32, 32, 3)


def test_a_clip_of_nothing_has_no_frames() -> None:
    frames = read_frames([[], [jpeg(plain(200))]], side=24, squeezed=False)
    assert frames.of_scenes == ((), ())
    assert frames.pixels.shape == (0, 24, 24, 3)


def test_a_still_is_squeezed_or_its_middle_is_taken_in_red_green_blue() -> None:
    picture = np.zeros((90, 160, 3), np.uint8)
    picture[:, :35] = (255, 0, 0)  # blue, as OpenCV orders it
    picture[:, 35:] = (0, 0, 255)
    squeezed, middle = (read_still(jpeg(picture), side=30, squeezed=whole)[15] for whole in (True, False))
    assert squeezed[2].tolist() == pytest.approx([0, 0, 255], abs=12)
    assert middle[4].tolist() == pytest.approx([255, 0, 0], abs=12)


def test_what_is_no_picture_is_told() -> None:
    for junk in (b"", b"no picture"):
        with pytest.raises(BadMedia):
            read_still(junk, side=8, squeezed=True)


def test_light_is_counted_in_deviations_from_the_mean() -> None:
    shown = normalise(grey_card(4), (128 / 255, 0.0, 0.0), (1.0, 0.5, 0.25))
    assert shown.shape == (1, 3, 4, 4)
    assert shown[0, :, 0, 0].tolist() == pytest.approx([0, 2 * 128 / 255, 4 * 128 / 255], abs=1e-6)
    assert shown.dtype == np.float32
