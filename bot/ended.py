"""What Replicate says by itself: that a prediction has ended. It is noted for who waits for that prediction.

A call has to be signed by Replicate, and lately. All that it can do is to rename the empty note of a prediction that is
waited for, `<id>.awaited`, into `<id>.ended` (pipeline/replicated.py): then it is looked at once. So a call that is
forged, sent twice or about something else changes nothing, and one that never comes costs a few seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from pipeline.replicated import ID

if TYPE_CHECKING:
    from replicate.webhook import WebhookSigningSecret

log = structlog.get_logger()

PATH = "/replicate"
BODY_BYTES = 1_000_000  # a prediction with its log has some kB
READ_S = 10.0  # that a call may take to come in
LATE_S = 300  # between signing and now, either way: as the senders of such webhooks advise
OLD_S = 86_400.0  # a note this old is of a process that was killed


def routes(notes: Path, secret: str) -> list[web.RouteDef]:
    """Return what takes Replicate's calls and leaves notes in a folder, which is made and tidied."""
    from replicate.webhook import WebhookSigningSecret

    _tidy(notes)
    return [web.post(PATH, _taker(notes, WebhookSigningSecret(key=secret)))]


def _taker(notes: Path, secret: WebhookSigningSecret) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def take(request: web.Request) -> web.Response:
        body = await _read(request)
        if not _is_signed(request.headers, body, secret):
            log.warning("webhook_refused")
            return web.Response(status=401)
        if prediction := _prediction(body):
            with contextlib.suppress(OSError):  # nobody waits for it, or not any more
                (notes / f"{prediction}.awaited").rename(notes / f"{prediction}.ended")
        return web.Response(status=204)

    return take


async def _read(request: web.Request) -> bytes:
    """Return the body; raises for one that is too large or takes too long."""
    body = bytearray()
    try:
        async with asyncio.timeout(READ_S):
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > BODY_BYTES:
                    raise web.HTTPRequestEntityTooLarge(BODY_BYTES, len(body))
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    return bytes(body)


def _is_signed(headers: Mapping[str, str], body: bytes, secret: WebhookSigningSecret) -> bool:
    from replicate.webhook import Webhooks

    try:
        Webhooks.validate(headers=dict(headers), body=body.decode(), secret=secret, tolerance=LATE_S)
    except ValueError:  # its own errors, and what is no number, no base64, no UTF-8
        return False
    return True


def _prediction(body: bytes) -> str | None:
    """Return which prediction a call is about."""
    try:
        told = json.loads(body)["id"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return told if isinstance(told, str) and ID.fullmatch(told) else None


def _tidy(notes: Path) -> None:
    notes.mkdir(mode=0o700, exist_ok=True)
    for note in notes.iterdir():
        with contextlib.suppress(OSError):
            if time.time() - note.stat().st_mtime > OLD_S:
                note.unlink()
