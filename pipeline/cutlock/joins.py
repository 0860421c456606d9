"""Neighbouring cues become one piece: they meet on a bar line, overlap where keys and beats agree, and end for real."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.cuesheet import Cue, CueSheet
from pipeline.cutlock.endings import Closing, close
from pipeline.cutlock.lock import Locked
from pipeline.ear.loudness import SILENCE, integrated
from pipeline.keys import distance
from pipeline.music import RATE, Audio, Take

LEVEL_LUFS = -20.0  # of a cue of middling intensity; the mix brings the whole to its own
INTENSITY_LU = 4.0  # between the faintest and the boldest cue: neighbours differ, and none jumps
MOST_GAIN_DB = 12.0  # that a cue is raised: its noise comes up with it

IN_KEY = 1  # fifths between two keys whose music may overlap: all notes but one are common
TOGETHER_S = 0.045  # two beats nearer than this are heard as one
PICK_UP_BEATS = 4  # at most, of the coming cue before the border
EDGE_S = 0.008  # of fading in before a strike: its edge stays whole
STRIKE_S = 0.06  # from the border, in which the strike that is meant for it lies
FLAM_S = 0.14  # two strikes farther apart than that are no flam
BREATH_S = 0.15  # in which a leaving cue is gone before its own strike would make one
OUT_S = (0.15, 1.2)  # of the leaving cue after the border: the shortest and the longest
GAP_S = 0.2  # between the last strike of a leaving cue and a border where keys clash
CLASH_S = 0.9  # before such a border, in which that strike is looked for
CLASH_DB = -50.0  # of the leaving cue at such a border

Gain = NDArray[np.float32]


@dataclass(frozen=True)
class _Border:
    """How one cue goes over into the next; seconds of the film."""

    coming: tuple[float, float]  #: when the coming cue begins to be heard, and when it is all there
    leaving: tuple[float, float]  #: when the leaving cue begins to fade, and when it is gone
    dying: bool  #: whether it dies away from a strike of its own, instead of being faded


def join(locked: Sequence[Locked], sheet: CueSheet) -> tuple[Take, ...]:
    """Return one take for each cue of the sheet, as one stem "music"; the last one has a real ending."""
    level = [_levelled(piece, cue) for piece, cue in zip(locked, sheet.cues, strict=True)]
    borders = [_meet(a, b, cue.start) for (a, b), cue in zip(itertools.pairwise(level), sheet.cues[1:], strict=True)]
    takes = []
    for number, (piece, cue) in enumerate(zip(level, sheet.cues, strict=True)):
        coming = borders[number - 1] if number else None
        leaving = borders[number] if number < len(borders) else None
        piece = _entered(piece, coming.coming[0] if coming else cue.start, coming.coming[1] if coming else None)
        piece = _left(piece, leaving) if leaving else _closed(piece, cue, sheet.duration)
        seed = sheet.seed if cue.seed is None else cue.seed
        takes.append(Take(cue.number, seed, piece.start, {"music": piece.audio}))
    return tuple(takes)


def _levelled(piece: Locked, cue: Cue) -> Locked:
    """Bring a cue to the loudness of its intensity."""
    loudness = integrated(piece.audio, RATE)
    if loudness == SILENCE:
        return piece
    gain_db = min(MOST_GAIN_DB, LEVEL_LUFS + INTENSITY_LU * (cue.intensity - 0.5) - loudness)
    return replace(piece, audio=piece.audio * np.float32(10 ** (gain_db / 20)))


def _meet(leaving: Locked, coming: Locked, border: float) -> _Border:
    """Decide how two cues meet at a border."""
    strike = min([border, *(beat for beat in coming.beats if abs(beat - border) <= STRIKE_S)])
    clean = (strike - EDGE_S, strike)
    if leaving.key and coming.key and distance(leaving.key, coming.key) > IN_KEY:
        last = [beat for beat in leaving.beats if border - CLASH_S <= beat <= border - GAP_S]
        return _Border(clean, (max(last, default=border - CLASH_S / 2), strike), dying=True)
    together = _beats_together(leaving, coming, border)
    if together:
        first = together[0]
        later = [beat for beat in leaving.beats if beat > border + OUT_S[0]]
        gone = later[min(len(together), len(later)) - 1] if later else border + OUT_S[1]
        return _Border((first, strike), (border, min(gone, border + 2 * OUT_S[1])), dying=False)
    if beside := [beat for beat in leaving.beats if TOGETHER_S < abs(beat - strike) < FLAM_S]:
        gone = min(beside[0], strike) - EDGE_S
        return _Border(clean, (gone - BREATH_S, gone), dying=False)
    gone = min([beat for beat in leaving.beats if beat > border + OUT_S[0]] or [border + OUT_S[1]])
    return _Border(clean, (strike, min(gone, border + OUT_S[1])), dying=False)


def _beats_together(leaving: Locked, coming: Locked, border: float) -> list[float]:
    """Return the coming cue's last beats before the border, as far back as the leaving cue's fall on them."""
    together: list[float] = []
    for beat in reversed([beat for beat in coming.beats if beat < border - STRIKE_S]):
        if len(together) == PICK_UP_BEATS or not any(abs(beat - other) < TOGETHER_S for other in leaving.beats):
            break
        together.insert(0, beat)
    return together


def _entered(piece: Locked, begin: float, there: float | None) -> Locked:
    """Let a cue begin at a time of the film, and be all there at another."""
    piece = _from(piece, begin)
    if there is None:
        return piece
    rise = min(len(piece.audio), max(1, round((there - piece.start) * RATE)))
    gain = np.ones(len(piece.audio), np.float32)
    gain[:rise] = np.sin(np.linspace(0, np.pi / 2, rise))
    return replace(piece, audio=piece.audio * gain[:, None])


def _from(piece: Locked, begin: float) -> Locked:
    cut = max(0, round((begin - piece.start) * RATE))
    return replace(piece, audio=piece.audio[cut:], start=piece.start + cut / RATE)


def _left(piece: Locked, border: _Border) -> Locked:
    """Let a cue go: faded at constant power, or dying away from its last strike."""
    start, end = (round((time - piece.start) * RATE) for time in border.leaving)
    start, end = max(0, start), min(len(piece.audio), max(end, start + 1, 1))
    audio: Audio = piece.audio[:end]
    start = min(start, len(audio))
    share = np.linspace(0, 1, len(audio) - start)
    gain = np.ones(len(audio), np.float32)
    gain[start:] = (10 ** (CLASH_DB / 20 * share) * (1 - share**8)) if border.dying else np.cos(np.pi / 2 * share)
    return replace(piece, audio=audio * gain[:, None])


def _closed(piece: Locked, cue: Cue, end: float) -> Locked:
    closing = Closing(piece.start, end, piece.beats, piece.downbeats, cue.hits)
    return replace(piece, audio=close(piece.audio, closing))
