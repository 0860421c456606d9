"""The locked picture and what a clip really is: limits first, then one decode that gives everything else its pictures.

`open_clip` reads what the file declares and refuses what is no clip or too much of one. `Footage.frames` decodes it
once: small frames for the eye of the machine, stills for captioners, and in the same pass the picture for the film
where its packets cannot be copied. Only the door (pipeline/door/ffmpeg.py) ever opens the client's bytes.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import unicodedata
import weakref
from collections.abc import Generator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal

import numpy as np
import soundfile
from numpy.typing import NDArray

from pipeline.door import ffmpeg, picture
from pipeline.door.containers import find_demuxer, opened
from pipeline.door.ffmpeg import NOTHING_PERSONAL, SHORTER, THREADS, Leash, bench, take_in
from pipeline.door.slate import Slate, Stream, read_packets, read_slate
from pipeline.door.targets import Aspect, Target, fits_encoded, limit_bytes
from pipeline.errors import BadMedia, DoesNotFit, OverLimit

__all__ = ["Aspect", "Clip", "Footage", "Frame", "Limits", "Still", "Target", "open_clip"]

SMALL_AREA = 256 * 144  # pixels of a small frame: PySceneDetect's own working size, and 110 kB a frame

STILL_SIDE = 1280  # pixels, the longer side: more than any captioner takes in
STILL_EVERY_S = 0.5  # a scene of half a second has one
STILLS_MOST = 240  # of them, about 40 MB
STILL_QUALITY = "3"  # of mjpeg's 2 to 31; about JPEG 90

SOUND_RATE = 48_000  # Hz, the film's own
SILENT_BELOW = 10 ** (-60 / 20)  # of full scale (-60 dBFS): under the noise of any microphone

VARIABLE_BEYOND_S = 0.0025  # Matroska's milliseconds alone move a frame by up to 1 ms either way
NAME_LENGTH = 80  # characters of a file name that are shown

STALL_S = 60.0  # without a frame; 8K takes a tenth of a second for one

#: every frame as it is and when it is, once: equal times are moved apart by a tick of the clip's own clock
TIMING = ("-fps_mode", "vfr", "-enc_time_base", "demux")
STATS = "{pts} {tb}"
STILL_NAMES, STILL_TIMES = "still-%04d.jpg", "stills.txt"

#: what decoders say when they make up what is missing
DAMAGE = r"error while decoding|concealing \d+|Error submitting packet|Invalid NAL unit|corrupt"

DECODED_SHARE = 0.5  # of the packets, at least, must come out as pictures


@dataclass(frozen=True)
class Limits:
    """How much clip is taken; beyond it OverLimit is raised before anything is decoded."""

    seconds: float = 1200.0
    pixels: int = 36_000_000  #: of a frame: 8K UHD is 33 million
    frames: int = 150_000  #: 20 minutes at 120 a second
    bytes: int = 2 * 1024**3  #: of the file
    wall_s: float = 1800.0  #: that the decode may keep us waiting
    memory: int = 4 * 1024**3  #: bytes of address space of the decoding child


@dataclass(frozen=True)
class Frame:
    """One decoded frame, upright, small: (height, width, 3) uint8, BGR, about 256 x 144 pixels in area."""

    index: int
    time: float  #: the frame's own timestamp, seconds from the first frame
    small: NDArray[np.uint8] = field(repr=False)


@dataclass(frozen=True)
class Still:
    """One frame as JPEG, upright, up to 1280 pixels on the longer side."""

    time: float
    jpeg: bytes = field(repr=False)


@dataclass(frozen=True)
class Clip:
    """What the client's clip really is, and where the locked picture lies."""

    name: str  #: the file's name, made safe to show
    container: str  #: ffmpeg's demuxer: "mov", "matroska", "gif", ...
    codec: str
    pixel_format: str
    width: int  #: as a player shows it: upright, square pixels
    height: int
    rotation: int  #: degrees clockwise by which players turn the coded picture: 0, 90, 180, 270
    mirrored: bool  #: whether they turn it over as well
    hdr: bool
    duration: float  #: seconds from the first frame to the end of the last
    frame_rate: float  #: mean, frames per second
    variable: bool  #: whether frames stand for different lengths of time
    frames: int
    frame_times: tuple[float, ...] = field(repr=False)  #: seconds from the first frame
    sound: Literal["none", "silent", "sound"]
    picture: Path  #: the locked picture: MP4, without sound and without anything of the client's but the picture
    copied: bool  #: whether the picture's packets are the client's own
    sound_path: Path | None  #: the clip's own sound, 48 kHz stereo WAV from the first frame on; None unless "sound"
    notes: tuple[str, ...] = ()  #: what the client should know, such as "The file breaks off"


