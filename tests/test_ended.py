"""Replicate's webhooks: only a signed, recent call about a prediction that is waited for leaves a note."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import ended
from bot.health import watched
from pipeline import replicated
from pipeline.backends import Vendors
from pipeline.replicated import Replicate
from tests.fake_replicate import TOKEN, WEBHOOK_SECRET, FakeReplicate, a_call
from tests.test_health import free_port

ID = "ufawqhfynnddngldkgtslldrkq"


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    port, calls = free_port(), ended.routes(tmp_path / "webhooks", WEBHOOK_SECRET)
    async with watched({}, host="127.0.0.1", port=port, also=calls):
        yield port


def call(port: int, headers: dict[str, str], body: bytes, method: str = "POST") -> int:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request(method, ended.PATH, body, headers)
        return line.getresponse().status
    finally:
        line.close()


async def called(port: int, headers: dict[str, str], body: bytes, method: str = "POST") -> int:
    return await asyncio.to_thread(call, port, headers, body, method)


def names(folder: Path) -> list[str]:
    return sorted(note.name for note in (folder / "webhooks").iterdir())


async def test_a_signed_call_leaves_a_note_once(port: int, tmp_path: Path) -> None:
    (tmp_path / "webhooks" / f"{ID}.awaited").touch()
    assert await called(port, *a_call(ID)) == 204
    assert names(tmp_path) == [f"{ID}.ended"]
    (tmp_path / "webhooks" / f"{ID}.ended").unlink()
    assert await called(port, *a_call(ID)) == 204, "sent again by Replicate, or by somebody who has heard it"
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "prediction", ["somethingelse000", "../../../etc/passwd", "short", "A" * 26, "a" * 41, 5, None]
)
async def test_a_call_about_anything_else_changes_nothing(port: int, tmp_path: Path, prediction: str) -> None:
    (tmp_path / "webhooks" / f"{ID}.awaited").touch()
    assert await called(port, *a_call(prediction)) == 204
    assert names(tmp_path) == [f"{ID}.awaited"]
    assert sorted(left.name for left in tmp_path.iterdir()) == ["webhooks"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda headers, body: ({}, body),
        lambda headers, body: (headers, body + b" "),
        lambda headers, body: (headers, b""),
        lambda headers, body: (headers, b"\xff\xfe"),
        lambda headers, body: (headers | {"webhook-id": "msg_2"}, body),
        lambda headers, body: (headers | {"webhook-timestamp": str(int(time.time()) + 1)}, body),
        lambda headers, body: (headers | {"webhook-timestamp": "soon"}, body),
        lambda headers, body: (headers | {"webhook-signature": "v1,"}, body),
        lambda headers, body: (headers | {"webhook-signature": "v1"}, body),
        lambda headers, body: (headers | {"webhook-signature": "v1,%%%%"}, body),
        lambda headers, body: a_call(ID, at=time.time() - 301),
        lambda headers, body: a_call(ID, at=time.time() + 302),
        lambda headers, body: a_call(ID, secret="whsec_b25seSBzb21lYm9keSBlbHNlJ3M="),
    ],
)
async def test_what_replicate_has_not_signed_just_now_is_refused(port: int, tmp_path: Path, spoil: object) -> None:
    (tmp_path / "webhooks" / f"{ID}.awaited").touch()
    assert callable(spoil)
    assert await called(port, *spoil(*a_call(ID))) == 401
    assert names(tmp_path) == [f"{ID}.awaited"]


async def test_no_call_is_read_for_long(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    headers, _ = a_call(ID)
    assert await called(port, headers, bytes(ended.BODY_BYTES + 1)) == 413
    assert await called(port, headers, b"", "GET") == 405
    monkeypatch.setattr(ended, "READ_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"POST {ended.PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n".encode())
    assert b" 408 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()


def test_signed_nonsense_names_no_prediction() -> None:
    for body in (b"", b"[]", b"5", b"{}", b'{"id": {}}', b"[" * 100_000, b"nope"):
        assert ended._prediction(body) is None


def test_old_notes_are_swept_away(tmp_path: Path) -> None:
    for name, age in (("old", ended.OLD_S + 60), ("new", 60)):
        note = tmp_path / f"{name}.awaited"
        note.touch()
        os.utime(note, (time.time() - age,) * 2)
    ended.routes(tmp_path, WEBHOOK_SECRET)
    assert [note.name for note in tmp_path.iterdir()] == ["new.awaited"]


async def test_a_prediction_that_has_ended_is_fetched_at_once(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicated, "POLL_S", (0.25, 30.0))
    notes = tmp_path / "webhooks"
    with FakeReplicate() as server:
        server.steps = ["processing", "succeeded"]
        vendors = Vendors(
            replicate_token=TOKEN,
            replicate_url=server.url,
            replicate_webhook="https://films.example.org/replicate",
            replicate_notes=str(notes),
        )
        stop = threading.Event()

        def tell() -> None:  # as Replicate does it, through whatever proxy leads here
            while not stop.wait(0.02):
                for note in notes.glob("*.awaited"):
                    call(port, *a_call(note.stem))

        caller = threading.Thread(target=tell)
        caller.start()
        try:
            began = time.monotonic()
            made = await asyncio.to_thread(
                Replicate(vendors).make,
                "a/b:c",
                {},
                tmp_path / "made",
                seconds=20,
                most_bytes=10**6,
                check=lambda: None,
            )
        finally:
            stop.set()
            await asyncio.to_thread(caller.join)
        assert made.exists()
        assert time.monotonic() - began < 10
        (asked,) = [asked for asked in server.asked if asked.path == "/v1/predictions"]
        assert json.loads(asked.body)["webhook"] == "https://films.example.org/replicate"
        assert json.loads(asked.body)["webhook_events_filter"] == ["completed"]
        assert names(tmp_path) == []
