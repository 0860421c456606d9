"""What the client supplies to be seen: a picture or a clip becomes material of ours, or the whole film, looped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.backends import Report
from pipeline.door.ffmpeg import bench
from pipeline.door.films import LONGEST_SIDE, take_film
from pipeline.door.slate import Motionless
from pipeline.door.stills import is_still, take_still
from pipeline.edit import cut_film
from pipeline.film import marry_track, picture_size
from pipeline.pictures import Layer, Material, MovingPicture, Painting, roomy
from pipeline.storyboard import Chart, Line, Picture, Shot, Storyboard, StyleSheet, Treatment
from pipeline.track import Track
from pipeline.turns import Rolled, Wanted, roll, roll_own

SUPPLIED = "supplied"  #: the name of the one picture of a looped film
OWN = "the client's own"  #: licence of what was supplied

TITLED_SIDE = 720  # pixels of the shorter side: a smaller picture is enlarged, so that its titles can be read


@dataclass(frozen=True)
class Looped:
    """A film that is one picture or clip again and again."""

    film: Path
    turn_s: float  #: seconds of one turn; of the film where titles make every frame another
    copied: bool  #: whether the client's own packets are in it


def supply(
    board: Storyboard,
    visuals: Sequence[Path],
    *,
    size: tuple[int, int],
    folder: Path,
    report: Report,
    until: float | None = None,
) -> dict[str, Material]:
    """Put strangers' pictures and clips, in turn, in the place of the storyboard's pictures.

    Of clips no more than `until` seconds are taken, where it is given. Raises BadMedia, OverLimit.
    """
    crop = board.treatment.bottom_crop_percent
    material: list[Material] = []
    for number, visual in enumerate(visuals):
        report("pictures", number, len(visuals))
        place = folder / f"{SUPPLIED}-{number + 1}"
        place.mkdir(parents=True, exist_ok=True)
        material.append(_taken(visual, place, cover=size, crop=crop, until=until))
    report("pictures", len(visuals), len(visuals))
    return {picture.name: material[number % len(material)] for number, picture in enumerate(board.pictures)}


def whole_board(
    chart: Chart, lines: tuple[Line, ...], treatment: Treatment, *, title: str = "", artist: str = ""
) -> Storyboard:
    """Return the storyboard of a film with one picture from beginning to end."""
    picture = Picture(SUPPLIED, prompt="", world="abstract")
    shot = Shot(1, 0.0, chart.duration, SUPPLIED, move="hold")
    return Storyboard(title, artist, chart, lines, StyleSheet(look=""), (picture,), (shot,), treatment)


def is_whole(board: Storyboard) -> bool:
    """Whether it is the storyboard of a looped film."""
    return [picture.name for picture in board.pictures] == [SUPPLIED]


def is_titled(board: Storyboard) -> bool:
    """Whether something is laid over the picture, so that no turn is like the other."""
    return bool(board.lines) and board.treatment.titles != "none"


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
    crop = board.treatment.bottom_crop_percent
    wanted = Wanted(board.treatment, track.duration, (LONGEST_SIDE, LONGEST_SIDE), most_bytes)
    report("pictures", 0, 1)
    if not is_titled(board) and not crop and not is_still(visual):
        with bench(to.parent) as place:
            if rolled := roll_own(visual, wanted, place=place):
                return _married(rolled, track, to, most_bytes, comment, report, copied=True)
    place = folder / SUPPLIED
    place.mkdir(parents=True, exist_ok=True)
    material = _taken(visual, place, cover=None, crop=crop, until=track.duration)
    report("pictures", 1, 1)
    size = _own_size(material)
    if is_titled(board):
        shown, large = {SUPPLIED: material}, _readable(size)
        cut_film(board, shown, track, to=to, size=large, most_bytes=most_bytes, comment=comment, report=report)
        return Looped(to, track.duration, copied=False)
    with bench(to.parent) as place:
        rolled = roll(material, replace(wanted, size=size), place=place, report=report)
        return _married(rolled, track, to, most_bytes, comment, report, copied=False)


def _married(
    rolled: Rolled, track: Track, to: Path, most_bytes: int | None, comment: str, report: Report, *, copied: bool
) -> Looped:
    marry_track(rolled.picture, track, to, most_bytes=most_bytes, comment=comment)
    report("edit", 1, 1)
    return Looped(to, rolled.turn.seconds, copied)


# ---- what was supplied, as material ----


def _taken(visual: Path, place: Path, *, cover: tuple[int, int] | None, crop: int, until: float | None) -> Material:
    """Take a visual in, so that it covers a size, or in its own shape and size where there is none."""
    still = is_still(visual)
    if not still:
        try:
            film = take_film(visual, to=place / "film.mp4", cover=cover, bottom_crop_percent=crop, until=until)
            return MovingPicture(film, SUPPLIED, OWN)
        except Motionless:  # a clip of one frame is a picture
            pass
    file, size = place / "0.png", roomy(cover) if cover else None
    take_still(visual, to=file, size=size, longest=LONGEST_SIDE, bottom_crop_percent=crop, clip=not still)
    return Painting((Layer(file, 0.0),), SUPPLIED, OWN)


def _own_size(material: Material) -> tuple[int, int]:
    """Return the size of what was taken in; both sides even."""
    if isinstance(material, MovingPicture):
        return picture_size(material.file)
    with material.layers[0].file.open("rb") as png:
        head = png.read(24)
    return _even(int.from_bytes(head[16:20])), _even(int.from_bytes(head[20:24]))


def _readable(size: tuple[int, int]) -> tuple[int, int]:
    """Enlarge a size until titles can be read on it, as far as its longer side allows."""
    scale = max(1.0, min(TITLED_SIDE / min(size), LONGEST_SIDE / max(size)))
    return _even(round(size[0] * scale)), _even(round(size[1] * scale))


def _even(side: int) -> int:
    return max(2, side // 2 * 2)
