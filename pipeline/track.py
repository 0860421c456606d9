"""The track of a music video: what it really is, and its sound as the ear of the machine takes it.

`open_track` reads a stranger's sound file through the same guarded door as every clip: the demuxer is chosen by the
first bytes, limits are held before anything is decoded, tags are read by the sandboxed child.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import soundfile
from numpy.typing import NDArray

from pipeline.clip import clock, safe_name
from pipeline.door.containers import EXPORT_SOUND, find_sound_demuxer, opened
from pipeline.door.ffmpeg import NOTHING_PERSONAL, Leash, bench, run, take_in
from pipeline.door.slate import Stream, list_sound
from pipeline.door.tags import read_tags, save_cover
from pipeline.ear.loudness import measure
from pipeline.errors import BadMedia, OverLimit

RATE = 48_000  # Hz of `Track.sound`

PIXELS = 36_000_000  # of a frame, where a video brings the sound: it is not decoded, but its header may lie
BEYOND_S = 1.0  # that is read past the longest track, to know that it is longer
READABLE_SHARE = 0.5  # of what is declared, or of the packets: with less of it heard it is another song
BROKEN_OFF_S = 1.0  # that may be missing before it is said: headers round
#: as players do it: sound that starts late is late, gaps are silent
IN_TIME = "aresample=async=1:first_pts=0"
BLOCK_S = 10.0  # of sound that is held at a time
SILENT_BELOW_DB = -90.0  # dBTP: the dither of a silent file

#: 20 minutes decode in some seconds; 4 GB of WAV would be six hours
DECODE_LEASH = Leash(seconds=300, stall_s=30, cpu_s=300, memory=2 * 1024**3, file_bytes=1_000_000_000)

SHORTER = "Cut it down and send the part that the film is for."


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

    Raises BadMedia when it is no sound, OverLimit when it is too much or too little of one; nothing is left in
    `folder` then.
    """
    limits = limits or TrackLimits()
    with opened(path) as source:
        size = os.fstat(source.fileno()).st_size
        if size > limits.bytes:
            raise OverLimit(
                f"The file has {size / 1e6:.0f} MB; at most {limits.bytes / 1e6:.0f} MB are taken.",
                hint="Send it as MP3, M4A or FLAC, or a shorter one.",
            )
        demuxer = find_sound_demuxer(source)
        with bench(folder) as place:
            return _take(path, source, demuxer, place, folder, limits)


def _take(path: Path, source: BinaryIO, demuxer: str, place: Path, folder: Path, limits: TrackLimits) -> Track:
    """Read, decode and measure in `place`; move what was made into `folder` when all is well."""
    stream, declared = _list(source, demuxer, place, limits)
    rate, channels = _decode(source, demuxer, place, limits)
    sound = place / "sound.wav"
    duration = soundfile.info(sound).frames / RATE
    _refuse_length(duration, limits)
    notes = _damage(duration, declared, stream)
    loudness, peak = measure(blocks(sound), RATE)
    if peak < SILENT_BELOW_DB:
        notes = (*notes, "The track is silent.")
    tags = read_tags(source, demuxer, place=place)
    cover = save_cover(source, demuxer, place=place)
    return Track(
        name=safe_name(path.name),
        container=demuxer,
        codec=stream.codec,
        duration=duration,
        rate=rate,
        channels=channels,
        bit_rate=round(8 * sum(packet.size for packet in stream.packets) / duration),
        loudness=loudness,
        true_peak=peak,
        title=tags.title,
        artist=tags.artist,
        lyrics=tags.lyrics,
        cover=cover.replace(folder / "cover.jpg") if cover else None,
        path=path,
        sound=sound.replace(folder / "sound.wav"),
        notes=notes,
    )


