"""The contract of each kind, held by every backend that ships; a new file is found by itself."""

from __future__ import annotations

import functools
import importlib.util
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile

from pipeline import backends, replicated
from pipeline.backends import Vendors
from pipeline.cuesheet import EMOTIONS, PROMPT_LENGTHS, CueSheet
from pipeline.door.slate import read_packets
from pipeline.errors import Cancelled, Refused, Unavailable
from pipeline.illustrators import flux_local
from pipeline.lyrics import read_lyrics
from pipeline.music import STEMS
from pipeline.pictures import Layer, Painting, flatten
from pipeline.shots import break_down
from pipeline.singers import orchestra, suno
from pipeline.storyboard import Picture, Shot, Storyboard, StyleSheet, Treatment
from tests.charts import a_chart, sung
from tests.fake_openai import KEY, FakeOpenAI
from tests.fake_replicate import TOKEN, FakeReplicate, a_picture
from tests.fake_suno import FakeSuno
from tests.loopback import Answer
from tests.media import make_clip
from tests.test_cues import a_sheet
from tests.voices import a_track, write_song


@pytest.fixture(scope="module")
def sheet() -> CueSheet:
    return backends.writer().write(a_sheet(3.0, 2.5))


def a_still(shade: int) -> bytes:
    picture = np.full((90, 160, 3), shade, np.uint8)
    picture[30:60, 40:120] = (20, 90, 220)
    return bytes(cv2.imencode(".jpg", picture)[1])


@pytest.mark.parametrize("name", backends.names("captioner"))
def test_a_captioner_fills_in_what_is_seen(name: str, sheet: CueSheet):
    bare = [replace(scene, caption="") for scene in sheet.scenes]
    seen = backends.captioner(name).see(bare, [[a_still(30), a_still(40)], []])
    assert [(s.index, s.start, s.end) for s in seen] == [(s.index, s.start, s.end) for s in bare]
    for scene in seen:
        assert scene.caption
        assert scene.emotion in EMOTIONS
        assert -1 <= scene.valence <= 1
        assert -1 <= scene.arousal <= 1


@pytest.mark.parametrize("name", backends.names("writer"))
def test_a_writer_directs_every_cue_and_keeps_its_fields(name: str, sheet: CueSheet):
    written = backends.writer(name).write(sheet)
    for before, after in zip(sheet.cues, written.cues, strict=True):
        assert set(after.prompts) == set(PROMPT_LENGTHS)
        assert after.prompt == after.prompts[sheet.brief.prompt_length]
        assert replace(after, prompt=before.prompt, prompts=before.prompts) == before


@pytest.mark.parametrize("name", backends.names("composer"))
def test_a_composer_records_every_cue_inside_the_clip(name: str, sheet: CueSheet):
    composer = backends.composer(name)
    told: list[tuple[str, float, float]] = []
    recording = composer.compose(sheet, report=lambda stage, done, total: told.append((stage, done, total)))
    assert recording.composer == composer.name == name
    assert recording.licence == composer.licence != ""
    assert [take.cue for take in recording.takes] == [cue.number for cue in sheet.cues]
    for take in recording.takes:
        assert set(take.stems) <= set(STEMS)
        for audio in take.stems.values():
            assert audio.dtype == np.float32
            assert audio.ndim == 2
            assert np.isfinite(audio).all()
            assert take.start + len(audio) / 48_000 <= sheet.duration + 0.01
    assert {stage for stage, _, _ in told} == {"music"}
    assert told[-1][1] == told[-1][2]


@pytest.mark.parametrize("name", backends.names("composer"))
def test_the_same_sheet_gives_the_same_samples(name: str, sheet: CueSheet):
    one, other = (backends.composer(name).compose(sheet, report=lambda *_: None) for _ in range(2))
    assert one.midi == other.midi
    for first, second in zip(one.takes, other.takes, strict=True):
        assert all(np.array_equal(first.stems[stem], second.stems[stem]) for stem in first.stems)


@pytest.fixture
def vendors(monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendors]:
    """Vendors on loopback, all at once."""
    monkeypatch.setattr(replicated, "POLL_S", (0.01, 0.02))
    monkeypatch.setattr(suno, "POLL_S", (0.01, 0.02))
    with FakeReplicate() as replicate, FakeSuno() as songs:
        replicate.content = lambda made: Answer(a_film() if "kling" in made.model else a_picture(made.input))
        yield Vendors(replicate_token=TOKEN, replicate_url=replicate.url, suno_url=songs.url)


