"""The child program: what it says, what it leaves, and that it may be killed at any moment."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from jobs.job import OUTCOME, PROGRESS, Outcome, Request
from jobs.performance import (
    SHOT,
    TAKE,
    VIDEO,
    Meter,
    Task,
    Wire,
    _alone_in,
    _as_user_error,
    _perform,
    _told,
    _unpacked,
    draw_thumbnail,
)
from pipeline import backends, musicvideo
from pipeline.errors import Unavailable, Undecided
from pipeline.film import packet_hashes
from pipeline.pictures import Painting
from pipeline.score import KEPT_SOUND, STAGES
from pipeline.storyboard import Storyboard, Treatment
from tests.drumbeats import make_song
from tests.media import ffmpeg, make_clip

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-m", "jobs.performance"]
PATIENCE_S = 60

#: a child that loads nothing and, given a job, does what the next argument says
LIGHT = (
    sys.executable,
    "-c",
    "import os, sys, jobs.performance as child; child._load = lambda: None; "
    "child._perform = lambda task, meter: exec(sys.argv[1]); child.main()",
)


#: a child that loads what it needs when it needs it: enough where it does not come far
LAZY = (sys.executable, "-c", "import jobs.performance as child; child._load = lambda: None; child.main()")


class Child:
    """A child as a worker holds it."""

    def __init__(self, stderr: Path, command: list[str] = COMMAND) -> None:
        self.lines: list[dict[str, Any]] = []
        self._stderr = stderr
        with stderr.open("wb") as errors:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
            )
        self._rest = b""

    def give(self, folder: Path, **request: object) -> None:
        assert self.process.stdin
        self.process.stdin.write(
            json.dumps({"job": "abcdefghijkm", "folder": str(folder), "request": request}).encode() + b"\n"
        )
        self.process.stdin.close()

    def hear(self) -> dict[str, Any] | None:
        """Return the next line, None at the end."""
        assert self.process.stdout
        out = self.process.stdout.fileno()
        while b"\n" not in self._rest:
            assert select.select([out], [], [], PATIENCE_S)[0], self.said
            if not (some := os.read(out, 65536)):
                assert not self._rest
                return None
            self._rest += some
        line, _, self._rest = self._rest.partition(b"\n")
        self.lines.append(json.loads(line))
        return self.lines[-1]

    def hear_stage(self, stage: str, take: int = 1) -> None:
        while line := self.hear():
            if line.get("progress", {}).get("stage") == stage and line["progress"]["take"] == take:
                return
        pytest.fail(f"it never came to {stage}: {self.lines} {self.said}")

    def finish(self) -> Outcome:
        while self.hear():
            pass
        assert self.process.wait(PATIENCE_S) == 0, self.said
        return OUTCOME.validate_python(self.lines[-1]["outcome"])

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    @property
    def said(self) -> str:
        return self._stderr.read_text(errors="replace")

    @property
    def stages(self) -> list[str]:
        return list(dict.fromkeys(line["progress"]["stage"] for line in self.lines if "progress" in line))


class Tape(Wire):
    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def say(self, **line: Any) -> None:
        self.lines.append(line)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Child]]:
    children: list[Child] = []

    def begin(*command: str) -> Child:
        children.append(Child(tmp_path / f"stderr-{len(children)}", list(command) or COMMAND))
        return children[-1]

    yield begin
    for child in children:
        child.kill()
        assert child.process.stdout
        child.process.stdout.close()
        if child.process.stdin and not child.process.stdin.closed:
            child.process.stdin.close()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", shots=("navy", "orange"), shot_s=1.0, size="90x160")


@pytest.fixture(scope="module")
def noisy(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("noisy") / "noisy.mp4"
    ffmpeg("-i", clip, "-f", "lavfi", "-i", "sine=3000:d=2", "-c:v", "copy", "-c:a", "aac", "-shortest", path)
    return path


def lay_out(clip: Path, folder: Path) -> Path:
    """Make the folder of a job as a worker does."""
    folder.mkdir()
    (folder / "upload").write_bytes(clip.read_bytes())
    return folder


@pytest.fixture(scope="module")
def straight(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Child, Outcome, Path]:
    """Two takes in one go, by a child that was disturbed by nobody."""
    place = tmp_path_factory.mktemp("straight")
    child = Child(place / "stderr")
    child.give(lay_out(clip, place / "job"), takes=2)
    outcome = child.finish()
    assert child.process.stdout
    child.process.stdout.close()
    return child, outcome, place / "job"


def test_the_lines_tell_the_story(straight: tuple[Child, Outcome, Path]) -> None:
    child, outcome, _ = straight
    assert child.lines[0] == {"ready": True}
    steps = [PROGRESS.validate_python(line["progress"]) for line in child.lines[1:-1]]
    assert list(dict.fromkeys((step.stage, step.take) for step in steps)) == [
        *((stage, 1) for stage in STAGES),
        *((stage, 2) for stage in ("music", "mix", "film")),
    ]
    shares = [step.share for step in steps]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert 0.9 < shares[-1] < 1
    assert {line["clip_s"] for line in child.lines[2:-1]} == {2.0}
    assert child.lines[-1]["again_s"] is None
    assert outcome.kind == "films"


def test_everything_that_is_delivered_is_there(straight: tuple[Child, Outcome, Path], clip: Path) -> None:
    _, outcome, folder = straight
    assert [film.film for film in outcome.films] == ["film.mp4", "film-take-2.mp4"]
    for number, film in enumerate(outcome.films):
        assert packet_hashes(folder / film.film) == packet_hashes(clip)
        assert (film.width, film.height, film.seconds, film.copied) == (90, 160, 2.0, True)
        assert film.bytes == (folder / film.film).stat().st_size
        assert film.seed == 1 + number
        assert film.cuts == 1
        assert film.cues
        assert json.loads((folder / film.sheet).read_text())["seed"] == film.seed
        song = open_song(folder / film.song)
        assert song == pytest.approx(2.0, abs=0.05)
        with zipfile.ZipFile(folder / film.stems) as archive:
            assert archive.testzip() is None
            assert len(archive.namelist()) >= 3
        assert film.midi is not None
        assert (folder / film.midi).read_bytes().startswith(b"MThd")
        assert (folder / film.music).read_bytes().startswith(b"RIFF")
    assert len({film.song for film in outcome.films}) == 2
    thumbnail = (folder / outcome.films[0].thumbnail).read_bytes()
    assert cv2.imdecode(np.frombuffer(thumbnail, np.uint8), cv2.IMREAD_COLOR).shape == (320, 180, 3)
    assert len(thumbnail) < 200_000
    assert not list(folder.rglob("*.part"))
    assert not list(folder.rglob(".bench-*"))


def open_song(path: Path) -> float:
    """Return the seconds of an M4A, by its packets."""
    from pipeline.door.ffmpeg import bench
    from pipeline.door.slate import read_packets

    with bench(path.parent) as place, path.open("rb") as song:
        (sound,) = read_packets(song, "mov", place=place)
    start, end = sound.span
    return float(end - start)


@pytest.mark.parametrize(
    ("stage", "take", "spared"),
    [
        ("scenes", 1, set()),
        ("music", 1, {"scenes"}),
        ("mix", 2, {"scenes"}),
    ],
)
def test_killed_anywhere_it_goes_on_from_there(
    stage: str,
    take: int,
    spared: set[str],
    clip: Path,
    straight: tuple[Child, Outcome, Path],
    start: Callable[..., Child],
    tmp_path: Path,
) -> None:
    folder = lay_out(clip, tmp_path / "job")
    child = start(*LAZY)
    child.give(folder, takes=2)
    child.hear_stage(stage, take)
    child.kill()
    finished = [folder / "film.mp4"] if take == 2 else []
    stamps = [(path.stat().st_ino, path.stat().st_mtime_ns) for path in finished]
    heir = start()
    heir.give(folder, takes=2)
    outcome = heir.finish()
    assert not spared & set(heir.stages)
    assert [(path.stat().st_ino, path.stat().st_mtime_ns) for path in finished] == stamps
    _, undisturbed, other = straight
    assert outcome == undisturbed
    for film in outcome.films:
        for name in (film.film, film.song, film.music, film.midi, film.sheet, film.thumbnail):
            assert (folder / str(name)).read_bytes() == (other / str(name)).read_bytes(), name
        with zipfile.ZipFile(folder / film.stems) as ours, zipfile.ZipFile(other / film.stems) as theirs:
            assert {one.filename: one.CRC for one in ours.infolist()} == {
                one.filename: one.CRC for one in theirs.infolist()
            }
    assert not list(folder.rglob("*.part"))
    assert not list(folder.rglob(".bench-*"))


def test_own_sound_is_a_question_and_its_answer_needs_no_second_decode(
    noisy: Path, start: Callable[..., Child], tmp_path: Path
) -> None:
    folder = lay_out(noisy, tmp_path / "job")
    asking, answered = start(*LAZY), start()
    asking.give(folder, sound="ask")
    question = asking.finish()
    assert (question.kind, question.code) == ("question", "undecided")
    assert question.sentence
    assert question.hint
    answered.give(folder, sound="keep")
    made = answered.finish()
    assert made.kind == "films"
    assert KEPT_SOUND not in made.films[0].notes  # somebody has just asked for that: no news, and no advice
    assert "scenes" not in answered.stages


def test_with_silent_only_a_clip_with_sound_is_passed_over() -> None:
    assert _told(Undecided("It has sound."), "silent").kind == "nothing"
    assert _told(Undecided("It has sound."), "ask").kind == "question"


def test_a_file_that_is_no_clip_gets_a_sentence(start: Callable[..., Child], tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "upload").write_bytes(b"hello")
    child = start(*LAZY)
    child.give(tmp_path / "job")
    outcome = child.finish()
    assert (outcome.kind, outcome.code) == ("sentence", "bad_media")
    assert outcome.hint
    assert child.lines[-1]["again_s"] is None


def test_a_film_that_cannot_fit_is_made_without_a_limit(clip: Path, tmp_path: Path) -> None:
    task = Task("abcdefghijkm", lay_out(clip, tmp_path / "job"), Request(target="discord", most_bytes=20_000))
    (film,) = _perform(task, Meter(Tape(), SHOT, TAKE)).films
    assert film.bytes > 20_000
    assert film.copied


def test_sigterm_stops_it_and_leaves_what_is_finished(clip: Path, start: Callable[..., Child], tmp_path: Path) -> None:
    folder = lay_out(clip, tmp_path / "job")
    child = start()
    child.give(folder)
    child.hear_stage("music")
    child.process.terminate()
    child.process.send_signal(signal.SIGTERM)  # a second one does not disturb
    outcome = child.finish()
    assert (outcome.kind, outcome.code) == ("sentence", "cancelled")
    assert (folder / ".checkpoints" / "clip.json").exists()


@pytest.mark.parametrize("end", ["eof", "torn", "sigterm"])
def test_a_spare_that_gets_no_job_ends_quietly(end: str, start: Callable[..., Child]) -> None:
    child = start(*LIGHT, "pass")
    assert child.hear() == {"ready": True}
    assert child.process.stdin
    if end == "torn":
        child.process.stdin.write(b'{"job": "abc')
    if end == "sigterm":
        child.process.terminate()
    else:
        child.process.stdin.close()
    assert child.hear() is None
    assert child.process.wait(PATIENCE_S) == 0
    assert child.said == ""


@pytest.mark.parametrize(
    ("error", "code", "again"),
    [
        (MemoryError(), "over_limit", False),
        (OSError(28, "No space left on device"), "unavailable", True),
        (KeyboardInterrupt(), "cancelled", False),
        (Unavailable("Down.", retry_after=7), "unavailable", True),
    ],
)
def test_what_goes_wrong_becomes_a_sentence(error: BaseException, code: str, again: bool) -> None:
    shown = _as_user_error(error)
    outcome = _told(shown, "ask")
    assert (outcome.kind, outcome.code) == ("sentence", code)
    assert outcome.sentence.endswith(".")
    assert bool(getattr(shown, "retry_after", None)) is again


@pytest.mark.parametrize("bug", [KeyError("no"), OSError(5, "Input/output error"), FileNotFoundError(2, "no")])
def test_a_bug_stays_one(bug: Exception) -> None:
    with pytest.raises(type(bug)):
        _as_user_error(bug)


def test_a_bug_is_a_traceback_and_no_outcome_and_prints_break_nothing(
    start: Callable[..., Child], tmp_path: Path
) -> None:
    child = start(*LIGHT, "print('stray'); os.write(1, b'x'); 1 / 0")
    child.give(tmp_path)
    assert child.hear() == {"ready": True}
    assert child.hear() is None
    assert child.process.wait(PATIENCE_S) == 1
    assert "ZeroDivisionError" in child.said
    assert "stray" in child.said


def test_two_never_work_in_one_folder(
    clip: Path, start: Callable[..., Child], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.performance.FOLDER_BUSY_S", 0.2)
    folder = lay_out(clip, tmp_path / "job")
    with _alone_in(folder):
        with pytest.raises(Unavailable) as busy, _alone_in(folder):
            pass
        assert busy.value.retry_after
    with _alone_in(folder):
        pass


def test_progress_is_told_five_times_a_second_at_most() -> None:
    tape, began = Tape(), time.monotonic()
    meter = Meter(tape, SHOT, TAKE)
    while time.monotonic() - began < 0.5:
        meter("scenes", time.monotonic() - began, 0.5)
    assert 3 <= len(tape.lines) <= 4


def test_takes_that_were_there_already_count(tmp_path: Path) -> None:
    tape = Tape()
    meter = Meter(tape, SHOT, TAKE, 3)
    for stage in ("clip", "cues", "film", "film", "music"):
        meter(stage, 1, 1)
    assert [(line["progress"]["stage"], line["progress"]["take"]) for line in tape.lines] == [
        ("clip", 1), ("cues", 1), ("film", 1), ("film", 2), ("music", 3),
    ]  # fmt: skip
    assert tape.lines[-1]["progress"]["share"] > 0.75


@pytest.mark.parametrize("shape", [(1920, 1080), (90, 160), (1080, 1080), (4000, 100)])
def test_thumbnails_are_small_and_show_no_darkness(shape: tuple[int, int], tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (720, 1280, 3), np.uint8)
    stills = [tmp_path / "0.jpg", tmp_path / "1.jpg"]
    for path, picture in zip(stills, (np.zeros_like(noise), noise), strict=True):
        path.write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())
    draw_thumbnail(stills, tmp_path / "thumbnail.jpg", shape=shape)
    jpeg = (tmp_path / "thumbnail.jpg").read_bytes()
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert max(picture.shape) == 320
    assert len(jpeg) < 200_000
    assert picture.max() > 100


def test_a_clip_without_stills_has_a_thumbnail_too(tmp_path: Path) -> None:
    draw_thumbnail([], tmp_path / "thumbnail.jpg", shape=(160, 90))
    assert (tmp_path / "thumbnail.jpg").stat().st_size


def test_names_never_leave_the_folder(straight: tuple[Child, Outcome, Path]) -> None:
    _, outcome, folder = straight
    for film in outcome.films:
        for name in (film.film, film.thumbnail, film.music, film.song, film.stems, str(film.midi), film.sheet):
            assert (folder / name).resolve().is_relative_to(folder.resolve())
            assert (folder / name).is_file()


# ---- music videos ----


LRC = "[00:00.50]Walking home tonight\n[00:02.00]neon in the rain\n[00:03.50]calling out"
WANTED = Treatment(wish="neon city in the rain", lyrics=LRC, frame_rate=24, shape="1:1", pace="quick")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(musicvideo, "SIDE", 96)
    monkeypatch.setattr(musicvideo, "SKETCH_SIDE", 48)


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("song")
    ffmpeg("-i", make_song(folder / "song.wav", seconds=5.0), "-c:a", "libmp3lame", folder / "song.mp3")
    return folder / "song.mp3"


def lay_beside(song: Path, folder: Path, **beside: bytes) -> Path:
    """Make the folder of a video's job: the track, and what came with it."""
    lay_out(song, folder)
    for name, content in beside.items():
        (folder / name).write_bytes(content)
    return folder


