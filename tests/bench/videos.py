"""Music videos against what is known about their tracks: length, sound, cuts on true beats, seen in the finished film.

    python -m tests.bench.videos [NAME ...]

The tempi and beats of six tracks are exact (../shared/media/music/truth.json). `on beat` is the share of the cuts, as
whole frames show them, within 70 ms of a true beat; `chance` what cuts at random would reach; `seen` the share of the
hard cuts at whose very frame the finished film, decoded, changes more than anywhere within 0.2 s before it.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline import musicvideo
from pipeline.clip import open_clip
from pipeline.musicvideo import MusicVideo, Ordered, make_video
from pipeline.screen.takes import frame_of
from pipeline.storyboard import Treatment
from tests.bench.charts import SAME_TEMPO, TOLERANCE_S, songs

BAR = 0.90
SIDE = 180  # pixels: cuts and lengths do not know how large the picture is
LOOK_S = 0.2


@dataclass(frozen=True)
class Row:
    name: str
    made: MusicVideo
    truth: dict[str, Any]
    seen: float

    @property
    def tempo_is_right(self) -> bool:
        tempo = self.made.certificate.tempo or 0.0
        return any(abs(tempo * octave / self.truth["bpm"] - 1) < SAME_TEMPO for octave in (0.5, 1, 2))

    def on_beat(self) -> float:
        period, rate = 60 / self.truth["bpm"], self.made.plan.board.treatment.frame_rate
        cuts = np.array([frame_of(shot.start, rate) / rate for shot in self.made.plan.board.shots[1:]])
        off = (cuts - self.truth["first_beat_s"] + period / 2) % period - period / 2
        return float((np.abs(off) <= TOLERANCE_S).mean())


def changes(film: Path, folder: Path) -> NDArray[np.float64]:
    """How much each frame of a film differs from the one before it."""
    before, found = None, [0.0]
    for frame in open_clip(film, folder).frames():
        small = frame.small.astype(np.float32)
        if before is not None:
            found.append(float(np.abs(small - before).mean()))
        before = small
    return np.array(found)


def seen(made: MusicVideo, folder: Path) -> float:
    """Return the share of hard cuts at whose frame the film changes most."""
    rate, steps = made.plan.board.treatment.frame_rate, changes(made.film, folder)
    hard = [frame_of(shot.start, rate) for shot in made.plan.board.shots[1:] if shot.transition == "cut"]
    there = [steps[frame] >= steps[max(1, frame - round(LOOK_S * rate)) : frame].max(initial=0.0) for frame in hard]
    return float(np.mean(there)) if there else 1.0


def measure(path: Path, truth: dict[str, Any], folder: Path) -> Row:
    treatment = Treatment(wish="a city at night", shape="16:9")
    made = make_video(Ordered(path, treatment), to=folder / "film.mp4", folder=folder / "job")
    return Row(path.name, made, truth, seen(made, folder / "look"))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Print a line for each track; 1 when a bar is missed."""
    musicvideo.SIDE = SIDE
    wanted = {path: truth for path, truth in songs().items() if "bpm" in truth}
    wanted = {path: truth for path, truth in wanted.items() if not sys.argv[1:] or path.name in sys.argv[1:]}
    _say(f"{'track':<30}{'tempo':>7}{'truth':>7}{'cuts':>6}{'on beat':>9}{'chance':>8}{'seen':>6}{'len ms':>8}  copied")
    rows = []
    for path, truth in wanted.items():
        with tempfile.TemporaryDirectory() as folder:
            row = measure(path, truth, Path(folder))
        rows.append(row)
        told = row.made.certificate
        _say(
            f"{row.name:<30}{told.tempo or 0:>7.1f}{truth['bpm']:>7}{told.cuts:>6}{row.on_beat():>9.2f}"
            f"{told.chance or 0:>8.2f}{row.seen:>6.2f}{told.length_error_ms:>8.1f}  {told.sound_copied}"
        )
    good = all(
        row.tempo_is_right
        and row.on_beat() >= BAR
        and row.made.certificate.sound_copied
        and abs(row.made.certificate.length_error_ms) <= 1000 / row.made.plan.board.treatment.frame_rate
        for row in rows
    )
    _say("all bars kept" if good else "A BAR IS MISSED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
