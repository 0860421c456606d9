"""How a song is built: its energy, its sections and which of them are alike, and where its phrases begin."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import cluster, ndimage, signal
from scipy.spatial import distance

from pipeline.ear.features import LEVEL_S, LOOK_S, QUIETEST_LUFS, STRIKE_S, Features
from pipeline.storyboard import ENERGY_STEP_S, Part, Section

ENERGY_BLUR_S = 1.5  # to either side: a bar or two, so that energy is the song's and not the drum's
LEAST_RANGE_LU = 8.0  # a song that is louder here and softer there by less than this hardly changes

UNIT_S = 2.0  # of music without bars, that is compared as a bar would be
SLICES = 4  # of a bar, each with its own chord
HARMONY, TIMBRE, STRIKES, LEVEL = 1.0, 0.8, 0.6, 0.6  # how much each says about whether two bars are alike
TIMBRE_LEAST, STRIKES_LEAST = 2.0, 0.012  # a spread from bar to bar under which nothing changes: songs have twice that
USUAL_LEAST = 0.6  # distance of two bars of a song, in which all is less than that is all the same
LEVEL_LU = 6.0  # a difference of loudness that weighs like a different chord

LEAST_S, MOST_S = 6.0, 40.0  # of a section
KERNELS = (4, 8)  # bars to either side that a border between sections is seen by
BORDER_COST = 0.3  # of the clearest border: a section more must be worth it
SQUARE = {8: 0.2, 4: 0.12, 2: 0.04}  # what sections of so many bars, or a multiple, are preferred by
WHOLE_S = 14.0  # a shorter piece is one section
DOUBLED_BARS = 8  # a section at least so long may be doubled: shorter ones are twice in any other
ALIKE = 0.62  # of the usual distance of two bars: nearer sections are the same one again

QUIETER = 0.12  # of the song's range: by so much an intro or an outro lies under the rest
SHORT_S = 13.0  # an intro
LOUD = 0.5  # of the song's range: a chorus is above

PHRASE_S = 10.0  # the longest phrase of whole bars
PHRASE_LEAST_S, PHRASE_MOST_S = 3.0, 11.0  # of music without bars
BREATH_S = 1.5  # to either side of where a phrase may begin


@dataclass(frozen=True)
class _Bars:
    """Stretches of a song that are compared with each other."""

    edges: NDArray[np.float64]  #: seconds, n + 1
    apart: NDArray[np.float64] = field(repr=False)  #: (n, n): how far each is from each other; 1 is the median


def energy_curve(heard: Features) -> NDArray[np.float64]:
    """Return how loud it is every ENERGY_STEP_S, 0-1 against the rest of the song, as slowly as a listener feels it."""
    times = np.arange(0, heard.duration, ENERGY_STEP_S)
    if not heard.levels.size or heard.levels.max() <= QUIETEST_LUFS:
        return np.zeros(len(times))
    levels = np.maximum(heard.levels, heard.levels.max() - 40)
    smooth = ndimage.gaussian_filter1d(levels, ENERGY_BLUR_S / LEVEL_S, mode="nearest")
    low, high = np.quantile(smooth, [0.03, 0.98])
    spare = max(0.0, LEAST_RANGE_LU - (high - low)) / 2
    share = (smooth - low + spare) / (high - low + 2 * spare)
    at = np.interp(times, np.arange(len(share)) * LEVEL_S + 2 * LEVEL_S, share)
    return np.asarray(at.clip(0, 1))


def find_form(heard: Features, energy: NDArray[np.float64], downbeats: NDArray[np.float64]) -> tuple[Section, ...]:
    """Return the sections of a song, which tile it; `downbeats` are empty where there are no bars."""
    if heard.duration < WHOLE_S:
        return (Section("verse", 0.0, heard.duration, _mean(energy, 0, heard.duration), 0),)
    bars = _compare(heard, _edges(heard.duration, downbeats))
    borders = _borders(bars)
    borders = _split_doubles(borders, _likes(bars, borders))
    times = bars.edges[borders]
    likes = _likes(bars, borders)
    energies = [_mean(energy, start, end) for start, end in pairwise(times)]
    parts = name_parts(np.diff(times).tolist(), energies, likes)
    return tuple(
        Section(part, float(start), float(end), level, like)
        for part, start, end, level, like in zip(parts, times[:-1], times[1:], energies, likes, strict=True)
    )


def find_phrases(heard: Features, sections: tuple[Section, ...], downbeats: NDArray[np.float64]) -> tuple[float, ...]:
    """Return where phrases begin, the first at 0: every few bars of a section, or where the music breathes."""
    starts = [0.0]
    for section in sections:
        inside = downbeats[(downbeats > section.start - 0.01) & (downbeats < section.end - 0.01)]
        found = _every_few(inside, section.end) if len(inside) > 1 else _breaths(heard, section)
        starts += [section.start, *found]
    ordered = np.unique(np.round(starts, 6))
    kept = [0.0]
    for start in ordered.tolist():
        if start - kept[-1] > PHRASE_LEAST_S and heard.duration - start > PHRASE_LEAST_S:
            kept.append(start)
    return tuple(kept)


def name_parts(lengths: list[float], energies: list[float], likes: list[int]) -> list[Part]:
    """Name sections by what comes again and how loud it is: the loud one that returns is the chorus."""
    count = len(likes)
    if count < 3:
        return ["verse"] * count
    chorus = _chorus(energies, likes)
    usual = float(np.average(energies, weights=lengths))
    last = max((at for at in range(count) if likes[at] == chorus), default=-1)
    parts: list[Part] = ["chorus" if like == chorus else "verse" for like in likes]
    alone = [likes.count(like) == 1 for like in likes]
    softer = [energy < usual - QUIETER for energy in energies]
    if likes[0] != chorus and (softer[0] or lengths[0] <= SHORT_S):
        parts[0] = "intro"
    if last < count - 1 and (alone[-1] or softer[-1]):
        parts[-1] = "outro"
    between = [at for at in range(likes.index(chorus) + 1, last) if alone[at]] if last >= 0 else []
    if between:
        parts[between[-1]] = "bridge"
    for at in range(last + 1, count - 1):
        if likes.count(chorus) > 1 and alone[at]:
            parts[at] = "instrumental"
    return parts


def _chorus(energies: list[float], likes: list[int]) -> int:
    """Return the number of the loudest sections that come again, else of the loudest one; -1 where none is loud."""
    worth = {}
    for like in set(likes):
        level = float(np.mean([energy for energy, other in zip(energies, likes, strict=True) if other == like]))
        again = min(likes.count(like), 4) - 1
        if level >= LOUD and len(set(likes)) > 1 and (again or like != likes[0]):
            worth[like] = level + 0.5 * (again > 0) + 0.05 * again
    return max(worth, key=lambda like: (worth[like], -like)) if worth else -1


def _edges(duration: float, downbeats: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the borders of bars; what comes before the first whole one and after the last is theirs."""
    if len(downbeats) < 4:
        return np.linspace(0, duration, max(2, round(duration / UNIT_S)) + 1)
    bar = float(np.median(np.diff(downbeats)))
    inner = downbeats[(downbeats > bar / 2) & (downbeats < duration - bar / 2)]
    return np.concatenate([[0.0], inner, [duration]])


