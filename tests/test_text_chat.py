"""What people read in a chat is bounded, plain and honest."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from bot.text import chat, measured
from jobs.endings import ENDINGS
from jobs.job import CueLine, Film, Outcome, Progress, Request, State
from jobs.standing import Status
from pipeline.cues import _MOOD_NAMES
from pipeline.cuesheet import STYLES
from pipeline.errors import OverLimit
from pipeline.musicvideo import STAGES as VIDEO_STAGES
from pipeline.score import STAGES
from pipeline.spotting.wishes import MOOD_WORDS


def film(cues: int = 2, **more: Any) -> Film:
    keys = dict.fromkeys(("film", "thumbnail", "music", "song", "stems", "midi", "sheet"), "key")
    lines = tuple(CueLine(f"1m{n}", 7.0 * n, 7.0 * n + 7, "tense", 96.4, "D minor") for n in range(1, cues + 1))
    values: dict[str, Any] = {"bytes": 9, "seconds": 14.0, "width": 16, "height": 9, "copied": True, "cues": lines}
    return Film(**keys | values | {"style": "epic", "seed": 3, "hit_rate": 0.9, "cuts": 11} | more)


def test_a_caption_tells_cues_cuts_and_who_composed() -> None:
    assert chat.caption(film(), take=1, takes=1, language="en").splitlines() == [
        "1m1  0:07-0:14  tense, 96 bpm, D minor",
        "1m2  0:14-0:21  tense, 96 bpm, D minor",
        "",
        "10 of 11 cuts met by the music",
        "epic, seed 3",
        "Music composed by a machine (Reelscore)",
    ]
    assert "Take 2" not in chat.caption(film(), take=1, takes=1, language="de")
    assert "Fassung 2 von 3" in chat.caption(film(), take=2, takes=3, language="de")
    assert "cut" not in chat.caption(film(hit_rate=None), take=1, takes=1, language="en")


def test_a_short_clips_cue_has_a_length() -> None:
    """It said 0:00-0:00 of a clip of 0.8 s, and 0:00-0:09 of one of 9.97 s, which every player shows as ten."""
    for seconds, shown in ((0.3, "0:00-0:01"), (0.82, "0:00-0:01"), (9.97, "0:00-0:10"), (59.6, "0:00-1:00")):
        short = replace(film(cues=0), cues=(CueLine("1m1", 0.0, seconds, "warm", 90.0, "C major"),))
        assert shown in chat.caption(short, take=1, takes=1, language="en")


def test_films_in_a_list_can_be_told_apart() -> None:
    one, other = film(), film()
    slower = tuple(replace(cue, tempo=75.0) for cue in other.cues)
    assert chat.film_name(one, "en") != chat.film_name(replace(other, cues=slower), "en")
    assert chat.film_name(film(style="tense"), "en") == "tense, 96 bpm, 0:14, seed 3"


def test_a_setting_that_cannot_be_says_what_can() -> None:
    assert "1, 2, 3" in chat.bad_setting("takes", "en")
    assert "Deutsch" in chat.bad_setting("language", "en")
    assert "lofi" in chat.settings_usage("en")


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("cues", [0, 1, 20, 400])
@pytest.mark.parametrize("most", [1024, 300, 120, 60])
def test_a_caption_is_cut_at_the_end_of_a_line(language: str, cues: int, most: int) -> None:
    notes = ("The file breaks off: only 1.0 s of its 3.0 s are there.", "x" * 900)
    said = chat.caption(film(cues, notes=notes), take=2, takes=3, language=language, most=most)
    assert measured.units(said) <= most
    whole = {chat._cue(cue, chat.speak(language)) for cue in film(cues).cues}
    listed = [line for line in said.splitlines() if line.startswith("1m")]
    assert set(listed) <= whole
    if most >= 120:
        assert said.endswith(chat.speak(language)(chat.MACHINE_MADE))
    if most == 1024 and cues == 400:
        assert f"{400 - len(listed)}" in said


@given(some.text(), some.integers(1, 60))
@settings(max_examples=200, deadline=None)
def test_a_clipped_text_fits_and_stays_whole(text: str, most: int) -> None:
    said = measured.clipped(text, most)
    assert measured.units(said) <= max(most, 1)
    assert said == text or said.endswith("…")


def test_letters_beyond_the_first_plane_count_twice() -> None:
    assert measured.units("🎬") == 2
    assert measured.clipped("🎬" * 10, 8) == "🎬🎬🎬…"


def test_words_of_people_are_shown_plain() -> None:
    bad = "warm\u202eevil\n\x07"
    cue = CueLine("1m1", 0, 1, bad, 90.0, bad)
    said = [
        chat.caption(film(cues=0, notes=(bad,)), take=1, takes=1, language="en"),
        chat.film_name(film(cues=0), "en"),
        chat.settings(style=bad, mood=bad, takes=1, language="de"),
        chat.sentence(Outcome("sentence", sentence=bad, hint=bad), "de"),
        chat.bad_setting(bad, "en"),
        chat._cue(cue, chat.speak("en")),
    ]
    for text in said:
        assert "\u202e" not in text
        assert "\x07" not in text


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("state", get_args(State))
def test_every_state_says_something(state: State, language: str) -> None:
    for progress in (None, *(Progress(stage, 0.42, 2) for stage in STAGES), Progress("new one", 1.0)):
        for place, left in ((None, None), (1, 5.0), (12, 4000.0)):
            said = chat.status(Status("abcdefghijkm", state, place, left, progress, takes=3), language)
            assert said
            assert "None" not in said
            assert "{" not in said


def test_a_status_has_place_stage_bar_and_time() -> None:
    def say(*standing: Any, **more: Any) -> str:
        return chat.status(Status("abcdefghijkm", *standing, **more), "en")

    assert say("waiting", 3, 200.0) == "Waiting: number 3 in the queue.\nabout 4 min left"
    assert say("waiting", 1) == "Waiting: you are next."
    assert say("running", None, 41.0, Progress("music", 0.42)) == (
        "Composing and playing\n▰▰▰▰▱▱▱▱▱▱ 42 %\nabout 50 s left"
    )
    assert "take 2 of 3" in say("running", None, None, Progress("music", 0.42, 2), takes=3)
    assert chat.bar(1.0).endswith("99 %")
    assert chat.bar(-1).startswith("▱")


def test_only_what_can_be_stopped_has_a_cancel_button() -> None:
    states = {state: chat.status_buttons(Status("abcdefghijkm", state), "en") for state in get_args(State)}
    assert {state for state, rows in states.items() if rows and rows[0][0].press.action == "cancel"} == {
        "waiting", "released", "leased", "running"
    }  # fmt: skip
    assert states["asking"][0][0].press.action == "sound"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "about 10 s"), (12, "about 20 s"), (51, "about 1 min"), (61, "about 2 min"), (5399, "about 90 min"),
     (5401, "about 2 hours")],
)  # fmt: skip
def test_times_are_said_rather_too_long(seconds: float, said: str) -> None:
    assert measured.about(seconds, "en") == said


def test_what_other_rooms_call_things_is_known_here() -> None:
    assert set(chat.STAGES) == {*STAGES, *VIDEO_STAGES}
    assert set(_MOOD_NAMES) <= set(chat.MOOD_WORDS)
    assert set(STYLES) <= {*chat.STYLE_WORDS, *chat.MOOD_WORDS}
    assert set(chat.MOODS) <= set(MOOD_WORDS)
    assert set(chat.MOODS) <= set(chat.MOOD_WORDS)


def test_endings_and_errors_speak_german() -> None:
    for outcome in ENDINGS:
        assert chat.sentence(outcome, "de") != chat.sentence(outcome, "en")
    error = OverLimit("The clip has more than 7 pictures.", hint="Try a shorter or a smaller clip.")
    assert (
        chat.problem(error, "de")
        == "Der Clip hat mehr als 7 Bilder.\nVersuch es mit einem kürzeren oder kleineren Clip."
    )


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_sentence_of_the_front_ends_has_a_hole_or_mark_up(language: str) -> None:
    """Each function that needs nothing but a language says something, in the length that its place allows."""
    said = [
        say(language)
        for name, say in inspect.getmembers(chat, inspect.isfunction)
        if say.__module__ == chat.__name__ and list(inspect.signature(say).parameters) == ["language"]
    ]
    texts = [text for text in said if isinstance(text, str)]
    texts += [chat.usage(language), chat.usage(language, front="discord"), chat.privacy(language, keep_days=30)]
    texts += [chat.forgotten(count, language) for count in (0, 1, 9)]
    assert len(texts) > 30
    for text in texts:
        assert text.strip()
        assert measured.units(text) <= 2000  # Discord's limit; Telegram's is 4096
        assert not any(mark in text for mark in ("{", "}", "**", "__", "<", "`"))


@pytest.mark.parametrize("language", ["en", "de"])
def test_toasts_fit_a_toast(language: str) -> None:
    """Telegram answers a press with at most 200 letters."""
    toasts = [chat.rating_question(asked, language) for asked in chat.QUESTIONS]
    toasts += [chat.on_its_way(action, language, again=again) for action in ("take", "song") for again in (True, False)]
    toasts += [chat.not_yours(language), chat.job_gone(language), chat.sound_chosen("keep", language)]
    toasts += ["\n".join(chat.full(which, 200, 4000.0, language)) for which in ("person", "chat", "queue", "day")]
    for toast in toasts:
        assert measured.units(toast) <= chat.TOAST_MOST


@pytest.mark.parametrize("language", ["en", "de"])
def test_buttons_are_short_and_rows_are_narrow(language: str) -> None:
    job, request = "abcdefghijkm", Request()
    menus = [make(job, request, language) for make in (chat.result_buttons, chat.mood_buttons, chat.length_buttons)]
    menus += [chat.rating_buttons(job, asked, language) for asked in chat.QUESTIONS]
    for rows in menus:
        assert len(rows) <= 5  # Discord's rows
        for row in rows:
            assert 1 <= len(row) <= 5
            assert all(0 < len(button.label) <= 32 for button in row)


def test_privacy_tells_how_long() -> None:
    assert "30 days" in chat.privacy("en", keep_days=30)
    assert "1 Tag," in chat.privacy("de", keep_days=1)


def test_commands_are_what_telegram_takes() -> None:
    for language in ("en", "de"):
        for name, does in chat.commands(language).items():
            assert name.islower()
            assert len(name) <= 32
            assert 1 <= len(does) <= 256
