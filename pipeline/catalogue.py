"""The checkpoints that are known: where they come from, which commit of it, what may be done with them, how large."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.backends import Kind


@dataclass(frozen=True)
class Weights:
    """One checkpoint, pinned to a commit."""

    kind: Kind
    backend: str
    variant: str
    repository: str  #: on the Hugging Face hub; or the absolute path of a folder of one's own, which has no revision
    revision: str  #: 40 hex digits
    licence: str  #: what may be done with what it makes, in a sentence
    commercial: bool  #: whether that includes commercial use
    bytes: int  #: to fetch, about
    memory_bytes: int  #: while it works, about, in half precision
    speed: str  #: in words, about

    @property
    def name(self) -> str:
        """Such as "musicgen:small", as it is chosen."""
        return f"{self.backend}:{self.variant}" if self.variant else self.backend


CATALOGUE: tuple[Weights, ...] = ()
