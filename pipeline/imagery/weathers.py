"""The weather of each section of a song: fair mostly, and an event where it is sung of or the mood asks for one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from pipeline.imagery.lexicon import Motif
from pipeline.orchestra.chance import dice
from pipeline.storyboard import Chart, Part, Weather

EVENTS_MOST = 2  # groups of like sections that have weather of their own: more of it is a climate
EVENT_SECTIONS = 3  # a film of fewer sections has no room for weather that nobody asked for

#: how a storm that is wished for comes and goes; verses alternate
_STORM: dict[Part, tuple[Weather, ...]] = {
    "intro": ("clouds",), "verse": ("storm", "rain"), "bridge": ("clouds",), "outro": ("clouds",),
}  # fmt: skip
_FAIR: dict[bool, tuple[Weather, ...]] = {True: ("clear", "clear", "clouds"), False: ("clouds", "clear", "clouds")}


def find_weathers(
    chart: Chart,
    wished: Sequence[Motif],
    sung: Mapping[int, Sequence[Motif]],
    *,
    valence: float,
    arousal: float,
    seed: int,
) -> tuple[Weather, ...]:
    """Return the weather of each of a chart's sections; `sung`: what a section makes one see, by its number."""
    asked = next((motif.weather for motif in wished if motif.weather), None)
    if asked == "storm" and len(chart.sections) >= EVENT_SECTIONS:
        return _coming_and_going(chart)
    if asked:
        return (asked,) * len(chart.sections)
    weathers = list(_fair(chart, bright=valence > 0.2))
    events = _sung_of(chart, sung) or _moody(chart, valence=valence, arousal=arousal, seed=seed)
    for number, section in enumerate(chart.sections):
        weathers[number] = events.get(section.like, weathers[number])
    return tuple(weathers)


def _coming_and_going(chart: Chart) -> tuple[Weather, ...]:
    seen: Counter[Part] = Counter()
    weathers: list[Weather] = []
    for section in chart.sections:
        cycle = _STORM.get(section.part, ("storm",))
        weathers.append(cycle[seen[section.part] % len(cycle)])
        seen[section.part] += 1
    return tuple(weathers)


def _fair(chart: Chart, *, bright: bool) -> Sequence[Weather]:
    """Clear in the chorus; elsewhere clouds come and go."""
    turn, weathers = 0, list[Weather]()
    for section in chart.sections:
        weathers.append("clear" if section.part == "chorus" else _FAIR[bright][turn % 3])
        turn += section.part != "chorus"
    return weathers


def _sung_of(chart: Chart, sung: Mapping[int, Sequence[Motif]]) -> dict[int, Weather]:
    """The weather that is sung of most, by the number that like sections share."""
    told: Counter[tuple[int, Weather]] = Counter()
    for number, motifs in sung.items():
        for rank, motif in enumerate(motifs):
            if motif.weather and motif.weather != "clear":
                told[chart.sections[number].like, motif.weather] += 100 - min(rank, 99)
    events: dict[int, Weather] = {}
    for (like, weather), _ in told.most_common():
        if len(events) < EVENTS_MOST:
            events.setdefault(like, weather)
    return events


def _moody(chart: Chart, *, valence: float, arousal: float, seed: int) -> dict[int, Weather]:
    """A dark song has one event: in its bridge, else in a section past its middle."""
    if valence > -0.1 or len(chart.sections) < EVENT_SECTIONS:
        return {}
    late = [s for s in chart.sections if s.part != "chorus" and s.start > 0.4 * chart.duration]
    place = next((s for s in late if s.part == "bridge"), late[0] if late else None)
    if place is None:
        return {}
    gentle: tuple[Weather, ...] = ("rain", "fog")
    return {place.like: "storm" if arousal > 0.2 else dice(seed, "event").choice(gentle)}
