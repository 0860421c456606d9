"""A link is fetched from the open internet only, and never more or longer than is allowed."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from bot import links
from bot.links import fetch, find_link, is_public, public_socket
from pipeline.errors import BadMedia, OverLimit, Refused, Unavailable, UserError

INSIDE = [
    "127.0.0.1", "127.8.9.10", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255",
    "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1",
    "198.18.0.1", "198.51.100.7", "203.0.113.9", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::127.0.0.1", "64:ff9b:1::a00:1", "2002:7f00:1::",
    "2002:a00:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "fc00::1", "fd12:3456::1", "fe80::1",
    "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1", "100::1",
]  # fmt: skip
OUTSIDE = ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.167.1.1",
           "2606:4700:4700::1111", "2a00:1450:4001::8a", "::ffff:8.8.8.8"]  # fmt: skip

#: ways to write an address of this machine or its network; every one of them gets past some filter of texts
SPELLINGS = [
    "127.0.0.1", "127.1", "127.0.1", "0", "0.0.0.0", "localhost", "LOCALHOST", "localhost.", "127.0.0.1.",
    "0x7f000001", "0x7f.0.0.1", "0x7f.1", "0177.0.0.1", "0177.1", "017700000001", "2130706433", "127.000.000.001",
    "①②⑦.⓪.⓪.①", "127。0。0。1", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "169.254.169.254", "[fe80::1%25lo]", "10.0.0.1", "[fd00::1]",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_addresses_outside_are_public(address: str) -> None:
    assert is_public(address)


class Place:
    """A web server on loopback that counts who reaches it."""

    def __init__(self, port: int, asked: list[web.Request]) -> None:
        self.port, self.asked = port, asked
        self.url = f"http://127.0.0.1:{port}"


@contextlib.asynccontextmanager
async def serve(answer: Callable[[web.Request], Any]) -> AsyncIterator[Place]:
    asked: list[web.Request] = []

    async def count(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        response: web.StreamResponse = await answer(request)
        return response

    runner = web.ServerRunner(web.Server(count), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield Place(runner.addresses[0][1], asked)
    finally:
        await runner.cleanup()


def anywhere(found: Any) -> socket.socket:
    """What stands in the guard's place where a test reaches its own server, or shows what the guard is for."""
    return socket.socket(*found[:3])


