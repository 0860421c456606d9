"""Sound out of tokens, against transformers' own decoding in one go."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

from tests.needs import needs_models

pytestmark = needs_models
if importlib.util.find_spec("torch"):
    import torch

    from pipeline.generated import codec as codecs
    from pipeline.generated.codec import TAIL, decode_sounds, settle
    from tests.tiny_musicgen import make_musicgen

    torch.set_num_threads(1)

PER_FRAME = 80  # samples


@pytest.fixture(scope="module")
def codec() -> Any:
    return make_musicgen().audio_encoder


def draw_codes(books: int, frames: int, seed: int = 0) -> Any:
    return torch.randint(0, 64, (books, frames), generator=torch.Generator().manual_seed(seed))


def plain(codec: Any, codes: Any) -> np.ndarray[Any, Any]:
    held = torch.cat([codes, codes[:, -1:].expand(-1, TAIL)], dim=1)
    with torch.inference_mode():
        sound = codec.decode(held[None, None], [None]).audio_values[0, 0]
    return np.asarray(sound[: codes.shape[-1] * PER_FRAME])


@pytest.mark.parametrize("piece", [500, 20, 7])
def test_pieces_are_put_together_without_a_seam(codec: Any, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "PIECE", piece)
    codes = draw_codes(4, 110)
    [sound] = decode_sounds(codec, [codes], channels=1)
    assert sound.shape == (110 * PER_FRAME, 1)
    assert np.abs(sound).max() > 0.1
    np.testing.assert_allclose(sound[:, 0], plain(codec, codes), atol=1e-5)


def test_rows_of_any_length_do_not_hear_each_other(codec: Any) -> None:
    rows = [draw_codes(4, frames, seed) for seed, frames in enumerate((60, 20, 41))]
    together = decode_sounds(codec, rows, channels=1)
    for codes, sound in zip(rows, together, strict=True):
        np.testing.assert_allclose(sound[:, 0], plain(codec, codes), atol=1e-5)


def test_left_and_right_alternate(codec: Any) -> None:
    rows = [draw_codes(8, 30, seed) for seed in range(2)]
    for codes, sound in zip(rows, decode_sounds(codec, rows, channels=2), strict=True):
        assert sound.shape == (30 * PER_FRAME, 2)
        for side in range(2):
            np.testing.assert_allclose(sound[:, side], plain(codec, codes[side::2]), atol=1e-5)


def test_weights_that_are_worked_out_once_are_the_same_weights() -> None:
    codec, codes = make_musicgen().audio_encoder, draw_codes(4, 30)
    before = decode_sounds(codec, [codes], channels=1)[0]
    assert settle(codec) is codec
    assert not any("parametrizations" in name for name, _ in codec.decoder.named_parameters())
    np.testing.assert_array_equal(decode_sounds(codec, [codes], channels=1)[0], before)
