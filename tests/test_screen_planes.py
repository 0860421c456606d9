"""Planes: the right colours, layers over each other, and what is left out is not missed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.errors import BadMedia
from pipeline.pictures import Layer, Painting
from pipeline.screen.camera import Pose, look
from pipeline.screen.planes import SHEETS_MOST, Frame, Projector, brighten, dim, drifted, enlarge, mount, read_sheets
from tests.media import ffmpeg
from tests.shoots import blobs, flat, put, to_bgr

SIZE = (96, 64)
LARGE = (116, 78)


def shown(painting: Painting, pose: Pose | None = None, zoom: float = 1.0) -> Frame:
    sheets, frame = read_sheets(painting, SIZE), Frame(SIZE)
    frame.bytes[:] = 77
    Projector(SIZE).show([mount(sheet) for sheet in sheets], look(pose or Pose(), sheets, SIZE, zoom), frame)
    return frame


def half(size: tuple[int, int], colour: tuple[int, int, int], from_row: int) -> np.ndarray:
    """A layer that is there from a row on downwards, and half there just above it."""
    layer = np.zeros((size[1], size[0], 4), np.uint8)
    layer[from_row:] = (*colour, 255)
    layer[from_row - 6 : from_row] = (*colour, 128)
    return layer


@pytest.mark.parametrize("colour", [(0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 255), (0, 0, 0), (40, 90, 200)])
def test_colours_are_bt709_in_limited_range(colour: tuple[int, int, int], tmp_path: Path) -> None:
    frame = shown(put(tmp_path, "flat", flat(LARGE, colour)))
    assert abs(to_bgr(frame).astype(int) - colour).max() <= 3
    assert 16 <= frame.luma.min() <= frame.luma.max() <= 235


def test_ffmpeg_agrees_about_the_colours(tmp_path: Path) -> None:
    """The same picture through zscale, which knows where colour samples lie."""
    picture = cv2.resize(blobs((48, 32), 3), (192, 128), interpolation=cv2.INTER_CUBIC)
    (tmp_path / "in.bgr").write_bytes(picture.tobytes())
    ffmpeg(
        *("-f", "rawvideo", "-pix_fmt", "bgr24", "-s", "192x128", "-i", tmp_path / "in.bgr", "-vf"),
        "zscale=m=709:min=gbr:r=limited:rin=full:c=left,format=yuv420p",
        *("-f", "rawvideo", tmp_path / "out.yuv"),
    )
    sheet = read_sheets(put(tmp_path, "soft", picture), (168, 112))[0]
    theirs = np.fromfile(tmp_path / "out.yuv", np.uint8).astype(int)
    assert abs(sheet.luma.ravel() - theirs[: 192 * 128]).max() <= 1
    u, v = theirs[192 * 128 :].reshape(2, 64, 96)[:, 2:-2, 2:-2]
    assert abs(sheet.chroma[0][2:-2, 2:-2] - u).max() <= 2
    assert abs(sheet.chroma[1][2:-2, 2:-2] - v).max() <= 2


@pytest.mark.parametrize("pose", [Pose(), Pose(1.07, 0.02, -0.03)])
def test_layers_lie_over_each_other_as_alpha_says(pose: Pose, tmp_path: Path) -> None:
    back = blobs(LARGE, 1)
    layers = [half(LARGE, (30, 160, 90), 30), half(LARGE, (200, 40, 60), 55)]
    one = shown(put(tmp_path, "layers", back, *layers, depths=(0.5, 0.5, 0.5)), pose, 1.1)
    whole = back.astype(float)
    for layer in layers:
        alpha = layer[:, :, 3:] / 255
        whole = whole * (1 - alpha) + layer[:, :, :3] * alpha
    other = shown(put(tmp_path, "whole", (whole + 0.5).astype(np.uint8)), pose, 1.1)
    for a, b in zip(one.planes, other.planes, strict=True):
        assert abs(a.astype(int) - b).max() <= 4
        assert abs(a.astype(int) - b).mean() < 0.8


def test_what_stands_behind_something_solid_is_not_drawn_and_not_missed(tmp_path: Path) -> None:
    """The picture behind is a trap below: any row of it that should be seen is, and no other matters."""
    back, front = blobs(LARGE, 2), half(LARGE, (90, 90, 90), 40)
    spoilt = back.copy()
    spoilt[48:] = 255
    one = shown(put(tmp_path, "one", back, front), Pose(1.05), 1.1)
    other = shown(put(tmp_path, "other", spoilt, front), Pose(1.05), 1.1)
    assert (one.bytes == other.bytes).all()


def test_a_small_thing_is_drawn_where_it_is(tmp_path: Path) -> None:
    thing = np.zeros((LARGE[1], LARGE[0], 4), np.uint8)
    thing[30:50, 60:90] = (255, 255, 255, 255)
    sheets = read_sheets(put(tmp_path, "thing", flat(LARGE, (0, 0, 0)), thing), SIZE)
    assert sheets[1].luma.shape[0] <= 26
    slides, frame = [mount(sheet) for sheet in sheets], Frame(SIZE)
    for x, seen in ((-0.5, False), (-0.3, True), (0.0, True), (0.5, True), (0.7, False)):  # it leaves on either side
        Projector(SIZE).show(slides, look(Pose(1, x, 0), sheets, SIZE, 1.2), frame)
        assert frame.luma.min() == 16
        assert (frame.luma.max() == 235) == seen


def test_a_layer_of_nothing_changes_nothing(tmp_path: Path) -> None:
    back, nothing = blobs(LARGE, 4), np.zeros((LARGE[1], LARGE[0], 4), np.uint8)
    assert (shown(put(tmp_path, "a", back, nothing)).bytes == shown(put(tmp_path, "b", back)).bytes).all()


def test_many_layers_become_few(tmp_path: Path) -> None:
    layers = [half(LARGE, (20 * i, 255 - 20 * i, 90), 12 * i) for i in range(1, 6)]
    painting = put(tmp_path, "many", blobs(LARGE, 5), *layers)
    sheets = read_sheets(painting, SIZE)
    assert len(sheets) == SHEETS_MOST
    assert [sheet.through is None for sheet in sheets] == [True, False, False, False]
    assert sorted(sheet.depth for sheet in sheets) == [sheet.depth for sheet in sheets]
    bottom = to_bgr(shown(painting))[-4:].astype(int)
    assert abs(bottom - (100, 155, 90)).max() <= 4


@pytest.mark.parametrize("size", [(96, 64), (480, 320), (97, 65), (300, 64), (40, 30)])
def test_any_picture_covers_the_film_with_room(size: tuple[int, int], tmp_path: Path) -> None:
    sheet = read_sheets(put(tmp_path, "any", flat(size, (200, 200, 200))), SIZE)[0]
    assert 1.04 <= min(sheet.size[0] / SIZE[0], sheet.size[1] / SIZE[1]) <= 1.35
    assert sheet.size[0] % 2 == sheet.size[1] % 2 == 0


def test_what_is_no_picture_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"nothing")
    with pytest.raises(BadMedia):
        read_sheets(Painting((Layer(tmp_path / "x.png", 0.0),), "tests", "none"), SIZE)


def test_light_goes_up_and_down(tmp_path: Path) -> None:
    frame = shown(put(tmp_path, "x", blobs(LARGE, 6)))
    luma = frame.luma.astype(float)
    brighten(frame, 0.04)
    assert abs(frame.luma - np.minimum(235, 16 + (luma - 16) * 1.04)).max() <= 1
    dim(frame, 0.0)
    assert (frame.luma == 16).all()
    assert (frame.u == 128).all()


def test_a_pulse_enlarges_about_the_middle() -> None:
    frame, to = Frame(SIZE), Frame(SIZE)
    frame.luma[:], frame.u[:], frame.v[:] = 16, 128, 128
    frame.luma[22:42, 38:58] = 235
    enlarge(frame, to, 1.3)
    rows, columns = np.nonzero(to.luma > 125)
    assert abs(rows.mean() - 31.5) < 0.3
    assert abs(columns.mean() - 47.5) < 0.3
    assert 25 <= np.ptp(rows) + 1 <= 27


# ---- what drifts ----


def air(size: tuple[int, int] = LARGE, seed: int = 8) -> np.ndarray:
    """A soft sheet that goes on at its other side: sums of whole waves."""
    x = np.arange(size[0])[None, :] / size[0] * 2 * np.pi
    y = np.arange(size[1])[:, None] / size[1] * 2 * np.pi
    phases = np.random.default_rng(seed).uniform(0, 6, 3)
    waves = np.sin(2 * x + y + phases[0]) + np.sin(x - 2 * y + phases[1]) + np.sin(3 * x + phases[2])
    return np.dstack([np.full((size[1], size[0], 3), (250, 240, 230)), 90 + 25 * waves]).astype(np.uint8)


def wafting(folder: Path, drift: tuple[float, float], seconds: float, pose: Pose | None = None) -> Frame:
    painting = put(folder, "air", flat(LARGE, (40, 30, 20)), air(), drifts={1: drift})
    sheets, frame = read_sheets(painting, SIZE), Frame(SIZE)
    views = look(pose or Pose(), sheets, SIZE, 1.05)
    windows = [drifted(view, sheet, seconds) for view, sheet in zip(views, sheets, strict=True)]
    Projector(SIZE).show([mount(sheet) for sheet in sheets], windows, frame)
    return frame


@pytest.mark.parametrize("drift", [(0.0, 0.5), (-0.25, 0.0), (0.5, -1.5), (0.1, 0.3)])
@pytest.mark.parametrize("pose", [Pose(), Pose(1.07, 0.02, -0.03)])
def test_what_has_drifted_all_the_way_round_is_where_it_was(
    drift: tuple[float, float], pose: Pose, tmp_path: Path
) -> None:
    period = 1 / min(abs(share) for share in drift if share)
    whole = [share * period for share in drift]
    assert all(abs(turns - round(turns)) < 1e-9 for turns in whole)
    start, later = (wafting(tmp_path, drift, seconds, pose) for seconds in (3.7, 3.7 + period))
    assert (start.bytes == later.bytes).all()
    assert (start.bytes != wafting(tmp_path, drift, 3.7 + period / 2, pose).bytes).any()


def test_it_goes_the_same_way_in_every_frame_and_as_far_as_is_said(tmp_path: Path) -> None:
    """Seen from a camera that stands, each frame is the one before it, moved by drift / rate."""
    sheet = read_sheets(put(tmp_path, "air", flat(LARGE, (0, 0, 0)), air(), drifts={1: (0.3, 1.2)}), SIZE)[1]
    view = look(Pose(), [sheet], SIZE, 1.0)[0]
    at = np.array([(w.left, w.top) for w in (drifted(view, sheet, n / 24) for n in range(60))])
    steps = -np.diff(at, axis=0) % sheet.size
    assert abs(steps - np.multiply((0.3, 1.2), sheet.size) / 24).max() <= 1 / 64 + 1e-9


def test_a_sheet_moves_on_the_film_as_it_drifts(tmp_path: Path) -> None:
    """By a whole number of the film's pixels: the picture itself is the one before, moved to the right and down."""
    sheet = read_sheets(put(tmp_path, "air", flat(LARGE, (40, 30, 20)), air(), drifts={1: (1.0, 1.0)}), SIZE)[1]
    step = look(Pose(), [sheet], SIZE, 1.05)[0].step
    drift = (12 * step / sheet.size[0], 8 * step / sheet.size[1])
    before, after = (wafting(tmp_path, drift, seconds).luma.astype(int) for seconds in (0.0, 1.0))
    assert abs(after[8 + 2 : -2, 12 + 2 : -2] - before[2 : -8 - 2, 2 : -12 - 2]).max() <= 2
    assert abs(after - before).max() > 20


