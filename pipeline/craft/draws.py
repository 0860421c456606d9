"""Chance for audiocraft: one stream of it for each row of a batch, and none of it torch's global one.

audiocraft draws all tokens of a batch from torch's global generator, so that what a cue sounds like would hang on its
neighbours and on whatever else runs in the process.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass
class Draws:
    """The rows of a batch that is being made."""

    streams: list[Any]  #: a torch.Generator for each row
    sound: Any  #: a tensor of one truth for each row: whether every probability was a number so far


_DRAWS: ContextVar[Draws | None] = ContextVar("draws", default=None)


@contextmanager
def drawing(seeds: Sequence[int], device: Any) -> Iterator[Draws]:
    """Have audiocraft draw the rows of a batch by these seeds, in this thread, as long as the block lasts."""
    import torch

    streams = [torch.Generator(device).manual_seed(seed) for seed in seeds]
    draws = Draws(streams, torch.ones(len(seeds), dtype=torch.bool, device=device))
    token = _DRAWS.set(draws)
    try:
        yield draws
    finally:
        _DRAWS.reset(token)


def take_draws(drawn_from: Any) -> None:
    """Have a module of audiocraft's, `utils.utils`, draw by `drawing` where somebody does; asked twice it is once."""
    plain = drawn_from.multinomial
    if hasattr(plain, "drawn_plainly"):
        return

    def multinomial(probabilities: Any, num_samples: int, **options: Any) -> Any:
        draws = _DRAWS.get()
        return _drawn(probabilities, draws) if draws else plain(probabilities, num_samples, **options)

    multinomial.drawn_plainly = plain  # type: ignore[attr-defined]
    drawn_from.multinomial = multinomial


def _drawn(probabilities: Any, draws: Draws) -> Any:
    """Return one number for each distribution, (rows, ..., card) -> (rows, ..., 1): a race of exponential clocks."""
    import torch

    draws.sound &= probabilities.isfinite().flatten(1).all(1)
    clocks = torch.empty_like(probabilities)
    for row, stream in zip(clocks, draws.streams, strict=True):
        row.exponential_(generator=stream)
    return (probabilities / clocks).argmax(-1, keepdim=True)
