"""The other main path: a track gets its pictures. Start reading here; the stages are called in order on this page."""

from __future__ import annotations

#: what `report` is told, in this order
STAGES = ("track", "sections", "lyrics", "storyboard", "pictures", "motion", "edit")
