from __future__ import annotations

import pytest

from pipeline.errors import Refused
from pipeline.keys import MODES, Key, distance, key_with, read_key


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("D minor", Key(2, "minor")),
        ("F lydian", Key(5, "lydian")),
        ("Bbm", Key(10, "minor")),
        ("F# harmonic minor", Key(6, "minor")),
        ("e♭ Major", Key(3, "major")),
        ("C", Key(0, "major")),
        ("Cb major", Key(11, "major")),
    ],
)
def test_keys_are_read_as_musicians_write_them(name: str, key: Key) -> None:
    assert read_key(name) == key


def test_what_is_no_key_is_refused() -> None:
    for name in ("", "J minor", "D mauve", "42", "C#b major", "D; rm -rf", "D" * 500):
        with pytest.raises(Refused, match="is not a key"):
            read_key(name)


def test_relative_keys_are_no_distance_and_the_tritone_is_the_farthest() -> None:
    assert distance(read_key("C major"), read_key("A minor")) == 0
    assert distance(read_key("D dorian"), read_key("C major")) == 0
    assert distance(read_key("C major"), read_key("G major")) == 1
    assert distance(read_key("C major"), read_key("C minor")) == 3
    assert distance(read_key("C major"), read_key("F# major")) == 6


def test_keys_are_spelled_with_few_accidentals_and_read_back() -> None:
    for tonic in range(12):
        for mode in MODES:
            key = Key(tonic, mode)
            assert read_key(str(key)) == key
            assert -5 <= key.fifths <= 6
            assert key_with(key.fifths, mode) == key
    assert str(Key(1, "major")) == "Db major"
    assert str(Key(6, "dorian")) == "F# dorian"
    assert str(Key(8, "minor")) == "G# minor"
