"""The edit: shots, transitions, camera moves, pulses and titles become the film, set to the track.

Frame n of the film shows the time n / rate. Frames are drawn one by one in the planes that the encoder takes
(pipeline/screen/) and go through a pipe into the sandboxed ffmpeg, which burns the titles in and encodes; while it
works on one frame, the next is drawn. Never more than a handful of frames are in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.backends import Report
from pipeline.door.ffmpeg import bench
from pipeline.door.picture import affordable_size
from pipeline.door.targets import Budget, budget, fits_encoded
from pipeline.errors import DoesNotFit
from pipeline.film import marry_track
from pipeline.pictures import MovingPicture, Painting
from pipeline.screen.print import SHORTER, print_frames
from pipeline.screen.pulses import FADE_OUT_S, count_faded
from pipeline.screen.screening import Screening
from pipeline.screen.takes import count_frames
from pipeline.storyboard import Storyboard
from pipeline.titles.sheet import lay_titles
from pipeline.track import Track

CRF = 20  # of x264: stills under a slow camera are far below any target's rate with it
THRIFT = (1.0, 0.75)  # of the allowed rate: a second try when the encoder has slipped over the bytes
KEYFRAME_S = 2.0  # between two frames that a player can jump to


def cut_film(
    board: Storyboard,
    material: Mapping[str, Painting | MovingPicture],
    track: Track,
    *,
    to: Path,
    size: tuple[int, int],
    most_bytes: int | None = None,
    comment: str,
    report: Report,
) -> Path:
    """Render the film at the storyboard's frame rate and marry it to the track; `material` has all its pictures.

    The film is as long as the track, to the frame. The track's own packets are in it where the container takes them.
    Where `most_bytes` leave a pixel too few bits, the film is smaller than `size`. Raises DoesNotFit when it cannot be
    made small enough; nothing is left at `to` then.
    """
    with bench(to.parent) as place:
        picture = _fit(board, material, track.duration, place, size=size, most_bytes=most_bytes, report=report)
        marry_track(picture, track, to, most_bytes=most_bytes, comment=comment)
    return to


def _fit(
    board: Storyboard,
    material: Mapping[str, Painting | MovingPicture],
    duration: float,
    place: Path,
    *,
    size: tuple[int, int],
    most_bytes: int | None,
    report: Report,
) -> Path:
    """Render the picture, once more and thriftier when it has become too large."""
    allowed = budget(most_bytes, duration, hint=SHORTER)
    rate, picture = board.treatment.frame_rate, place / "picture.mp4"
    frames = count_frames(duration, rate)
    for thrift in THRIFT:
        fitting = affordable_size(size, rate, allowed, thrift)
        with Screening(board, material, frames=frames, size=fitting, place=place) as screening:
            print_frames(
                screening.frames(),
                picture,
                size=fitting,
                rate=rate,
                count=frames,
                filters=_filters(lay_titles(board, size=fitting, place=place), rate, frames),
                control=_control(rate, allowed, thrift),
                told=lambda number: report("edit", number, frames),
            )
        if fits_encoded(most_bytes, picture.stat().st_size, duration, frames=frames):
            return picture
    raise DoesNotFit("The film cannot be made small enough for where it shall go.", hint=SHORTER)


def _filters(titles: str | None, rate: int, frames: int) -> list[str]:
    """Return what is done to the frames: titles laid on them, and a fade at the end over both."""
    faded = count_faded(FADE_OUT_S, rate=rate, frames=frames)
    fade = f"fade=type=out:start_frame={frames - faded}:nb_frames={faded}" if faded else None
    return [done for done in (titles, fade) if done]


def _control(rate: int, allowed: Budget | None, thrift: float) -> list[str]:
    control = ["-crf", str(CRF), "-g", str(round(KEYFRAME_S * rate))]
    if not allowed:
        return control
    most = int(allowed.picture * thrift)
    return [*control, "-maxrate", str(most), "-bufsize", str(2 * most)]