def open_clip(
    path: Path,
    folder: Path,
    *,
    limits: Limits | None = None,
    target: Target = "none",
    most_bytes: int | None = None,
    aspect: Aspect = "keep",
) -> Footage:
    """Read what the file declares, without decoding it; the picture and the sound will lie in `folder`.

    `most_bytes` of the film to be stand in place of what the target is known to take. Raises BadMedia when it is no
    moving picture, OverLimit when it is too much; nothing is left in `folder` then.
    """
    limits = limits or Limits()
    with opened(path) as source:
        size = os.fstat(source.fileno()).st_size
        if size > limits.bytes:
            raise OverLimit(
                f"The file has {size / 1e6:.0f} MB; at most {limits.bytes / 1e6:.0f} MB are taken.", hint=SHORTER
            )
        demuxer = find_demuxer(source)
        with bench(folder) as place:
            slate = read_slate(source, demuxer, place=place, pixels=limits.pixels, frames=limits.frames)
    if slate.duration > limits.seconds:
        raise OverLimit(
            f"The clip is {clock(slate.duration)} long; at most {clock(limits.seconds)} are taken.",
            hint="Cut it down and send the part that needs music.",
        )
    if not picture.may_copy(slate, target, aspect, most_bytes=most_bytes):
        picture.plan_encode(slate, target, aspect, most_bytes=most_bytes)  # refuses now what could never fit
    return Footage(path, folder, slate, size=size, limits=limits, target=target, most_bytes=most_bytes, aspect=aspect)


def sum_up(path: Path) -> str:
    """Return a checksum of the file's bytes (SHA-256); raises BadMedia for what is no file."""
    with opened(path) as source:
        summed = hashlib.sha256()
        while chunk := source.read(1024**2):
            summed.update(chunk)
        return summed.hexdigest()


