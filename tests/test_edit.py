"""The edit: a film of the track's length, its cuts on their frames, the same bytes again, and nothing left behind."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.edit import cut_film
from pipeline.errors import Cancelled, DoesNotFit, Unavailable, UserError
from pipeline.film import picture_length, picture_size
from pipeline.pictures import MovingPicture, Painting
from pipeline.storyboard import Line, Storyboard
from pipeline.track import Track
from tests.media import ffmpeg
from tests.shoots import blobs, flat, greys, make_board, make_track, put
from tests.test_door_ffmpeg import children

SIZE = (96, 64)
SECONDS = 3.21


@pytest.fixture(scope="module")
def track(tmp_path_factory: pytest.TempPathFactory) -> Track:
    return make_track(tmp_path_factory.mktemp("track"), SECONDS)


@pytest.fixture
def material(tmp_path: Path) -> dict[str, Painting | MovingPicture]:
    folder = tmp_path / "pictures"
    folder.mkdir()
    return {
        "p1": put(folder, "p1", flat((116, 78), (60, 60, 60))),
        "p2": put(folder, "p2", flat((116, 78), (170, 170, 170))),
    }


def cut(
    board: Storyboard, material: dict[str, Painting | MovingPicture], track: Track, to: Path, **more: object
) -> Path:
    keywords = {"size": SIZE, "comment": "made by a test", "report": lambda *_: None, **more}
    return cut_film(board, material, track, to=to, **keywords)  # type: ignore[arg-type]


def test_the_film_is_as_long_as_the_track_and_cuts_where_it_shall(
    material: dict[str, Painting | MovingPicture], track: Track, tmp_path: Path
) -> None:
    film = cut(make_board([0, 1.02, 1.9, track.duration]), material, track, tmp_path / "film.mp4")
    seen = greys(film, SIZE).astype(float).mean(axis=(1, 2))
    assert len(seen) == round(track.duration * 24)
    lengths = picture_length(film)
    assert abs(lengths.picture_end - lengths.picture_start - track.duration) <= 1 / 24
    assert abs(lengths.sound_end - track.duration) <= 1 / 24
    light = seen[12:48] > 110
    assert (np.flatnonzero(np.diff(light.astype(int))) + 13).tolist() == [24, 46]


def test_colours_arrive_and_are_named(
    material: dict[str, Painting | MovingPicture], track: Track, tmp_path: Path
) -> None:
    red = put(tmp_path / "pictures", "red", flat((116, 78), (20, 40, 200)))
    film = cut(make_board([0, track.duration], pictures=["p1"]), {"p1": red}, track, tmp_path / "film.mp4")
    ffmpeg("-ss", "1", "-i", film, "-frames:v", "1", "-pix_fmt", "bgr24", "-f", "rawvideo", tmp_path / "one.bgr")
    middle = np.fromfile(tmp_path / "one.bgr", np.uint8).reshape(SIZE[1], SIZE[0], 3)[32, 48].astype(int)
    assert abs(middle - (20, 40, 200)).max() <= 5  # only if the decoder knows that it is BT.709
    assert film.read_bytes().count(b"colrnclx") == 1


def test_the_same_board_gives_the_same_bytes(
    material: dict[str, Painting | MovingPicture], track: Track, tmp_path: Path
) -> None:
    pictures = {"p1": put(tmp_path / "pictures", "a", blobs((116, 78), 1)), "p2": material["p2"]}
    board = make_board([0, 1, 2, track.duration], moves=["push", "drift"], transitions=["whip"], transition_s=0.4)
    one, other = (cut(board, pictures, track, tmp_path / f"{name}.mp4").read_bytes() for name in ("one", "other"))
    assert one == other


def test_titles_are_burned_in(material: dict[str, Painting | MovingPicture], track: Track, tmp_path: Path) -> None:
    size = (320, 180)
    board = make_board([0, track.duration], pictures=["p1"])
    sung = replace(
        board, lines=(Line("Hello there", 1.0, 2.5),), treatment=replace(board.treatment, titles="line", shape="16:9")
    )
    without = greys(cut(board, material, track, tmp_path / "without.mp4", size=size), size).astype(int)
    titled = greys(cut(sung, material, track, tmp_path / "with.mp4", size=size), size).astype(int)
    changed = (abs(titled - without) > 60).sum(axis=(1, 2))
    assert changed[36:54].min() > 100


def test_the_end_fades_and_takes_the_titles_with_it(
    material: dict[str, Painting | MovingPicture], track: Track, tmp_path: Path
) -> None:
    size = (320, 180)
    board = make_board([0, track.duration], pictures=["p2"])
    line = Line("Until the very end", 1.0, track.duration)
    sung = replace(board, lines=(line,), treatment=replace(board.treatment, titles="line", shape="16:9"))
    seen = greys(cut(sung, material, track, tmp_path / "film.mp4", size=size), size).astype(float)
    assert (np.diff(seen.mean(axis=(1, 2))[-18:]) < 0).all()
    assert seen[-1].max() < 45
    assert 16 < seen[-1].mean() < 30


def test_progress_is_told_in_small_steps(
    material: dict[str, Painting | MovingPicture], track: Track, tmp_path: Path
) -> None:
    told: list[tuple[str, float, float]] = []
    cut(
        make_board([0, track.duration]), material, track, tmp_path / "film.mp4",
        report=lambda *said: told.append(said),
    )  # fmt: skip
    assert {stage for stage, _, _ in told} == {"edit"}
    done = [at for _, at, _ in told]
    assert done == sorted(done)
    assert done[-1] == told[-1][2] == 77
    assert max(np.diff(done)) <= 6


@pytest.mark.parametrize("kind", ["raised", "refused"])
def test_nothing_stays_behind_when_it_is_stopped(
    kind: str, material: dict[str, Painting | MovingPicture], track: Track, tmp_path: Path
) -> None:
    place, before, handles = tmp_path / "out", children(), len(os.listdir("/proc/self/fd"))
    place.mkdir()

    def report(stage: str, done: float, total: float) -> None:
        if kind == "raised" and done > 20:
            raise Cancelled("Stopped.")

    most = None if kind == "raised" else 2000
    with pytest.raises((Cancelled, DoesNotFit)) as told:
        cut(make_board([0, track.duration]), material, track, place / "film.mp4", report=report, most_bytes=most)
    assert isinstance(told.value, Cancelled if kind == "raised" else DoesNotFit)
    assert list(place.iterdir()) == []
    assert children() == before
    assert len(os.listdir("/proc/self/fd")) == handles


def test_a_picture_that_is_none_is_told_and_leaves_nothing(track: Track, tmp_path: Path) -> None:
    place = tmp_path / "out"
    place.mkdir()
    (tmp_path / "torn.mp4").write_bytes(b"\0" * 1000)
    torn = MovingPicture(tmp_path / "torn.mp4", "tests", "none")
    with pytest.raises(UserError):
        cut(make_board([0, track.duration], pictures=["p1"]), {"p1": torn}, track, place / "film.mp4")
    assert list(place.iterdir()) == []


def test_a_film_for_few_bytes_fits_and_is_smaller_where_it_must(track: Track, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (432, 768, 3), np.uint8)
    folder = tmp_path / "pictures"
    folder.mkdir()
    pictures = {"p1": put(folder, "noise", noise)}
    board = make_board([0, track.duration], pictures=["p1"], moves=["push"])
    film = cut(board, pictures, track, tmp_path / "film.mp4", size=(640, 360), most_bytes=120_000)
    assert film.stat().st_size <= 120_000
    width, height = picture_size(film)
    assert width < 640
    assert width / height == pytest.approx(16 / 9, rel=0.02)


def test_an_encoder_that_fails_is_told_as_such(
    material: dict[str, Painting | MovingPicture], track: Track, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.edit.lay_titles", lambda board, *, size, place: "no-such-filter")
    place = tmp_path / "out"
    with pytest.raises(Unavailable, match="encoded"):
        cut(make_board([0, track.duration]), material, track, place / "film.mp4")
    assert list(place.iterdir()) == []
