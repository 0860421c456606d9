"""Safe areas."""

from __future__ import annotations

import pytest

from pipeline.storyboard import SHAPES, Shape, size_of
from pipeline.titles.safe import safe_area


@pytest.mark.parametrize("shape", SHAPES)
def test_titles_stand_in_the_middle_and_away_from_the_edges(shape: Shape) -> None:
    width, height = size_of(shape, 1080)
    safe = safe_area((width, height))
    assert safe.left == pytest.approx(width - safe.right)
    assert safe.left >= 0.05 * width
    assert safe.top >= 0.05 * height
    assert height - safe.bottom >= 0.05 * height
    assert safe.width > 0.7 * width


def test_the_platforms_rails_stay_free_in_an_upright_film() -> None:
    safe = safe_area((1080, 1920))
    assert 1080 - safe.right >= 120
    assert 1920 - safe.bottom >= 480
    assert safe.top >= 220


def test_an_odd_shape_is_taken_as_the_nearest() -> None:
    assert safe_area((1000, 1010)).top == pytest.approx(0.08 * 1010)
