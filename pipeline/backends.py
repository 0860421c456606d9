"""The kinds of engine behind each verb, and how one is found by its name.

A backend is one file: `pipeline/<kind>s/<name>.py`, with a `load(variant, vendors)` that returns the object: of
"musicgen:small" the variant is "small". Heavy imports happen only when it is chosen, weights are read only when it is
first used.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from pipeline.cuesheet import CueSheet, Scene
from pipeline.errors import Refused, Unavailable
from pipeline.purse import Purse
from pipeline.storyboard import Chart, Line, Picture, Shot, Storyboard, StyleSheet, Treatment

if TYPE_CHECKING:
    from pipeline.lyrics import Lyrics
    from pipeline.music import Recording
    from pipeline.pictures import MovingPicture, Painting
    from pipeline.track import Track

Kind = Literal["captioner", "writer", "composer", "aligner", "director", "illustrator", "animator", "singer"]

#: `report(stage, done, total)`: progress and cancellation at once; it may raise Cancelled
Report = Callable[[str, float, float], None]


@dataclass(frozen=True)
class Crew:
    """The chosen backends, by name."""

    captioner: str = "measured"
    writer: str = "rules"
    composer: str = "orchestra"
    # of a music video
    aligner: str = "spread"
    director: str = "auto"  #: "auto": openai where there is a key, else rules
    illustrator: str = "painted"
    animator: str = "camera"
    singer: str = "orchestra"


@dataclass(frozen=True)
class Vendors:
    """What engines need beyond their names: keys, addresses, money, weights; read from the environment at the door."""

    openai_key: str = field(default="", repr=False)
    openai_url: str = ""  #: of anything that speaks the OpenAI API; empty: OpenAI itself
    openai_model: str = "gpt-5-mini"
    replicate_token: str = field(default="", repr=False)
    replicate_url: str = ""  #: empty: Replicate itself
    replicate_webhook: str = ""  #: where Replicate says that a prediction has ended; empty: it is only asked
    replicate_notes: str = ""  #: the folder in which who hears that leaves a note of it
    suno_url: str = ""  #: of a self-hosted server of the suno-api kind
    most_usd: float = 5.0  #: that one film may cost
    models: str = ""  #: the folder with the weights of models; empty: where Hugging Face's tools keep them
    device: str = "auto"  #: that models run on: "auto", "cpu", "cuda", "cuda:1", "mps"
    commercial: bool = False  #: whether engines are refused whose weights may not be used commercially


def _say_nothing(stage: str, done: float, total: float) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True)
class Session:
    """What an engine is given beside its material: whom to tell, what it may spend, where to leave things."""

    report: Report = _say_nothing
    purse: Purse = field(default_factory=lambda: Purse(0.0))
    #: its own, and there: what was ordered is noted in it (`*.ticket`), to be followed by the next run of the same job
    #: instead of being ordered again; None: nothing is kept
    folder: Path | None = None
    temp: Path | None = None  #: a temp track whose melody shall be followed: WAV of ours, 48 kHz, from the first frame


class Captioner(Protocol):
    """Sees what a scene shows."""

    name: str
    licence: str
    commercial: bool

    def see(self, scenes: Sequence[Scene], stills: Sequence[Sequence[bytes]], session: Session) -> list[Scene]:
        """Return the scenes with caption, emotion, valence and arousal filled in.

        `stills[i]` holds the JPEG bytes of the key frames of `scenes[i]`, upright, in order; it may be empty. To all
        captioners but the embedded one the scenes come with what that one has measured; they add a `reading`, and keep
        times, look, jolts and `measured`. Raises Unavailable, Refused, OverLimit: then the embedded one's words stand.
        """
        ...


class Writer(Protocol):
    """Turns scenes and the client's brief into a direction for each cue."""

    name: str
    licence: str
    commercial: bool

    def write(self, sheet: CueSheet, session: Session) -> CueSheet:
        """Return the sheet with `prompt` and `prompts` filled in for every cue.

        To all writers but the embedded one the sheet comes with the rules' directions, which stand where a writer has
        nothing better. A writer may change `style`, `instruments`, `intensity`, `tempo`, `key`, `exclude`, `prompt`
        and `prompts` of a cue, and add notes; what the brief asks for stays. Bars are laid anew by the caller. Raises
        Unavailable, Refused, OverLimit: then the rules' directions stand.
        """
        ...


class Composer(Protocol):
    """Plays the cues."""

    name: str  #: with its variant, such as "musicgen:small"
    licence: str  #: what may be done with the music, in a sentence
    commercial: bool  #: whether that includes commercial use

    def compose(self, sheet: CueSheet, session: Session) -> Recording:
        """Record every cue of the sheet; the same sheet gives the same samples, where the engine can do that.

        Tells `session.report` the stage "music". Raises Unavailable, Refused, OverLimit, Cancelled.
        """
        ...


class Aligner(Protocol):
    """Puts lyrics in time."""

    def align(self, lyrics: Lyrics, chart: Chart, track: Track) -> tuple[Line, ...]:
        """Return the client's lines with times, in order; what had times keeps them to the millisecond."""
        ...


class Director(Protocol):
    """Says what each picture shows."""

    def direct(self, board: Storyboard, session: Session) -> Storyboard:
        """Return the board with style sheet, pictures, moves and transitions decided; the cuts stay where they are."""
        ...


