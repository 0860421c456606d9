"""The bars of the main job, measured on finished films against the annotated cut times.

    python -m tests.bench.bars [--style STYLE] [--only NAME]

For every real clip with two or more annotated cuts (../shared/media/video): score it with the default settings, then
hear the finished film and compare with what people saw in the picture. Two listeners judge: the product's own, which
the certificate uses, and librosa's beat tracker and onset strength as one that the product had no hand in.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.certificate import judge
from pipeline.cuesheet import Brief
from pipeline.film import decode_sound, packet_hashes, picture_length
from pipeline.score import Score, score
from tests.media import MEDIA
from tests.scene_truth import Tally, read_small_frames, read_truth, score_changes

TOLERANCE_S = 0.070
SHIFTS = 200
PAPER = {"scale consistency": (0.986, 0.990), "pitch entropy": (4.197, 3.62), "pitch class entropy": (2.633, 2.13),
         "empty beat rate": (0.023, 0.01)}  # fmt: skip

Times = NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """One clip's figures."""

    name: str
    found: Tally  #: scene changes, against what people saw
    cuts: int
    hit: float
    chance: float
    kappa: float
    worst_ms: float
    librosa_hit: float
    librosa_kappa: float
    loudness: float
    peak: float
    length_ms: float
    ending: str
    picture: str


def annotated_cuts(clip: str) -> list[float]:
    """Times of the scored transitions of a clip: hard cuts, dissolves and fades."""
    with (MEDIA / "video" / "cuts" / f"{Path(clip).stem}.csv").open() as lines:
        return [float(row["time_s"]) for row in csv.DictReader(lines) if row["kind"] in ("cut", "dissolve", "fade")]


def clips() -> list[Path]:
    """The clips with two or more annotated cuts."""
    stems = sorted(path.stem for path in (MEDIA / "video" / "cuts").glob("*.csv"))
    found = [next((MEDIA / "video").glob(f"{stem}.*")) for stem in stems]
    return [path for path in found if len(annotated_cuts(path.name)) >= 2]


def librosa_moments(samples: NDArray[np.float32], rate: int) -> Times:
    """Beats, and onsets at least as strong as the median beat, as librosa hears them."""
    import librosa

    mono = np.ascontiguousarray(samples.mean(axis=1))
    hop = 256
    strength = librosa.onset.onset_strength(y=mono, sr=rate, hop_length=hop)
    _, beats = librosa.beat.beat_track(onset_envelope=strength, sr=rate, hop_length=hop)
    onsets = librosa.onset.onset_detect(onset_envelope=strength, sr=rate, hop_length=hop)

    def height(frames: NDArray[np.intp]) -> Times:
        return np.array([strength[max(0, f - 3) : f + 4].max() for f in frames])

    if not len(beats):
        return librosa.frames_to_time(onsets, sr=rate, hop_length=hop)
    strong = onsets[height(onsets) >= np.median(height(beats))] if len(onsets) else onsets
    return np.sort(librosa.frames_to_time(np.concatenate([beats, strong]), sr=rate, hop_length=hop))


def hits(moments: Times, cuts: Times) -> float:
    if not len(moments):
        return 0.0
    return float(np.mean(np.abs(cuts[:, None] - moments[None, :]).min(axis=1) <= TOLERANCE_S))


def with_chance(moments: Times, cuts: Sequence[float], duration: float) -> tuple[float, float, float]:
    """(hit, chance, kappa): chance is the mean over random circular shifts of the cut times."""
    times = np.array(cuts)
    rng = np.random.default_rng(0)
    hit = hits(moments, times)
    chance = float(np.mean([hits(moments, (times + rng.uniform(0, duration)) % duration) for _ in range(SHIFTS)]))
    return hit, chance, (hit - chance) / (1 - chance) if chance < 1 else 0.0


