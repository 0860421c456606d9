"""What the client supplies to be seen: a picture or a clip becomes material of ours, or the whole film, looped.

Looping is what MoviePy means by it: at time t the film shows what the clip shows at t modulo its length; there-and-back
shows the clip and then the same backwards, and loops that. Where nothing is laid over the picture, only one turn is
encoded, and its packets are copied again and again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.backends import Report
from pipeline.door.ffmpeg import NOTHING_PERSONAL, THREADS, Leash, bench, run, start, take_fed, take_in
from pipeline.door.films import take_film
from pipeline.door.picture import affordable_size
from pipeline.door.stills import is_still, take_still
from pipeline.door.targets import budget, fits_encoded
from pipeline.edit import COLOURS, cut_film
from pipeline.errors import DoesNotFit
from pipeline.film import marry_track, picture_size
from pipeline.pictures import Layer, Material, MovingPicture, Painting, roomy
from pipeline.screen.planes import Frame, Projector, Window, read_sheets
from pipeline.screen.reel import Reel
from pipeline.screen.takes import count_frames
from pipeline.storyboard import Chart, Line, Picture, Shot, Storyboard, StyleSheet, Treatment
from pipeline.track import Track

SUPPLIED = "supplied"  #: the name of the one picture of a looped film
OWN = "the client's own"  #: licence of what was supplied
LONGEST_SIDE = 1920  # pixels of a looped film
STILL_TURN_S = 4.0  # of a picture: long enough that its packets weigh little, short enough to be made at once
CRF = 18  # of x264 for one turn: it is encoded once, whatever the length of the film
THRIFT = (1.0, 0.7)  # of the allowed rate: a second try when the encoder has slipped over the bytes


@dataclass(frozen=True)
class Looped:
    """A film that is one picture or clip again and again."""

    film: Path
    copied: bool  #: whether one turn's packets were copied again and again; else titles made every frame another
    turn_s: float  #: seconds of one turn


def supply(
    board: Storyboard, visuals: Sequence[Path], *, size: tuple[int, int], folder: Path, report: Report
) -> dict[str, Material]:
    """Put strangers' pictures and clips, in turn, in the place of the storyboard's pictures.

    Raises BadMedia, OverLimit.
    """
    crop = board.treatment.bottom_crop_percent
    material: list[Material] = []
    for number, visual in enumerate(visuals):
        report("pictures", number, len(visuals))
        place = folder / f"{SUPPLIED}-{number + 1}"
        place.mkdir(parents=True, exist_ok=True)
        material.append(_taken(visual, place, size=size, crop=crop))
    report("pictures", len(visuals), len(visuals))
    return {picture.name: material[number % len(material)] for number, picture in enumerate(board.pictures)}


def _taken(visual: Path, place: Path, *, size: tuple[int, int], crop: int) -> Material:
    if is_still(visual):
        still = take_still(visual, to=place / "0.png", size=roomy(size), bottom_crop_percent=crop)
        return Painting((Layer(still, 0.0),), SUPPLIED, OWN)
    film = take_film(visual, to=place / "film.mp4", longest=max(size), bottom_crop_percent=crop)
    return MovingPicture(film, SUPPLIED, OWN)


def whole_board(
    chart: Chart, lines: tuple[Line, ...], treatment: Treatment, *, title: str = "", artist: str = ""
) -> Storyboard:
    """Return the storyboard of a film with one picture from beginning to end."""
    picture = Picture(SUPPLIED, prompt="", world="abstract")
    shot = Shot(1, 0.0, chart.duration, SUPPLIED, move="hold")
    return Storyboard(title, artist, chart, lines, StyleSheet(look=""), (picture,), (shot,), treatment)


def loop_film(
    visual: Path,
    board: Storyboard,
    track: Track,
    *,
    to: Path,
    folder: Path,
    most_bytes: int | None = None,
    comment: str,
    report: Report,
) -> Looped:
    """Loop one picture or clip for as long as the track, with MoviePy's meaning of looping, and marry them.

    The picture keeps its own shape, up to 1920 pixels. Raises BadMedia, OverLimit, DoesNotFit.
    """
    place = folder / SUPPLIED
    place.mkdir(parents=True, exist_ok=True)
    report("pictures", 0, 1)
    material, size = _as_it_is(visual, place, crop=board.treatment.bottom_crop_percent)
    report("pictures", 1, 1)
    if board.lines and board.treatment.titles != "none":
        cut_film(
            board,
            {SUPPLIED: material},
            track,
            to=to,
            size=size,
            most_bytes=most_bytes,
            comment=comment,
            report=report,
        )
        return Looped(to, copied=False, turn_s=track.duration)
    return _copied(material, board, track, to, size=size, most_bytes=most_bytes, comment=comment, report=report)


def _as_it_is(visual: Path, place: Path, *, crop: int) -> tuple[Material, tuple[int, int]]:
    """Take a visual in in its own shape; return it and the film's size."""
    if not is_still(visual):
        film = take_film(visual, to=place / "film.mp4", longest=LONGEST_SIDE, bottom_crop_percent=crop)
        return MovingPicture(film, SUPPLIED, OWN), picture_size(film)
    still = take_still(visual, to=place / "0.png", longest=LONGEST_SIDE, bottom_crop_percent=crop)
    painting = Painting((Layer(still, 0.0),), SUPPLIED, OWN)
    width, height = _size_of_png(still)
    return painting, (max(2, width // 2 * 2), max(2, height // 2 * 2))


def _size_of_png(png: Path) -> tuple[int, int]:
    """Read the size in the header of a PNG of our own."""
    with png.open("rb") as file:
        head = file.read(24)
    return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])


