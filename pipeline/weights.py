"""Where the weights of models lie on this machine; how they are fetched, one commit of each, safetensors only."""

from __future__ import annotations

from pathlib import Path

from pipeline.backends import Kind, Report, Vendors
from pipeline.catalogue import CATALOGUE, Weights
from pipeline.errors import Refused, Unavailable

__all__ = ["Weights", "choose", "fetch", "locate"]

CONFIGS = (
    "config.json",
    "model_index.json",
)  # one of them lies in every folder with a model: transformers', diffusers'
OWN_LICENCE = "Made by a model of your own: its licence says what may be done with the result."


def choose(kind: Kind, backend: str, variant: str, vendors: Vendors) -> Weights:
    """Return a known checkpoint, the usual one for "", or the folder that the variant is the absolute path of.

    Raises Refused for anything else, naming what is known. Nothing needs to be on this machine yet.
    """
    known = [weights for weights in CATALOGUE if (weights.kind, weights.backend) == (kind, backend)]
    for weights in known:
        if variant in {weights.variant, ""}:
            return weights
    folder = Path(variant)
    if folder.is_absolute() and any((folder / name).is_file() for name in CONFIGS):
        return Weights(kind, backend, variant, str(folder), "", OWN_LICENCE, False, 0, 0, "")
    raise Refused(
        f"The {kind} {backend!r} has no such model.",
        hint=f"Known: {', '.join(weights.variant for weights in known)}, or the whole path of a folder with a model.",
    )


def locate(weights: Weights, vendors: Vendors) -> Path:
    """Return the folder with the files. Raises Unavailable where they have not been fetched."""
    if weights.revision == "":
        return Path(weights.repository)
    raise Unavailable(
        f"The weights of {weights.name} are not on this machine.",
        hint=f"reelscore models fetch {weights.kind} {weights.name}",
    )


def fetch(weights: Weights, vendors: Vendors, report: Report) -> Path:
    """Return the folder with the files, fetched where they are missing; tells `report` "weights", bytes, all bytes."""
    raise NotImplementedError
