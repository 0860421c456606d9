"""Where the weights of models lie on this machine, and how they are fetched: one commit of each, safetensors only.

They lie in the folder of `Vendors.models` as Hugging Face's own tools lay them out, or, where none is named, in the
folder of those tools. Nothing but safetensors, JSON and word lists is fetched: no pickles, no programs. Each file is
compared with the hash that the hub tells for it, and the head of each safetensors file is read, before a model counts
as fetched.

A checkpoint has its commit in the catalogue. Where it has none there, the first fetch takes the one that the hub has
at that moment and writes it down beside the files (`refs/reelscore`); a person may name another one, which is written
down in the same way and stands above the catalogue's. So a model never changes by itself, and it can be seen which one
is there.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.backends import Kind, Report, Vendors, check_use
from pipeline.catalogue import CATALOGUE, Weights
from pipeline.errors import OverLimit, Refused, Unavailable

__all__ = ["CATALOGUE", "Weights", "choose", "commit", "fetch", "is_here", "locate"]

#: one of them lies in every folder with a model: transformers', diffusers'
CONFIGS = ("config.json", "model_index.json")
CARD = "README.md"
NOTED = "refs/reelscore"  # in a repository's folder: the commit that was taken where the catalogue has none

OWN_LICENCE = "Made by a model of your own: its licence says what may be done with the result."
#: licences that allow commercial use, as the hub spells them
FREE = ("mit", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "unlicense")

COMMIT = re.compile(r"[0-9a-f]{40}")
NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}"
#: what is fetched; a pipeline's parts lie in folders. A second copy of all weights in one file or in another precision
#: is called something else
WANTED = re.compile(
    rf"(?:{NAME}/)?(?:"
    r"(?:model|diffusion_pytorch_model)(?:-\d{5}-of-\d{5})?\.safetensors"
    rf"|{NAME}\.json|(?:merges|vocab)\.txt|(?:spiece|tokenizer|sentencepiece\.bpe)\.model)"
)
SPARE_BYTES = 10**9  # that stay free on the disk
MOST_BYTES = 200 * 10**9  # of a whole model: five times the largest that is known

NEEDED = ("huggingface_hub", "safetensors")
INSTALL = "pip install '.[models]'"
LATER = "Try again later; what has been fetched is kept."


@dataclass(frozen=True)
class _File:
    name: str
    bytes: int
    sha256: str  #: empty for the small ones, which the hub keeps in git


def choose(kind: Kind, backend: str, variant: str, vendors: Vendors) -> Weights:
    """Return a known checkpoint, the usual one for "", or the folder that the variant is the absolute path of.

    Raises Refused for anything else, naming what is known, and for what may not be used commercially where that is
    wanted: before it is fetched for nothing. Nothing needs to be on this machine yet.
    """
    chosen = _named(kind, backend, variant)
    if not chosen.commercial:
        check_use(kind, chosen.name, chosen.licence, vendors)
    return chosen


def _named(kind: Kind, backend: str, variant: str) -> Weights:
    known = [weights for weights in CATALOGUE if (weights.kind, weights.backend) == (kind, backend)]
    for weights in known:
        if variant in {weights.variant, ""}:
            return weights
    folder = Path(variant)
    with contextlib.suppress(OSError, ValueError):  # a name that no file system takes
        if folder.is_absolute() and any((folder / name).is_file() for name in CONFIGS):
            licence, commercial = _own_licence(folder)
            held = sum(file.stat().st_size for file in folder.glob("**/*.safetensors"))
            return Weights(kind, backend, folder.name, str(folder), "", licence, commercial, held, 2 * held, "")
    raise Refused(
        f"The {kind} {backend!r} has no such model.",
        hint=f"Known: {', '.join(weights.variant for weights in known)}, or the whole path of a folder with a model.",
    )


def _own_licence(folder: Path) -> tuple[str, bool]:
    """Read what the card beside a model says; what says nothing does not count as free for commercial use."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if said := re.match(r"---\n(?:.*\n)*?license: *([\w.-]+) *\n", (folder / CARD).read_text()[:10_000]):
            return f"Made by a model of your own, which is under {said[1]}.", said[1].lower() in FREE
    return OWN_LICENCE, False


def locate(weights: Weights, vendors: Vendors) -> Path:
    """Return the folder with the files. Raises Unavailable where they are not there, or not all of them."""
    folder = _folder(weights, vendors)
    if folder is not None and _is_whole(folder):
        return folder
    if Path(weights.repository).is_absolute():
        raise Unavailable("The model in that folder is not whole.", hint="Its safetensors files belong into it.")
    raise Unavailable(
        f"The weights of {weights.name} are not on this machine.",
        hint=f"Fetch them first: reelscore models fetch {weights.name}",
    )


def is_here(weights: Weights, vendors: Vendors) -> bool:
    """Say whether the files are on this machine."""
    try:
        locate(weights, vendors)
    except Unavailable:
        return False
    return True


