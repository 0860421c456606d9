"""The film that goes out: the locked picture, copied packet by packet, married to the music.

And what is measured on a finished film: its packets, its lengths, its sound. These read files of our own making, but
through the same door as everything else.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.clip import Clip
from pipeline.door.containers import opened
from pipeline.door.ffmpeg import Leash, bench, run, start, take_in
from pipeline.door.slate import Stream, read_packets, read_slate
from pipeline.door.targets import MUSIC_BITRATES, music_bitrate, track_bitrates
from pipeline.errors import BadMedia, DoesNotFit, OverLimit, Refused
from pipeline.track import IN_TIME, Track, blocks

RATE = 48_000  # Hz; video's own rate, and what the mix is made in

#: by suffix: ffmpeg's muxer, the demuxer that reads it again, and the codec of the music; AAC in Matroska would end up
#: to 21 ms late, for want of a place to write where its last block ends
CONTAINERS = {
    ".mp4": ("mp4", "mov", "aac"),
    ".mov": ("mov", "mov", "aac"),
    ".mkv": ("matroska", "matroska", "libopus"),
    ".webm": ("webm", "matroska", "libopus"),
}
#: ffmpeg's own AAC coder overshoots loud hits by up to 3.7 dB and then clips; its quick one stays within 0.4 dB at
#: 192 kbit/s, is 5 dB nearer to the original, and takes half the time
CODERS = {"aac": ("-aac_coder", "fast")}
#: what a container may hold; the others take every picture that can be locked
PICTURES = {"webm": frozenset({"vp9", "av1"}), "mov": frozenset({"h264", "hevc"})}

#: a track's packets that go into a film as they are, by muxer. MP4 may hold FLAC, ALAC and Opus too, but then a phone
#: or a TV may show a silent film. AAC and MP3 play wherever MP4 does; the others have .mkv, .mov and .webm
COPIED_SOUND = {
    "mp4": frozenset({"aac", "mp3"}),
    "mov": frozenset({"aac", "mp3", "alac", "pcm_s16le", "pcm_s24le"}),
    "matroska": frozenset({"aac", "mp3", "flac", "opus", "vorbis", "pcm_s16le", "pcm_s24le"}),
    "webm": frozenset({"opus", "vorbis"}),
}
NOTE_LENGTH = 500  # characters


class Lengths(NamedTuple):
    """Where picture and sound of a film begin and end, in seconds, by their packets."""

    picture_start: float
    picture_end: float
    sound_start: float  #: NaN without sound
    sound_end: float


def marry(clip: Clip, music: Path, to: Path, *, most_bytes: int | None = None, comment: str) -> Path:
    """Write the film: the clip's picture as it is, the WAV `music` cut or padded to its length, and a note.

    The suffix of `to` decides the container: .mp4, .mkv, .mov (H.264, HEVC) or .webm (VP9, AV1). `comment` goes into
    the file's metadata. Raises Refused for what does not go together, DoesNotFit when the film is larger than
    `most_bytes`; nothing is left at `to` then.
    """
    muxer, _, codec = container(to.suffix, clip)
    rate = music_bitrate(most_bytes, clip.picture.stat().st_size, clip.duration)
    with bench(to.parent) as place, clip.picture.open("rb") as picture, music.open("rb") as sound:
        (place / "note.txt").write_text(f";FFMETADATA1\ncomment={_escaped(comment)}\n", encoding="utf-8")
        arguments = [
            *take_in(picture, "mov"),
            *take_in(sound, "wav"),
            *("-f", "ffmetadata", "-protocol_whitelist", "file", "-i", "note.txt"),
            *("-map", "0:v:0", "-map", "1:a:0", "-map_metadata", "2", "-map_chapters", "-1"),
            *("-c:v", "copy", *_tag(clip, muxer)),
            *("-af", f"apad=whole_dur={clip.duration:.6f},atrim=end={clip.duration:.6f}"),
            *("-c:a", codec, *CODERS.get(codec, ()), "-b:a", str(rate), "-ar", str(RATE), "-ac", "2"),
            *("-fflags", "+bitexact", "-flags", "+bitexact", "-movflags", "+faststart", "-f", muxer, "film"),
        ]
        run(arguments, place=place, leash=Leash(seconds=600), inputs=[picture, sound])
        film = place / "film"
        if most_bytes is not None and film.stat().st_size > most_bytes:
            raise DoesNotFit("The film is too large for where it shall go.", hint="Send a shorter clip.")
        os.replace(film, to)
    return to


def marry_track(picture: Path, track: Track, to: Path, *, most_bytes: int | None = None, comment: str) -> bool:
    """Write the film: a picture of our own making (MP4), the whole track, and a note; return whether it was copied.

    The track's packets are copied where players of the container play them, the film stays within `most_bytes`, and
    what is decoded from it is the track sample for sample; else its sound is encoded, at the highest rate that fits.
    Raises Refused for what does not go together, DoesNotFit; nothing is left at `to` then.
    """
    muxer, demuxer, codec = container(to.suffix)
    with bench(to.parent) as place, picture.open("rb") as ours:
        _refuse_picture(ours, muxer, to.suffix, place)
        (place / "note.txt").write_text(f";FFMETADATA1\ncomment={_escaped(comment)}\n", encoding="utf-8")
        film, size = place / "film", picture.stat().st_size
        least = size + track.bit_rate / 8 * track.duration
        copied = (
            track.codec in COPIED_SOUND[muxer]
            and (most_bytes is None or least <= most_bytes)
            and _copy_track(ours, track, film, muxer)
            and (most_bytes is None or film.stat().st_size <= most_bytes)
            and _sounds_like(film, demuxer, track.sound)
        )
        if not copied:
            for rate in track_bitrates(most_bytes, size, track.duration):
                coded = ["-c:a", codec, *CODERS.get(codec, ()), "-b:a", str(rate), "-ar", str(RATE), "-ac", "2"]
                with track.sound.open("rb") as sound:
                    _write_film(ours, sound, "wav", film, muxer, coded)
                if most_bytes is None or film.stat().st_size <= most_bytes:
                    break  # else its tables were larger than was thought
        if most_bytes is not None and film.stat().st_size > most_bytes:
            raise DoesNotFit("The film is too large for where it shall go.", hint="Send a shorter track.")
        os.replace(film, to)
    return copied


def _copy_track(picture: BinaryIO, track: Track, film: Path, muxer: str) -> bool:
    """Write the film with the client's own packets; False where ffmpeg cannot."""
    with opened(track.path) as source:
        try:
            _write_film(picture, source, track.container, film, muxer, ["-c:a", "copy"])
        except (BadMedia, OverLimit):
            return False
    return True


