"""Songs written down by hand: charts and lyrics in time, for whoever tests what is made of them."""

from __future__ import annotations

import math

from pipeline.storyboard import ENERGY_STEP_S, Chart, Line, Part, Section

SONG: tuple[tuple[Part, int], ...] = (
    ("intro", 4), ("verse", 8), ("chorus", 8), ("verse", 8), ("chorus", 8), ("bridge", 4), ("chorus", 8), ("outro", 4),
)  # fmt: skip
LOUDNESS: dict[Part, float] = {
    "intro": 0.25,
    "verse": 0.5,
    "chorus": 0.9,
    "bridge": 0.4,
    "instrumental": 0.6,
    "outro": 0.2,
}
LIKE: dict[Part, int] = {"intro": 0, "verse": 1, "chorus": 2, "bridge": 3, "instrumental": 4, "outro": 5}


def a_chart(
    *,
    tempo: float = 120.0,
    form: tuple[tuple[Part, int], ...] = SONG,
    rhythmic: bool = True,
    offset: float = 0.0,
    key: str | None = "A minor",
) -> Chart:
    """A song in four-four whose parts have so many bars; `offset`: seconds before its first beat."""
    beat = 60.0 / tempo
    bars = sum(count for _, count in form)
    duration = offset + bars * 4 * beat
    beats = tuple(offset + number * beat for number in range(bars * 4)) if rhythmic else ()
    sections, bar = [], 0
    for part, count in form:
        start = offset + bar * 4 * beat if bar else 0.0
        bar += count
        sections.append(Section(part, start, offset + bar * 4 * beat, LOUDNESS[part], LIKE[part]))
    curve = tuple(
        min(1.0, next(s for s in sections if at * ENERGY_STEP_S <= s.end).energy + 0.08 * abs(math.sin(at)))
        for at in range(int(duration / ENERGY_STEP_S) + 1)
    )
    phrases = (0.0, *(offset + number * 8 * beat for number in range(1, bars // 2)))
    return Chart(
        duration, rhythmic, tempo if rhythmic else None, beats, beats[::4], phrases, key, curve, tuple(sections)
    )


def sung(
    chart: Chart, *, verse: str = "we walk along the sea", chorus: str = "burning lights over the city"
) -> tuple[Line, ...]:
    """A line of lyrics every four seconds of its verses and choruses; each chorus has the same words."""
    lines = []
    for number, section in enumerate(chart.sections):
        at, count = section.start + 0.2, 0
        while section.part in ("verse", "chorus") and at + 3.4 <= section.end:
            words = f"{chorus} {count}" if section.part == "chorus" else f"{verse} {number} {count}"
            lines.append(Line(words, at, at + 3.2, part=section.part))
            at, count = at + 4.0, count + 1
    return tuple(lines)
