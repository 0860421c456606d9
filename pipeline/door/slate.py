"""What a clip declares about itself, read packet by packet without decoding: the facts that limits are held against.

The child lists every packet (ffmpeg's framecrc with the streams copied): exact times and sizes at the speed of the
disk. Strings of the client's cannot get among the facts: the list goes to stdout, and the line on stderr that names
the pixel format describes an output from which all metadata was removed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from pipeline.door.containers import EXPORT
from pipeline.door.ffmpeg import NOTHING_PERSONAL, SHORTER, Leash, run, take_in
from pipeline.door.orientation import Orientation, read_orientation
from pipeline.errors import BadMedia, OverLimit

#: a line is about 50 bytes: 150,000 frames and 20 minutes of the shortest Opus packets stay within 32 MB
LISTING_LEASH = Leash(seconds=60, stall_s=20, cpu_s=60, output_bytes=32 * 1024**2)

NO_TIME = -(2**63)  # how ffmpeg writes that a packet has no time
DISCARD = 0x4  # AV_PKT_FLAG_DISCARD: decoded but not shown, outside of the edit list

#: of what the header declares, the share that must be there: below half it is another film
READABLE_SHARE = 0.5

HDR_TRANSFERS = ("smpte2084", "arib-std-b67")  # PQ and HLG


class Motionless(BadMedia):
    """What was taken for a clip holds a single picture."""


class Packet(NamedTuple):
    time: int  #: when it is shown, in ticks of the stream's time base; NO_TIME where it does not say
    length: int  #: ticks
    size: int  #: bytes
    hidden: bool  #: cut away by the edit list
    checksum: str


@dataclass(frozen=True)
class Stream:
    kind: Literal["video", "audio"]
    codec: str
    tick: Fraction  #: seconds per tick
    width: int
    height: int
    shape: Fraction  #: of a pixel, width to height
    packets: tuple[Packet, ...]

    @property
    def shown(self) -> list[Packet]:
        """The packets that a player shows, in order of time."""
        return sorted(packet for packet in self.packets if not packet.hidden and packet.size and packet.time != NO_TIME)

    @property
    def span(self) -> tuple[Fraction, Fraction]:
        """Seconds from the file's zero at which its first packet begins and its last one ends."""
        shown = self.shown
        if not shown:
            return Fraction(0), Fraction(0)
        return shown[0].time * self.tick, max(packet.time + packet.length for packet in shown) * self.tick


