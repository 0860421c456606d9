"""Flux by Replicate, against a loopback server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline import backends, replicated
from pipeline.backends import Vendors
from pipeline.errors import Refused, Unavailable
from pipeline.illustrators.flux import nearest_aspect
from pipeline.purse import PaidFor
from pipeline.storyboard import SHAPES, Picture, StyleSheet, size_of
from tests.fake_replicate import TOKEN, FakeReplicate, a_picture
from tests.loopback import Answer

PICTURE = Picture("p01", "a boat on a still lake, film grain", "sea", seed=77)
STYLE = StyleSheet("film grain")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeReplicate]:
    monkeypatch.setattr(replicated, "POLL_S", (0.01, 0.02))
    with FakeReplicate() as server:
        yield server


def flux(server: FakeReplicate, variant: str = "") -> backends.Illustrator:
    vendors = Vendors(replicate_token=TOKEN, replicate_url=server.url)
    return backends.illustrator(f"flux:{variant}" if variant else "flux", vendors)


@pytest.mark.parametrize(("variant", "model", "usd"), [("", "schnell", 0.003), ("dev", "dev", 0.025)])
def test_a_picture_is_bought_and_fills_the_frame(
    server: FakeReplicate, tmp_path: Path, variant: str, model: str, usd: float
):
    illustrator = flux(server, variant)
    painting = illustrator.draw(PICTURE, STYLE, size=(270, 480), to=tmp_path, report=lambda *_: None)
    (prediction,) = server.predictions.values()
    assert prediction.model == f"black-forest-labs/flux-{model}"
    wanted = {"prompt": PICTURE.prompt, "seed": 77, "aspect_ratio": "9:16", "num_outputs": 1, "output_format": "png"}
    assert wanted.items() <= prediction.input.items()
    (layer,) = painting.layers
    sheet = np.asarray(cv2.imdecode(np.frombuffer(layer.file.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED))
    assert sheet.shape == (576, 324, 3)
    ours = cv2.imdecode(np.frombuffer(a_picture(prediction.input), np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(sheet[-10, 100].astype(int) - np.asarray(ours)[-10, 50]).max() <= 2
    assert (
        (painting.illustrator, painting.cost_usd) == (f"flux:{model}", usd) == (illustrator.name, illustrator.price_usd)
    )
    assert painting.licence
    assert [file.name for file in tmp_path.iterdir()] == ["picture.png"]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_a_film_is_one_that_flux_draws(shape: str):
    for side in (270, 1080):
        assert nearest_aspect(size_of(shape, side)) == shape  # type: ignore[arg-type]


def test_what_comes_back_as_no_picture_is_paid_for_and_leaves_nothing(server: FakeReplicate, tmp_path: Path):
    server.content = lambda made: Answer(b"<html>sign in</html>")
    with pytest.raises(PaidFor, match="not a picture"):
        flux(server).draw(PICTURE, STYLE, size=(270, 480), to=tmp_path, report=lambda *_: None)
    assert not list(tmp_path.iterdir())


def test_unknown_variants_and_missing_tokens_are_said_before_anything_is_drawn(server: FakeReplicate):
    with pytest.raises(Refused, match="'pro'") as refusal:
        flux(server, "pro")
    assert "flux:schnell" in refusal.value.hint
    assert "flux:dev" in refusal.value.hint
    with pytest.raises(Unavailable, match="no token"):
        backends.illustrator("flux", Vendors())