def measure(path: Path, made: Score) -> Row:
    cuts = annotated_cuts(path.name)
    samples, rate = decode_sound(made.film)
    truth = judge(samples, rate, cuts, picture_s=picture_length(made.film).picture_end)
    times = np.array([frame.time for frame in read_small_frames(path, height=16)])
    truths = read_truth(MEDIA / "video" / "cuts" / f"{path.stem}.csv")
    found = score_changes([scene.start for scene in made.sheet.scenes[1:]], truths, times)
    _, _, kappa = heard = with_chance(librosa_moments(samples, rate), cuts, made.sheet.duration)
    copied = "encoded"
    if made.copied:
        copied = "identical" if packet_hashes(made.film) == packet_hashes(path) else "DIFFERS"
    return Row(
        path.name, found, len(cuts), truth.hit or 0.0, truth.chance or 0.0, truth.kappa or 0.0, truth.worst_ms or 0.0,
        heard[0], kappa, truth.loudness, truth.true_peak, truth.length_error_ms, truth.ending, copied,
    )  # fmt: skip


def note_metrics(midi: bytes) -> dict[str, float]:
    """MusPy's measures of a written score."""
    import muspy

    with tempfile.NamedTemporaryFile(suffix=".mid") as file:
        file.write(midi)
        file.flush()
        music = muspy.read_midi(file.name)
    return {
        "scale consistency": muspy.scale_consistency(music),
        "pitch entropy": muspy.pitch_entropy(music),
        "pitch class entropy": muspy.pitch_class_entropy(music),
        "empty beat rate": muspy.empty_beat_rate(music),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--style")
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=Brief.seed)
    parser.add_argument("--keep", type=Path, help="leave films and folders here")
    options = parser.parse_args()
    say: Callable[[str], None] = lambda line: print(line, flush=True)  # noqa: E731, T201
    rows: list[Row] = []
    notes: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as scratch:
        place = options.keep or Path(scratch)
        place.mkdir(parents=True, exist_ok=True)
        say(
            f"{'clip':28} {'tp/fp/fn':>8} | {'cuts':>4} {'hit':>5} {'chance':>6} {'kappa':>6} {'worst':>6} |"
            f" {'librosa':>7} {'kappa':>6} | {'LUFS':>6} {'dBTP':>6} {'len ms':>7} {'ending':>8} picture"
        )
        brief = replace(Brief(), style=options.style, seed=options.seed)
        for path in clips():
            if options.only not in path.name:
                continue
            film = place / f"{path.stem}.mp4"
            (made,) = score(path, to=film, folder=place / path.stem, brief=brief, sound="replace")
            row = measure(path, made)
            rows.append(row)
            if made.midi:
                notes.append(note_metrics(made.midi.read_bytes()))
            say(
                f"{row.name:28} {row.found.hits:>4}/{row.found.false_alarms}/{row.found.missed} |"
                f" {row.cuts:4} {row.hit:5.2f} {row.chance:6.2f} {row.kappa:6.2f} {row.worst_ms:6.0f} |"
                f" {row.librosa_hit:7.2f} {row.librosa_kappa:6.2f} | {row.loudness:6.1f} {row.peak:6.1f}"
                f" {row.length_ms:7.1f} {row.ending:>8} {row.picture}"
            )
    figures = ("hit", "chance", "kappa", "librosa_hit", "librosa_kappa")
    mean = {name: statistics.mean(getattr(row, name) for row in rows) for name in figures}
    say(
        f"{'mean':28} {'':8} | {'':4} {mean['hit']:5.2f} {mean['chance']:6.2f} {mean['kappa']:6.2f} {'':6} |"
        f" {mean['librosa_hit']:7.2f} {mean['librosa_kappa']:6.2f} | worst hit {min(row.hit for row in rows):.2f},"
        f" scenes F1 {sum((row.found for row in rows), Tally()).f1:.3f}"
    )
    say(f"\n{'notes':22} {'ours':>7} {'real':>7} {'best generated':>15}")
    for name, (real, best) in PAPER.items():
        say(f"{name:22} {statistics.mean(note[name] for note in notes):7.3f} {real:7.3f} {best:15.3f}")


if __name__ == "__main__":
    main()
