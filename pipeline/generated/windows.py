"""Music longer than the model was trained on: windows that slide, each continuing the end of the one before.

It works on tokens: nothing is decoded and encoded again between two windows. Only the last KEPT_S are heard in the next
window, so that each new one adds 20 s. For eight cues at once hearing them takes a processor as long as making 3.4 s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from pipeline.generated.decoder import Decoder
from pipeline.generated.decoding import Condition, decode
from pipeline.generated.sampling import Sampling

Tensor = Any

WINDOW_S = 30.0  # that MusicGen was trained on; beyond it the music falls apart
KEPT_S = 10.0  # of it that the next window continues


def extend(
    decoder: Decoder,
    condition: Condition,
    known: Tensor,
    frames: Sequence[int],
    chances: Sequence[Any],
    sampling: Sampling,
    *,
    frame_rate: int,
    tell: Callable[[int], None],
) -> tuple[list[Tensor], list[bool]]:
    """Return what comes after the known frames as `decode` does, however long it is.

    `chances[i]` is a torch.Generator of row i alone: where its windows begin and what it draws do not depend on the
    other rows.
    """
    window, kept = round(WINDOW_S * frame_rate), round(KEPT_S * frame_rate)
    before = known.shape[-1]
    codes, broken = list(known), [False] * len(frames)
    left, context = list(frames), before
    while rows := [row for row, more in enumerate(left) if more > 0]:
        heard = torch.stack([codes[row][:, codes[row].shape[-1] - context :] for row in rows])
        counts = [min(left[row], window - context) for row in rows]
        drawn = [_chances(chances[row], decoder, count) for row, count in zip(rows, counts, strict=True)]
        made, faults = decode(decoder, condition.of(rows), heard, counts, drawn, sampling, tell)
        for row, new, fault in zip(rows, made, faults, strict=True):
            codes[row] = torch.cat([codes[row], new], dim=1)
            broken[row] |= fault
            left[row] -= new.shape[-1]
        context = kept
    return [row[:, before:] for row in codes], broken


def _chances(generator: Any, decoder: Decoder, frames: int) -> Tensor:
    """Return the numbers that a row draws with in one window: one for each codebook of each step."""
    steps = frames + (decoder.codebooks - 1) // decoder.channels
    return torch.rand(steps, decoder.codebooks, generator=generator)
