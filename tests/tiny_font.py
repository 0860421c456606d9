"""Writes SoundFonts of a few recordings, so that what is asked of the sampler is known exactly."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

from pipeline.orchestra.soundfont import Gen

Bag = Mapping[int, int]  #: generators; one without its last link is a global bag


class Sound(NamedTuple):
    samples: NDArray[np.float64]
    rate: int = 44_100
    key: int = 69
    loop: tuple[int, int] = (0, 0)
    kind: int = 1


def sine(hz: float = 440.0, seconds: float = 1.0, rate: int = 44_100) -> Sound:
    """Draw a sine that loops over all of its length, which is rounded to whole periods."""
    samples = round(round(seconds * hz) * rate / hz)
    hz = round(seconds * hz) * rate / samples
    return Sound(0.5 * np.sin(2 * np.pi * hz * np.arange(samples) / rate), rate, 69, (0, samples))


def span(low: int, high: int) -> int:
    """Pack a range of keys or velocities as an amount."""
    return low | high << 8


def write_font(
    path: Path,
    sounds: Sequence[Sound],
    instrument: Sequence[Bag],
    *,
    presets: Sequence[tuple[int, int]] = ((0, 0),),
    preset: Sequence[Bag] = ({Gen.INSTRUMENT: 0},),
    vorbis: bool = False,
) -> Path:
    """Write one instrument, which all presets (bank, program) play through the same bags."""
    pool, heads = b"", b""
    for sound in sounds:
        packed = _ogg(sound) if vorbis else (sound.samples * 32767).astype("<i2").tobytes() + bytes(92)
        width, end = (1, len(packed)) if vorbis else (2, len(sound.samples) * 2)
        start = len(pool) // width
        loop = [place + (0 if vorbis else start) for place in sound.loop]
        kind = sound.kind | (0x10 if vorbis else 0)
        heads += struct.pack(
            "<20s5IBbHH", b"sound", start, start + end // width, *loop, sound.rate, sound.key, 0, 0, kind
        )
        pool += packed
    heads += struct.pack("<20s5IBbHH", b"EOS", 0, 0, 0, 0, 0, 0, 0, 0, 0)
    pbag, pgen = _bags(preset * len(presets))
    ibag, igen = _bags(instrument)
    phdr = b"".join(
        struct.pack("<20sHHHIII", b"preset", number, bank, row * len(preset), 0, 0, 0)
        for row, (bank, number) in enumerate(presets)
    ) + struct.pack("<20sHHHIII", b"EOP", 0, 0, len(presets) * len(preset), 0, 0, 0)
    inst = struct.pack("<20sH", b"instrument", 0) + struct.pack("<20sH", b"EOI", len(instrument))
    tables = {"phdr": phdr, "pbag": pbag, "pmod": bytes(10), "pgen": pgen, "inst": inst}
    tables |= {"ibag": ibag, "imod": bytes(10), "igen": igen, "shdr": heads}
    body = b"sfbk" + _list(b"INFO", {"ifil": struct.pack("<HH", 2, 4)}) + _list(b"sdta", {"smpl": pool})
    body += _list(b"pdta", tables)
    path.write_bytes(_chunk(b"RIFF", body))
    return path


def _bags(bags: Sequence[Bag]) -> tuple[bytes, bytes]:
    heads, gens = b"", b""
    for bag in bags:
        heads += struct.pack("<HH", len(gens) // 4, 0)
        gens += b"".join(struct.pack("<HH", gen, amount & 0xFFFF) for gen, amount in bag.items())
    return heads + struct.pack("<HH", len(gens) // 4, 0), gens + bytes(4)


def _list(kind: bytes, chunks: Mapping[str, bytes]) -> bytes:
    return _chunk(b"LIST", kind + b"".join(_chunk(name.encode(), data) for name, data in chunks.items()))


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def _ogg(sound: Sound) -> bytes:
    packed = io.BytesIO()
    soundfile.write(packed, sound.samples, sound.rate, format="OGG", subtype="VORBIS")
    return packed.getvalue()
