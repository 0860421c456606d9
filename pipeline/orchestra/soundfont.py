"""Reads a SoundFont: its presets, the zones that answer to a key, and the recordings under them.

SoundFont 2.04 (SF2), and SF3, which is the same with each recording as Ogg Vorbis. Modulators are not read: the
score gives velocity and expression. A font is a stranger's file: all that it claims is checked against the file, and a
number outside of what the standard allows is brought back inside.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

from pipeline.errors import Unavailable


class Gen(IntEnum):
    """The generators of SoundFont 2.04, section 8.1.3, that a sampler acts on."""

    START = 0
    END = 1
    LOOP_START = 2
    LOOP_END = 3
    START_COARSE = 4
    MOD_LFO_PITCH = 5  #: cents
    VIB_LFO_PITCH = 6
    MOD_ENV_PITCH = 7
    CUTOFF = 8  #: cents above 8.176 Hz
    RESONANCE = 9  #: centibel
    MOD_LFO_CUTOFF = 10
    MOD_ENV_CUTOFF = 11
    END_COARSE = 12
    MOD_LFO_VOLUME = 13  #: centibel
    PAN = 17  #: per mille, -500 left
    MOD_LFO_DELAY = 21  #: timecents, as all times
    MOD_LFO_RATE = 22  #: cents above 8.176 Hz
    VIB_LFO_DELAY = 23
    VIB_LFO_RATE = 24
    MOD_DELAY = 25
    MOD_ATTACK = 26
    MOD_HOLD = 27
    MOD_DECAY = 28
    MOD_SUSTAIN = 29  #: per mille lost
    MOD_KEY_HOLD = 31  #: timecents per key, from key 60 down
    MOD_KEY_DECAY = 32
    VOL_DELAY = 33
    VOL_ATTACK = 34
    VOL_HOLD = 35
    VOL_DECAY = 36
    VOL_SUSTAIN = 37  #: centibel lost
    VOL_RELEASE = 38
    VOL_KEY_HOLD = 39
    VOL_KEY_DECAY = 40
    INSTRUMENT = 41
    KEYS = 43
    VELOCITIES = 44
    LOOP_START_COARSE = 45
    KEY = 46  #: sounds as this key, whichever is struck
    VELOCITY = 47
    ATTENUATION = 48  #: centibel
    LOOP_END_COARSE = 50
    COARSE_TUNE = 51  #: semitones
    FINE_TUNE = 52  #: cents
    SAMPLE = 53
    LOOP_MODE = 54  #: 1 loops for good, 3 until the key is lifted
    SCALE = 56  #: cents per key
    CHOKES = 57  #: exclusive class: a new note silences the older ones of its class
    ROOT = 58


#: default, lowest and highest value of each, SoundFont 2.04 section 8.1.3
_RANGES: dict[int, tuple[int, int, int]] = {
    **dict.fromkeys((Gen.START, Gen.END, Gen.LOOP_START, Gen.LOOP_END), (0, -32768, 32767)),
    **dict.fromkeys((Gen.START_COARSE, Gen.END_COARSE, Gen.LOOP_START_COARSE, Gen.LOOP_END_COARSE), (0, -32768, 32767)),
    **dict.fromkeys((Gen.MOD_LFO_PITCH, Gen.VIB_LFO_PITCH, Gen.MOD_ENV_PITCH), (0, -12000, 12000)),
    **dict.fromkeys((Gen.MOD_LFO_CUTOFF, Gen.MOD_ENV_CUTOFF), (0, -12000, 12000)),
    Gen.CUTOFF: (13500, 1500, 13500),
    Gen.RESONANCE: (0, 0, 960),
    Gen.MOD_LFO_VOLUME: (0, -960, 960),
    Gen.PAN: (0, -500, 500),
    **dict.fromkeys((Gen.MOD_LFO_DELAY, Gen.VIB_LFO_DELAY, Gen.MOD_DELAY, Gen.VOL_DELAY), (-12000, -12000, 5000)),
    **dict.fromkeys((Gen.MOD_LFO_RATE, Gen.VIB_LFO_RATE), (0, -16000, 4500)),
    **dict.fromkeys((Gen.MOD_ATTACK, Gen.MOD_DECAY, Gen.VOL_ATTACK, Gen.VOL_DECAY), (-12000, -12000, 8000)),
    **dict.fromkeys((Gen.MOD_HOLD, Gen.VOL_HOLD), (-12000, -12000, 5000)),
    Gen.MOD_SUSTAIN: (0, 0, 1000),
    Gen.VOL_SUSTAIN: (0, 0, 1440),
    Gen.VOL_RELEASE: (-12000, -12000, 8000),
    **dict.fromkeys((Gen.MOD_KEY_HOLD, Gen.MOD_KEY_DECAY, Gen.VOL_KEY_HOLD, Gen.VOL_KEY_DECAY), (0, -1200, 1200)),
    **dict.fromkeys((Gen.KEY, Gen.VELOCITY, Gen.ROOT), (-1, -1, 127)),
    Gen.ATTENUATION: (0, 0, 1440),
    Gen.COARSE_TUNE: (0, -120, 120),
    Gen.FINE_TUNE: (0, -200, 200),  # the standard has 99, but preset and instrument add up
    Gen.LOOP_MODE: (0, 0, 3),
    Gen.SCALE: (100, 0, 1200),
    Gen.CHOKES: (0, 0, 127),
}

#: these belong to an instrument; a preset that sets them is ignored (section 8.5)
_NOT_IN_PRESETS = {0, 1, 2, 3, 4, 12, 45, 46, 47, 50, 54, 57, 58}

_RECORDS = {
    "phdr": np.dtype([("name", "S20"), ("number", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("unused", "<u4", 3)]),
    "inst": np.dtype([("name", "S20"), ("bag", "<u2")]),
    "pbag": np.dtype([("gen", "<u2"), ("mod", "<u2")]),
    "ibag": np.dtype([("gen", "<u2"), ("mod", "<u2")]),
    "pgen": np.dtype([("gen", "<u2"), ("amount", "<i2")]),
    "igen": np.dtype([("gen", "<u2"), ("amount", "<i2")]),
    "shdr": np.dtype(
        {
            "names": ["name", "start", "end", "loop_start", "loop_end", "rate", "key", "cents", "link", "kind"],
            "formats": ["S20", "<u4", "<u4", "<u4", "<u4", "<u4", "u1", "i1", "<u2", "<u2"],
        }
    ),
}
_ROM, _VORBIS = 0x8000, 0x10  # flags of a recording's kind

_MOST_CHUNKS = 256  # a font has about 30
_MOST_TABLE_BYTES = 64 << 20  # the largest fonts have 2 MB of tables
_MOST_ZONES = 4096  # of one preset; the richest pianos have about 700
_MOST_FRAMES = 8_000_000  # of one recording: three minutes, and 130 MB while it is oversampled
_RATES = range(400, 200_001)  # Hz; section 7.10 asks for this lower limit, and there are no faster converters


@dataclass(frozen=True)
class Recording:
    """One recording in the font's file; the loop is in samples from its start."""

    offset: int  #: bytes from the start of the file
    size: int  #: bytes
    vorbis: bool
    loop: tuple[int, int]
    rate: int  #: Hz
    key: int
    cents: int  #: to be added for the recording to be in tune