def perform(folder: Path, **request: Any) -> tuple[Outcome, Tape]:
    tape, task = Tape(), Task("abcdefghijkm", folder, Request(**request))
    outcome = _perform(task, Meter(tape, VIDEO, {}))
    assert OUTCOME.validate_python(OUTCOME.dump_python(outcome, mode="json")) == outcome
    return outcome, tape


def stages(tape: Tape) -> list[str]:
    shares = [line["progress"]["share"] for line in tape.lines]
    assert shares == sorted(shares)
    return list(dict.fromkeys(line["progress"]["stage"] for line in tape.lines))


@pytest.mark.usefixtures("small")
def test_a_preview_comes_first_and_nothing_is_planned_twice(song: Path, tmp_path: Path) -> None:
    folder = lay_out(song, tmp_path / "job")
    question, _ = perform(folder, treatment=WANTED, go=False)
    assert (question.kind, question.code) == ("question", "preview")
    assert question.preview
    assert (question.preview.usd, question.preview.facts.lines, question.preview.facts.timed) == (0.0, 3, True)
    assert cv2.imdecode(np.fromfile(folder / question.preview.contact, np.uint8), cv2.IMREAD_COLOR) is not None
    assert not (folder / "film.mp4").exists()
    outcome, tape = perform(folder, treatment=WANTED)
    assert "sections" not in stages(tape)
    (film,) = outcome.films
    assert film.facts == question.preview.facts
    for name in (film.film, film.thumbnail, film.sheet, film.certificate, film.contact):
        assert (folder / str(name)).stat().st_size > 0
    assert (film.music, film.song, film.stems, film.pictures) == (None, None, None, None)
    assert (film.width, film.height, film.copied) == (96, 96, True)
    assert film.bytes == (folder / film.film).stat().st_size
    assert abs(film.seconds - film.facts.seconds) < 1 / 24 if film.facts else False


