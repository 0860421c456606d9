"""The plan of a music video: what is heard, what shall be seen and when; JSON both ways. The mirror of cuesheet.py.

Times are float seconds from the track's first sample. Values are frozen and pure: two equal storyboards are equal, and
the same storyboard with the same seeds makes the same film. A person may edit the JSON and have it played again; a
picture is drawn anew only when what stands in its own lines has changed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal, get_args

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from pipeline.cuesheet import Bpm, Seconds, Share, Signed
from pipeline.errors import BadSheet

Shape = Literal["9:16", "1:1", "16:9", "4:5"]
Titles = Literal["line", "karaoke", "pop", "none"]
Pace = Literal["calm", "normal", "quick"]
Loop = Literal["plain", "there-and-back"]
Part = Literal["intro", "verse", "chorus", "bridge", "instrumental", "outro"]

World = Literal["mountains", "sea", "forest", "desert", "fields", "city", "street", "space", "abstract", "underwater"]
Hour = Literal["dawn", "day", "dusk", "night"]
Weather = Literal["clear", "clouds", "rain", "snow", "fog", "storm"]
#: who or what stands in the picture; the recurring ones are the film's cast
Figure = Literal["none", "walker", "dancer", "couple", "bird", "boat", "car", "train", "house", "tree", "balloon"]
Framing = Literal["wide", "medium", "close"]
Move = Literal["hold", "push", "pull", "pan left", "pan right", "tilt up", "tilt down", "drift"]
Transition = Literal["cut", "crossfade", "whip", "dip"]

SHAPES: tuple[Shape, ...] = get_args(Shape)
TITLES: tuple[Titles, ...] = get_args(Titles)
WORLDS: tuple[World, ...] = get_args(World)
HOURS: tuple[Hour, ...] = get_args(Hour)
WEATHERS: tuple[Weather, ...] = get_args(Weather)
FIGURES: tuple[Figure, ...] = get_args(Figure)
MOVES: tuple[Move, ...] = get_args(Move)
TRANSITIONS: tuple[Transition, ...] = get_args(Transition)

LYRICS_MOST = 20_000  # characters: the longest song that anybody sings has a third of it
WORDS_MOST = 1000  # characters of a wish or a look
PROMPT_MOST = 2000  # characters of a text-to-image prompt: Flux reads 512 tokens
SHIFT_MOST_S = 60.0
SHOTS_MOST = 2000
SLACK_S = 1e-3

ENERGY_STEP_S = 0.5  # between two points of the energy curve

PictureName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]  # files are named by it
Hex = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class Treatment:
    """What the client wants of a music video; every field has a sane answer when left alone."""

    wish: Annotated[str, Field(max_length=WORDS_MOST)] = ""  #: what shall be seen, in the client's own words
    lyrics: Annotated[str, Field(max_length=LYRICS_MOST)] = ""  #: as they were given: LRC, SRT or plain lines
    look: Annotated[str, Field(max_length=WORDS_MOST)] = ""  #: how it shall look: "anime", "watercolour", "neon noir"
    titles: Titles = "line"
    shape: Shape = "9:16"
    frame_rate: Literal[24, 25, 30, 60] = 30
    pace: Pace = "normal"
    shift: Annotated[float, Field(ge=-SHIFT_MOST_S, le=SHIFT_MOST_S)] = 0.0  #: seconds; every lyric comes so much later
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    #: pictures that were drawn anew, and how often
    redraws: dict[PictureName, Annotated[int, Field(ge=1, le=1000)]] = field(default_factory=dict)
    loop: Loop = "plain"  #: how a clip that is shorter than its place goes on
    bottom_crop_percent: Annotated[int, Field(ge=0, le=90)] = 0  #: of a supplied picture or video, cut off below

    __pydantic_config__ = _STRICT


@dataclass(frozen=True)
class Section:
    """A part of the song."""

    part: Part
    start: Seconds
    end: Seconds
    energy: Share  #: against the rest of the song: 0 its quietest stretch, 1 its loudest
    like: int  #: sections with the same number sound alike: the second chorus has the first one's

    __pydantic_config__ = _STRICT

    @property
    def length(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Chart:
    """What a musician writes down of a song that is heard: tempo, bars, key, form."""

    duration: Annotated[float, Field(gt=0)]
    rhythmic: bool  #: whether there is a beat to cut on; else the film follows phrases
    tempo: Bpm | None  #: beats per minute; None where the music is not rhythmic
    beats: tuple[Seconds, ...]  #: ascending; empty where the music is not rhythmic
    downbeats: tuple[Seconds, ...]  #: those of the beats that begin a bar, as far as that can be heard
    phrases: tuple[Seconds, ...]  #: where musical phrases begin, ascending, the first at 0
    key: str | None  #: "D minor"; None where none stands out
    energy: tuple[Share, ...]  #: one point each ENERGY_STEP_S, the first at 0
    sections: tuple[Section, ...]  #: tile the track without gaps

    __pydantic_config__ = _STRICT

    def energy_at(self, time: float) -> float:
        """Return how loud it is at a moment, 0-1, against the rest of the song."""
        if not self.energy:
            return 0.5
        at = min(max(time / ENERGY_STEP_S, 0.0), len(self.energy) - 1.0)
        left = min(int(at), len(self.energy) - 1)
        right = min(left + 1, len(self.energy) - 1)
        return self.energy[left] + (self.energy[right] - self.energy[left]) * (at - left)

    def section_at(self, time: float) -> Section:
        return next((section for section in self.sections if time < section.end - SLACK_S), self.sections[-1])


@dataclass(frozen=True)
class Word:
    """One sung word, with the spaces and signs that belong to it left out."""

    text: str
    start: Seconds
    end: Seconds

    __pydantic_config__ = _STRICT


@dataclass(frozen=True)
class Line:
    """One line of the lyrics in time; lines may overlap where two voices sing."""

    text: str
    start: Seconds
    end: Seconds
    words: tuple[Word, ...] = ()  #: in order; all of them or none
    part: str = ""  #: what the client wrote over it: "chorus", "verse 2"

    __pydantic_config__ = _STRICT


@dataclass(frozen=True)
class StyleSheet:
    """What is held through the whole film, so that its pictures belong together."""

    look: str  #: the art direction, said at the end of every prompt
    cast: str = ""  #: who comes again: "a young woman with a braided ponytail in a red jacket"; empty: nobody
    place: str = ""  #: where it plays: "a small harbour town in the north"
    figure: Figure = "none"  #: the same for the embedded illustrator
    palette: tuple[Hex, ...] = ()  #: five colours from dark to light

    __pydantic_config__ = _STRICT


@dataclass(frozen=True)
class Picture:
    """One drawing. Several shots may show it: what comes again in the song comes again in the film."""

    name: PictureName  #: "p01"
    prompt: Annotated[str, Field(max_length=PROMPT_MOST)]  #: text to image, whole: look and cast are in it
    world: World  #: from here on: the same in the words of the embedded illustrator
    hour: Hour = "day"
    weather: Weather = "clear"
    figure: Figure = "none"
    framing: Framing = "wide"
    valence: Signed = 0.0
    arousal: Signed = 0.0
    palette: tuple[Hex, ...] = ()  #: its part of the song's own five, kin to the film's; empty: the film's
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1  #: another number is another drawing of the same

    __pydantic_config__ = _STRICT


@dataclass(frozen=True)
class Shot:
    """The stretch of film between two cuts."""

    number: Annotated[int, Field(ge=1)]
    start: Seconds
    end: Seconds
    picture: PictureName
    move: Move = "push"
    strength: Share = 0.5  #: how far the camera goes
    transition: Transition = "cut"  #: how the picture comes into this shot
    transition_s: Annotated[float, Field(ge=0, le=4)] = 0.0  #: how long that takes; its middle is the shot's start
    lyrics: str = ""  #: what is sung in it, for whoever reads the storyboard
    action: Annotated[str, Field(max_length=PROMPT_MOST)] = ""  #: image to video: what moves

    __pydantic_config__ = _STRICT

    @property
    def length(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Storyboard:
    """The plan of the film. Refuses overlaps, gaps and shots without a picture (BadSheet)."""

    title: str
    artist: str
    chart: Chart
    lines: tuple[Line, ...]
    style: StyleSheet
    pictures: tuple[Picture, ...]
    shots: tuple[Shot, ...]
    treatment: Treatment = Treatment()
    notes: tuple[str, ...] = ()  #: what the client should know, such as "OpenAI was down; rules wrote the storyboard"

    __pydantic_config__ = _STRICT

    def __post_init__(self) -> None:
        names = [picture.name for picture in self.pictures]
        if len(names) > SHOTS_MOST:
            raise BadSheet(f"A storyboard has at most {SHOTS_MOST} pictures; this one has {len(names)}.")
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise BadSheet(f"Two pictures have the name {twice}.", hint="Give each picture a name of its own.")
        if not self.shots or len(self.shots) > SHOTS_MOST:
            raise BadSheet(f"A storyboard has 1 to {SHOTS_MOST} shots; this one has {len(self.shots)}.")
        at = 0.0
        for shot in self.shots:
            if shot.picture not in names:
                raise BadSheet(
                    f"Shot {shot.number} shows the picture {shot.picture}, which is not there.",
                    hint=f"Pictures: {', '.join(names[:20])}.",
                )
            if not math.isfinite(shot.end) or shot.end <= shot.start or abs(shot.start - at) > SLACK_S:
                raise BadSheet(
                    f"Shot {shot.number} stands at {shot.start:.3f}-{shot.end:.3f} s; expected it from {at:.3f} s on.",
                    hint="Neighbours must meet: the end of one is the start of the next.",
                )
            at = shot.end
        if abs(at - self.chart.duration) > SLACK_S * max(1, len(self.shots) ** 0.5):
            raise BadSheet(f"The shots end at {at:.3f} s, the track at {self.chart.duration:.3f} s.")

    def picture(self, name: str) -> Picture:
        return next(picture for picture in self.pictures if picture.name == name)

    def to_json(self) -> str:
        return _BOARD.dump_json(self, indent=1).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Storyboard:
        """Read a storyboard that a person may have edited; raises BadSheet naming the field that is wrong."""
        try:
            return _BOARD.validate_json(text)
        except ValidationError as exc:
            first = exc.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the file"
            raise BadSheet(
                f"The storyboard is not usable: {where}: {first['msg']}.",
                hint="Change one field at a time in the storyboard.json that a job has left, and run again.",
            ) from exc

    def with_pictures(self, pictures: tuple[Picture, ...]) -> Storyboard:
        return replace(self, pictures=pictures)


def size_of(shape: Shape, side: int = 1080) -> tuple[int, int]:
    """Return width and height of a film whose shorter side has `side` pixels; both even."""
    across, down = (int(part) for part in shape.split(":"))
    scale = side / min(across, down)
    return round(across * scale / 2) * 2, round(down * scale / 2) * 2


_BOARD: TypeAdapter[Storyboard] = TypeAdapter(Storyboard)