def _write_film(picture: BinaryIO, sound: BinaryIO, demuxer: str, film: Path, muxer: str, coded: list[str]) -> None:
    arguments = [
        *take_in(picture, "mov"),
        *take_in(sound, demuxer),
        *("-f", "ffmetadata", "-protocol_whitelist", "file", "-i", "note.txt"),
        *("-map", "0:v:0", "-map", "1:a:0", "-map_metadata", "2", "-map_metadata:s:v", "-1", "-map_metadata:s:a", "-1"),
        *("-map_chapters", "-1", "-c:v", "copy", *coded),
        *("-fflags", "+bitexact", "-flags", "+bitexact", "-movflags", "+faststart", "-f", muxer, film.name),
    ]
    run(arguments, place=film.parent, leash=Leash(seconds=600, stall_s=60), inputs=[picture, sound])


def _sounds_like(film: Path, demuxer: str, sound: Path) -> bool:
    """Whether a player hears in the film what was decoded from the track, sample for sample and at the same time."""
    with film.open("rb") as made:
        arguments = [*take_in(made, demuxer), "-map", "0:a:0", "-af", IN_TIME, "-ac", "2", "-ar", str(RATE)]
        raw = [*arguments, "-c:a", "pcm_s16le", "-f", "s16le", "pipe:1"]
        with start(raw, place=film.parent, leash=Leash(seconds=300, stall_s=30), inputs=[made]) as child:
            whole = all(child.read(block.nbytes) == block.tobytes() for block in blocks(sound, dtype="int16"))
            return whole and not child.read(1)


def _refuse_picture(picture: BinaryIO, muxer: str, suffix: str, place: Path) -> None:
    codecs = {stream.codec for stream in read_packets(picture, "mov", place=place) if stream.kind == "video"}
    if not codecs:
        raise BadMedia("There is no picture in the film.")
    if not codecs <= PICTURES.get(muxer, codecs):
        raise Refused(f"A {suffix} file cannot hold this picture as it is.", hint="Write the film as .mp4 or .mkv.")


