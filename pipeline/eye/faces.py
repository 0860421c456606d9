"""Faces in stills, by scikit-image's LBP cascade of frontal faces; it ships with the library and needs no download.

It lies now and then about leaves and lamps, so a face counts when it is large enough to matter and is seen again near
the same place in another still of the scene.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 320  # pixels that stills are scaled to: 25 ms each on one core
SMALLEST = 0.085  # of the longer side; what the cascade calls faces below that is mostly foliage
AGREE = 0.3  # of the longer side that a face may move from still to still
SURE = 8  # neighbouring windows that must agree when there is only one still; 4 otherwise


@dataclass(frozen=True)
class Face:
    """One face, in shares of the still's longer side."""

    x: float  #: of its middle
    y: float
    size: float  #: its side


def find_faces(stills: Sequence[NDArray[np.uint8]]) -> list[Face]:
    """Return the faces that a scene shows, largest first; `stills` are BGR pictures of any size from one scene."""
    seen = [_detect(still, 4 if len(stills) > 1 else SURE) for still in stills]
    confirmed = [
        [face for face in faces if len(stills) == 1 or any(_again(face, seen[j]) for j in range(len(seen)) if j != i)]
        for i, faces in enumerate(seen)
    ]
    most = max(confirmed, key=len, default=[])
    return sorted(most, key=lambda face: -face.size)


def _again(face: Face, others: list[Face]) -> bool:
    return any(
        abs(face.x - other.x) < AGREE and abs(face.y - other.y) < AGREE and 0.6 < face.size / other.size < 1.7
        for other in others
    )


def _detect(still: NDArray[np.uint8], neighbours: int) -> list[Face]:
    longer = max(still.shape[:2])
    scale = SIDE / longer
    small = cv2.resize(still, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    least = round(SMALLEST * SIDE)
    if min(small.shape[:2]) <= least:
        return []
    boxes = _cascade().detect_multi_scale(
        img=np.ascontiguousarray(small[..., ::-1]),
        scale_factor=1.25,
        step_ratio=1.3,
        min_size=(least, least),
        max_size=(SIDE, SIDE),
        min_neighbor_number=neighbours,
    )
    return [
        Face((box["c"] + box["width"] / 2) / SIDE, (box["r"] + box["height"] / 2) / SIDE, box["width"] / SIDE)
        for box in boxes
    ]


@cache
def _cascade() -> Any:
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    return Cascade(lbp_frontal_face_cascade_filename())  # type: ignore[no-untyped-call]
