"""Every engine of the product, and what stands between it and being used: packages, weights, a key.

It is told without loading one, so that it can be shown on a machine that has none of it.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import get_args

from pipeline import backends, weights
from pipeline.backends import Kind, Vendors
from pipeline.catalogue import CATALOGUE, Weights

OWN, YOURS = "Reelscore's own", "up to the model and its server"
TORCH = ("torch", "transformers")
DIFFUSERS = ("torch", "diffusers", "transformers", "accelerate")

INSTALLS = {"audiocraft": "make audiocraft"}  # which pip alone would not resolve beside the models


@dataclass(frozen=True)
class Engine:
    """What is known of an engine without loading it."""

    kind: Kind
    name: str
    licence: str = OWN
    commercial: bool | None = True  #: of what it makes; None: that is up to somebody else
    speed: str = ""
    packages: tuple[str, ...] = ()  #: beyond those that every installation has
    extra: str = ""  #: of the project, that brings them
    settings: tuple[str, ...] = ()  #: one of these environment variables has to be set

    @property
    def install(self) -> str:
        """The command that brings its packages."""
        return INSTALLS.get(self.extra, f"pip install '.[{self.extra}]'")


@dataclass(frozen=True)
class Row:
    """An engine, with one of its checkpoints where it has some, on this machine."""

    engine: Engine
    weights: Weights | None
    here: bool  #: whether the weights are on this machine; true where there are none
    commit: str  #: of the weights that are used here; empty until the first fetch where the catalogue names none
    missing: tuple[str, ...]  #: packages that are not installed
    unset: tuple[str, ...]  #: settings of which one is needed

    @property
    def name(self) -> str:
        return self.weights.name if self.weights else self.engine.name

    @property
    def ready(self) -> bool:
        return self.here and not self.missing and not self.unset


ENGINES = (
    Engine("captioner", "measured", speed="ten times as fast as the clip plays"),
    Engine("captioner", "blip2", packages=TORCH, extra="models"),
    Engine("captioner", "clip", packages=TORCH, extra="models"),
    Engine("captioner", "vision", YOURS, True, "some seconds per clip", settings=("OPENAI_API_KEY", "OPENAI_BASE_URL")),
    Engine("writer", "rules", speed="at once"),
    Engine("writer", "openai", YOURS, True, "some seconds per clip", settings=("OPENAI_API_KEY", "OPENAI_BASE_URL")),
    Engine("composer", "orchestra", speed="ten times as fast as the music plays"),
    Engine("composer", "musicgen", packages=TORCH, extra="models"),
    Engine(
        "composer", "audiocraft", packages=(*TORCH, "einops", "julius", "omegaconf", "audiocraft"), extra="audiocraft"
    ),
    Engine("composer", "ace_step", packages=DIFFUSERS, extra="models"),
    Engine(
        "composer",
        "replicate",
        "MusicGen's weights at Replicate, for non-commercial use only",
        False,
        "half a minute per cue",
        settings=("REPLICATE_API_TOKEN",),
    ),
    Engine("aligner", "spread", speed="at once"),
    Engine("aligner", "sphinx", "PocketSphinx's model: BSD, free for any use", speed="a third of the track's length",
           packages=("pocketsphinx",), extra="align"),
    Engine("director", "rules", speed="at once"),
    Engine("director", "openai", YOURS, True, "some seconds per film", settings=("OPENAI_API_KEY", "OPENAI_BASE_URL")),
    Engine("illustrator", "painted", speed="a second per picture"),
    Engine(
        "illustrator", "flux", "up to the model: schnell is free for any use", True, "some seconds per picture",
        settings=("REPLICATE_API_TOKEN",),
    ),
    Engine("illustrator", "flux_local", packages=DIFFUSERS, extra="models"),
    Engine("animator", "camera", speed="while the film is cut"),
    Engine(
        "animator", "kling", "Kling's terms at Replicate allow commercial use", True, "some minutes per picture",
        settings=("REPLICATE_API_TOKEN",),
    ),
    Engine("singer", "orchestra", speed="ten times as fast as the song plays"),
    Engine("singer", "suno", "up to the plan of that account", None, "some minutes per song",
           settings=("REELSCORE_SUNO_URL",)),
)  # fmt: skip


def look(vendors: Vendors) -> list[Row]:
    """Return a row for each engine, or for each of its checkpoints, in the order in which the engines work."""
    order = {kind: number for number, kind in enumerate(get_args(Kind))}
    return [
        Row(engine, one, here, at, missing, unset)
        for engine in sorted(ENGINES, key=lambda engine: order[engine.kind])
        for missing, unset in [(_missing(engine), _unset(engine, vendors))]
        for one, here, at in _checkpoints(engine, vendors)
    ]


def unlisted() -> list[tuple[Kind, str]]:
    """Return the backends that ship and are not told of here."""
    told = {(engine.kind, engine.name) for engine in ENGINES}
    return [(kind, name) for kind in get_args(Kind) for name in backends.names(kind) if (kind, name) not in told]


def _checkpoints(engine: Engine, vendors: Vendors) -> list[tuple[Weights | None, bool, str]]:
    known = [one for one in CATALOGUE if (one.kind, one.backend) == (engine.kind, engine.name)]
    if not known:
        return [(None, True, "")]
    return [(one, weights.is_here(one, vendors), weights.commit(one, vendors)) for one in known]


def _missing(engine: Engine) -> tuple[str, ...]:
    return tuple(name for name in engine.packages if importlib.util.find_spec(name) is None)


def _unset(engine: Engine, vendors: Vendors) -> tuple[str, ...]:
    values = {
        "OPENAI_API_KEY": vendors.openai_key,
        "OPENAI_BASE_URL": vendors.openai_url,
        "REPLICATE_API_TOKEN": vendors.replicate_token,
        "REELSCORE_SUNO_URL": vendors.suno_url,
    }
    return () if any(values[name] for name in engine.settings) else engine.settings
