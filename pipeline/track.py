"""The track of a music video: what it really is, and its sound as the ear of the machine takes it.

`open_track` reads a stranger's sound file through the same guarded door as every clip: the demuxer is chosen by the
first bytes, limits are held before anything is decoded, tags are read by the sandboxed child.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

RATE = 48_000  # Hz of `Track.sound`


@dataclass(frozen=True)
class TrackLimits:
    """How much track is taken; beyond it OverLimit is raised before anything is decoded."""

    seconds: float = 1200.0
    least_s: float = 3.0  #: under it there is nothing to cut a film to
    bytes: int = 500_000_000


@dataclass(frozen=True)
class Track:
    """What the client's track really is."""

    name: str  #: the file's name, made safe to show
    container: str  #: ffmpeg's demuxer: "mp3", "mov", "flac", "ogg", "wav", ...
    codec: str  #: "mp3", "aac", "flac", "opus", "vorbis", "pcm_s16le", ...
    duration: float  #: seconds of sound that a player plays
    rate: int  #: Hz
    channels: int
    bit_rate: int  #: bits per second of its packets
    loudness: float  #: LUFS
    true_peak: float  #: dBTP
    title: str  #: from the tags, made safe to show; "" when there is none
    artist: str
    lyrics: str = field(repr=False)  #: embedded ones, LRC or plain; "" when there are none
    cover: Path | None  #: the picture in it, as JPEG; None when there is none
    path: Path  #: the client's file as it came
    sound: Path  #: the same decoded: 48 kHz stereo WAV, 16 bits
    notes: tuple[str, ...] = ()


def open_track(path: Path, folder: Path, *, limits: TrackLimits | None = None) -> Track:
    """Read the track and decode it once; `sound.wav` and `cover.jpg` will lie in `folder`.

    Raises BadMedia when it is no sound, OverLimit when it is too much or too little of one.
    """
    raise NotImplementedError
