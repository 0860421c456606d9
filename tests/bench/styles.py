"""The eight styles by numbers: no two may come out alike, none may fall silent or clip.

    python -m tests.bench.styles [--spectrograms FOLDER]

One 40 s cue sheet of four scenes with three moods, played in every style; figures of the finished mix.
"""

from __future__ import annotations

import argparse
import itertools
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import signal

from pipeline import backends
from pipeline.cues import spot
from pipeline.cuesheet import STYLES, Brief, CueSheet, HitPoint, Look, Scene, Style
from pipeline.ear.listen import hear
from pipeline.mix import lay
from pipeline.music import RATE, Audio

QUIET_DB = -50.0  # below the programme's loudness by far: nobody hears music there
DEAD_AIR_S = 1.5


@dataclass(frozen=True)
class Figures:
    style: Style
    centroid_hz: float  #: mean spectral centroid, weighted by energy
    low_share: float  #: energy under 200 Hz
    high_share: float  #: energy over 4 kHz
    onsets_per_s: float
    range_db: float  #: between the 10th and the 95th percentile of short-time level
    dead_air_s: float  #: the longest stretch of silence before the ending
    peak: float
    instruments: frozenset[str]

    def place(self) -> np.ndarray:
        """The style as a point: log centroid, log onset density, energy at both ends."""
        return np.array(
            [np.log2(self.centroid_hz), np.log2(self.onsets_per_s + 0.1), 4 * self.low_share, 8 * self.high_share]
        )


def a_sheet(style: Style, seed: int = 1) -> CueSheet:
    """Four scenes, three moods, seven cuts in 40 s."""
    moods = [(0.1, -0.2), (0.5, 0.3), (-0.4, 0.4), (0.4, 0.1)]
    scenes = [
        Scene(i, 10.0 * i, 10.0 * i + 10, "start" if i == 0 else "cut", 0.6, Look(), f"scene {i}", "neutrality", v, a,
              (HitPoint(10.0 * i + 4.3, 0.8, "jolt"),) if i == 2 else ())
        for i, (v, a) in enumerate(moods)
    ]  # fmt: skip
    return spot(scenes, replace(Brief(), style=style, seed=seed), duration=40.0, frame_rate=25.0)


def measure(style: Style, seed: int = 1) -> tuple[Figures, Audio]:
    sheet = a_sheet(style, seed)
    recording = backends.composer().compose(sheet, backends.Session())
    mix = lay(recording, sheet)
    mono = mix.music.mean(axis=1)
    freqs, _, spectrum = signal.stft(mono, RATE, nperseg=4096, noverlap=2048)
    power = np.abs(spectrum) ** 2
    energy = power.sum(axis=1)
    level = 10 * np.log10(np.convolve(mono**2, np.ones(4800) / 4800, "same")[:: RATE // 20] + 1e-12)
    quiet = [len(list(run)) / 20 for silent, run in itertools.groupby(level[: -20 * 2] < QUIET_DB) if silent]
    heard = hear(mix.music, RATE)
    figures = Figures(
        style, float((freqs[:, None] * power).sum() / power.sum()), float(energy[freqs < 200].sum() / energy.sum()),
        float(energy[freqs > 4000].sum() / energy.sum()), len(heard.onsets) / sheet.duration,
        float(np.percentile(level, 95) - np.percentile(level[:-40], 10)), max(quiet, default=0.0),
        float(np.abs(mix.music).max()),
        frozenset(name for take in recording.takes for names in take.instruments.values() for name in names),
    )  # fmt: skip
    return figures, mix.music


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spectrograms", type=Path, help="write a WAV and a picture of each style here")
    options = parser.parse_args()
    found: list[Figures] = []
    head = ("style", "centroid", "<200Hz", ">4kHz", "onsets/s", "range dB", "dead air", "peak")
    print("{:11} {:>8} {:>7} {:>7} {:>9} {:>9} {:>9} {:>6}  instruments".format(*head))  # noqa: T201
    for style in STYLES:
        figures, music = measure(style)
        found.append(figures)
        print(  # noqa: T201
            f"{style:11} {figures.centroid_hz:8.0f} {figures.low_share:7.2f} {figures.high_share:7.3f}"
            f" {figures.onsets_per_s:9.2f} {figures.range_db:9.1f} {figures.dead_air_s:9.2f} {figures.peak:6.3f}"
            f"  {', '.join(sorted(figures.instruments))}"
        )
        if options.spectrograms:
            draw(style, music, options.spectrograms)
    pairs = sorted(
        (float(np.linalg.norm(a.place() - b.place())), a.style, b.style) for a, b in itertools.combinations(found, 2)
    )
    print("\nnearest pairs:", "; ".join(f"{one} / {other} {gap:.2f}" for gap, one, other in pairs[:4]))  # noqa: T201


def draw(style: Style, music: Audio, folder: Path) -> None:
    """Write the sound and its spectrogram (0-12 kHz, 90 dB)."""
    import cv2
    import soundfile

    folder.mkdir(parents=True, exist_ok=True)
    soundfile.write(folder / f"{style}.wav", music, RATE)
    freqs, _, spectrum = signal.stft(music.mean(axis=1), RATE, nperseg=2048, noverlap=1024)
    decibel = 20 * np.log10(np.abs(spectrum[freqs < 12000]) + 1e-7)
    grey = np.clip((decibel - decibel.max() + 90) / 90 * 255, 0, 255).astype(np.uint8)[::-1]
    picture = cv2.applyColorMap(cv2.resize(grey, (1400, 420)), cv2.COLORMAP_INFERNO)
    cv2.imwrite(str(folder / f"{style}.png"), picture)


if __name__ == "__main__":
    main()
