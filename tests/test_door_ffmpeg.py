"""The door: what goes in, what comes out, and that nothing stays behind it."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

import pytest

from pipeline.door import ffmpeg
from pipeline.door.ffmpeg import Leash, bench, find_ffmpeg, run, start, take_fed, take_in
from pipeline.errors import BadMedia, OverLimit, Unavailable, UserError
from tests.media import ffmpeg as make
from tests.media import make_clip

ENDLESS = ("-re", "-f", "lavfi", "-i", "color=s=64x64", "-f", "rawvideo", "pipe:1")


def children() -> set[int]:
    """The processes that this one has started and not yet reaped."""
    here = str(os.getpid())
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if stat.read_text().rpartition(")")[2].split()[1] == here:
                found.add(int(stat.parent.name))
        except OSError:
            continue
    return found


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


def test_the_environment_does_not_choose_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/bin/false")
    monkeypatch.setenv("PATH", "/nowhere")
    find_ffmpeg.cache_clear()
    assert find_ffmpeg().parent.name == "binaries"


def test_a_missing_program_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import imageio_ffmpeg

    monkeypatch.setattr(imageio_ffmpeg, "__file__", str(tmp_path / "__init__.py"))
    find_ffmpeg.cache_clear()
    with pytest.raises(Unavailable) as told:
        find_ffmpeg()
    find_ffmpeg.cache_clear()
    assert "pip install" in told.value.hint


def test_the_child_sees_nothing_of_our_environment(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_TOKEN", "a secret")
    with start(ENDLESS, place=place, leash=Leash()) as child:
        child.read(64)
        seen = Path(f"/proc/{child._process.pid}/environ").read_bytes()
    assert b"LC_ALL=C" in seen
    assert b"BOT_TOKEN" not in seen


def test_reads_a_file_by_descriptor_and_names_it_nowhere(tmp_path: Path, place: Path) -> None:
    clip = make_clip(tmp_path / "a secret name.mp4", shot_s=0.2)
    with clip.open("rb") as source:
        arguments = [*take_in(source, "mov"), "-map", "0:v", "-c", "copy", "-f", "framecrc", "pipe:1"]
        assert not any("secret" in word for word in arguments)
        assert run(arguments, place=place, leash=Leash(), inputs=[source]).output.count(b"\n0,") >= 14
        again = run(arguments, place=place, leash=Leash(), inputs=[source])  # from the start, not where it was left
    assert again.output.count(b"\n0,") >= 14


def test_a_file_cannot_be_opened_as_something_else(tmp_path: Path, place: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", shot_s=0.2)
    with clip.open("rb") as source, pytest.raises(BadMedia):
        run([*take_in(source, "gif"), "-f", "null", "-"], place=place, leash=Leash(), inputs=[source])


def test_a_playlist_can_open_nothing_even_with_its_own_demuxer(tmp_path: Path, place: Path) -> None:
    """The inner wall: had a playlist got past the magic bytes and the list of demuxers, `fd:` would still stop it."""
    make_clip(place / "other.mp4", shot_s=0.2)
    script = tmp_path / "list"
    script.write_text("ffconcat version 1.0\nfile other.mp4\n")
    with script.open("rb") as source:
        arguments = [
            *take_in(source, "concat", "-safe", "0", "-auto_convert", "0"),
            "-c",
            "copy",
            "-f",
            "mp4",
            "out.mp4",
        ]
        with pytest.raises(BadMedia):
            run(arguments, place=place, leash=Leash(), inputs=[source])
    assert not (place / "out.mp4").exists()


def test_the_protocol_wall_stands_alone(tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the sandbox and with the playlist's own demuxer let in, still no other file and no address is opened."""
    monkeypatch.setattr(ffmpeg, "_behind_sandbox", lambda leash: [str(find_ffmpeg()), "-nostdin", "-y"])
    make_clip(tmp_path / "other.mp4", shot_s=0.2)
    make("-i", tmp_path / "other.mp4", "-c", "copy", tmp_path / "other.ts")
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0.2)
        address = f"http://127.0.0.1:{canary.getsockname()[1]}/x.ts"
        for segment in (
            f"file:{tmp_path}/other.ts",
            f"{tmp_path}/other.ts",
            address,
            f"concat:{address}|file:/etc/passwd",
        ):
            script = tmp_path / "list"
            script.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{segment}\n#EXT-X-ENDLIST\n")
            with script.open("rb") as source:
                every = ["-allowed_extensions", "ALL", "-allowed_segment_extensions", "ALL", "-extension_picky", "0"]
                arguments = [*take_in(source, "hls", *every), "-map", "0:v", "-c", "copy", "-f", "mpegts", "out.ts"]
                arguments[arguments.index("-format_whitelist") + 1] = "hls,mpegts"
                with pytest.raises(UserError):
                    run(arguments, place=place, leash=Leash(seconds=10), inputs=[source])
        with pytest.raises(TimeoutError):
            canary.accept()
    assert not (place / "out.ts").exists() or not (place / "out.ts").read_bytes()


def test_a_bench_vanishes_with_its_files(tmp_path: Path) -> None:
    def work() -> None:
        with bench(tmp_path / "job") as place:
            (place / "half").write_bytes(b"1")
            (place / "deep").mkdir()
            raise KeyError

    with pytest.raises(KeyError):
        work()
    assert list((tmp_path / "job").iterdir()) == []


def test_a_child_that_passes_its_seconds_is_killed_and_reaped(place: Path) -> None:
    before = children()
    began = time.monotonic()
    with pytest.raises(OverLimit, match="longer than is allowed"):
        run(ENDLESS, place=place, leash=Leash(seconds=0.5))
    assert time.monotonic() - began < 5
    assert children() == before


