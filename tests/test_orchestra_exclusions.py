from __future__ import annotations

import pytest

from pipeline.cuesheet import STYLES
from pipeline.orchestra.arrange import arrange
from pipeline.orchestra.exclusions import read_exclusions
from pipeline.orchestra.instruments import INSTRUMENTS
from tests.sheets import one_cue


def test_phrases_are_understood_and_strangers_named() -> None:
    out = read_exclusions(["no drums, please", "Pianos", "hi-hats", "theremin"])
    assert not out.allows_role("drums")
    assert not out.allows(INSTRUMENTS["felt piano"])
    assert not out.allows_kit("hats")
    assert out.allows(INSTRUMENTS["cello"])
    assert out.unknown == ("theremin",)


def test_a_bass_drum_is_no_bass() -> None:
    out = read_exclusions(["bass drum"])
    assert out.allows_role("bass")
    assert not out.allows_kit("kick")


@pytest.mark.parametrize(
    "word", ["drums", "percussion", "piano", "strings", "guitar", "brass", "synth", "bass", "bells"]
)
def test_what_is_excluded_never_sounds_and_something_else_does(word: str) -> None:
    banned = read_exclusions([word]).barred
    for style in STYLES:
        parts = arrange(one_cue(style, exclude=(word,)))[0].parts
        assert len(parts) >= 3
        for part in parts:
            if isinstance(part.instrument, int):
                assert not INSTRUMENTS[part.name].families & banned
        if word in ("drums", "percussion"):
            assert all(
                (part.instrument != "drums" and part.stem != "drums") or part.name == "low piano" for part in parts
            )
            assert not {"timpani", "taiko"} & {part.name for part in parts}
        if word == "bass":
            assert "bass" not in {part.stem for part in parts}


def test_cymbals_leave_the_kit() -> None:
    for part in arrange(one_cue("epic", exclude=("cymbals",)))[0].parts:
        assert part.instrument != "swell"
        if part.instrument == "drums":
            assert not {note.pitch for note in part.notes} & {49, 51, 52, 55, 57, 59}