@contextlib.asynccontextmanager
async def listen(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """A server that speaks no HTTP but what the test has it say."""
    ended: list[asyncio.Event] = []

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.append(over := asyncio.Event())
        await talk(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        over.set()

    async with await asyncio.start_server(one, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for over in ended:
            await over.wait()


async def clip(request: web.Request) -> web.Response:
    return web.Response(body=b"clip" * 1000, content_type="video/mp4")


async def get(url: str, to: Path, *, most_bytes: int = 100_000, guard: Any = anywhere, **more: Any) -> bytes:
    await fetch(url, to, most_bytes=most_bytes, guard=guard, ports=None, **more)
    return to.read_bytes()


async def test_a_link_is_fetched(tmp_path: Path) -> None:
    async with serve(clip) as place:
        assert await get(f"{place.url}/clip.mp4?key=1", tmp_path / "clip") == b"clip" * 1000
        assert "Cookie" not in place.asked[0].headers
    assert [path.name for path in tmp_path.iterdir()] == ["clip"]


@pytest.mark.parametrize("host", SPELLINGS)
async def test_no_spelling_of_an_address_inside_is_reached(host: str, tmp_path: Path) -> None:
    async with serve(clip) as place:
        with pytest.raises(UserError) as refused:
            await fetch(f"http://{host}:{place.port}/", tmp_path / "clip", most_bytes=9999, ports=None, answer_s=2)
        assert place.asked == []
    assert refused.value.hint
    assert host not in refused.value.sentence
    assert list(tmp_path.iterdir()) == []


async def test_without_the_guard_spellings_do_get_in(tmp_path: Path) -> None:
    """The same requests with the protection taken out: at least the plain forms arrive."""
    async with serve(clip) as place:
        for host in ("127.0.0.1", "localhost", "0x7f000001", "①②⑦.⓪.⓪.①"):
            with contextlib.suppress(UserError):
                await get(f"http://{host}:{place.port}/", tmp_path / "clip", answer_s=2)
        assert len(place.asked) >= 3


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/clip.mp4", "file:///etc/passwd", "gopher://example.com/", "data:video/mp4;base64,AAAA",
        "http://example.com:22/clip", "https://example.com:8443/clip", "http://example.com:6379/",
        "http://me@example.com/clip", "http://me:word@example.com/clip", "http://example.com:99999/", "http:///clip",
        "//example.com/clip", "clip.mp4", "", "http://[::1", f"http://example.com/{'a' * 3000}",
    ],
)  # fmt: skip
async def test_odd_links_are_refused_before_anything_is_asked(url: str, tmp_path: Path) -> None:
    asked: list[Any] = []
    with pytest.raises(Refused):
        await fetch(url, tmp_path / "clip", most_bytes=9999, guard=lambda found: asked.append(found))  # type: ignore[arg-type,func-returns-value]
    assert asked == []


class Names(AbstractResolver):
    """A name server that answers something else each time."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        address = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        pass


class Watched:
    """The guard, with a note of whom it let pass; what is public is led to the test's own server instead."""

    def __init__(self) -> None:
        self.passed: list[str] = []

    def __call__(self, found: Any) -> socket.socket:
        made = public_socket(found)
        self.passed.append(found[4][0])
        made.close()
        raise ConnectionRefusedError("the test lets nothing out")


async def test_a_name_that_turns_inward_the_second_time_is_refused(tmp_path: Path) -> None:
    guard = Watched()
    async with serve(clip) as place:
        for answers in (["127.0.0.1"], ["10.0.0.1"], ["8.8.8.8", "127.0.0.1"]):
            names = Names(*answers)
            for _ in range(3):
                with pytest.raises(UserError):
                    await get(f"http://clips.example:{place.port}/", tmp_path / "clip", guard=guard, resolver=names)
        assert place.asked == []
    assert guard.passed == ["8.8.8.8"]


async def test_without_the_guard_a_name_that_turns_inward_gets_in(tmp_path: Path) -> None:
    async with serve(clip) as place:
        await get(f"http://clips.example:{place.port}/", tmp_path / "clip", resolver=Names("127.0.0.1"))
        assert len(place.asked) == 1


def outside_then(inner: Any) -> Any:
    """A guard for which the first address is outside, wherever it is, and all others are judged as always."""
    first = True

    def guard(found: Any) -> socket.socket:
        nonlocal first
        if first:
            first = False
            return anywhere(found)
        made: socket.socket = inner(found)
        return made

    return guard


@pytest.mark.parametrize("guarded", [True, False])
async def test_a_redirect_to_this_machine_is_refused(guarded: bool, tmp_path: Path) -> None:
    async with serve(clip) as inside:

        async def lead(request: web.Request) -> web.Response:
            return web.Response(status=302, headers={"Location": f"http://127.0.0.1:{inside.port}/secret"})

        async with serve(lead) as outside:
            guard = outside_then(public_socket if guarded else anywhere)
            with pytest.raises(Refused) if guarded else contextlib.nullcontext():
                await get(f"{outside.url}/", tmp_path / "clip", guard=guard)
        assert len(inside.asked) == (0 if guarded else 1)


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://example.com/", "http://me@example.com/", ""])
async def test_a_redirect_passes_the_same_checks(to: str, tmp_path: Path) -> None:
    async def lead(request: web.Request) -> web.Response:
        return web.Response(status=301, headers={"Location": to})

    async with serve(lead) as place:
        with pytest.raises(Refused):
            await get(f"{place.url}/", tmp_path / "clip")


async def test_three_redirects_are_followed_and_no_more(tmp_path: Path) -> None:
    async def hop(request: web.Request) -> web.Response:
        left = int(request.path.strip("/"))
        if not left:
            return await clip(request)
        return web.Response(status=307, headers={"Location": f"/{left - 1}"})

    async with serve(hop) as place:
        assert await get(f"{place.url}/3", tmp_path / "clip")
        with pytest.raises(Refused):
            await get(f"{place.url}/4", tmp_path / "clip")


async def test_an_endless_body_is_let_go(tmp_path: Path) -> None:
    async def pour(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "video/mp4"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(b"x" * 65536)
        return response

    async with serve(pour) as place:
        with pytest.raises(OverLimit):
            await get(f"{place.url}/", tmp_path / "clip", most_bytes=1_000_000)
    assert list(tmp_path.iterdir()) == []


async def test_a_length_that_lies_is_not_believed(tmp_path: Path) -> None:
    """It says 10 bytes and means to send more, or says too much, or less than it sends."""
    answers = {
        "small": b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 10\r\n\r\n" + b"x" * 500_000,
        "large": b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 999999999\r\n\r\nxx",
        "cut": b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 5000\r\n\r\nxx",
    }

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wanted = (await reader.readuntil(b"\r\n")).split()[1].decode().strip("/")
        writer.write(answers[wanted])

    async with listen(talk) as url:
        with contextlib.suppress(Unavailable):  # broken off for what came on top, or taken as the 10 bytes that it said
            assert len(await get(f"{url}/small", tmp_path / "clip")) == 10
            (tmp_path / "clip").unlink()
        with pytest.raises(OverLimit):
            await get(f"{url}/large", tmp_path / "large")
        with pytest.raises(Unavailable):
            await get(f"{url}/cut", tmp_path / "cut")
    assert list(tmp_path.iterdir()) == []


async def test_a_body_that_drips_is_let_go(tmp_path: Path) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "video/mp4"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(b"x")
                await asyncio.sleep(0.02)
        return response

    async with serve(drip) as place:
        with pytest.raises(Unavailable):
            await get(f"{place.url}/", tmp_path / "clip", grace_s=0.2)
        with pytest.raises(Unavailable):
            await get(f"{place.url}/", tmp_path / "clip", whole_s=0.3)


async def test_a_place_that_says_nothing_is_let_go(tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    async with listen(talk) as url:
        with pytest.raises(Unavailable):
            await get(f"{url}/", tmp_path / "clip", answer_s=0.2)


@pytest.mark.parametrize(
    ("status", "kind", "body", "error"),
    [
        (404, "video/mp4", b"x", BadMedia),
        (403, "video/mp4", b"x", BadMedia),
        (500, "video/mp4", b"x", Unavailable),
        (206, "video/mp4", b"x", Unavailable),
        (200, "text/html", b"<html>", BadMedia),
        (200, "video/mp4", b"", BadMedia),
    ],
)
async def test_what_is_no_clip_gets_a_sentence_and_a_hint(
    status: int, kind: str, body: bytes, error: type[UserError], tmp_path: Path
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, body=body, content_type=kind)

    async with serve(answer) as place:
        with pytest.raises(error) as refused:
            await get(f"{place.url}/?token=secret", tmp_path / "clip")
    assert refused.value.hint
    assert "secret" not in f"{refused.value} {refused.value.__cause__}"


async def test_a_zipped_body_is_not_unpacked(tmp_path: Path) -> None:
    """Ten megabytes of noughts in ten kilobytes: what is counted is what comes over the wire."""
    import gzip

    async def answer(request: web.Request) -> web.Response:
        assert request.headers["Accept-Encoding"] == "identity"
        zipped = gzip.compress(b"\0" * 10_000_000)
        return web.Response(body=zipped, headers={"Content-Encoding": "gzip", "Content-Type": "video/mp4"})

    async with serve(answer) as place:
        assert len(await get(f"{place.url}/", tmp_path / "clip")) < 20_000


async def test_proxies_of_the_environment_are_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve(clip) as proxy, serve(clip) as place:
        monkeypatch.setenv("http_proxy", proxy.url)
        await get(f"{place.url}/", tmp_path / "clip")
        assert proxy.asked == []


@pytest.mark.parametrize(
    ("words", "link"),
    [
        ("https://example.com/a.mp4", "https://example.com/a.mp4"),
        ("please (see https://example.com/a.mp4).", "https://example.com/a.mp4"),
        ("https://example.com/a_(1).mp4", "https://example.com/a_(1).mp4"),
        ("HTTP://EXAMPLE.com/A, warm", "HTTP://EXAMPLE.com/A"),
        ("first http://a.example/1 then http://b.example/2", "http://a.example/1"),
        ("„https://example.com/a.mp4”", "https://example.com/a.mp4"),
        ("warm and hopeful", None),
        ("ftp://example.com/a", None),
        ("http://", None),
        ("javascript:alert(1)", None),
        (f"https://example.com/{'a' * 5000}", None),
    ],
)
def test_the_first_link_in_a_message(words: str, link: str | None) -> None:
    assert find_link(words) == link


def test_every_error_of_a_link_has_a_sentence_and_a_hint() -> None:
    assert isinstance(links._ours(aiohttp.ClientPayloadError()), Unavailable)
    assert isinstance(links._ours(TimeoutError()), Unavailable)
    with pytest.raises(ZeroDivisionError):
        links._ours(ZeroDivisionError())
