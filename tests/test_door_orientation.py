"""Display matrices, by ffmpeg's own reading of them."""

from __future__ import annotations

import pytest

from pipeline.door.orientation import Orientation, orient

ONE = 1 << 16
LAST = (0, 0, 1 << 30)


@pytest.mark.parametrize(
    ("matrix", "filters", "mirrored"),
    [
        ((ONE, 0, 0, 0, ONE, 0, *LAST), (), False),
        ((0, ONE, 0, -ONE, 0, 0, *LAST), ("transpose=clock",), False),  # a phone held upright
        ((-ONE, 0, 0, 0, -ONE, 0, *LAST), ("hflip", "vflip"), False),
        ((0, -ONE, 0, ONE, 0, 0, *LAST), ("transpose=cclock",), False),
        ((-ONE, 0, 0, 0, ONE, 0, *LAST), ("hflip",), True),
        ((ONE, 0, 0, 0, -ONE, 0, *LAST), ("vflip",), True),
        ((0, ONE, 0, ONE, 0, 0, *LAST), ("transpose=cclock_flip",), True),
        ((0, -ONE, 0, -ONE, 0, 0, *LAST), ("transpose=clock_flip",), True),
        ((0, 0, 0, 0, 0, 0, *LAST), (), False),
    ],
)
def test_each_matrix_has_its_turn(matrix: tuple[int, ...], filters: tuple[str, ...], mirrored: bool) -> None:
    found = orient(matrix)
    assert found == Orientation(filters, mirrored)
    assert found.on_its_side is any("transpose" in name for name in filters)