def test_no_seam_is_seen(tmp_path: Path) -> None:
    """However far the sheet has gone, no row or column differs from its neighbour more than any other does."""
    usual = wafting(tmp_path, (0.5, 0.5), 0.0).luma.astype(int)
    most = [abs(np.diff(usual, axis=axis)).max() for axis in (0, 1)]
    for number in range(1, 16):
        luma = wafting(tmp_path, (0.5, 0.5), number / 8).luma.astype(int)
        assert [abs(np.diff(luma, axis=axis)).max() for axis in (0, 1)] <= [step + 2 for step in most]


def test_what_drifts_lies_over_the_picture_as_what_stands_does(tmp_path: Path) -> None:
    back = blobs(LARGE, 2)
    one = shown(put(tmp_path, "one", back, air()), Pose(1.05), 1.1)
    other = shown(put(tmp_path, "other", back, air(), drifts={1: (0.1, 0.1)}), Pose(1.05), 1.1)
    for a, b in zip(one.planes, other.planes, strict=True):
        assert abs(a.astype(int) - b).max() <= 4
        assert abs(a.astype(int) - b).mean() < 0.8


def test_what_drifts_is_hidden_by_what_is_solid_before_it(tmp_path: Path) -> None:
    layers = flat(LARGE, (0, 0, 0)), air(), half(LARGE, (90, 90, 90), 40)
    one = shown(put(tmp_path, "one", *layers, drifts={1: (0.1, 0.1)}), Pose(1.05), 1.1)
    other = shown(put(tmp_path, "other", layers[0], layers[2]), Pose(1.05), 1.1)
    assert (one.luma[46:] == other.luma[46:]).all()
    assert (one.luma[:20] != other.luma[:20]).mean() > 0.9


def test_what_drifts_is_never_merged(tmp_path: Path) -> None:
    standing = [half(LARGE, (20 * i, 255 - 20 * i, 90), 12 * i) for i in range(1, 6)]
    layers = [blobs(LARGE, 5), *standing[:3], air(), *standing[3:], air(seed=9)]
    sheets = read_sheets(put(tmp_path, "many", *layers, drifts={4: (0.1, 0.0), 7: (0.2, 0.0)}), SIZE)
    assert [sheet.drift for sheet in sheets if sheet.drift != (0.0, 0.0)] == [(0.1, 0.0), (0.2, 0.0)]
    assert len(sheets) == SHEETS_MOST - 1 + 2
    assert sheets[-1].drift == (0.2, 0.0)
    assert sheets[0].through is None
    assert [sheet.depth for sheet in sheets] == sorted(sheet.depth for sheet in sheets)
