"""What a vendor has made, fetched from where the vendor says it lies: bounded in bytes and time, never from inside.

It may lie behind https anywhere in the open internet, or at the very server that was configured, which may well stand
in one's own network. As in bot/links.py the check stands where a socket is made, because only there is the address
final: redirects and names that resolve to something else the second time come by there too.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit

import httpcore

from pipeline.door.addresses import is_public
from pipeline.errors import OverLimit, Refused, Unavailable, UserError

Check = Callable[[], None]  #: called again and again while something is waited for; it may raise Cancelled

REDIRECTS = 3
WHOLE_S = 180.0  # for a fetch from beginning to end: a film of ten seconds has 20 MB
ANSWER_S = 15.0  # for the connection, and for each piece of the answer
TIMEOUTS = {"connect": ANSWER_S, "read": ANSWER_S, "write": ANSWER_S, "pool": ANSWER_S}

NOT_ALLOWED = "The vendor's answer points to a place that is not fetched from here."
NOT_THERE = "What the vendor has made is not where it should be."
NO_ANSWER = "What the vendor has made could not be fetched."
TOO_SLOW = "Fetching what the vendor has made took too long."
TOO_LARGE = "What the vendor has made is larger than is taken here."
LATER_HINT = "Try again later."


def fetch(
    url: str, to: Path, *, home: str, most_bytes: int, check: Check = lambda: None, seconds: float = WHOLE_S
) -> Path:
    """Write what is behind an address to a file and return it; `home` is the vendor's configured server.

    Raises Unavailable, OverLimit, Refused for an address that may not be asked, and what `check` raises; then there is
    no file.
    """
    part = to.with_name(f"{to.name}.part")
    until = time.monotonic() + seconds
    try:
        for _ in range(REDIRECTS + 1):
            at = _allowed(url, home)
            further = _take(at, part, home=home, most_bytes=most_bytes, check=check, until=until)
            if further is None:
                return part.replace(to)
            url = urljoin(url, further)
        raise Refused("The vendor's answer leads from one place to another too often.", hint=LATER_HINT)
    finally:
        part.unlink(missing_ok=True)


def _allowed(url: str, home: str) -> SplitResult:
    """Raises Refused unless the address is https without a user name, or at the vendor's own server."""
    try:
        at = urlsplit(url)
        plain = at.username is None and at.password is None and bool(at.hostname)
        if plain and (at.scheme == "https" or _origin(at) == _origin(urlsplit(home))):
            return at
    except ValueError:
        pass
    raise Refused(NOT_ALLOWED, hint=LATER_HINT)


def _origin(at: SplitResult) -> tuple[str, str | None, int | None]:
    return at.scheme, at.hostname, at.port or {"http": 80, "https": 443}.get(at.scheme)


def _take(at: SplitResult, part: Path, *, home: str, most_bytes: int, check: Check, until: float) -> str | None:
    """Write the answer to the file; return where it points to instead, when it is a redirect."""
    headers = [("Host", at.netloc), ("Accept-Encoding", "identity"), ("User-Agent", "reelscore")]
    backend = _Guarded(_origin(urlsplit(home))[1:])
    try:
        with (
            httpcore.ConnectionPool(network_backend=backend, retries=1) as pool,
            pool.stream("GET", at.geturl(), headers=headers, extensions={"timeout": TIMEOUTS}) as answer,
        ):
            if answer.status in (301, 302, 303, 307, 308):
                return _header(answer, b"location") or "/"
            if answer.status != 200:
                raise Unavailable(NOT_THERE if 400 <= answer.status < 500 else NO_ANSWER, hint=LATER_HINT)
            _write(answer.iter_stream(), part, most_bytes, check, until)
            return None
    except UserError:
        raise
    except httpcore.TimeoutException:
        raise Unavailable(TOO_SLOW, hint=LATER_HINT) from None  # its text may hold the address, and that a key
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError, ValueError):
        raise Unavailable(NO_ANSWER, hint=LATER_HINT) from None


def _write(pieces: Iterable[bytes], part: Path, most_bytes: int, check: Check, until: float) -> None:
    size = 0
    with part.open("wb") as out:
        for piece in pieces:
            check()
            size += len(piece)
            if size > most_bytes:
                raise OverLimit(TOO_LARGE, hint=LATER_HINT)
            if time.monotonic() > until:
                raise Unavailable(TOO_SLOW, hint=LATER_HINT)
            out.write(piece)
    if not size:
        raise Unavailable(NO_ANSWER, hint=LATER_HINT)


def _header(answer: httpcore.Response, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in answer.headers if key.lower() == name), "")


class _Guarded(httpcore.NetworkBackend):
    """Connects to the open internet, and to the one server that was configured."""

    def __init__(self, home: tuple[str | None, int | None]) -> None:
        self._home = home
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        if (host.lower(), port) == self._home:
            return self._plain.connect_tcp(host, port, timeout, local_address, socket_options)
        address = _public_address(host, port)
        return self._plain.connect_tcp(address, port, timeout, local_address, socket_options)


def _public_address(host: str, port: int) -> str:
    """Resolve a name; raises Refused when any of its addresses is not in the open internet."""
    addresses = [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not addresses or not all(is_public(address) for address in addresses):
        raise Refused(NOT_ALLOWED, hint=LATER_HINT)
    return addresses[0]
