"""Clips for the tests: some made on the spot, the real ones where they lie beside the checkout."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest

MEDIA = Path(__file__).resolve().parents[2] / "shared" / "media"

needs_media = pytest.mark.skipif(
    not MEDIA.is_dir(), reason="the real clips are not beside this checkout (../shared/media)"
)


def ffmpeg(*arguments: str | Path) -> None:
    """Run the bundled ffmpeg on material of our own making; raises with its last words when it fails."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def make_clip(
    path: Path,
    *,
    shots: tuple[str, ...] = ("red", "blue", "green"),
    shot_s: float = 1.0,
    rate: int = 24,
    size: str = "160x90",
    codec: tuple[str, ...] = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
) -> Path:
    """Write a silent clip of moving, clearly different shots, one per colour, with hard cuts between them."""
    inputs: list[str] = []
    for shot in shots:
        inputs += ["-f", "lavfi", "-i", f"color={shot}:s={size}:r={rate}:d={shot_s}"]
    chains = [
        f"[{i}]drawbox=x='mod(t*{40 + 17 * i},120)':y={10 + 9 * i}:w=24:h=24:color=white:t=fill,"
        f"noise=alls=6:all_seed={i}[v{i}]"
        for i in range(len(shots))
    ]
    joined = "".join(f"[v{i}]" for i in range(len(shots))) + f"concat=n={len(shots)}:v=1:a=0[v]"
    ffmpeg(*inputs, "-filter_complex", ";".join([*chains, joined]), "-map", "[v]", *codec, path)
    return path
