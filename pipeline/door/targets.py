"""Where the film goes, and what may be carried there: formats, bytes, shapes of the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from pipeline.errors import DoesNotFit

Target = Literal["none", "telegram", "discord"]
Aspect = Literal["keep", "9:16", "16:9", "1:1", "4:5"]

#: bytes that a bot may send: https://core.telegram.org/bots/api#sending-files (50 MB), and Discord's limit without
#: a boost (10 MB, https://discord.com/developers/docs/reference#uploading-files)
LIMIT_BYTES: dict[Target, int] = {"telegram": 50_000_000, "discord": 10_000_000}

#: bits per second for the music: the first that leaves the picture its share is taken
MUSIC_BITRATES = (192_000, 128_000, 96_000, 64_000)
TRACK_BITRATE = 320_000  # for a track that cannot be copied: the highest that every player of AAC knows
MUSIC_SHARE = 0.25  # of the whole file, at most, before the music takes the next lower rate

CONTAINER_SHARE = 0.04  # of the whole file, kept back for the container's tables and for the encoder's slips
SHORTEST_S = 0.1  # a clip may say that it has no length at all
TABLE_BYTES = 8  # of a container's tables for each packet, where packets of picture and sound lie in turns
SOUND_PACKETS = 47  # a second of AAC at 48 kHz
PICTURE_LEAST = 60_000  # bits per second; under it even 320 pixels fall apart

SHORTER = "Send a shorter clip, or score it without a target."


@dataclass(frozen=True)
class Budget:
    """What picture and music may take, in bits per second."""

    picture: int
    music: int


def limit_bytes(target: Target, most_bytes: int | None = None) -> int | None:
    """Return how large the film may be: `most_bytes` where the place says so itself, else as the target is known."""
    return LIMIT_BYTES.get(target) if most_bytes is None else most_bytes


def budget(limit: int | None, duration: float, *, hint: str = SHORTER) -> Budget | None:
    """Share out the bytes over the film's seconds; None where there is no limit. Raises DoesNotFit with the hint."""
    if limit is None:
        return None
    whole = limit * 8 * (1 - CONTAINER_SHARE) / max(duration, SHORTEST_S)
    music = next((rate for rate in MUSIC_BITRATES if rate <= whole * MUSIC_SHARE), MUSIC_BITRATES[-1])
    if whole - music < PICTURE_LEAST:
        raise DoesNotFit(
            f"A film of {_length(duration)} cannot be made to fit into {limit / 1e6:.3g} MB.",
            hint=hint,
        )
    return Budget(int(whole - music), music)


def fits(limit: int | None, picture_bytes: int, duration: float) -> bool:
    """Whether a picture of that size may go there as it is, with music at the full rate."""
    if limit is None:
        return True
    music_bytes = MUSIC_BITRATES[0] / 8 * duration
    return picture_bytes + music_bytes <= limit * (1 - CONTAINER_SHARE)


def fits_encoded(limit: int | None, picture_bytes: int, duration: float, *, frames: int = 0) -> bool:
    """Whether a picture that was encoded to fit leaves the music the lowest rate, and room for so many frames' tables.

    Over minutes the tables grow to a tenth of a film that is very small.
    """
    if limit is None:
        return True
    music_bytes = MUSIC_BITRATES[-1] / 8 * duration
    tables = TABLE_BYTES * (frames + SOUND_PACKETS * duration) if frames else 0
    return picture_bytes + music_bytes + tables <= limit * (1 - CONTAINER_SHARE / 2)


def music_bitrate(limit: int | None, picture_bytes: int, duration: float) -> int:
    """Return the highest rate of MUSIC_BITRATES for which picture and music fit together."""
    if limit is None:
        return MUSIC_BITRATES[0]
    left = (limit * (1 - CONTAINER_SHARE / 2) - picture_bytes) * 8 / duration
    return next((rate for rate in MUSIC_BITRATES if rate <= left), MUSIC_BITRATES[-1])


def track_bitrates(limit: int | None, picture_bytes: int, duration: float) -> tuple[int, ...]:
    """Return the rates for which picture and a track that is not copied fit together, the highest first."""
    left = math.inf if limit is None else (limit * (1 - CONTAINER_SHARE / 2) - picture_bytes) * 8 / duration
    return tuple(rate for rate in (TRACK_BITRATE, *MUSIC_BITRATES) if rate <= left) or MUSIC_BITRATES[-1:]


def shape(aspect: Aspect) -> Fraction | None:
    """Width to height; None for the clip's own."""
    if aspect == "keep":
        return None
    width, height = aspect.split(":")
    return Fraction(int(width), int(height))


def _length(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"
