"""Links to large films: signed, ending, and to nothing else."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import aiohttp
import pytest

from bot.films import Links, own_secret, served
from storage.blobs import Blobs

KEY = "abcdefghijkm/1/film.mp4"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
async def blobs(tmp_path: Path) -> Blobs:
    (tmp_path / "blobs").mkdir()
    blobs = Blobs(str(tmp_path / "blobs"))
    await blobs.put_bytes(KEY, b"0123456789")
    await blobs.put_bytes("abcdefghijkm/upload", b"somebody's clip")
    return blobs


async def test_a_link_gives_its_film_and_ends(blobs: Blobs) -> None:
    now = [1000.0]
    port = free_port()
    links = Links(f"http://127.0.0.1:{port}", b"k" * 32, clock=lambda: now[0])
    link = links.link(KEY, seconds=60)
    async with served(blobs, links, host="127.0.0.1", port=port), aiohttp.ClientSession() as client:
        async with client.get(link) as answer:
            assert (answer.status, await answer.read()) == (200, b"0123456789")
            assert answer.headers["Content-Disposition"] == 'attachment; filename="scored.mp4"'
        async with client.get(link, headers={"Range": "bytes=2-4"}) as answer:
            assert (answer.status, await answer.read()) == (206, b"234")
        now[0] += 61
        async with client.get(link) as answer:
            assert answer.status == 404


async def test_the_store_of_a_folder_links_through_us(blobs: Blobs) -> None:
    assert await blobs.link(KEY, seconds=9, name="scored.mp4") is None
    blobs.linker = Links("https://films.example.org/", b"k" * 32).link
    link = await blobs.link(KEY, seconds=9, name="scored.mp4")
    assert link
    assert link.startswith("https://films.example.org/films/")


def test_no_changed_link_is_good() -> None:
    links = Links("http://here", b"k" * 32)
    token = links.link(KEY, seconds=60).split("/")[-2]
    assert links.key(token) == KEY
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for place, letter in enumerate(token[:-1]):  # the last letter has bits that mean nothing
        other = letters[(letters.index(letter) + 1) % 64]
        assert links.key(token[:place] + other + token[place + 1 :]) is None
    assert Links("http://here", b"x" * 32).key(token) is None
    for nonsense in ("", "a", "ä", "....", "A" * 500):
        assert links.key(nonsense) is None


def test_the_secret_is_made_once_and_is_ours_alone(tmp_path: Path) -> None:
    path = tmp_path / "links.key"
    first = own_secret(path)
    assert own_secret(path) == first
    assert len(first) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
