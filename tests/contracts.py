"""What every backend of a kind holds to: one function for each kind. It raises AssertionError for who does not.

They are run over every file of the kind and over planted bad ones (tests/test_backends.py). A new demand is written
here, with somebody in tests/bad_backends.py who does not meet it.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import soundfile

from pipeline.backends import (
    Aligner,
    Animator,
    Captioner,
    Composer,
    Director,
    Illustrator,
    Report,
    Session,
    Singer,
    Writer,
)
from pipeline.cues import spot
from pipeline.cuesheet import EMOTIONS, PROMPT_LENGTHS, Brief, CueSheet, Scene
from pipeline.door.slate import read_packets
from pipeline.errors import Cancelled
from pipeline.lyrics import read_lyrics
from pipeline.music import RATE, STEMS, Recording, Take
from pipeline.pictures import Layer, Painting, flatten, roomy
from pipeline.purse import Purse
from pipeline.storyboard import Picture, Shot, Storyboard, StyleSheet, Treatment
from pipeline.track import Track
from tests.charts import a_chart

USD = 5.0  # that each may spend
HEARD = 1e-4  # of full scale: what is softer is silence
SLACK_S = 0.01

Told = list[tuple[str, float, float]]


# ---- captioners ----


def check_captioner(
    captioner: Captioner, name: str, scenes: Sequence[Scene], stills: Sequence[Sequence[bytes]]
) -> None:
    """`scenes` are as that captioner gets them; those of `stills` that are empty have nothing to be seen in."""
    check_papers(captioner, name)
    embedded = not any(scene.measured for scene in scenes)
    told: Told = []
    with untouched():
        seen = captioner.see(scenes, stills, session(told))
    assert isinstance(seen, list)
    assert [scene.index for scene in seen] == [scene.index for scene in scenes], "every scene comes back, in order"
    for before, after, shown in zip(scenes, seen, stills, strict=True):
        _check_scene(before, after, embedded=embedded)
        if embedded:
            assert after.measured == after.caption
            assert after.reading is None
        elif shown:
            assert after.reading is not None, "what a model has read stands in the sheet"
            assert after.reading.by == captioner.name
            assert after.reading.caption or after.reading.tags or after.reading.emotions
            assert all(0 <= share <= 1 for share in after.reading.emotions.values())
        else:
            assert after.reading is None or after.reading.by == captioner.name
    sheet = spot(seen, Brief(), duration=scenes[-1].end, frame_rate=25)
    assert CueSheet.from_json(sheet.to_json()).scenes == tuple(seen), "it can be written and read again"
    assert captioner.see(scenes, stills, session([])) == seen, "the same pictures are seen the same way"
    if told:  # who is done at once has nothing to say
        check_course(told, "cues")
        check_stop(lambda report: captioner.see(scenes, stills, Session(report, Purse(USD))))


def _check_scene(before: Scene, after: Scene, *, embedded: bool) -> None:
    assert after.caption
    assert after.emotion in EMOTIONS
    assert -1 <= after.valence <= 1
    assert -1 <= after.arousal <= 1
    look = replace(after.look, faces=before.look.faces) if embedded else after.look
    kept = replace(before, look=look, caption=after.caption, emotion=after.emotion, reading=after.reading)
    kept = replace(kept, valence=after.valence, arousal=after.arousal)
    assert look == before.look, "what was measured stays"
    assert after == (replace(kept, look=after.look, measured=after.measured) if embedded else kept), "the rest stays"


# ---- writers ----


def check_writer(writer: Writer, name: str, sheet: CueSheet) -> None:
    """`sheet` is as that writer gets it, and its brief settles style, tempo and key, and excludes something."""
    check_papers(writer, name)
    told: Told = []
    as_it_was = sheet.to_json()
    with untouched():
        written = writer.write(sheet, session(told))
    assert sheet.to_json() == as_it_was, "what was given stays as it is"
    assert written.notes[: len(sheet.notes)] == sheet.notes, "notes are added only"
    assert replace(written, cues=sheet.cues, notes=sheet.notes) == sheet, "a writer writes cues"
    assert len(written.cues) == len(sheet.cues)
    brief = sheet.brief
    for before, after in zip(sheet.cues, written.cues, strict=True):
        assert set(after.prompts) == set(PROMPT_LENGTHS)
        assert all(words.strip() for words in after.prompts.values())
        assert after.prompt == after.prompts[brief.prompt_length]
        theirs = ("style", "instruments", "intensity", "tempo", "key", "exclude", "prompt", "prompts")
        assert replace(after, **{field: getattr(before, field) for field in theirs}) == before, "the rest stays"
        assert after.style == brief.style
        assert after.tempo == before.tempo
        assert after.key == before.key
        assert set(brief.exclude) <= set(after.exclude), "what the brief asks for stays"
        assert 0 <= after.intensity <= 1
    assert CueSheet.from_json(written.to_json()) == written, "it can be written and read again"
    assert writer.write(sheet, session([])) == written, "the same sheet is written the same way"
    if told:
        check_course(told, "cues")
        check_stop(lambda report: writer.write(sheet, Session(report, Purse(USD))))


# ---- composers ----


def check_composer(composer: Composer, name: str, sheet: CueSheet, folder: Path, *, repeatable: bool = True) -> None:
    check_papers(composer, name)
    told: Told = []
    as_it_was = sheet.to_json()
    one = session(told, _empty(folder / "one"))
    with untouched():
        recording = composer.compose(sheet, one)
    assert sheet.to_json() == as_it_was, "what was given stays as it is"
    assert 0 <= one.purse.spent_usd <= USD
    assert recording.composer == composer.name
    assert recording.licence == composer.licence
    assert recording.commercial == composer.commercial
    _check_takes(recording, sheet)
    assert told, "music takes its time"
    check_course(told, "music")
    assert told[-1][1] == told[-1][2], "it says when it is done"
    other = composer.compose(sheet, session([], _empty(folder / "other")))
    if repeatable:
        assert recording.midi == other.midi
        for first, second in zip(recording.takes, other.takes, strict=True):
            assert all(np.array_equal(first.stems[stem], second.stems[stem]) for stem in first.stems)
    check_stop(lambda report: composer.compose(sheet, Session(report, Purse(USD), _empty(folder / "stopped"))))


def _check_takes(recording: Recording, sheet: CueSheet) -> None:
    assert [take.cue for take in recording.takes] == [cue.number for cue in sheet.cues], "every cue, in order"
    for take, cue in zip(recording.takes, sheet.cues, strict=True):
        assert set(take.stems) <= set(STEMS)
        assert set(take.instruments) <= set(take.stems)
        assert isinstance(take.seed, int)
        for audio in take.stems.values():
            assert audio.dtype == np.float32
            assert audio.ndim == 2
            assert audio.shape[1] == 2
            assert np.isfinite(audio).all()
        ends = _check_place(take, sheet)
        assert take.start < cue.end, "it sounds in its cue"
        assert ends > cue.start


def _check_place(take: Take, sheet: CueSheet) -> float:
    """Return when a take ends, and see that it lies inside the clip and is heard."""
    assert math.isfinite(take.start)
    assert take.start >= -SLACK_S
    assert max((float(np.abs(audio).max(initial=0)) for audio in take.stems.values()), default=0.0) > HEARD
    ends = max(take.start + len(audio) / RATE for audio in take.stems.values())
    assert ends <= sheet.duration + SLACK_S
    return ends


# ---- music videos ----


def check_aligner(aligner: Aligner, track: Track) -> None:
    """`track` has the length of `a_chart(180 bpm)` with its three parts, and a voice in two places."""
    chart = a_chart(tempo=180.0, form=(("intro", 4), ("verse", 8), ("chorus", 4)))
    lyrics = read_lyrics(
        "[00:06.125]a day (so long)\n[99:99]goes by\n[00:16.5]<00:16.5>then <00:17.25>night<00:18>\n🎉"
    )
    with untouched():
        lines = aligner.align(lyrics, chart, track)
    assert aligner.align(lyrics, chart, track) == lines, "the same song is timed the same way"
    assert [line.text for line in lines] == ["a day (so long)", "goes by", "then night", "🎉"]
    assert (lines[0].start, lines[2].start) == (6.125, 16.5)
    assert [(word.start, word.end) for word in lines[2].words] == [(16.5, 17.25), (17.25, 18.0)]
    assert [word.text for word in lines[0].words] == ["a", "day", "so", "long"]
    assert [line.start for line in lines] == sorted(line.start for line in lines)
    assert all(0 <= line.start < line.end <= chart.duration for line in lines)
    assert lines[3].words == ()


def check_director(director: Director, bare: Storyboard) -> None:
    with untouched():
        board = director.direct(bare, session([]))
    assert director.direct(bare, session([])) == board, "the same board is directed the same way"
    assert board.notes == ()
    assert board.style.look
    assert len(board.style.palette) == 5
    look = f"{board.style.look.lower()}."
    assert all(picture.prompt and picture.prompt.lower().endswith(look) for picture in board.pictures)
    assert [picture.name for picture in board.pictures] == [picture.name for picture in bare.pictures]
    assert all(shot.action for shot in board.shots)
    for before, after in zip(bare.shots, board.shots, strict=True):
        assert replace(after, move=before.move, strength=before.strength, action=before.action) == before
    assert Storyboard.from_json(board.to_json()) == board


def check_illustrator(illustrator: Illustrator, folder: Path) -> None:
    assert illustrator.at_once >= 1
    assert illustrator.price_usd >= 0
    assert illustrator.seconds >= 0
    told: Told = []
    one = _drawn(illustrator, _empty(folder / "one"), _telling(told))
    assert {stage for stage, _, _ in told} == {"pictures"}
    assert one == _drawn(illustrator, _empty(folder / "other"), _telling([])), "the same picture has the same pixels"
    check_stop(lambda report: _drawn(illustrator, _empty(folder / "stopped"), report))


def _drawn(illustrator: Illustrator, to: Path, report: Report) -> list[bytes]:
    """Have a picture drawn, see that it is one, and return its sheets."""
    picture = Picture("p01", "a boat on a lake at dusk", "sea", "dusk", figure="boat", seed=11)
    size = (108, 192)
    with untouched():
        painting = illustrator.draw(picture, StyleSheet("film grain"), size=size, to=to, report=report)
    assert painting.illustrator == illustrator.name
    assert painting.licence == illustrator.licence != ""
    assert painting.cost_usd == illustrator.price_usd
    assert {layer.file for layer in painting.layers} == set(to.iterdir())
    drawn = [layer.file.read_bytes() for layer in painting.layers]
    sheets = [cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED) for png in drawn]
    assert all(sheet is not None and sheet.dtype == np.uint8 and sheet.ndim == 3 for sheet in sheets)
    assert [sheet.shape[2] for sheet in sheets] == [3, *[4] * (len(sheets) - 1)]
    assert {sheet.shape[:2] for sheet in sheets} == {roomy(size)[::-1]}, "there is room for the camera"
    assert all(0 <= layer.depth <= 1 for layer in painting.layers)
    assert flatten(painting).std() > 1, "something is to be seen"
    return drawn


def check_animator(animator: Animator, folder: Path) -> None:
    to = _empty(folder / "motion")
    sheet = folder / "sheet.png"
    sheet.write_bytes(bytes(cv2.imencode(".png", np.full((115, 65, 3), 90, np.uint8))[1]))
    shot = Shot(1, 0.0, 4.0, "p01", action="leaves fall")
    painting = Painting((Layer(sheet, 0.5),), "painted", "free")
    assert animator.licence
    assert animator.at_once >= 1
    with untouched():
        moving = animator.move(painting, shot, size=(54, 96), to=to, report=lambda *_: None)
    left = list(to.iterdir())
    if moving is None:
        assert animator.price_usd(shot) == 0
        assert not left
        return
    assert moving.animator == animator.name
    assert moving.licence == animator.licence
    assert moving.cost_usd == animator.price_usd(shot)
    assert left == [moving.file]
    with moving.file.open("rb") as film:
        (stream,) = read_packets(film, "mov", place=folder)
    assert stream.codec == "h264"
    stop = _empty(folder / "stopped")
    check_stop(lambda report: animator.move(painting, shot, size=(54, 96), to=stop, report=report))


def check_singer(singer: Singer, folder: Path) -> None:
    told: Told = []
    to = _empty(folder / "song")
    treatment = Treatment(lyrics="The sea is calm tonight", wish="fast folk, 180 bpm")
    with untouched():
        song = singer.sing(treatment, to=to, report=_telling(told))
    assert {stage for stage, _, _ in told} == {"track"}
    assert singer.licence
    assert list(to.iterdir()) == [song]
    assert soundfile.info(song).duration >= 1
    stop = _empty(folder / "stopped")
    check_stop(lambda report: singer.sing(treatment, to=stop, report=report))


# ---- all of them ----


def check_papers(backend: Captioner | Writer | Composer, name: str) -> None:
    """Whoever makes music or words says who it is, and what may be done with that."""
    assert backend.name.partition(":")[0].partition("+")[0] == name
    assert backend.licence.strip()
    assert isinstance(backend.commercial, bool)


def check_course(told: Told, stage: str) -> None:
    """The stage is said from its beginning on, and never goes back."""
    assert {said for said, _, _ in told} == {stage}
    shares = [done / total for _, done, total in told]
    assert shares == sorted(shares)
    assert shares[-1] <= 1
    assert shares[0] < 1, "who speaks at the end only cannot be stopped before"


def check_stop(work: Callable[[Report], object]) -> None:
    """What a report raises ends the work, and nothing else is said after it."""
    times = 0

    def stop(*_: object) -> None:
        nonlocal times
        times += 1
        raise Cancelled("Cancelled.")

    try:
        work(stop)
    except Cancelled:
        assert times <= 2, "it went on"
        return
    raise AssertionError("nobody heard that it was cancelled")


@contextmanager
def untouched() -> Iterator[None]:
    """Nobody moves the chance that all share."""
    before = _chance()
    yield
    after = _chance()
    moved = [whose for whose in before if before[whose] != after[whose]]
    assert not moved, f"the chance that all share was moved: {moved}"


def _chance() -> dict[str, object]:
    moved = np.random.get_state(legacy=False)["state"]  # type: ignore[call-overload]
    state: dict[str, object] = {"python": random.getstate(), "numpy": (moved["key"].tobytes(), moved["pos"])}
    if torch := sys.modules.get("torch"):
        state["torch"] = bytes(torch.get_rng_state().numpy())
    return state


def session(told: Told, folder: Path | None = None) -> Session:
    return Session(_telling(told), Purse(USD), folder)


def _telling(told: Told) -> Report:
    return lambda stage, done, total: told.append((stage, done, total))


def _empty(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
