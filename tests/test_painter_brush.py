"""Marks: relative to the canvas, clean at their edges, never banded."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.painter import Canvas, brush

CANVAS = Canvas(160, 240)


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def test_noise_is_the_same_at_every_size() -> None:
    small = brush.noise(Canvas(80, 120), rng(), cells=4, octaves=3)
    large = brush.noise(Canvas(320, 480), rng(), cells=4, octaves=3)
    reduced = cv2.resize(large, (80, 120), interpolation=cv2.INTER_AREA)
    assert np.corrcoef(small.ravel(), reduced.ravel())[0, 1] > 0.99
    assert 0.3 < small.mean() < 0.7


def test_endless_noise_has_no_seam_where_it_repeats() -> None:
    u = np.linspace(58, 68, 400, dtype=np.float32)[None, :]
    value = brush.plane(rng(), u, np.full_like(u, 3.3), octaves=1)
    assert np.abs(np.diff(value)).max() < 0.08


@pytest.mark.parametrize("radius", [0.01, 0.2])
def test_a_disc_covers_its_area(radius: float) -> None:
    mask = brush.disc(CANVAS, (0.5, 0.5), radius=radius)
    assert mask.sum() == pytest.approx(np.pi * (radius * CANVAS.short) ** 2, rel=0.05)


def test_a_polygon_covers_its_area_with_soft_edges() -> None:
    triangle = np.array([[0.2, 0.2], [0.8, 0.25], [0.5, 0.8]])
    mask = brush.fill(CANVAS, [triangle])
    assert mask.sum() == pytest.approx(_area(triangle) * CANVAS.width * CANVAS.height, rel=0.03)
    assert ((mask > 0.05) & (mask < 0.95)).any()


def _area(points: np.ndarray) -> float:
    x, y = points[:, 0], points[:, 1]
    return 0.5 * abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1)))


def test_below_a_line_is_below() -> None:
    mask = brush.below(CANVAS, np.full(CANVAS.width, 0.25, np.float32))
    assert mask.mean() == pytest.approx(0.75, abs=0.005)
    assert mask[0].max() == 0
    assert mask[-1].min() == 1


def test_a_sheet_keeps_the_mean_of_what_eight_bits_cannot_say() -> None:
    value = 100.4 / 255
    sheet = brush.sheet(brush.flat(CANVAS, np.full(3, value, np.float32)), None, depth=0.0, grain=0.5)
    assert sheet.pixels[..., :3].mean() == pytest.approx(100.4, abs=0.05)
    assert set(np.unique(sheet.pixels[..., :3])) == {100, 101}
    assert sheet.pixels[..., 3].min() == 255


def test_light_never_burns_out_and_shade_never_goes_below_black() -> None:
    paint = brush.flat(CANVAS, np.full(3, 0.6, np.float32))
    everywhere = np.ones((CANVAS.height, CANVAS.width), np.float32)
    for _ in range(5):
        brush.shine(paint, np.full(3, 0.9, np.float32), everywhere)
    assert paint.max() <= 1
    brush.darken(paint, everywhere, 1.0)
    assert paint.min() >= 0


def test_paint_is_laid_only_where_the_mask_is() -> None:
    paint = brush.flat(CANVAS, np.zeros(3, np.float32))
    mask = brush.disc(CANVAS, (0.5, 0.5), radius=0.2)
    brush.lay(paint, np.ones(3, np.float32), mask)
    assert np.allclose(paint[..., 0], mask, atol=1e-6)


def test_dots_carry_their_light_at_any_size() -> None:
    spots = np.array([[0.3, 0.3, 0.0015, 1.0], [0.6, 0.6, 0.02, 1.0]])
    mask = brush.dots(CANVAS, spots)
    assert mask[72, 48] > 0
    assert mask.max() == pytest.approx(1.0)


def test_a_gradient_goes_from_stop_to_stop() -> None:
    field = np.linspace(0, 1, 50, dtype=np.float32)[None, :]
    black, white = np.zeros(3, np.float32), np.ones(3, np.float32)
    paint = brush.gradient(field, [(0.0, black), (1.0, white)])
    assert (np.diff(paint[0, :, 0]) >= 0).all()
    assert paint[0, 0, 0] == 0
    assert paint[0, -1, 0] == pytest.approx(1, abs=1e-3)