@functools.cache
def a_film() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return make_clip(Path(folder) / "film.mp4", shot_s=0.2).read_bytes()


def hire_illustrator(name: str, vendors: Vendors, folder: Path) -> backends.Illustrator:
    if name != "flux_local":
        return backends.illustrator(name, vendors)
    if any(importlib.util.find_spec(needed) is None for needed in flux_local.NEEDED):
        pytest.skip("the extra 'models' is not installed (torch, diffusers)")
    from tests.test_illustrators_flux_local import a_model

    return backends.illustrator(f"flux_local:{a_model(folder / 'model', guided=False)}", vendors)


@pytest.mark.parametrize("name", backends.names("illustrator"))
def test_an_illustrator_draws_layers_with_room_for_the_camera(name: str, vendors: Vendors, tmp_path: Path):
    illustrator = hire_illustrator(name, vendors, tmp_path)
    assert illustrator.at_once >= 1
    assert illustrator.price_usd >= 0
    picture = Picture("p01", "a boat on a lake at dusk", "sea", "dusk", figure="boat", seed=11)
    drawn, told = [], []
    for number in range(2):
        to = tmp_path / str(number)
        to.mkdir()
        painting = illustrator.draw(
            picture, StyleSheet("film grain"), size=(108, 192), to=to, report=lambda stage, *_: told.append(stage)
        )
        assert painting.illustrator == illustrator.name
        assert painting.licence == illustrator.licence != ""
        assert painting.cost_usd == illustrator.price_usd
        assert {layer.file for layer in painting.layers} == set(to.iterdir())
        drawn.append([layer.file.read_bytes() for layer in painting.layers])
    assert set(told) == {"pictures"}
    assert drawn[0] == drawn[1]
    sheets = [cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED) for png in drawn[0]]
    assert [sheet.shape[2] for sheet in sheets] == [3, *[4] * (len(sheets) - 1)]
    assert {sheet.shape[:2] for sheet in sheets} == {(230, 130)}
    assert all(sheet.dtype == np.uint8 for sheet in sheets)
    assert all(0 <= layer.depth <= 1 for layer in painting.layers)
    assert flatten(painting).std() > 1


@pytest.mark.parametrize("name", backends.names("illustrator"))
def test_an_illustrator_can_be_stopped(name: str, vendors: Vendors, tmp_path: Path):
    def stop(stage: str, done: float, total: float) -> None:
        raise Cancelled("Cancelled.")

    to = tmp_path / "out"
    to.mkdir()
    with pytest.raises(Cancelled):
        hire_illustrator(name, vendors, tmp_path).draw(
            Picture("p01", "a boat", "sea"), StyleSheet(""), size=(108, 192), to=to, report=stop
        )


@pytest.mark.parametrize("name", backends.names("animator"))
def test_an_animator_films_a_painting_or_leaves_it_to_the_camera(name: str, vendors: Vendors, tmp_path: Path):
    animator, to = backends.animator(name, vendors), tmp_path / "motion"
    to.mkdir()
    sheet = tmp_path / "sheet.png"
    sheet.write_bytes(bytes(cv2.imencode(".png", np.full((115, 65, 3), 90, np.uint8))[1]))
    painting = Painting((Layer(sheet, 0.5),), "painted", "free")
    shot = Shot(1, 0.0, 4.0, "p01", action="leaves fall")
    moving = animator.move(painting, shot, size=(54, 96), to=to, report=lambda *_: None)
    assert animator.licence
    if moving is None:
        assert animator.price_usd(shot) == 0
        assert not list(to.iterdir())
        return
    assert (moving.animator, moving.licence, moving.cost_usd) == (
        animator.name,
        animator.licence,
        animator.price_usd(shot),
    )
    assert list(to.iterdir()) == [moving.file]
    with moving.file.open("rb") as film:
        (stream,) = read_packets(film, "mov", place=tmp_path)
    assert stream.codec == "h264"