def test_a_child_that_falls_silent_is_killed(place: Path) -> None:
    slow = ("-readrate", "0.01", *ENDLESS[1:])
    with start(slow, place=place, leash=Leash(stall_s=0.3)) as child, pytest.raises(OverLimit):
        child.read(1 << 20)


def test_the_time_that_the_consumer_takes_is_not_counted(place: Path) -> None:
    arguments = ("-f", "lavfi", "-i", "color=s=64x64:d=0.2", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1")
    with start(arguments, place=place, leash=Leash(seconds=2)) as child:
        assert len(child.read(64 * 64)) == 64 * 64
        time.sleep(2.2)
        child.finish()


def test_a_child_deaf_to_sigterm_is_killed_with_its_group(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the DASH manifest that makes ffmpeg spin, deaf to SIGTERM (CVE-2026-107677)."""
    stuck = place / "stuck.py"
    stuck.write_text(
        "import os, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(f'{grandchild.pid:8}', end='', flush=True)\n"
        "time.sleep(60)\n"
    )
    monkeypatch.setattr(ffmpeg, "_behind_sandbox", lambda leash: [sys.executable, str(stuck)])
    with start((), place=place, leash=Leash(seconds=2)) as child:
        grandchild = int(child.read(8))
        with pytest.raises(OverLimit):
            child.finish()
    for _ in range(50):
        if not Path(f"/proc/{grandchild}").exists() or "Z" in Path(f"/proc/{grandchild}/stat").read_text().split():
            return
        time.sleep(0.05)
    pytest.fail("the grandchild is still there")


def test_a_consumer_that_fails_leaves_no_child(place: Path) -> None:
    before = children()

    def work() -> None:
        with start(ENDLESS, place=place, leash=Leash()) as child:
            child.read(64)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert children() == before


def test_no_descriptor_stays_open(place: Path) -> None:
    open_before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with start(ENDLESS, place=place, leash=Leash(), aside=os.pipe()) as child:
            child.read(64)
    assert len(os.listdir("/proc/self/fd")) == open_before


RAW = take_fed("rawvideo", "-pixel_format", "gray", "-video_size", "64x64", "-framerate", "30")


def pour(arguments: list[str], place: Path, leash: Leash) -> None:
    """Feed a gigabyte of black, or as much as is taken."""
    with start(arguments, place=place, leash=leash, fed=True) as child:
        for _ in range(1000):
            child.feed(memoryview(bytes(1 << 20)))


def test_what_is_fed_comes_through_while_the_outputs_are_heard(place: Path) -> None:
    """Far more than all the pipes hold goes in and comes out again: whoever only wrote would stand still."""
    frames = os.urandom(64 * 64 * 1000)
    arguments = [*RAW, "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"]
    with start(arguments, place=place, leash=Leash(seconds=20), fed=True) as child:
        for at in range(0, len(frames), 64 * 64 * 40):
            child.feed(memoryview(frames)[at : at + 64 * 64 * 40])
        assert child.finish().output == frames


def test_a_fed_child_that_gives_up_says_why_and_is_reaped(place: Path) -> None:
    before, open_before = children(), len(os.listdir("/proc/self/fd"))
    with pytest.raises(BadMedia):
        pour([*RAW, "-f", "no-such-muxer", "out"], place, Leash())
    assert children() == before
    assert len(os.listdir("/proc/self/fd")) == open_before


def test_a_fed_child_that_stops_early_is_told(place: Path) -> None:
    with pytest.raises(Unavailable):
        pour([*RAW, "-frames:v", "1", "-f", "null", "-"], place, Leash())


def test_a_child_that_takes_nothing_is_killed(place: Path) -> None:
    with pytest.raises(OverLimit):
        pour(["-readrate", "0.01", *RAW, "-f", "null", "-"], place, Leash(stall_s=0.3))


def test_a_feeder_that_fails_leaves_no_child(place: Path) -> None:
    before = children()

    def work() -> None:
        with start([*RAW, "-f", "null", "-"], place=place, leash=Leash(), fed=True) as child:
            child.feed(memoryview(bytes(64 * 64)))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert children() == before


def test_endless_chatter_is_forgotten_in_the_middle(place: Path) -> None:
    arguments = (
        "-loglevel",
        "debug",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=16x16:d=400",
        "-vf",
        "showinfo",
        "-f",
        "null",
        "-",
    )
    done = run(arguments, place=place, leash=Leash())
    assert "\n...\n" in done.chatter
    assert len(done.chatter) < 5 * ffmpeg.CHATTER_BYTES + 10
    assert done.chatter.rstrip()[-200:]


def test_too_much_output_is_refused(place: Path) -> None:
    with pytest.raises(OverLimit):
        run(("-f", "lavfi", "-i", "color", "-f", "rawvideo", "pipe:1"), place=place, leash=Leash(output_bytes=1 << 20))


@pytest.mark.parametrize(
    ("code", "said", "kind"),
    [
        (-9, "", OverLimit),
        (-25, "", OverLimit),
        (1, "x: Cannot allocate memory", OverLimit),
        (1, "x: No space left on device", Unavailable),
        (183, "Invalid data found", BadMedia),
        (-11, "", BadMedia),
    ],
)
def test_every_end_has_an_error_of_ours(code: int, said: str, kind: type[Exception]) -> None:
    error = ffmpeg._failure(code, said)
    assert type(error) is kind
    assert error.sentence.endswith(".")
    assert error.hint
    assert not said or said not in error.sentence