def _compare(heard: Features, edges: NDArray[np.float64]) -> _Bars:
    inner = [edges[:-1] + np.diff(edges) * part / SLICES for part in range(SLICES)]
    fine = np.append(np.stack(inner, axis=1).ravel(), edges[-1])
    chords = _means(heard.chroma, fine, LOOK_S)
    chords = chords / np.maximum(np.linalg.norm(chords, axis=0), 1e-9)
    bars = len(edges) - 1
    harmony = chords.reshape(12, bars, SLICES).transpose(1, 2, 0).reshape(bars, -1) / np.sqrt(SLICES)
    timbre = _even(_means(heard.timbre[1:], edges, LOOK_S), TIMBRE_LEAST).T
    strikes = _even(_means(heard.strikes, edges, STRIKE_S), STRIKES_LEAST).T
    level = _means(np.maximum(heard.levels, heard.levels.max() - 40)[None], edges, LEVEL_S).T / LEVEL_LU
    rows = np.concatenate([HARMONY * harmony, TIMBRE * timbre, STRIKES * strikes, LEVEL * level], axis=1)
    apart = distance.squareform(distance.pdist(rows))
    usual = float(np.median(apart[np.triu_indices(bars, 1)]))
    return _Bars(edges, apart / max(usual, USUAL_LEAST))


