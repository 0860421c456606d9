"""The crew at work: the embedded engines always, the chosen ones over them, and what is said where one fails.

The embedded captioner and the rules go first, so that a chosen engine has something to stand on and nothing is missing
when it is down; the embedded orchestra plays where the chosen composer cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline import backends
from pipeline.backends import Captioner, Composer, Crew, Session, Vendors, Writer
from pipeline.cues import relaid
from pipeline.cuesheet import CueSheet, Scene
from pipeline.errors import OverLimit, Refused, Unavailable, UserError
from pipeline.music import Recording

#: why the embedded engine does the work of the chosen one; whatever else goes wrong ends the job
FAILED = (Unavailable, Refused, OverLimit)

NOT_SEEN = "The scenes were measured, since {engine} could not read them: {why}"
NOT_WRITTEN = "The directions were written by rules, since {engine} could not: {why}"
NOT_PLAYED = "The built-in orchestra has played, since {engine} could not: {why}"


@dataclass(frozen=True)
class Hired:
    """Who sees, writes and plays."""

    captioner: Captioner
    writer: Writer
    composer: Composer


@dataclass(frozen=True)
class _Absent:
    """Who cannot work here, and says why when it is their turn."""

    name: str
    error: UserError
    licence: str = ""
    commercial: bool = True

    def see(self, scenes: Sequence[Scene], stills: Sequence[Sequence[bytes]], session: Session) -> list[Scene]:
        raise self.error

    def write(self, sheet: CueSheet, session: Session) -> CueSheet:
        raise self.error

    def compose(self, sheet: CueSheet, session: Session) -> Recording:
        raise self.error


def hire(crew: Crew, vendors: Vendors, *, temp: bool = False, insist: bool = True) -> Hired:
    """Find everybody by name. Raises Refused and Unavailable before any work is done; without `insist` an embedded
    engine does the work of one that cannot work here, as of one that fails.

    With a temp track the composer has to be one that can follow a melody.
    """

    def find(load: Callable[[str, Vendors], Any], name: str) -> Any:
        try:
            return load(name, vendors)
        except FAILED as exc:
            if insist:
                raise
            return _Absent(name.partition(":")[0], exc)

    hired = Hired(
        find(backends.captioner, crew.captioner),
        find(backends.writer, crew.writer),
        find(backends.composer, crew.composer),
    )
    if temp and not getattr(hired.composer, "follows_melody", False):
        raise Refused(
            f"The composer {hired.composer.name!r} follows no temp track.", hint="Choose --composer audiocraft:melody."
        )
    return hired


def see(
    scenes: Sequence[Scene], stills: Sequence[Sequence[bytes]], captioner: Captioner, session: Session
) -> tuple[list[Scene], tuple[str, ...]]:
    """Have the scenes measured, and read where somebody can; return them and what the client should know."""
    embedded = backends.captioner()
    measured = embedded.see(scenes, stills, session)
    if captioner.name == embedded.name:
        return measured, ()
    try:
        return captioner.see(measured, stills, session), ()
    except FAILED as exc:
        return measured, (NOT_SEEN.format(engine=captioner.name, why=exc.sentence),)


def write(sheet: CueSheet, writer: Writer, session: Session) -> CueSheet:
    """Have the directions written by rule, and better where somebody can."""
    embedded = backends.writer()
    ruled = embedded.write(sheet, session)
    if writer.name == embedded.name:
        return ruled
    try:
        return relaid(ruled, writer.write(ruled, session))
    except FAILED as exc:
        return replace(ruled, notes=(*ruled.notes, NOT_WRITTEN.format(engine=writer.name, why=exc.sentence)))


def rewrite(plan: CueSheet, writer: Writer, session: Session) -> CueSheet:
    """Have directions written where an edited sheet has none by a model; nothing else in it changes.

    What a model has directed names its instruments: its words stay, and are not paid for a second time. Who takes them
    out of the sheet has others written.
    """
    directed = [bool(cue.prompt and cue.instruments) for cue in plan.cues]
    if all(directed):
        return plan
    written = write(plan, writer, session)
    cues = tuple(
        old if stays else replace(old, prompt=new.prompt, prompts=new.prompts, instruments=new.instruments)
        for old, new, stays in zip(plan.cues, written.cues, directed, strict=True)
    )
    return replace(plan, cues=cues, notes=tuple(dict.fromkeys(written.notes)))


def compose(sheet: CueSheet, composer: Composer, session: Session) -> Recording:
    """Have the sheet played."""
    embedded = backends.composer()
    try:
        return composer.compose(sheet, session)
    except FAILED as exc:
        if composer.name == embedded.name:
            raise
        recording = embedded.compose(sheet, session)
        note = NOT_PLAYED.format(engine=composer.name, why=exc.sentence)
        return replace(recording, notes=(note, *recording.notes))