def _copied(
    material: Material,
    board: Storyboard,
    track: Track,
    to: Path,
    *,
    size: tuple[int, int],
    most_bytes: int | None,
    comment: str,
    report: Report,
) -> Looped:
    """Encode one turn, copy its packets for the whole length, and marry them to the track."""
    rate = board.treatment.frame_rate
    frames, allowed = count_frames(track.duration, rate), budget(most_bytes, track.duration)
    with bench(to.parent) as place:
        for thrift in THRIFT:
            fitting = affordable_size(size, rate, allowed, thrift)
            turn = min(frames, _turn_frames(material, board, place))
            most = int(allowed.picture * thrift) if allowed else None
            _encode(_frames(material, board, turn, fitting, place), fitting, rate, most, place)
            report("edit", 1, 2)
            picture = _repeated(place / "turn.mp4", place / "picture.mp4", frames)
            if fits_encoded(most_bytes, picture.stat().st_size, track.duration):
                marry_track(picture, track, to, most_bytes=most_bytes, comment=comment)
                report("edit", 2, 2)
                return Looped(to, copied=True, turn_s=turn / rate)
    raise DoesNotFit(
        "The film cannot be made small enough for where it shall go.", hint="Take a shorter track, or no target."
    )


def _turn_frames(material: Material, board: Storyboard, place: Path) -> int:
    """Return how many of the film's frames one turn has: a whole number, one at least."""
    rate = board.treatment.frame_rate
    if isinstance(material, Painting):
        return round(STILL_TURN_S * rate)
    with Reel(material.file, size=(2, 2), loop="plain", place=place) as reel:
        length = reel.length
    return max(1, round(length * (2 if board.treatment.loop == "there-and-back" else 1) * rate))


def _frames(material: Material, board: Storyboard, count: int, size: tuple[int, int], place: Path) -> Iterator[Frame]:
    """Yield the frames of one turn; each is good until the next is asked for."""
    frame = Frame(size)
    if isinstance(material, Painting):
        sheets = read_sheets(material, size)
        step = sheets[0].size[0] / size[0]
        Projector(size).show(sheets, [Window(step, 0.0, 0.0)] * len(sheets), frame)
        for _ in range(count):
            yield frame
        return
    with Reel(material.file, size=size, loop=board.treatment.loop, place=place) as reel:
        for number in range(count):
            reel.show(number / board.treatment.frame_rate, frame)
            yield frame


def _encode(frames: Iterator[Frame], size: tuple[int, int], rate: int, most: int | None, place: Path) -> None:
    """Write `turn.mp4`: it begins with a key frame and its packets stand in the order in which they are shown."""
    shape = ["-pixel_format", "yuv420p", "-video_size", f"{size[0]}x{size[1]}", "-framerate", str(rate)]
    control = ["-crf", str(CRF), *(["-maxrate", str(most), "-bufsize", str(2 * most)] if most else [])]
    arguments = [
        *take_fed("rawvideo", *shape),
        *("-vf", f"{COLOURS},format=yuv420p"),
        *("-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-threads", str(THREADS), *control),
        *(*NOTHING_PERSONAL, "-f", "mp4", "turn.mp4"),
    ]
    leash = Leash(seconds=3600, stall_s=600, cpu_s=3600)
    with start(arguments, place=place, leash=leash, fed=True) as child:
        for frame in frames:
            child.feed(frame.bytes.data)
        child.finish()


def _repeated(turn: Path, to: Path, frames: int) -> Path:
    """Copy the packets of a turn again and again until there are so many."""
    with turn.open("rb") as file:
        arguments = [*take_in(file, "mov", "-stream_loop", "-1"), "-map", "0:v:0", "-c", "copy"]
        end = ["-frames:v", str(frames), *NOTHING_PERSONAL, "-movflags", "+faststart", "-f", "mp4", to.name]
        run([*arguments, *end], place=to.parent, leash=Leash(seconds=300), inputs=[file])
    return to
