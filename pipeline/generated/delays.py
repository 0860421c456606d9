"""The delay pattern of MusicGen as integers: which token stands in which column.

A frame of sound (1/50 s) has one token of each codebook. The decoder does not see them side by side: codebook k comes
k columns later, so that it can lean on the coarser ones, and column 0 is empty. In stereo the codebooks of left and
right alternate and are delayed in pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

Tensor = Any

OPEN = -1  # a token that is still to be drawn


def delays(codebooks: int, channels: int) -> list[int]:
    """Return by how many columns each codebook comes later."""
    return [book // channels for book in range(codebooks)]


def lay(known: Tensor, frames: Sequence[int], *, channels: int, empty: int) -> Tensor:
    """Return the columns (rows, codebooks, columns) int64: the known frames, OPEN for those to come, else `empty`.

    `known` (rows, codebooks, frames) is the same length in all rows; of row i `frames[i]` more are to come.
    """
    rows, codebooks, before = known.shape
    late = delays(codebooks, channels)
    columns = torch.full((rows, codebooks, before + max(frames) + late[-1] + 1), empty, dtype=torch.long)
    for row, more in enumerate(frames):
        for book, delay in enumerate(late):
            first = delay + 1
            columns[row, book, first : first + before] = known[row, book]
            columns[row, book, first + before : first + before + more] = OPEN
    return columns


def straighten(columns: Tensor, frames: int, *, channels: int) -> Tensor:
    """Return the first frames of one row (codebooks, columns), side by side: (codebooks, frames)."""
    late = delays(columns.shape[0], channels)
    return torch.stack([columns[book, delay + 1 : delay + 1 + frames] for book, delay in enumerate(late)])