class Footage:
    """An opened clip. Go through `frames()` once; then `clip` and `stills` are there."""

    def __init__(
        self,
        path: Path,
        folder: Path,
        slate: Slate,
        *,
        size: int,
        limits: Limits,
        target: Target,
        most_bytes: int | None,
        aspect: Aspect,
    ) -> None:
        self._path = path
        self._folder = folder
        self._slate = slate
        self._limits = limits
        self._target: Target = target
        self._most_bytes = most_bytes
        self._aspect: Aspect = aspect
        self._bytes = size
        self._running: weakref.ref[Generator[Frame]] | None = None  # weak: the loop alone keeps the decode alive
        self._said = ""  # by ffmpeg, while it decoded
        self._clip: Clip | None = None
        self._stills: tuple[Still, ...] = ()

    @property
    def frame_count(self) -> int:
        """How many frames the file declares; a damaged one may hold fewer."""
        return len(self._slate.picture.shown)

    @property
    def duration(self) -> float:
        """Seconds that the file declares."""
        return self._slate.duration

    @property
    def clip(self) -> Clip:
        if self._clip is None:
            raise RuntimeError("the frames must be gone through first")
        return self._clip

    @property
    def stills(self) -> tuple[Still, ...]:
        """In order of time, two a second at most and 240 in all."""
        if self._clip is None:
            raise RuntimeError("the frames must be gone through first")
        return self._stills

    def frames(self) -> Generator[Frame]:
        """Decode the clip once, frame by frame, waiting for whoever takes them.

        Raises BadMedia or OverLimit when the pictures do not keep what the file declared. Stopping early kills the
        child and leaves nothing; take all frames in one thread.
        """
        running = self._decode()
        self._running = weakref.ref(running)
        return running

    def __enter__(self) -> Footage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running and (running := self._running()):
            running.close()

    def _decode(self) -> Generator[Frame]:
        with opened(self._path) as source, bench(self._folder) as place:
            if os.fstat(source.fileno()).st_size != self._bytes:
                raise BadMedia("The file was changed while it was being read.", hint="Try again.")
            locked = place / "picture.mp4"
            copied = self._may_copy() and picture.copy_picture(self._slate, source, locked)
            moments: list[float] = []
            for frame in self._pass(source, place, plan=None if copied else self._plan()):
                moments.append(frame.time)
                yield frame
            damage = _damage(moments, self._slate, self._said)
            if copied and not picture.shows(_film(locked, place), moments):
                copied = False
                picture.encode_picture(self._slate, self._plan(), source, locked, pixels=self._limits.pixels)
            if not copied:
                self._make_fit(source, locked)
            self._stills = _collect_stills(place)
            self._clip = self._describe(source, place, locked, moments, copied=copied, damage=damage)

    def _pass(self, source: BinaryIO, place: Path, *, plan: picture.Plan | None) -> Generator[Frame]:
        """Yield the small frames of one decode, which also leaves the stills and, with a plan, the picture."""
        width, height = _small_size(self._slate.shown_size)
        ours, theirs = os.pipe()
        arguments = self._arguments(source, (width, height), f"pipe:{theirs}", plan)
        wall, memory = self._limits.wall_s, self._limits.memory
        leash = Leash(seconds=wall, stall_s=min(wall, STALL_S), cpu_s=int(wall) * THREADS, memory=memory)
        with ffmpeg.start(arguments, place=place, leash=leash, inputs=[source], aside=(ours, theirs)) as child:
            first: Fraction | None = None
            index = 0
            while len(pixels := child.read(width * height * 3)) == width * height * 3:
                time = _moment(child.read_line())
                first = time if first is None else first
                if index >= self._limits.frames:
                    raise OverLimit(f"The clip has more than {self._limits.frames} pictures.", hint=SHORTER)
                small = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
                yield Frame(index, float(time - first), small)
                index += 1
            self._said = child.finish().chatter

    def _arguments(self, source: BinaryIO, small: tuple[int, int], stats: str, plan: picture.Plan | None) -> list[str]:
        slate = self._slate
        chosen = ["-map", f"0:V:{slate.index}"]
        tone = [picture.tone_map(slate)] if slate.hdr else []
        every = max(STILL_EVERY_S, slate.duration / STILLS_MOST)
        pick = f"select='isnan(prev_selected_t)+gte(t-prev_selected_t,{every:.6f})'"
        still = _lying(slate, _still_size(slate.shown_size))
        return [
            *slate.take_in(source, self._limits.pixels),
            *chosen,
            *("-vf", ",".join([*_scale_down(slate, small), *slate.upright, *tone]), *TIMING),
            *("-stats_enc_pre", stats, "-stats_enc_pre_fmt", STATS),
            *("-pix_fmt", "bgr24", "-c:v", "rawvideo", "-f", "rawvideo", "pipe:1"),
            *chosen,
            *("-vf", ",".join([pick, f"scale={still}:flags=area", *slate.upright, *tone]), *TIMING),
            *("-frames:v", str(STILLS_MOST)),
            *("-stats_enc_pre", STILL_TIMES, "-stats_enc_pre_fmt", STATS),
            *("-c:v", "mjpeg", "-q:v", STILL_QUALITY, "-pix_fmt", "yuvj420p", *NOTHING_PERSONAL),
            *("-f", "image2", STILL_NAMES),
            *([*chosen, *picture.encode(plan, "picture.mp4")] if plan else []),
        ]

    def _may_copy(self) -> bool:
        return picture.may_copy(self._slate, self._target, self._aspect, most_bytes=self._most_bytes)

    def _plan(self, thrift: float = 1.0) -> picture.Plan:
        return picture.plan_encode(self._slate, self._target, self._aspect, most_bytes=self._most_bytes, thrift=thrift)

    def _make_fit(self, source: BinaryIO, locked: Path) -> None:
        """Encode once more, thriftier, when the encoder has slipped over the target's bytes; raises DoesNotFit."""
        limit = limit_bytes(self._target, self._most_bytes)
        for thrift in (None, 0.75):
            if thrift:
                plan = self._plan(thrift)
                picture.encode_picture(self._slate, plan, source, locked, pixels=self._limits.pixels)
            if fits_encoded(limit, locked.stat().st_size, self._slate.duration):
                return
        raise DoesNotFit(
            "The picture cannot be made small enough for where it shall go.",
            hint="Send a shorter clip, or score it without a target.",
        )

    def _describe(
        self,
        source: BinaryIO,
        place: Path,
        locked: Path,
        moments: list[float],
        *,
        copied: bool,
        damage: tuple[str, ...],
    ) -> Clip:
        """Take the sound out, move what was made into the folder, and say what the clip is."""
        slate = self._slate
        start, end = _film(locked, place).span
        duration = float(end - start)
        sound, sound_notes = take_sound(slate, source, place, duration)
        kind: Literal["none", "silent", "sound"] = "sound" if sound else "silent" if slate.sound else "none"
        return Clip(
            name=safe_name(self._path.name),
            container=slate.demuxer,
            codec=slate.picture.codec,
            pixel_format=slate.pixel_format,
            width=slate.shown_size[0],
            height=slate.shown_size[1],
            rotation=slate.rotation,
            mirrored=slate.orientation is not None and slate.orientation.mirrored,
            hdr=slate.hdr,
            duration=duration,
            frame_rate=len(moments) / duration,
            variable=_is_variable(moments),
            frames=len(moments),
            frame_times=tuple(moments),
            sound=kind,
            picture=locked.replace(self._folder / "picture.mp4"),
            copied=copied,
            sound_path=sound.replace(self._folder / "sound.wav") if sound else None,
            notes=(*slate.notes, *damage, *sound_notes),
        )


