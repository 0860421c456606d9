"""Files that mean harm, and files that are merely broken: scored or refused, and nothing left, touched or told.

The first half makes its own; the second goes through the real collection where it lies beside the checkout.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.clip import Clip, Limits, open_clip
from pipeline.door.ffmpeg import Leash
from pipeline.door.targets import Target
from pipeline.errors import BadMedia, OverLimit, UserError
from tests.media import MEDIA, ffmpeg, make_clip, needs_media
from tests.test_door_ffmpeg import children

WITHIN_S = 20.0  # of wall clock on a busy machine; each takes less than one on a quiet one


def take(path: Path, folder: Path, *, target: Target = "none") -> Clip | UserError:
    """Open a clip and go through it; returns what it is, or the error that a person would see."""
    try:
        footage = open_clip(path, folder, target=target)
        for _ in footage.frames():
            pass
    except UserError as error:
        return error
    return footage.clip


class Canary:
    """Listens where the hostile files would call; `calls` must stay empty."""

    def __init__(self, port: int) -> None:
        self.calls: list[str] = []
        self._server = socket.create_server(("127.0.0.1", port))
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                caller, address = self._server.accept()
            except OSError:
                return
            self.calls.append(f"{address}")
            caller.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()


@pytest.fixture
def canary() -> Iterator[Canary]:
    bird = Canary(0)
    yield bird
    bird.close()


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Path]:
    """A job's folder; whatever happened, no child and no bench may be left when the test is over."""
    before = children()
    folder = tmp_path / "job"
    yield folder
    assert children() == before
    left = {path.name for path in folder.iterdir()} if folder.exists() else set()
    assert left <= {"picture.mp4", "sound.wav"}


def refused(result: Clip | UserError, kind: type[UserError], word: str, job: Path) -> None:
    assert isinstance(result, kind)
    assert word in result.sentence
    assert result.hint
    assert not job.exists() or not list(job.iterdir())


def png(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


SPIN = (  # a DASH manifest that makes ffmpeg spin for ever, deaf to SIGTERM (CVE-2026-107677)
    b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT10S">'
    b'<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">'
    b'<SegmentTemplate media="" initialization="" duration="1" timescale="1" startNumber="1"/>'
    b"</Representation></AdaptationSet></Period></MPD>"
)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"\0", "not known"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n", "playlist"),
        (b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:PORT/secret.ts\n#EXT-X-ENDLIST\n", "playlist"),
        (b"#EXTM3U\n#EXTINF:1,\nconcat:http://127.0.0.1:PORT/a|file:///etc/passwd\n", "playlist"),
        (b"ffconcat version 1.0\nfile other.mp4\n", "playlist"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "playlist"),
        (SPIN, "playlist"),
        (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video PORT RTP/AVP 96\r\n", "playlist"),
        (b"<html><body><script>1</script></body></html>", "web page"),
        (b"<?xml version='1.0'?><svg xmlns='x'/>", "web page"),
        (b"%PDF-1.7 xxxxxxxxxxx", "PDF"),
        (b"#!/bin/sh\ntouch pwned\n", "program"),
        (b"\x7fELF\x02\x01\x01" + b"\0" * 60, "program"),
        (b"ID3\x04\0\0\0\0\0\0" + b"\0" * 60, "sound"),
        (b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 60, "sound"),
        (b"RIFF\x24\0\0\0WEBPVP8 " + b"\0" * 60, "still image"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 60, "still image"),
        (png(1, 1), "still image"),
        (png(30_000, 30_000), "still image"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 60, "still image"),
        (b"just some words, nothing else", "text"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomiso2" + b"\0\0\0\x08free", "index"),
        (b"\x1a\x45\xdf\xa3" + b"\xff" * 99, "index"),
        (
            b"GIF89a"
            + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0)
            + b"\x2c"
            + b"\0" * 9
            + b"\x02\x02\x4c\x01\x00\x3b",
            "",
        ),
    ],
)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".gif"])
def test_what_is_no_clip_is_told_so_whatever_its_name(
    content: bytes, word: str, suffix: str, tmp_path: Path, job: Path, canary: Canary
) -> None:
    make_secret = tmp_path / "other.mp4"
    make_secret.write_bytes(b"\0\0\0\x18ftypisom")
    path = tmp_path / f"clip{suffix}"
    path.write_bytes(content.replace(b"PORT", str(canary.port).encode()))
    began = time.monotonic()
    result = take(path, job)
    assert time.monotonic() - began < WITHIN_S
    assert isinstance(result, UserError)
    refused(result, type(result), word, job)
    assert str(tmp_path) not in result.sentence + result.hint
    assert path.name not in result.sentence + result.hint
    assert canary.calls == []