def commit(weights: Weights, vendors: Vendors) -> str:
    """Return the commit that is used on this machine: the one written down here, else the catalogue's; may be empty."""
    with contextlib.suppress(OSError, UnicodeDecodeError, Unavailable):
        noted = (_home(weights, vendors) / NOTED).read_text().strip()
        if COMMIT.fullmatch(noted):
            return noted
    return weights.revision


def fetch(
    weights: Weights, vendors: Vendors, report: Report, *, revision: str = "", endpoint: str | None = None
) -> Path:
    """Return the folder with the files, fetched where they are missing; `report` is told "weights", bytes, all bytes.

    `revision` names another commit than the catalogue's; `endpoint` another server than the hub. A fetch that is
    broken off leaves whole files alone, and the next one goes on after them. Raises Unavailable, Refused, OverLimit,
    and what `report` raises.
    """
    if Path(weights.repository).is_absolute():
        return locate(weights, vendors)
    if revision and not COMMIT.fullmatch(revision):
        raise Refused("A commit is 40 digits of 0-9 and a-f.", hint="The model's page shows it under its history.")
    if missing := next((name for name in NEEDED if importlib.util.find_spec(name) is None), None):
        raise Unavailable(f"Fetching needs the Python package {missing!r}, which is not installed.", hint=INSTALL)
    wanted = revision or commit(weights, vendors)
    with _foreign_errors(weights):
        at, files = _list_files(weights, wanted or weights.branch, endpoint)
        if wanted and at != wanted:
            raise Unavailable(f"The hub does not have that commit of {weights.repository}.", hint=LATER)
        _check_room(weights, vendors, at, files)
        if at != weights.revision or revision:
            _note(weights, vendors, at)
        return _take(weights, vendors, at, files, report, endpoint)


def _home(weights: Weights, vendors: Vendors) -> Path:
    """Return the folder of a repository in Hugging Face's layout, whether or not it is there."""
    if vendors.models:
        cache = Path(vendors.models)
    else:
        try:
            from huggingface_hub.constants import HF_HUB_CACHE
        except ModuleNotFoundError as exc:
            raise Unavailable("There is no folder for the weights of models.", hint=INSTALL) from exc
        cache = Path(HF_HUB_CACHE)
    return cache / f"models--{weights.repository.replace('/', '--')}"


def _folder(weights: Weights, vendors: Vendors) -> Path | None:
    if Path(weights.repository).is_absolute():
        return Path(weights.repository)
    used = commit(weights, vendors)
    try:
        return _home(weights, vendors) / "snapshots" / used if used else None
    except Unavailable:
        return None


def _is_whole(folder: Path) -> bool:
    """Say whether a model is all there: each part with a config has its weights, each index its files."""
    try:
        parts = [folder] if (folder / "config.json").is_file() else _parts(folder)
        return bool(parts) and all(map(_has_weights, parts))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False


def _parts(pipeline: Path) -> list[Path]:
    """Return the folders of a pipeline's parts that have weights; raises LookupError where one is missing."""
    index = json.loads((pipeline / "model_index.json").read_bytes())
    named = [name for name, made_by in index.items() if isinstance(made_by, list) and any(made_by)]
    if missing := [name for name in named if not (pipeline / name).is_dir()]:
        raise LookupError(missing)
    return [pipeline / name for name in named if (pipeline / name / "config.json").is_file()]


def _has_weights(part: Path) -> bool:
    indices = list(part.glob("*.safetensors.index.json"))
    named = {name for index in indices for name in json.loads(index.read_bytes())["weight_map"].values()}
    return all((part / name).is_file() for name in named) if named else any(part.glob("*.safetensors"))


def _list_files(weights: Weights, revision: str, endpoint: str | None) -> tuple[str, list[_File]]:
    """Ask the hub what a commit holds; return the commit and what of it is wanted, small files first."""
    from huggingface_hub import HfApi

    told = HfApi(endpoint=endpoint).model_info(weights.repository, revision=revision, files_metadata=True, timeout=30)
    files = [
        _File(file.rfilename, file.size or 0, file.lfs.sha256 if file.lfs else "")
        for file in told.siblings or []
        if WANTED.fullmatch(file.rfilename)
    ]
    if any("/" in file.name for file in files if file.name.endswith(".safetensors")):
        files = [file for file in files if "/" in file.name or not file.name.endswith(".safetensors")]
    at = told.sha or ""
    _check_list(weights, at, files)
    return at, sorted(files, key=lambda file: (file.name.endswith(".safetensors"), file.name))


def _check_list(weights: Weights, at: str, files: list[_File]) -> None:
    if not COMMIT.fullmatch(at):
        raise Unavailable("The hub's answer names no commit.", hint=LATER)
    if not any(file.name.endswith(".safetensors") for file in files):
        raise Unavailable(
            f"The commit {at[:12]} of {weights.repository} has no safetensors, and nothing else is loaded here.",
            hint=f"Name a commit that has some (its page lists them under Community, as a conversion): "
            f"reelscore models fetch {weights.name} --revision COMMIT",
        )
    if sum(file.bytes for file in files) > MOST_BYTES:
        raise OverLimit(
            f"{weights.repository} is larger than any model that is known here.", hint="Name another commit."
        )


