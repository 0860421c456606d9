"""The plan of a score: what was seen, what shall sound and when; JSON both ways.

Times are float seconds from the clip's first frame. Values are frozen and pure: two equal sheets are equal, and the
same sheet with the same seed makes the same music. A person may edit the JSON and have it played again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal, get_args

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from pipeline.errors import BadSheet

Emotion = Literal["happiness", "sadness", "disgust", "anger", "fear", "surprise", "neutrality"]
Style = Literal["cinematic", "ambient", "electronic", "folk", "lofi", "playful", "tense", "epic"]
PromptLength = Literal["simple", "brief", "long"]
Transition = Literal["start", "cut", "dissolve", "fade"]
HitKind = Literal["cut", "dissolve", "fade", "jolt"]

EMOTIONS: tuple[Emotion, ...] = get_args(Emotion)
STYLES: tuple[Style, ...] = get_args(Style)
PROMPT_LENGTHS: tuple[PromptLength, ...] = get_args(PromptLength)

SLACK_S = 1e-3  # a millisecond: times in an edited sheet are typed by people

Share = Annotated[float, Field(ge=0, le=1)]
Signed = Annotated[float, Field(ge=-1, le=1)]
Seconds = Annotated[float, Field(ge=0)]
Bpm = Annotated[float, Field(ge=30, le=240)]
CueNumber = Annotated[str, Field(pattern=r"^\w([\w .-]{0,30}\w)?$")]  # files are named by it

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class Brief:
    """What the client wants; every field has a sane answer when left alone."""

    wish: str = ""  #: the client's own words
    style: Style | None = None  #: None: chosen from what is seen
    mood: str = ""  #: words such as "wistful"; empty: read from the picture
    intensity: Share = 0.5  #: how far the music steps forward
    tempo: Bpm | None = None  #: beats per minute to stay near; None: from the mood
    key: str | None = None  #: home key such as "D minor"; None: chosen by seed and mood
    exclude: tuple[str, ...] = ()  #: what must not sound: "drums", "piano", "strings", ...
    prompt_length: PromptLength = "brief"
    seed: int = 1
    drama: bool = False  #: whether directions begin with what is felt instead of what is seen

    __pydantic_config__ = _STRICT


@dataclass(frozen=True)
class Look:
    """What was measured in the picture of a scene; shares of 0-1 unless said."""

    motion: Share = 0.0  #: mean change from frame to frame, on a scale where hand-held walking is about 0.5
    light: Share = 0.5  #: mean luma
    contrast: Share = 0.5  #: spread of luma
    saturation: Share = 0.5
    warmth: Signed = 0.0  #: -1 blue, 1 orange
    colour: str = "grey"  #: the name of the ruling colour
    faces: int = 0  #: faces seen in the key frames
    #: how the picture moves: "steady", "sideways", "vertical", "restless", or "flashing" light; empty: not measured
    camera: str = ""

    __pydantic_config__ = _STRICT


@dataclass(frozen=True)
class HitPoint:
    """A moment that the music must catch."""

    time: Seconds
    weight: Share  #: 0 a chord change will do, 1 the moment of the film
    kind: HitKind

    __pydantic_config__ = _STRICT


@dataclass(frozen=True)
class Reading:
    """What a model has read in the picture of a scene."""

    by: str  #: the captioner, such as "blip2:flan-t5-xl"
    caption: str = ""
    mood: str = ""
    place: str = ""
    time_of_day: str = ""
    moving: str = ""  #: what moves
    tags: tuple[str, ...] = ()  #: the likeliest first
    emotions: dict[Emotion, Share] = field(default_factory=dict)  #: how likely each is; empty: not asked

    __pydantic_config__ = _STRICT


@dataclass(frozen=True)
class Scene:
    """The stretch of picture between two cuts, and what was seen in it."""

    index: int
    start: Seconds
    end: Seconds
    entry: Transition = "cut"  #: how the picture comes into this scene
    strength: Share = 0.5  #: how hard the entry strikes the eye
    look: Look = Look()
    caption: str = ""  #: what the picture shows: a model's words where one has read it, and what was measured
    emotion: Emotion = "neutrality"
    valence: Signed = 0.0
    arousal: Signed = 0.0
    jolts: tuple[HitPoint, ...] = ()  #: salient moments inside the scene
    measured: str = ""  #: what the embedded captioner has said of it
    reading: Reading | None = None

    __pydantic_config__ = _STRICT

    @property
    def length(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Bar:
    """One bar of the click track; `beats` counts quarter notes and may be odd or end in a half."""

    start: Seconds
    beats: Annotated[float, Field(gt=0, le=16)]
    bpm: Annotated[float, Field(ge=20, le=300)]

    __pydantic_config__ = _STRICT

    @property
    def beat_s(self) -> float:
        """Seconds per quarter note."""
        return 60.0 / self.bpm

    @property
    def end(self) -> float:
        return self.start + self.beats * self.beat_s


@dataclass(frozen=True)
class Cue:
    """One continuous piece of music; it may span several scenes."""

    number: CueNumber  #: "1m1": reel 1, music 1; each cue has another
    start: Seconds
    end: Seconds
    scenes: tuple[int, ...]  #: indexes of the scenes that it spans
    seen: str  #: what the picture shows
    style: Style
    emotion: Emotion
    mood: str  #: the mood in a word or two
    valence: Signed
    arousal: Signed
    intensity: Share
    tempo: Bpm  #: what the bars stay near
    key: str  #: "D minor", "F lydian": tonic and mode
    bars: tuple[Bar, ...]  #: tile start..end without gaps; empty only until the click track is laid
    hits: tuple[HitPoint, ...] = ()  #: inside [start, end), the cue's own entry included where it is a cut
    meter: str = "4/4"
    exclude: tuple[str, ...] = ()
    prompt: str = ""  #: the direction in the length that was asked for
    prompts: dict[PromptLength, str] = field(default_factory=dict)  #: the same direction in every length
    seed: int | None = None  #: another take of this cue alone; None: the sheet's seed
    instruments: tuple[str, ...] = ()  #: that the direction asks for, the leading one first

    __pydantic_config__ = _STRICT

    @property
    def length(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class CueSheet:
    """The plan from the spotting session. Refuses overlaps, gaps and bars that do not fit (BadSheet)."""

    duration: Annotated[float, Field(gt=0)]  #: of the clip
    frame_rate: Annotated[float, Field(gt=0)]
    seed: int
    scenes: tuple[Scene, ...]
    cues: tuple[Cue, ...]
    brief: Brief = Brief()
    notes: tuple[str, ...] = ()  #: what the client should know, such as "the writer was down; rules wrote"

    __pydantic_config__ = _STRICT

    def __post_init__(self) -> None:
        _refuse_gaps("scene", [(f"{s.index}", s.start, s.end) for s in self.scenes], self.duration)
        _refuse_gaps("cue", [(c.number, c.start, c.end) for c in self.cues], self.duration)
        numbers = [cue.number for cue in self.cues]
        if twice := next((number for number in numbers if numbers.count(number) > 1), None):
            raise BadSheet(f"Two cues have the number {twice}.", hint="Give each cue a number of its own.")
        for cue in self.cues:
            if cue.bars:
                _refuse_gaps(f"bar of cue {cue.number}", [("", b.start, b.end) for b in cue.bars], cue.end, cue.start)
            for hit in cue.hits:
                if not cue.start - SLACK_S <= hit.time <= cue.end + SLACK_S:
                    raise BadSheet(f"A hit point at {hit.time:.3f} s lies outside cue {cue.number}.")

    def to_json(self) -> str:
        return _SHEET.dump_json(self, indent=1).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> CueSheet:
        """Read a sheet that a person may have edited; raises BadSheet naming the field that is wrong."""
        try:
            return _SHEET.validate_json(text)
        except ValidationError as exc:
            first = exc.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the file"
            raise BadSheet(
                f"The cue sheet is not usable: {where}: {first['msg']}.",
                hint="Change one field at a time in the cues.json that a job has left, and run again.",
            ) from exc

    def with_cues(self, cues: tuple[Cue, ...]) -> CueSheet:
        return replace(self, cues=cues)


def _refuse_gaps(what: str, spans: list[tuple[str, float, float]], end: float, start: float = 0.0) -> None:
    """Raise BadSheet unless the spans tile start..end in order."""
    hint = "Neighbours must meet: the end of one is the start of the next, and the last one ends with the clip."
    at = start
    for name, begins, ends in spans:
        label = f"{what} {name}".strip()
        if not (math.isfinite(begins) and math.isfinite(ends)) or ends <= begins:
            raise BadSheet(f"The {label} has no length: {begins:.3f} to {ends:.3f} s.", hint=hint)
        if abs(begins - at) > SLACK_S:
            word = "a gap before" if begins > at else "an overlap with"
            raise BadSheet(f"There is {word} the {label}: expected {at:.3f} s, found {begins:.3f} s.", hint=hint)
        at = ends
    if abs(at - end) > SLACK_S * max(1, len(spans) ** 0.5):
        raise BadSheet(f"The {what}s end at {at:.3f} s, not at {end:.3f} s.", hint=hint)


_SHEET: TypeAdapter[CueSheet] = TypeAdapter(CueSheet)
