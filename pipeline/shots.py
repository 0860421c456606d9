"""The breakdown: where the film cuts, which shots share a picture, what is sung in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pipeline.breakdown.cuts import cut_passage, find_places
from pipeline.breakdown.joins import Join, Seam, join
from pipeline.breakdown.passages import Passage, find_passages, sing_sections
from pipeline.breakdown.returns import count_pictures, share_pictures
from pipeline.storyboard import Chart, Line, Picture, Shot, Storyboard, StyleSheet, Treatment

SUNG_MOST = 300  # characters of a shot's lyrics: a person reads them, no machine
SUNG_LEAST_S = 0.3  # of a line in a shot: less of it is only its tail


@dataclass(frozen=True)
class _Cut:
    """A shot before it has a number: when, and in which passage."""

    start: float
    end: float
    passage: Passage

    @property
    def length(self) -> float:
        return self.end - self.start


def break_down(
    chart: Chart, lines: tuple[Line, ...], treatment: Treatment, *, title: str = "", artist: str = ""
) -> Storyboard:
    """Cut the track into shots on beats or phrases; what the pictures show is left to the director.

    The pictures are bare: no prompt, an abstract world. The board's chart has the lyrics' chorus marks in its sections.
    The same chart, lines and treatment give the same board.
    """
    chart = replace(chart, sections=sing_sections(chart, lines))
    passages = find_passages(chart)
    rows = _cut(chart, lines, treatment, passages)
    shown = share_pictures(passages, [len(row) for row in rows], most=count_pictures(chart.duration))
    cuts = [cut for row in rows for cut in row]
    numbers = [number for row in shown for number in row]
    joins = _joined(cuts, chart, treatment)
    shots = tuple(
        Shot(
            number=i + 1, start=cut.start, end=cut.end, picture=_name(number), transition=join.kind,
            transition_s=join.seconds, lyrics=sung,
        )
        for i, (cut, number, join, sung) in enumerate(zip(cuts, numbers, joins, _sung(cuts, lines), strict=True))
    )  # fmt: skip
    pictures = tuple(Picture(_name(number), prompt="", world="abstract") for number in range(max(numbers) + 1))
    return Storyboard(title, artist, chart, lines, StyleSheet(look=""), pictures, shots, treatment)


def _name(number: int) -> str:
    return f"p{number + 1:02}"


def _cut(chart: Chart, lines: Sequence[Line], treatment: Treatment, passages: Sequence[Passage]) -> list[list[_Cut]]:
    """The shots of each passage."""
    places = find_places(chart, lines)
    rows = []
    for i, passage in enumerate(passages):
        after = passages[i + 1] if i + 1 < len(passages) else None
        lifts = after is not None and after.part == "chorus" and after.energy > passage.energy
        inside = cut_passage(passage, places, chart, pace=treatment.pace, seed=treatment.seed, lifts=lifts)
        times = (passage.start, *inside, passage.end)
        rows.append([_Cut(start, end, passage) for start, end in pairwise(times)])
    return rows


def _joined(cuts: Sequence[_Cut], chart: Chart, treatment: Treatment) -> list[Join]:
    joins, whipped = [Join("cut")], 0.0
    for before, after in pairwise(cuts):
        seam = Seam(
            after.start, before.length, after.length, before.passage, after.passage, whip_s=after.start - whipped
        )
        joins.append(join(seam, chart, pace=treatment.pace, seed=treatment.seed))
        whipped = after.start if joins[-1].kind == "whip" else whipped
    return joins


def _sung(cuts: Sequence[_Cut], lines: Sequence[Line]) -> Iterator[str]:
    """What is sung in each shot: its words where they have times, else the lines that are more than touched."""
    waiting = sorted(lines, key=lambda line: line.start)
    for cut in cuts:
        heard = []
        for line in waiting:
            if line.start >= cut.end:
                break
            heard.append(_heard(line, cut))
        yield " / ".join(filter(None, heard))[:SUNG_MOST]
        waiting = [line for line in waiting if line.end > cut.end]


def _heard(line: Line, cut: _Cut) -> str:
    if line.words:
        return " ".join(word.text for word in line.words if cut.start <= (word.start + word.end) / 2 < cut.end)
    common = min(line.end, cut.end) - max(line.start, cut.start)
    return line.text if common >= min(SUNG_LEAST_S, (line.end - line.start) / 2) else ""
