"""The embedded aligner: given times are kept, plain lines are spread over what is sung, by syllables."""

from __future__ import annotations

import numpy as np

from pipeline.lyrics import Lyrics, fit_lines
from pipeline.singing.karaoke import time_words
from pipeline.singing.places import place_lines
from pipeline.singing.voice import hear_voice
from pipeline.storyboard import Chart, Line
from pipeline.track import Track


def load() -> SpreadAligner:
    return SpreadAligner()


class SpreadAligner:
    """Needs nothing but the track: its form, and where something in it sounds like a voice."""

    def align(self, lyrics: Lyrics, chart: Chart, track: Track) -> tuple[Line, ...]:
        """Return the lines with times, in order; those that lyrics.fit_lines leaves out are not among them."""
        lines, _ = fit_lines(lyrics.lines, chart.duration)
        plain = any(line.start is None for line in lines)
        voice = hear_voice(track.sound) if plain else np.zeros(0)
        return time_words(lines, place_lines(lines, chart, voice), duration=chart.duration)
