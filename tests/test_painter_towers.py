from __future__ import annotations

import numpy as np
import pytest

from pipeline.painter import towers
from pipeline.painter.canvas import Canvas
from tests import painter_measures as measures

CANVAS = Canvas.of(measures.PREVIEW)


def a_row(seed: int = 1, canvas: Canvas = CANVAS) -> list[towers.Tower]:
    rng = np.random.default_rng(seed)
    return towers.row(rng, canvas, base=0.6, wide=0.08, tall=(0.1, 0.5), peak=0.7, gap=0.3)


def test_a_row_goes_from_edge_to_edge_and_is_highest_at_its_peak() -> None:
    row = a_row()
    assert row[0].left < 0
    assert row[-1].right > 1
    mask = towers.silhouette(CANVAS, row, foot=0.7)
    high = mask.sum(0)
    assert high[round(0.6 * len(high)) : round(0.8 * len(high))].max() > 1.3 * high[: round(0.4 * len(high))].mean()
    assert mask[round(0.62 * CANVAS.height)].mean() > 0.85


def test_windows_cover_their_share_at_every_size() -> None:
    for pixels in (50, 333, 1000):
        at = (np.arange(pixels, dtype=np.float32) + 0.5) / pixels * 20
        assert towers.cover(at, 20 / pixels, 0.6).mean() == pytest.approx(0.6, abs=0.01)
        assert towers.cover(at, 20 / pixels, 0.6).max() <= 1.001


def test_rows_are_the_same_at_every_size() -> None:
    one, two = a_row(3, Canvas.of((270, 480))), a_row(3, Canvas.of((1080, 1920)))
    assert [(round(a.left, 6), round(a.top, 6), a.roof) for a in one] == [
        (round(b.left, 6), round(b.top, 6), b.roof) for b in two
    ]


def test_windows_are_lit_when_it_is_dark() -> None:
    for hour, lit in (("night", True), ("day", False)):
        palette = measures.colours(measures.a_picture(hour=hour))  # type: ignore[arg-type]
        paint = np.full((CANVAS.height, CANVAS.width, 3), 0.3, np.float32)
        lights = towers.faces(
            CANVAS, paint, a_row(), np.random.default_rng(1), palette, pitch=0.012, foot=0.7, sun_side=1.0
        )
        assert bool(lights.max() > 0.5) is lit


def test_beacons_stand_on_masts() -> None:
    row = a_row(2)
    spots = towers.beacons(row, CANVAS)
    masts = [tower for tower in row if tower.roof in ("spire", "dome", "twin")]
    assert len(spots) == len(masts)
    assert all(spot[1] < tower.top for spot, tower in zip(spots, masts, strict=True))
