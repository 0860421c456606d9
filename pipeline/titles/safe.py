"""The part of the picture that no platform covers.

Share of the frame to keep free, as the platforms' own pages and those who measure them say (2025 and 2026):

| shape | platform | left | top | right | bottom |
| --- | --- | --- | --- | --- | --- |
| 9:16 | TikTok: tabs, button rail, caption and sound | .06 | .09-.13 | .11-.17 | .17-.24 |
| 9:16 | Instagram and Facebook Reels: Meta's rule for advertisers | .06 | .14 | .06 | .35 |
| 9:16 | YouTube Shorts: search, button rail, title and channel | .05 | .10-.15 | .11-.18 | .20-.25 |
| 4:5, 1:1 | feeds cover nothing; profile grids trim the edges | .07 | .07 | .07 | .07 |
| 16:9 | title safe area of television (SMPTE ST 2046-1), player's bar at the bottom | .05 | .05 | .05 | .05-.09 |

A film may be posted anywhere, so that each shape gets the union; text is centred, so that left is as right.
Sources: Meta Business Help ("about 14 % of the top, 35 % of the bottom and 6 % of each side"), TikTok Creative Center
(in-feed safe zone files), socaptions.com, houseofmarketers.com and youraithumbnailgenerator.com for Shorts.
"""

from __future__ import annotations

from dataclasses import dataclass

#: width over height: (side, top, bottom) as shares of width and height
_MARGINS = {9 / 16: (0.12, 0.14, 0.35), 4 / 5: (0.08, 0.08, 0.09), 1.0: (0.08, 0.08, 0.09), 16 / 9: (0.10, 0.08, 0.09)}


@dataclass(frozen=True)
class Box:
    """A part of the picture, in pixels from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


def safe_area(size: tuple[int, int]) -> Box:
    """Return where titles may stand in a picture of that width and height; odd shapes are taken as the nearest one."""
    width, height = size
    nearest = min(_MARGINS, key=lambda shape: abs(shape - width / height))
    side, top, bottom = _MARGINS[nearest]
    return Box(side * width, top * height, (1 - side) * width, (1 - bottom) * height)
