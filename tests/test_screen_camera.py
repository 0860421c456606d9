"""The camera: smooth, small, and never over the edge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.screen.camera import MOST, course, look, room
from pipeline.screen.planes import Frame, Projector, Sheet, mount, read_sheets
from pipeline.screen.pulses import ZOOM
from pipeline.storyboard import MOVES, Move, Shot
from tests.shoots import flat, put

SIZE = (96, 64)


def shot(move: Move, strength: float = 1.0, seconds: float = 3.0, number: int = 1) -> Shot:
    return Shot(number, 0.0, seconds, "p1", move, strength)


def sheets_of(depths: list[float], size: tuple[int, int] = SIZE) -> list[Sheet]:
    nothing = np.zeros((2, 2), np.uint8)
    return [Sheet(depth, size, (0, 0), 0, nothing, (nothing, nothing)) for depth in depths]


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("depths", [[0.0], [0.0, 0.4, 1.0]])
def test_every_layer_moves_one_way_and_without_a_jerk(move: Move, depths: list[float]) -> None:
    way, sheets = course(shot(move)), sheets_of(depths)
    zoom = room(way, sheets, SIZE)
    for layer in range(len(depths)):
        seen = [look(way.at(i / 89), sheets, SIZE, zoom)[layer] for i in range(90)]
        for values in (
            [w.step for w in seen],
            [w.left + w.step * 48 for w in seen],
            [w.top + w.step * 32 for w in seen],
        ):
            steps = np.diff(values)
            assert (steps >= -1e-9).all() or (steps <= 1e-9).all()
            if np.abs(steps).max() > 1e-6:
                assert np.abs(np.diff(steps)).max() < 0.06 * np.abs(steps).max()
                assert np.abs(steps).min() > 0.3 * np.abs(steps).max()  # never stands while it moves


@given(
    move=st.sampled_from(MOVES),
    strength=st.floats(0, 1),
    seconds=st.floats(0.1, 20),
    depths=st.lists(st.floats(0, 1), min_size=1, max_size=4).map(sorted),
    sheet=st.sampled_from([(96, 64), (116, 78), (64, 96), (300, 64)]),
    pulse=st.floats(0, 1),
)
def test_no_layer_shows_its_edge(
    move: Move, strength: float, seconds: float, depths: list[float], sheet: tuple[int, int], pulse: float
) -> None:
    way, sheets = course(shot(move, strength, seconds)), sheets_of(depths, sheet)
    zoom = room(way, sheets, SIZE)
    for share in np.linspace(0, 1, 17):
        for window in look(way.at(float(share)), sheets, SIZE, zoom * (1 + ZOOM * pulse)):
            assert window.left >= 0
            assert window.top >= 0
            assert window.left + window.step * (SIZE[0] - 1) <= sheet[0] - 1
            assert window.top + window.step * (SIZE[1] - 1) <= sheet[1] - 1


def test_a_stronger_move_goes_farther_and_none_too_far() -> None:
    for strength, least, most in ((0.0, 0.049, 0.051), (1.0, 0.119, MOST + 0.001)):
        way = course(shot("push", strength))
        assert least <= way.at(1).zoom / way.at(0).zoom - 1 <= most
        pan = course(shot("pan right", strength))
        assert least <= pan.at(1).x - pan.at(0).x <= most


def test_a_short_shot_does_not_race() -> None:
    assert course(shot("push", 1.0, 0.5)).at(1).zoom <= 1.031


def test_moves_go_where_they_say() -> None:
    ends = {move: (course(shot(move)).at(0), course(shot(move)).at(1)) for move in MOVES}
    assert ends["push"][1].zoom > ends["push"][0].zoom
    assert ends["pull"][1].zoom < ends["pull"][0].zoom
    assert ends["pan left"][1].x < ends["pan left"][0].x
    assert ends["pan right"][1].x > ends["pan right"][0].x
    assert ends["tilt up"][1].y < ends["tilt up"][0].y
    assert ends["tilt down"][1].y > ends["tilt down"][0].y
    assert ends["hold"][0] == ends["hold"][1]


def test_what_is_near_moves_more_than_what_is_far() -> None:
    way, sheets = course(shot("pan right")), sheets_of([0.0, 0.5, 1.0])
    zoom = room(way, sheets, SIZE)
    far, middle, near = (
        look(way.at(1), sheets, SIZE, zoom)[i].left - look(way.at(0), sheets, SIZE, zoom)[i].left for i in range(3)
    )
    assert 0 < far < middle < near < far + 0.1 * SIZE[0]


@pytest.mark.parametrize("move", MOVES)
def test_a_drawn_move_shows_no_edge_and_slides_by_parts_of_a_pixel(move: Move, tmp_path: Path) -> None:
    """A soft dot inside a border of red: the red is never seen, and the dot is where the camera says."""
    width, height = 116, 78
    image = flat((width, height), (0, 0, 255))
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    dot = 200 * np.exp(-((across - 50) ** 2 + (down - 34) ** 2) / 18)
    image[1:-1, 1:-1] = dot[1:-1, 1:-1, None].astype(np.uint8)
    sheets = read_sheets(put(tmp_path, "dot", image), SIZE)
    way, slides = course(shot(move)), [mount(sheet) for sheet in sheets]
    zoom, projector, frame = room(way, sheets, SIZE), Projector(SIZE), Frame(SIZE)
    across, down = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))
    for i in range(60):
        (window,) = look(way.at(i / 59), sheets, SIZE, zoom)
        projector.show(slides, [window], frame)
        assert abs(frame.v.astype(int) - 128).max() <= 2
        light = frame.luma.astype(float) - 16
        assert abs((light * across).sum() / light.sum() - (50 - window.left) / window.step) < 0.05
        assert abs((light * down).sum() / light.sum() - (34 - window.top) / window.step) < 0.05