def _check_room(weights: Weights, vendors: Vendors, at: str, files: list[_File]) -> None:
    """Raises OverLimit where the disk has no room for what is missing."""
    home = _home(weights, vendors)
    missing = sum(file.bytes for file in files if not (home / "snapshots" / at / file.name).exists())
    place = next(path for path in (home, *home.parents) if path.exists())
    if missing and missing + SPARE_BYTES > (free := shutil.disk_usage(place).free):
        raise OverLimit(
            f"{weights.name} takes {missing / 1e9:.1f} GB on the disk, and {free / 1e9:.1f} GB are free.",
            hint="Free some space, or name a folder on a larger disk with REELSCORE_MODELS.",
        )


def _note(weights: Weights, vendors: Vendors, at: str) -> None:
    note = _home(weights, vendors) / NOTED
    note.parent.mkdir(parents=True, exist_ok=True)
    part = note.with_name(f"{note.name}.part")
    part.write_text(at)
    part.replace(note)


def _take(
    weights: Weights, vendors: Vendors, at: str, files: list[_File], report: Report, endpoint: str | None
) -> Path:
    """Fetch file after file, so that it can be stopped at any moment; check each, and then the whole."""
    from huggingface_hub import hf_hub_download

    whole, before = float(sum(file.bytes for file in files)), 0
    report("weights", 0.0, whole)
    home = _home(weights, vendors)
    folder = home / "snapshots" / at
    for file in files:
        is_new = not (folder / file.name).exists()
        hf_hub_download(
            weights.repository,
            file.name,
            revision=at,
            cache_dir=home.parent,
            endpoint=endpoint,
            tqdm_class=_counter(report, before, whole),
        )
        if is_new:
            _check_file(folder / file.name, file)
        before += file.bytes
        report("weights", float(before), whole)
    if not _is_whole(folder):
        raise Unavailable(f"{weights.name} was fetched, but parts of it are missing.", hint=LATER)
    return folder


def _counter(report: Report, before: int, whole: float) -> Any:
    """Return what the hub's client takes for a progress bar."""

    class Counter:
        n: float = 0
        total: float | None = None

        def __init__(self, **_: Any) -> None: ...

        def update(self, more: float) -> None:
            self.n += more
            report("weights", min(before + self.n, whole), whole)

        def silent(self, *_: Any, **__: Any) -> None: ...

        update_transfer = set_transfer_postfix_str = set_postfix_str = refresh = close = silent

        def __enter__(self) -> Counter:
            return self

        def __exit__(self, *_: object) -> None: ...

    return Counter


def _check_file(path: Path, file: _File) -> None:
    """Compare a file with what the hub says of it, and read the head of safetensors; what is wrong is removed."""
    try:
        if file.sha256 and _sha256(path) != file.sha256:
            raise Unavailable(f"The file {file.name} did not arrive as the hub has it.", hint=LATER)
        if file.name.endswith(".safetensors"):
            _read_head(path)
    except Unavailable:
        path.resolve().unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        raise


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_head(path: Path) -> None:
    """Raises Unavailable for a file that is no safetensors, is cut off, or holds nothing."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as tensors:
            if not tensors.keys():
                raise Unavailable(f"The file {path.name} holds no weights.", hint=LATER)
    except (SafetensorError, OSError) as exc:
        raise Unavailable(f"The file {path.name} is no safetensors file.", hint=LATER) from exc


@contextlib.contextmanager
def _foreign_errors(weights: Weights) -> Iterator[None]:
    """Turn what the hub's client raises into a sentence; a full disk stays what it is."""
    from huggingface_hub import errors

    page = f"https://huggingface.co/{weights.repository}"
    try:
        yield
    except errors.GatedRepoError as exc:
        raise Unavailable(
            f"{weights.repository} is given only to those who have said yes to its terms.",
            hint=f"Say yes at {page}, then log in on this machine: hf auth login",
        ) from exc
    except errors.RepositoryNotFoundError as exc:
        raise Unavailable(f"The hub has no {weights.repository}.", hint=f"See {page}") from exc
    except (errors.RevisionNotFoundError, errors.EntryNotFoundError) as exc:
        raise Unavailable(f"The hub does not have that commit of {weights.repository}.", hint=f"See {page}") from exc
    except errors.HfHubHTTPError as exc:
        status = getattr(exc.response, "status_code", "?")
        raise Unavailable(f"The Hugging Face hub does not answer as it should (status {status}).", hint=LATER) from exc
    except (errors.HTTPError, errors.OfflineModeIsEnabled, ConnectionError, TimeoutError) as exc:
        raise Unavailable("The Hugging Face hub cannot be reached.", hint=f"See whether it is up: {page}") from exc
    except OSError as exc:
        raise _of_disk(exc) from exc


def _of_disk(exc: OSError) -> Exception:
    if exc.errno is None:  # the client's own, of a file that is shorter or longer than was said
        return Unavailable("A file did not arrive whole.", hint=LATER)
    return Unavailable(
        f"The folder for the weights cannot be written: {exc.strerror}.",
        hint="Free some space, or name another folder with REELSCORE_MODELS.",
    )