@pytest.mark.usefixtures("small")
def test_what_lies_beside_the_track_is_shown(song: Path, tmp_path: Path) -> None:
    red = cv2.imencode(".png", np.full((48, 64, 3), (0, 0, 250), np.uint8))[1].tobytes()
    folder = lay_beside(song, tmp_path / "job", visual=red)
    question, _ = perform(folder, treatment=replace(WANTED, lyrics=""), beside=("visual",), go=False)
    outcome, _ = perform(folder, treatment=replace(WANTED, lyrics=""), beside=("visual",))
    assert question.preview
    (film,) = outcome.films
    assert (film.width, film.height) == (64, 48)  # its own shape
    thumbnail = cv2.imdecode(np.fromfile(folder / film.thumbnail, np.uint8), cv2.IMREAD_COLOR)
    assert thumbnail[100:150, 100:150].mean(axis=(0, 1)) == pytest.approx((0, 0, 250), abs=8)


@pytest.mark.usefixtures("small")
def test_an_edited_storyboard_is_played(song: Path, tmp_path: Path) -> None:
    perform(lay_out(song, tmp_path / "a"), treatment=WANTED, go=False)
    board = Storyboard.from_json((tmp_path / "a" / "storyboard.json").read_bytes())
    edited = replace(board, title="Edited").to_json().encode()
    folder = lay_beside(song, tmp_path / "b", storyboard=edited)
    question, tape = perform(folder, treatment=WANTED, beside=("storyboard",), go=False)
    assert question.preview
    assert question.preview.facts.title == "Edited"
    assert "sections" not in stages(tape)


