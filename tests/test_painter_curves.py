from __future__ import annotations

import numpy as np
import pytest

from pipeline.painter.curves import Figure, Part, box, curve, limb, oval

SQUARE = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]


def area(outline: np.ndarray) -> float:
    x, y = outline[:, 0], outline[:, 1]
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)


def test_a_curve_goes_through_its_points() -> None:
    line = curve(SQUARE)
    for point in SQUARE:
        assert np.hypot(*(line - point).T).min() < 1e-9


def test_a_point_given_twice_is_a_corner() -> None:
    def sharpest(outline: np.ndarray) -> float:
        steps = np.diff(np.vstack([outline, outline[:2]]), axis=0)
        steps = steps[np.hypot(*steps.T) > 1e-6]
        turn = np.diff(np.unwrap(np.arctan2(steps[:, 1], steps[:, 0])))
        return float(np.abs(turn).max())

    assert sharpest(curve(SQUARE)) < 0.4
    assert sharpest(curve([point for point in SQUARE for _ in range(2)])) > 1.2


def test_a_limb_is_as_wide_as_said() -> None:
    outline = limb([(0.0, 0.0), (0.5, 0.0), (1.0, 0.0)], (0.2, 0.2))
    assert np.ptp(outline[:, 1]) == pytest.approx(0.2, abs=1e-6)
    assert np.ptp(outline[:, 0]) == pytest.approx(1.2, abs=0.02)
    assert area(outline) == pytest.approx(0.2 + np.pi * 0.01, rel=0.05)


def test_an_oval_has_its_area() -> None:
    assert area(oval(1.0, 2.0, 0.5, 0.25, 0.7)) == pytest.approx(np.pi * 0.125, rel=0.02)


def test_a_figure_moves_as_one() -> None:
    figure = Figure((Part(box(0.0, 0.0, 1.0, 2.0)), Part(oval(3.0, 1.0, 0.5, 0.5), "lamp")))
    assert figure.box == pytest.approx((0.0, 3.5, 0.0, 2.0))
    moved = figure.moved(by=(1.0, 1.0), scale=2.0, flip=True)
    assert moved.box == pytest.approx((-6.0, 1.0, 1.0, 5.0))
    assert [part.tone for part in moved.parts] == ["ink", "lamp"]
