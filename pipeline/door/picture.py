"""The locked picture: the client's own packets in an MP4 wherever that is allowed, else H.264 that plays everywhere.

Copied packets keep their bits, times, edit list, rotation and mirror; what goes is sound, tags, chapters, subtitles and
the odd start that some files have. An encoded picture stands upright in square pixels and 4:2:0, and keeps the times
of its frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from pathlib import Path
from typing import BinaryIO

from pipeline.door.ffmpeg import NOTHING_PERSONAL, THREADS, Leash, run, take_in
from pipeline.door.slate import NO_TIME, Slate, Stream, read_packets
from pipeline.door.targets import Aspect, Budget, Target, budget, fits, limit_bytes, shape
from pipeline.errors import BadMedia

#: containers whose packets have the times that MP4 needs; AVI, for one, does not say when a frame is shown
COPIED_FROM = frozenset({"mov", "matroska", "flv", "mpegts"})

#: what players of MP4 show: 4:2:0 throughout, ten bits only where the codec's usual profile has them
COPIED_AS_IS = {
    "h264": frozenset({"yuv420p", "yuvj420p"}),
    "hevc": frozenset({"yuv420p", "yuvj420p", "yuv420p10le"}),
    "av1": frozenset({"yuv420p", "yuv420p10le"}),
    "vp9": frozenset({"yuv420p", "yuv420p10le"}),
}
COPIED_TO_CHATS = frozenset({"h264"})  # Telegram and Discord play nothing else everywhere
COPIED_SIDE = 4096  # pixels, the longer side: where the H.264 decoders of phones end

SAME_TIME_S = 0.0011  # Matroska and FLV round times to a millisecond, and MP4 rounds them once more

LONGEST_SIDE = {"none": 3840, "telegram": 1920, "discord": 1920}  # pixels of an encoded picture: x264 stays in memory
CANVAS_SIDE = 1920  # pixels, the longer side of another shape
SAME_SHAPE = 0.01  # a picture within 1 % of the wanted shape is left as it is

#: https://trac.ffmpeg.org/wiki/Encode/H.264: 17-18 looks lossless; 20 is a chat's share of it
CRF = {"none": "18", "telegram": "20", "discord": "20"}
BITS_PER_PIXEL = 0.04  # x264 at veryfast shows blocks below it; the picture is scaled down to stay above
RATE_MOST = 1_000_000_000  # bits per second; ffmpeg counts the buffer of two seconds in 31 bits
SMALLEST_SIDE = 320  # pixels, the longer side after scaling down for bytes

#: PQ and HLG to what every screen shows, after https://trac.ffmpeg.org/wiki/colorspace; the input's colours are named,
#: since zscale refuses to guess
TONE_MAP = (
    "zscale=tin={transfer}:min=bt2020nc:pin=bt2020:rin=tv:t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,"
    "tonemap=tonemap=mobius:desat=0,zscale=t=bt709:m=bt709:r=tv,format=yuv420p"
)

ENCODE_LEASH_S_PER_S = 60  # x264 veryfast does 1080p at real time or better on one core; 4K60 at a tenth


@dataclass(frozen=True)
class Plan:
    """How the picture is to be made when its packets cannot be copied."""

    chain: str  #: the filters
    control: tuple[str, ...]  #: x264's rate control


def may_copy(slate: Slate, target: Target, aspect: Aspect, *, most_bytes: int | None = None) -> bool:
    """Whether the client's packets may go into the film as they are."""
    codec = slate.picture.codec
    return (
        slate.demuxer in COPIED_FROM
        and slate.pixel_format in COPIED_AS_IS.get(codec, ())
        and not any(packet.time == NO_TIME for packet in slate.picture.packets)
        and (target == "none" or (codec in COPIED_TO_CHATS and max(slate.shown_size) <= COPIED_SIDE))
        and fits(limit_bytes(target, most_bytes), sum(packet.size for packet in slate.picture.packets), slate.duration)
        and _has_shape(slate.shown_size, aspect)
    )


def copy_picture(slate: Slate, source: BinaryIO, to: Path) -> bool:
    """Write the packets into an MP4 that starts at zero; False when they do not fit in with all their times."""
    shift = min((packet.time for packet in slate.picture.shown), default=0)
    start = ["-bsf:v", f"setts=pts=PTS-({shift}):dts=DTS-({shift})"] if shift else []
    tag = ["-tag:v", "hvc1"] if slate.picture.codec == "hevc" else []  # Apple plays no other
    arguments = [*take_in(source, slate.demuxer), "-map", f"0:V:{slate.index}", "-c", "copy", *start, *tag]
    try:
        run([*arguments, *NOTHING_PERSONAL, "-f", "mp4", to.name], place=to.parent, leash=Leash(), inputs=[source])
        with to.open("rb") as made:
            copy = read_packets(made, "mov", place=to.parent)
    except BadMedia:
        return False
    return len(copy) == 1 and same_times(slate.picture, copy[0])


def same_times(one: Stream, other: Stream) -> bool:
    """Whether two streams show the same number of frames at the same times, counted from the first."""
    return _agree(times(one), times(other))


def shows(picture: Stream, moments: list[float]) -> bool:
    """Whether the stream shows a frame at each of these times, and no other."""
    return _agree(times(picture), moments)


def times(stream: Stream) -> list[float]:
    """Seconds from the first frame at which each is shown."""
    shown = stream.shown
    return [float((packet.time - shown[0].time) * stream.tick) for packet in shown]


def _agree(ones: list[float], others: list[float]) -> bool:
    return len(ones) == len(others) and all(
        abs(one - other) <= SAME_TIME_S for one, other in zip(ones, others, strict=True)
    )


