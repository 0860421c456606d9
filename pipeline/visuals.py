"""What the client supplies to be seen: a picture or a clip becomes material of ours, or the whole film, looped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.backends import Report
from pipeline.pictures import MovingPicture, Painting
from pipeline.storyboard import Chart, Line, Storyboard, Treatment
from pipeline.track import Track

SUPPLIED = "supplied"  #: the name of the one picture of a looped film


@dataclass(frozen=True)
class Looped:
    """A film that is one picture or clip again and again."""

    film: Path
    copied: bool  #: whether the picture's packets were looped as they are, without encoding each turn
    notes: tuple[str, ...] = ()


def supply(
    board: Storyboard, visuals: Sequence[Path], *, size: tuple[int, int], folder: Path, report: Report
) -> Mapping[str, Painting | MovingPicture]:
    """Put strangers' pictures and clips, in turn, in the place of the storyboard's pictures.

    Raises BadMedia, OverLimit.
    """
    raise NotImplementedError


def whole_board(
    chart: Chart, lines: tuple[Line, ...], treatment: Treatment, *, title: str = "", artist: str = ""
) -> Storyboard:
    """Return the storyboard of a film with one picture from beginning to end."""
    raise NotImplementedError


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
    """Loop one picture or clip for as long as the track, with MoviePy's meaning of looping, and marry them."""
    raise NotImplementedError
