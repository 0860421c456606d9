"""Tokens out of a decoder's numbers: the likeliest, or one of the likeliest by chance that belongs to the row alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

Tensor = Any


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn; the defaults are those that MusicGen was published with."""

    guidance: float = (
        3.0  #: how far away from what would be played without the prompt; 1: not at all, and half the work
    )
    temperature: float = 1.0  #: 0: always the likeliest
    top_k: int = 250  #: of the 2048 tokens of a codebook


def guide(logits: Tensor, guidance: float) -> Tensor:
    """Return the logits with the prompt, pushed away from those without: the second half of the rows."""
    told, untold = logits.chunk(2)
    return untold + (told - untold) * guidance


def draw(logits: Tensor, chance: Tensor, sampling: Sampling) -> tuple[Tensor, Tensor]:
    """Return a token for each (row, codebook), and which rows had numbers that are none.

    `logits` (rows, codebooks, tokens) float32; `chance` (rows, codebooks) in 0..1. What is not finite is never drawn
    unless there is nothing else.
    """
    whole = torch.isfinite(logits)
    logits = logits.masked_fill(~whole, torch.finfo(logits.dtype).min)
    broken = ~whole.flatten(1).all(dim=1)
    if sampling.temperature <= 0:
        return logits.argmax(dim=-1), broken
    likeliest, tokens = (logits / sampling.temperature).topk(min(sampling.top_k, logits.shape[-1]), dim=-1)
    up_to = likeliest.softmax(dim=-1).cumsum(dim=-1)
    drawn = (up_to < chance.unsqueeze(-1) * up_to[..., -1:]).sum(dim=-1, keepdim=True)
    return tokens.gather(-1, drawn.clamp_(max=tokens.shape[-1] - 1)).squeeze(-1), broken
