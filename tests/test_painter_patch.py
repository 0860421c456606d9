from __future__ import annotations

import numpy as np
import pytest

from pipeline.painter import brush, patch
from pipeline.painter.canvas import Canvas

CANVAS = Canvas(300, 400)
TRIANGLE = np.array([(0.3, 0.3), (0.5, 0.35), (0.4, 0.5)])


def test_a_patch_paints_what_the_whole_canvas_would() -> None:
    spot = patch.around(CANVAS, [TRIANGLE], margin=0.02)
    assert spot is not None
    whole = np.zeros((CANVAS.height, CANVAS.width), np.float32)
    whole[spot.area] = spot.fill([TRIANGLE])
    assert np.abs(whole - brush.fill(CANVAS, [TRIANGLE])).mean() < 5e-4
    assert spot.part.width < 90


def test_sizes_stay_what_they_are_on_the_canvas() -> None:
    spot = patch.near(CANVAS, (0.5, 0.5), 0.05)
    assert spot is not None
    disc = spot.disc((0.5, 0.5), radius=0.05)
    assert disc.sum() == pytest.approx(np.pi * 15**2, rel=0.02)


def test_light_ends_before_its_patch_does() -> None:
    spot = patch.near(CANVAS, (0.4, 0.4), 0.06, squash=2.0)
    assert spot is not None
    halo = spot.halo((0.4, 0.4), radius=0.06, squash=2.0)
    assert halo.max() > 0.8
    assert max(halo[0].max(), halo[-1].max(), halo[:, 0].max(), halo[:, -1].max()) < 0.02


def test_what_lies_outside_has_no_patch() -> None:
    assert patch.around(CANVAS, [TRIANGLE + 2]) is None
    assert patch.near(CANVAS, (-1.0, 0.5), 0.05) is None


def test_laying_over_keeps_straight_alpha() -> None:
    paint, mask = np.zeros((2, 2, 3), np.float32), np.full((2, 2), 0.5, np.float32)
    patch.over(paint, mask, np.ones(3, np.float32), np.full((2, 2), 0.5, np.float32))
    np.testing.assert_allclose(mask, 0.75)
    np.testing.assert_allclose(paint, 2 / 3, rtol=1e-5)