class Illustrator(Protocol):
    """Draws pictures."""

    name: str
    licence: str
    price_usd: float  #: of one picture
    seconds: float  #: that one picture takes, about
    at_once: int  #: how many may be drawn side by side

    def draw(self, picture: Picture, style: StyleSheet, *, size: tuple[int, int], to: Path, report: Report) -> Painting:
        """Draw a picture that fills `size` (width, height), as files in the folder `to`, which is there and empty.

        A run that was broken off may have left a `*.ticket` there: what it has ordered, to be followed instead of
        ordered again. The same picture gives the same pixels where the engine can do that. Raises Unavailable,
        Refused, OverLimit.
        """
        ...


class Animator(Protocol):
    """Makes a still move."""

    name: str
    licence: str
    seconds: float  #: that one picture takes, about
    at_once: int

    def price_usd(self, shot: Shot) -> float: ...

    def move(
        self, painting: Painting, shot: Shot, *, size: tuple[int, int], to: Path, report: Report
    ) -> MovingPicture | None:
        """Film a picture; None: the camera moves over it while the film is cut. Raises as Illustrator.draw does."""
        ...


class Singer(Protocol):
    """Makes the song that a film has no track for."""

    name: str
    licence: str

    def sing(self, treatment: Treatment, *, to: Path, report: Report) -> Path:
        """Return a sound file in the folder `to`; its lyrics are the treatment's where the engine can sing."""
        ...


#: extras that are not named like the backend that needs them
_EXTRAS = {"sphinx": "align"} | dict.fromkeys(("ace_step", "blip2", "clip", "flux_local", "musicgen"), "models")


#: the backends that read weights into memory, where they are kept for the next job
_WITH_MODELS = {"ace_step", "audiocraft", "blip2", "clip", "flux_local", "musicgen"}

#: the embedded ones, which have no variants
_SINGLE = {"camera", "measured", "orchestra", "painted", "rules"}

#: what may be used commercially and is still a model, where there is one
_FREE: dict[Kind, str] = {"composer": "ace_step", "captioner": "blip2:flan-t5-xl", "illustrator": "flux_local:schnell"}


def keep_models(crew: Iterable[str]) -> bool:
    """Whether any of these backends, by their names, reads weights that are worth keeping in memory."""
    return any(name.partition(":")[0] in _WITH_MODELS for name in crew)


def names(kind: Kind) -> list[str]:
    """The backends of a kind that ship with the product, whether or not their extra is installed."""
    package = importlib.import_module(f"pipeline.{kind}s")
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def _load(kind: Kind, name: str, *how: Any) -> Any:
    known = names(kind)
    if name not in known:
        raise Refused(f"There is no {kind} named {name!r}.", hint=f"Known: {', '.join(known)}.")
    try:
        return importlib.import_module(f"pipeline.{kind}s.{name}").load(*how)
    except ModuleNotFoundError as exc:
        raise Unavailable(
            f"The {kind} {name!r} needs the Python package {exc.name!r}, which is not installed.",
            hint=f"pip install '.[{_EXTRAS.get(name, name)}]'",
        ) from exc


def captioner(name: str = "measured", vendors: Vendors | None = None) -> Captioner:
    return cast("Captioner", _hired("captioner", name, vendors))


def writer(name: str = "rules", vendors: Vendors | None = None) -> Writer:
    return cast("Writer", _hired("writer", name, vendors))


def composer(name: str = "orchestra", vendors: Vendors | None = None) -> Composer:
    return cast("Composer", _hired("composer", name, vendors))


def aligner(name: str = "spread") -> Aligner:
    return cast("Aligner", _load("aligner", name))


def director(name: str = "auto", vendors: Vendors | None = None) -> Director:
    vendors = vendors or Vendors()
    if name == "auto":
        name = "openai" if vendors.openai_key else "rules"
    return cast("Director", _hired("director", name, vendors))


def illustrator(name: str = "painted", vendors: Vendors | None = None) -> Illustrator:
    return cast("Illustrator", _hired("illustrator", name, vendors))


def animator(name: str = "camera", vendors: Vendors | None = None) -> Animator:
    return cast("Animator", _hired("animator", name, vendors))


def singer(name: str = "orchestra", vendors: Vendors | None = None) -> Singer:
    return cast("Singer", _hired("singer", name, vendors))


def _hired(kind: Kind, name: str, vendors: Vendors | None) -> Any:
    """Load a backend that a variant and vendors matter to; refuse one that may not be used for what is made here."""
    name, _, variant = name.partition(":")
    vendors = vendors or Vendors()
    if variant and name in _SINGLE:
        raise Refused(f"There is only one {kind} {name!r}.", hint=f"Say: {name}.")
    backend = _load(kind, name, variant, vendors)
    if not getattr(backend, "commercial", True):
        check_use(kind, backend.name, backend.licence, vendors)
    return backend


def check_use(kind: Kind, name: str, licence: str, vendors: Vendors) -> None:
    """Refuse what allows no commercial use where that is wanted."""
    if vendors.commercial:
        free = _FREE.get(kind, getattr(Crew(), kind))
        raise Refused(
            f"The {kind} {name!r} may not be used commercially: {licence}",
            hint=f"Choose another {kind}, such as {free}, or allow it in the settings (REELSCORE_COMMERCIAL=false).",
        )
