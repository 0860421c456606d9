"""What was bought for one film is taken over by the next with all that was known of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipeline import backends
from pipeline.checkpoint import Checkpoints
from pipeline.pictures import Piece, picture_mark
from pipeline.portfolio import adopt, keep_portfolio
from tests.shoots import blobs, make_board, put

SIZE = (96, 64)


def test_what_drifts_drifts_in_the_next_film_too(tmp_path: Path) -> None:
    board = make_board([0, 2])
    earlier, later = tmp_path / "earlier", tmp_path / "later"
    for folder in (earlier, later):
        folder.mkdir()
    name = board.pictures[0].name
    painting = put(earlier, name, blobs(SIZE, 1), blobs(SIZE, 2), drifts={1: (0.25, -0.5)})
    painting = replace(painting, illustrator="painted", cost_usd=0.1)
    keep_portfolio(board, {name: painting}, {name: painting}, size=SIZE, folder=earlier)
    illustrator, checkpoints = backends.illustrator(), Checkpoints(later / "checkpoints")
    how = {"size": SIZE, "illustrator": illustrator, "animator": backends.animator()}
    taken = adopt(earlier, board, folder=later, checkpoints=checkpoints, **how)  # type: ignore[arg-type]
    assert taken == 1
    mark = picture_mark(board.pictures[0], board.style, SIZE, "painted", later / "pictures", checkpoints)
    kept = mark.checkpoints.kept(mark.name, Piece)
    assert kept is not None
    assert kept.painting is not None
    assert [layer.drift for layer in kept.painting.layers] == [(0.0, 0.0), (0.25, -0.5)]
    assert [layer.depth for layer in kept.painting.layers] == [layer.depth for layer in painting.layers]
