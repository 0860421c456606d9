"""What the bot asks for and what comes back, as JSON both ways: Request, ReplyTo, Progress, Film, Preview, Outcome.

These values travel in the database and to the child process that does the work. They are frozen and hold no handles;
a person's words stand in `Request.brief` and `Request.treatment` and nowhere else.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from pipeline.backends import Crew
from pipeline.cuesheet import Brief, CueSheet
from pipeline.door.targets import Aspect, Target
from pipeline.errors import UserError
from pipeline.storyboard import Storyboard, Treatment

Queue = Literal["cpu", "gpu", "io"]
QUEUES: tuple[Queue, ...] = ("cpu", "gpu", "io")

#: where a job stands. waiting -> released (its bell has rung) -> leased (a worker has it) -> running (its child is at
#: work) -> succeeded | failed | canceled | expired; `asking` waits for a person's answer and then queues again
State = Literal["waiting", "released", "leased", "running", "asking", "succeeded", "failed", "canceled", "expired"]
ENDED: tuple[State, ...] = ("succeeded", "failed", "canceled", "expired")
IN_FLIGHT: tuple[State, ...] = ("released", "leased", "running")

#: what happens to the clip's own sound. "ask": stop and ask when there is any; "silent": do nothing when there is any
OwnSound = Literal["ask", "keep", "replace", "silent"]

#: files that lie beside the upload: a picture or clip to show, a storyboard that a person has edited, and the pictures
#: of an earlier film, so that none is drawn twice
Beside = Literal["visual", "storyboard", "pictures"]

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # no l, o, 0, 1: people type these


def new_id() -> str:
    """Return twelve letters and digits, 60 bits: enough that two jobs never meet, too few to be a secret."""
    return "".join(secrets.choice(ALPHABET) for _ in range(12))


@dataclass(frozen=True)
class Request:
    """What is wanted: all that the pipeline needs but the upload itself.

    With a treatment the upload is a track, or the lyrics alone, and a music video is wanted; else it is a clip.
    """

    brief: Brief = field(default_factory=Brief)
    takes: Annotated[int, Field(ge=1, le=4)] = 1
    sound: OwnSound = "ask"
    target: Target = "none"
    most_bytes: Annotated[int, Field(gt=0)] | None = None  #: of the film, where the place allows another size
    aspect: Aspect = "keep"
    crew: Crew = field(default_factory=Crew)
    treatment: Treatment | None = None
    song: bool = False  #: there is no track: one is made, and the upload is not looked at
    go: bool = True  #: False: a preview comes first, and a question whether to go on
    beside: tuple[Beside, ...] = ()  #: what was sent with the track
    offered: tuple[str, ...] = ()  #: the composers that the person may choose from

    __pydantic_config__ = _STRICT


@dataclass(frozen=True)
class ReplyTo:
    """Where the answer goes; `address` is the front end's own and opaque to everybody else."""

    front: str  #: "telegram", "discord", "terminal"
    chat: str  #: "telegram:-100123"; chats are named so in the records
    address: dict[str, Any] = field(default_factory=dict)
    language: str = "en"

    __pydantic_config__ = _STRICT


@dataclass(frozen=True)
class Progress:
    """How far the work on a job has come."""

    stage: str  #: one of pipeline.score.STAGES or pipeline.musicvideo.STAGES
    share: float  #: of the whole job, 0-1
    take: int = 1

    __pydantic_config__ = _STRICT


@dataclass(frozen=True)
class CueLine:
    """One line of the cue list that people are shown."""

    number: str
    start: float
    end: float
    mood: str
    tempo: float
    key: str

    __pydantic_config__ = _STRICT


@dataclass(frozen=True)
class Facts:
    """What people are told of a music video: of the track what was heard, of the film what was planned."""

    title: str
    artist: str
    seconds: float
    tempo: float | None  #: None: no beat to cut on
    key: str | None
    parts: tuple[tuple[str, float, float], ...]  #: "verse", start, end
    lines: int  #: of lyrics
    timed: bool  #: whether the client gave their times
    shown: tuple[str, ...]  #: the name of each shot's picture, in order
    pictures: int
    look: str
    illustrator: str
    animator: str

    __pydantic_config__ = _STRICT


@dataclass(frozen=True)
class Preview:
    """What is shown before a music video is made."""

    contact: str  #: a JPEG of all shots; a key
    facts: Facts
    usd: float  #: what it will cost at most
    seconds: float  #: that the making is likely to take
    notes: tuple[str, ...] = ()

    __pydantic_config__ = _STRICT


@dataclass(frozen=True)
class Film:
    """One take, or a music video, as it lies in the blob store; every file is a key."""

    film: str
    bytes: int
    seconds: float
    width: int
    height: int
    copied: bool  #: whether the picture is the client's own, packet by packet
    thumbnail: str  #: a JPEG of at most 320x320 and 200 kB
    music: str | None  #: WAV; of a music video the song that was made for it; none of ours where there was a track
    song: str | None  #: the same as M4A, for players
    stems: str | None  #: ZIP
    midi: str | None
    sheet: str  #: cues.json or storyboard.json
    cues: tuple[CueLine, ...]
    style: str
    seed: int
    hit_rate: float | None  #: share of cuts that are hit, from the certificate; of a music video those on a beat
    cuts: int
    notes: tuple[str, ...] = ()
    certificate: str | None = None  #: certificate.json
    facts: Facts | None = None  #: of a music video
    pictures: str | None = None  #: ZIP of its pictures
    contact: str | None = None  #: JPEG of all its shots
    usd: float = 0.0  #: what it has cost
    composer: str = ""  #: who has played, such as "musicgen:small"
    licence: str = ""  #: what may be done with the music, in a sentence; empty: a music video
    commercial: bool = True  #: whether that includes commercial use

    __pydantic_config__ = _STRICT


@dataclass(frozen=True)
class Outcome:
    """How a job ended: films, a sentence for the person, a question to answer, or nothing to say at all."""

    kind: Literal["films", "sentence", "question", "nothing"]
    films: tuple[Film, ...] = ()
    sentence: str = ""
    hint: str = ""
    code: str = ""
    preview: Preview | None = None  #: of a question whether to go on

    __pydantic_config__ = _STRICT

    @classmethod
    def of_error(cls, error: UserError) -> Outcome:
        return cls("sentence", sentence=error.sentence, hint=error.hint, code=error.code)


def cue_lines(sheet: CueSheet) -> tuple[CueLine, ...]:
    return tuple(CueLine(cue.number, cue.start, cue.end, cue.mood, cue.tempo, cue.key) for cue in sheet.cues)


def facts_of(board: Storyboard, *, timed: bool, illustrator: str, animator: str) -> Facts:
    chart = board.chart
    return Facts(
        title=board.title,
        artist=board.artist,
        seconds=chart.duration,
        tempo=chart.tempo,
        key=chart.key,
        parts=tuple((section.part, section.start, section.end) for section in chart.sections),
        lines=len(board.lines),
        timed=timed,
        shown=tuple(shot.picture for shot in board.shots),
        pictures=len(board.pictures),
        look=board.style.look,
        illustrator=illustrator,
        animator=animator,
    )


REQUEST: TypeAdapter[Request] = TypeAdapter(Request)
REPLY_TO: TypeAdapter[ReplyTo] = TypeAdapter(ReplyTo)
PROGRESS: TypeAdapter[Progress] = TypeAdapter(Progress)
OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)
