"""Signed links to films that are too large for a chat, where the blob store is a folder and signs none itself.

A link names a blob, bears the second at which it ends and an HMAC over both (RFC 2104, SHA-256), so that nothing has to
be remembered and nobody can guess another film's. It is the only thing that this server gives out.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import structlog
from aiohttp import web

from pipeline.errors import Unavailable
from storage.blobs import Blobs

log = structlog.get_logger()

SECRET_BYTES = 32
NAME = "scored.mp4"


def own_secret(path: Path) -> bytes:
    """Return the secret that links are signed with; made once, readable by us alone."""
    with contextlib.suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
    secret = path.read_bytes()
    if len(secret) != SECRET_BYTES:
        raise Unavailable(f"The key for links in {path} is broken.", hint="Remove it; links given out before then end.")
    return secret


class Links:
    """Makes links, and reads them again."""

    def __init__(self, public_url: str, secret: bytes, *, clock: Callable[[], float] = time.time) -> None:
        self._url, self._secret, self._clock = public_url.rstrip("/"), secret, clock

    def link(self, key: str, *, seconds: float, name: str = NAME) -> str:
        """Return a link to a blob that ends after so many seconds."""
        said = f"{int(self._clock() + seconds)} {key}".encode()
        token = base64.urlsafe_b64encode(self._sign(said) + said).rstrip(b"=").decode()
        return f"{self._url}/films/{token}/{name}"

    def key(self, token: str) -> str | None:
        """Return the blob that a link's token names; None for what we did not sign, or what has ended."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            return None
        signature, said = raw[:32], raw[32:]
        if not hmac.compare_digest(signature, self._sign(said)):
            return None
        until, _, key = said.decode().partition(" ")
        return key if float(until) > self._clock() else None

    def _sign(self, said: bytes) -> bytes:
        return hmac.digest(self._secret, said, "sha256")


@contextlib.asynccontextmanager
async def served(blobs: Blobs, links: Links, *, host: str, port: int) -> AsyncIterator[None]:
    """Give out what a good link names, in ranges where a player asks for them. Raises Unavailable for a taken port."""

    async def give(request: web.Request) -> web.StreamResponse:
        key = links.key(request.match_info["token"])
        path = blobs.path(key) if key else None
        if path is None or not path.is_file():
            raise web.HTTPNotFound(text="This link has ended, or it never was one.\n")
        headers = {"Content-Type": "video/mp4", "Content-Disposition": f'attachment; filename="{NAME}"'}
        return web.FileResponse(path, headers={**headers, "X-Content-Type-Options": "nosniff"})

    app = web.Application()
    app.add_routes([web.get("/films/{token}/{name}", give)])
    runner = web.AppRunner(app, access_log=None)  # its log would hold the links
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise Unavailable(
            f"The server for links cannot listen on {host}:{port}.", hint="Set REELSCORE_PUBLIC_PORT to a free port."
        ) from error
    log.info("films_served", host=host, port=port)
    try:
        yield
    finally:
        await runner.cleanup()
