"""The cut-lock on the cuts of real clips: music of another beat, before and after, and what the stretching costs.

    python -m tests.bench.locks [--only NAME] [--stretchers]

The music is the embedded orchestra's, each style at its own tempo and without a cut in it, so that it meets the
annotated cuts of a clip (../shared/media/video/cuts) by chance alone. The whole clip is one cue: more cuts in a row
than a cue has. `band` is synthetic, its tempo swaying by 3 per cent, its beats off by 3 per cent, with noise. `film` is
the same clip as the product cuts it into cues, each in another style, joined and mixed. The bar is 0.90.

`--stretchers` measures time-stretching alone: clicks and a chord along a course of changing rates, ours against
rubberband as ffmpeg runs it.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.backends import Session
from pipeline.certificate import Certificate, judge
from pipeline.composers.orchestra import load
from pipeline.cuesheet import Cue, HitPoint, Style
from pipeline.cutlock.joins import join
from pipeline.cutlock.lock import Locked, lock
from pipeline.cutlock.stretch import Leg, heard_at, stretch
from pipeline.mix import lay
from pipeline.music import RATE, Audio, Recording
from tests import bands, sheets
from tests.bench.bars import annotated_cuts, clips
from tests.scene_truth import read_small_frames

STYLES: tuple[Style, ...] = ("cinematic", "electronic", "folk", "lofi", "tense", "epic", "ambient")
LONGEST_S = 170.0  # clips beyond it take minutes of rendering and tell nothing new
WEIGHT = 0.6
BAR = 0.90


@dataclass(frozen=True)
class Row:
    clip: str
    music: str
    before: Certificate
    after: Certificate
    stretch: tuple[float, float]
    cpu_s: float  #: for each minute of music


@cache
def rendered(style: Style) -> Audio:
    """The orchestra at a style's tempo, without a cut."""
    recording = load().compose(sheets.sheet([sheets.cue(style, 0, LONGEST_S * 1.06 + 12)]), Session())
    return np.asarray(sum(recording.takes[0].stems.values()), dtype=np.float32)


@cache
def band() -> Audio:
    length = LONGEST_S * 1.06 + 12
    return bands.play(bands.swaying(length, 108, drift=0.03, jitter=0.03), length, noise=0.01)


def a_cue(cuts: Sequence[float], start: float, end: float, *, number: str = "1m1") -> Cue:
    plan = sheets.cue("folk", start, end, number=number)
    hits = tuple(HitPoint(cut, WEIGHT, "cut") for cut in sorted({start, *cuts}) if start <= cut < end)
    return Cue(**{**vars(plan), "hits": hits})


def measure(clip: str, name: str, sound: Audio, cuts: Sequence[float], length: float) -> Row:
    enough = sound[: round((length * 1.06 + 8) * RATE)]
    before = judge(enough[: round(length * RATE)], RATE, cuts, picture_s=length)
    began = time.process_time()
    locked = lock(enough, a_cue(cuts, 0.0, length), before_s=0.0, after_s=0.0)
    spent = time.process_time() - began
    first = round(-locked.start * RATE)
    after = judge(locked.audio[first : first + round(length * RATE)], RATE, cuts, picture_s=length)
    return Row(clip, name, before, after, locked.stretch, 60 * spent / length)


def measure_film(clip: str, cuts: Sequence[float], length: float) -> Row:
    """Cues of about a quarter of a minute, each in a style of its own, from cut to cut."""
    borders = [0.0]
    for cut in cuts:
        if cut - borders[-1] > 12 and length - cut > 6:
            borders.append(cut)
    spans = list(itertools.pairwise([*borders, length]))
    cues = [a_cue(cuts, start, end, number=f"1m{n + 1}") for n, (start, end) in enumerate(spans)]
    plan = sheets.sheet(cues)
    began = time.process_time()
    pieces: list[Locked] = []
    for number, cue in enumerate(cues):
        seconds = cue.length * 1.06 + 12
        sound = rendered(STYLES[number % 4])[: round(seconds * RATE)]
        pieces.append(lock(sound, cue, before_s=min(2.5, cue.start), after_s=min(3.0, length - cue.end)))
    takes = join(pieces, plan)
    spent = time.process_time() - began
    mix = lay(Recording("locks", "for the benchmark", takes), plan)
    rates = [rate for piece in pieces for rate in piece.stretch]
    after = judge(mix.music, RATE, cuts, picture_s=length)
    plain = np.concatenate([rendered(STYLES[n % 4])[: round(cue.length * RATE)] for n, cue in enumerate(cues)])
    before = judge(plain, RATE, cuts, picture_s=length)
    return Row(clip, "film", before, after, (min(rates), max(rates)), 60 * spent / length)


def course() -> list[Leg]:
    """Two minutes of legs at rates within 6 per cent, from 0.5 to 4 seconds long."""
    rng = np.random.default_rng(3)
    film, sound, legs = 0.0, 0.0, []
    while film < 120:
        length, rate = float(rng.uniform(0.5, 4)), float(rng.uniform(1 / 1.06, 1.06))
        legs.append(Leg((film, film + length), (sound, sound + length * rate)))
        film, sound = film + length, sound + length * rate
    return legs


