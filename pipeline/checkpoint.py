"""What a broken-off job has finished already, kept in its folder so that the next run goes on from there.

    checkpoints = Checkpoints(folder, of=(checksum of the clip, brief, ...))
    shot = checkpoints.once("clip", Shot, decode, footage)      # decoded, or given back as an earlier run has left it

A checkpoint is one JSON file, `.checkpoints/clip.json`: whose it is, the value, and size and time of every file that
the value names. It is written last and appears whole or not at all. What is torn, of another clip, request or version
of this program, or beside files that have changed since, counts as not there.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from pydantic import TypeAdapter

from pipeline.clip import Still
from pipeline.errors import UserError

NAME = ".checkpoints"

Value = TypeVar("Value")
Given = ParamSpec("Given")


@dataclass(frozen=True)
class KeptStill:
    """One frame as JPEG, as pipeline.clip.Still, but in a file."""

    time: float
    path: Path

    @property
    def jpeg(self) -> bytes:
        return self.path.read_bytes()


class Checkpoints:
    """What an earlier run of the same job has finished in `folder`; without a folder nothing is kept or found."""

    def __init__(self, folder: Path | None, *, of: tuple[object, ...] = ()) -> None:
        """`of` is all that the values depend on, as values whose `repr` says everything."""
        self._folder = folder
        self._of = fingerprint(of)

    def beside(self, *of: object) -> Checkpoints:
        """Return those of the same job that depend on something more."""
        return Checkpoints(self._folder, of=(self._of, *of))

    def once(
        self,
        name: str,
        kind: type[Value],
        make: Callable[Given, Value],
        /,
        *arguments: Given.args,
        **options: Given.kwargs,
    ) -> Value:
        """Give back the value that was kept under this name, or make it and keep it."""
        if self._folder is None:
            return make(*arguments, **options)
        file = self._folder / NAME / f"{name}.json"
        if (kept := self._recall(file, kind)) is None:
            file.unlink(missing_ok=True)  # before its files are written over
            kept = make(*arguments, **options)
            self._keep(file, kind, kept)
        return kept

    def kept(self, name: str, kind: type[Value]) -> Value | None:
        """Give back the value that was kept under this name, if there is one."""
        return None if self._folder is None else self._recall(self._folder / NAME / f"{name}.json", kind)

    def stills(self, stills: Sequence[Still]) -> tuple[Still | KeptStill, ...]:
        """Move the stills into files, so that a value can name them; they stay as they are when nothing is kept."""
        if self._folder is None:
            return tuple(stills)
        shelf = self._folder / NAME / "stills"
        shutil.rmtree(shelf, ignore_errors=True)
        shelf.mkdir(parents=True)
        kept = [KeptStill(still.time, shelf / f"{number:04d}.jpg") for number, still in enumerate(stills)]
        for still, to in zip(stills, kept, strict=True):
            to.path.write_bytes(still.jpeg)
        return tuple(kept)

    def _recall(self, file: Path, kind: type[Value]) -> Value | None:
        try:
            kept = json.loads(file.read_bytes())
            if kept["of"] == self._of and all(_stamp(Path(path)) == stamp for path, stamp in kept["files"].items()):
                return TypeAdapter(kind).validate_python(kept["value"])
        except (OSError, ValueError, TypeError, LookupError, AttributeError, UserError):
            pass  # torn, or of another version: as good as none
        return None

    def _keep(self, file: Path, kind: type[Value], value: Value) -> None:
        stamps = {str(path): _stamp(path) for path in _named_files(value)}
        told = {"of": self._of, "files": stamps, "value": TypeAdapter(kind).dump_python(value, mode="json")}
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_text(json.dumps(told), encoding="utf-8")
        os.replace(part, file)


def fingerprint(inputs: tuple[object, ...]) -> str:
    """Return a checksum over the inputs, as their `repr` shows them, and over this program."""
    return hashlib.sha256(f"{_version()}\n{inputs!r}".encode("utf-8", "surrogatepass")).hexdigest()


@functools.cache
def _version() -> str:
    """Return a checksum over the sources of the pipeline: a new release may decide anything otherwise."""
    room = Path(__file__).parent
    sources = hashlib.sha256()
    for path in sorted(room.rglob("*.py")):
        sources.update(path.relative_to(room).as_posix().encode() + b"\0" + path.read_bytes())
    return sources.hexdigest()


def _stamp(path: Path) -> list[int]:
    """Return size and time of a file; raises OSError when it is not there."""
    known = path.stat()
    return [known.st_size, known.st_mtime_ns]


def _named_files(value: Any) -> Iterator[Path]:
    """Go through all files that a value names."""
    if isinstance(value, Path):
        if not value.is_dir():
            yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _named_files(getattr(value, field.name))
    elif isinstance(value, tuple) and value and not isinstance(value[0], float):  # frame times are many
        for part in value:
            yield from _named_files(part)
