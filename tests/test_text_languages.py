"""Everything that a person may read in a chat is there in every language, with the same figures in it."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.resources import files
from string import Formatter
from typing import get_args

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from bot.text.languages import LANGUAGES, SOURCE, known, speak
from jobs.endings import ENDINGS
from pipeline.backends import Kind
from pipeline.catalogue import CATALOGUE
from pipeline.completions import _TROUBLES
from pipeline.crew import NOT_PLAYED, NOT_SEEN, NOT_WRITTEN
from pipeline.door.containers import KNOWN, _is
from pipeline.generated.performed import _CAME_OUT, _TIMES
from pipeline.illustrators import flux_local
from pipeline.singers.suno import MEANINGS
from pipeline.weights import OWN_LICENCE
from tests.said import ROOT, made_elsewhere, spoken

OTHERS = [language for language in LANGUAGES if language != SOURCE]

#: what is asked of a language model
_ASKED_FOR = ("storyboard", "music direction", "description")

#: sentences that are put together at run time, and what an expression of the source says in one of its cases
NOT_FOUND_IN_SOURCE = {
    *(str(_is(what)) for _, what in KNOWN),
    "The file is a text, not a video.",
    *(str(_is(what, sound=True)) for _, what in KNOWN if what != "a sound file"),
    *(str(_is(what, sound=True)) for what in ("a text", "a MIDI file", "a moving picture without sound")),
    "The track is silent.",
    "The lyrics in the track's tags cannot be used; the film has none.",
    "There are more pictures than the track has room for; the last ones are not shown.",
    "The track is damaged: only {1} s of its {2} s can be heard.",
    "There is only sound in the file, no video.",
    "There is no picture in the file, no video.",
    "The file breaks off: only {1} s of its {2} s are there.",
    "The clip has sound of its own; it was kept with the music. To leave it out, ask for it to be replaced.",
    "Parts of the picture are damaged.",
    "Nobody in the orchestra answers to {1}, so nothing was left out for it.",
    "Everything was excluded in {1}: it is silent.",
    *(
        str(_is(what)).replace("a video", "a picture")
        for _, what in KNOWN
        if "a video" in str(_is(what)) and what != "a still image"
    ),
    "The file is a text, not a picture.",
    *(f"{{1}} {said}" for _, said in _TROUBLES),
    *(said for _, *both in MEANINGS for said in both),
    "The song server could not do it.",
    "A picture costs {1}, and {2} of {3} are left.",
    "A moving picture costs {1}, and {2} of {3} are left.",
    *(
        said.replace("...", what)
        for what in ("painted by the built-in illustrator", "filmed by the built-in camera")
        for said in (
            "The picture was ...: {1}",
            "All {1} pictures were ...: {2}",
            "{1} of {2} pictures was ...: {3}",
            "{1} of {2} pictures were ...: {3}",
        )
    ),
    "The storyboard was written by rules: {1}",
    "{1} of {2} pictures were written by rules.",
    "{1} of {2} pictures were written by rules: {3}",
    "The lyrics have more than {1} lines with every repetition; the rest is left out.",
    "One line would come after the track's end and is left out.",
    "{1} lines would come after the track's end and are left out.",
    "The lyrics are too long for this track: the last line would flash by unread and is left out.",
    "The lyrics are too long for this track: the last {1} lines would flash by unread and are left out.",
    "The lyrics are long for this track; the lines go by quickly.",
    "One line had a time that cannot be; it is placed anew.",
    "{1} lines had a time that cannot be; they are placed anew.",
    "One line went back in time; they were put in order.",
    "{1} lines went back in time; they were put in order.",
    "The file's offset cannot be meant: {1}; it is not applied.",
    *(note.format(engine="{1}", why="{2}") for note in (NOT_SEEN, NOT_WRITTEN, NOT_PLAYED)),
    *(
        f"{{1}} of {{2}} cues {verb} directed by the rules{reason}"
        for verb in ("was", "were")
        for reason in (".", ": {3}")
    ),
    "The music of cue {1} came out {2} {3}; the best take is used.",
    "The music of cue {1} had to be made {2}: it came out {3} at first.",
    *(f"The {what} by {{1}} costs {{2}}, and {{3}} of {{4}} are left." for what in _ASKED_FOR),
    "The music costs {1}, and {2} of {3} are left.",
    # what may stand in a sentence
    *_CAME_OUT.values(),
    *_TIMES,
    *_ASKED_FOR,
    *get_args(Kind),
    "The model's server",
    "Reading pictures by BLIP-2",
    "Reading pictures by CLIP",
    "Ranking descriptions by CLIP",
    # why an engine may not be used for money
    *(weights.licence for weights in CATALOGUE if not weights.commercial),
    OWN_LICENCE,
    flux_local.OWN_LICENCE,
    "Made by a model of your own, which is under {1}.",
    "Generated by MusicGen ({1}) at Replicate: its weights are under CC BY-NC 4.0, which allows no commercial use.",
}


def catalogue(language: str) -> Catalog:
    with files("bot.text").joinpath("locales", f"{language}.po").open("rb") as source:
        return read_po(source, locale=language, abort_invalid=True)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_the_sentences_are_found() -> None:
    said = spoken()
    assert len(said) > 150
    assert ("{count} clip is stopped.", "{count} clips are stopped.") in said
    elsewhere = made_elsewhere()
    assert "The clip is {1} long; at most {2} are taken." in elsewhere
    assert {outcome.sentence for outcome in ENDINGS} <= set(elsewhere)


def test_no_sentence_is_said_past_the_search() -> None:
    """`speak(language)("...")` would be said in English for ever: babel looks for names that are called."""
    for path in (ROOT / "bot").rglob("*.py"):
        assert not re.search(r"speak\([^()]*\)\(\s*f?[\"']", path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_translated(language: str) -> None:
    book = {message.id[0] if isinstance(message.id, tuple) else message.id for message in catalogue(language)}
    wanted: dict[str, str] = {(said[0] if isinstance(said, tuple) else said): where for said, where in spoken().items()}
    wanted |= made_elsewhere()
    assert {said: where for said, where in wanted.items() if said not in book} == {}
    assert book - set(wanted) - {""} <= NOT_FOUND_IN_SOURCE
    assert book >= NOT_FOUND_IN_SOURCE


@pytest.mark.parametrize("language", OTHERS)
def test_translations_are_whole_and_have_the_same_places(language: str) -> None:
    for message in catalogue(language):
        if not message.id:
            continue
        english = message.id if isinstance(message.id, tuple) else (message.id,)
        said = message.string if isinstance(message.string, tuple) else (message.string,)
        assert not message.fuzzy, message.id
        assert all(said), message.id
        assert {frozenset(fields(str(form))) for form in said} == {frozenset(fields(form)) for form in english}


def test_german_counts() -> None:
    say = speak("de")
    counted = [say.many("{count} clip is stopped.", "{count} clips are stopped.", count) for count in (0, 1, 2)]
    assert counted == ["0 Clips sind abgebrochen.", "1 Clip ist abgebrochen.", "2 Clips sind abgebrochen."]


def test_figures_of_other_rooms_are_put_in() -> None:
    say = speak("de")
    assert say.again("The clip is 21:00 long; at most 20:00 are taken.") == (
        "Der Clip ist 21:00 lang; höchstens 20:00 werden angenommen."
    )
    assert say.again("The file is a PDF, not a video.") == "Die Datei ist kein Video (a PDF)."
    assert say.again("The file is a text, not a video.") == "Die Datei ist ein Text, kein Video."
    assert say.again("Nobody in the orchestra answers to '{1} \\1 {x}', so nothing was left out for it.").count("{x}")
    assert say.again("Something new.") == "Something new."
    assert speak("en").again("The file is empty.") == "The file is empty."


def test_a_reason_in_a_remark_is_said_in_the_same_language() -> None:
    """It said "Alle 3 Bilder wurden vom eingebauten Zeichner gemalt: Replicate is down."."""
    say = speak("de")
    assert say.again("All 3 pictures were painted by the built-in illustrator: Replicate is down.") == (
        "Alle 3 Bilder wurden vom eingebauten Zeichner gemalt: Replicate ist ausgefallen."
    )
    assert say.again(
        "1 of 5 pictures was filmed by the built-in camera: A moving picture costs $0.50, and $0.20 of $1.00 are left."
    ) == (
        "1 von 5 Bildern wurde von der eingebauten Kamera gefilmt: "
        "Ein bewegtes Bild kostet $0.50, und von $1.00 sind noch $0.20 übrig."
    )
    assert say.again("The storyboard was written by rules: It was lost.").endswith(": It was lost.")


@pytest.mark.parametrize(
    ("english", "german"),
    [
        (
            "The directions were written by rules, since openai could not: "
            "OpenAI has no room for this key: too many requests, or no credit.",
            "Die Vorgaben haben Regeln geschrieben, weil openai es nicht konnte: "
            "OpenAI nimmt von diesem Schlüssel gerade nichts an: zu viele Anfragen, oder kein Guthaben.",
        ),
        (
            "The storyboard was written by rules: "
            "The storyboard by gpt-5-mini costs $0.05, and $0.00 of $1.00 are left.",
            "Das Storyboard haben Regeln geschrieben: "
            "Das Storyboard von gpt-5-mini kostet $0.05, und von $1.00 sind noch $0.00 übrig.",
        ),
        (
            "1 of 9 cues was directed by the rules: The model's server would not write this music direction.",
            "Zu 1 von 9 Cues haben Regeln die Vorgabe geschrieben: "
            "Der Server des Modells wollte die Musikvorgabe nicht schreiben.",
        ),
        (
            "The scenes were measured, since blip2 could not read them: "
            "Reading pictures by BLIP-2 needs the Python package 'torch', which is not installed.",
            "Die Szenen wurden gemessen, weil blip2 sie nicht deuten konnte: "
            "Das Deuten von Bildern mit BLIP-2 braucht das Python-Paket 'torch', und das ist nicht installiert.",
        ),
        (
            "The built-in orchestra has played, since musicgen:small could not: "
            "The music of cue 1m2 came out silent three times.",
            "Das eingebaute Orchester hat gespielt, weil musicgen:small es nicht konnte: "
            "Die Musik von Cue 1m2 war dreimal stumm.",
        ),
        (
            "The composer 'musicgen:small' may not be used commercially: "
            "Generated by Meta's MusicGen, whose weights are under CC-BY-NC 4.0: for non-commercial use only.",
            "Der Komponist 'musicgen:small' darf nicht gewerblich genutzt werden: "
            "Erzeugt mit MusicGen von Meta, dessen Gewichte unter CC-BY-NC 4.0 stehen: "
            "nur für nicht gewerbliche Zwecke.",
        ),
    ],
)
def test_what_engines_say_of_each_other_is_said_in_german_to_the_end(english: str, german: str) -> None:
    assert speak("de").again(english) == german


@pytest.mark.parametrize(
    "remark", ["The storyboard was written by rules: {}", "3 of 5 pictures were written by rules: {}", "{}"]
)
def test_every_sentence_may_be_a_reason_and_is_still_itself(remark: str) -> None:
    """One that begins with a figure took the remark for the figure: "Der scenes were measured, ... braucht"."""
    say, german = speak("de"), speak("de").again(remark.format("."))[:-1]
    for message in catalogue("de"):
        if isinstance(message.id, str) and message.id.endswith(".") and fields(message.id) <= set("1234"):
            english, expected = (re.sub(r"{\d}", "'7'", str(text)) for text in (message.id, message.string))
            assert say.again(remark.format(english)) == german + expected


def test_what_is_asked_of_a_model_has_a_name_in_every_language() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "pipeline").rglob("*.py")]
    assert {name for source in sources for name in re.findall(r"Request\(.*?\"([\w ]+)\"", source)} == set(_ASKED_FOR)


def test_one_line_and_more_are_counted_in_german() -> None:
    say = speak("de")
    assert say.again("One line went back in time; they were put in order.").startswith("Eine Zeile")
    assert say.again("4 lines would come after the track's end and are left out.").startswith("4 Zeilen")


def test_braces_in_a_value_are_a_value() -> None:
    assert speak("de")("Style: {style}", style="{0.__class__}") == "Stil: {0.__class__}"


@pytest.mark.parametrize(
    ("tag", "language"), [("de", "de"), ("de-AT", "de"), ("DE_ch", "de"), ("en-GB", "en"), ("fr", "en"), ("", "en")]
)
def test_a_clients_tag_finds_its_language(tag: str, language: str) -> None:
    assert known(tag) == language


def test_nobody_pays_for_a_language_that_is_not_spoken() -> None:
    """A chat process starts without reading any catalogue, and without numpy, OpenCV or a decoder."""
    source = (
        "import sys, bot.desk, bot.text.chat, bot.links\n"
        "from bot.text import chat, languages\n"
        "chat.greeting('en')\n"
        "heavy = {'numpy', 'cv2', 'soundfile', 'scipy', 'torch', 'arq'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert not languages.catalogue('en').single\n"
        "assert languages.catalogue.cache_info().currsize == 1\n"
    )
    subprocess.run([sys.executable, "-c", source], cwd=ROOT, check=True, timeout=60)


@pytest.mark.parametrize("language", OTHERS)
def test_what_a_file_is_instead_is_said_in_one_language(language: str) -> None:
    """It said "Die Datei ist kein Video (an archive)."."""
    for _, what in KNOWN:
        assert what not in speak(language).again(_is(what).sentence)
