"""Bytes under a key, in a folder or on S3; keys are `job id/name` and never a person's words."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

from obstore import sign_async
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import LocalStore, S3Store

from storage.errors import Down, Missing

if TYPE_CHECKING:
    from obstore import Attributes

PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")  # of a key between slashes; so never "..", never a dotfile
PIECE = 8 * 1024 * 1024  # bytes that go at a time; S3 takes parts from 5 MiB
AT_ONCE = 4  # pieces under way, so that a film of 2 GB costs 32 MiB

CONNECT = timedelta(seconds=5)
REQUEST = timedelta(minutes=5)  # whole answers, so 2 GB at 7 MB/s
TRIES = 3
FULL = f"(os error {errno.ENOSPC})"  # in the text of an error of obstore's, which has no number
TRYING = timedelta(seconds=20)  # after that it is down, and whoever asked tries again later


class Linker(Protocol):
    """Makes a signed link to a key that ends after so many seconds."""

    def __call__(self, key: str, *, seconds: float, name: str) -> str: ...


class Blobs:
    """A blob store: a local folder (a path or file:// URL) or a bucket (s3://bucket/prefix), by obstore."""

    def __init__(self, url: str) -> None:
        """Open it; S3 reads its keys and endpoint from AWS_* variables. Raises Down, ValueError for a strange URL."""
        self._folder = folder_of(url)
        self.linker: Linker | None = None  #: makes the links that a folder cannot make itself
        if self._folder is None:
            parts = urlsplit(url)
            self._store: LocalStore | S3Store = _bucket(parts.netloc, parts.path.strip("/"))
            return
        try:
            self._store = LocalStore(self._folder, mkdir=True)
        except (BaseError, OSError) as error:
            raise Down(f"the folder for blobs cannot be made ({type(error).__name__})") from error

    async def put(self, key: str, path: Path) -> int:
        """Store a file, streamed; return its bytes. A reader sees all of it or nothing."""
        size = path.stat().st_size
        async with _ours(key):
            await self._store.put_async(
                key,
                path,
                attributes=self._attributes(key),
                use_multipart=size > PIECE,
                chunk_size=PIECE,
                max_concurrency=AT_ONCE,
            )
        return size

    async def put_bytes(self, key: str, content: bytes) -> None:
        async with _ours(key):
            await self._store.put_async(key, content, attributes=self._attributes(key))

    async def get(self, key: str, to: Path) -> Path:
        """Write it to a file: `.part` first, then renamed. Raises Missing."""
        to.parent.mkdir(parents=True, exist_ok=True)
        part = to.with_name(f"{to.name}.part")
        try:
            async with _ours(key):
                if self._folder is not None:  # five times as fast as through the store
                    await asyncio.to_thread(shutil.copyfile, self._folder / key, part)
                else:
                    await self._download(key, part)
            part.replace(to)
        finally:
            part.unlink(missing_ok=True)
        return to

    @property
    def is_folder(self) -> bool:
        return self._folder is not None

    def path(self, key: str) -> Path | None:
        """Return where a folder keeps a key, whether or not there is anything; None for a bucket."""
        check_key(key)
        return self._folder / key if self._folder is not None else None

    async def size(self, key: str) -> int:
        """Return its bytes. Raises Missing."""
        async with _ours(key):
            return (await self._store.head_async(key))["size"]

    async def copy(self, key: str, to: str) -> None:
        """Copy inside the store; nothing passes through here. Raises Missing."""
        check_key(to)
        async with _ours(key):
            await self._store.copy_async(key, to)

    async def keys(self, prefix: str) -> list[str]:
        """Return all keys under `prefix/`, sorted."""
        async with _ours(prefix):
            return sorted([row["path"] async for rows in self._store.list_async(prefix) for row in rows])

    async def remove(self, prefix: str) -> int:
        """Remove all keys under `prefix/`; return how many there were."""
        keys = await self.keys(prefix)
        async with _ours(prefix):
            if keys:
                await self._store.delete_async(keys)
        if self._folder is not None:  # its empty folders, and what a put left that was cut off
            await asyncio.to_thread(shutil.rmtree, self._folder / prefix, ignore_errors=True)
        return len(keys)

    async def link(self, key: str, *, seconds: float, name: str) -> str | None:
        """Return a signed link that expires, by the store (S3) or for a folder by `linker`; None where neither can.

        `name` is what a browser saves it as. Raises Missing.
        """
        if isinstance(self._store, LocalStore):
            return self.linker(key, seconds=seconds, name=name) if self.linker else None
        # A link cannot bear headers of its own here; so the name is the end of the key, and the copy is the store's.
        job, _, rest = key.partition("/")
        named = f"{job}/link/{rest.replace('/', '-')}/{name}"
        await self.copy(key, named)
        async with _ours(named):
            return await sign_async(self._store, "GET", named, timedelta(seconds=seconds))

    async def ping(self) -> None:
        """Write, read and remove a few bytes. Raises Down."""
        key, content = f"ping/{secrets.token_hex(8)}", secrets.token_bytes(16)
        try:
            await self.put_bytes(key, content)
            async with _ours(key):
                back = bytes(await (await self._store.get_async(key)).bytes_async())
                await self._store.delete_async(key)
        except Missing as error:
            raise Down("there is no such bucket") from error
        if back != content:
            raise Down("the blob store gives back other bytes than it took")

    async def _download(self, key: str, part: Path) -> None:
        content = await self._store.get_async(key)
        with part.open("wb") as file:
            async for piece in content.stream(min_chunk_size=PIECE):
                await asyncio.to_thread(file.write, piece)

    def _attributes(self, key: str) -> Attributes | None:
        if self._folder is not None:
            return None  # a folder keeps none
        kind = guess_type(key)[0] or "application/octet-stream"
        return {"Content-Type": kind, "Content-Disposition": "attachment"}


def folder_of(url: str) -> Path | None:
    """Return the folder that an address names; None for a bucket. Raises ValueError for anything else."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return None
    if parts.scheme not in ("", "file"):
        raise ValueError("the blob store is a folder or s3://bucket/prefix")
    return Path(unquote(parts.path) if parts.scheme else url).absolute()


def check_key(key: str) -> None:
    """Raises ValueError for what could leave the store's folder, or is not a key of ours."""
    if not all(PART.fullmatch(part) for part in key.split("/")):
        raise ValueError(f"not a key: {key[:80]!r}")


def _bucket(name: str, prefix: str) -> S3Store:
    if not name:
        raise ValueError("s3:// needs the name of a bucket")
    for variable in [name for name, value in os.environ.items() if name.startswith("AWS_") and not value]:
        del os.environ[variable]  # obstore takes an empty endpoint for an endpoint, where containers mean none
    try:
        return S3Store(
            name,
            prefix=prefix or None,
            client_options={
                "connect_timeout": CONNECT,
                "timeout": REQUEST,
                # only where it is asked for in so many words: a store on the same machine or network
                "allow_http": os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://"),
            },
            retry_config={"max_retries": TRIES, "retry_timeout": TRYING},
        )
    except BaseError as error:
        raise Down(f"the bucket cannot be opened ({type(error).__name__})") from error


@asynccontextmanager
async def _ours(key: str) -> AsyncIterator[None]:
    """Check the key, and raise Missing and Down for what obstore raises."""
    check_key(key)
    try:
        yield
    except FileNotFoundError as error:
        raise Missing(key) from error
    except (PermissionDeniedError, UnauthenticatedError) as error:
        raise Down("the blob store does not take these credentials") from error
    except (BaseError, OSError) as error:
        if FULL in str(error) or (isinstance(error, OSError) and error.errno == errno.ENOSPC):
            raise Down("the disk for blobs is full") from error
        raise Down(f"the blob store does not answer ({type(error).__name__})") from error
