"""Moving pictures of strangers and vendors: decoded by the sandboxed child, and written anew as a plain MP4 of ours."""

from __future__ import annotations

from pathlib import Path

from pipeline.door.containers import find_demuxer, opened
from pipeline.door.ffmpeg import NOTHING_PERSONAL, THREADS, Leash, bench, run
from pipeline.door.picture import ENCODE_LEASH_S_PER_S, tone_map
from pipeline.door.slate import Slate, read_slate
from pipeline.errors import BadMedia, OverLimit

FILM_PIXELS = 36_000_000  # of a frame: 8K
FILM_FRAMES = 36_000  # ten minutes at 60 a second: what is looped is short, and what is longer is no picture any more
LONGEST_SIDE = 1920  # pixels
CRF = 16  # of x264: it is decoded and encoded once more

SEND = "Send a picture or a clip: JPEG, PNG, WebP, GIF, MP4, MOV or WebM."


def take_film(
    source: Path, *, to: Path, longest: int = LONGEST_SIDE, bottom_crop_percent: int = 0, seconds: float = 600.0
) -> Path:
    """Write a film as MP4 of our own: H.264, upright, square pixels, without sound, its frames at their own times.

    `bottom_crop_percent` of its height are cut off below; `longest` bounds its longer side in pixels. Raises BadMedia,
    OverLimit; then there is no file.
    """
    with opened(source) as file, bench(to.parent) as place:
        slate = read_slate(file, find_demuxer(file), place=place, pixels=FILM_PIXELS, frames=FILM_FRAMES)
        if slate.duration > seconds:
            raise OverLimit(
                f"The clip to be shown is {slate.duration:.0f} s long; at most {seconds:.0f} s are taken.",
                hint="Send a shorter clip; it is looped anyhow.",
            )
        x264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", str(CRF), "-threads", str(THREADS)]
        chain = ",".join(_chain(slate, longest, bottom_crop_percent))
        timing = ["-fps_mode", "vfr", "-enc_time_base", "demux"]
        arguments = [*slate.take_in(file, FILM_PIXELS), "-map", f"0:V:{slate.index}", "-vf", chain, *timing, *x264]
        limit = 120 + ENCODE_LEASH_S_PER_S * slate.duration
        leash = Leash(seconds=limit, cpu_s=int(limit) * THREADS)
        run([*arguments, *NOTHING_PERSONAL, "-f", "mp4", "film.mp4"], place=place, leash=leash, inputs=[file])
        film = place / "film.mp4"
        if not film.exists():
            raise BadMedia("The clip cannot be read: it is damaged.", hint=SEND)
        return film.replace(to)


def _chain(slate: Slate, longest: int, bottom_crop_percent: int) -> list[str]:
    width, height = slate.shown_size
    kept = max(2, round(height * (100 - bottom_crop_percent) / 100))
    scale = min(1.0, longest / max(width, kept))
    size = [max(2, round(side * scale) // 2 * 2) for side in (width, kept)]
    tone = [tone_map(slate)] if slate.hdr else []
    mark = ["sidedata=mode=delete:type=DISPLAYMATRIX"] if slate.orientation else []
    fit = [f"scale={width}:{height}", f"crop={width}:{kept}:0:0", f"scale={size[0]}:{size[1]}:flags=lanczos"]
    return [*slate.upright, *tone, *fit, *mark, "setsar=1", "format=yuv420p", "setpts=PTS-STARTPTS"]
