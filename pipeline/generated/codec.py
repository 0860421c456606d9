"""Sound out of EnCodec's tokens: all rows at once, in pieces that fit into memory, without a seam.

The first layers of EnCodec's decoder, a convolution and an LSTM, run over all rows from end to end: they are small. The
layers after them look no further than a frame around, so they can be given pieces that overlap by more than that. On a
processor a piece is so small that it stays in the cache from layer to layer, which takes half the time of all at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn.utils import parametrize

from pipeline.generated.orders import Sound

Tensor = Any

PIECE = 100  # frames: 2 s of a row are 16 MB in the last layers
ROUND = 3  # frames on each side of a piece that are decoded with it and left out: more than the layers look around
TAIL = 8  # frames that a row is held for after its end, so that its last ones do not hear what it lies beside


def settle(codec: Any) -> Any:
    """Work out once what the weights of the decoder are, instead of with each piece; returns the codec."""
    for module in codec.decoder.modules():
        if parametrize.is_parametrized(module):
            for name in list(module.parametrizations):
                parametrize.remove_parametrizations(module, name)
    return codec


def decode_sounds(codec: Any, codes: Sequence[Tensor], *, channels: int) -> list[Sound]:
    """Return the sound of each row of tokens (codebooks, frames), at the codec's rate.

    `codec` is a transformers EncodecModel; with two channels the codebooks of left and right alternate.
    """
    longest = max(row.shape[-1] for row in codes) + TAIL
    held = torch.stack([_hold(row, longest) for row in codes])
    sides = torch.cat([held[:, side::channels] for side in range(channels)])  # all left rows, then all right ones
    with torch.inference_mode():
        samples = _decode(codec, sides.to(codec.device)).float().cpu().numpy()
    per_frame = samples.shape[-1] // longest
    return [
        np.ascontiguousarray(samples[row :: len(codes), : codes[row].shape[-1] * per_frame].T)
        for row in range(len(codes))
    ]


def _hold(row: Tensor, length: int) -> Tensor:
    return torch.cat([row, row[:, -1:].expand(-1, length - row.shape[-1])], dim=1)


def _decode(codec: Any, codes: Tensor) -> Tensor:
    """Return samples, (rows, samples)."""
    layers = list(codec.decoder.layers)
    recurrent = max(number for number, layer in enumerate(layers) if type(layer).__name__ == "EncodecLSTM")
    states = codec.quantizer.decode(codes.transpose(0, 1))
    for layer in layers[: recurrent + 1]:
        states = layer(states)
    some = 1 if states.device.type == "cpu" else len(states)
    rows = [_raise(layers[recurrent + 1 :], row) for row in states.split(some)]
    return torch.cat(rows)


def _raise(layers: Sequence[Any], states: Tensor) -> Tensor:
    """Bring states (rows, width, frames) up to samples (rows, samples), piece by piece."""
    frames = states.shape[-1]
    pieces = []
    for start in range(0, frames, PIECE):
        low, high = max(0, start - ROUND), min(frames, start + PIECE + ROUND)
        piece = states[..., low:high]
        for layer in layers:
            piece = layer(piece)
        per_frame = piece.shape[-1] // (high - low)
        pieces.append(piece[:, 0, (start - low) * per_frame : (min(start + PIECE, frames) - low) * per_frame])
    return torch.cat(pieces, dim=-1)
