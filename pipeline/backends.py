"""The kinds of engine behind each verb, and how one is found by its name.

A backend is one file: `pipeline/<kind>s/<name>.py`, with a `load()` that returns the object. Heavy imports live in that
file and happen only when it is chosen.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from pipeline.cuesheet import CueSheet, Scene
from pipeline.errors import Refused, Unavailable

if TYPE_CHECKING:
    from pipeline.music import Recording

Kind = Literal["captioner", "writer", "composer"]

#: `report(stage, done, total)`: progress and cancellation at once; it may raise Cancelled
Report = Callable[[str, float, float], None]


@dataclass(frozen=True)
class Crew:
    """The chosen backends, by name."""

    captioner: str = "measured"
    writer: str = "rules"
    composer: str = "orchestra"


class Captioner(Protocol):
    """Sees what a scene shows."""

    def see(self, scenes: Sequence[Scene], stills: Sequence[Sequence[bytes]]) -> list[Scene]:
        """Return the scenes with caption, emotion, valence and arousal filled in.

        `stills[i]` holds the JPEG bytes of the key frames of `scenes[i]`, upright, in order; it may be empty.
        """
        ...


class Writer(Protocol):
    """Turns scenes and the client's brief into a direction for each cue."""

    def write(self, sheet: CueSheet) -> CueSheet:
        """Return the sheet with `prompt` and `prompts` filled in for every cue; musical fields stay as they are."""
        ...


class Composer(Protocol):
    """Plays the cues."""

    name: str
    licence: str

    def compose(self, sheet: CueSheet, *, report: Report) -> Recording:
        """Record every cue of the sheet; the same sheet gives the same samples."""
        ...


def names(kind: Kind) -> list[str]:
    """The backends of a kind that ship with the product, whether or not their extra is installed."""
    package = importlib.import_module(f"pipeline.{kind}s")
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def _load(kind: Kind, name: str) -> Any:
    known = names(kind)
    if name not in known:
        raise Refused(f"There is no {kind} named {name!r}.", hint=f"Known: {', '.join(known)}.")
    try:
        return importlib.import_module(f"pipeline.{kind}s.{name}").load()
    except ModuleNotFoundError as exc:
        raise Unavailable(
            f"The {kind} {name!r} needs the Python package {exc.name!r}, which is not installed.",
            hint=f"pip install '.[{name}]'",
        ) from exc


def captioner(name: str = "measured") -> Captioner:
    return cast("Captioner", _load("captioner", name))


def writer(name: str = "rules") -> Writer:
    return cast("Writer", _load("writer", name))


def composer(name: str = "orchestra") -> Composer:
    return cast("Composer", _load("composer", name))
