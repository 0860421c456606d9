"""A backend of each kind that holds to its contract, and how it can be broken: each fault alone breaks the contract.

`BAD[kind][fault]` is a backend with that one fault; `GOOD[kind]` has none.
"""

from __future__ import annotations

import functools
import os
import random
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import soundfile

from pipeline import backends
from pipeline.backends import Kind, Report, Session
from pipeline.cuesheet import CueSheet, Reading, Scene
from pipeline.errors import Cancelled
from pipeline.lyrics import Lyrics
from pipeline.music import RATE, Audio, Recording, Take
from pipeline.pictures import Layer, MovingPicture, Painting, roomy
from pipeline.storyboard import Chart, Line, Picture, Shot, Storyboard, StyleSheet, Treatment
from pipeline.track import Track
from tests.media import make_clip

Spoil = Callable[[Any], Any]
Tell = Callable[[Report], Report]


def _as_it_is(made: Any) -> Any:
    return made


@dataclass(frozen=True)
class Toy:
    """What all of them have: a name, papers, and two places where they can be broken."""

    spoil: Spoil = _as_it_is  #: what comes out is sent through it
    tell: Tell = _as_it_is  #: the report is sent through it
    name: str = "toy"
    licence: str = "Made for tests, free for any use."
    commercial: bool = True
    price_usd: Any = 0.0
    seconds: float = 1.0
    at_once: int = 1


class ToyCaptioner(Toy):
    def see(self, scenes: Sequence[Scene], stills: Sequence[Sequence[bytes]], session: Session) -> list[Scene]:
        report, seen = self.tell(session.report), []
        for number, (scene, shown) in enumerate(zip(scenes, stills, strict=True)):
            report("cues", number, len(scenes))
            reading = Reading(self.name, "a boat on a lake", tags=("boat",), emotions={"sadness": 0.8})
            told = replace(scene, caption="a boat on a lake", emotion="sadness", valence=-0.4, reading=reading)
            seen.append(told if shown else scene)
        report("cues", len(scenes), len(scenes))
        made: list[Scene] = self.spoil(seen)
        return made


class ToyWriter(Toy):
    def write(self, sheet: CueSheet, session: Session) -> CueSheet:
        self.tell(session.report)("cues", 0, 1)
        written = []
        for cue in sheet.cues:
            prompts = dict.fromkeys(cue.prompts, "slow strings")
            prompt = prompts[sheet.brief.prompt_length]
            written.append(replace(cue, prompts=prompts, prompt=prompt, intensity=0.4, instruments=("strings",)))
        made = replace(sheet, cues=tuple(written), notes=(*sheet.notes, "written by a toy"))
        written_anew: CueSheet = self.spoil(made)
        return written_anew


class ToyComposer(Toy):
    def compose(self, sheet: CueSheet, session: Session) -> Recording:
        report, takes = self.tell(session.report), []
        for number, cue in enumerate(sheet.cues):
            report("music", number, len(sheet.cues))
            times = np.arange(round(cue.length * RATE), dtype=np.float32) / RATE
            tone = np.repeat(0.2 * np.sin(2 * np.pi * 220 * times)[:, None], 2, axis=1).astype(np.float32)
            takes.append(Take(cue.number, sheet.seed, cue.start, {"pad": tone}, {"pad": ("Sine",)}))
        report("music", len(sheet.cues), len(sheet.cues))
        made: Recording = self.spoil(Recording(self.name, self.licence, tuple(takes), commercial=self.commercial))
        return made


class ToyAligner(Toy):
    def align(self, lyrics: Lyrics, chart: Chart, track: Track) -> tuple[Line, ...]:
        lines: tuple[Line, ...] = self.spoil(_spread(lyrics, chart, track))
        return lines


class ToyDirector(Toy):
    def direct(self, board: Storyboard, session: Session) -> Storyboard:
        made: Storyboard = self.spoil(_ruled(board.to_json()))
        return made


class ToyIllustrator(Toy):
    def draw(self, picture: Picture, style: StyleSheet, *, size: tuple[int, int], to: Path, report: Report) -> Painting:
        self.tell(report)("pictures", 0, 1)
        width, height = roomy(size)
        sheet = np.tile(np.linspace(0, 255, width, dtype=np.uint8)[None, :, None], (height, 1, 3))
        _write(to / "sheet.png", sheet)
        made: Painting = self.spoil(Painting((Layer(to / "sheet.png", 0.5),), self.name, self.licence, 0.0))
        return made


