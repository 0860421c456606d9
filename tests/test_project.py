"""The foundation: who imports whom, what is locked, and what the front door says."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version as installed
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("bot", "jobs", "pipeline", "storage")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("requirements.lock", "requirements-dev.lock")
MODELS_LOCK = "requirements-models.lock"

#: file with a wrong import -> the contract that it breaks, and how the report shows it
SPIES = {
    "pipeline/spy.py": ("import bot", "bot -> jobs", "pipeline.spy -> bot"),
    "pipeline/cousin.py": ("import storage", "bot -> jobs", "pipeline.cousin -> storage"),
    "storage/spy.py": ("import pipeline", "bot -> jobs", "storage.spy -> pipeline"),
    "jobs/spy.py": ("import bot", "bot -> jobs", "jobs.spy -> bot"),
    "jobs/chatty.py": ("import aiogram", "Only bot speaks", "jobs.chatty -> aiogram"),
    "pipeline/loud.py": ("import rich.console", "Only bot speaks", "pipeline.loud -> rich"),
    "bot/impatient.py": ("def now():\n    import arq", "Only jobs knows", "bot.impatient -> arq"),
    "pipeline/captioners/first.py": ("from pipeline.captioners import second", "Captioners", "first -> pipeline"),
    "pipeline/captioners/second.py": ("", "Captioners", "pipeline.captioners.second"),
    "pipeline/writers/first.py": ("import pipeline.writers.second", "Writers", "first -> pipeline"),
    "pipeline/writers/second.py": ("", "Writers", "pipeline.writers.second"),
    "pipeline/composers/first.py": ("from pipeline.composers import second", "Composers", "first -> pipeline"),
    "pipeline/composers/second.py": ("", "Composers", "pipeline.composers.second"),
    "pipeline/aligners/first.py": ("from pipeline.aligners import second", "Aligners", "first -> pipeline"),
    "pipeline/aligners/second.py": ("", "Aligners", "pipeline.aligners.second"),
    "pipeline/directors/first.py": ("from pipeline.directors import second", "Directors", "first -> pipeline"),
    "pipeline/directors/second.py": ("", "Directors", "pipeline.directors.second"),
    "pipeline/illustrators/first.py": ("from pipeline.illustrators import second", "Illustrators", "first -> pipeline"),
    "pipeline/illustrators/second.py": ("", "Illustrators", "pipeline.illustrators.second"),
    "pipeline/animators/first.py": ("from pipeline.animators import second", "Animators", "first -> pipeline"),
    "pipeline/animators/second.py": ("", "Animators", "pipeline.animators.second"),
    "pipeline/singers/first.py": ("from pipeline.singers import second", "Singers", "first -> pipeline"),
    "pipeline/singers/second.py": ("", "Singers", "pipeline.singers.second"),
    "pipeline/shell.py": ("import subprocess", "Only pipeline/door/ffmpeg.py", "pipeline.shell -> subprocess"),
    "bot/opener.py": ("import av", "No library opens", "bot.opener -> av"),
    "bot/telegram/heavy.py": ("def draw():\n    import cv2", "loads nothing heavy", "bot.telegram.heavy -> cv2"),
    "jobs/asker.py": ("import openai", "OpenAI client", "jobs.asker -> openai"),
    "pipeline/cutter.py": ("import scenedetect", "PySceneDetect", "pipeline.cutter -> scenedetect"),
}

#: the files that start programs: a stranger's bytes go to the first two, our own programs come from the third
DOORS = {"pipeline/door/ffmpeg.py", "pipeline/door/sandbox.py", "jobs/processes.py"}
#: what starts a program without `import subprocess`
STARTERS = re.compile(r"^(system|popen|exec[lv]p?e?|spawn[lv]p?e?|posix_spawnp?|fork|forkpty|create_subprocess_\w+)$")
#: what would let a library open a stranger's file, or a file run code
OPENERS = {("cv2", "VideoCapture"), ("cv2", "imread"), ("scenedetect", "open_video"), ("scenedetect", "detect")}
RUNNERS = {"eval", "exec", "compile", "__import__"}


def lint_imports(tree: Path) -> str:
    """Run import-linter on a copy of the product, as `make check` does."""
    code = "from importlinter.cli import lint_imports_command as run; run()"
    here = {**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=tree, env=here, capture_output=True, text=True, timeout=60
    )
    return done.stdout + done.stderr


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_product_keeps_the_contracts(tree: Path) -> None:
    said = lint_imports(tree)
    assert f"Contracts: {len(PROJECT['tool']['importlinter']['contracts'])} kept, 0 broken" in said, said


def test_each_contract_breaks_when_violated(tree: Path) -> None:
    for spy, (line, _, _) in SPIES.items():
        (tree / spy).write_text(line + "\n", encoding="utf-8")
    said = lint_imports(tree)
    flat = re.sub(r"\s+", " ", said)
    for spy, (_, contract, shown) in SPIES.items():
        assert shown in flat, f"{spy} passed the contract {contract!r}:\n{said}"
    broken = re.findall(r" BROKEN( \(|$)", said, re.MULTILINE)
    assert len(broken) == len(PROJECT["tool"]["importlinter"]["contracts"]), said


def product_files() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("path", product_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_doors_start_programs_and_nothing_opens_files_of_strangers(path: Path) -> None:
    door = path.relative_to(ROOT).as_posix() in DOORS
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name.split(".")[0] for alias in node.names} | {getattr(node, "module", "") or ""}
            assert door or not names & {"subprocess", "multiprocessing", "pty"}, f"line {node.lineno}"
            assert not names & {"pickle", "shelve", "marshal", "dill"}, f"line {node.lineno}"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            starts = node.value.id in {"os", "asyncio"} and STARTERS.match(node.attr)
            assert door or not starts, f"line {node.lineno}"
            assert (node.value.id, node.attr) not in OPENERS, f"line {node.lineno}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in RUNNERS, f"line {node.lineno}"
        if isinstance(node, ast.keyword) and node.arg == "shell":
            pytest.fail(f"shell= in line {node.value.lineno}")


def locked(name: str) -> dict[str, tuple[str, str]]:
    """Return version and environment marker of each package in a lock file."""
    text = (ROOT / name).read_text(encoding="utf-8")
    pins = re.findall(r"^([A-Za-z0-9_.-]+)==(\S+?)(?: ; ([^\\\n]*?))? \\$", text, re.MULTILINE)
    return {canonicalize_name(package): (version, marker) for package, version, marker in pins}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_what_the_project_asks_for(lock: str) -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    unlocked = {"dev", "models", "audiocraft"}  # torch differs by machine
    wanted = ["synth", "fluidsynth"] if lock == "requirements.lock" else sorted(set(extras) - unlocked)
    pins = locked(lock)
    for line in [*PROJECT["project"]["dependencies"], *(line for extra in wanted for line in extras[extra])]:
        asked = Requirement(line)
        version, _ = pins[canonicalize_name(asked.name)]
        assert asked.specifier.contains(version), f"{line}, but {version} is locked: run make lock"


@pytest.mark.parametrize("lock", [*LOCKS, MODELS_LOCK])
def test_a_lock_is_whole_and_belongs_to_no_machine(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[A-Za-z])", text, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(locked(lock)) > 30
    assert all("--hash=sha256:" in block for block in blocks)
    assert not re.search(r"file:|https?://|--\w*index-url|--find-links|/home/|/root/|/opt/", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_pyaudio_and_opencv_with_windows_are_never_installed(lock: str) -> None:
    pins = locked(lock)
    assert "sys_platform == 'never'" in pins["pyaudio"][1]
    assert "scenedetect" not in pins
    assert "opencv-python" not in pins


def test_the_locks_agree() -> None:
    small, large = map(locked, LOCKS)
    assert small.items() <= large.items()


def test_the_lock_of_models_has_all_but_torch_and_agrees_with_the_others() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    pins, theirs = locked(MODELS_LOCK), locked("requirements-dev.lock")
    for line in [*extras["models"], *extras["audiocraft"]]:
        asked = Requirement(line)
        assert asked.specifier.contains(pins[canonicalize_name(asked.name)][0]), f"{line}: run make lock"
    assert all("sys_platform == 'never'" in pins[name][1] for name in ("torch", "hf-xet"))
    assert not [name for name in pins if name.startswith(("nvidia", "triton", "torchaudio", "torchvision"))]
    assert {name: pin for name, pin in pins.items() if name in theirs and pin[0] != theirs[name][0]} == {}
    assert f"torch=={pins['torch'][0]}" in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("lock", LOCKS)
def test_the_queue_is_the_one_whose_inside_is_relied_on(lock: str) -> None:
    """arq 0.28: jobs/queue.py and jobs/worker.py know its keys and its envelope."""
    assert locked(lock)["arq"][0].startswith("0.28.")
    assert installed("arq").startswith("0.28.")


def loaded(*modules: str) -> set[str]:
    """Return what a Python that imports these has loaded."""
    code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stdout.split())


def test_the_command_line_stays_light() -> None:
    heavy = {"cv2", "numpy", "scipy", "scenedetect", "skimage", "soundfile", "pydantic", "mido", "imageio_ffmpeg"}
    assert not heavy & loaded("bot.cli")


def test_a_chat_process_never_loads_what_does_the_work() -> None:
    heavy = {"cv2", "numpy", "scipy", "scenedetect", "skimage", "soundfile", "torch", "mido", "imageio_ffmpeg", "arq"}
    work = {"pipeline.clip", "pipeline.score", "jobs.children", "jobs.performance", "jobs.worker"}
    seen = loaded("bot.telegram.front", "bot.discord.front", "bot.desk")
    assert {"aiogram", "discord"} <= seen
    assert not (heavy | work) & seen


def make(*words: str) -> str:
    """Run make as a person does, even where make runs these tests."""
    here = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}}
    done = subprocess.run(["make", *words], cwd=ROOT, env=here, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_says_what_can_be_made() -> None:
    said = make("-s")
    for target in ("run", "test", "check", "fmt", "bench", "clean"):
        assert re.search(rf"^  {target}\t\S", said, re.MULTILINE), said


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_run_takes_any_name_for_a_clip() -> None:
    name = """it's; $(touch pwned) & 'q".mp4"""
    words = shlex.split(make("-n", "run", f"CLIP={name}", "ARGS=--style epic").splitlines()[-1])
    assert words[1:] == ["run", "--style", "epic", "--", name]


def test_ci_is_valid_shell() -> None:
    subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=True, timeout=60)
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
