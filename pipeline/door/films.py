"""Moving pictures of strangers and vendors: decoded by the sandboxed child, and written anew as a plain MP4 of ours.

Or taken as they are, where a player shows the same packets again and again without any seam.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from pipeline.door.containers import find_demuxer, opened
from pipeline.door.ffmpeg import THREADS, Leash, bench, run
from pipeline.door.picture import (
    COPIED_FROM,
    COPIED_TO_CHATS,
    ENCODE_LEASH_S_PER_S,
    Plan,
    copy_picture,
    encode,
    tone_map,
)
from pipeline.door.slate import NO_TIME, Motionless, Slate, read_packets, read_slate
from pipeline.errors import BadMedia, OverLimit

FILM_PIXELS = 36_000_000  # of a frame: 8K
FILM_FRAMES = 36_000  # ten minutes at 60 a second: what is looped is short, and what is longer is no picture any more
LONGEST_SIDE = 1920  # pixels
CRF = 18  # of x264: looks lossless, also when it is encoded once more

#: without B-frames packets stand in the order in which they are shown, so that they can be looped and cut off anywhere
ENCODER = ("-crf", str(CRF), "-bf", "0")
PLAIN = frozenset({"yuv420p", "yuvj420p"})  # what the packets of a film that goes everywhere hold

SEND = "Send a picture or a clip: JPEG, PNG, WebP, GIF, MP4, MOV or WebM."

DAMAGED = "The clip cannot be read: it is damaged."

RGB = ("rgb", "bgr", "gbr", "pal", "argb", "abgr", "gray")  # how the names of formats begin that say no matrix
SEE_THROUGH = ("rgba", "bgra", "argb", "abgr", "gbrap", "yuva", "pal8", "ya8", "ya16")


def take_film(
    source: Path,
    *,
    to: Path,
    longest: int = LONGEST_SIDE,
    cover: tuple[int, int] | None = None,
    bottom_crop_percent: int = 0,
    seconds: float = 600.0,
    until: float | None = None,
) -> Path:
    """Write a film as MP4 of our own: H.264, upright, square pixels, without sound, its frames at their own times.

    `bottom_crop_percent` of its height are cut off below. It is made smaller where its longer side has more than
    `longest` pixels, or where it covers the size `cover` anyhow. Of one that is longer than `until` seconds no more is
    taken. Raises BadMedia, Motionless among it, and OverLimit; then there is no file.
    """
    with _read(source, to.parent, seconds) as (file, slate, place):
        plan = Plan(",".join(_chain(slate, longest, cover, bottom_crop_percent)), ENCODER)
        end = ["-t", f"{until:.6f}"] if until is not None and _frames_before(slate, until) > 1 else []
        arguments = [*slate.take_in(file, FILM_PIXELS), "-map", f"0:V:{slate.index}", *end, *encode(plan, "film.mp4")]
        limit = 120 + ENCODE_LEASH_S_PER_S * min(slate.duration, until or slate.duration)
        leash = Leash(seconds=limit, cpu_s=int(limit) * THREADS)
        try:
            run(arguments, place=place, leash=leash, inputs=[file])
        except BadMedia as exc:
            raise BadMedia(DAMAGED, hint=SEND) from exc
        _refuse_empty(place / "film.mp4")
        return (place / "film.mp4").replace(to)


def copy_turn(source: Path, *, to: Path, longest: int = LONGEST_SIDE, seconds: float = 600.0) -> bool:
    """Write a film's own packets as MP4, to be looped as they are; False where they cannot be, and there is no file.

    They can be where they are H.264 that every player shows, upright, whole, not larger than `longest`, and stand in
    the order in which they are shown. Raises as `take_film` does.
    """
    with _read(source, to.parent, seconds) as (file, slate, place):
        turn = place / "turn.mp4"
        if not _goes_everywhere(slate, longest) or not copy_picture(slate, file, turn):
            return False
        turn.replace(to)
        return True


@contextmanager
def _read(source: Path, folder: Path, seconds: float) -> Iterator[tuple[BinaryIO, Slate, Path]]:
    with opened(source) as file, bench(folder) as place:
        yield file, _slate(file, place, seconds), place


def _slate(file: BinaryIO, place: Path, seconds: float) -> Slate:
    """Return what a film declares; raises for what is none, or too much of one."""
    try:
        slate = read_slate(file, find_demuxer(file), place=place, pixels=FILM_PIXELS, frames=FILM_FRAMES)
    except Motionless:
        raise
    except BadMedia as exc:
        if "still image" in exc.sentence:
            raise BadMedia("The picture is of a kind that is not read here.", hint=SEND) from exc
        raise BadMedia(exc.sentence, hint=SEND) from exc
    if slate.duration > seconds:
        raise OverLimit(
            f"The clip to be shown is {slate.duration:.0f} s long; at most {seconds:.0f} s are taken.",
            hint="Send a shorter clip; it is looped anyhow.",
        )
    return slate


def _refuse_empty(film: Path) -> None:
    """Raise when too little of a film could be decoded to be one."""
    try:
        with film.open("rb") as file:
            frames = sum(len(stream.packets) for stream in read_packets(file, "mov", place=film.parent))
    except (BadMedia, OSError) as exc:
        raise BadMedia(DAMAGED, hint=SEND) from exc
    if frames == 1:
        raise Motionless("The file holds a single picture and does not move.", hint=SEND)
    if not frames:
        raise BadMedia(DAMAGED, hint=SEND)


def _goes_everywhere(slate: Slate, longest: int) -> bool:
    packets = slate.picture.packets
    times = [packet.time for packet in packets]
    return (
        slate.demuxer in COPIED_FROM
        and slate.picture.codec in COPIED_TO_CHATS
        and slate.pixel_format in PLAIN
        and slate.picture.shape == 1
        and slate.rotation == 0
        and slate.orientation is None
        and not slate.notes
        and max(slate.shown_size) <= longest
        and not any(side % 2 for side in slate.shown_size)
        and not any(packet.hidden or not packet.size or packet.time == NO_TIME for packet in packets)
        and all(before < after for before, after in pairwise(times))
    )


def _frames_before(slate: Slate, seconds: float) -> int:
    shown = slate.picture.shown
    return sum((packet.time - shown[0].time) * slate.picture.tick < seconds for packet in shown)


def _chain(slate: Slate, longest: int, cover: tuple[int, int] | None, bottom_crop_percent: int) -> list[str]:
    width, height = slate.shown_size
    kept = max(2, round(height * (100 - bottom_crop_percent) / 100))
    enough = max(cover[0] / width, cover[1] / kept) if cover else longest / max(width, kept)
    scale = min(1.0, enough)
    size = [max(2, round(side * scale) // 2 * 2) for side in (width, kept)]
    cut = [f"crop=iw:max(2\\,ih*{100 - bottom_crop_percent}/100):0:0"] if bottom_crop_percent else []
    black = ["format=gbrap,premultiply=inplace=1"] if slate.pixel_format.startswith(SEE_THROUGH) else []
    matrix = ":out_color_matrix=bt709:out_range=tv" if slate.pixel_format.startswith(RGB) or black else ""
    fit = f"scale={size[0]}:{size[1]}:flags=lanczos{matrix}"
    named = ["setparams=color_primaries=bt709:color_trc=bt709"] if matrix else []
    tone = [tone_map(slate)] if slate.hdr else []
    mark = ["sidedata=mode=delete:type=DISPLAYMATRIX"] if slate.orientation else []
    rest = [*named, *tone, *mark, "setsar=1", "format=yuv420p", "setpts=PTS-STARTPTS"]
    return [*slate.upright, *cut, *black, fit, *rest]