def take_sound(slate: Slate, source: BinaryIO, place: Path, duration: float) -> tuple[Path | None, tuple[str, ...]]:
    """Write the clip's own sound, first frame to last, as 48 kHz stereo WAV; no path when there is none to hear."""
    if not slate.sound:
        return None, ()
    start = float(slate.picture.span[0])
    chain = f"asetpts=PTS-({start:.6f})/TB,aresample={SOUND_RATE}:async=1:first_pts=0,atrim=end={duration:.6f}"
    arguments = [*take_in(source, slate.demuxer), "-map", "0:a:0", "-af", chain, "-ac", "2", "-c:a", "pcm_s16le"]
    to = place / "sound.wav"
    try:
        ffmpeg.run([*arguments, *NOTHING_PERSONAL, "-f", "wav", to.name], place=place, leash=Leash(), inputs=[source])
    except BadMedia:
        return None, ("The clip's own sound could not be read; it is left out.",)
    return (to if _is_heard(to) else None), ()


def safe_name(name: str) -> str:
    """Return a file name that can be shown: control and direction marks escaped, the middle of a long one left out."""
    shown = "".join(
        char if unicodedata.category(char)[0] not in "C" else char.encode("unicode_escape", "replace").decode("ascii")
        for char in name
    )
    half = NAME_LENGTH // 2
    return shown if len(shown) <= NAME_LENGTH else f"{shown[: half - 1]}…{shown[-half:]}"


def _film(locked: Path, place: Path) -> Stream:
    with locked.open("rb") as made:
        return read_packets(made, "mov", place=place)[0]


def _moment(line: str) -> Fraction:
    """Read what ffmpeg wrote about a frame: ticks and the length of one in seconds."""
    ticks, tick = line.split()
    return int(ticks) * Fraction(tick)


def _damage(moments: list[float], slate: Slate, said: str) -> tuple[str, ...]:
    """Return what the client should know about the decoding; raises BadMedia when too little came out of it."""
    declared = len(slate.picture.shown)
    if len(moments) < max(2, DECODED_SHARE * declared):
        raise BadMedia(
            f"Only {len(moments)} of {declared} pictures in the clip can be decoded; it is damaged.",
            hint="Play it in a video player; if it plays, export it as MP4 (H.264) and send that.",
        )
    return ("Parts of the picture are damaged.",) if re.search(DAMAGE, said) else ()


def _collect_stills(place: Path) -> tuple[Still, ...]:
    moments = [_moment(line) for line in (place / STILL_TIMES).read_text("ascii").splitlines()]
    files = sorted(place.glob("still-*.jpg"))
    return tuple(
        Still(float(moment - moments[0]), file.read_bytes()) for moment, file in zip(moments, files, strict=False)
    )


def _is_heard(wav: Path) -> bool:
    """Whether any sample rises over the noise floor."""
    with soundfile.SoundFile(wav) as file:
        blocks = file.blocks(blocksize=SOUND_RATE * 10, dtype="float32")
        return any(block.size and float(np.abs(block).max()) > SILENT_BELOW for block in blocks)


def _is_variable(moments: list[float]) -> bool:
    steps = np.diff(moments)
    return bool(np.abs(steps - np.median(steps)).max() > VARIABLE_BEYOND_S)


def _small_size(shown: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, math.sqrt(SMALL_AREA / (shown[0] * shown[1])))
    width, height = (max(2, round(side * scale / 2) * 2) for side in shown)
    return width, height


def _still_size(shown: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, STILL_SIDE / max(shown))
    width, height = (max(1, round(side * scale)) for side in shown)
    return width, height


def _lying(slate: Slate, size: tuple[int, int]) -> str:
    """Return an upright size as it is before the picture is turned upright."""
    return f"{size[1]}:{size[0]}" if slate.on_its_side else f"{size[0]}:{size[1]}"


def _scale_down(slate: Slate, small: tuple[int, int]) -> list[str]:
    """Return the filters to a small frame: every pixel counts where that is cheap, else the fast scaler goes first.

    On 1080p the area average alone costs a fifth of the decode, in two steps an eighth.
    """
    steps = [f"scale={_lying(slate, small)}:flags=area"]
    if min(slate.shown_size) > 4 * min(small):
        steps.insert(0, f"scale={_lying(slate, (2 * small[0], 2 * small[1]))}:flags=fast_bilinear")
    return steps


def clock(seconds: float) -> str:
    """Write a length as people do: 3:05 min, or 1:00:00 h."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d} h" if hours else f"{minutes}:{rest:02d} min"
