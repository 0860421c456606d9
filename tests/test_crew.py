"""Where a chosen engine fails, the embedded one has done its work, and one sentence says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pipeline import backends, crew
from pipeline.backends import Crew, Session, Vendors
from pipeline.cuesheet import CueSheet, Reading, Scene
from pipeline.errors import Cancelled, OverLimit, Refused, Unavailable, UserError
from pipeline.music import Recording
from tests.sheets import cue, sheet
from tests.test_cues import a_sheet

FAILURES = [Unavailable("It is down."), Refused("It will not."), OverLimit("It costs too much.")]


class Engine:
    """Does its work, or raises; one class for all three kinds."""

    name, licence, commercial = "star", "free", True

    def __init__(self, error: UserError | None = None, *, tempo: float | None = None) -> None:
        self.error, self.tempo = error, tempo

    def see(self, scenes: Sequence[Scene], stills: Sequence[Sequence[bytes]], session: Session) -> list[Scene]:
        self._fail()
        assert all(scene.measured == scene.caption for scene in scenes)
        return [replace(scene, caption="a dog", reading=Reading("star", "a dog")) for scene in scenes]

    def write(self, sheet: CueSheet, session: Session) -> CueSheet:
        self._fail()
        assert all(cue.prompts for cue in sheet.cues)
        return sheet.with_cues(tuple(replace(cue, prompt="Sing!", tempo=self.tempo or cue.tempo) for cue in sheet.cues))

    def compose(self, sheet: CueSheet, session: Session) -> Recording:
        self._fail()
        return Recording("star", "free", ())

    def _fail(self) -> None:
        if self.error:
            raise self.error


def test_a_chosen_captioner_stands_on_what_was_measured() -> None:
    scenes = a_sheet(3.0, 2.5).scenes
    seen, notes = crew.see(scenes, [[], []], Engine(), Session())
    assert [scene.caption for scene in seen] == ["a dog", "a dog"]
    assert all(scene.measured for scene in seen)
    assert notes == ()


@pytest.mark.parametrize("error", FAILURES)
def test_a_captioner_that_fails_leaves_what_was_measured(error: UserError) -> None:
    scenes = a_sheet(3.0, 2.5).scenes
    seen, notes = crew.see(scenes, [[], []], Engine(error), Session())
    assert all(scene.caption == scene.measured != "" for scene in seen)
    assert notes == (f"The scenes were measured, since star could not read them: {error.sentence}",)


@pytest.mark.parametrize("error", FAILURES)
def test_a_writer_that_fails_leaves_the_rules(error: UserError) -> None:
    bare = a_sheet(3.0, 2.5)
    written = crew.write(bare, Engine(error), Session())
    assert written.notes[-1] == f"The directions were written by rules, since star could not: {error.sentence}"
    ruled = crew.write(bare, crew.hire(Crew(), Vendors()).writer, Session())
    assert written.cues == ruled.cues
    assert ruled.notes == ()


def test_a_tempo_that_a_writer_has_moved_has_its_bars() -> None:
    bare = a_sheet(9.0, 9.0)
    same = crew.write(bare, Engine(), Session())
    assert [cue.bars for cue in same.cues] == [cue.bars for cue in bare.cues]
    assert {cue.prompt for cue in same.cues} == {"Sing!"}
    moved = crew.write(bare, Engine(tempo=bare.cues[0].tempo * 1.3), Session())
    for one in moved.cues:
        assert sum(bar.beats * 60 / bar.bpm for bar in one.bars) == pytest.approx(one.length, abs=1e-3)
        assert 60 * sum(bar.beats for bar in one.bars) / one.length == pytest.approx(one.tempo, rel=0.02)
    assert [one.bars for one in moved.cues] != [one.bars for one in bare.cues]


@pytest.mark.parametrize("error", FAILURES)
def test_a_composer_that_fails_leaves_the_orchestra(error: UserError) -> None:
    short = sheet([cue("ambient", 0, 2)])
    recording = crew.compose(short, Engine(error), Session())
    assert recording.composer == "orchestra"
    assert recording.takes
    assert recording.notes[0] == f"The built-in orchestra has played, since star could not: {error.sentence}"


def test_nobody_plays_for_somebody_who_has_cancelled() -> None:
    for work in (
        lambda: crew.see([], [], Engine(Cancelled("Stop.")), Session()),
        lambda: crew.write(a_sheet(3.0), Engine(Cancelled("Stop.")), Session()),
        lambda: crew.compose(a_sheet(3.0), Engine(Cancelled("Stop.")), Session()),
    ):
        with pytest.raises(Cancelled):
            work()


class Director(Engine):
    """Writes as a model does: with instruments, and a mind of its own about the tempo; counts how often."""

    asked = 0

    def write(self, sheet: CueSheet, session: Session) -> CueSheet:
        self.asked += 1
        written = super().write(sheet, session)
        return written.with_cues(tuple(replace(cue, instruments=("cello",)) for cue in written.cues))


def test_an_edited_sheet_keeps_what_a_model_has_written_and_asks_for_nothing_twice() -> None:
    directed = crew.write(a_sheet(3.0, 2.5), Director(), Session())
    first = replace(directed.cues[0], tempo=71.0, style="tense")
    edited = directed.with_cues((first, *directed.cues[1:]))
    director = Director(tempo=150.0)
    for writer in (director, backends.writer()):
        assert crew.rewrite(edited, writer, Session()) == edited
    assert director.asked == 0


def test_of_an_edited_sheet_a_writer_may_change_the_words_alone() -> None:
    plan = crew.write(a_sheet(3.0, 2.5), backends.writer(), Session())
    plan = plan.with_cues(tuple(replace(cue, tempo=71.0) for cue in plan.cues))
    written = crew.rewrite(plan, Director(tempo=150.0), Session())
    assert [(cue.prompt, cue.instruments, cue.tempo) for cue in written.cues] == [
        ("Sing!", ("cello",), 71.0) for _ in plan.cues
    ]
    assert [cue.bars for cue in written.cues] == [cue.bars for cue in plan.cues]
    for _ in range(2):  # what failed is said once
        plan = crew.rewrite(plan, Engine(Unavailable("It is down.")), Session())
    assert len(plan.notes) == 1


def test_a_temp_track_needs_somebody_who_follows_it() -> None:
    with pytest.raises(Refused, match="'orchestra' follows no temp track") as refusal:
        crew.hire(Crew(), Vendors(), temp=True)
    assert "audiocraft:melody" in refusal.value.hint


def test_a_house_that_sells_refuses_what_may_not_be_sold(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.captioners import measured

    monkeypatch.setattr(measured.MeasuredCaptioner, "commercial", False)
    with pytest.raises(Refused, match="may not be used commercially") as refusal:
        crew.hire(Crew(), Vendors(commercial=True))
    assert "Choose another captioner" in refusal.value.hint
    crew.hire(Crew(), Vendors())


def test_who_cannot_work_here_is_stood_in_for_where_nobody_insists() -> None:
    wanted = Crew(captioner="vision", writer="openai", composer="replicate")
    with pytest.raises(Unavailable):
        crew.hire(wanted, Vendors())
    hired = crew.hire(wanted, Vendors(), insist=False)
    scenes, notes = crew.see(a_sheet(3.0, 2.5).scenes, [[], []], hired.captioner, Session())
    assert all(scene.measured for scene in scenes)
    assert notes[0].startswith("The scenes were measured, since vision could not read them: There is no")
    written = crew.write(a_sheet(9.0), hired.writer, Session())
    assert written.notes[0].startswith("The directions were written by rules, since openai could not: ")
    recording = crew.compose(sheet([cue("ambient", 0, 2)]), hired.composer, Session())
    assert recording.composer == "orchestra"
    assert recording.notes[0].startswith("The built-in orchestra has played, since replicate could not: ")
