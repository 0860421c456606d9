"""The delay pattern, against the one that transformers builds."""

from __future__ import annotations

import importlib.util

import pytest

from tests.needs import needs_models

pytestmark = needs_models
if importlib.util.find_spec("torch"):
    import torch

    from pipeline.generated.delays import OPEN, delays, lay, straighten
    from tests.tiny_musicgen import make_musicgen


def test_codebooks_come_later_one_by_one_and_in_stereo_in_pairs() -> None:
    assert delays(4, 1) == [0, 1, 2, 3]
    assert delays(8, 2) == [0, 0, 1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize("stereo", [False, True])
@pytest.mark.parametrize("known", [0, 5])
def test_the_columns_are_those_of_transformers(stereo: bool, known: int) -> None:
    decoder, channels = make_musicgen(stereo=stereo).decoder, 2 if stereo else 1
    books, frames = decoder.num_codebooks, 7
    codes = torch.arange(2 * books * known).view(2, books, known) % 60
    empty = torch.full((2 * books, 1), 64)
    started = torch.cat([empty, codes.reshape(2 * books, known)], dim=1)
    _, theirs = decoder.build_delay_pattern_mask(started, 64, max_length=known + frames + 4)
    ours = lay(codes, [frames, frames], channels=channels, empty=64)
    assert torch.equal(ours.view(2 * books, -1), theirs)


def test_a_row_that_ends_sooner_is_empty_after_its_end() -> None:
    columns = lay(torch.zeros(2, 4, 0, dtype=torch.long), [5, 2], channels=1, empty=9)
    assert (columns[1] == OPEN).sum(dim=1).tolist() == [2, 2, 2, 2]
    assert columns[1, 0].tolist() == [9, OPEN, OPEN, 9, 9, 9, 9, 9, 9]


def test_frames_are_put_side_by_side_again() -> None:
    codes = torch.arange(24).view(1, 4, 6)
    assert torch.equal(straighten(lay(codes, [1], channels=1, empty=64)[0], 6, channels=1), codes[0])
