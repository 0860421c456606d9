"""`reelscore video`: what is asked for, what is made of it, what it costs, and what is left when it goes wrong."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from bot import cli, cli_video
from bot.cli_video import read_given, read_treatment
from bot.exits import ASKED_TO_CHANGE, STOPPED
from bot.places import VIDEO
from bot.text import terminal as text
from jobs.settings import PREFIX
from pipeline import musicvideo
from pipeline.backends import Crew
from pipeline.door import targets
from pipeline.errors import OverLimit, Refused
from pipeline.film import picture_size
from pipeline.singers import suno
from pipeline.storyboard import SHAPES, SHIFT_MOST_S, TITLES, Loop, Pace, Storyboard, Treatment
from tests.drumbeats import make_song
from tests.fake_replicate import TOKEN, FakeReplicate
from tests.fake_suno import FakeSuno
from tests.loopback import Answer

ROOT = Path(__file__).resolve().parents[1]
LRC = "[00:00.50]Walking home tonight\n[00:02.00]neon in the rain\n"
SMALL = ("--fps", "24", "--shape", "1:1", "--pace", "quick")


def ask(*arguments: str | Path, answer: str | None = None) -> Result:
    """Run the command inside this process."""
    return CliRunner().invoke(cli.app, ["video", *map(str, arguments)], input=answer)


def reelscore(*arguments: str | Path, folder: Path, **more: Any) -> subprocess.Popen[str]:
    """Start the command as a person does, in a folder."""
    here = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "bot.cli", "video", *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=here, stdout=pipe, stderr=pipe, text=True, **more)


def shrink(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(musicvideo, "SIDE", 120)
    patch.setattr(musicvideo, "SKETCH_SIDE", 60)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "REPLICATE_API_TOKEN", *(name for name in os.environ if name.startswith(PREFIX))):
        monkeypatch.delenv(name, raising=False)
    shrink(monkeypatch)


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_song(tmp_path_factory.mktemp("song") / "song.wav", seconds=6.0)


@pytest.fixture
def here(song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a track and its lyrics, in which the command is run."""
    shutil.copy(song, tmp_path)
    (tmp_path / "song.lrc").write_text(LRC)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def made(song: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a music video was made."""
    folder = tmp_path_factory.mktemp("made")
    shutil.copy(song, folder)
    (folder / "song.lrc").write_text(LRC)
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        patch.chdir(folder)
        done = ask(
            "song.wav", "a neon city", "in the rain", "--lyrics", "song.lrc", *SMALL, "--shift", "-0.25", "--json"
        )
    assert done.exit_code == 0, done.output
    (folder / "told.json").write_text(done.stdout)
    return folder


def copied(made: Path, to: Path) -> Path:
    """Copy the folder of a film that was made to where it may be changed."""
    shutil.copytree(made / "song-video.reelscore", to / "song-video.reelscore")
    return to / "song-video.reelscore" / "storyboard.json"


def pixels(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.png"))}


# ---- from end to end ----


def test_a_track_and_its_lyrics_become_a_film_beside_it(made: Path) -> None:
    told = json.loads((made / "told.json").read_text())["video"]
    assert (told["film"], told["folder"]) == ("song-video.mp4", "song-video.reelscore")
    assert {path.name for path in made.iterdir()} - {"told.json"} == {
        "song.wav", "song.lrc", "song-video.mp4", "song-video.reelscore",
    }  # fmt: skip
    assert told["certificate"]["film_s"] == pytest.approx(6.0, abs=1 / 24)
    assert picture_size(made / told["film"]) == (120, 120)
    assert (made / told["contact"]).is_file()
    board = Storyboard.from_json((made / "song-video.reelscore" / "storyboard.json").read_bytes())
    assert json.loads(board.to_json()) == told["storyboard"]
    assert [line.start for line in board.lines] == [0.25, 1.75], "a shift with a minus comes earlier"
    wanted = board.treatment
    assert (wanted.wish, wanted.lyrics, wanted.frame_rate) == ("a neon city in the rain", LRC, 24)
    assert {path.name for path in (made / "song-video.reelscore").iterdir()} <= VIDEO.papers | {".checkpoints"}


def test_one_shot_is_drawn_anew_and_no_other_and_what_is_said_stands_above(made: Path, here: Path) -> None:
    before = copied(made, here).parent
    (here / "song-video.mp4").touch()
    board = Storyboard.from_json((before / "storyboard.json").read_bytes())
    assert len(board.pictures) > 1
    again = ask("song.wav", "--edit", before / "storyboard.json", "--redraw", "2", "--titles", "none")
    assert again.exit_code == 0, again.output
    after = here / "song-video-2.reelscore"
    old, new = pixels(before / "pictures"), pixels(after / "pictures")
    anew = {name.split("/")[0] for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    assert anew == {board.shots[1].picture}
    played = Storyboard.from_json((after / "storyboard.json").read_bytes()).treatment
    assert (played.titles, played.shape, played.shift, played.pace) == ("none", "1:1", -0.25, "quick")
    said = again.stdout.splitlines()
    assert said[0].startswith("Heard   0:06, ")
    assert any(line.startswith("Shot") for line in said)
    assert any("Cuts on a beat" in line for line in said)
    assert any(line.split() == ["Cost", "nothing"] for line in said)
    assert f"{text.FILM:<8}song-video-2.mp4" in said
    assert said[-2] == f"{text.AGAIN} reelscore video song.wav --edit song-video-2.reelscore/storyboard.json"
    titles = [line.removesuffix(" ...") for line in again.stderr.splitlines() if line.endswith(" ...")]
    assert titles[:1] + titles[-1:] == [text.VIDEO_STAGES["track"], text.VIDEO_STAGES["edit"]]


def test_a_preview_costs_nothing_and_is_gone_on_from_in_its_place(here: Path) -> None:
    planned = ask("song.wav", "--lyrics", "song.lrc", *SMALL, "--preview")
    assert planned.exit_code == 0, planned.output
    assert not (here / "song-video.mp4").exists()
    said = planned.stdout.splitlines()
    assert f"{text.PRICE:<8}nothing; takes about 10 s" in said
    assert f"{text.CONTACT:<8}song-video.reelscore/contact.jpg" in said
    assert said[-1] == f"{text.AGAIN_FROM} reelscore video song.wav --edit song-video.reelscore/storyboard.json"
    (here / "song-video.reelscore" / "my notes.txt").write_text("mine")
    plan = here / "song-video.reelscore" / "storyboard.json"
    plan.write_text(plan.read_text().replace("neon in the rain", "neon in the snow"))
    filmed = ask("song.wav", "--edit", plan.relative_to(here), "-q")
    assert filmed.stdout == "song-video.mp4\n", filmed.output
    assert {path.name for path in here.iterdir()} == {"song.wav", "song.lrc", "song-video.mp4", "song-video.reelscore"}
    assert (here / "song-video.reelscore" / "my notes.txt").read_text() == "mine"
    assert "neon in the snow" in plan.read_text()


def test_a_picture_of_ones_own_is_looped_in_its_own_shape_and_again_from_its_storyboard(here: Path) -> None:
    rng = np.random.default_rng(1)
    (here / "cover.png").write_bytes(cv2.imencode(".png", rng.integers(0, 255, (100, 160, 3), np.uint8))[1].tobytes())
    looped = ask("song.wav", "--visual", "cover.png", "--crop", "20", "--fps", "24")
    assert looped.exit_code == 0, looped.output
    assert picture_size(here / "song-video.mp4") == (160, 80)
    board = "song-video.reelscore/storyboard.json"
    assert looped.stdout.splitlines()[-1].endswith(f"reelscore video song.wav --edit {board} --visual cover.png")
    without = ask("song.wav", "--edit", board)
    assert (without.exit_code, without.stderr.splitlines()[-2:]) == (2, [text.SUPPLIED, text.SUPPLIED_HINT])


def test_a_song_is_made_where_there_is_no_track_and_kept_for_the_next_film(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suno, "POLL_S", (0.01, 0.01))
    with FakeSuno() as server:
        server.sound = Answer((here / "song.wav").read_bytes())
        monkeypatch.setenv("REELSCORE_SUNO_URL", server.url)
        asked = ask("--song", "warm and", "hopeful", "--lyrics", "song.lrc", "--singer", "suno", *SMALL, "--preview")
        assert asked.exit_code == 0, asked.output
        assert server.orders[0]["tags"] == "warm and hopeful"
        assert asked.stdout.splitlines()[-1].endswith("reelscore video --edit song-video.reelscore/storyboard.json")
        film = ask("--edit", "song-video.reelscore/storyboard.json", "-q")
        assert film.stdout == "song-video.mp4\n", film.output
        assert len(server.orders) == 1
    assert (here / "song-video.reelscore" / "song" / "song.mp3").is_file()


# ---- money ----


@pytest.fixture
def replicate(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeReplicate]:
    with FakeReplicate() as server:
        server.steps = ["succeeded"]
        monkeypatch.setenv("REPLICATE_API_TOKEN", TOKEN)
        monkeypatch.setenv("REPLICATE_BASE_URL", server.url)
        yield server


def test_money_is_told_before_it_is_spent_and_a_picture_is_bought_once(
    here: Path, replicate: FakeReplicate, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = sorted(os.listdir())
    bought = ("song.wav", "--lyrics", "song.lrc", *SMALL, "--illustrator", "flux:dev")
    alone = ask(*bought)
    assert alone.exit_code == ASKED_TO_CHANGE
    sentence, hint = alone.stderr.splitlines()[-2:]
    assert "nobody is here to say yes" in sentence
    assert "$0." in sentence
    assert "--yes" in hint
    assert sorted(os.listdir()) == there

    monkeypatch.setattr(cli_video, "_is_somebody_here", lambda: True)
    gone = ask(*bought, answer="")
    assert (gone.exit_code, sorted(os.listdir())) == (STOPPED, there), gone.output

    declined = ask(*bought, answer="n\n")
    assert (declined.exit_code, replicate.predictions) == (0, {})
    assert "Shall I have them made?" in declined.stderr
    assert not Path("song-video.mp4").exists()

    board = "song-video.reelscore/storyboard.json"
    agreed = ask("song.wav", "--edit", board, "--illustrator", "flux:dev", answer="y\n")
    assert agreed.exit_code == 0, agreed.output
    pictures = len(Storyboard.from_json(Path(board).read_bytes()).pictures)
    assert len(replicate.predictions) == pictures
    assert f"${0.025 * pictures:.2f}" in agreed.stdout

    replace = ("-o", "song-video.mp4", "--force", "--yes", "-q")
    again = ask("song.wav", "--edit", board, "--illustrator", "flux:dev", "--titles", "pop", *replace)
    assert again.exit_code == 0, again.output
    assert len(replicate.predictions) == pictures, "what lay in the folder that was replaced is not bought again"


def test_a_cap_in_the_environment_holds(here: Path, replicate: FakeReplicate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELSCORE_MOST_USD", "0")
    monkeypatch.setenv("REDIS_URL", "of no concern here")
    planned = ask("song.wav", *SMALL, "--illustrator", "flux", "--preview", "--json")
    assert planned.exit_code == 0, planned.output
    told = json.loads(planned.stdout)["preview"]
    assert (told["usd"], told["track"], replicate.predictions) == (0, "song.wav", {})


# ---- what is asked for ----


def board_of(made: Path) -> Storyboard:
    return Storyboard.from_json((made / "song-video.reelscore" / "storyboard.json").read_bytes())


def test_what_was_not_said_stays_as_the_storyboard_has_it(made: Path) -> None:
    board = board_of(made)
    treatment = read_treatment({"titles": "karaoke", "shift": 1.5, "look": None, "wish": None}, board, [])
    assert treatment == Treatment(**{**vars(board.treatment), "titles": "karaoke", "shift": 1.5})
    assert read_treatment({"look": "noir", "seed": 7}, None, []) == Treatment(look="noir", seed=7)


def test_each_redraw_counts_on(made: Path) -> None:
    board = board_of(made)
    once = read_treatment({}, board, [1, 2, 2]).redraws
    assert once == {board.shots[0].picture: 1, board.shots[1].picture: 1}
    with pytest.raises(Refused, match="no shot 99"):
        read_treatment({}, board, [99])
    with pytest.raises(Refused, match="no storyboard"):
        read_treatment({}, None, [1])


@pytest.mark.parametrize("said", [{"wish": "rain"}, {"look": "noir"}, {"lyrics": "la"}, {"pace": "calm"}, {"seed": 0}])
def test_what_needs_a_new_plan_is_refused_with_an_edited_one(made: Path, said: dict[str, object]) -> None:
    with pytest.raises(Refused, match="needs a new plan"):
        read_treatment(said, board_of(made), [])


def test_words_have_a_limit_and_no_broken_letters() -> None:
    with pytest.raises(OverLimit, match="1001 characters"):
        read_treatment({"wish": "x" * 1001}, None, [])
    assert read_treatment({"look": "no\udcffir"}, None, []).look == "no?ir"


def test_words_before_the_options_are_track_and_wish(here: Path) -> None:
    given = read_given("song.wav", ["rain", "at night"], song=False, edit=None)
    assert (given.track, given.source, given.wish) == (Path("song.wav"), Path("song.wav"), "rain at night")
    sung = read_given("a song", ["about rain"], song=True, edit=None)
    assert (sung.track, sung.source, sung.wish) == (None, Path("song"), "a song about rain")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], text.NO_TRACK),
        (["missing.mp3"], "There is no file missing.mp3."),
        (["."], ". is a folder, not a track."),
        (["song.wav", "song.lrc"], "song.lrc is a second file; only the track stands by itself."),
        (["--song", "song.wav"], "song.wav is a track, and --song asks for one to be made."),
        (["--song"], musicvideo.NO_TRACK),
        (["song.lrc"], None),
        (["song.wav", "--lyrics", "missing.txt"], "The lyrics missing.txt cannot be read."),
        (["song.wav", "--lyrics", "."], "The lyrics . cannot be read."),
        (["song.wav", "--lyrics", "huge.txt"], "The lyrics huge.txt cannot be read."),
        (["song.wav", "--lyrics", "empty.txt"], "The lyrics are empty."),
        (["song.wav", "--lyrics", "bytes.txt"], None),
        (["song.wav", "--visual", "missing.jpg"], "There is no file missing.jpg."),
        (["song.wav", "--visual", "."], ". is a folder, not a picture or a clip."),
        (["song.wav", "--visual", "song.lrc"], None),
        (["song.wav", "--edit", "missing.json"], "The storyboard missing.json cannot be read."),
        (["song.wav", "--edit", "song.lrc"], None),
        (["song.wav", "--redraw", "1"], text.NOT_EDITED),
        (["song.wav", "--illustrator", "nobody"], "There is no illustrator named 'nobody'."),
        (["song.wav", "--illustrator", "flux"], None),
        (["song.wav", "-o", "nowhere/film.mp4"], "There is no folder nowhere."),
        (["song.wav", "-o", "film.webm"], "A film cannot be written as .webm."),
        (["song.wav", "--folder", "."], text.NOT_APART.format(name=".")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_told_in_a_sentence_with_a_hint(here: Path, arguments: list[str], sentence: str | None) -> None:
    (here / "empty.txt").write_text(" \n")
    (here / "bytes.txt").write_bytes(bytes(range(256)) * 4)
    with (here / "huge.txt").open("wb") as file:
        file.truncate(cli_video.LYRICS_BYTES + 1)
    there = sorted(os.listdir())
    told = ask(*arguments)
    assert told.exit_code == ASKED_TO_CHANGE, told.output
    *_, said, hint = told.stderr.splitlines()
    assert said == sentence if sentence else said.endswith(".")
    assert hint
    assert sorted(os.listdir()) == there


@pytest.mark.parametrize(
    "option",
    [
        "--shift=nan",
        "--shift=61",
        "--shift=soon",
        "--fps=23",
        "--shape=3:2",
        "--crop=91",
        "--titles=big",
        "--redraw=0",
        "--seed=-1",
    ],
)
def test_values_out_of_range_are_refused_before_anything_is_read(option: str) -> None:
    assert ask("missing.mp3", option).exit_code == ASKED_TO_CHANGE


def test_a_storyboard_is_played_with_its_own_track_alone(made: Path, here: Path) -> None:
    board = copied(made, here)
    make_song(here / "other.wav", seconds=3.0)
    told = ask("other.wav", "--edit", board, "--json")
    assert told.exit_code == ASKED_TO_CHANGE
    assert json.loads(told.stdout)["error"]["code"] == "bad_sheet"
    assert board.is_file()
    assert not list(here.glob("other-video*"))


def test_the_choices_are_those_of_the_pipeline() -> None:
    hints = cli_video.video.__annotations__
    choices: dict[str, tuple[object, ...]] = {
        "titles": TITLES,
        "shape": SHAPES,
        "pace": get_args(Pace),
        "loop": get_args(Loop),
        "target": get_args(targets.Target),
        "fps": (24, 25, 30, 60),
    }
    for name, known in choices.items():
        assert all(f"'{choice}'" in hints[name] for choice in known), name
    assert tuple(text.VIDEO_STAGES) == musicvideo.STAGES
    assert cli_video.SHIFT_MOST_S == SHIFT_MOST_S
    for field in ("aligner", "director", "illustrator", "animator", "singer"):
        assert cli_video.video.__defaults__ is not None
        assert getattr(Crew(), field) in cli_video.video.__defaults__


def test_help_is_worth_reading() -> None:
    told = CliRunner().invoke(cli.app, ["video", "--help"], env={"COLUMNS": "120", "TERM": "dumb"})
    assert told.exit_code == 0
    for word in ("--lyrics", "--visual", "--edit", "--preview", "reelscore video song.mp3", "Exit codes", "9:16"):
        assert word in told.stdout
    assert "video" in CliRunner().invoke(cli.app, ["--help"]).stdout


# ---- a stop ----


@pytest.fixture
def heard_stops() -> Iterator[None]:
    """Let children hear SIGINT even where the tests run in the background, for which shells switch it off."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard_stops")
def test_a_stop_leaves_a_preview_as_it_was_and_nothing_else(made: Path, here: Path) -> None:
    board = copied(made, here)
    (board.parent / "certificate.json").unlink()  # as if it had only been planned
    before = {str(path): path.read_bytes() for path in here.rglob("*") if path.is_file()}
    with reelscore("song.wav", "--edit", board.relative_to(here), folder=here) as running:
        assert running.stderr is not None
        while text.VIDEO_STAGES["pictures"] not in (said := running.stderr.readline()):
            assert said
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=30)
    assert running.returncode == STOPPED, said
    assert said.splitlines()[-1] == text.STOPPED
    assert {str(path): path.read_bytes() for path in here.rglob("*") if path.is_file()} == before
