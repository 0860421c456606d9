"""The contract of each kind, held by every backend that ships, and by none of the planted bad ones.

A new file is found by itself; what it needs to be hired stands in tests/hiring.py, what is asked of it in
tests/contracts.py.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np
import pytest

from pipeline import backends, replicated
from pipeline.backends import Kind, Session, Vendors
from pipeline.cues import spot
from pipeline.cuesheet import Brief, CueSheet, HitPoint, Scene
from pipeline.errors import Refused, Unavailable
from pipeline.generated import performed
from pipeline.shots import break_down
from pipeline.singers import orchestra, suno
from pipeline.storyboard import Treatment
from pipeline.track import Track
from tests import contracts
from tests.bad_backends import BAD, GOOD
from tests.charts import a_chart, sung
from tests.hiring import MODELS, hire, vendors
from tests.test_cues import a_sheet, scenes_of
from tests.voices import a_track, write_song

KINDS: tuple[Kind, ...] = get_args(Kind)
EMBEDDED = {"captioner": "measured", "writer": "rules"}  # whom the others follow

#: settled, so that it can be seen whether it stays
BRIEF = Brief("a quiet evening", "folk", tempo=84.0, key="D minor", exclude=("drums",))

SHIPPED = [(kind, name) for kind in KINDS for name in backends.names(kind)]
BROKEN = [(kind, fault) for kind in KINDS for fault in BAD[kind]]


@pytest.fixture(autouse=True)
def _no_more_work_than_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicated, "POLL_S", (0.01, 0.02))
    monkeypatch.setattr(suno, "POLL_S", (0.01, 0.02))
    monkeypatch.setattr(orchestra, "SHORTEST_S", 5.0)
    monkeypatch.setattr(orchestra, "LONGEST_S", 10.0)
    monkeypatch.setattr(
        performed, "find_faults", lambda *_, **__: ()
    )  # weights of chance play noise: it need be no more
    monkeypatch.setattr(performed, "MISSED", 0.0)  # no second take for its cuts


@pytest.fixture(scope="module")
def given() -> Iterator[Vendors]:
    with vendors() as all_of_them:
        yield all_of_them


def a_still(shade: int) -> bytes:
    picture = np.full((90, 160, 3), shade, np.uint8)
    picture[30:60, 40:120] = (20, 90, 220)
    return bytes(cv2.imencode(".jpg", picture)[1])


STILLS = [[a_still(30), a_still(40)], [], [a_still(200)]]


def scenes(name: str) -> list[Scene]:
    """Return what a captioner gets: bare scenes, or what the embedded one has said of them."""
    jolt = HitPoint(0.5, 0.4, "jolt")
    bare = [replace(scene, caption="", jolts=(jolt,) * (not scene.index)) for scene in scenes_of(3, 2.5, 2)]
    return bare if name == EMBEDDED["captioner"] else backends.captioner().see(bare, STILLS, Session())


def to_write(name: str) -> CueSheet:
    """Return what a writer gets: a bare sheet, or the rules' directions for it."""
    sheet = replace(a_sheet(9.0, 12.5, brief=BRIEF), notes=("The clip has no sound.",))
    return sheet if name == EMBEDDED["writer"] else backends.writer().write(sheet, Session())


@pytest.fixture(scope="module")
def to_play() -> CueSheet:
    calm, storm = scenes_of(3.2, 3.0)
    apart = [replace(calm, valence=0.6, arousal=-0.6), replace(storm, valence=-0.6, arousal=0.7)]
    return backends.writer().write(spot(apart, Brief(), duration=6.2, frame_rate=25), Session())


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Track:
    chart = a_chart(tempo=180.0, form=(("intro", 4), ("verse", 8), ("chorus", 4)))
    folder = tmp_path_factory.mktemp("song")
    return a_track(write_song(folder / "song.wav", chart.duration, [(6.0, 13.0), (16.0, 20.0)]))


@pytest.fixture
def check(to_play: CueSheet, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[Kind, Any, str], None]:
    """Return what holds a backend of a kind against its contract."""

    def held(kind: Kind, backend: Any, name: str) -> None:
        match kind:
            case "captioner":
                contracts.check_captioner(backend, name, scenes(name), STILLS)
            case "writer":
                contracts.check_writer(backend, name, to_write(name))
            case "composer":
                contracts.check_composer(backend, name, to_play, tmp_path)
            case "aligner":
                contracts.check_aligner(backend, request.getfixturevalue("song"))
            case "director":
                chart = a_chart()
                contracts.check_director(backend, break_down(chart, sung(chart), Treatment(wish="a fox in the snow")))
            case _:
                getattr(contracts, f"check_{kind}")(backend, tmp_path)

    return held


@pytest.mark.parametrize(("kind", "name"), SHIPPED)
def test_every_backend_holds_to_the_contract_of_its_kind(
    kind: Kind, name: str, given: Vendors, tmp_path: Path, check: Callable[[Kind, Any, str], None]
):
    check(kind, hire(kind, name, given, tmp_path), name)


@pytest.mark.parametrize("kind", KINDS)
def test_the_planted_ones_hold_to_it_before_they_are_broken(kind: Kind, check: Callable[[Kind, Any, str], None]):
    check(kind, GOOD[kind], "toy")


@pytest.mark.parametrize(("kind", "fault"), BROKEN)
def test_a_bad_backend_breaks_it(kind: Kind, fault: str, check: Callable[[Kind, Any, str], None]):
    with pytest.raises(AssertionError):
        check(kind, BAD[kind][fault], "toy")


def test_every_kind_has_its_contract_and_its_bad_backends():
    for kind in KINDS:
        assert hasattr(contracts, f"check_{kind}")
        assert len(BAD[kind]) >= 5
    assert {name for _, name in SHIPPED} >= set(MODELS), "nobody is looked after who does not ship"


def test_the_extra_of_an_aligner_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    monkeypatch.delitem(sys.modules, "pipeline.aligners.sphinx", raising=False)
    with pytest.raises(Unavailable, match="'pocketsphinx'") as refusal:
        backends.aligner("sphinx")
    assert "pip install '.[align]'" in refusal.value.hint


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("illustrator", "flux"),
        ("animator", "kling"),
        ("singer", "suno"),
        ("director", "openai"),
        ("writer", "openai"),
        ("captioner", "vision"),
        ("composer", "replicate"),
    ],
)
def test_a_vendor_that_is_not_set_up_says_so_at_once(kind: str, name: str):
    with pytest.raises(Unavailable) as refusal:
        getattr(backends, kind)(name)
    assert "settings" in refusal.value.hint


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("captioner", "measured:x"),
        ("writer", "rules:x"),
        ("composer", "orchestra:large"),
        ("director", "rules:x"),
        ("illustrator", "painted:x"),
        ("animator", "camera:x"),
        ("singer", "orchestra:x"),
    ],
)
def test_the_embedded_have_no_variants(kind: Kind, name: str):
    with pytest.raises(Refused, match="only one") as caught:
        getattr(backends, kind)(name)
    assert caught.value.hint == f"Say: {name.partition(':')[0]}."


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
    assert "pip install '.[models]'" in refusal.value.hint
