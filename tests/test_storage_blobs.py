"""Blobs in a folder and on an S3 of loopback: whole or not there, under keys that cannot leave their place."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from obstore import sign_async
from obstore.exceptions import GenericError

from storage.blobs import PIECE, Blobs, _ours
from storage.errors import Down, Missing

ROOT = Path(__file__).resolve().parents[1]

STRANGE_KEYS = ("", "/", "../x", "job/../../x", "/etc/passwd", "job//x", "job/.hidden", "job/x\n", "job/\0", "job\\x")
STRANGE_KEYS += ("jöb/x", "j" * 200)


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Return the address of an S3 with a bucket."""
    from moto.server import ThreadedMotoServer  # takes a second: not for those who run the folder's tests only

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/bucket", method="PUT")).close()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Blobs:
    if request.param == "folder":
        return Blobs((tmp_path / "a folder of blobs").as_uri())
    monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("s3"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return Blobs(f"s3://bucket/{request.node.name.partition('[')[0]}/inner")


async def test_a_film_comes_back_byte_by_byte(blobs: Blobs, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(os.urandom(2 * PIECE + 12_345))
    assert await blobs.put("job/film.mp4", film) == 2 * PIECE + 12_345
    assert await blobs.size("job/film.mp4") == 2 * PIECE + 12_345
    back = await blobs.get("job/film.mp4", tmp_path / "new folder" / "back.mp4")
    assert back.read_bytes() == film.read_bytes()
    assert [path.name for path in back.parent.iterdir()] == ["back.mp4"]


async def test_a_key_is_overwritten_copied_listed_and_removed(blobs: Blobs, tmp_path: Path) -> None:
    await blobs.put_bytes("job/upload", b"first")
    await blobs.put_bytes("job/upload", b"second")
    await blobs.put_bytes("job2/upload", b"another job whose name begins alike")
    await blobs.copy("job/upload", "job/take1/film.mp4")
    assert await blobs.keys("job") == ["job/take1/film.mp4", "job/upload"]
    assert (await blobs.get("job/take1/film.mp4", tmp_path / "f")).read_bytes() == b"second"
    assert await blobs.remove("job") == 2
    assert await blobs.remove("job") == 0
    assert await blobs.keys("job") == []
    assert await blobs.keys("job2") == ["job2/upload"]


async def test_what_is_not_there_is_missing(blobs: Blobs, tmp_path: Path) -> None:
    with pytest.raises(Missing):
        await blobs.get("job/nothing", tmp_path / "nothing")
    with pytest.raises(Missing):
        await blobs.size("job/nothing")
    with pytest.raises(Missing):
        await blobs.copy("job/nothing", "job/else")
    assert list(tmp_path.glob("nothing*")) == []


@pytest.mark.parametrize("key", STRANGE_KEYS)
async def test_a_key_cannot_leave_its_place(tmp_path: Path, key: str) -> None:
    blobs = Blobs(str(tmp_path / "blobs"))
    for call in (
        blobs.put_bytes(key, b""),
        blobs.get(key, tmp_path / "x"),
        blobs.size(key),
        blobs.copy("a", key),
        blobs.copy(key, "a"),
        blobs.keys(key),
        blobs.remove(key),
    ):
        with pytest.raises(ValueError, match="not a key"):
            await call
    assert [path.name for path in tmp_path.iterdir()] == ["blobs"]


async def test_a_folder_has_no_links(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path))
    await blobs.put_bytes("job/film.mp4", b"film")
    assert await blobs.link("job/film.mp4", seconds=60, name="reel.mp4") is None


@pytest.mark.parametrize("blobs", ["s3"], indirect=True)
async def test_a_link_is_signed_named_and_goes_with_the_job(blobs: Blobs) -> None:
    await blobs.put_bytes("job/take1/film.mp4", b"film")
    link = await blobs.link("job/take1/film.mp4", seconds=60, name="reelscore-noir.mp4")
    assert link
    assert "X-Amz-Expires=60&" in link
    assert "X-Amz-Signature=" in link
    assert link.partition("?")[0].endswith("/reelscore-noir.mp4")  # what a browser saves it as
    with urllib.request.urlopen(link, timeout=10) as answer:
        assert answer.read() == b"film"
        assert answer.headers["Content-Type"] == "video/mp4"
        assert answer.headers["Content-Disposition"] == "attachment"
    assert await blobs.remove("job") == 2
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(link, timeout=10)
    with pytest.raises(Missing):
        await blobs.link("job/take1/film.mp4", seconds=60, name="x.mp4")


#: puts a film, and dies by itself as soon as a part of it lies in the folder
CUT_OFF = """
import asyncio, os, sys, threading
from pathlib import Path
from storage.blobs import Blobs

folder, film = map(Path, sys.argv[1:])

def die():
    while not any(path.stat().st_size for path in folder.rglob("film.mp4*")):
        pass
    os.kill(os.getpid(), 9)

blobs = Blobs(str(folder))
threading.Thread(target=die, daemon=True).start()
asyncio.run(blobs.put("job/film.mp4", film))
"""

#: says by how many bytes the process grew while a film went there and back
THERE_AND_BACK = """
import asyncio, resource, sys
from pathlib import Path
from storage.blobs import Blobs

folder, film = map(Path, sys.argv[1:])

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

async def main():
    blobs = Blobs(str(folder))
    await blobs.ping()
    before = peak()
    await blobs.put("job/film.mp4", film)
    await blobs.get("job/film.mp4", film.with_name("back.mp4"))
    print(peak() - before)

asyncio.run(main())
"""


def hole(path: Path, size: int) -> Path:
    """Write a file that takes no room on the disk."""
    with path.open("wb") as file:
        file.truncate(size)
    return path


async def test_a_put_that_is_cut_off_shows_nothing_and_is_cleaned_away(tmp_path: Path) -> None:
    folder, film = tmp_path / "blobs", hole(tmp_path / "film.mp4", 150_000_000)
    died = subprocess.run([sys.executable, "-c", CUT_OFF, folder, film], cwd=ROOT, timeout=30, check=False)
    assert died.returncode == -9
    assert list(folder.rglob("film.mp4*"))  # there is litter
    blobs = Blobs(str(folder))
    assert await blobs.keys("job") == []
    with pytest.raises(Missing):
        await blobs.size("job/film.mp4")
    await blobs.remove("job")
    assert list(folder.iterdir()) == []


def test_a_film_never_lies_in_memory(tmp_path: Path) -> None:
    film = hole(tmp_path / "film.mp4", 200_000_000)
    words = [sys.executable, "-c", THERE_AND_BACK, tmp_path / "blobs", film]
    grew = int(subprocess.run(words, cwd=ROOT, timeout=30, check=True, capture_output=True).stdout)
    assert grew < 100_000_000


async def test_a_store_answers_a_ping_or_is_down(blobs: Blobs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    await blobs.ping()
    assert await blobs.keys("ping") == []
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(Down):
        Blobs(str(tmp_path / "file" / "blobs"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with pytest.raises(Down):
        await Blobs("s3://bucket").ping()


@pytest.mark.parametrize("url", ["http://example.org/x", "gs://bucket", "s3://"])
def test_other_stores_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="s3://"):
        Blobs(url)


async def test_a_bucket_that_is_not_there_is_told(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "ENDPOINT_URL": s3,
        "ACCESS_KEY_ID": "k",
        "SECRET_ACCESS_KEY": "s",
        "REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    with pytest.raises(Down, match="no such bucket"):
        await Blobs("s3://another/p").ping()


async def test_empty_variables_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "fake")
    for name in ("ENDPOINT_URL", "REGION", "SESSION_TOKEN"):
        monkeypatch.setenv(f"AWS_{name}", "")
    url = await sign_async(Blobs("s3://bucket/p")._store, "GET", "job/film.mp4", timedelta(seconds=9))  # type: ignore[arg-type]
    assert url.startswith("https://s3.us-east-1.amazonaws.com/bucket/p/job/film.mp4")


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "x"), GenericError("Unable to copy: No space left on device (os error 28)")]
)
async def test_a_full_disk_is_told(error: Exception, tmp_path: Path) -> None:
    with pytest.raises(Down, match="full"):
        async with _ours("job/film.mp4"):
            raise error