class ToyAnimator(Toy):
    def move(
        self, painting: Painting, shot: Shot, *, size: tuple[int, int], to: Path, report: Report
    ) -> MovingPicture | None:
        self.tell(report)("motion", 0, 1)
        (to / "film.mp4").write_bytes(a_film())
        made: MovingPicture = self.spoil(MovingPicture(to / "film.mp4", self.name, self.licence, 0.25))
        return made


class ToySinger(Toy):
    def sing(self, treatment: Treatment, *, to: Path, report: Report) -> Path:
        self.tell(report)("track", 0, 1)
        soundfile.write(to / "song.wav", np.zeros(RATE), RATE)
        made: Path = self.spoil(to / "song.wav")
        return made


@functools.cache
def _spread(lyrics: Lyrics, chart: Chart, track: Track) -> tuple[Line, ...]:
    return backends.aligner("spread").align(lyrics, chart, track)


@functools.cache
def _ruled(board: str) -> Storyboard:
    return backends.director("rules").direct(Storyboard.from_json(board), Session())


@functools.cache
def a_film() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return make_clip(Path(folder) / "film.mp4", shot_s=0.2).read_bytes()


# ---- what is done to the report ----


def deaf(report: Report) -> Report:
    def told(stage: str, done: float, total: float) -> None:
        with suppress(Cancelled):
            report(stage, done, total)

    return told


def dumb(report: Report) -> Report:
    return lambda stage, done, total: None


def late(report: Report) -> Report:
    return lambda stage, done, total: report(stage, done, total) if done == total else None


def unfinished(report: Report) -> Report:
    return lambda stage, done, total: report(stage, done, total) if done < total else None


def backwards(report: Report) -> Report:
    def told(stage: str, done: float, total: float) -> None:
        report(stage, done, total)
        if done and done < total:
            report(stage, 0, total)

    return told


def elsewhere(report: Report) -> Report:
    return lambda stage, done, total: report("film", done, total)


# ---- what is done to what comes out ----


def then(act: Callable[[], object]) -> Spoil:
    """Do something beside it."""

    def spoil(made: Any) -> Any:
        act()
        return made

    return spoil


def each(**fields: Any) -> Spoil:
    """Change the fields of every scene; a value may be a function of the scene."""
    return lambda made: [
        replace(one, **{key: value(one) if callable(value) else value for key, value in fields.items()}) for one in made
    ]


def cues(**fields: Any) -> Spoil:
    return lambda sheet: sheet.with_cues(tuple(each(**fields)(sheet.cues)))


def takes(**fields: Any) -> Spoil:
    return lambda recording: replace(recording, takes=tuple(each(**fields)(recording.takes)))


def stems(act: Callable[[Audio], Any]) -> Spoil:
    return takes(stems=lambda take: {stem: act(audio) for stem, audio in take.stems.items()})


def lines(number: int, **fields: Any) -> Spoil:
    return lambda made: tuple(replace(one, **fields) if i == number else one for i, one in enumerate(made))


def pictures(**fields: Any) -> Spoil:
    return lambda board: replace(board, pictures=tuple(each(**fields)(board.pictures)))


def shots(**fields: Any) -> Spoil:
    return lambda board: replace(board, shots=tuple(each(**fields)(board.shots)))


def fields(**given: Any) -> Spoil:
    return lambda made: replace(made, **given)


def layers(**given: Any) -> Spoil:
    return lambda painting: replace(painting, layers=tuple(replace(layer, **given) for layer in painting.layers))


def _redrawn(change: Callable[[Any], Any]) -> Spoil:
    def spoil(painting: Painting) -> Painting:
        for layer in painting.layers:
            _write(layer.file, change(cv2.imread(str(layer.file), cv2.IMREAD_UNCHANGED)))
        return painting

    return spoil


def _beside(name: str) -> Spoil:
    """Leave another file beside it."""

    def spoil(made: Any) -> Any:
        file = made if isinstance(made, Path) else getattr(made, "file", None) or made.layers[0].file
        (file.parent / name).touch()
        return made

    return spoil


def _write(file: Path, sheet: Any) -> None:
    file.write_bytes(bytes(cv2.imencode(".png", sheet)[1]))


def _nowhere(audio: Audio) -> Audio:
    audio = audio.copy()
    audio[len(audio) // 2] = np.nan
    return audio


def _noise() -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(os.urandom(8), "big"))