def encode_song(music: Path, to: Path, *, comment: str) -> Path:
    """Write the WAV `music` as M4A (AAC), for players; the file appears whole or not at all."""
    with bench(to.parent) as place, music.open("rb") as sound:
        (place / "note.txt").write_text(f";FFMETADATA1\ncomment={_escaped(comment)}\n", encoding="utf-8")
        arguments = [
            *take_in(sound, "wav"),
            *("-f", "ffmetadata", "-protocol_whitelist", "file", "-i", "note.txt"),
            *("-map", "0:a:0", "-map_metadata", "1", "-c:a", "aac", *CODERS["aac"], "-b:a", str(MUSIC_BITRATES[0])),
            *("-fflags", "+bitexact", "-flags", "+bitexact", "-movflags", "+faststart", "-f", "ipod", "song"),
        ]
        run(arguments, place=place, leash=Leash(seconds=600), inputs=[sound])
        os.replace(place / "song", to)
    return to


def picture_size(path: Path) -> tuple[int, int]:
    """Return width and height of a film as players show it: upright, in square pixels."""
    with bench(path.parent) as place, path.open("rb") as film:
        slate = read_slate(film, container(path.suffix)[1], place=place, pixels=2**31 - 1, frames=10**9)
    return slate.shown_size


def packet_hashes(path: Path) -> list[str]:
    """Return a checksum for each packet of the picture, in the order of the file: equal lists, equal pictures."""
    return [f"{packet.size}:{packet.checksum}" for packet in _picture(_streams(path)).packets]


def picture_length(path: Path) -> Lengths:
    """Return where the film's picture and sound begin and end; raises BadMedia when it has no picture."""
    return lengths_of(_streams(path))


def lengths_of(streams: Sequence[Stream]) -> Lengths:
    """Return the same of streams that were read before; raises BadMedia without a picture."""
    picture, sound = _picture(streams), next((stream for stream in streams if stream.kind == "audio"), None)
    picture_start, picture_end = picture.span
    sound_start, sound_end = sound.span if sound else (float("nan"), float("nan"))
    return Lengths(float(picture_start), float(picture_end), float(sound_start), float(sound_end))


def decode_sound(path: Path) -> tuple[NDArray[np.float32], int]:
    """Return the film's sound as (samples, 2) at 48 kHz, from the picture's first frame on; raises BadMedia if none."""
    with bench(path.parent) as place, path.open("rb") as film:
        arguments = [*take_in(film, container(path.suffix)[1]), "-map", "0:a:0", "-ac", "2", "-ar", str(RATE)]
        raw = [*arguments, "-af", IN_TIME, "-c:a", "pcm_f32le", "-f", "f32le", "pipe:1"]
        leash = Leash(seconds=300, output_bytes=1024**3)  # 46 minutes of stereo floats
        done = run(raw, place=place, leash=leash, inputs=[film])
    return np.frombuffer(done.output, np.float32).reshape(-1, 2), RATE


def _streams(path: Path) -> list[Stream]:
    with bench(path.parent) as place, path.open("rb") as film:
        return read_packets(film, container(path.suffix)[1], place=place)


def _picture(streams: Sequence[Stream]) -> Stream:
    found = next((stream for stream in streams if stream.kind == "video"), None)
    if found is None:
        raise BadMedia("There is no picture in the film.")
    return found


def container(suffix: str, clip: Clip | None = None) -> tuple[str, str, str]:
    """Return muxer, demuxer and the music's codec for a film's suffix; raises Refused where a picture does not fit."""
    known = CONTAINERS.get(suffix.lower())
    if known is None:
        raise Refused(
            f"A film cannot be written as {suffix or 'a file without a suffix'}.",
            hint=f"Known: {', '.join(CONTAINERS)}.",
        )
    codec = clip.codec if clip and clip.copied else "h264"
    if clip and codec not in PICTURES.get(known[0], {codec}):
        raise Refused(f"A {suffix} file cannot hold this picture as it is.", hint="Write the film as .mp4 or .mkv.")
    return known


def _tag(clip: Clip, muxer: str) -> list[str]:
    """Keep HEVC under the name that Apple's players know."""
    return ["-tag:v", "hvc1"] if clip.copied and clip.codec == "hevc" and muxer in ("mp4", "mov") else []


def _escaped(note: str) -> str:
    """Return a note as ffmpeg's metadata files want it: one line, special characters behind a backslash."""
    line = " ".join(note.split())[:NOTE_LENGTH]
    return "".join(f"\\{char}" if char in "=;#\\" else char for char in line)
