"""Kling by Replicate, against a loopback server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline import backends, replicated
from pipeline.backends import Vendors
from pipeline.door.containers import opened
from pipeline.door.slate import read_packets
from pipeline.errors import Refused
from pipeline.pictures import Layer, Painting, flatten
from pipeline.purse import PaidFor
from pipeline.storyboard import Shot
from tests.fake_replicate import TOKEN, FakeReplicate
from tests.loopback import Answer
from tests.media import ffmpeg

SHOT = Shot(3, 10.0, 14.5, "p01", action="the boat drifts, ripples on the water")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What Kling makes: a film with a sound track and a tag."""
    path = tmp_path_factory.mktemp("kling") / "kling.mp4"
    picture = ("-f", "lavfi", "-i", "testsrc=s=144x255:r=24:d=1", "-f", "lavfi", "-i", "sine=d=1")
    coded = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p", "-c:a", "aac")
    ffmpeg(*picture, *coded, "-metadata", "comment=somebody", path)
    return path.read_bytes()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, film: bytes) -> Iterator[FakeReplicate]:
    monkeypatch.setattr(replicated, "POLL_S", (0.01, 0.02))
    with FakeReplicate() as server:
        server.output = lambda made: f"{server.url}/output/{made.id}"
        server.content = lambda made: Answer(film)
        yield server


@pytest.fixture
def painting(tmp_path: Path) -> Painting:
    back = np.full((288, 162, 3), (200, 120, 40), np.uint8)
    front = np.zeros((288, 162, 4), np.uint8)
    front[200:] = (10, 20, 30, 255)
    layers = []
    for number, sheet in enumerate((back, front)):
        file = tmp_path / f"{number}.png"
        file.write_bytes(bytes(cv2.imencode(".png", sheet)[1]))
        layers.append(Layer(file, float(number)))
    return Painting(tuple(layers), "painted", "free")


def kling(server: FakeReplicate, variant: str = "") -> backends.Animator:
    vendors = Vendors(replicate_token=TOKEN, replicate_url=server.url)
    return backends.animator(f"kling:{variant}" if variant else "kling", vendors)


def test_a_painting_is_filmed_and_comes_back_as_a_film_of_ours(
    server: FakeReplicate, painting: Painting, tmp_path: Path
):
    to = tmp_path / "motion"
    to.mkdir()
    animator = kling(server)
    moving = animator.move(painting, SHOT, size=(135, 240), to=to, report=lambda *_: None)
    assert moving is not None
    (prediction,) = server.predictions.values()
    assert prediction.model == "kwaivgi/kling-v1.6-standard"
    assert (prediction.input["prompt"], prediction.input["duration"]) == (SHOT.action, 5)
    (upload,) = server.files.values()
    jpeg = upload[upload.index(b"\xff\xd8\xff") :]
    start = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)).astype(int)
    assert np.abs(start[50, 80] - (200, 120, 40)).max() < 8
    assert np.abs(start[270, 80] - (10, 20, 30)).max() < 8
    assert server.deleted
    assert [file.name for file in to.iterdir()] == ["film.mp4"]
    with opened(moving.file) as file:
        (stream,) = read_packets(file, "mov", place=tmp_path)
    assert (stream.codec, stream.width, stream.height, len(stream.shown)) == ("h264", 144, 254, 24)
    assert b"somebody" not in moving.file.read_bytes()
    assert flatten(moving).shape == (254, 144, 3)
    assert (moving.animator, moving.cost_usd) == ("kling:v1.6-standard", 0.25)


@pytest.mark.parametrize(
    ("variant", "length", "seconds", "usd"),
    [("", 4.5, 5, 0.25), ("", 9.0, 10, 0.5), ("v1.6-pro", 3.0, 5, 0.49), ("v2.1-pro", 30.0, 10, 0.9)],
)
def test_the_price_is_that_of_the_seconds_that_are_bought(
    server: FakeReplicate, variant: str, length: float, seconds: int, usd: float
):
    from pipeline.animators.kling import length_s

    shot = Shot(1, 0.0, length, "p01")
    assert kling(server, variant).price_usd(shot) == pytest.approx(usd)
    assert length_s(shot) == seconds


def test_what_is_no_film_is_paid_for_and_leaves_nothing(server: FakeReplicate, painting: Painting, tmp_path: Path):
    to = tmp_path / "motion"
    to.mkdir()
    server.content = lambda made: Answer(b"not a film at all, only words")
    with pytest.raises(PaidFor, match="not a video"):
        kling(server).move(painting, SHOT, size=(135, 240), to=to, report=lambda *_: None)
    assert not list(to.iterdir())


def test_an_unknown_variant_lists_the_known(server: FakeReplicate):
    with pytest.raises(Refused, match="'v9'") as refusal:
        kling(server, "v9")
    assert "kling:v2.1-pro" in refusal.value.hint
