"""A track becomes sections: tempo, beats, bars, key, energy and form, as far as they can be heard."""

from __future__ import annotations

import numpy as np

from pipeline.ear.features import listen
from pipeline.ear.form import energy_curve, find_form, find_phrases
from pipeline.ear.pulse import find_pulse
from pipeline.ear.tonality import find_key
from pipeline.storyboard import Chart
from pipeline.track import Track


def find_sections(track: Track) -> Chart:
    """Listen to `track.sound` and write its chart."""
    heard = listen(track.sound)
    pulse = find_pulse(heard, track.sound)
    downbeats = pulse.downbeats if pulse else np.zeros(0)
    energy = energy_curve(heard)
    sections = find_form(heard, energy, downbeats)
    return Chart(
        duration=track.duration,
        rhythmic=pulse is not None,
        tempo=pulse.tempo if pulse else None,
        beats=tuple(pulse.beats.tolist()) if pulse else (),
        downbeats=tuple(downbeats.tolist()),
        phrases=find_phrases(heard, sections, downbeats),
        key=find_key(heard),
        energy=tuple(energy.tolist()),
        sections=sections,
    )
