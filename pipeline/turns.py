"""One turn of a loop, and the picture of the whole film, whose packets are one turn's again and again.

Looping is what MoviePy means by it: at time t the film shows what the clip shows at t modulo its length; there-and-back
shows the clip and then the same backwards, and loops that. A turn is the client's own packets, or frames that were
encoded once: no frame is encoded twice, whatever the length of the film.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from pipeline.backends import Report
from pipeline.door.ffmpeg import NOTHING_PERSONAL, THREADS, Leash, bench, run, take_in
from pipeline.door.films import copy_turn
from pipeline.door.picture import ENCODE_LEASH_S_PER_S, Plan, affordable_size, encode
from pipeline.door.slate import Stream, read_packets
from pipeline.door.targets import Budget, budget, fits_encoded
from pipeline.errors import BadMedia, DoesNotFit
from pipeline.pictures import Material, Painting
from pipeline.screen.planes import Frame
from pipeline.screen.print import COLOURS, SHORTER, print_frames
from pipeline.screen.reel import Reel
from pipeline.storyboard import Treatment

STILL_TURN_S = 8.0  # of a picture: long enough that its packets weigh little, short enough to be made at once
CRF = 18  # of x264 for one turn: it is encoded once
BUFFER_S = 2.0  # of the allowed rate, by which a turn may be larger than its share
TRIES = 4  # at a turn that fits: it comes so often that the encoder's slips add up
THRIFT = 0.95  # of the rate that would just have fitted, for the next try
COPIED_MOST = 1_000_000_000  # bytes of a film of copied packets, where no target says less
FASTEST = 60.5  # frames a second: a faster clip is shown at the film's own rate
STEADY = 0.5  # of a frame: how far its time may lie from where an even rate has it
LAST_FRAME_S = 1 / 24  # at most: how closely the end of a slow or uneven film follows the end of its track


@dataclass(frozen=True)
class Wanted:
    """The picture that a turn shall become."""

    treatment: Treatment
    seconds: float
    size: tuple[int, int]  #: of what is encoded
    most_bytes: int | None  #: of the whole film, its sound among them


@dataclass(frozen=True)
class Turn:
    """What is repeated: a film of ours whose first packet is a key frame, packets in the order of their times."""

    file: Path
    seconds: float
    frames: int

    @classmethod
    def of(cls, file: Path) -> Turn:
        stream = _picture(file)
        start, end = stream.span
        return cls(file, float(end - start), len(stream.packets))


@dataclass(frozen=True)
class Rolled:
    """The picture of a whole film."""

    picture: Path
    turn: Turn


def roll_own(visual: Path, wanted: Wanted, *, place: Path) -> Rolled | None:
    """Loop the client's own packets; None where they cannot be. Raises OverLimit."""
    try:
        copied = copy_turn(visual, to=place / "own.mp4")
        rolled = _as_it_is(place / "own.mp4", wanted, place) if copied else None
        return rolled if rolled and _is_seamless(rolled) else None
    except BadMedia:  # why, is found out when it is decoded
        return None


def roll(material: Material, wanted: Wanted, *, place: Path, report: Report) -> Rolled:
    """Loop what was taken in: its packets where they will do, else one turn is encoded. Raises DoesNotFit."""
    if not isinstance(material, Painting) and (rolled := _as_it_is(material.file, wanted, place)):
        return rolled
    allowed = budget(wanted.most_bytes, wanted.seconds, hint=SHORTER)
    thrift = 1.0
    for _ in range(TRIES):
        turn = _encoded(material, wanted, allowed, thrift, place, report)
        picture = _repeated(turn, place / "picture.mp4", wanted.seconds)
        if allowed is None or _fits(picture, turn, wanted):
            return Rolled(picture, turn)
        thrift *= min(THRIFT, THRIFT * allowed.picture / 8 * wanted.seconds / picture.stat().st_size)
    raise DoesNotFit("The film cannot be made small enough for where it shall go.", hint=SHORTER)


# ---- packets again and again ----


def _as_it_is(film: Path, wanted: Wanted, place: Path) -> Rolled | None:
    """Repeat a film's packets; None where it has to come back, becomes too large, or is too fast for players."""
    turn, most = Turn.of(film), wanted.most_bytes or COPIED_MOST
    once = turn.seconds >= wanted.seconds - LAST_FRAME_S
    about = film.stat().st_size * max(1.0, wanted.seconds / turn.seconds)
    if turn.frames / turn.seconds > FASTEST or about > most or not (once or wanted.treatment.loop == "plain"):
        return None
    picture = _repeated(turn, place / "picture.mp4", wanted.seconds)
    return Rolled(picture, turn) if _fits(picture, turn, wanted) else None


def _fits(picture: Path, turn: Turn, wanted: Wanted) -> bool:
    frames = round(turn.frames * wanted.seconds / turn.seconds)
    return fits_encoded(wanted.most_bytes, picture.stat().st_size, wanted.seconds, frames=frames)


