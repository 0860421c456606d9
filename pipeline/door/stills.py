"""Still pictures of strangers and vendors: decoded by the sandboxed child, and written anew as a plain PNG of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pipeline.door.containers import HEAD_BYTES, SILENT, find_demuxer, opened
from pipeline.door.ffmpeg import NOTHING_PERSONAL, Leash, bench, start, take_in
from pipeline.errors import BadMedia, OverLimit

SEND = "Send a picture: JPEG, PNG, WebP, or a GIF's first frame."
SMALLER = "Scale it down and send it again."

MOST_PIXELS = 16_000**2  # 256 million: decoded they take 0.8 GiB; ffmpeg itself stops at 268 million
MOST_BYTES = 200_000_000
LONGEST_SIDE = 3840  # pixels, where no size is wanted

STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png_pipe"),
    (b"\xff\xd8\xff", "jpeg_pipe"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
)

LEASH = Leash(seconds=60, stall_s=60, cpu_s=60, memory=4 * 1024**3, file_bytes=256 * 1024**2)

#: what is see-through lies on black; colours as every screen shows them, and nothing else that the file has said
PLAIN = "format=gbrap16le,premultiply=inplace=1,format=rgb24,setsar=1,sidedata=mode=delete"


def take_still(
    source: Path | BinaryIO,
    *,
    to: Path,
    size: tuple[int, int] | None = None,
    longest: int = LONGEST_SIDE,
    bottom_crop_percent: int = 0,
    clip: bool = False,
    most_pixels: int = MOST_PIXELS,
    most_bytes: int = MOST_BYTES,
) -> Path:
    """Write the picture, upright, as 8-bit PNG: filling `size` (width, height), or as it is up to `longest` pixels.

    `bottom_crop_percent` of its height are cut off below. What is then too wide or high for the size goes
    evenly. Of a `clip` the first frame is taken. Raises BadMedia, OverLimit; then there is no file.
    """
    with _opened(source) as file, bench(to.parent) as place:
        demuxer = find_demuxer(file) if clip else find_still(file)
        file.seek(0, 2)
        if file.tell() > most_bytes:
            raise OverLimit(f"The picture has more than {most_bytes / 1e6:.0f} MB.", hint=SMALLER)
        cut = f"crop=iw:max(2\\,ih*{100 - bottom_crop_percent}/100):0:0," if bottom_crop_percent else ""
        chain = f"{cut}{_fill(size) if size else _fit(longest)},{PLAIN}"
        door = take_in(file, demuxer, "-max_pixels", str(most_pixels))
        arguments = [*door, "-map", "0:V:0", "-frames:v", "1", "-vf", chain, "-c:v", "png", *NOTHING_PERSONAL]
        _decode([*arguments, "-f", "image2", "-update", "1", "still.png"], file, place, most_pixels)
        return (place / "still.png").replace(to)


def _decode(arguments: list[str], file: BinaryIO, place: Path, most_pixels: int) -> None:
    """Run the child, and say of a picture what the door says of a clip."""
    with start(arguments, place=place, leash=LEASH, inputs=[file]) as child:
        try:
            child.finish()
        except BadMedia as exc:
            if "Picture size" in child.chatter:
                most = most_pixels / 1e6
                raise OverLimit(f"The picture has more than {most:.0f} million pixels.", hint=SMALLER) from exc
            raise BadMedia("The picture cannot be read: it is damaged.", hint=SEND) from exc
        except OverLimit as exc:
            raise OverLimit("Reading the picture took more time or memory than is allowed.", hint=SMALLER) from exc
    if not (place / "still.png").exists():
        raise BadMedia("The picture cannot be read: it is damaged.", hint=SEND)


def take_frame(film: Path) -> bytes:
    """Return the first frame of a film of our own, as PNG."""
    with opened(film) as file, bench(film.parent) as place:
        arguments = [*take_in(file, "mov"), "-map", "0:V:0", "-frames:v", "1", "-vf", "format=rgb24", "-c:v", "png"]
        _decode([*arguments, *NOTHING_PERSONAL, "-f", "image2", "-update", "1", "still.png"], file, place, MOST_PIXELS)
        return (place / "still.png").read_bytes()


def find_still(source: BinaryIO) -> str:
    """Return the name of ffmpeg's demuxer for the picture; raises BadMedia that says what the file is instead."""
    source.seek(0)
    head = source.read(HEAD_BYTES)
    for begins, demuxer in STARTS:
        if head.startswith(begins):
            return demuxer
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp_pipe"
    try:
        find_demuxer(source)
    except BadMedia as exc:
        if "still image" in exc.sentence:
            raise BadMedia("The picture is of a kind that is not read here.", hint=SEND) from exc
        raise BadMedia(exc.sentence.replace(", not a video", ", not a picture"), hint=SEND) from exc
    raise BadMedia("The file is a video, not a picture.", hint=SEND)


def is_still(path: Path) -> bool:
    """Whether the file is a picture that `take_still` reads and that does not move; raises BadMedia for no file."""
    with opened(path) as source:
        try:
            find_still(source)
        except BadMedia:
            return False
        try:
            return find_demuxer(source) not in SILENT
        except BadMedia:
            return True


@contextmanager
def _opened(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    if isinstance(source, Path):
        with opened(source) as file:
            yield file
    else:
        yield source


def _fill(size: tuple[int, int]) -> str:
    """Return the filters that cut a picture down to the shape of a size, and scale it."""
    width, height = size
    return f"crop='min(iw,ih*{width}/{height})':'min(ih,iw*{height}/{width})',scale={width}:{height}:flags=lanczos"


def _fit(longest: int) -> str:
    return f"scale='min(iw,{longest})':'min(ih,{longest})':force_original_aspect_ratio=decrease:flags=lanczos"
