"""A track becomes sections: tempo, beats, bars, key, energy and form, as far as they can be heard."""

from __future__ import annotations

from pipeline.storyboard import Chart
from pipeline.track import Track


def find_sections(track: Track) -> Chart:
    """Listen to `track.sound` and write its chart."""
    raise NotImplementedError