@pytest.mark.parametrize("name", backends.names("singer"))
def test_a_singer_leaves_a_sound_file(name: str, vendors: Vendors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(orchestra, "SHORTEST_S", 5.0)  # no more work than it takes
    monkeypatch.setattr(orchestra, "LONGEST_S", 10.0)
    singer = backends.singer(name, vendors)
    told: list[str] = []
    song = singer.sing(
        Treatment(lyrics="The sea is calm tonight", wish="fast folk, 180 bpm"),
        to=tmp_path,
        report=lambda stage, *_: told.append(stage),
    )
    assert set(told) == {"track"}
    assert singer.licence
    assert list(tmp_path.iterdir()) == [song]
    assert soundfile.info(song).duration >= 1


@pytest.mark.parametrize("name", backends.names("aligner"))
def test_an_aligner_keeps_lines_and_times_and_puts_the_rest_between(name: str, tmp_path: Path):
    if name == "sphinx":
        pytest.importorskip("pocketsphinx", reason="the extra 'align' is not installed")
    chart = a_chart(tempo=180.0, form=(("intro", 4), ("verse", 8), ("chorus", 4)))
    track = a_track(write_song(tmp_path / "song.wav", chart.duration, [(6.0, 13.0), (16.0, 20.0)]))
    lyrics = read_lyrics(
        "[00:06.125]a day (so long)\n[99:99]goes by\n[00:16.5]<00:16.5>then <00:17.25>night<00:18>\n🎉"
    )
    lines = backends.aligner(name).align(lyrics, chart, track)
    assert backends.aligner(name).align(lyrics, chart, track) == lines, "the same song is timed the same way"
    assert [line.text for line in lines] == ["a day (so long)", "goes by", "then night", "🎉"]
    assert (lines[0].start, lines[2].start) == (6.125, 16.5)
    assert [(word.start, word.end) for word in lines[2].words] == [(16.5, 17.25), (17.25, 18.0)]
    assert [word.text for word in lines[0].words] == ["a", "day", "so", "long"]
    assert [line.start for line in lines] == sorted(line.start for line in lines)
    assert all(0 <= line.start < line.end <= chart.duration for line in lines)
    assert lines[3].words == ()


def test_the_extra_of_an_aligner_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    monkeypatch.delitem(sys.modules, "pipeline.aligners.sphinx", raising=False)
    with pytest.raises(Unavailable, match="'pocketsphinx'") as refusal:
        backends.aligner("sphinx")
    assert "pip install '.[align]'" in refusal.value.hint


@pytest.mark.parametrize("name", backends.names("director"))
def test_a_director_fills_every_picture_and_keeps_the_cuts(name: str):
    chart = a_chart()
    bare = break_down(chart, sung(chart), Treatment(wish="a fox in the snow"))
    with FakeOpenAI() as vendor:
        director = backends.director(name, Vendors(openai_key=KEY, openai_url=vendor.url))
        board = director.direct(bare)
        assert director.direct(bare) == board, "the same board is directed the same way"
    assert board.notes == ()
    assert board.style.look
    assert len(board.style.palette) == 5
    assert all(
        picture.prompt and picture.prompt.lower().endswith(f"{board.style.look.lower()}.") for picture in board.pictures
    )
    assert [picture.name for picture in board.pictures] == [picture.name for picture in bare.pictures]
    assert all(shot.action for shot in board.shots)
    for before, after in zip(bare.shots, board.shots, strict=True):
        assert replace(after, move=before.move, strength=before.strength, action=before.action) == before
    assert Storyboard.from_json(board.to_json()) == board


@pytest.mark.parametrize(
    ("kind", "name"), [("illustrator", "flux"), ("animator", "kling"), ("singer", "suno"), ("director", "openai")]
)
def test_a_vendor_that_is_not_set_up_says_so_at_once(kind: str, name: str):
    with pytest.raises(Unavailable) as refusal:
        getattr(backends, kind)(name)
    assert "settings" in refusal.value.hint


def test_an_unknown_name_lists_the_known():
    with pytest.raises(Refused, match="no writer named 'monkey'") as refusal:
        backends.writer("monkey")
    assert "rules" in refusal.value.hint


@pytest.mark.parametrize("name", ["../score", "os", "", "measured.x", "__init__"])
def test_a_name_is_never_a_way_to_other_modules(name: str):
    with pytest.raises(Refused):
        backends.composer(name)


def test_a_missing_package_names_the_cure(monkeypatch: pytest.MonkeyPatch):
    def without(name: str, *_: object) -> object:
        raise ModuleNotFoundError(f"No module named {name!r}", name="torch")

    monkeypatch.setattr(backends, "names", lambda kind: ["musicgen"])
    monkeypatch.setattr(backends.importlib, "import_module", without)
    with pytest.raises(Unavailable, match="'torch'") as refusal:
        backends.composer("musicgen")
    assert "pip install '.[musicgen]'" in refusal.value.hint
