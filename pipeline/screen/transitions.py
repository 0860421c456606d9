"""Transitions: how one shot becomes the next. Each takes two frames and how far it has come."""

from __future__ import annotations

import cv2

from pipeline.screen.planes import BLACK, WHITE, Bytes, Frame, dim
from pipeline.storyboard import Transition

DEEPEST = 0.12  # light that is left in the middle of a dip: no frame is black or white all over
SHUTTER = 0.6  # of the time between two frames, as a film camera's at 216 degrees: the blur of a whip


def join(
    kind: Transition, before: Frame, after: Frame, to: Frame, *, share: float, frames: int, bright: bool, left: bool
) -> None:
    """Draw the frame at `share` (0-1) of a transition of so many frames; its middle is the cut.

    `bright`: a dip goes through white. `left`: a whip goes to the left.
    """
    if kind == "crossfade":
        _crossfade(before, after, to, _smooth(share))
    elif kind == "whip":
        _whip(before, after, to, share, frames, left=left)
    else:
        to.take(before if share < 0.5 else after)
        if kind == "dip":
            light = _smooth(abs(2 * share - 1))
            dim(to, DEEPEST + (1 - DEEPEST) * light, WHITE if bright else BLACK)


def _smooth(share: float) -> float:
    return share * share * (3 - 2 * share)


def _crossfade(before: Frame, after: Frame, to: Frame, share: float) -> None:
    cv2.addWeighted(before.bytes, 1 - share, after.bytes, share, 0, to.bytes)


def _whip(before: Frame, after: Frame, to: Frame, share: float, frames: int, *, left: bool) -> None:
    """Both shots lie side by side and are pulled through, blurred as far as they go while the shutter is open."""
    half = to.size[0] // 2
    gone = round(half * _smooth(_smooth(share)))  # in pixels of the colour planes: no plane is ahead of another
    speed = half * (_smooth(_smooth(min(1.0, share + 0.5 / frames))) - _smooth(_smooth(max(0.0, share - 0.5 / frames))))
    blur = int(speed * SHUTTER)
    for planes, times in zip(zip(before.planes, after.planes, to.planes, strict=True), (2, 1, 1), strict=True):
        _pull(*planes, gone * times, left=left)
        if blur:
            cv2.blur(planes[2], (blur * times | 1, 1), planes[2], borderType=cv2.BORDER_REPLICATE)


def _pull(before: Bytes, after: Bytes, to: Bytes, gone: int, *, left: bool) -> None:
    stays = to.shape[1] - gone
    if left:
        to[:, :stays], to[:, stays:] = before[:, gone:], after[:, :gone]
    else:
        to[:, gone:], to[:, :gone] = before[:, :stays], after[:, stays:]
