"""What is heard in songs: tempo, beats, key and form against what is known about them.

    python -m tests.bench.charts [NAME ...]

The tempi and beats of six songs are exact: they come from the project files that the songs were rendered from
(../shared/media/music/truth.json). `hit` is the share of charted beats within 70 ms of a true one, `off` their median
distance, `bars` the share of charted first beats that are first beats.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.sections import find_sections
from pipeline.storyboard import Chart
from pipeline.track import TrackLimits, open_track
from tests.media import MEDIA

TOLERANCE_S = 0.070
SAME_TEMPO = 0.02  # against the truth, and of one octave or the other
BAR = 0.90  # of the beats must be within the tolerance


@dataclass(frozen=True)
class Row:
    name: str
    chart: Chart
    truth: dict[str, Any]
    cpu_s: float

    @property
    def tempo_is_right(self) -> bool:
        tempo = self.chart.tempo or 0.0
        return any(abs(tempo * octave / self.truth["bpm"] - 1) < SAME_TEMPO for octave in (0.5, 1, 2))

    def errors(self, times: tuple[float, ...], beats: int = 1) -> NDArray[np.float64]:
        """Seconds from each time to the nearest true beat, or to the nearest of every so many."""
        period = 60 / self.truth["bpm"] * beats
        distance = np.array(times) - self.truth["first_beat_s"]
        return (distance + period / 2) % period - period / 2

    def hit(self) -> float:
        return float((np.abs(self.errors(self.chart.beats)) <= TOLERANCE_S).mean())


def songs() -> dict[Path, dict[str, Any]]:
    """The music that lies beside the checkout, with what is known about each."""
    truth = json.loads((MEDIA / "music" / "truth.json").read_text())
    ordered = sorted(truth, key=lambda name: ("bpm" not in truth[name], name))
    return {MEDIA / "music" / name: truth[name] for name in ordered}


def measure(song: Path, truth: dict[str, Any]) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        track = open_track(song, Path(folder), limits=TrackLimits(least_s=1))
        began = time.process_time()
        chart = find_sections(track)
        return Row(song.name, chart, truth, time.process_time() - began)


def line(row: Row) -> str:
    chart, truth = row.chart, row.truth
    tempo = f"{chart.tempo:6.2f}" if chart.tempo else "  none"
    known = f"{truth['bpm']:4}" if "bpm" in truth else "   -"
    figures = f"{'':5} {'':5} {'':5}"
    if "bpm" in truth and chart.beats:
        bars = (np.abs(row.errors(chart.downbeats, truth["beats_per_bar"])) <= TOLERANCE_S).mean()
        figures = f"{row.hit():5.2f} {1000 * np.median(row.errors(chart.beats)):+5.0f} {bars:5.2f}"
    form = " ".join(f"{section.part}{section.like} {section.start:.0f}-{section.end:.0f}" for section in chart.sections)
    key = f"{chart.key or 'none':9} {truth.get('key', ''):8}"
    return f"{row.name:27} {tempo} {known} {figures} | {key} | {len(chart.phrases):3} | {row.cpu_s:5.1f} | {form}"


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def main() -> int:
    wanted = sys.argv[1:]
    chosen = {song: truth for song, truth in songs().items() if not wanted or any(name in song.name for name in wanted)}
    say(f"{'song':27} {'BPM':>6} true {'hit':>5} {'off':>5} {'bars':>5} | {'key':9} {'true':8} | phr | cpu s | form")
    rows = []
    for song, truth in chosen.items():
        rows.append(measure(song, truth))
        say(line(rows[-1]))
    known = [row for row in rows if "bpm" in row.truth]
    good = [row for row in known if row.chart.beats and row.tempo_is_right and row.hit() >= BAR]
    say(f"tempo and {BAR:.0%} of the beats right: {len(good)} of {len(known)}")
    return 0 if len(good) == len(known) else 1


if __name__ == "__main__":
    sys.exit(main())
