"""The edit: shots, transitions, camera moves, pulses and titles become the film, set to the track."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.backends import Report
from pipeline.pictures import MovingPicture, Painting
from pipeline.storyboard import Storyboard
from pipeline.track import Track


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
    Raises DoesNotFit when it cannot be made small enough; nothing is left at `to` then.
    """
    raise NotImplementedError
