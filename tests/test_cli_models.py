"""`reelscore models`: the list of engines, and weights fetched from a hub on loopback."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bot import cli, cli_models
from bot.exits import ASKED_TO_CHANGE, STOPPED
from bot.text import models as text
from pipeline import backends, catalogue, engines, weights
from pipeline.backends import Vendors
from pipeline.catalogue import CATALOGUE, Weights
from pipeline.errors import Refused, UserError
from tests import consoles
from tests.fake_hub import COMMIT, Hub, safetensors
from tests.loopback import Answer, Asked, Loopback
from tests.test_weights import needs_hub

ROOT = Path(__file__).resolve().parents[1]
TINY = Weights("composer", "musicgen", "tiny", "somebody/tiny", COMMIT, "Free.", True, 2000, 4000, "fast")
FILES = {"config.json": b"{}", "model.safetensors": safetensors(a=50), "pytorch_model.bin": b"pickle" * 99}
NAMES = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "REPLICATE_API_TOKEN", "REELSCORE_SUNO_URL", "REELSCORE_COMMERCIAL")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in, with no settings but one for the weights."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REELSCORE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("COLUMNS", "150")
    return tmp_path


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A catalogue with one tiny model, and the hub that has it."""
    for module in (catalogue, weights, engines):
        monkeypatch.setattr(module, "CATALOGUE", (TINY,))
    with Hub("somebody/tiny", dict(FILES)).open() as server:
        plain = weights.fetch
        monkeypatch.setattr(weights, "fetch", lambda *given, **more: plain(*given, **more, endpoint=server.url))
        yield server


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["models", *arguments])


def listed(**set_here: Any) -> dict[str, dict[str, Any]]:
    result = ask("--json")
    assert result.exit_code == 0, result.output
    return {f"{row['kind']} {row['name']}": row for row in json.loads(result.stdout)["engines"]}


# ---- the list ----


def test_every_engine_that_ships_is_listed_with_what_it_needs(here: Path) -> None:
    assert engines.unlisted() == []
    rows = listed()
    assert rows["composer orchestra"]["ready"]
    assert rows["composer orchestra"]["commercial"]
    assert rows["writer openai"]["unset"] == ["OPENAI_API_KEY", "OPENAI_BASE_URL"]
    assert not rows["composer musicgen:small"]["ready"]
    assert (
        rows["composer musicgen:small"]["weights"]["revision"] == rows["composer musicgen:small"]["weights"]["commit"]
    )
    assert {f"{one.kind} {one.name}" for one in CATALOGUE} <= set(rows)
    assert all(row["licence"] and row["speed"] for row in rows.values())


