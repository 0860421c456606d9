"""The terminal: what is asked for, what is said, and how it ends when it goes wrong."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from bot import cli
from bot.exits import ASKED_TO_CHANGE, BUG, STOPPED
from bot.places import FILMS, SHEET_BYTES
from bot.text import terminal as text
from bot.text.plain import plain
from pipeline import cuesheet, score
from pipeline.cuesheet import Brief
from pipeline.door import targets
from pipeline.eye import watched
from pipeline.film import CONTAINERS
from tests.media import make_clip

ROOT = Path(__file__).resolve().parents[1]
HOSTILE = "-vf [red]it's; $(touch pwned) & 'q\" \u202egpj.\n\t\x1b[31m песня 🎬.mp4"


def reelscore(*arguments: str | Path, folder: Path, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run the command as a person does, in a folder."""
    here = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", "COLUMNS": "100"}
    command = [sys.executable, "-m", "bot.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=here, capture_output=True, text=True, timeout=120, **more)


def ask(*arguments: str | Path) -> Result:
    """Run the command inside this process."""
    return CliRunner().invoke(cli.app, [str(word) for word in arguments])


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", shots=("red", "blue", "yellow"), shot_s=1.2)


@pytest.fixture(scope="module")
def blink(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough where it is only asked whether there is a film."""
    return make_clip(tmp_path_factory.mktemp("blink") / "clip.mp4", shots=("red",), shot_s=0.8)


# ---- scoring, from end to end ----


def test_a_clip_with_a_hostile_name_is_scored_and_shown_escaped(clip: Path, tmp_path: Path) -> None:
    shutil.copy(clip, tmp_path / HOSTILE)
    done = reelscore("score", HOSTILE, "calm, no drums", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    stem = HOSTILE.removesuffix(".mp4")
    assert {path.name for path in tmp_path.iterdir()} == {HOSTILE, f"{stem}-scored.mp4", f"{stem}-scored.reelscore"}
    said = done.stdout + done.stderr
    assert "[red]it's" in said, "markup is text"
    assert "\\u202e" in said
    assert not set(said) & set("\x1b\t\u202e")
    assert done.stdout.splitlines()[0].split() == [*text.COLUMNS, text.PROMPT_COLUMN]
    assert re.search(r"^1m1  00:00\.00  00:0\d\.\d\d ", done.stdout, re.MULTILINE)
    assert re.search(r"Loudness +-1[34]\.\d LUFS", done.stdout)
    assert re.search(r"^Film +-vf", done.stdout, re.MULTILINE)
    assert "reelscore score './-vf [red]it'" in done.stdout
    titles = [line.removesuffix(" ...") for line in done.stderr.splitlines() if line.endswith(" ...")]
    assert titles == list(text.STAGES.values())


def test_an_edited_sheet_is_played_again_in_two_takes_and_told_as_json(blink: Path, tmp_path: Path) -> None:
    first = reelscore("score", blink, "-o", tmp_path, "-q", folder=tmp_path)
    assert first.returncode == 0, first.stderr
    assert first.stdout == f"{tmp_path / 'clip-scored.mp4'}\n"
    assert first.stderr == ""
    plan = tmp_path / "clip-scored.reelscore" / "cues.json"
    sheet = json.loads(plan.read_text(encoding="utf-8"))
    sheet["cues"][0]["seen"] = "three colours"
    (tmp_path / "edited.json").write_text(json.dumps(sheet), encoding="utf-8")
    out = ("-o", "again.mov", "--takes", "2", "--json")
    second = reelscore("score", blink, "--edit", "edited.json", *out, folder=tmp_path)
    assert second.returncode == 0, second.stderr
    one, other = json.loads(second.stdout)["scores"]
    assert [one["film"], other["film"]] == ["again.mov", "again-take-2.mov"]
    assert one["sheet"]["cues"][0]["seen"] == "three colours"
    assert other["certificate"]["seed"] == one["certificate"]["seed"] + 1
    assert all((tmp_path / path).is_file() for path in (one["film"], other["film"], one["midi"], *one["stems"]))
    assert (tmp_path / one["film"]).read_bytes() != (tmp_path / other["film"]).read_bytes()


@pytest.fixture
def heard_stops() -> Iterator[None]:
    """Let children hear SIGINT even where the tests run in the background, for which shells switch it off."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def scoring(clip: Path, folder: Path, **more: Any) -> subprocess.Popen[str]:
    """Start the command and wait until it is at work."""
    here = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "bot.cli", "score", str(clip), "-o", "film.mp4"]
    pipe = subprocess.PIPE
    running = subprocess.Popen(command, cwd=folder, env=here, stdout=pipe, stderr=pipe, text=True, **more)
    assert running.stderr is not None
    assert text.STAGES["clip"] in running.stderr.readline()
    return running


@pytest.mark.usefixtures("heard_stops")
@pytest.mark.parametrize(
    "numbers", [(signal.SIGINT,), (signal.SIGTERM,), (signal.SIGINT, signal.SIGINT, signal.SIGTERM)]
)
def test_a_stop_leaves_nothing_behind(clip: Path, tmp_path: Path, numbers: tuple[signal.Signals, ...]) -> None:
    with scoring(clip, tmp_path) as running:
        for number in numbers:
            running.send_signal(number)
            time.sleep(0.02)
        _, said = running.communicate(timeout=30)
    assert running.returncode == STOPPED
    assert text.STOPPED in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_closed_terminal_does_not_stop_work_under_nohup(blink: Path, tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup leaves it to its child
    try:
        with scoring(blink, tmp_path) as running:
            running.send_signal(signal.SIGHUP)
            _, said = running.communicate(timeout=60)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert running.returncode == 0, said
    assert (tmp_path / "film.mp4").is_file()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_no_harm(blink: Path, tmp_path: Path, closed: str) -> None:
    here = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = shlex.join([sys.executable, "-m", "bot.cli", "score", str(blink), "-o", "film.mp4"])
    done = subprocess.run(["sh", "-c", f"{words} {closed}"], cwd=tmp_path, env=here, timeout=60, check=False)
    assert done.returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == {"film.mp4", "film.reelscore"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_an_output_that_takes_nothing_is_no_bug(blink: Path, tmp_path: Path) -> None:
    here = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "bot.cli", "score", str(blink), "-o", "film.mp4", "-q"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command, cwd=tmp_path, env=here, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert (done.returncode, done.stderr.strip()) == (ASKED_TO_CHANGE, text.UNSAID)
    assert (tmp_path / "film.mp4").is_file()


@pytest.mark.parametrize(
    ("out", "folder", "sentence"),
    [
        ("film.mp4", "film.mp4", text.NOT_APART),
        ("film.mp4", ".", text.NOT_APART),
        ("film.mp4", "clips", text.NOT_APART),
        ("x" * 300, "papers", text.LONG_NAME),
        ("film.mp4", "x" * 300, text.LONG_NAME),
    ],
)
def test_places_that_would_get_in_each_others_way_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str, folder: str, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "clip.mp4").write_text("no film")
    done = ask("score", "clips/clip.mp4", "-o", out, "--folder", folder, "--force")
    assert done.exit_code == ASKED_TO_CHANGE
    assert done.stderr.startswith(sentence.format(name=folder))


def test_a_folder_of_other_things_is_never_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("clip.mp4", "photos/cat.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    done = ask("score", "clip.mp4", "--folder", "photos", "--force")
    assert done.exit_code == ASKED_TO_CHANGE
    assert done.stderr.startswith(text.NOT_A_JOB.format(name="photos"))
    assert (tmp_path / "photos" / "cat.jpg").read_text() == "mine"


@pytest.mark.parametrize("kind", ["folder", "endless", "huge"])
def test_a_cue_sheet_is_a_file_of_sane_size(tmp_path: Path, kind: str) -> None:
    clip, sheet = tmp_path / "clip.mp4", tmp_path / "cues.json"
    clip.write_text("no film")
    if kind == "huge":
        with sheet.open("wb") as file:
            file.truncate(SHEET_BYTES + 1)
    else:
        sheet.symlink_to("/dev/zero" if kind == "endless" else tmp_path)
    done = ask("score", clip, "--edit", sheet)
    assert done.exit_code == ASKED_TO_CHANGE
    assert done.stderr.startswith(text.NO_SHEET.format(name=sheet))


def test_what_is_no_clip_is_refused_with_a_hint_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("<html>no film</html>")
    done = reelscore("score", "notes.mp4", folder=tmp_path)
    sentence, hint = done.stderr.splitlines()[-2:]
    assert (done.returncode, done.stdout) == (ASKED_TO_CHANGE, "")
    assert sentence.endswith(".")
    assert hint
    assert [path.name for path in tmp_path.iterdir()] == ["notes.mp4"]


def test_a_refusal_puts_the_earlier_run_back(tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("no film")
    earlier = tmp_path / "notes-scored.reelscore"
    earlier.mkdir()
    (earlier / "cues.json").write_text("{}")
    assert ask("score", tmp_path / "notes.mp4", "--force").exit_code == ASKED_TO_CHANGE
    assert {path.name for path in tmp_path.iterdir()} == {"notes.mp4", "notes-scored.reelscore"}
    assert [path.name for path in earlier.iterdir()] == ["cues.json"]


# ---- errors ----


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["missing.mp4"], "There is no file missing.mp4."),
        (["."], ". is a folder, not a clip."),
        (["clip.mp4", "clip.mp4"], "clip.mp4 is a second clip; one is scored at a time."),
        (["clip.mp4", "-o", "clip.mp4", "--force"], "The film would replace clip.mp4 itself."),
        (["clip.mp4", "-o", "film.exe"], "A film cannot be written as .exe."),
        (["clip.mp4", "-o", "nowhere/film.mp4"], "There is no folder nowhere."),
        (["clip.mp4", "--folder", "."], text.NOT_APART.format(name=".")),
        (["clip.mp4", "--edit", "missing.json"], "The cue sheet missing.json cannot be read."),
        (["clip.mp4", "--composer", "nobody"], "There is no composer named 'nobody'."),
        (["clip.mp4", "--key", "H moll"], "'H moll' is not a key."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_told_in_a_sentence_with_a_hint(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(clip, "clip.mp4")
    told = ask("score", *arguments)
    assert told.exit_code == ASKED_TO_CHANGE
    said = told.stderr.splitlines()
    assert said[0] == sentence
    assert len(said) == 2, "the second line is the hint"
    assert os.listdir() == ["clip.mp4"]


@pytest.mark.parametrize("option", ["--intensity=loud", "--intensity=nan", "--intensity=2", "--tempo=900", "--takes=0"])
def test_numbers_out_of_range_are_refused_before_anything_is_read(option: str) -> None:
    assert ask("score", "missing.mp4", option).exit_code == ASKED_TO_CHANGE


def test_an_error_is_told_as_json_too(tmp_path: Path) -> None:
    told = ask("score", tmp_path / "missing.mp4", "--json")
    assert told.exit_code == ASKED_TO_CHANGE
    assert json.loads(told.stdout)["error"]["code"] == "refused"


def broken(error: BaseException, *, leaves: bool) -> Callable[..., None]:
    """Return a pipeline that fails, with or without a folder left behind."""

    def fail(path: Path, *, folder: Path, **more: object) -> None:
        if leaves:
            folder.mkdir(exist_ok=True)
        raise error

    return fail


def test_a_bug_is_owned_up_to(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score, "score", broken(RuntimeError("[red]\x1b[31m"), leaves=True))
    told = ask("score", clip, "-o", tmp_path / "film.mp4")
    assert told.exit_code == BUG
    assert "Something broke on our side: RuntimeError: [red]\\x1b[31m." in told.stderr
    assert str(tmp_path / "film.reelscore") in told.stderr
    assert "Traceback" not in told.stderr
    debugged = ask("score", clip, "-o", tmp_path / "other.mp4", "--debug")
    assert "Traceback" in debugged.stderr


def test_a_full_disk_is_not_called_a_bug(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score, "score", broken(OSError(28, "No space left on device"), leaves=True))
    told = ask("score", clip, "-o", tmp_path / "film.mp4")
    assert told.exit_code == ASKED_TO_CHANGE
    assert text.NO_SPACE in told.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_looks_like_an_option_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("--help.mp4", "-i.mp4"):
        Path(name).touch()
    words = ["score", "--help.mp4", "-i.mp4", "-o", "--style", "epic"]
    assert cli.as_paths(words) == ["score", "./--help.mp4", "./-i.mp4", "-o", "--style", "epic"]


# ---- what is asked for ----


def brief(**said: Any) -> Brief:
    plain: dict[str, Any] = {
        "wish": "", "style": "", "mood": "", "intensity": 0.5, "tempo": None, "key": None, "without": [],
        "prompt": "brief", "seed": 1,
    }  # fmt: skip
    return cli.read_brief(**(plain | said))


@pytest.mark.parametrize(
    ("said", "style", "wish"),
    [
        ("epic", "epic", "make it big"),
        ("Lo-Fi", "lofi", "make it big"),
        (" orchestral ", "cinematic", "make it big"),
        ("dark baroque", None, "dark baroque. make it big"),
        ("", None, "make it big"),
    ],
)
def test_a_style_is_named_or_becomes_a_wish(said: str, style: str | None, wish: str) -> None:
    read = brief(style=said, wish="make it big")
    assert (read.style, read.wish) == (style, wish)


def test_exclusions_come_in_a_list_or_one_by_one() -> None:
    assert brief(without=["drums, piano", " choir ", ""]).exclude == ("drums", "piano", "choir")


def test_options_reach_the_pipeline(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def note(path: Path, **more: Any) -> list[object]:
        asked.update(more)
        return []

    monkeypatch.setattr(score, "score", note)
    monkeypatch.setattr(cli, "show_scores", lambda *a, **k: None)
    options = "--style tense --mood uneasy --intensity strong --tempo 96 --key Fm --without drums --seed 7 --takes 2"
    more = "--prompt long --sound keep --target telegram --aspect 9:16 --detector hash"
    told = ask("score", clip, "slow", "burn", "-o", tmp_path / "film.mp4", *options.split(), *more.split())
    assert told.exit_code == 0, told.stderr
    assert asked["brief"] == Brief("slow burn", "tense", "uneasy", 0.8, 96.0, "Fm", ("drums",), "long", 7)
    wanted = {"takes": 2, "sound": "keep", "target": "telegram", "aspect": "9:16", "detector": "hash", "edited": None}
    assert wanted.items() <= asked.items()
    assert asked["crew"] == score.Crew()


def test_the_choices_are_those_of_the_pipeline() -> None:
    hints = cli.score.__annotations__
    for name, choices in {
        "prompt": cuesheet.PROMPT_LENGTHS,
        "sound": set(get_args(score.Sound)) - {"ask"},  # a question that only a bot can put
        "target": get_args(targets.Target),
        "aspect": get_args(targets.Aspect),
        "detector": watched.DETECTORS,
    }.items():
        assert all(f"'{choice}'" in hints[name] or f'"{choice}"' in hints[name] for choice in choices), name
    assert set(FILMS) == set(CONTAINERS)
    assert tuple(text.STAGES) == score.STAGES
    assert all(style in text.STYLE for style in cuesheet.STYLES)


# ---- what is said ----


def test_help_is_worth_reading() -> None:
    told = CliRunner().invoke(cli.app, ["score", "--help"], env={"COLUMNS": "120", "TERM": "dumb"})
    assert told.exit_code == 0
    for word in ("--style", "--without", "--takes", "--edit", "reelscore score clip.mp4", "The music", "Exit codes"):
        assert word in told.stdout


def test_the_version_is_that_of_the_package() -> None:
    try:
        installed = version("reelscore")
    except PackageNotFoundError:
        pytest.skip("reelscore runs from its sources here, uninstalled")
    assert ask("--version").stdout == f"reelscore {installed}\n"


@given(st.text(st.characters(codec=None)))
def test_plain_text_cannot_move_the_cursor_or_turn_a_line_around(words: str) -> None:
    shown = plain(words)
    shown.encode("utf-8")
    joiners = "\u200c\u200d"
    assert all(unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} or c in joiners for c in shown)


def test_plain_text_stays_as_it_is() -> None:
    for words in ("holiday in Zürich 🎬.mp4", "[bold]песня[/bold]", "家族 👨‍👩‍👧"):
        assert plain(words) == words


def test_ctrl_c_before_there_is_a_command_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(args: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "app", interrupted)
    monkeypatch.setattr(cli, "STOPS", ())  # the signals of the tests stay theirs
    monkeypatch.setattr(cli, "_open_streams", lambda: None)
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(io.BytesIO()))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == STOPPED
