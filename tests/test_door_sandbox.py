"""What the locked-in program can no longer do; every test runs the real script around a real program."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.door.ffmpeg import SANDBOX, find_ffmpeg

GIB = 1024**3
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")


def lock_in(
    program: str, *arguments: str, place: Path, memory: int = 4 * GIB, cpu_s: int = 20, file_bytes: int = GIB
) -> str:
    """Run a program behind the sandbox; returns what it wrote to stderr."""
    limits = [str(os.getpid()), str(memory), str(cpu_s), str(file_bytes)]
    command = [sys.executable, "-I", "-S", str(SANDBOX), *limits, "--", program, *arguments]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=30, check=False).stderr


def ffmpeg(*arguments: str, place: Path, **limits: int) -> str:
    return lock_in(str(find_ffmpeg()), "-hide_banner", "-nostdin", "-y", *arguments, place=place, **limits)


def landlocked() -> bool:
    """Whether this kernel has Landlock: asked directly, as the sandbox does."""
    libc = ctypes.CDLL(None)
    return sys.platform == "linux" and bool(libc.syscall(444, None, ctypes.c_size_t(0), 1) >= 1)


needs_landlock = pytest.mark.skipif(not landlocked(), reason="this kernel has no Landlock")

NOISE = ("-f", "lavfi", "-i", "nullsrc=s=640x480,geq=random(1)*255")


def test_writes_into_its_folder(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "color=s=64x64", "-frames:v", "5", "-f", "mp4", "out", place=tmp_path)
    assert (tmp_path / "out").stat().st_size > 500


@needs_landlock
def test_reads_no_file_outside_its_folder(tmp_path: Path) -> None:
    place, secret = tmp_path / "place", tmp_path / "secret.gif"
    place.mkdir()
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x64:d=1", "-f", "gif", "secret.gif", place=tmp_path)
    assert "Permission denied" in ffmpeg("-i", f"file:{secret}", "-f", "null", "-", place=place)
    assert "Permission denied" in ffmpeg("-f", "concat", "-i", "file:/etc/passwd", "-f", "null", "-", place=place)


@needs_landlock
def test_writes_no_file_outside_its_folder(tmp_path: Path) -> None:
    place, outside = tmp_path / "place", tmp_path / "outside.mp4"
    place.mkdir()
    said = ffmpeg("-f", "lavfi", "-i", "color=s=64x64", "-frames:v", "5", f"file:{outside}", place=place)
    assert "Permission denied" in said
    assert not outside.exists()


@on_linux
def test_reaches_no_network(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0.2)
        ffmpeg("-i", f"http://127.0.0.1:{canary.getsockname()[1]}/x.mp4", "-f", "null", "-", place=tmp_path)
        with pytest.raises(TimeoutError):
            canary.accept()


def test_has_a_file_of_limited_size(tmp_path: Path) -> None:
    ffmpeg(*NOISE, "-t", "2", "-f", "rawvideo", "out", place=tmp_path, file_bytes=200_000)
    assert 0 < (tmp_path / "out").stat().st_size <= 200_000


@on_linux
def test_has_limited_memory(tmp_path: Path) -> None:
    huge = ("-f", "lavfi", "-i", "color=s=8192x8192", "-frames:v", "1", "-threads", "1", "-f", "rawvideo", "out")
    ffmpeg(*huge, place=tmp_path, memory=300 * 1024**2, cpu_s=5)
    made = tmp_path / "out"
    assert not made.exists() or made.stat().st_size == 0


def test_has_limited_processor_time(tmp_path: Path) -> None:
    began = time.monotonic()
    ffmpeg(*NOISE, "-f", "null", "-", place=tmp_path, cpu_s=1)
    assert time.monotonic() - began < 15


def test_leaves_no_core_and_holds_few_files(tmp_path: Path) -> None:
    shell = shutil.which("sh")
    assert shell
    said = lock_in(shell, "-c", "ulimit -c >&2; ulimit -n >&2; grep NoNewPrivs /proc/self/status >&2", place=tmp_path)
    assert said.split()[:2] == ["0", "64"]


@on_linux
def test_dies_with_its_parent(tmp_path: Path) -> None:
    """A parent starts a program that would run for ever, and is killed."""
    code = (
        "import os, subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-I', '-S', {str(SANDBOX)!r}, str(os.getpid()), '4000000000',"
        f" '60', '1000000', '--', {str(find_ffmpeg())!r}, '-nostdin', '-v', 'quiet', '-re', '-f', 'lavfi', '-i',"
        " 'color', '-f', 'null', '-'], start_new_session=True)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        time.sleep(0.4)
        assert _runs(child)
        parent.kill()
    for _ in range(50):
        if not _runs(child):
            return
        time.sleep(0.1)
    pytest.fail("the child outlived its parent")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