class Dear:
    """An illustrator that is paid, and counts."""

    name, licence, price_usd, seconds, at_once = "dear", "theirs", 0.5, 1.0, 1

    def __init__(self) -> None:
        self.drawn: list[str] = []
        self._hand = backends.illustrator("painted")

    def draw(self, picture: Any, style: Any, *, size: Any, to: Path, report: Any) -> Painting:
        self.drawn.append(picture.name)
        painted = self._hand.draw(picture, style, size=size, to=to, report=report)
        return replace(painted, illustrator=self.name, licence=self.licence, cost_usd=self.price_usd)


@pytest.mark.usefixtures("small")
def test_bought_pictures_come_back_in_an_archive(song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hired, real = [Dear()], backends.illustrator
    choose = lambda name="painted", vendors=None: hired[-1] if name == "dear" else real(name, vendors)  # noqa: E731
    monkeypatch.setattr(backends, "illustrator", choose)
    crew = backends.Crew(illustrator="dear")
    first, _ = perform(lay_out(song, tmp_path / "a"), treatment=WANTED, crew=crew)
    (film,) = first.films
    assert film.pictures
    assert hired[0].drawn
    assert film.usd == pytest.approx(0.5 * len(hired[0].drawn))
    board, archive = (tmp_path / "a" / film.sheet).read_bytes(), (tmp_path / "a" / film.pictures).read_bytes()
    folder = lay_beside(song, tmp_path / "b", storyboard=board, pictures=archive)
    hired.append(Dear())
    name = hired[0].drawn[0]
    wanted = replace(WANTED, titles="pop", redraws={name: 1})
    second, _ = perform(folder, treatment=wanted, crew=crew, beside=("storyboard", "pictures"))
    assert hired[1].drawn == [name]
    assert second.films[0].usd == pytest.approx(0.5)
    again, _ = perform(folder, treatment=wanted, crew=crew, beside=("storyboard", "pictures"))  # as after a crash
    assert again == second
    assert hired[1].drawn == [name]


def test_an_archive_never_leaves_its_folder(tmp_path: Path) -> None:
    hostile = {
        "portfolio.json": b"{}",
        "pictures/p01/picture.png": b"good",
        "motion/p01/film.mp4": b"good",
        "../../up.png": b"bad",
        "/etc/absolute.png": b"bad",
        "pictures/../../up.png": b"bad",
        "pictures/p01/" + "x" * 300: b"bad",
        "pictures/p01/picture.png/inside.png": b"bad",
        "pictures\\p01\\back.png": b"bad",
        "pictures/p01/.hidden": b"bad",
        "C:/drive.png": b"bad",
    }
    (tmp_path / "job").mkdir()
    with zipfile.ZipFile(tmp_path / "job" / "pictures", "w") as archive:
        for name, content in hostile.items():
            archive.writestr(name, content)
        link = zipfile.ZipInfo("pictures/p01/link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    folder = _unpacked(tmp_path / "job" / "pictures")
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    assert files == {"portfolio.json", "pictures/p01/picture.png", "motion/p01/film.mp4", "pictures/p01/link.png"}
    assert not (folder / "pictures/p01/link.png").is_symlink()
    assert {path.name for path in tmp_path.iterdir()} == {"job"}
    assert not (tmp_path / "job" / "pictures").exists()  # the film's own pictures lie there
    (tmp_path / "job" / "pictures").mkdir()
    assert _unpacked(tmp_path / "job" / "pictures") == folder  # the next attempt


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04torn", b"no archive at all"])
def test_an_archive_that_is_torn_holds_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pictures").write_bytes(content)
    assert list(_unpacked(tmp_path / "pictures").iterdir()) == []


def test_an_archive_that_unpacks_to_too_much_holds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.performance.UNPACKED_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "pictures", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pictures/p01/picture.png", bytes(100_000))
    assert list(_unpacked(tmp_path / "pictures").iterdir()) == []


@pytest.mark.usefixtures("small")
def test_a_video_that_cannot_fit_is_made_without_a_limit(song: Path, tmp_path: Path) -> None:
    folder = lay_out(song, tmp_path / "job")
    outcome, _ = perform(folder, treatment=replace(WANTED, lyrics=""), target="discord", most_bytes=20_000)
    assert outcome.films[0].bytes > 20_000
    assert (folder / ".any-size").exists()


SMALL = (
    sys.executable,
    "-c",
    "import pipeline.musicvideo as video; video.SIDE, video.SKETCH_SIDE = 96, 48; "
    "import jobs.performance as child; child.main()",
)


KILLED = {"wish": "neon city", "lyrics": LRC, "frame_rate": 24, "shape": "1:1", "pace": "quick"}


@pytest.fixture(scope="module")
def undisturbed(song: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Path]:
    """A video in one go."""
    place = tmp_path_factory.mktemp("undisturbed")
    child = Child(place / "stderr", list(SMALL))
    child.give(lay_out(song, place / "job"), treatment=KILLED)
    outcome = child.finish()
    assert child.process.stdout
    child.process.stdout.close()
    return outcome, place / "job"


@pytest.mark.parametrize("stage", ["pictures", "edit"])
def test_a_video_that_was_killed_is_gone_on_with(
    stage: str, song: Path, undisturbed: tuple[Outcome, Path], start: Callable[..., Child], tmp_path: Path
) -> None:
    folder = lay_out(song, tmp_path / "job")
    child, heir = start(*SMALL), start(*SMALL)
    child.give(folder, treatment=KILLED)
    child.hear_stage(stage)
    child.kill()
    heir.give(folder, treatment=KILLED)
    outcome, straight = undisturbed
    assert heir.finish() == outcome
    assert (folder / "film.mp4").read_bytes() == (straight / "film.mp4").read_bytes()
    files, others = ({path.relative_to(job) for path in job.rglob("*")} for job in (folder, straight))
    assert files == others


def test_a_video_of_no_track_gets_a_sentence(start: Callable[..., Child], tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "upload").write_bytes(b"hello, this is no music at all")
    child = start(*LAZY)
    child.give(tmp_path / "job", treatment={"wish": "sea"})
    outcome = child.finish()
    assert (outcome.kind, outcome.code) == ("sentence", "bad_media")
    assert outcome.hint