@dataclass(frozen=True, eq=False)
class Zone:
    """A recording with the keys and velocities that it answers to; `zone[Gen.PAN]` is a generator's value."""

    recording: Recording
    keys: range
    velocities: range
    values: Mapping[int, int] = field(repr=False)

    def __getitem__(self, gen: Gen) -> int:
        return self.values[gen]


@dataclass(frozen=True)
class SoundFont:
    path: Path
    presets: Mapping[tuple[int, int], int] = field(repr=False)  #: by bank and program; bank 128 has the drums
    tables: Mapping[str, NDArray[Any]] = field(repr=False)
    pool: tuple[int, int] = field(repr=False)  #: where the recordings lie in the file: offset and bytes


class _Chunk(NamedTuple):
    offset: int
    size: int


def open_font(path: Path) -> SoundFont:
    """Read a font's tables, not its recordings; raises Unavailable when it is not a whole SoundFont."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            chunks = dict(_chunks(file, size, path))
            missing = [name for name in ("smpl", *_RECORDS) if name not in chunks]
            if missing:
                raise _broken(path, f"it has no {missing[0]!r} chunk")
            tables = {name: _table(file, chunks[name], name, path) for name in _RECORDS}
    except OSError as error:
        raise _broken(path, error.strerror or "it cannot be read") from error
    heads = tables["phdr"][:-1]
    presets = {(int(head["bank"]), int(head["number"])): row for row, head in reversed(list(enumerate(heads)))}
    if not presets:
        raise _broken(path, "it has no presets")
    return SoundFont(path, presets, tables, chunks["smpl"])


def find_zones(font: SoundFont, bank: int, number: int) -> tuple[Zone, ...]:
    """Return the zones of a preset, each with its generators summed up; raises Unavailable where they are broken."""
    zones: list[Zone] = []
    for preset in _layers(font, "p", font.presets[bank, number], Gen.INSTRUMENT):
        for instrument in _layers(font, "i", preset[Gen.INSTRUMENT] & 0xFFFF, Gen.SAMPLE):
            zone = _zone(font, preset, instrument)
            if zone:
                zones.append(zone)
            if len(zones) > _MOST_ZONES:
                raise _broken(font.path, f"a preset has more than {_MOST_ZONES} zones")
    return tuple(zones)


def read_recording(font: SoundFont, recording: Recording) -> NDArray[np.float32]:
    """Return a recording's samples, shape (n,), full scale 1.0; raises Unavailable when they do not decode."""
    try:
        with font.path.open("rb") as file:
            file.seek(recording.offset)
            packed = file.read(recording.size)
        if recording.vorbis:
            return _decode(packed, font.path)
    except OSError as error:
        raise _broken(font.path, error.strerror or "it cannot be read") from error
    return np.frombuffer(packed[: len(packed) // 2 * 2], "<i2").astype(np.float32) / np.float32(32768)


def _decode(vorbis: bytes, path: Path) -> NDArray[np.float32]:
    try:
        with soundfile.SoundFile(io.BytesIO(vorbis)) as ogg:
            if ogg.format != "OGG" or ogg.channels != 1 or ogg.frames > _MOST_FRAMES:
                raise _broken(path, "a recording in it is not Ogg Vorbis in mono, of three minutes at most")
            return np.asarray(ogg.read(dtype="float32"), np.float32)
    except soundfile.LibsndfileError as error:
        raise _broken(path, "a recording in it does not decode") from error


def _chunks(file: BinaryIO, size: int, path: Path) -> Iterator[tuple[str, _Chunk]]:
    """Walk the RIFF file flat: a LIST's members follow its head like any other chunk."""
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:12] != b"sfbk":
        raise _broken(path, "it does not begin like one")
    at = 12
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return
        name, length = head[:4], int.from_bytes(head[4:], "little")
        if name == b"LIST":
            at += 12
            continue
        if at + 8 + length > size:
            raise _broken(path, "it ends too early")
        yield name.decode("latin-1"), _Chunk(at + 8, length)
        at += 8 + length
        file.seek(at)
        at += length % 2 and file.read(1) == b"\0"  # chunks are padded to even length, but not by every SF3 writer
    raise _broken(path, f"it has more than {_MOST_CHUNKS} chunks")


def _table(file: BinaryIO, chunk: _Chunk, name: str, path: Path) -> NDArray[Any]:
    """Return the records of a table; the last of each is a terminator."""
    record = _RECORDS[name]
    if chunk.size > _MOST_TABLE_BYTES or chunk.size % record.itemsize or chunk.size < record.itemsize:
        raise _broken(path, f"its {name!r} table has {chunk.size} bytes")
    file.seek(chunk.offset)
    return np.frombuffer(file.read(chunk.size), record)


def _layers(font: SoundFont, kind: str, row: int, leads_to: Gen) -> Iterator[dict[int, int]]:
    """Yield the generators of each bag of a preset ("p") or an instrument ("i"), laid over those of its global bag."""
    heads, bags, gens = (font.tables[name] for name in (("phdr", "pbag", "pgen") if kind == "p" else _INSTRUMENT))
    if row + 1 >= len(heads):
        raise _broken(font.path, "a preset asks for an instrument that is not there")
    first, last = int(heads["bag"][row]), int(heads["bag"][row + 1])
    if not first <= last < len(bags):
        raise _broken(font.path, "its bags are out of order")
    everywhere: dict[int, int] = {}
    for bag in range(first, last):
        start, end = int(bags["gen"][bag]), int(bags["gen"][bag + 1])
        if not start <= end <= len(gens):
            raise _broken(font.path, "its generators are out of order")
        own = dict(zip(gens["gen"][start:end].tolist(), gens["amount"][start:end].tolist(), strict=True))
        if leads_to in own:
            yield {**everywhere, **own}
        elif bag == first:
            everywhere = own


_INSTRUMENT = ("inst", "ibag", "igen")


def _zone(font: SoundFont, preset: dict[int, int], instrument: dict[int, int]) -> Zone | None:
    """Add up preset and instrument; None where no key plays it or its recording lies in a sound card's ROM."""
    keys, velocities = (_overlap(preset, instrument, gen) for gen in (Gen.KEYS, Gen.VELOCITIES))
    recording = _recording(font, instrument[Gen.SAMPLE] & 0xFFFF)
    if not keys or not velocities or recording is None:
        return None
    values = {
        gen: min(highest, max(lowest, instrument.get(gen, default) + _added(preset, gen)))
        for gen, (default, lowest, highest) in _RANGES.items()
    }
    return Zone(recording, keys, velocities, values)


def _added(preset: dict[int, int], gen: int) -> int:
    """Return what a preset adds to its instruments; this is relative to nothing, also where the default is not 0."""
    return 0 if gen in _NOT_IN_PRESETS else preset.get(gen, 0)


def _overlap(preset: dict[int, int], instrument: dict[int, int], gen: Gen) -> range:
    """Return the keys or velocities in both ranges, which are packed as the low and the high byte."""
    spans = [layer.get(gen, 127 << 8) & 0xFFFF for layer in (preset, instrument)]
    return range(max(span & 0xFF for span in spans), min(span >> 8 for span in spans) + 1)


def _recording(font: SoundFont, row: int) -> Recording | None:
    heads = font.tables["shdr"]
    if row + 1 >= len(heads):
        raise _broken(font.path, "an instrument asks for a recording that is not there")
    head = heads[row]
    start, end, rate, kind = (int(head[name]) for name in ("start", "end", "rate", "kind"))
    vorbis = bool(kind & _VORBIS)
    width = 1 if vorbis else 2  # SF3 counts bytes where SF2 counts samples
    if kind & _ROM or end <= start or rate not in _RATES:
        return None
    if end * width > font.pool[1] or (end - start > _MOST_FRAMES):
        raise _broken(font.path, "a recording lies outside of it")
    from_start = 0 if vorbis else start  # and SF3 counts its loops from the recording's start
    loop = int(head["loop_start"]) - from_start, int(head["loop_end"]) - from_start
    key = int(head["key"]) if head["key"] < 128 else 60  # 255 stands for a sound without a pitch
    return Recording(font.pool[0] + start * width, (end - start) * width, vorbis, loop, rate, key, int(head["cents"]))


def _broken(path: Path, why: str) -> Unavailable:
    return Unavailable(
        f"The SoundFont {path.name!r} cannot be played: {why}.", hint="Take another .sf2 or .sf3 file, or none."
    )