_CHANCE: dict[str, Spoil] = {
    "moves python's chance": then(random.random),
    "moves numpy's chance": then(np.random.rand),
}
_PAPERS: dict[str, dict[str, Any]] = {
    "has another name": {"name": "orchestra"},
    "has no licence": {"licence": " "},
    "does not say whether it may be sold": {"commercial": None},
}
_DEAF: dict[str, Tell] = {"does not hear that it is cancelled": deaf}
_COURSE: dict[str, Tell] = _DEAF | {
    "speaks when all is over": late,
    "goes back": backwards,
    "tells another stage": elsewhere,
}
_PROGRESS: dict[str, Tell] = _COURSE | {
    "says nothing of how far it is": dumb,
    "never comes to its end": unfinished,
}

_CAPTIONER: dict[str, Spoil] = {
    "drops a scene": lambda seen: seen[1:],
    "turns the scenes round": lambda seen: seen[::-1],
    "gives no list": tuple,
    "moves a cut": each(end=lambda scene: scene.end + 0.1),
    "calls a cut a fade": each(entry="fade"),
    "changes what was measured": each(look=lambda scene: replace(scene.look, light=0.9)),
    "changes the measured words": each(measured="a boat"),
    "forgets the jolts": each(jolts=()),
    "says nothing": each(caption=""),
    "feels what there is no word for": each(emotion="boredom"),
    "feels more than there is": each(valence=1.5),
    "feels what is no number": each(arousal=float("nan")),
    "keeps its reading to itself": each(reading=None),
    "reads under another name": each(reading=Reading("clip", "a boat")),
    "has read nothing": each(reading=Reading("toy")),
    "is more than sure": each(reading=Reading("toy", "a boat", emotions={"fear": 1.2})),
    "sees something else each time": each(caption=lambda scene: f"boat {_noise().random()}"),
}
_WRITER: dict[str, Spoil] = {
    "writes no words": cues(prompts={}),
    "writes empty words": cues(prompts=lambda cue: dict.fromkeys(cue.prompts, " "), prompt=" "),
    "asks for other words than it wrote": cues(prompt="loud trumpets"),
    "renames a cue": cues(number=lambda cue: f"{cue.number}x"),
    "changes what is seen": cues(seen="a boat"),
    "changes the feeling": cues(valence=0.99),
    "drops the hits": cues(hits=()),
    "lays no bars": cues(bars=()),
    "has another seed": cues(seed=99),
    "plays louder than there is": cues(intensity=1.5),
    "changes the style that was asked for": cues(style="epic"),
    "changes the tempo that was asked for": cues(tempo=61.0),
    "changes the key that was asked for": cues(key="C major"),
    "lets in what was excluded": cues(exclude=()),
    "changes the brief": lambda sheet: replace(sheet, brief=replace(sheet.brief, wish="loud")),
    "changes the sheet's seed": lambda sheet: replace(sheet, seed=sheet.seed + 1),
    "takes notes away": lambda sheet: replace(sheet, notes=()),
    "changes the scenes": lambda sheet: replace(sheet, scenes=tuple(each(caption="a boat")(sheet.scenes))),
    "writes something else each time": cues(instruments=lambda cue: (f"piano {_noise().random()}",)),
}
_COMPOSER: dict[str, Spoil] = {
    "drops a cue": lambda recording: replace(recording, takes=recording.takes[1:]),
    "turns the cues round": lambda recording: replace(recording, takes=recording.takes[::-1]),
    "says another name": fields(composer="orchestra"),
    "says another licence": fields(licence="Do as you like."),
    "says that it may not be sold": fields(commercial=False),
    "plays mono": stems(lambda audio: audio[:, :1]),
    "plays one row": stems(lambda audio: audio[:, 0]),
    "plays channels first": stems(lambda audio: audio.T),
    "plays whole numbers": stems(lambda audio: (audio * 32767).astype(np.int16)),
    "plays in double precision": stems(lambda audio: audio.astype(np.float64)),
    "plays what is no number": stems(_nowhere),
    "plays silence": stems(np.zeros_like),
    "plays nothing": takes(stems={}),
    "plays a stem that nobody knows": takes(stems=lambda take: {"kazoo": take.stems["pad"]}),
    "names players of no stem": takes(instruments={"bass": ("Tuba",)}),
    "plays past the clip": stems(lambda audio: np.concatenate([audio] * 4)),
    "begins before the clip": takes(start=-0.5),
    "begins nowhere": takes(start=float("nan")),
    "plays in another cue's place": lambda recording: replace(
        recording, takes=(*recording.takes[:-1], replace(recording.takes[-1], start=0.0))
    ),
    "plays something else each time": stems(
        lambda audio: audio + _noise().normal(0, 0.01, audio.shape).astype(np.float32)
    ),
    "writes other notes each time": lambda recording: replace(recording, midi=os.urandom(8)),
}
_ALIGNER: dict[str, Spoil] = {
    "drops a line": lambda made: made[:-1],
    "moves a time that was given": lines(0, start=6.2),
    "changes a line's words": lines(1, text="goes on"),
    "sings past the end": lines(3, end=999.0),
    "sings backwards": lines(3, start=30.0, end=20.0),
    "forgets the words' times": lines(2, words=()),
    "turns the lines round": lambda made: made[::-1],
    "times it anew each time": lambda made: lines(1, end=made[1].end - 1e-3 * _noise().random())(made),
}
_DIRECTOR: dict[str, Spoil] = {
    "changes what is sung": shots(lyrics="la la la"),
    "lets nothing happen": shots(action=""),
    "leaves a picture empty": pictures(prompt=""),
    "forgets the style": pictures(prompt="a fox."),
    "has no colours": lambda board: replace(board, style=replace(board.style, palette=())),
    "has no look": lambda board: replace(board, style=replace(board.style, look="")),
    "complains": fields(notes=("No.",)),
    "directs otherwise each time": shots(action=lambda shot: f"leaves fall {_noise().random()}"),
}
_ILLUSTRATOR: dict[str, Spoil] = {
    "has another name in the picture": fields(illustrator="painted"),
    "has another licence in the picture": fields(licence="Do as you like."),
    "costs more than it said": fields(cost_usd=1.0),
    "leaves something lying about": _beside("draft.png"),
    "draws too small": _redrawn(lambda sheet: sheet[:100, :60]),
    "draws in grey": _redrawn(lambda sheet: sheet[:, :, 0]),
    "draws nothing": _redrawn(np.zeros_like),
    "draws no picture": lambda painting: (painting.layers[0].file.write_bytes(b"<html>"), painting)[1],
    "stands behind the sky": layers(depth=1.5),
    "draws something else each time": _redrawn(lambda sheet: _noise().integers(0, 255, sheet.shape, dtype=np.uint8)),
}
_ANIMATOR: dict[str, Spoil] = {
    "has another name in the film": fields(animator="camera"),
    "has another licence in the film": fields(licence="Do as you like."),
    "costs more than it said": fields(cost_usd=1.0),
    "takes money for nothing": lambda moving: (moving.file.unlink(), None)[1],
    "leaves something lying about": _beside("start.jpg"),
    "leaves no film": lambda moving: (moving.file.unlink(), moving)[1],
}
_SINGER: dict[str, Spoil] = {
    "leaves something lying about": _beside("draft.wav"),
    "is somewhere else": lambda song: song.with_name("other.wav"),
    "sings for a moment": lambda song: (soundfile.write(song, np.zeros(100), RATE), song)[1],
}