def plan_encode(
    slate: Slate, target: Target, aspect: Aspect, *, most_bytes: int | None = None, thrift: float = 1.0
) -> Plan:
    """Decide size, shape and rate of an encoded picture; `thrift` under 1 lowers the rate for a second try.

    `most_bytes` of a film are allowed, where it is given, else what the target takes. Raises DoesNotFit.
    """
    allowed = budget(limit_bytes(target, most_bytes), slate.duration)
    picture = _shrunk(slate.shown_size, LONGEST_SIDE[target])
    tone = [tone_map(slate)] if slate.hdr else []
    upright = [*slate.upright, *tone]
    if _has_shape(slate.shown_size, aspect):
        size = _affordable(picture, slate, allowed, thrift)
        chain = [*upright, _to_size(slate.shown_size, size)]
    else:
        size = _affordable(_canvas(picture, aspect), slate, allowed, thrift)
        chain = [*upright, _on_blurred_self(slate.shown_size, size)]
    control = ["-crf", CRF[target]]
    if allowed:
        rate = min(int(allowed.picture * thrift), RATE_MOST)
        control += ["-maxrate", str(rate), "-bufsize", str(2 * rate)]
    if slate.orientation:
        chain.append("sidedata=mode=delete:type=DISPLAYMATRIX")  # or players would turn it a second time
    return Plan(",".join([*chain, "setsar=1", "format=yuv420p", "setpts=PTS-STARTPTS"]), tuple(control))


def tone_map(slate: Slate) -> str:
    """Return the filters from the clip's HDR to what every screen shows."""
    return TONE_MAP.format(transfer=slate.transfer)


def encode(plan: Plan, to: str) -> list[str]:
    """Return the output arguments that encode the picture in the same pass as everything else."""
    x264 = ["-c:v", "libx264", "-preset", "veryfast", "-threads", str(THREADS), *plan.control]
    colours = (
        ["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"] if "tonemap" in plan.chain else []
    )
    timing = ["-fps_mode", "vfr", "-enc_time_base", "demux"]
    return ["-vf", plan.chain, *timing, *x264, *colours, *NOTHING_PERSONAL, "-f", "mp4", to]


def encode_picture(slate: Slate, plan: Plan, source: BinaryIO, to: Path, *, pixels: int) -> None:
    """Encode in a pass of its own: when copied packets turned out not to be what a decoder shows."""
    arguments = [*slate.take_in(source, pixels), "-map", f"0:V:{slate.index}"]
    seconds = 120 + ENCODE_LEASH_S_PER_S * slate.duration
    leash = Leash(seconds=seconds, cpu_s=int(seconds) * THREADS)
    run([*arguments, *encode(plan, to.name)], place=to.parent, leash=leash, inputs=[source])


def _has_shape(size: tuple[int, int], aspect: Aspect) -> bool:
    wanted = shape(aspect)
    return wanted is None or abs(size[0] / size[1] / float(wanted) - 1) < SAME_SHAPE


def _shrunk(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """Fit a size into a longest side; sides come out even."""
    scale = min(1.0, longest / max(size))
    return _even(size[0] * scale), _even(size[1] * scale)


def _even(side: float) -> int:
    return max(2, int(side + 0.5) // 2 * 2)


def affordable_size(size: tuple[int, int], frame_rate: float, allowed: Budget | None, thrift: float) -> tuple[int, int]:
    """Scale a size down until the allowed rate gives each pixel enough bits; sides come out even."""
    if not allowed:
        return size
    enough = sqrt(allowed.picture * thrift / (BITS_PER_PIXEL * size[0] * size[1] * min(frame_rate, 60)))
    return _shrunk(size, max(SMALLEST_SIDE, int(max(size) * min(1.0, enough))))


def _affordable(size: tuple[int, int], slate: Slate, allowed: Budget | None, thrift: float) -> tuple[int, int]:
    rate = max(1, len(slate.picture.shown)) / max(slate.duration, 0.1)  # a damaged file may promise no frame at all
    return affordable_size(size, rate, allowed, thrift)


def _to_size(shown: tuple[int, int], size: tuple[int, int]) -> str:
    """Return the filter from the decoded picture to `size`: a crop of the odd line where that is all it takes."""
    if all(0 <= have - want <= 1 for have, want in zip(shown, size, strict=True)):
        return f"scale={shown[0]}:{shown[1]},crop={size[0]}:{size[1]}:0:0"
    return f"scale={size[0]}:{size[1]}:flags=lanczos"


def _canvas(picture: tuple[int, int], aspect: Aspect) -> tuple[int, int]:
    """Return the smallest size of the wanted shape that holds the picture, within the longest side."""
    wanted = float(shape(aspect) or Fraction(1))
    width = max(picture[0], picture[1] * wanted)
    return _shrunk((round(width), round(width / wanted)), CANVAS_SIDE)


def _on_blurred_self(shown: tuple[int, int], canvas: tuple[int, int]) -> str:
    """Return the filters that fit the picture on a canvas over a blurred, darkened copy of itself."""
    scale = min(canvas[0] / shown[0], canvas[1] / shown[1])
    front = f"scale={_even(shown[0] * scale)}:{_even(shown[1] * scale)}:flags=lanczos,setsar=1"
    small = f"{_even(canvas[0] / 8)}:{_even(canvas[1] / 8)}"  # blur is cheap where there are few pixels
    cover = f"scale={small}:force_original_aspect_ratio=increase:flags=fast_bilinear,crop={small}"
    dark = "format=yuv420p,gblur=sigma=5,lutyuv=y='16+(val-16)*0.5'"
    back = f"{cover},{dark},scale={canvas[0]}:{canvas[1]}:flags=bilinear,setsar=1"
    return f"split[front][back];[back]{back}[under];[front]{front}[over];[under][over]overlay=(W-w)/2:(H-h)/2"