def by_rubberband(sound: Audio, legs: Sequence[Leg]) -> Audio:
    """Have ffmpeg's rubberband change its tempo at the same places."""
    import subprocess

    from pipeline.door.ffmpeg import find_ffmpeg

    orders = ";".join(f"{leg.sound[0]:.6f} rubberband tempo {leg.rate:.9f}" for leg in legs[1:])
    chain = f"asetnsamples=n=256,asendcmd=c='{orders}',rubberband=tempo={legs[0].rate:.9f}:channels=together"
    raw = ["-f", "f32le", "-ar", str(RATE), "-ac", "2"]
    command = [str(find_ffmpeg()), "-v", "error", *raw, "-i", "-", "-af", chain, *raw, "-"]
    out = subprocess.run(command, input=sound.astype("<f4").tobytes(), capture_output=True, check=True, timeout=300)
    return np.frombuffer(out.stdout, "<f4").reshape(-1, 2)


def show_stretchers() -> None:
    legs = course()
    length = legs[-1].sound[1] + 0.5
    times = np.arange(0.8, legs[-1].sound[1] - 1, 0.47)
    clicks, wanted = bands.clicks(times, length), heard_at(times, legs)
    t = np.arange(round(length * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * hz * t) / 6 for hz in (110, 220, 277.2, 329.6, 440))
    chord = np.stack([tone, tone], axis=1).astype(np.float32)
    say(f"{'stretcher':12} {'off ms':>7} {'worst':>6} {'edge dB':>8} {'ripple dB':>9} {'CPU s/min':>9}")
    for name, play in (("ours", stretch), ("rubberband", by_rubberband)):
        began = time.process_time() + sum(time_of_children())
        out = play(clicks, legs)
        spent = time.process_time() + sum(time_of_children()) - began
        off = 1000 * (bands.onsets(out, wanted) - wanted)
        level = np.sqrt(np.square(play(chord, legs)[RATE : 110 * RATE, 0]).reshape(-1, RATE // 20).mean(axis=1))
        say(
            f"{name:12} {np.median(off):+7.2f} {np.abs(off).max():6.1f} {edges_db(out, wanted):8.1f} "
            f"{20 * np.log10(level.max() / level.min()):9.1f} {spent / 2:9.2f}"
        )


def time_of_children() -> tuple[float, float]:
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime, used.ru_stime


def edges_db(audio: Audio, times: NDArray[np.float64]) -> float:
    """Return how much is heard from 100 to 5 ms before each click, against the click."""
    power = np.square(audio, dtype=np.float64).sum(axis=1)
    at = np.round(times * RATE).astype(int)
    early = np.array([power[a - 4800 : a - 240].sum() / power[a - 4800 : a + 4800].sum() for a in at])
    return float(10 * np.log10(np.median(early) + 1e-12))


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def line(row: Row) -> str:
    before, after = row.before, row.after
    return (
        f"{row.clip:26} {row.music:10} | {after.cuts:4} | {before.hit or 0:6.2f} {before.kappa or 0:6.2f} |"
        f" {after.hit or 0:5.2f} {after.chance or 0:6.2f} {after.kappa or 0:6.2f} {after.worst_ms or 0:6.0f} |"
        f" {row.stretch[0]:.3f} {row.stretch[1]:.3f} | {row.cpu_s:5.1f}"
    )


def length_of(clip: Path) -> float:
    return max(frame.time for frame in read_small_frames(clip, height=16)) + 0.04


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="")
    parser.add_argument("--stretchers", action="store_true")
    options = parser.parse_args()
    show_stretchers()
    if options.stretchers:
        return
    say(f"\n{'clip':26} {'music':10} | cuts | before  kappa |   hit chance  kappa  worst | slowest fastest | CPU s/min")
    rows: list[Row] = []
    for path in clips():
        length = length_of(path)
        if options.only not in path.name or length > LONGEST_S:
            continue
        cuts = [cut for cut in annotated_cuts(path.name) if cut < length]
        sounds = [(style, rendered(style)) for style in STYLES] + [("band", band())]
        for name, sound in sounds:
            rows.append(measure(path.stem, name, sound, cuts, length))
            say(line(rows[-1]))
        rows.append(measure_film(path.stem, cuts, length))
        say(line(rows[-1]))
    for what in ("single", "film"):
        of = [row for row in rows if (row.music == "film") == (what == "film")]
        hit = statistics.mean(row.after.hit or 0 for row in of)
        spent = statistics.mean(row.cpu_s for row in of)
        say(
            f"mean of {what:6}: before {statistics.mean(row.before.hit or 0 for row in of):.2f}, after {hit:.2f}, kappa"
            f" {statistics.mean(row.after.kappa or 0 for row in of):.2f}, {spent:.1f} CPU s"
            f" a minute, at or over {BAR:.2f}: {sum((row.after.hit or 0) >= BAR for row in of)} of {len(of)}"
        )


if __name__ == "__main__":
    main()
