"""The breakdown: where the film cuts, which shots share a picture, what is sung in each."""

from __future__ import annotations

from pipeline.storyboard import Chart, Line, Storyboard, Treatment


def break_down(
    chart: Chart, lines: tuple[Line, ...], treatment: Treatment, *, title: str = "", artist: str = ""
) -> Storyboard:
    """Cut the track into shots on beats or phrases; what the pictures show is left to the director."""
    raise NotImplementedError