def test_a_zip_is_an_archive(tmp_path: Path, job: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.mp4", "w") as archive:
        archive.writestr("a.txt", "x")
    refused(take(tmp_path / "a.mp4", job), BadMedia, "archive", job)


def test_an_avi_with_a_playlist_as_subtitles(tmp_path: Path, job: Path, canary: Canary) -> None:
    playlist = b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:%d/x\n" % canary.port
    plain = make_clip(tmp_path / "plain.avi", shot_s=0.3, codec=("-c:v", "mpeg4"))
    body = plain.read_bytes()
    chunk = b"GAB2\0\x02\0" + playlist
    at = body.index(b"movi") + 4
    (tmp_path / "a.avi").write_bytes(body[:at] + b"01tx" + struct.pack("<I", len(chunk)) + chunk + body[at:])
    refused(take(tmp_path / "a.avi", job), BadMedia, "text track", job)
    assert canary.calls == []


def test_a_playlist_that_got_past_the_magic_bytes_opens_nothing(
    tmp_path: Path, job: Path, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second wall alone: the first one is taken away, and each demuxer of scripts is let in by name."""
    make_clip(tmp_path / "other.mp4", shot_s=0.3)
    for demuxer, script in (
        (
            "hls",
            f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:{canary.port}/x.ts\n#EXT-X-ENDLIST\n",
        ),
        ("hls", f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{tmp_path}/other.mp4\n#EXT-X-ENDLIST\n"),
        ("concat", "ffconcat version 1.0\nfile other.mp4\n"),
        ("dash", SPIN.decode()),
    ):
        path = tmp_path / "clip"
        path.write_text(script)
        monkeypatch.setattr("pipeline.clip.find_demuxer", lambda source, name=demuxer: name)
        monkeypatch.setattr("pipeline.door.slate.LISTING_LEASH", Leash(seconds=2))
        assert isinstance(take(path, job), UserError)
        assert canary.calls == []


def test_a_manifest_that_spins_for_ever_is_killed(tmp_path: Path, job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last wall: with every other one taken away, the child is killed when its time is over."""
    monkeypatch.setattr("pipeline.clip.find_demuxer", lambda source: "dash")
    monkeypatch.setattr("pipeline.door.slate.LISTING_LEASH", Leash(seconds=2))
    monkeypatch.setattr(
        "pipeline.door.slate.take_in", lambda source, *_: ["-f", "dash", "-fd", str(source.fileno()), "-i", "fd:"]
    )
    path = tmp_path / "clip.mp4"
    path.write_bytes(SPIN)
    began = time.monotonic()
    assert isinstance(take(path, job), UserError)
    assert time.monotonic() - began < WITHIN_S


def test_a_cover_picture_alone_is_no_clip(tmp_path: Path, job: Path) -> None:
    (tmp_path / "cover.png").write_bytes(b"")
    ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", "1", tmp_path / "cover.png")
    inputs = ("-f", "lavfi", "-i", "sine=d=1", "-i", tmp_path / "cover.png")
    ffmpeg(*inputs, "-map", "0", "-map", "1", "-c:v", "png", "-disposition:v:0", "attached_pic", tmp_path / "a.mp4")
    refused(take(tmp_path / "a.mp4", job), BadMedia, "cover picture", job)


def test_sound_alone_is_no_clip(tmp_path: Path, job: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", tmp_path / "a.mp4")
    refused(take(tmp_path / "a.mp4", job), BadMedia, "only sound", job)


def test_a_single_picture_is_no_clip(tmp_path: Path, job: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "color=s=64x64", "-frames:v", "1", tmp_path / "a.mp4")
    refused(take(tmp_path / "a.mp4", job), BadMedia, "single picture", job)


def test_a_pixel_bomb_is_refused_by_what_it_declares(
    tmp_path: Path, job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two pictures of 67 million pixels in 400 MB of address space, where decoding takes 900."""
    slim = ("-preset", "ultrafast", "-threads", "1", "-x264-params", "ref=1:rc-lookahead=0")
    ffmpeg("-f", "lavfi", "-i", "color=s=8192x8192:r=1:d=2", "-c:v", "libx264", *slim, tmp_path / "a.mp4")
    monkeypatch.setattr("pipeline.door.slate.LISTING_LEASH", Leash(memory=400 * 1024**2))
    began = time.monotonic()
    refused(take(tmp_path / "a.mp4", job), OverLimit, "8192 x 8192", job)
    assert time.monotonic() - began < WITHIN_S


def test_a_pixel_bomb_behind_a_small_picture(tmp_path: Path, job: Path) -> None:
    """Ten pictures of 64 x 64, then two of 67 million pixels: those are never decoded."""
    slim = ("-c:v", "libx264", "-preset", "ultrafast", "-threads", "1", "-x264-params", "ref=1:rc-lookahead=0")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64:r=10:d=1", *slim, tmp_path / "small.ts")
    large = ("-f", "lavfi", "-i", "color=s=8192x8192:r=10:d=0.2", *slim, "-output_ts_offset", "1")
    ffmpeg(*large, tmp_path / "large.ts")
    (tmp_path / "a.ts").write_bytes((tmp_path / "small.ts").read_bytes() + (tmp_path / "large.ts").read_bytes())
    result = take(tmp_path / "a.ts", job)
    assert isinstance(result, UserError) or result.frames <= 10


def test_a_time_bomb_is_refused_by_what_it_declares(tmp_path: Path, job: Path) -> None:
    far = ("-f", "lavfi", "-i", "color=s=64x64:r=1:d=2", "-vf", "setpts=N*360000/TB")
    ffmpeg(*far, "-fps_mode", "vfr", "-video_track_timescale", "1000", "-enc_time_base", "1/1000", tmp_path / "a.mp4")
    refused(take(tmp_path / "a.mp4", job), OverLimit, "long", job)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_a_folder_and_a_device_are_no_files(tmp_path: Path, job: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "folder.mp4").mkdir()
    for path in (tmp_path / "pipe.mp4", tmp_path / "folder.mp4", Path("/dev/zero"), tmp_path / "nothing.mp4"):
        began = time.monotonic()
        assert isinstance(take(path, job), BadMedia)
        assert time.monotonic() - began < 2


HOSTILE_NAMES = (
    "-vf.mp4",
    "--help.mp4",
    "-i.mp4",
    "%03d.mp4",
    "concat:a|b.mp4",
    "subfile,,start,0,end,0,,:a.mp4",
    "it's; $(touch pwned) & 'q\".mp4",
    "[in],scale=1:1;\\:'x.mp4",
    "a\nb.mp4",
    "a\tb.mp4",
    "\u202e4pm.exe.mp4",
    "n" * 250 + ".mp4",
    "Клип 🎬.mp4",
    "\udcff\udcfe.mp4",
    "pipe:0",
    "fd:",
    "http:",
)


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=range(len(HOSTILE_NAMES)))
def test_hostile_names_are_names(name: str, tmp_path: Path, job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "uploads"
    folder.mkdir()
    path = folder / name
    shutil.copy(_tiny(tmp_path), path)
    seen: list[str] = []
    launch = subprocess.Popen

    class Spy(launch):  # type: ignore[misc, valid-type]
        def __init__(self, command: list[str], **options: object) -> None:
            seen.extend(command)
            super().__init__(command, **options)

    monkeypatch.setattr(subprocess, "Popen", Spy)
    monkeypatch.chdir(folder)
    result = take(path, job)
    assert isinstance(result, Clip)
    assert all(char.isprintable() for char in result.name)
    assert seen
    assert not any("uploads" in word or (name in word and name != "fd:") for word in seen)
    assert [other for other in folder.iterdir() if other != path] == []


def _tiny(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "tiny.mp4", shot_s=0.2, size="64x64")


def test_a_damaged_clip_never_crashes(tmp_path: Path, job: Path) -> None:
    """Bytes of a good clip changed at random, a dozen times; it is scored or refused each time."""
    good = _tiny(tmp_path).read_bytes()
    for seed in range(12):
        dice = random.Random(seed)
        body = bytearray(good)
        for _ in range(20):
            body[dice.randrange(len(body))] = dice.randrange(256)
        (tmp_path / "bad.mp4").write_bytes(body)
        assert isinstance(take(tmp_path / "bad.mp4", job), (UserError, Clip))
        shutil.rmtree(job, ignore_errors=True)


#: by the "expected" column of the collection's INDEX.md
COLLECTION = {
    "refused": (
        "hls_file_etc_passwd.mp4", "hls_http_loopback.mp4", "ffconcat_etc_passwd.mp4", "hls_concat_trick.m3u8.mp4",
        "hls_http_loopback.m3u8", "avi_gab2_hls.avi", "empty.mp4", "one_byte.mp4", "truncated_half.mp4", "no_moov.mp4",
        "zip_as_mp4.mp4", "html_as_mp4.mp4", "png_as_mp4.mp4", "audio_only.mp4", "bomb_16384.png",
        "bomb_canvas_65535.gif", "bomb_16000_1frame.mp4", "two_frames_100_hours.mp4", "wild_mm_corrupt.mkv",
    ),
    "scored": (
        "odd_size_321x241_444.mp4", "negative_ts.mkv", "metadata_injection.mp4", "tiny_clip.mp4", "fps_10000.mp4",
    ),
}  # fmt: skip


#: of the collection, what is also sent to the bots: one file for each way that any of them ends, as a clip or a track,
#: and for each kind of name; `test_the_collection` and the one of test_track.py see that no file ends in another way
SENT = (
    "metadata_injection.mp4", "tiny_clip.mp4", "wild_ff_0-timescale.mp4", "avi_gab2_hls.avi", "empty.mp4",
    "two_frames_100_hours.mp4", "truncated_half.mp4", "wild_ff_1393272.webm", "wild_ff_789075.webm", "no_moov.mp4",
    "hls_http_loopback.mp4", "hls_http_loopback.m3u8", "ffconcat_etc_passwd.mp4", "wild_ff_255ch.wav", "one_byte.mp4",
    "bomb_16384.png", "bomb_canvas_65535.gif", "inject_ass_drawtext.txt", "lrc_bad_times.lrc", "html_as_mp4.mp4",
    "zip_as_mp4.mp4", "audio_only.mp4", "wild_ff_495794-1.ogg", "wild_mm_corrupt.mkv",
)  # fmt: skip

ENDS = (
    "Only N of N pictures in the clip can be decoded; it is damaged.",
    "The AVI file carries a text track that is not read here.",
    "The clip is N h long; at most N min are taken.",
    "The file breaks off: only N s of its N s are there.",
    "The file cannot be read as a clip: it is damaged or of an unknown kind.",
    "The file holds a single picture and does not move.",
    "The file is a playlist, not a video.",
    "The file is a sound file, not a video.",
    "The file is a still image, not a video.",
    "The file is a text, not a video.",
    "The file is a web page or an XML document, not a video.",
    "The file is an archive, not a video.",
    "The file is damaged or was never finished: its index cannot be read.",
    "The file is empty.",
    "The file is of a kind that is not known here, or it is damaged.",
    "The picture is N x N; at most N million pixels are taken.",
    "There is only sound in the file, no video.",
)


def end_of(error: UserError) -> str:
    """Return its sentence without numbers."""
    return re.sub(r"\d[\d.:]*(?<!\.)", "N", error.sentence)


@pytest.fixture(scope="module")
def old_canary() -> Iterator[Canary | None]:
    """The port that the collection's files name; None when somebody else listens there."""
    try:
        bird = Canary(18099)
    except OSError:
        yield None
        return
    yield bird
    bird.close()


@needs_media
@pytest.mark.parametrize("path", sorted((MEDIA / "hostile").glob("*.*")), ids=lambda path: path.name)
def test_the_collection(path: Path, job: Path, old_canary: Canary | None) -> None:
    if path.suffix in (".md", ".py"):
        pytest.skip("not a sample")
    began = time.monotonic()
    result = take(path, job)
    assert time.monotonic() - began < WITHIN_S
    if path.name in COLLECTION["refused"]:
        assert isinstance(result, UserError), path.name
    if path.name in COLLECTION["scored"]:
        assert isinstance(result, Clip), path.name
    if isinstance(result, UserError):
        refused(result, type(result), "", job)
        assert end_of(result) in ENDS
        assert path.name not in result.sentence + result.hint
        assert str(path.parent) not in result.sentence + result.hint
    assert old_canary is None or old_canary.calls == []
    secret = Path("/etc/passwd").read_bytes().splitlines()[0]
    for made in job.glob("*"):
        assert secret not in made.read_bytes()


@needs_media
def test_a_small_clip_of_many_frames_takes_bounded_time(tmp_path: Path) -> None:
    footage = open_clip(MEDIA / "hostile" / "fps_10000.mp4", tmp_path / "job", limits=Limits(wall_s=60))
    assert sum(1 for _ in footage.frames()) == 5000
    assert footage.clip.duration == pytest.approx(0.5)