@dataclass(frozen=True)
class Slate:
    """A clip's declared facts; sizes are those of the coded picture, before any rotation."""

    demuxer: str
    picture: Stream
    index: int  #: which of the file's pictures it is, counted without cover art
    pixel_format: str  #: "none" where the header does not tell
    transfer: str  #: "smpte2084", "bt709", ... or "" where untold
    rotation: int  #: degrees clockwise by which a player turns it: 0, 90, 180, 270
    sound: bool  #: whether there is a sound stream
    orientation: Orientation | None = None  #: None: ffmpeg itself turns the picture upright where it must be
    notes: tuple[str, ...] = ()

    def take_in(self, source: BinaryIO, pixels: int) -> list[str]:
        """Name the clip as an input to be decoded; its pictures then need the filters `upright`."""
        own = ["-noautorotate"] if self.orientation else []
        return take_in(source, self.demuxer, "-max_pixels", str(pixels), *own)

    @property
    def upright(self) -> tuple[str, ...]:
        return self.orientation.filters if self.orientation else ()

    @property
    def on_its_side(self) -> bool:
        """Whether the decoded picture lies on its side before the filters `upright`."""
        return self.orientation is not None and self.orientation.on_its_side

    @property
    def hdr(self) -> bool:
        return self.transfer in HDR_TRANSFERS

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height as a player shows it: square pixels, turned upright."""
        shape = self.picture.shape
        width, height = max(1, round(self.picture.width * shape)), self.picture.height
        return (height, width) if self.rotation in (90, 270) else (width, height)

    @property
    def duration(self) -> float:
        start, end = self.picture.span
        return float(end - start)


def read_packets(source: BinaryIO, demuxer: str, *, place: Path) -> list[Stream]:
    """List the packets of every picture and sound in a film of our own making; raises BadMedia, OverLimit."""
    return _list(source, take_in(source, demuxer), ["-map", "0:v?", "-map", "0:a?"], place)[0]


def list_sound(
    source: BinaryIO, demuxer: str, *, place: Path, pixels: int, seconds: float
) -> tuple[Stream | None, float | None]:
    """List the packets of the first sound of a file, `seconds` of it at most; None where there is only a picture.

    Also returns how long the header says that the sound is, in seconds; None where it does not say, or speaks of a
    picture as well. Raises BadMedia, OverLimit.
    """
    door = take_in(source, demuxer, "-max_pixels", str(pixels))
    streams, chatter = _list(source, door, ["-map", "0:a:0?", "-map", "0:V:0?", "-t", f"{seconds:.3f}"], place)
    sound = next((stream for stream in streams if stream.kind == "audio"), None)
    unsure = len(streams) > 1 or "Estimating duration from bitrate" in chatter
    return sound, None if unsure else _declared(chatter)


def read_slate(source: BinaryIO, demuxer: str, *, place: Path, pixels: int, frames: int) -> Slate:
    """Read what a clip declares; raises BadMedia when there is no moving picture in it, OverLimit beyond the limits."""
    door = take_in(source, demuxer, "-max_pixels", str(pixels))
    try:
        streams, chatter = _list(source, door, ["-map", "0:V?", "-map", "0:a:0?"], place)
    except BadMedia as exc:
        raise _nothing_opened(exc) from exc
    pictures = [stream for stream in streams if stream.kind == "video"]
    if not pictures:
        raise _no_picture(chatter, sound=bool(streams))
    index = next((i for i, picture in enumerate(pictures) if len(picture.packets) > 1), 0)
    _refuse_size(pictures[index], chatter, pixels)
    if len(pictures[index].packets) > frames:
        raise OverLimit(f"The clip has more than {frames} pictures.", hint=SHORTER)
    pixel_format, transfer, turned = _described(chatter, index)
    slate = Slate(
        demuxer=demuxer,
        picture=pictures[index],
        index=index,
        pixel_format=pixel_format,
        transfer=transfer,
        rotation=round(-(turned or 0.0) / 90) * 90 % 360,
        sound=len(streams) > len(pictures),
    )
    slate = replace(slate, notes=_refuse_broken(slate, chatter))
    if turned is None or demuxer != "mov":
        return slate
    return replace(slate, orientation=read_orientation(source, index, place=place))


def _list(source: BinaryIO, door: list[str], wanted: list[str], place: Path) -> tuple[list[Stream], str]:
    arguments = [*door, *wanted, "-c", "copy", *NOTHING_PERSONAL, "-f", "framecrc", "pipe:1"]
    done = run(arguments, place=place, leash=LISTING_LEASH, inputs=[source])
    return _parse(done.output.decode("ascii", "replace")), done.chatter


def _parse(listing: str) -> list[Stream]:
    """Read ffmpeg's framecrc: `#name stream: value` lines, then `stream, dts, pts, length, size, checksum, flags`."""
    facts: dict[int, dict[str, str]] = {}
    packets: dict[int, list[Packet]] = {}
    for line in listing.splitlines():
        if fact := re.match(r"#(\w+) (\d+): (.*)", line):
            facts.setdefault(int(fact[2]), {})[fact[1]] = fact[3].strip()
        elif line[:1].isdigit():
            stream, _, pts, length, size, checksum, *rest = (part.strip() for part in line.split(","))
            flags = next((int(part[2:], 16) for part in rest if part.startswith("F=0x")), 0)
            packet = Packet(int(pts), int(length), int(size), bool(flags & DISCARD), checksum)
            packets.setdefault(int(stream), []).append(packet)
    return [_stream(fact, packets.get(number, [])) for number, fact in sorted(facts.items())]


