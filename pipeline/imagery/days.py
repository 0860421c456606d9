"""How the day goes by in a film: an hour for each stretch of it, and others for its chorus and its bridge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.imagery.lexicon import Motif
from pipeline.imagery.looks import Look
from pipeline.orchestra.chance import dice
from pipeline.storyboard import Hour

SUNG_OF = 6  # motifs of a song that may set its hour: what it names only once says little
LONG_S = 32.0  # a section so long has time enough for the day to go on within it


@dataclass(frozen=True)
class Day:
    """The hours that a film goes through."""

    hours: tuple[Hour, ...]  #: four, in order, outside of choruses and bridges
    chorus: Hour
    bridge: Hour  #: the other light

    def at(self, progress: float) -> Hour:
        """Return the hour so far into the film, 0-1."""
        return self.hours[min(len(self.hours) - 1, int(progress * len(self.hours)))]


#: by the hour that the film is about
_DAYS: dict[Hour, tuple[Day, ...]] = {
    "dawn": (
        Day(("night", "dawn", "dawn", "day"), "dawn", "dusk"),
        Day(("night", "dawn", "day", "day"), "day", "night"),
    ),
    "day": (
        Day(("dawn", "day", "dusk", "night"), "day", "night"),
        Day(("dawn", "day", "day", "dusk"), "dusk", "night"),
    ),
    "dusk": (
        Day(("day", "dusk", "dusk", "night"), "dusk", "dawn"),
        Day(("day", "dusk", "night", "dawn"), "night", "day"),
    ),
    "night": (
        Day(("dusk", "night", "night", "dawn"), "night", "day"),
        Day(("dusk", "night", "night", "dawn"), "dusk", "day"),
    ),
}


def find_day(
    wished: Sequence[Motif],
    sung: Sequence[Motif],
    chorus: Sequence[Motif],
    look: Look,
    *,
    valence: float,
    steps: bool,
    seed: int,
) -> Day:
    """Return the film's day: an hour that is wished for stays, one that is sung of is what the day is about."""
    hours = [motif.hour for motif in wished if motif.hour]
    if hours and len(set(hours)) == 1 and not steps:
        return Day((hours[0],) * 4, hours[0], hours[0])
    said = Counter(motif.hour for motif in sung[:SUNG_OF] if motif.hour)
    if hours:
        about = hours[0]
    elif look.night:
        about = "night"
    elif said:
        about = said.most_common(1)[0][0]
    else:
        about = "day" if valence > 0.15 else "dusk" if valence > -0.25 else "night"
    day = dice(seed, "day").choice(_DAYS[about])
    praised = next((motif.hour for motif in chorus[:3] if motif.hour), None)
    return replace(day, chorus=praised or day.chorus)
