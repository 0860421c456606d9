"""What a composer plays: takes of cues, each with its stems, and the score's notes where there are any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]  #: shape (samples, 2), full scale is 1.0

RATE = 48_000  # Hz; the film's own rate, so that nothing is resampled after the composer

#: the parts that a mix knows how to treat; a composer that cannot part its music plays one stem named "music"
STEMS = ("melody", "counter", "ostinato", "pad", "bass", "drums", "effects", "music")


@dataclass(frozen=True)
class Take:
    """One recording of one cue; a new seed is a new take.

    `start` is when the first sample sounds, seconds from the first frame: it may lie before the cue's start (a pick-up,
    a swell into the cut), and the stems may ring on past the cue's end, but never past the clip's.
    """

    cue: str  #: the cue's number
    seed: int
    start: float
    stems: Mapping[str, Audio] = field(repr=False)  #: dry, balanced against each other, at RATE; keys from STEMS
    instruments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  #: General MIDI names by stem


@dataclass(frozen=True)
class Recording:
    """Everything that a composer made of a cue sheet."""

    composer: str  #: the backend's name
    licence: str  #: what the client may do with the music, in one sentence
    takes: tuple[Take, ...]  #: one for each cue, in the order of the sheet
    midi: bytes | None = field(default=None, repr=False)  #: a standard MIDI file (format 1) of the whole score
    notes: tuple[str, ...] = ()  #: what the client should know
