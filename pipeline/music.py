"""What a composer plays: takes of cues, each with its stems, and the score's notes where there are any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from pipeline.errors import Unavailable

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
    engine: str = ""  #: what played it, such as the synthesizer and its font
    commercial: bool = True  #: whether the licence allows commercial use


@dataclass(frozen=True)
class Papers:
    """Where the music of a job lies."""

    cues: tuple[Path, ...]  #: each cue alone
    stems: tuple[Path, ...]  #: the parts of the whole film
    music: Path  #: all of it, as it is in the film
    midi: Path | None


def write_music(recording: Recording, *, stems: Mapping[str, Audio], music: Audio, folder: Path) -> Papers:
    """Write cues, stems, music and notes as 24-bit WAV and MIDI; each file appears whole or not at all."""
    cues = tuple(
        write_sound(folder / "music" / f"{take.cue}.wav", np.sum(list(take.stems.values()), axis=0))
        for take in recording.takes
        if take.stems
    )
    parts = tuple(write_sound(folder / "stems" / f"{name}.wav", audio) for name, audio in stems.items())
    midi = folder / "score.mid" if recording.midi else None
    if midi and recording.midi:
        midi.write_bytes(recording.midi)
    return Papers(cues, parts, write_sound(folder / "music.wav", music), midi)


def write_sound(path: Path, audio: Audio) -> Path:
    """Write 24-bit WAV at RATE; the file appears whole or not at all. Raises Unavailable when the disk is full."""
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        soundfile.write(part, audio, RATE, subtype="PCM_24", format="WAV")
    except soundfile.LibsndfileError as exc:  # it does not say more than that the system refused
        part.unlink(missing_ok=True)
        raise Unavailable("The sound could not be written.", hint="Is the disk full? Free some space.") from exc
    return part.replace(path)
