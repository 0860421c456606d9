"""What was measured on a finished music video, and how its cuts lie against the beats that were heard."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter

from pipeline.door.ffmpeg import bench
from pipeline.door.slate import Stream, read_packets
from pipeline.film import container, lengths_of
from pipeline.screen.takes import frame_of
from pipeline.storyboard import Storyboard
from pipeline.track import Track

WINDOW_S = 0.070  # of the certificate of a score; perception joins eye and ear within it


@dataclass(frozen=True)
class CutCertificate:
    """Times in milliseconds where the name says so; shares of 0-1."""

    film_s: float  #: the picture, by its packets
    track_s: float
    length_error_ms: float  #: picture against track
    sound_copied: bool  #: whether the track's own packets are in the film
    codec: str  #: of the track
    loudness: float  #: LUFS of the track
    true_peak: float  #: dBTP
    tempo: float | None
    key: str | None
    cuts: int
    on_beat: float | None  #: share of the cuts within 70 ms of a beat, as frames show them; None without beats or cuts
    chance: float | None  #: the share that cuts at random would reach
    lines: int  #: of lyrics
    shots: int
    pictures: int
    illustrator: str  #: those that drew, joined by commas
    licence: str
    usd: float  #: what it has cost

    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)

    def to_json(self) -> str:
        return _CERTIFICATE.dump_json(self, indent=1).decode()


def certify(
    film: Path, board: Storyboard, track: Track, *, engines: Sequence[tuple[str, str]], usd: float
) -> CutCertificate:
    """Measure a finished film; `engines` are names and licences of whoever drew and filmed its pictures."""
    streams = _streams(film, container(film.suffix)[1])
    lengths = lengths_of(streams)
    film_s = lengths.picture_end - lengths.picture_start
    rate = board.treatment.frame_rate
    cuts = [frame_of(shot.start, rate) / rate for shot in board.shots[1:]]  # what the eye sees: whole frames
    on_beat, chance = _on_beat(cuts, board.chart.beats, board.chart.duration)
    return CutCertificate(
        film_s=film_s,
        track_s=track.duration,
        length_error_ms=(film_s - track.duration) * 1000,
        sound_copied=_sound(streams) == _sound(_streams(track.path, track.container)),
        codec=track.codec,
        loudness=track.loudness,
        true_peak=track.true_peak,
        tempo=board.chart.tempo,
        key=board.chart.key,
        cuts=len(cuts),
        on_beat=on_beat,
        chance=chance,
        lines=len(board.lines),
        shots=len(board.shots),
        pictures=len(board.pictures),
        illustrator=", ".join(dict.fromkeys(name for name, _ in engines)),
        licence="; ".join(dict.fromkeys(licence for _, licence in engines)),
        usd=usd,
    )


def _streams(path: Path, demuxer: str) -> list[Stream]:
    with bench(path.parent) as place, path.open("rb") as source:
        return read_packets(source, demuxer, place=place)


def _sound(streams: Sequence[Stream]) -> list[str]:
    """Return the checksums of a file's first sound, packet by packet."""
    sounds = [stream for stream in streams if stream.kind == "audio"]
    return [packet.checksum for packet in sounds[0].packets] if sounds else []


def _on_beat(
    cuts: list[float], beats: tuple[float, ...], duration: float, window: float = WINDOW_S
) -> tuple[float | None, float | None]:
    """Return the share of cuts near a beat, and the share of all moments that are near one."""
    if not cuts or not beats:
        return None, None
    near = sum(_nearest(cut, beats) <= window for cut in cuts) / len(cuts)
    covered, until = 0.0, -math.inf
    for beat in beats:
        covered += beat + window - max(beat - window, until)
        until = beat + window
    return near, min(1.0, covered / duration)


def _nearest(time: float, beats: tuple[float, ...]) -> float:
    """Return the distance to the nearest beat in seconds."""
    at = bisect(beats, time)
    return min(abs(time - beat) for beat in beats[max(0, at - 1) : at + 1])


_CERTIFICATE: TypeAdapter[CutCertificate] = TypeAdapter(CutCertificate)
