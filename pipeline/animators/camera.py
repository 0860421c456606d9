"""The built-in camera: moves over the painting while the film is cut, so there is nothing to film before."""

from __future__ import annotations

from pathlib import Path

from pipeline.backends import Report, Vendors
from pipeline.errors import Refused
from pipeline.pictures import MovingPicture, Painting
from pipeline.storyboard import Shot


class Camera:
    """Leaves every painting as it is: the edit pushes, pans and tilts."""

    name = "camera"
    licence = "The camera moves are yours: made by Reelscore itself, free for any use."
    seconds = 0.0
    at_once = 1

    def price_usd(self, shot: Shot) -> float:
        return 0.0

    def move(
        self, painting: Painting, shot: Shot, *, size: tuple[int, int], to: Path, report: Report
    ) -> MovingPicture | None:
        return None


def load(variant: str, vendors: Vendors) -> Camera:
    if variant:
        raise Refused("There is only one built-in camera.", hint="Say: camera.")
    return Camera()
