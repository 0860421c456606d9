"""Directions by rule: the three lengths, and what they must not name."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest

from pipeline.cuesheet import EMOTIONS, STYLES, Brief, Emotion, Style
from pipeline.spotting.wishes import INSTRUMENT_WORDS
from pipeline.writers.rules import BRIEF_WORDS, LONG_WORDS, find_places, load
from tests.test_cues import a_sheet

CAPTIONS = (
    "",
    "black",
    "lettering on white",
    "an orange view",
    "a bright disc in midnight blue and black, a water-like shimmer below, almost still",
    "rain-like streaks over small lights, midnight blue and dark violet, in steady movement; then black",
    "a very long sentence of a talkative machine with a man in a red coat who walks his dog and looks at the sea "
    "while the sun goes down behind the houses of the old town on the other side of the bay",
    "A dog runs on a beach. It is happy. A child laughs.",
)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("lengths", [(0.5,), (12,), (9, 11, 10, 3, 2)])
def test_the_three_lengths(style: Style, lengths: tuple[float, ...]):
    sheet = load().write(a_sheet(*lengths, brief=Brief(style=style)))
    for cue in sheet.cues:
        assert cue.prompts["simple"] == cue.seen
        assert BRIEF_WORDS[0] <= len(cue.prompts["brief"].split()) <= BRIEF_WORDS[1]
        assert LONG_WORDS[0] <= len(cue.prompts["long"].split()) <= LONG_WORDS[1]
        assert cue.prompt == cue.prompts["brief"]


@pytest.mark.parametrize("length", ["simple", "brief", "long"])
def test_the_asked_length_is_the_prompt(length: str):
    sheet = load().write(a_sheet(9, 9, brief=Brief(prompt_length=length)))  # type: ignore[arg-type]
    assert all(cue.prompt == cue.prompts[length] for cue in sheet.cues)  # type: ignore[index]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("banned", "words"),
    [("drums", ("drum", "percussion", "taiko", "shaker")), ("piano", ("piano",)), ("strings", ("string", "cello"))],
)
def test_what_is_excluded_is_not_named(style: Style, banned: str, words: tuple[str, ...]):
    sheet = load().write(a_sheet(9, 9, brief=Brief(style=style, exclude=(banned,))))
    for cue in sheet.cues:
        text = f"{cue.prompts['brief']} {cue.prompts['long']}".replace("steel-string", "")
        assert not any(word in text for word in words), text


@pytest.mark.parametrize("emotion", EMOTIONS)
@pytest.mark.parametrize("seen", ["black", "a dark view in orange and brown, moving fast", "A dog runs on a beach."])
def test_drama_begins_with_what_is_felt(emotion: Emotion, seen: str):
    sheet = a_sheet(9, 11, 10, brief=Brief(drama=True))
    cues = tuple(replace(cue, emotion=emotion, seen=seen) for cue in sheet.cues)
    for cue in load().write(sheet.with_cues(cues)).cues:
        assert cue.prompts["simple"] == seen.rstrip(".")
        for length, (low, high) in (("brief", BRIEF_WORDS), ("long", LONG_WORDS)):
            text = cue.prompts[length]  # type: ignore[index]
            assert low <= len(text.split()) <= high, text
            assert re.match(FELT[emotion], text), text


FELT = {
    "happiness": "Joy|Happiness|A lift of delight", "sadness": "Sadness|A quiet ache|Grief",
    "disgust": "Disgust|Something repels|A recoil", "anger": "Anger|Fury|Rage", "fear": "Fear|Dread|Unease",
    "surprise": "Surprise|Wonder|A sudden astonishment", "neutrality": "Composure|Calm|A quiet heart",
}  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_drama_changes_only_the_words(seed: int):
    plain, felt = (load().write(a_sheet(9, 11, 10, brief=Brief(drama=drama, seed=seed))) for drama in (False, True))
    for one, other in zip(plain.cues, felt.cues, strict=True):
        assert one.prompts["brief"] != other.prompts["brief"]
        assert replace(one, prompt="", prompts={}) == replace(other, prompt="", prompts={})


def test_fields_stay_as_they_are():
    bare = a_sheet(9, 9)
    written = load().write(bare)
    for before, after in zip(bare.cues, written.cues, strict=True):
        assert (before.tempo, before.key, before.bars, before.hits) == (after.tempo, after.key, after.bars, after.hits)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seen", CAPTIONS)
@pytest.mark.parametrize("drama", [False, True])
@pytest.mark.parametrize("exclude", [(), ("strings", "piano", "drums", "synth", "guitar", "bass", "keys", "brass")])
def test_whatever_was_seen_makes_whole_sentences_of_the_right_length(
    style: Style, seen: str, exclude: tuple[str, ...], drama: bool
):
    rng = random.Random(f"{style} {seen}")
    bare = a_sheet(9, 11, 2, 10, brief=Brief(style=style, exclude=exclude, seed=rng.randrange(100), drama=drama))
    cues = [
        replace(cue, seen=seen, arousal=rng.uniform(-1, 1), valence=rng.uniform(-1, 1), intensity=rng.random())
        for cue in bare.cues
    ]
    for cue in load().write(bare.with_cues(tuple(cues))).cues:
        for length, (low, high) in (("brief", BRIEF_WORDS), ("long", LONG_WORDS)):
            text = cue.prompts[length]  # type: ignore[index]
            assert low <= len(text.split()) <= high, text
            assert not re.search(r"\ba [aeio]", text.lower()), text
            assert not re.search(r"\b(a|an|the|and|with|over|of|in|on|at|to)[.,;:]", text), text
            assert all(sentence[0].isupper() for sentence in re.split(r"(?<=[.!?])\s+", text)), text


@pytest.mark.parametrize("banned", INSTRUMENT_WORDS)
def test_no_instrument_that_was_ruled_out_is_named(banned: str):
    for style in STYLES:
        for cue in load().write(a_sheet(9, 9, brief=Brief(style=style, exclude=(banned,)))).cues:
            words = re.sub(r"steel-string|bass(?=oon)", "", f"{cue.prompts['brief']} {cue.prompts['long']}".lower())
            assert not re.search(rf"\b{banned}\b", words), words


def test_bass_and_brass_are_whole_words():
    lofi = load().write(a_sheet(12, brief=Brief(style="lofi", exclude=("brass",), prompt_length="long")))
    playful = load().write(a_sheet(12, brief=Brief(style="epic", exclude=("brass",), prompt_length="long")))
    assert "brass" not in playful.cues[0].prompt
    assert any("vibraphone" in load().write(replace(lofi, seed=seed)).cues[0].prompt for seed in range(20))


def test_cues_and_seeds_do_not_all_read_alike():
    texts = [
        cue.prompts["long"] for seed in range(6) for cue in load().write(a_sheet(9, 9, 9, brief=Brief(seed=seed))).cues
    ]
    assert len(set(texts)) > 0.8 * len(texts)
    assert len({" ".join(text.split()[:2]) for text in texts}) > 4


def test_a_cue_has_its_place_in_the_film():
    cues = [
        replace(cue, arousal=arousal, valence=valence)
        for cue, arousal, valence in zip(
            a_sheet(9, 9, 9, 9, 9).cues * 5, (-0.4, 0.1, 0.0, 0.8, -0.2), (0.2, 0.2, -0.6, -0.6, 0.4), strict=False
        )
    ]
    assert find_places(cues) == ["opening", "build", "contrast", "climax", "resolution"]
    assert find_places(cues[:1]) == ["only"]
    assert find_places([]) == []
