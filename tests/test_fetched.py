"""What vendors have made is fetched from them or from the open internet, and from nowhere else."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import fetched
from pipeline.errors import Cancelled, OverLimit, Refused, Unavailable
from pipeline.fetched import fetch
from tests.loopback import Answer, Asked, Loopback


def answer(asked: Asked) -> Answer:
    match asked.path:
        case "/file":
            return Answer(b"x" * 5000)
        case "/moved":
            return Answer(b"", 302, {"Location": "/file"})
        case "/round":
            return Answer(b"", 302, {"Location": "/round"})
        case "/inside":
            return Answer(b"", 302, {"Location": "http://169.254.169.254/latest/meta-data"})
        case "/down":
            return Answer(b"", 503)
        case "/short":
            return Answer(b"x" * 10, headers={"Content-Length": "100"})
        case "/empty":
            return Answer(b"")
    return Answer(b"", 404)


@pytest.fixture(scope="module")
def vendor() -> Iterator[Loopback]:
    with Loopback(answer) as server:
        yield server


@pytest.mark.parametrize("path", ["/file", "/moved"])
def test_a_file_at_the_vendors_own_server_is_taken(vendor: Loopback, tmp_path: Path, path: str):
    to = fetch(vendor.url + path, tmp_path / "f", home=vendor.url + "/v1", most_bytes=5000)
    assert to == tmp_path / "f"
    assert to.read_bytes() == b"x" * 5000
    assert vendor.asked[-1].headers["host"] == vendor.url.removeprefix("http://")


@pytest.mark.parametrize(
    ("path", "error", "sentence"),
    [
        ("/round", Refused, "too often"),
        ("/inside", Refused, "not fetched from here"),
        ("/down", Unavailable, "could not be fetched"),
        ("/gone", Unavailable, "not where it should be"),
        ("/empty", Unavailable, "could not be fetched"),
    ],
)
def test_what_goes_wrong_is_said_and_leaves_nothing(
    vendor: Loopback, tmp_path: Path, path: str, error: type[Exception], sentence: str
):
    with pytest.raises(error, match=sentence):
        fetch(vendor.url + path, tmp_path / "f", home=vendor.url, most_bytes=5000)
    assert not list(tmp_path.iterdir())


def test_bytes_are_bounded(vendor: Loopback, tmp_path: Path):
    with pytest.raises(OverLimit):
        fetch(vendor.url + "/file", tmp_path / "f", home=vendor.url, most_bytes=4999)
    assert not list(tmp_path.iterdir())


def test_time_is_bounded(vendor: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(Unavailable, match="too long"):
        fetch(vendor.url + "/file", tmp_path / "f", home=vendor.url, most_bytes=5000, seconds=-1)
    monkeypatch.setattr(fetched, "TIMEOUTS", dict.fromkeys(fetched.TIMEOUTS, 0.1))
    with pytest.raises(Unavailable, match=r"too long|could not"):
        fetch(vendor.url + "/short", tmp_path / "f", home=vendor.url, most_bytes=5000)
    assert not list(tmp_path.iterdir())


def test_it_can_be_cancelled(vendor: Loopback, tmp_path: Path):
    def stop() -> None:
        raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        fetch(vendor.url + "/file", tmp_path / "f", home=vendor.url, most_bytes=5000, check=stop)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a.png",  # no secret may be read on the way
        "file:///etc/passwd",
        "https://user:pass@example.org/a.png",
        "https://127.0.0.1/a.png",
        "https://[::1]/a.png",
        "https://10.0.0.8/a.png",
        "https://0x7f.1/a.png",
        "https:///a.png",
        "https://[bad/a.png",
        "",
    ],
)
def test_nothing_else_is_asked(tmp_path: Path, url: str):
    with pytest.raises((Refused, Unavailable)):
        fetch(url, tmp_path / "f", home="http://127.0.0.1:9/v1", most_bytes=100)
    assert not list(tmp_path.iterdir())


def test_a_name_that_leads_inside_is_never_connected_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, port, **_: [(2, 1, 6, "", ("8.8.8.8", port)), (2, 1, 6, "", ("10.1.2.3", port))],
    )
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("a socket was made"))
    with pytest.raises(Refused, match="not fetched from here"):
        fetch("https://cdn.example.org/a.png", tmp_path / "f", home="http://127.0.0.1:9", most_bytes=100)


def test_another_port_of_the_same_machine_is_not_the_vendor(vendor: Loopback, tmp_path: Path):
    began = time.monotonic()
    with pytest.raises(Refused):
        fetch(vendor.url + "/file", tmp_path / "f", home="http://127.0.0.1:9", most_bytes=5000)
    assert time.monotonic() - began < 1
