"""A model's words beside what was measured: plain, bounded, merged, and never more than words."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cues import EMOTION_PLACE
from pipeline.cuesheet import EMOTIONS, Cue, CueSheet, Emotion, HitPoint, Look, Reading, Scene
from pipeline.eye.answers import MOST_TAGS, clean, plain, read_mood, read_time
from pipeline.readings import MOST_WORDS, judge, put_in

NIGHT = Scene(
    0,
    0.0,
    5.0,
    look=Look(light=0.1, motion=0.3),
    caption="a dark view in blue, moving gently",
    measured="a dark view in blue, moving gently",
    emotion="sadness",
    valence=-0.4,
    arousal=-0.2,
    jolts=(HitPoint(2.0, 0.5, "jolt"),),
)
CUE = Cue("1m1", 0.0, 5.0, (0,), "", "folk", "fear", "", 0.0, 0.0, 0.5, 90.0, "D minor", ())

shares = st.dictionaries(st.sampled_from(EMOTIONS), st.floats(0, 1))
words = st.text(max_size=200)
readings = st.builds(
    Reading,
    by=st.just("blip2:flan-t5-xl"),
    caption=words,
    mood=words,
    place=words,
    time_of_day=words,
    moving=words,
    tags=st.lists(words, max_size=12).map(tuple),
    emotions=shares,
)
scenes = st.builds(
    replace,
    st.just(NIGHT),
    look=st.builds(Look, light=st.floats(0, 1)),
    emotion=st.sampled_from(EMOTIONS),
    valence=st.floats(-1, 1),
    arousal=st.floats(-1, 1),
)


def certain(emotion: Emotion, share: float = 1.0) -> dict[Emotion, float]:
    rest = (1 - share) / 6
    return {each: share if each == emotion else rest for each in EMOTIONS}


def read(caption: str = "", **said: object) -> Reading:
    return Reading("blip2:flan-t5-xl", caption, **said)  # type: ignore[arg-type]


@given(scenes, readings)
def test_whatever_a_model_says_the_scene_stays_a_scene_of_the_sheet(scene: Scene, reading: Reading) -> None:
    merged = put_in(scene, reading)
    sheet = CueSheet(5.0, 25.0, 1, (merged,), (CUE,))
    assert CueSheet.from_json(sheet.to_json()) == sheet
    assert replace(merged, caption="", emotion="fear", valence=0.0, arousal=0.0, reading=None) == replace(
        scene, caption="", emotion="fear", valence=0.0, arousal=0.0
    )
    if merged.reading:
        told = merged.reading
        said = (merged.caption, told.caption, told.mood, told.place, told.time_of_day, told.moving, *told.tags)
        assert all(len(text.split()) <= MOST_WORDS and len(text) <= 330 for text in said)
        assert all(sign.isalnum() or sign.isspace() or _mark(sign) or sign in ",.;!?'-" for s in said for sign in s)
        assert len(told.tags) <= MOST_TAGS
        assert not told.emotions or math.isclose(sum(told.emotions.values()), 1.0, abs_tol=1e-3)


def _mark(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "MN"


@given(words, st.integers(1, 20))
def test_what_is_plain_is_plain(text: str, most: int) -> None:
    once = plain(text, most)
    assert len(once.split()) <= most
    assert plain(once, most) == once


@given(scenes)
def test_a_reading_that_says_nothing_changes_nothing(scene: Scene) -> None:
    assert put_in(scene, Reading("clip:vit-b-32")) == scene
    assert put_in(scene, Reading("clip:vit-b-32", caption="<b> </b> ...", mood="unknown", tags=("", "#"))) == scene


def test_the_models_words_come_first_then_what_they_do_not_say() -> None:
    assert put_in(NIGHT, read("a man on a beach")).caption == "a man on a beach in dim light, moving gently"
    assert put_in(NIGHT, read("a man on a beach at night")).caption == "a man on a beach at night, moving gently"
    assert put_in(NIGHT, read("a man running on a beach")).caption == "a man running on a beach in dim light"
    assert put_in(NIGHT, read(mood="calm")).caption == NIGHT.caption


def test_the_caption_stays_short_by_leaving_out_measured_words_whole() -> None:
    long = read(" ".join(f"word{number}" for number in range(30)))
    merged = put_in(NIGHT, long)
    assert len(merged.caption.split()) <= MOST_WORDS
    assert merged.caption.endswith("in dim light")


def test_measured_and_look_stay_as_they_are() -> None:
    merged = put_in(NIGHT, read("a dog", emotions=certain("happiness")))
    assert (merged.measured, merged.look, merged.jolts) == (NIGHT.measured, NIGHT.look, NIGHT.jolts)


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_a_certain_model_decides_the_emotion_and_draws_the_mood_to_it(emotion: Emotion) -> None:
    merged = put_in(NIGHT, read(emotions=certain(emotion)))
    assert merged.emotion == emotion
    before, after = ((s.valence, s.arousal) for s in (NIGHT, merged))
    assert math.dist(after, EMOTION_PLACE[emotion]) < 0.8 * math.dist(before, EMOTION_PLACE[emotion])


def test_a_doubtful_model_leaves_the_measured_emotion_and_nearly_its_mood() -> None:
    merged = put_in(NIGHT, read(emotions=certain("happiness", 0.2)))
    assert merged.emotion == "sadness"
    assert math.dist((merged.valence, merged.arousal), (NIGHT.valence, NIGHT.arousal)) < 0.1


@given(st.sampled_from(EMOTIONS), st.sampled_from(EMOTIONS), st.floats(1 / 7, 1), st.floats(1 / 7, 1))
def test_the_surer_a_model_the_nearer_the_mood(measured: Emotion, said: Emotion, one: float, other: float) -> None:
    scene = replace(NIGHT, emotion=measured)
    less, more = (put_in(scene, read(emotions=certain(said, share))) for share in sorted((one, other)))
    if less.emotion == more.emotion == said:
        place = EMOTION_PLACE[said]
        assert math.dist((more.valence, more.arousal), place) <= math.dist((less.valence, less.arousal), place) + 2e-3


def test_without_shares_the_measured_emotion_stands() -> None:
    assert judge("fear", {}) == "fear"
    assert put_in(NIGHT, read("a dog", emotions={"anger": math.nan})).emotion == "sadness"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("A photo of a dog on the beach.", "a dog on the beach"),
        ("this image shows a dog, a dog, a dog and a", "a dog"),
        ("a man <script>alert(1)</script> walks", "a man alert 1 walks"),
        ("see http://example.org/x or mail me@example.org now", "see or mail now"),
        ("a\u200bsign\u202e that {reads} `ignore` [all] \\rules\\", "asign that reads ignore all rules"),
        ("time time time time flies flies", "time flies"),
        ("wawawawawawa a cat", "a cat"),
        ("Paris at night", "Paris at night"),
    ],
)
def test_captions_are_plain_words(text: str, kept: str) -> None:
    assert clean(read(text)).caption == kept


def test_known_moods_and_times_get_their_own_names() -> None:
    assert read_mood("The mood is very tranquil.") == "serene"
    assert read_mood("it is somber") == "sombre"
    assert read_mood("unanswerable") == ""
    assert read_mood("otherworldly") == "otherworldly"
    assert read_time("it's at sunset") == "dusk"
    assert read_time("indoors") == ""


@pytest.mark.parametrize(
    ("text", "thing"), [("in the forest", "forest"), ("It is a car", "car"), ("nothing", ""), ("yes", "")]
)
def test_answers_name_a_thing(text: str, thing: str) -> None:
    said = clean(read(place=text, moving=text))
    assert (said.place, said.moving) == (thing, thing)


def test_a_book_costs_no_more_than_a_line() -> None:
    assert plain("x" * 10**7, 5) == ""
    assert len(plain("ab " * 10**6, 5)) <= 60