def _stream(facts: dict[str, str], packets: list[Packet]) -> Stream:
    width, height = (int(side) for side in facts.get("dimensions", "0x0").split("x"))
    shape_w, shape_h = (int(part) for part in facts.get("sar", "1/1").split("/"))
    return Stream(
        kind="video" if facts.get("media_type") == "video" else "audio",
        codec=facts.get("codec_id", "unknown"),
        tick=Fraction(facts.get("tb", "1/1")),
        width=width,
        height=height,
        shape=Fraction(shape_w, shape_h) if shape_w > 0 and shape_h > 0 else Fraction(1),
        packets=tuple(packets),
    )


def _described(chatter: str, index: int) -> tuple[str, str, float | None]:
    """Return pixel format, transfer and display matrix (degrees counterclockwise), as ffmpeg describes its copy."""
    output = chatter.rpartition("\nOutput #0")[2]
    about = re.search(rf"Stream #0:{index}\b.*(?:\n(?!  Stream).*)*", output)
    text = about[0] if about else ""
    pixels = re.search(r": Video: [^,]*, (\w+)(?:\(([^)]*)\))?", text)
    turned = re.search(r"Display Matrix: rotation of (-?[\d.]+) degrees", text)
    colours = (pixels[2] or "") if pixels else ""
    transfer = next((name for name in HDR_TRANSFERS if name in colours), "bt709" if "bt709" in colours else "")
    return (pixels[1] if pixels else "none"), transfer, (float(turned[1]) if turned else None)


def _refuse_size(picture: Stream, chatter: str, pixels: int) -> None:
    """Raise when the picture declares more pixels than is allowed, or none at all."""
    width, height = picture.width, picture.height
    if not width and (refused := re.search(r"Picture size (\d+)x(\d+) is invalid", chatter)):
        width, height = int(refused[1]), int(refused[2])
    if width * height > pixels:
        raise OverLimit(
            f"The picture is {width} x {height}; at most {pixels / 1e6:.0f} million pixels are taken.",
            hint="Scale it down to 4K or less and send it again.",
        )
    if not picture.width or not picture.height:
        raise BadMedia("The clip does not say how large its picture is; it is damaged.", hint=EXPORT)


def _refuse_broken(slate: Slate, chatter: str) -> tuple[str, ...]:
    """Raise when less than half of what the header declares is there; return what the client should know."""
    if len(slate.picture.packets) < 2:
        raise Motionless("The file holds a single picture and does not move.", hint=EXPORT)
    whole = _declared(chatter)
    if "partial file" not in chatter or not whole:
        return ()
    there = f"only {slate.duration:.1f} s of its {whole:.1f} s are there"
    if slate.duration < READABLE_SHARE * whole:
        raise BadMedia(f"The file breaks off: {there}.", hint="Send it again; the upload may have broken off.")
    return (f"The file breaks off: {there}.",)


def _declared(chatter: str) -> float | None:
    """Return the seconds that the header of the input declares; tags are indented further and cannot lie about it."""
    found = re.search(r"^  Duration: (\d+):(\d+):([\d.]+)", chatter, re.MULTILINE)
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else None


def _nothing_opened(reason: BadMedia) -> BadMedia:
    return BadMedia(
        "The file is damaged or was never finished: its index cannot be read.",
        hint=reason.hint,
    )


def _no_picture(chatter: str, *, sound: bool) -> BadMedia:
    if "(attached pic)" in chatter:
        return BadMedia("There is only a cover picture in the file, no video.", hint=EXPORT)
    return BadMedia(f"There is {'only sound' if sound else 'no picture'} in the file, no video.", hint=EXPORT)