_PRICE = {"price_usd": lambda shot: 0.25}


def _bad(
    kind: type[Toy], spoilt: dict[str, Spoil], tells: dict[str, Tell], papers: dict[str, dict[str, Any]], **own: Any
) -> dict[str, Toy]:
    """Return one for each fault."""
    return (
        {fault: kind(spoil=spoil, **own) for fault, spoil in (spoilt | _CHANCE).items()}
        | {fault: kind(tell=tell, **own) for fault, tell in tells.items()}
        | {fault: kind(**own | paper) for fault, paper in papers.items()}
    )


_NO_LICENCE = {"has no licence": {"licence": ""}}

GOOD: dict[Kind, Toy] = {
    "captioner": ToyCaptioner(),
    "writer": ToyWriter(),
    "composer": ToyComposer(),
    "aligner": ToyAligner(),
    "director": ToyDirector(),
    "illustrator": ToyIllustrator(),
    "animator": ToyAnimator(**_PRICE),
    "singer": ToySinger(),
}
BAD: dict[Kind, dict[str, Toy]] = {
    "captioner": _bad(ToyCaptioner, _CAPTIONER, _COURSE, _PAPERS),
    "writer": _bad(ToyWriter, _WRITER, _DEAF, _PAPERS),
    "composer": _bad(ToyComposer, _COMPOSER, _PROGRESS, _PAPERS),
    "aligner": _bad(ToyAligner, _ALIGNER, {}, {}),
    "director": _bad(ToyDirector, _DIRECTOR, {}, {}),
    "illustrator": _bad(ToyIllustrator, _ILLUSTRATOR, _DEAF | {"tells another stage": elsewhere}, _NO_LICENCE),
    "animator": _bad(ToyAnimator, _ANIMATOR, _DEAF, _NO_LICENCE, **_PRICE),
    "singer": _bad(ToySinger, _SINGER, _DEAF | {"tells another stage": elsewhere}, _NO_LICENCE),
}
