"""Bytes under a key, in a folder or on S3; keys are `job id/name` and never a person's words."""

from __future__ import annotations

from pathlib import Path


class Blobs:
    """A blob store: a local folder (a path or file:// URL) or a bucket (s3://bucket/prefix), by obstore."""

    def __init__(self, url: str) -> None:
        """Open it; S3 reads its keys and endpoint from AWS_* variables. Raises Down."""
        ...

    async def put(self, key: str, path: Path) -> int:
        """Store a file, streamed; return its bytes. A reader sees all of it or nothing."""
        ...

    async def put_bytes(self, key: str, content: bytes) -> None: ...

    async def get(self, key: str, to: Path) -> Path:
        """Write it to a file: `.part` first, then renamed. Raises Missing."""
        ...

    async def size(self, key: str) -> int:
        """Return its bytes. Raises Missing."""
        ...

    async def copy(self, key: str, to: str) -> None: ...

    async def keys(self, prefix: str) -> list[str]: ...

    async def remove(self, prefix: str) -> int:
        """Remove all keys under `prefix/`; return how many there were."""
        ...

    async def link(self, key: str, *, seconds: float, name: str) -> str | None:
        """Return a signed link that expires, where the store can make one (S3); None for a folder."""
        ...

    async def ping(self) -> None:
        """Write, read and remove a few bytes. Raises Down."""
        ...
