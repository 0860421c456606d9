"""The passages of a film: the song's sections with the client's own chorus marks in them, and which of them return."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pipeline.storyboard import ENERGY_STEP_S, Chart, Line, Part, Section

LEAST_SHOT_S = 0.7  # under it a picture is a flash and not seen
NEAR_BORDER_S = 4.0  # a marked chorus that begins so near a border begins there: singers come in early and late
LEAST_PART_S = 4.0  # a marked stretch shorter than this is no part of its own
NEW_RUN_S = 8.0  # of silence between two lines under the same mark: the mark came twice
AWAY_S = 12.0  # words that come again so much later are a refrain; sooner they are an echo

_CHORUS = re.compile(
    r"\W*(?:final |last |post-?)?"
    r"(?:chorus|refrain|hook|kehrreim|coro|estribillo|refr[aã]o|ritornello|припев|サビ|副歌|후렴)"
)
MOSTLY = 0.6  # of a run in a section and of the section in the run: they mean the same


@dataclass(frozen=True)
class Passage:
    """A stretch of the song that is cut as one; its borders are cuts."""

    part: Part
    start: float
    end: float
    energy: float  #: 0-1 against the rest of the song
    group: str  #: passages with the same one show the same pictures in the same order
    again: int = 0  #: how often the group has come before

    @property
    def length(self) -> float:
        return self.end - self.start


def sing_sections(chart: Chart, lines: Sequence[Line]) -> tuple[Section, ...]:
    """Return the chart's sections with what the lyrics say of the chorus in them: the client's marks are the truth."""
    marked = _marked(lines)
    runs = marked or ([] if _returns(chart) else _refrains(lines))
    runs = [(max(0.0, start), min(end, chart.duration)) for start, end in runs]
    runs = [(start, end) for start, end in runs if end - start >= LEAST_PART_S]
    if not runs:
        return chart.sections
    borders = _borders(chart, runs)
    pieces = [_piece(chart, start, end, runs) for start, end in pairwise(borders)]
    like = next((piece.like for piece in pieces if piece.part == "chorus"), 0)
    fresh = max(section.like for section in chart.sections) + 1
    named = [
        replace(piece, like=like)
        if piece.part == "chorus"
        else replace(piece, like=fresh)
        if piece.like == like
        else piece
        for piece in pieces
    ]
    return tuple(named)


def find_passages(chart: Chart) -> tuple[Passage, ...]:
    """Return the passages between the section borders, each put onto its beat; together they are the whole track."""
    borders = [0.0]
    for section in chart.sections[:-1]:
        border = on_beat(chart, section.end)
        if borders[-1] + LEAST_SHOT_S <= border <= chart.duration - LEAST_SHOT_S:
            borders.append(border)
    stretches = list(pairwise([*borders, chart.duration]))
    kept = [chart.section_at((start + end) / 2) for start, end in stretches]
    seen: dict[str, int] = {}
    passages = []
    for i, (section, (start, end)) in enumerate(zip(kept, stretches, strict=True)):
        group = f"chorus {section.like}" if section.part == "chorus" else f"{section.part} at {i}"
        passages.append(Passage(section.part, start, end, section.energy, group, seen.get(group, 0)))
        seen[group] = seen.get(group, 0) + 1
    return tuple(passages)


def on_beat(chart: Chart, time: float) -> float:
    """Return the beat nearest to a moment, or the moment where there is none within a beat's length."""
    beats = chart.beats
    if not beats:
        return time
    at = bisect_left(beats, time)
    near = min(beats[max(0, at - 1) : at + 1], key=lambda beat: abs(beat - time))
    reach = 60.0 / chart.tempo if chart.tempo else 0.5
    return near if abs(near - time) <= reach else time


def _marked(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """When the lines under a chorus mark are sung."""
    runs: list[list[Line]] = []
    before: Line | None = None
    for line in lines:
        if _CHORUS.match(line.part.casefold()):
            on = before is not None and before.part == line.part and line.start - before.end < NEW_RUN_S
            if on and runs and not _restarts(runs[-1], line):
                runs[-1].append(line)
            else:
                runs.append([line])
        before = line
    return [(run[0].start, max(line.end for line in run)) for run in runs]


def _restarts(run: Sequence[Line], line: Line) -> bool:
    """Whether a line is a chorus's first one again, sung a second time without a break."""
    if line.start - run[0].start <= LEAST_PART_S or plain(line.text) != plain(run[0].text):
        return False
    return any(sung.text != run[0].text for sung in run)


def _refrains(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """When two or more lines in a row are sung that are also sung elsewhere in the song."""
    when: dict[str, list[float]] = {}
    for line in lines:
        when.setdefault(plain(line.text), []).append(line.start)
    runs: list[list[Line]] = [[]]
    for line in lines:
        again = any(abs(line.start - other) > AWAY_S for other in when[plain(line.text)])
        if again and (not runs[-1] or line.start - runs[-1][-1].end < NEW_RUN_S):
            runs[-1].append(line)
        elif runs[-1] or again:
            runs.append([line] if again else [])
    return [(run[0].start, max(line.end for line in run)) for run in runs if len(run) > 1]


def plain(text: str) -> str:
    """Return words without signs, accents and capitals, so that the same words are the same."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"\w+", "".join(sign for sign in bare if not unicodedata.combining(sign))))


def _returns(chart: Chart) -> bool:
    """Whether the chart itself has a chorus that comes more than once."""
    choruses = [section.like for section in chart.sections if section.part == "chorus"]
    return len(choruses) > len(set(choruses))


def _borders(chart: Chart, runs: Sequence[tuple[float, float]]) -> list[float]:
    """The chart's borders, and on downbeats those of the runs that the chart does not know."""
    borders = [0.0, *(section.end for section in chart.sections)]
    fresh = [run for run in runs if not _known(chart, run)]
    for moment in (*(start for start, _ in fresh), *(end for _, end in fresh)):  # where one begins is heard best
        if min(abs(moment - border) for border in borders) > NEAR_BORDER_S:
            bars = [bar for bar in chart.downbeats if abs(bar - moment) < 1.5]
            borders.append(min(bars, key=lambda bar: abs(bar - moment)) if bars else on_beat(chart, moment))
    return sorted(set(borders))


def _known(chart: Chart, run: tuple[float, float]) -> bool:
    start, end = run
    section = chart.section_at((start + end) / 2)
    common = min(end, section.end) - max(start, section.start)
    return common >= MOSTLY * (end - start) and common >= MOSTLY * section.length


def _piece(chart: Chart, start: float, end: float, runs: Sequence[tuple[float, float]]) -> Section:
    """The section from one border to the next: a chorus where most of it, or most of what is sung in it, is one."""
    section = chart.section_at((start + end) / 2)
    sung = sum(max(0.0, min(end, until) - max(start, since)) for since, until in runs)
    if sung >= 0.5 * (end - start):
        part: Part = "chorus"
    else:
        part = "verse" if section.part == "chorus" else section.part
    if (start, end) == (section.start, section.end):
        return replace(section, part=part)
    curve = chart.energy[round(start / ENERGY_STEP_S) : max(1, round(end / ENERGY_STEP_S))]
    energy = sum(curve) / len(curve) if curve else section.energy
    return Section(part, start, end, min(1.0, max(0.0, energy)), section.like)