def blocks(sound: Path, seconds: float = BLOCK_S, *, dtype: str = "float32") -> Iterator[NDArray[Any]]:
    """Yield the samples of a WAV of our own, (n, channels), so many seconds at a time."""
    with soundfile.SoundFile(sound) as wav:
        yield from wav.blocks(round(seconds * wav.samplerate), dtype=dtype, always_2d=True)


def _list(source: BinaryIO, demuxer: str, place: Path, limits: TrackLimits) -> tuple[Stream, float | None]:
    """Return the sound's packets and the length that the file declares; raises for what is no track."""
    most = limits.seconds + BEYOND_S
    try:
        stream, declared = list_sound(source, demuxer, place=place, pixels=PIXELS, seconds=most)
    except BadMedia as exc:
        raise _unreadable() from exc
    except OverLimit as exc:
        raise _too_hard() from exc
    if stream is None:
        raise BadMedia("There is no sound in the file, only a picture.", hint=EXPORT_SOUND)
    if not any(packet.size for packet in stream.packets):
        raise BadMedia("The track is empty: there is no sound in the file.", hint=EXPORT_SOUND)
    start, end = stream.span
    whole = sum(packet.length for packet in stream.packets if not packet.hidden) * stream.tick  # times may lie
    if (length := float(max(end - start, whole))) > limits.seconds + BEYOND_S / 2:
        _refuse_length(max(length, declared or 0.0), limits)
    return stream, declared


def _decode(source: BinaryIO, demuxer: str, place: Path, limits: TrackLimits) -> tuple[int, int]:
    """Write `sound.wav` in `place`; return the rate in Hz and the channels that come out of the decoder."""
    most = f"{limits.seconds + BEYOND_S:.3f}"
    arguments = [
        *take_in(source, demuxer, "-max_pixels", str(PIXELS)),
        *("-map", "0:a:0", "-t", most, "-af", IN_TIME, "-ac", "2", "-ar", str(RATE), "-c:a", "pcm_s16le"),
        *(*NOTHING_PERSONAL, "-f", "wav", "sound.wav"),
        *("-map", "0:a:0", "-t", "0.1", "-c:a", "pcm_s16le", *NOTHING_PERSONAL, "-f", "wav", "pipe:1"),
    ]
    try:
        done = run(arguments, place=place, leash=DECODE_LEASH, inputs=[source])
        own = soundfile.info(io.BytesIO(done.output))
    except (BadMedia, soundfile.LibsndfileError) as exc:
        raise _unreadable() from exc
    except OverLimit as exc:
        raise _too_hard() from exc
    return own.samplerate, own.channels


def _refuse_length(duration: float, limits: TrackLimits) -> None:
    if duration <= 0:
        raise BadMedia("The track is empty: there is no sound in the file.", hint=EXPORT_SOUND)
    if duration > limits.seconds:
        raise OverLimit(
            f"The track is {clock(duration)} long; at most {clock(limits.seconds)} are taken.", hint=SHORTER
        )
    if duration < limits.least_s:
        raise OverLimit(
            f"The track is only {duration:.1f} s long; at least {limits.least_s:.0f} s are needed.",
            hint="Send the whole song.",
        )


def _damage(duration: float, declared: float | None, stream: Stream) -> tuple[str, ...]:
    """Raise when less than half of the track can be heard; return what the client should know."""
    start, end = stream.span
    whole = max(declared or 0.0, float(end - start))
    if whole - duration < BROKEN_OFF_S:
        return ()
    said = f"The track is damaged: only {duration:.1f} s of its {whole:.1f} s can be heard."
    if duration < READABLE_SHARE * whole:
        raise BadMedia(said, hint="Send it again; the upload may have broken off.")
    return (said,)


def _unreadable() -> BadMedia:
    return BadMedia(
        "The file cannot be read as a track: it is damaged or of an unknown kind.",
        hint="Play it in a music player; if it plays, export it as MP3 or FLAC and send that.",
    )


def _too_hard() -> OverLimit:
    return OverLimit("Reading the track took more time or memory than is allowed.", hint=EXPORT_SOUND)
