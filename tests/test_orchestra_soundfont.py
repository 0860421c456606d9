"""Reading SoundFonts: how generators add up, both formats, and files that lie."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import Unavailable
from pipeline.orchestra.fonts import find_font
from pipeline.orchestra.soundfont import Gen, find_zones, open_font, read_recording
from tests.tiny_font import Sound, sine, span, write_font

PLAIN = {Gen.SAMPLE: 0}


def zones_of(path: Path) -> tuple:
    return find_zones(open_font(path), 0, 0)


def test_a_global_bag_holds_for_the_others_until_they_say_otherwise(tmp_path: Path):
    bags = [{Gen.PAN: -300, Gen.ATTENUATION: 40}, {Gen.PAN: 200, **PLAIN}, PLAIN]
    one, other = zones_of(write_font(tmp_path / "a.sf2", [sine()], bags))
    assert (one[Gen.PAN], one[Gen.ATTENUATION]) == (200, 40)
    assert (other[Gen.PAN], other[Gen.ATTENUATION]) == (-300, 40)


def test_a_preset_adds_to_its_instrument(tmp_path: Path):
    preset = [{Gen.ATTENUATION: 10, Gen.CUTOFF: -1200}, {Gen.ATTENUATION: 25, Gen.ROOT: 12, Gen.INSTRUMENT: 0}]
    bags = [{Gen.ATTENUATION: 40, Gen.ROOT: 50, **PLAIN}]
    (zone,) = zones_of(write_font(tmp_path / "a.sf2", [sine()], bags, preset=preset))
    assert zone[Gen.ATTENUATION] == 65
    assert zone[Gen.CUTOFF] == 12300  # also where the instrument leaves the default
    assert zone[Gen.ROOT] == 50  # this one is the instrument's alone


def test_only_keys_in_both_ranges_play(tmp_path: Path):
    preset = [{Gen.KEYS: span(40, 70), Gen.INSTRUMENT: 0}]
    bags = [{Gen.KEYS: span(60, 127), Gen.VELOCITIES: span(0, 64), **PLAIN}, {Gen.KEYS: span(0, 39), **PLAIN}]
    (zone,) = zones_of(write_font(tmp_path / "a.sf2", [sine()], bags, preset=preset))
    assert zone.keys == range(60, 71)
    assert zone.velocities == range(65)


def test_numbers_outside_of_the_standard_are_brought_back(tmp_path: Path):
    bags = [{Gen.CUTOFF: -5000, Gen.PAN: 30_000, Gen.VOL_RELEASE: 32_000, Gen.ATTENUATION: -700, **PLAIN}]
    (zone,) = zones_of(write_font(tmp_path / "a.sf2", [sine()], bags))
    assert [zone[gen] for gen in (Gen.CUTOFF, Gen.PAN, Gen.VOL_RELEASE, Gen.ATTENUATION)] == [1500, 500, 8000, 0]


def test_recordings_in_rom_or_without_a_rate_are_left_out(tmp_path: Path):
    sounds = [sine()._replace(kind=0x8001), sine()._replace(rate=0), sine()]
    zones = zones_of(write_font(tmp_path / "a.sf2", sounds, [{Gen.SAMPLE: n} for n in range(3)]))
    assert [zone.recording.rate for zone in zones] == [44_100]


@pytest.mark.parametrize("vorbis", [False, True])
def test_both_formats_give_the_recording_and_its_loop(tmp_path: Path, vorbis: bool):
    sounds = [sine(300), sine(440)._replace(loop=(1000, 2003))]
    font = open_font(write_font(tmp_path / "a.sf", sounds, [{Gen.SAMPLE: 1}], vorbis=vorbis))
    recording = find_zones(font, 0, 0)[0].recording
    samples = read_recording(font, recording)
    assert recording.loop == (1000, 2003)
    assert recording.vorbis is vorbis
    assert len(samples) == len(sounds[1].samples)
    assert np.abs(samples - sounds[1].samples).max() < (0.03 if vorbis else 1e-4)


def test_an_unpadded_chunk_of_odd_length_is_read(tmp_path: Path):
    whole = write_font(tmp_path / "a.sf2", [sine()], [PLAIN]).read_bytes()
    at = whole.index(b"smpl")
    length = struct.unpack("<I", whole[at + 4 : at + 8])[0]
    odd = whole[: at + 4] + struct.pack("<I", length + 1) + whole[at + 8 : at + 8 + length] + b"\x05"
    path = tmp_path / "odd.sf3"
    path.write_bytes(odd + whole[at + 8 + length :])
    assert len(zones_of(path)) == 1


def test_the_font_of_the_house_has_every_instrument():
    font = open_font(find_font().path)
    assert {(0, program) for program in range(128)} <= set(font.presets)
    assert (128, 0) in font.presets
    assert all(find_zones(font, 0, program) for program in range(0, 128, 9))


def _patched(path: Path, table: bytes, record: int, offset: int, number: int) -> Path:
    """Overwrite a 32-bit number in a record of a table."""
    data = bytearray(path.read_bytes())
    size = {b"phdr": 38, b"inst": 22, b"shdr": 46, b"igen": 4, b"pgen": 4, b"ibag": 4}[table]
    at = data.index(table) + 8 + record * size + offset
    data[at : at + 4] = struct.pack("<I", number)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("table", "record", "offset", "number"),
    [
        (b"shdr", 0, 24, 1 << 30),  # a recording that ends outside of the file
        (b"igen", 0, 0, 53 | 900 << 16),  # a recording that is not there
        (b"pgen", 0, 0, 41 | 900 << 16),  # an instrument that is not there
        (b"ibag", 1, 0, 60_000),  # generators past the end
        (b"inst", 1, 20, 60_000),  # bags past the end
        (b"phdr", 1, 24, 60_000),
    ],
)
def test_tables_that_point_outside_are_refused(tmp_path: Path, table: bytes, record: int, offset: int, number: int):
    path = _patched(write_font(tmp_path / "a.sf2", [sine()], [PLAIN]), table, record, offset, number)
    with pytest.raises(Unavailable) as refusal:
        zones_of(path)
    assert "a.sf2" in refusal.value.sentence
    assert refusal.value.hint


@pytest.mark.parametrize("data", [b"", b"RIFF", b"RIFF\x00\x00\x00\x00WAVE", b"RIFF\x00\x00\x00\x00sfbk" + bytes(9000)])
def test_what_is_no_font_is_refused(tmp_path: Path, data: bytes):
    path = tmp_path / "no.sf2"
    path.write_bytes(data)
    with pytest.raises(Unavailable, match=r"'no\.sf2' cannot be played"):
        open_font(path)


def test_a_font_that_was_cut_short_is_refused(tmp_path: Path):
    whole = write_font(tmp_path / "a.sf2", [sine(seconds=0.1)], [PLAIN]).read_bytes()
    for length in range(0, len(whole) - 2, 131):
        path = tmp_path / "short.sf2"
        path.write_bytes(whole[:length])
        with pytest.raises(Unavailable):
            zones_of(path)


def test_a_recording_that_is_no_vorbis_is_refused(tmp_path: Path):
    noise = Sound(np.random.default_rng(1).uniform(-1, 1, 5000), kind=0x11)
    font = open_font(write_font(tmp_path / "a.sf3", [noise], [PLAIN]))
    with pytest.raises(Unavailable, match="does not decode"):
        read_recording(font, find_zones(font, 0, 0)[0].recording)


def test_scribbled_tables_are_read_or_refused_but_never_worse(tmp_path: Path):
    whole = write_font(tmp_path / "a.sf2", [sine(seconds=0.1)] * 3, [{Gen.PAN: 9}, PLAIN, {Gen.SAMPLE: 2}]).read_bytes()
    tables = whole.index(b"pdta")
    dice = random.Random(2)
    path = tmp_path / "scribbled.sf2"
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 6)):
            data[dice.randrange(tables, len(data))] = dice.randrange(256)
        path.write_bytes(data)
        try:
            font = open_font(path)
            for preset in font.presets:
                for zone in find_zones(font, *preset):
                    assert len(read_recording(font, zone.recording)) <= len(whole)
        except Unavailable:
            continue
