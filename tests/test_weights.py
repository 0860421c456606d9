"""Weights: which are known, where they lie, and what of a repository is fetched, from a hub on loopback."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import weights
from pipeline.backends import Vendors, names
from pipeline.catalogue import CATALOGUE, Weights
from pipeline.errors import Cancelled, OverLimit, Refused, Unavailable, UserError
from tests.fake_hub import COMMIT, Hub, safetensors
from tests.loopback import Loopback

needs_hub = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in weights.NEEDED),
    reason="the extra 'models' is not installed (huggingface_hub, safetensors)",
)
OTHER = "fedcba9876543210fedcba9876543210fedcba98"
TINY = Weights("composer", "musicgen", "tiny", "somebody/tiny", COMMIT, "Free.", True, 2000, 4000, "fast")
MODEL = safetensors(first=40, second=30)
FILES = {
    "config.json": b"{}",
    "model.safetensors": MODEL,
    "spiece.model": b"words",
    "merges.txt": b"a b",
    "pytorch_model.bin": b"\x80\x04 a pickle" * 40,
    "state_dict.pt": b"\x80\x04 a pickle",
    "modeling_tiny.py": b"raise SystemExit('run')",
    "model.fp16.safetensors": MODEL,
    "tf_model.h5": b"tensorflow",
    "README.md": b"words",
    ".env.json": b"{}",
    "deep/down/config.json": b"{}",
}
COMES = {"config.json", "model.safetensors", "spiece.model", "merges.txt"}


@pytest.fixture
def vendors(tmp_path: Path) -> Vendors:
    return Vendors(models=str(tmp_path / "models"))


@pytest.fixture
def hub() -> Hub:
    return Hub("somebody/tiny", dict(FILES))


@pytest.fixture
def server(hub: Hub) -> Iterator[Loopback]:
    with hub.open() as opened:
        yield opened


def quiet(stage: str, done: float, total: float) -> None:
    """Nobody asks."""


def asked_for(server: Loopback) -> list[str]:
    return [
        asked.path.rpartition("/")[2] for asked in server.asked if asked.method == "GET" and "/resolve/" in asked.path
    ]


# ---- what is known ----


def test_the_catalogue_is_pinned_or_says_where_the_first_fetch_looks() -> None:
    assert len({(one.kind, one.backend, one.variant) for one in CATALOGUE}) == len(CATALOGUE)
    for one in CATALOGUE:
        assert re.fullmatch(r"[0-9a-f]{40}", one.revision) or (one.revision == "" and one.branch != "main"), one
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", one.repository)
        assert one.licence.endswith(".")
        assert one.speed
        assert 10**8 < one.bytes < weights.MOST_BYTES
        assert 10**8 < one.memory_bytes < 50 * 10**9
        assert one.commercial is not ("non-commercial" in one.licence), one


def test_each_backend_of_the_catalogue_has_a_file_and_a_usual_checkpoint() -> None:
    for kind, backend in {(one.kind, one.backend) for one in CATALOGUE}:
        usual = weights.choose(kind, backend, "", Vendors())
        assert usual == weights.choose(kind, backend, usual.variant, Vendors())
        assert usual.name == f"{backend}:{usual.variant}"
    assert weights.choose("composer", "musicgen", "", Vendors()).variant == "small"
    assert {"flux_local"} <= set(names("illustrator"))


@pytest.mark.parametrize(
    "variant", ["huge", "../small", "small ", "/nowhere", "x" * 5000, "/\0", "facebook/musicgen-small"]
)
def test_what_is_not_known_is_refused_with_what_is(variant: str) -> None:
    with pytest.raises(Refused) as caught:
        weights.choose("composer", "musicgen", variant, Vendors())
    assert "melody-large" in caught.value.hint


def test_what_may_not_be_sold_is_refused_before_it_is_fetched_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    sells = Vendors(commercial=True)
    for variant in ("small", str(tmp_path)):
        with pytest.raises(Refused, match="may not be used commercially") as caught:
            weights.choose("composer", "musicgen", variant, sells)
        assert "ace_step" in caught.value.hint
    assert weights.choose("composer", "ace_step", "", sells).commercial


def test_a_folder_of_ones_own_has_the_licence_that_its_card_says(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    unsaid = weights.choose("composer", "musicgen", str(tmp_path), Vendors())
    assert not unsaid.commercial
    assert Path(unsaid.repository) == tmp_path
    with pytest.raises(Unavailable):
        weights.locate(unsaid, Vendors())
    (tmp_path / "model.safetensors").write_bytes(MODEL)
    assert weights.locate(unsaid, Vendors()) == tmp_path
    for card, free in (("license: mit", True), ("tags:\n- x\nlicense: CC-BY-NC-4.0", False), ("license: other", False)):
        (tmp_path / "README.md").write_text(f"---\nlanguage: en\n{card}\n---\n# Mine\n")
        own = weights.choose("composer", "musicgen", str(tmp_path), Vendors())
        assert own.commercial is free
        assert own.licence.endswith(".")
        assert own.bytes == len(MODEL)


# ---- where they lie ----


def test_what_is_not_here_says_how_to_get_it(vendors: Vendors) -> None:
    with pytest.raises(Unavailable, match="not on this machine") as caught:
        weights.locate(TINY, vendors)
    assert caught.value.hint == "Fetch them first: reelscore models fetch musicgen:tiny"
    assert not weights.is_here(TINY, vendors)


def test_a_part_without_its_weights_is_not_whole(vendors: Vendors) -> None:
    folder = Path(vendors.models) / "models--somebody--tiny" / "snapshots" / COMMIT
    (folder / "transformer").mkdir(parents=True)
    (folder / "scheduler").mkdir()
    made_by = {
        "_class_name": "P",
        "transformer": ["diffusers", "T"],
        "scheduler": ["diffusers", "S"],
        "none": [None, None],
    }
    (folder / "model_index.json").write_text(json.dumps(made_by))
    (folder / "scheduler" / "scheduler_config.json").write_text("{}")
    (folder / "transformer" / "config.json").write_text("{}")
    assert not weights.is_here(TINY, vendors)
    (folder / "transformer" / "diffusion_pytorch_model.safetensors").write_bytes(MODEL)
    assert weights.is_here(TINY, vendors)
    index = {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}
    (folder / "transformer" / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    assert not weights.is_here(TINY, vendors)
    for name in ("one", "two"):
        (folder / "transformer" / f"{name}.safetensors").write_bytes(MODEL)
    assert weights.is_here(TINY, vendors)
    shutil.rmtree(folder / "scheduler")
    assert not weights.is_here(TINY, vendors)
    (folder / "model_index.json").write_text("[1")
    assert not weights.is_here(TINY, vendors)


# ---- fetching ----


@needs_hub
def test_safetensors_configs_and_words_come_and_nothing_else_is_asked_for(vendors: Vendors, server: Loopback) -> None:
    told: list[tuple[float, float]] = []
    folder = weights.fetch(TINY, vendors, lambda stage, done, total: told.append((done, total)), endpoint=server.url)
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == COMES
    assert set(asked_for(server)) == COMES
    assert (folder / "model.safetensors").read_bytes() == MODEL
    assert folder == weights.locate(TINY, vendors)
    whole = float(sum(len(FILES[name]) for name in COMES))
    assert told[0] == (0.0, whole)
    assert told[-1] == (whole, whole)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@needs_hub
def test_a_second_fetch_asks_for_no_file_again(vendors: Vendors, server: Loopback) -> None:
    weights.fetch(TINY, vendors, quiet, endpoint=server.url)
    before = len(asked_for(server))
    weights.fetch(TINY, vendors, quiet, endpoint=server.url)
    assert len(asked_for(server)) == before


@needs_hub
def test_of_a_pipeline_its_parts_come_and_not_the_copy_in_one_file(vendors: Vendors) -> None:
    index = json.dumps({"_class_name": "P", "vae": ["diffusers", "V"]}).encode()
    files = {
        "model_index.json": index,
        "model.safetensors": MODEL,
        "vae/config.json": b"{}",
        "vae/diffusion_pytorch_model.safetensors": MODEL,
    }
    with Hub("somebody/tiny", files).open() as server:
        folder = weights.fetch(TINY, vendors, quiet, endpoint=server.url)
    assert not (folder / "model.safetensors").exists()
    assert (folder / "vae" / "diffusion_pytorch_model.safetensors").is_file()


@needs_hub
def test_a_stopped_fetch_leaves_whole_files_and_is_gone_on_with(vendors: Vendors, server: Loopback) -> None:
    def stop(stage: str, done: float, total: float) -> None:
        if done > 100:  # in the midst of the weights, which come last
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        weights.fetch(TINY, vendors, stop, endpoint=server.url)
    home = Path(vendors.models)
    assert not [path for path in home.rglob("*") if "incomplete" in path.name or path.name.endswith(".part")]
    assert not weights.is_here(TINY, vendors)
    weights.fetch(TINY, vendors, quiet, endpoint=server.url)
    assert weights.is_here(TINY, vendors)
    assert asked_for(server).count("config.json") == 1


@needs_hub
def test_a_file_that_is_not_what_the_hub_says_is_removed(vendors: Vendors, hub: Hub, server: Loopback) -> None:
    hub.torn.add("model.safetensors")
    with pytest.raises(Unavailable, match="did not arrive"):
        weights.fetch(TINY, vendors, quiet, endpoint=server.url)
    assert not weights.is_here(TINY, vendors)
    assert not [
        path for path in Path(vendors.models).rglob("*") if path.is_file() and path.stat().st_size == len(MODEL)
    ]
    hub.torn.clear()
    weights.fetch(TINY, vendors, quiet, endpoint=server.url)
    assert weights.is_here(TINY, vendors)


@needs_hub
@pytest.mark.parametrize(
    "held",
    [b"\x80\x04 a pickle, renamed" * 9, MODEL[:-4], (1 << 60).to_bytes(8, "little") + b"{}" * 200, safetensors()],
)
def test_what_only_looks_like_safetensors_is_removed(vendors: Vendors, hub: Hub, server: Loopback, held: bytes) -> None:
    hub.files["model.safetensors"] = held
    with pytest.raises(Unavailable):
        weights.fetch(TINY, vendors, quiet, endpoint=server.url)
    assert not weights.is_here(TINY, vendors)


@needs_hub
def test_without_safetensors_nothing_is_fetched(vendors: Vendors, hub: Hub, server: Loopback) -> None:
    del hub.files["model.safetensors"]
    with pytest.raises(Unavailable, match="no safetensors") as caught:
        weights.fetch(TINY, vendors, quiet, endpoint=server.url)
    assert "--revision" in caught.value.hint
    assert asked_for(server) == []


@needs_hub
def test_an_unpinned_model_takes_the_commit_of_the_day_and_stays_with_it(
    vendors: Vendors, hub: Hub, server: Loopback
) -> None:
    unpinned = dataclasses.replace(TINY, revision="", branch="refs/pr/10")
    assert weights.commit(unpinned, vendors) == ""
    folder = weights.fetch(unpinned, vendors, quiet, endpoint=server.url)
    assert any("refs%2Fpr%2F10" in asked.path for asked in server.asked)
    assert weights.commit(unpinned, vendors) == COMMIT
    hub.commit = OTHER  # the branch moves on
    assert weights.locate(unpinned, vendors) == folder
    with pytest.raises(Unavailable, match="does not have that commit"):
        weights.fetch(unpinned, vendors, quiet, endpoint=server.url)


@needs_hub
def test_a_person_may_name_another_commit_which_is_written_down(vendors: Vendors, hub: Hub, server: Loopback) -> None:
    hub.commit = OTHER
    folder = weights.fetch(TINY, vendors, quiet, revision=OTHER, endpoint=server.url)
    assert folder.name == OTHER
    assert weights.commit(TINY, vendors) == OTHER
    assert weights.locate(TINY, vendors) == folder
    with pytest.raises(Refused, match="40 digits"):
        weights.fetch(TINY, vendors, quiet, revision="main", endpoint=server.url)


@needs_hub
@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (401, "GatedRepo", "said yes"),
        (403, "GatedRepo", "said yes"),
        (404, "RepoNotFound", "has no"),
        (404, "RevisionNotFound", "does not have that commit"),
        (500, "", "status 500"),
        (429, "", "status 429"),
    ],
)
def test_what_the_hub_refuses_is_a_sentence(
    vendors: Vendors, hub: Hub, server: Loopback, status: int, code: str, said: str
) -> None:
    hub.refuses, hub.code = status, code
    with pytest.raises(UserError, match=said) as caught:
        weights.fetch(TINY, vendors, quiet, endpoint=server.url)
    assert caught.value.hint


@needs_hub
def test_offline_and_a_full_disk_are_sentences(
    vendors: Vendors, server: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        weights.fetch(TINY, vendors, quiet, endpoint="http://127.0.0.1:9")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        weights.fetch(TINY, Vendors(models=str(tmp_path / "file" / "x")), quiet, endpoint=server.url)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=weights.SPARE_BYTES + 100))
    with pytest.raises(OverLimit, match="are free"):
        weights.fetch(TINY, vendors, quiet, endpoint=server.url)
    assert asked_for(server) == []
