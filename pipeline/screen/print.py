"""The print: frames of our own go through a pipe into the encoder, and become H.264 that plays everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from pipeline.door.ffmpeg import NOTHING_PERSONAL, THREADS, Leash, start, take_fed
from pipeline.door.picture import ENCODE_LEASH_S_PER_S
from pipeline.errors import BadMedia, OverLimit, Unavailable
from pipeline.screen.planes import Frame

TOLD_S = 0.25  # of film between two times that `told` hears of it

SHORTER = "Take a shorter track, or make the film without a target."

#: said of every frame before anything is laid on it, so that its colours are the right ones too
COLOURS = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"


def print_frames(
    frames: Iterable[Frame],
    to: Path,
    *,
    size: tuple[int, int],
    rate: Fraction | int,
    count: int,
    filters: Sequence[str] = (),
    control: Sequence[str],
    told: Callable[[int], None] = lambda number: None,
) -> Path:
    """Encode `count` frames as MP4; `filters` find their files in the folder of `to`, `control` is x264's.

    `told` hears now and then how many frames are through. Raises Unavailable, OverLimit.
    """
    seconds = 120 + ENCODE_LEASH_S_PER_S * float(count / rate)
    leash = Leash(seconds=seconds, cpu_s=int(seconds) * THREADS)
    every = max(1, round(TOLD_S * rate))
    with start(_arguments(size, rate, filters, control, to.name), place=to.parent, leash=leash, fed=True) as child:
        for number, frame in enumerate(frames):
            if number % every == 0:
                told(number)
            with _encoding():
                child.feed(frame.bytes.data)
        with _encoding():
            child.finish()
    told(count)
    return to


def _arguments(
    size: tuple[int, int], rate: Fraction | int, filters: Sequence[str], control: Sequence[str], name: str
) -> list[str]:
    shape = ["-pixel_format", "yuv420p", "-video_size", f"{size[0]}x{size[1]}", "-framerate", str(rate)]
    return [
        *take_fed("rawvideo", *shape),
        *("-vf", ",".join([COLOURS, *filters, "format=yuv420p"])),
        *("-c:v", "libx264", "-preset", "veryfast", "-threads", str(THREADS), *control),
        *(*NOTHING_PERSONAL, "-movflags", "+faststart", "-f", "mp4", name),
    ]


@contextmanager
def _encoding() -> Iterator[None]:
    """Say of the film what the door says of clips."""
    try:
        yield
    except BadMedia as exc:
        raise Unavailable("The film could not be encoded.", hint="Is there enough memory left?") from exc
    except OverLimit as exc:
        raise OverLimit("Encoding the film took more time or room than is allowed.", hint=SHORTER) from exc