def test_what_is_set_makes_an_engine_ready(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("REPLICATE_API_TOKEN", "r8_secret")
    rows = listed()
    assert rows["writer openai"]["ready"]
    assert rows["composer replicate"]["ready"]
    assert "r8_secret" not in ask("--json").output + ask().output


def test_the_table_says_kinds_states_and_where_the_weights_lie(here: Path) -> None:
    said = ask().output
    assert all(kind in said for kind in text.KINDS.values())
    assert text.READY in said
    assert text.NEEDS_WEIGHTS in said
    assert str(here / "models") in said
    assert "13.7 GB" in said


@pytest.mark.parametrize("width", [50, 80])
def test_a_narrow_terminal_shows_words_whole(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    console = consoles.terminal(width)
    monkeypatch.setattr(cli_models, "open_console", lambda: console)
    cli_models.show(engines.look(Vendors()), Vendors())
    said = consoles.printed(console).replace("\n", " ")
    assert "musicgen:stereo-melody-large: not fetched" in said
    assert "13.7 GB to fetch, 11.5 GB of memory" in said
    assert "Commercial use: no" in said


def test_a_missing_package_names_its_extra(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda name: None)
    assert "needs pip install '.[models]'" in ask().output
    assert "needs make audiocraft" in ask().output  # by pip alone it does not come
    assert listed()["captioner blip2:flan-t5-xl"]["missing_packages"] == ["torch", "transformers"]


def test_a_setting_that_is_wrong_is_a_sentence(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELSCORE_MOST_USD", "hunter")
    result = ask()
    assert result.exit_code == ASKED_TO_CHANGE
    assert "REELSCORE_MOST_USD" in result.output


def test_the_list_loads_nothing_heavy(here: Path) -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from bot import cli; "
        "assert CliRunner().invoke(cli.app, ['models', '--json']).exit_code == 0; "
        "print([name for name in ('torch', 'transformers', 'diffusers', 'numpy', 'openai') if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.stdout.strip() == "[]", ran.stderr


def test_the_list_says_of_commercial_use_what_the_engines_say() -> None:
    vendors = Vendors(openai_key="k", replicate_token="t", suno_url="http://127.0.0.1:1")
    for engine in engines.ENGINES:
        if engine.packages or engine.commercial is None or engine.kind == "aligner":
            continue
        try:
            loaded = backends._hired(engine.kind, engine.name, vendors)
        except UserError:
            continue
        assert getattr(loaded, "commercial", True) is engine.commercial, engine


# ---- fetching ----


@needs_hub
@pytest.mark.parametrize("named", [["musicgen:tiny"], ["composer", "musicgen"], ["composer/musicgen:tiny", "musicgen"]])
def test_weights_come_when_they_are_asked_for(here: Path, tiny: Loopback, named: list[str]) -> None:
    result = ask("fetch", *named)
    assert result.exit_code == 0, result.output
    assert "about 0.0 GB. Free." in result.output
    assert f"commit {COMMIT}" in result.output
    assert text.TAKEN not in result.output
    assert weights.is_here(TINY, Vendors(models=str(here / "models")))
    row = listed()["composer musicgen:tiny"]
    assert row["fetched"]


@needs_hub
def test_a_commit_that_nobody_had_pinned_is_told(here: Path, tiny: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (catalogue, weights, engines):
        monkeypatch.setattr(module, "CATALOGUE", (dataclasses.replace(TINY, revision=""),))
    result = ask("fetch", "musicgen:tiny")
    assert text.TAKEN in result.output
    assert COMMIT in result.output
    assert listed()["composer musicgen:tiny"]["weights"]["commit"] == COMMIT


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (["nothing"], "no model named 'nothing'"),
        (["composer"], text.NOTHING_NAMED),
        (["orchestra"], "needs no weights"),
        (["musicgen:huge"], "no such model"),
        (["musicgen:small", "blip2", "--revision", COMMIT], text.ONE_REVISION),
        (["musicgen:small", "--revision", "main"], "40 digits"),
    ],
)
def test_what_cannot_be_fetched_is_a_sentence(here: Path, named: list[str], said: str) -> None:
    result = ask("fetch", *named)
    assert result.exit_code == ASKED_TO_CHANGE
    assert said in result.output
    assert not (here / "models").exists()


def test_weights_that_may_not_be_used_are_not_fetched(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="may not be used commercially"):
        cli_models.find(["blip2", "musicgen"], Vendors(commercial=True))
    assert [one.name for one in cli_models.find(["blip2", "ace_step"], Vendors(commercial=True))] == [
        "blip2:flan-t5-xl",
        "ace_step:xl-turbo",
    ]


@needs_hub
def test_ctrl_c_leaves_what_is_whole_and_nothing_else(here: Path) -> None:
    hub = Hub("somebody/tiny", dict(FILES))

    def slow(asked: Asked) -> Answer:
        if asked.method == "GET" and asked.path.endswith("/model.safetensors"):
            (here / "begun").touch()
            time.sleep(5)
        return hub.answer(asked)

    code = (
        "import sys; from pipeline import catalogue, weights; from pipeline.catalogue import Weights; "
        f"weights.CATALOGUE = ({TINY!r},); from bot import cli; "
        "sys.argv[1:] = ['models', 'fetch', 'musicgen']; cli.main()"
    )
    with Loopback(slow) as server:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_ENDPOINT": server.url}
        running = subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE, text=True)
        until = time.monotonic() + 30
        while not (here / "begun").exists() and time.monotonic() < until:
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=20)
    assert running.returncode == STOPPED, said
    assert text.STOPPED in said
    left = {path.name for path in (here / "models").rglob("*") if "snapshots" in path.parts and not path.is_dir()}
    assert left == {"config.json"}
    assert not [path for path in (here / "models").rglob("*") if "incomplete" in path.name]
