"""Where the beat of a song goes: tempo, beats and the first beats of its bars, or that there is none to cut on.

librosa hears the tempo; which of its multiples people tap, and where the beats lie to the millisecond, is found by
laying a grid over the whole song. A grid has no jitter, and it goes on through breaks. Where the tempo sways the grid
follows; where none holds, librosa's beat tracker is asked, and believed where a second listener hears the same beats.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.ear.features import LOOK_S, RATE, STRIKE_HOP, STRIKE_S, Features, Source, load_librosa, read_mono
from pipeline.ear.listen import hear

SLOWEST_BPM, FASTEST_BPM = 55.0, 200.0
LIKELY_BPM, LIKELY_OCTAVES = 118.0, 0.7  # people tap near here: a log-normal prior
LEVELS = (1.0, 1 / 2, 2.0, 2 / 3, 3 / 2, 3 / 4, 4 / 3)  # of the beat that a tempo may be mistaken for
NEAR = 0.045  # of librosa's tempo, to either side: its bins at 200 BPM are that wide
HARMONICS = (1, 2, 4)  # of the beat that strikes fall on: halves and quarters, where they are played

SHARP_S = 0.012  # strikes are blurred by it before a grid is laid over them
PHASES = 64  # of a period: 8 ms at 120 BPM
WINDOW_S, STEP_S = 8.0, 2.0  # stretches in which the grid may lie differently
SWAY_COST = 40.0  # of a squared shift, in periods, from one stretch to the next, against clarity
STEADY_S = 0.020  # a grid that never lies further off is one grid
CLEAR = (
    1.0  # strikes on the grid against strikes anywhere, in spreads: pop has 1.5 to 3, rubato and rain 0.7, noise 0.2
)
UNCLEAR_SHARE = 0.25  # of a song that may be unclear before a tracker is asked
TRACKED_CLEAR = 2.5  # the same at tracked beats, which seek strikes: rubato has 2
AGREED = 0.8  # of librosa's beats that the second listener hears too ...
AGREED_S = 0.070  # ... this near
EVEN = 0.06  # of a beat, by which one may be longer than the last: trackers leap from drop to drop in the rain
LISTENED_S = 180.0  # of sound that the second listener takes at a time

TEMPO_STEP = 4  # looks that librosa's tempo is given as one
TEMPO_PIECE_S = 60.0  # at a time: its memory grows with the square otherwise
LEAST_BEATS = 4

METRES = (4, 3)  # beats in a bar
THREE_MARGIN = 1.25  # by which a bar of three must be clearer than one of four
TIMBRE_BEATS = (1, 2, 4)  # over which a change of sound speaks for a first beat, as a bass drum and a new chord do


@dataclass(frozen=True)
class Pulse:
    tempo: float  #: beats per minute
    beats: NDArray[np.float64]  #: seconds, ascending
    metre: int  #: beats in a bar
    first: int  #: which of the beats begins the first whole bar

    @property
    def downbeats(self) -> NDArray[np.float64]:
        return self.beats[self.first :: self.metre]


@dataclass(frozen=True)
class _Grid:
    period: float  #: seconds
    phase: float  #: seconds from the start to one of its beats
    centres: NDArray[np.float64]  #: seconds, of stretches of the song
    off: NDArray[np.float64]  #: seconds that the beats of each stretch lie after the grid
    clear: NDArray[np.float64]  #: of each stretch: how far strikes on its beats stand out, in spreads


def find_pulse(heard: Features, sound: Source) -> Pulse | None:
    """Return the beat of a song; None where there is none that a film could be cut on."""
    strikes = weigh_strikes(heard)
    if strikes.sum() <= 0 or heard.duration < 2.0:
        return None
    grid = _clearest(strikes, heard.duration)
    beats = _along(grid, heard.duration)
    if (grid.clear < CLEAR).mean() > UNCLEAR_SHARE:  # it misses stretches, or all of it
        tracked = _tracked(strikes, sound, grid)
        if tracked is None and grid.clear.mean() < CLEAR:
            return None
        beats = beats if tracked is None else tracked
    if len(beats) < LEAST_BEATS:
        return None
    metre, first = _bars(heard, beats)
    return Pulse(float(60 / np.median(np.diff(beats))), beats, metre, first)


def weigh_strikes(heard: Features) -> NDArray[np.float64]:
    """Return how hard something strikes, every STRIKE_S, each band counting the same however loud it is."""
    whole = np.zeros(heard.strikes.shape[1])
    for band in heard.strikes:
        lean = np.maximum(0, band - ndimage.uniform_filter1d(band, round(1.0 / STRIKE_S)))
        spread = float(np.sqrt(np.mean(lean**2)))
        whole += lean / spread if spread > 1e-4 else 0
    return whole


def _clearest(strikes: NDArray[np.float64], duration: float) -> _Grid:
    sharp = ndimage.gaussian_filter1d(strikes, SHARP_S / STRIKE_S)
    laid = [_lay(sharp, tempo, duration) for tempo in _tempi(strikes, duration)]
    return max(laid, key=lambda grid: float(grid.clear.mean()) * _likely(60 / grid.period))


def _along(grid: _Grid, duration: float) -> NDArray[np.float64]:
    """Return the beats of a grid: on a straight line where it is steady, else where it lies in each stretch."""
    slope, start = np.polyfit(grid.centres, grid.off, 1) if len(grid.centres) > 2 else (0.0, float(grid.off.mean()))
    bent = ndimage.median_filter(grid.off - start - slope * grid.centres, 5, mode="nearest")
    sway = (
        np.zeros(len(bent)) if np.abs(bent).max() <= STEADY_S else ndimage.gaussian_filter1d(bent, 0.7, mode="nearest")
    )
    more = np.abs(grid.off).max() + grid.period  # a grid that drifts begins earlier or ends later than it was laid
    lines = np.arange(
        grid.phase - grid.period * np.ceil((grid.phase + more) / grid.period), duration + more, grid.period
    )
    beats = lines + start + slope * lines + np.interp(lines, grid.centres, sway)
    return np.asarray(beats[(beats > -STRIKE_S) & (beats < duration - STRIKE_S)]).clip(0)


def _lay(sharp: NDArray[np.float64], tempo: float, duration: float) -> _Grid:
    """Lay a grid over blurred strikes and look where it would lie in each stretch of the song."""
    period = 60 / tempo
    phases = np.arange(PHASES) * period / PHASES
    phase = float(phases[_profile(sharp, period, phases, 0, duration).argmax()])
    half = min(WINDOW_S, duration) / 2
    centres = np.arange(half, max(duration - half, half + 1e-3), STEP_S)
    spread = max(float(sharp.std() / max(sharp.mean(), 1e-9)), 1e-9)
    clear = np.array([_profile(sharp, period, phase + phases, at - half, at + half) - 1 for at in centres]) / spread
    path = _follow(clear)
    off = np.unwrap(path, period=PHASES) * period / PHASES
    return _Grid(period, phase, centres, off, clear[np.arange(len(path)), path])


def _tempi(strikes: NDArray[np.float64], duration: float) -> list[float]:
    """Return librosa's tempi and their levels, each to the hundredth where strikes fall together."""
    step = 60 / max(duration, WINDOW_S) / 8  # BPM by which a grid slips an eighth of a beat from end to end
    tempi: list[float] = []
    for heard in _librosa_tempi(strikes):
        for level in LEVELS:
            bpms = np.arange(heard * level * (1 - NEAR), heard * level * (1 + NEAR), step)
            bpms = bpms[(bpms >= SLOWEST_BPM) & (bpms <= FASTEST_BPM)]
            if bpms.size:
                tempi.append(float(bpms[_together(strikes, bpms).argmax()]))
    return sorted({round(tempo / step) * step for tempo in tempi})


