"""The embedded illustrator writes a painting's layers as files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline import backends
from pipeline.errors import Cancelled
from pipeline.painter import Canvas
from pipeline.storyboard import Picture, StyleSheet

SIZE = (96, 120)
PICTURE = Picture("p01", "mountains at dusk", "mountains", hour="dusk", seed=7)


def quiet(stage: str, done: float, total: float) -> None:
    assert 0 <= done <= total


def read(file: Path) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(file.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)


def test_it_is_found_by_name_and_free() -> None:
    painter = backends.illustrator("painted")
    assert (painter.name, painter.price_usd, painter.at_once) == ("painted", 0.0, 2)
    assert "no restrictions" in painter.licence


def test_layers_are_png_files_of_the_canvas(tmp_path: Path) -> None:
    painting = backends.illustrator("painted").draw(PICTURE, StyleSheet(""), size=SIZE, to=tmp_path, report=quiet)
    canvas = Canvas.of(SIZE)
    channels = []
    for layer in painting.layers:
        assert layer.file.parent == tmp_path
        assert layer.file.read_bytes().startswith(b"\x89PNG")
        pixels = read(layer.file)
        assert pixels.dtype == np.uint8
        assert pixels.shape[:2] == (canvas.height, canvas.width)
        channels.append(pixels.shape[2])
    assert channels == [3] + [4] * (len(channels) - 1)
    assert painting.illustrator == "painted"
    assert painting.cost_usd == 0.0


def test_the_same_picture_gives_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        painting = backends.illustrator("painted").draw(
            PICTURE, StyleSheet(""), size=SIZE, to=tmp_path / name, report=quiet
        )
        written.append([layer.file.read_bytes() for layer in painting.layers])
    assert written[0] == written[1]


def test_edges_blend_from_their_own_colour(tmp_path: Path) -> None:
    """Around what is seen there is no black: a scaled layer gets no dark rim."""
    painting = backends.illustrator("painted").draw(PICTURE, StyleSheet(""), size=SIZE, to=tmp_path, report=quiet)
    pixels = read(painting.layers[1].file)
    seen = (pixels[..., 3] > 0).astype(np.uint8)
    ring = cv2.dilate(seen, np.ones((3, 3), np.uint8)) - seen
    assert ring.any()
    assert pixels[ring == 1][:, :3].max(axis=1).min() > 0


def test_it_can_be_stopped(tmp_path: Path) -> None:
    def stop(stage: str, done: float, total: float) -> None:
        if done > 0.5:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        backends.illustrator("painted").draw(PICTURE, StyleSheet(""), size=SIZE, to=tmp_path, report=stop)