def _repeated(turn: Turn, to: Path, seconds: float) -> Path:
    """Copy the packets of a turn again and again; the last frame ends with the track."""
    frame = min(turn.seconds / turn.frames, LAST_FRAME_S)
    end = seconds - frame / 2  # what begins later would stand too short
    last = f"setts=duration='min(DURATION,{seconds + frame / 2:.6f}/TB-PTS)'"
    with turn.file.open("rb") as file:
        arguments = [*take_in(file, "mov", "-stream_loop", "-1"), "-map", "0:v:0", "-c", "copy", "-t", f"{end:.6f}"]
        out = ["-bsf:v", last, *NOTHING_PERSONAL, "-movflags", "+faststart", "-f", "mp4", to.name]
        run([*arguments, *out], place=to.parent, leash=Leash(seconds=300), inputs=[file])
    return to


def _is_seamless(rolled: Rolled) -> bool:
    """Whether a decoder shows every frame of the first turn, and the same in the second."""
    frames = rolled.turn.frames
    shown = _shown(rolled.picture, 2 * frames)
    first, second = shown[:frames], shown[frames:]
    return len(shown) == min(2 * frames, len(_picture(rolled.picture).packets)) and second == first[: len(second)]


def _shown(picture: Path, frames: int) -> list[str]:
    """Return the checksums of the first frames that a decoder shows."""
    with picture.open("rb") as file:
        raw = ["-frames:v", str(frames), "-fps_mode", "passthrough", *NOTHING_PERSONAL, "-f", "framecrc", "pipe:1"]
        leash = Leash(seconds=600, cpu_s=600 * THREADS)
        done = run([*take_in(file, "mov"), "-map", "0:v:0", *raw], place=picture.parent, leash=leash, inputs=[file])
    lines = done.output.decode("ascii", "replace").splitlines()
    return [line.split(",")[5].strip() for line in lines if line[:1].isdigit()]


def _picture(film: Path) -> Stream:
    with bench(film.parent) as place, film.open("rb") as file:
        return next(stream for stream in read_packets(file, "mov", place=place) if stream.kind == "video")


# ---- one turn encoded ----


def _encoded(
    material: Material,
    wanted: Wanted,
    allowed: Budget | None,
    thrift: float,
    place: Path,
    report: Report,
) -> Turn:
    """Encode one turn, or as much of it as the film shows, within the allowed rate."""
    rate, to = wanted.treatment.frame_rate, place / "turn.mp4"
    size = affordable_size(wanted.size, rate, allowed, thrift)
    if isinstance(material, Painting):
        seconds = min(STILL_TURN_S, wanted.seconds)
        control = _control(allowed, thrift, seconds)
        _print_still(material.layers[0].file, to, size=size, rate=rate, count=round(seconds * rate), control=control)
        return Turn.of(to)
    with Reel(material.file, size=size, loop=wanted.treatment.loop, place=place) as reel:
        order, pace = _order(reel, wanted.treatment)
        order = order[: int(wanted.seconds * pace) + 2]
        control = _control(allowed, thrift, len(order) / float(pace))
        frames, count = _frames(reel, order, Frame(size)), len(order)
        print_frames(
            frames,
            to,
            size=size,
            rate=pace,
            count=count,
            control=control,
            told=lambda number: report("edit", number, count + 1),
        )
    return Turn.of(to)


def _control(allowed: Budget | None, thrift: float, turn_s: float) -> list[str]:
    control = ["-crf", str(CRF), "-bf", "0"]
    if allowed is None:
        return control
    most = int(allowed.picture * thrift)
    return [*control, "-maxrate", str(most), "-bufsize", str(int(most * min(BUFFER_S, turn_s)))]


def _order(reel: Reel, treatment: Treatment) -> tuple[list[int], Fraction]:
    """Return which of the clip's frames one turn shows, and how many a second: the clip's own where they are even."""
    count, back = len(reel.times), treatment.loop == "there-and-back"
    step = reel.length / count
    steady = all(abs(time - number * step) <= STEADY * step for number, time in enumerate(reel.times))
    if steady and 1 / step <= FASTEST:
        own = list(range(count))
        return own + own[::-1] * back, Fraction(1 / step).limit_denominator(1001)
    turn_s = reel.length * (1 + back)
    frames = max(1, round(turn_s * treatment.frame_rate))
    pace = Fraction(frames / turn_s).limit_denominator(1001)
    return [reel.index(number * turn_s / frames) for number in range(frames)], pace


def _frames(reel: Reel, order: Sequence[int], frame: Frame) -> Iterator[Frame]:
    """Yield the clip's frames in that order; each is good until the next is asked for."""
    for index in order:
        reel.take(index, frame)
        yield frame


def _print_still(png: Path, to: Path, *, size: tuple[int, int], rate: int, count: int, control: list[str]) -> None:
    """Encode a picture of our own for so many frames."""
    stand = f"loop=loop={count - 1}:size=1,setpts=N"
    scale = f"scale={size[0]}:{size[1]}:flags=lanczos:out_color_matrix=bt709:out_range=tv"
    plan = Plan(f"{scale},setsar=1,{COLOURS},format=yuv420p,{stand}", tuple(control))
    leash = Leash(seconds=120 + ENCODE_LEASH_S_PER_S * STILL_TURN_S)
    with png.open("rb") as file:
        arguments = [*take_in(file, "png_pipe", "-framerate", str(rate)), "-map", "0:v:0", *encode(plan, to.name)]
        run(arguments, place=to.parent, leash=leash, inputs=[file])
