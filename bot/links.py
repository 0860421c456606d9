"""A clip behind a link: fetched from the open internet only, never from this machine or its own network.

The check stands where a socket is made (aiohttp's socket_factory), because only there is the address final: names that
resolve to something else the second time, redirects, and 127.0.0.1 in any spelling all come by. What the URL's text
looks like decides nothing but scheme, port and user name.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver
from yarl import URL

from pipeline.door.addresses import is_public
from pipeline.errors import BadMedia, OverLimit, Refused, Unavailable, UserError

log = structlog.get_logger()

PORTS = frozenset({80, 443})
ACCEPTED = "video/*, audio/*, image/gif, application/octet-stream"
REDIRECTS = 3
WHOLE_S = 300.0  # for a fetch from beginning to end
ANSWER_S = 20.0  # for the connection, and for each piece of the answer
SLOWEST = 20_000  # bytes per second after GRACE_S; a gigabyte at that pace would hold a place for half a day
GRACE_S = 20.0
PIECE = 1 << 16  # bytes that are read at once
LINK_MOST = 2000  # characters; what browsers take

SENTENCE_ENDS = ".,;:!?…»”'\"\N{RIGHT SINGLE QUOTATION MARK}"

_LINK = re.compile(r"https?://[^\s<>\"'\x00-\x1f]+", re.IGNORECASE)

NO_LINK = "This link cannot be followed here."
NO_LINK_HINT = "Send a public http or https link straight to a video file."
NOT_THERE = "There is nothing to fetch behind this link."
NOT_THERE_HINT = "Open it in a browser: does it start a download without signing in?"
NO_ANSWER = "The place behind this link does not answer."
TOO_SLOW = "The place behind this link is too slow."
LATER_HINT = "Try again later, or send the clip itself."
A_PAGE = "Behind this link is a web page, not a clip."
A_PAGE_HINT = "Send the link that the page's download button has."
TOO_MANY_HOPS = "This link leads from one place to another too often."
TOO_LARGE = "The file behind this link is larger than is taken here."
TOO_LARGE_HINT = "Send a shorter or smaller clip."
NOTHING_IN_IT = "The file behind this link is empty."

Guard = Callable[[Any], socket.socket]


class Blocked(OSError):
    """An address inside, or one that leads there."""


def find_link(words: str) -> str | None:
    """Return the first http(s) link in a message, without the full stop or bracket that ends the sentence."""
    found = _LINK.search(words)
    if found is None:
        return None
    link = found[0].rstrip(SENTENCE_ENDS)
    for opening, closing in ("()", "[]", "{}"):
        while link.endswith(closing) and link.count(closing) > link.count(opening):
            link = link[:-1].rstrip(".,;:!?")
    return link if len(link) <= LINK_MOST else None


def public_socket(found: Any) -> socket.socket:
    """Make the socket for an address that a name has resolved to; raises Blocked before anything is sent."""
    family, kind, protocol, _, address = found
    if not is_public(str(address[0])):
        raise Blocked(f"{address[0]} is not public")
    return socket.socket(family, kind, protocol)


async def fetch(
    url: str,
    to: Path,
    *,
    most_bytes: int,
    guard: Guard = public_socket,
    ports: Collection[int] | None = PORTS,
    resolver: AbstractResolver | None = None,
    whole_s: float = WHOLE_S,
    answer_s: float = ANSWER_S,
    slowest: float = SLOWEST,
    grace_s: float = GRACE_S,
) -> None:
    """Write what is behind a link to a file. Raises UserError, and then there is no file.

    `guard` makes the sockets, `ports` None allows any, `resolver` looks names up: tests reach a server of their own
    through these. What the other side says about itself (length, type) is only ever believed against it.
    """
    part = to.with_name(f"{to.name}.part")
    timeout = aiohttp.ClientTimeout(total=whole_s, sock_connect=answer_s, sock_read=answer_s)
    connector = aiohttp.TCPConnector(socket_factory=guard, resolver=resolver, use_dns_cache=False, force_close=True)
    try:
        async with (
            aiohttp.ClientSession(
                connector=connector,
                timeout=timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
                headers={"Accept": ACCEPTED, "Accept-Encoding": "identity"},
            ) as session,
            await _follow(session, url, ports) as answer,
        ):
            _judge(answer, most_bytes)
            await _write(answer, part, most_bytes, slowest=slowest, grace_s=grace_s)
        part.replace(to)
    except UserError:
        raise
    except Exception as error:
        raise _ours(error) from None  # its text may hold the link, and that a key
    finally:
        part.unlink(missing_ok=True)


async def _follow(session: aiohttp.ClientSession, url: str, ports: Collection[int] | None) -> aiohttp.ClientResponse:
    """Ask for the link, and for what it leads to, a few times; each address passes the same checks."""
    at = _checked(url, ports)
    for _ in range(REDIRECTS + 1):
        answer = await session.get(at, allow_redirects=False)
        if answer.status not in (301, 302, 303, 307, 308):
            return answer
        further = answer.headers.get("Location", "")
        answer.close()
        at = _checked(further, ports, base=at)
    raise Refused(TOO_MANY_HOPS, hint=NO_LINK_HINT)


def _checked(link: str, ports: Collection[int] | None, *, base: URL | None = None) -> URL:
    """Raises Refused unless the link is http(s) to a usual port without a user name."""
    try:
        url = URL(link)
        url = base.join(url) if base is not None else url
        allowed = ports is None or url.port in ports
    except ValueError:
        raise Refused(NO_LINK, hint=NO_LINK_HINT) from None
    named = url.user is not None or url.password is not None
    if url.scheme not in ("http", "https") or not url.host or named or not allowed or len(str(url)) > LINK_MOST:
        raise Refused(NO_LINK, hint=NO_LINK_HINT)
    return url.with_fragment(None)


def _judge(answer: aiohttp.ClientResponse, most_bytes: int) -> None:
    """Refuse early what says by itself that it is no clip or too large."""
    if answer.status in (401, 403, 404, 410):
        raise BadMedia(NOT_THERE, hint=NOT_THERE_HINT)
    if answer.status != 200:
        raise Unavailable(NO_ANSWER, hint=LATER_HINT)
    if answer.content_type in ("text/html", "application/xhtml+xml"):
        raise BadMedia(A_PAGE, hint=A_PAGE_HINT)
    if answer.content_length is not None and answer.content_length > most_bytes:
        raise OverLimit(TOO_LARGE, hint=TOO_LARGE_HINT)


async def _write(
    answer: aiohttp.ClientResponse, part: Path, most_bytes: int, *, slowest: float, grace_s: float
) -> None:
    """Write the body as it comes, and let go as soon as it is too much or too slow."""
    clock = asyncio.get_running_loop().time
    began, size = clock(), 0
    with part.open("wb") as out:
        async for piece in answer.content.iter_chunked(PIECE):
            size += len(piece)
            if size > most_bytes:
                raise OverLimit(TOO_LARGE, hint=TOO_LARGE_HINT)
            if (passed := clock() - began) > grace_s and size < slowest * passed:
                raise Unavailable(TOO_SLOW, hint=LATER_HINT)
            out.write(piece)
    if not size:
        raise BadMedia(NOTHING_IN_IT, hint=NOT_THERE_HINT)


def _ours(error: Exception) -> UserError:
    """Turn what went wrong on the way into an error of ours; nothing of its text is shown."""
    log.info("link_failed", problem=type(error).__name__)
    if _is_blocked(error) or isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return Refused(NO_LINK, hint=NO_LINK_HINT)
    if isinstance(error, TimeoutError):
        return Unavailable(TOO_SLOW, hint=LATER_HINT)
    if isinstance(error, aiohttp.ClientError | OSError | ValueError):
        return Unavailable(NO_ANSWER, hint=LATER_HINT)
    raise error


def _is_blocked(error: BaseException | None) -> bool:
    """Whether the guard said no; aiohttp wraps what it says, and puts several refusals into one."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, Blocked) or any(map(_is_blocked, getattr(error, "exceptions", ()))):
            return True
        error = getattr(error, "os_error", None) or error.__cause__ or error.__context__
    return False