def _likely(bpm: float) -> float:
    return float(np.exp(-0.5 * (np.log2(bpm / LIKELY_BPM) / LIKELY_OCTAVES) ** 2))


def _librosa_tempi(strikes: NDArray[np.float64]) -> list[float]:
    """Return the tempo that librosa hears in each minute of the song, each once."""
    librosa = load_librosa()
    coarse = strikes[: len(strikes) // TEMPO_STEP * TEMPO_STEP].reshape(-1, TEMPO_STEP).sum(axis=1)
    pieces = np.array_split(coarse, max(1, round(len(strikes) * STRIKE_S / TEMPO_PIECE_S)))
    hop = TEMPO_STEP * STRIKE_HOP
    heard = [float(librosa.feature.tempo(onset_envelope=piece, sr=RATE, hop_length=hop)[0]) for piece in pieces]
    return sorted({bpm for bpm in heard if bpm > 0}) or [LIKELY_BPM]


def _together(strikes: NDArray[np.float64], bpms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each tempo how far all strikes of the song fall on one grid, its halves and its quarters."""
    size = 4 * len(strikes)
    spectrum = np.abs(np.fft.rfft(strikes, size)) / strikes.sum()
    hz = np.arange(len(spectrum)) / (size * STRIKE_S)
    together: NDArray[np.float64] = sum(
        (np.interp(bpms / 60 * harmonic, hz, spectrum) for harmonic in HARMONICS), np.zeros(len(bpms))
    )
    return together


def _profile(
    sharp: NDArray[np.float64], period: float, phases: NDArray[np.float64], start: float, end: float
) -> NDArray[np.float64]:
    """Return for each phase the mean strike on its grid between two times, over the mean strike there."""
    first = np.ceil((start - phases.min()) / period)
    count = max(1, int((end - phases.max()) / period - first) + 1)
    times = (first + np.arange(count))[:, None] * period + phases[None, :]
    on_grid = np.interp(times, np.arange(len(sharp)) * STRIKE_S, sharp, left=0, right=0).mean(axis=0)
    around = sharp[max(0, round(start / STRIKE_S)) : max(1, round(end / STRIKE_S))].mean()
    profile: NDArray[np.float64] = on_grid / max(float(around), 1e-9)
    return profile


def _follow(clear: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the phase of each stretch on the path that is clear everywhere and bends little (Viterbi)."""
    apart = (np.arange(PHASES)[:, None] - np.arange(PHASES)[None, :] + PHASES // 2) % PHASES - PHASES // 2
    cost = SWAY_COST * (apart / PHASES) ** 2
    best, came = clear[0], np.zeros(clear.shape, dtype=np.intp)
    for row in range(1, len(clear)):
        options = best[None, :] - cost
        came[row] = options.argmax(axis=1)
        best = options.max(axis=1) + clear[row]
    path = [int(best.argmax())]
    for row in range(len(clear) - 1, 0, -1):
        path.append(int(came[row, path[-1]]))
    return np.array(path[::-1])


def _tracked(strikes: NDArray[np.float64], sound: Source, grid: _Grid) -> NDArray[np.float64] | None:
    """Return the beats of librosa's tracker where a second listener hears the same ones; None where they differ."""
    librosa = load_librosa()
    theirs = _heard_otherwise(sound)
    if len(theirs) < LEAST_BEATS:
        return None
    slow = np.interp(np.arange(len(strikes)) * STRIKE_S, theirs[1:], ndimage.gaussian_filter1d(np.diff(theirs), 2.0))
    looks = librosa.beat.beat_track(onset_envelope=strikes, sr=RATE, hop_length=STRIKE_HOP, bpm=60 / slow)[1]
    beats = looks * STRIKE_S
    if len(beats) < LEAST_BEATS:
        return None
    nearest = np.abs(beats[:, None] - theirs[None, :]).min(axis=1)
    sharp = ndimage.gaussian_filter1d(strikes, SHARP_S / STRIKE_S)
    on_beats = np.interp(beats, np.arange(len(sharp)) * STRIKE_S, sharp).mean()
    clear = (on_beats - sharp.mean()) / max(float(sharp.std()), 1e-9)
    jumps = float(np.median(np.abs(np.diff(np.log(np.diff(beats))))))
    if jumps > EVEN or (nearest < AGREED_S).mean() < AGREED or clear < max(TRACKED_CLEAR, float(grid.clear.mean())):
        return None
    return np.asarray(beats)


def _heard_otherwise(sound: Source) -> NDArray[np.float64]:
    """Return the beats that the second listener hears, who takes much memory and so gets a few minutes at a time."""
    beats: list[float] = []
    past = 0
    for piece in read_mono(sound, LISTENED_S):
        beats += [past / RATE + beat for beat in hear(piece, RATE).beats]
        past += len(piece)
    return np.unique(beats)


def _bars(heard: Features, beats: NDArray[np.float64]) -> tuple[int, int]:
    """Return how many beats a bar has, and which of the beats begins the first one."""
    harmony, timbre = per_beat(heard.chroma, heard, beats), per_beat(heard.timbre, heard, beats)
    harmony = harmony / np.maximum(np.linalg.norm(harmony, axis=0), 1e-9)
    timbre = timbre / np.maximum(timbre.std(axis=1, keepdims=True), 1e-6)
    cues = [_kicks(heard, beats), _turns(harmony, 1), *(_turns(timbre, width) for width in TIMBRE_BEATS)]
    weight = np.sum([_standing_out(cue) for cue in cues], axis=0)
    found = {}
    for metre in METRES:
        means = np.array([weight[first::metre].mean() for first in range(metre)])
        found[metre] = (float(means.max() - np.delete(means, means.argmax()).mean()), int(means.argmax()))
    metre = 3 if found[3][0] > THREE_MARGIN * found[4][0] else 4
    return metre, found[metre][1]


def per_beat(looks: NDArray[np.float32], heard: Features, beats: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each row of (rows, looks) from each beat to the next one, the last to the end."""
    total = np.concatenate([np.zeros((len(looks), 1)), np.cumsum(looks, axis=1, dtype=np.float64)], axis=1)
    edges = np.clip(np.round(np.append(beats, heard.duration) / LOOK_S).astype(int), 0, total.shape[1] - 1)
    mean: NDArray[np.float64] = np.diff(total[:, edges], axis=1) / np.maximum(np.diff(edges), 1)
    return mean


def _kicks(heard: Features, beats: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how hard the lowest band strikes at each beat."""
    low = ndimage.maximum_filter1d(heard.strikes[0], 2 * round(0.03 / STRIKE_S) + 1)
    kicks: NDArray[np.float64] = low[np.minimum(np.round(beats / STRIKE_S).astype(int), len(low) - 1)].astype(float)
    return kicks


def _turns(rows: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return how far so many beats from each beat on are from as many before it."""
    beats = rows.shape[1]
    total = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(rows, axis=1)], axis=1)
    here = np.arange(beats)
    ahead, behind = np.minimum(here + width, beats), np.maximum(here - width, 0)
    after = (total[:, ahead] - total[:, here]) / (ahead - here)
    before = (total[:, here] - total[:, behind]) / np.maximum(here - behind, 1)
    turns: NDArray[np.float64] = np.linalg.norm(after - before, axis=0)
    turns[:1] = 0
    return turns


def _standing_out(values: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = float(values.std())
    out: NDArray[np.float64] = (values - values.mean()) / spread if spread > 1e-9 else np.zeros(len(values))
    return out