def _means(rows: NDArray[np.floating], edges: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Return the mean of each row between each two edges, shape (rows, edges - 1)."""
    total = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(rows, axis=1, dtype=np.float64)], axis=1)
    at = np.minimum(np.round(edges / step).astype(int), total.shape[1] - 1)
    at = np.minimum(np.maximum.accumulate(at), total.shape[1] - 1)
    mean: NDArray[np.float64] = np.diff(total[:, at], axis=1) / np.maximum(np.diff(at), 1)
    return mean


def _even(rows: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """Return rows that count the same, all together as much as one of spread 1, less if they hardly spread."""
    spread = np.maximum(rows.std(axis=1, keepdims=True), least)
    even: NDArray[np.float64] = (rows - rows.mean(axis=1, keepdims=True)) / spread / np.sqrt(2 * len(rows))
    return even


def _borders(bars: _Bars) -> NDArray[np.intp]:
    """Return the indices of edges between sections, the ends among them: the best compromise of clear and square."""
    clear = _novelty(bars.apart)
    count, edges = len(bars.apart), bars.edges
    best, came = np.full(count + 1, -np.inf), np.zeros(count + 1, dtype=np.intp)
    best[0] = 0.0
    for end in range(1, count + 1):
        lengths = edges[end] - edges[:end]
        square = np.array([max((worth for n, worth in SQUARE.items() if (end - start) % n == 0), default=0.0)
                           for start in range(end)])  # fmt: skip
        wrong = np.maximum(0, LEAST_S - lengths) / LEAST_S * 3 + np.maximum(0, lengths - MOST_S) / MOST_S * 3
        options = best[:end] + square - wrong + (clear[end] - BORDER_COST if end < count else 0.0)
        came[end] = options.argmax()
        best[end] = options[came[end]]
    path = [count]
    while path[-1]:
        path.append(int(came[path[-1]]))
    return np.array(path[::-1])


def _novelty(apart: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each edge how much what follows differs from what was, 0-1 (Foote's chequerboard)."""
    count = len(apart)
    clear = np.zeros(count + 1)
    for width in KERNELS:
        for at in range(1, count):
            reach = min(width, at, count - at)
            before, after = slice(at - reach, at), slice(at, at + reach)
            across = apart[before, after].mean()
            within = (apart[before, before].mean() + apart[after, after].mean()) / 2
            clear[at] += (across - within) * min(1.0, reach / width + 0.25)
    clear = np.maximum(clear, 0)
    return clear / max(float(clear.max()), 0.25 * len(KERNELS))


def _likes(bars: _Bars, borders: NDArray[np.intp]) -> list[int]:
    """Return a number for each section, the same for those that sound alike, counted from the first one."""
    spans = [np.arange(start, end) for start, end in pairwise(borders)]
    if len(spans) < 2:
        return [0] * len(spans)
    apart = np.zeros((len(spans), len(spans)))
    for row, one in enumerate(spans):
        for column, other in enumerate(spans[:row]):
            apart[row, column] = apart[column, row] = _far(bars.apart, one, other)
    tree = cluster.hierarchy.linkage(distance.squareform(apart), "average")
    groups = cluster.hierarchy.fcluster(tree, ALIKE, "distance").tolist()
    order = list(dict.fromkeys(groups))
    return [order.index(group) for group in groups]


def _split_doubles(borders: NDArray[np.intp], likes: list[int]) -> NDArray[np.intp]:
    """Cut sections that are another one twice in a row: nothing but the other one shows where it begins again."""
    lengths = np.diff(borders).tolist()
    more: list[int] = []
    for start, length, like in zip(borders.tolist(), lengths, likes, strict=False):
        once = min(other for other, same in zip(lengths, likes, strict=True) if same == like)
        if once >= DOUBLED_BARS and round(length / once) > 1 and abs(length - round(length / once) * once) <= 1:
            more += [start + n * once for n in range(1, round(length / once))]
    return np.array(sorted({*borders.tolist(), *more}))


def _far(apart: NDArray[np.float64], one: NDArray[np.intp], other: NDArray[np.intp]) -> float:
    """Return how far two sections are from each other, bar by bar, the shorter laid where it fits the longer best."""
    short, long = sorted((one, other), key=len)
    fits = [float(apart[short, long[at : at + len(short)]].mean()) for at in range(len(long) - len(short) + 1)]
    return min(fits)


def _mean(energy: NDArray[np.float64], start: float, end: float) -> float:
    times = np.arange(len(energy)) * ENERGY_STEP_S
    inside = energy[(times >= start) & (times < end)]
    return float(inside.mean()) if inside.size else float(np.interp(start, times, energy)) if energy.size else 0.0


def _every_few(downbeats: NDArray[np.float64], end: float) -> list[float]:
    """Return every fourth, second or single downbeat, as many as fit into a phrase; no scrap at the end."""
    bar = float(np.median(np.diff(downbeats)))
    few = next((bars for bars in (4, 2) if bars * bar <= PHRASE_S), 1)
    starts: list[float] = downbeats[::few].tolist()
    return starts[:-1] if len(starts) > 1 and end - starts[-1] < few * bar / 2 else starts


def _breaths(heard: Features, section: Section) -> list[float]:
    """Return where the music of a section breathes: it grows quiet and begins again, or turns to something else."""
    times = np.arange(section.start, section.end, LEVEL_S)
    if len(times) < 2 * PHRASE_LEAST_S / LEVEL_S:
        return []
    turn = _turning(heard, times)
    peaks = signal.find_peaks(turn, distance=round(PHRASE_LEAST_S / LEVEL_S))[0]
    chosen: list[float] = []
    at = section.start
    while section.end - at > PHRASE_MOST_S:
        near = [p for p in peaks if PHRASE_LEAST_S < times[p] - at <= PHRASE_MOST_S]
        at = float(times[max(near, key=lambda p: float(turn[p]))]) if near else at + PHRASE_MOST_S / 2
        chosen.append(at)
    return chosen


def _turning(heard: Features, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much speaks for a phrase to begin at each time: a rise of level, another harmony, another sound."""
    around = np.stack([times - BREATH_S, times, times + BREATH_S], axis=1).clip(0, heard.duration)
    whole = np.zeros(len(times))
    for rows, step in ((heard.levels[None], LEVEL_S), (heard.chroma, LOOK_S), (heard.timbre, LOOK_S)):
        total = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(rows, axis=1, dtype=np.float64)], axis=1)
        at = np.minimum(np.round(around / step).astype(int), total.shape[1] - 1)
        before = (total[:, at[:, 1]] - total[:, at[:, 0]]) / np.maximum(at[:, 1] - at[:, 0], 1)
        after = (total[:, at[:, 2]] - total[:, at[:, 1]]) / np.maximum(at[:, 2] - at[:, 1], 1)
        turn = np.maximum(after - before, 0)[0] if len(rows) == 1 else np.linalg.norm(after - before, axis=0)
        whole += turn / max(float(turn.std()), 1e-9)
    return whole
