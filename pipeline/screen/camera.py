"""The camera: where it stands over a picture while a shot is seen. Its moves are small, eased, and show no edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.screen.planes import Sheet, Window
from pipeline.storyboard import Move, Shot

LEAST, MOST = 0.05, 0.12  # of the frame, or of the zoom, over one shot: at strength 0 and 1
SPEED_MOST = 0.06  # a second: what is faster looks thrown, however short the shot
PARALLAX = 0.3  # by how much more the nearest layer moves than the middle one, and the farthest less
DRIFT = 0.4  # of a move, in each of the directions of a drift
MARGIN = 2.0  # pixels of the film that stay between the frame and a picture's edge


@dataclass(frozen=True)
class Pose:
    zoom: float = 1.0  #: 1 is the farthest away
    x: float = 0.0  #: how far to the right of the picture's middle it looks, in widths of the frame
    y: float = 0.0  #: how far down, in heights

    def nearer(self, closeness: float) -> Pose:
        """The same for a layer that moves so much more (1: as said)."""
        return Pose(self.zoom**closeness, self.x * closeness, self.y * closeness)


@dataclass(frozen=True)
class Course:
    """A move from one pose to another."""

    start: Pose
    end: Pose

    def at(self, share: float) -> Pose:
        """Return the pose after a share (0-1) of the time."""
        way = ease(share)
        zoom = self.start.zoom * (self.end.zoom / self.start.zoom) ** way  # equal ratios look like equal speed
        return Pose(
            zoom,
            self.start.x + (self.end.x - self.start.x) * way,
            self.start.y + (self.end.y - self.start.y) * way,
        )


def ease(share: float) -> float:
    """Return how far a move has come: softer at both ends, never standing, so that cuts fall into movement."""
    share = min(max(share, 0.0), 1.0)
    return 0.5 * share + 0.5 * share * share * (3 - 2 * share)


def course(shot: Shot) -> Course:
    """Return the way of the camera in a shot; the same shot has the same way."""
    far = min(LEAST + (MOST - LEAST) * shot.strength, SPEED_MOST * shot.length)
    side = 1.0 if shot.number % 2 else -1.0
    return _courses(far, side)[shot.move]


def _courses(far: float, side: float) -> dict[Move, Course]:
    near, half, slight = Pose(1 + far), far / 2, far * DRIFT / 2
    return {
        "hold": Course(Pose(), Pose()),
        "push": Course(Pose(), near),
        "pull": Course(near, Pose()),
        "pan left": Course(Pose(x=half), Pose(x=-half)),
        "pan right": Course(Pose(x=-half), Pose(x=half)),
        "tilt up": Course(Pose(y=half), Pose(y=-half)),
        "tilt down": Course(Pose(y=-half), Pose(y=half)),
        "drift": Course(Pose(1, -side * slight, slight / 2), Pose(1 + far * DRIFT, side * slight, -slight / 2)),
    }


def room(way: Course, sheets: Sequence[Sheet], size: tuple[int, int]) -> float:
    """Return the zoom at which no sheet's edge is seen at any time of a move."""
    poses = [way.at(share).nearer(close) for close in closeness(sheets) for share in (0.0, 0.5, 1.0)]
    needed = max((1 + 2 * max(abs(pose.x), abs(pose.y))) / pose.zoom for pose in poses)
    return max(1.0, needed) * (1 + 2 * MARGIN / min(size))


def closeness(sheets: Sequence[Sheet]) -> list[float]:
    """Return how much each layer moves against what was said: 1 where there is one layer, or no depth."""
    depths = [sheet.depth for sheet in sheets]
    middle = (min(depths) + max(depths)) / 2
    return [1 + 2 * PARALLAX * (depth - middle) for depth in depths]


def look(pose: Pose, sheets: Sequence[Sheet], size: tuple[int, int], zoom: float) -> list[Window]:
    """Return what is seen of each sheet when the whole is enlarged by `zoom` beyond covering the frame."""
    return [
        _window(pose.nearer(close), sheet, size, zoom) for close, sheet in zip(closeness(sheets), sheets, strict=True)
    ]


def _window(pose: Pose, sheet: Sheet, size: tuple[int, int], zoom: float) -> Window:
    (width, height), (across, down) = size, sheet.size
    step = min(across / width, down / height) / (zoom * pose.zoom)
    left = (across - 1) / 2 + (pose.x * width - (width - 1) / 2) * step
    top = (down - 1) / 2 + (pose.y * height - (height - 1) / 2) * step
    return Window(step, left, top)
