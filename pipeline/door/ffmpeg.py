"""The only door to another program: the bundled ffmpeg, on a short leash, in a folder of its own.

What comes in is an open file descriptor (`fd:` is the only protocol that an input may use, so no playlist, reference or
odd name can open anything else) and a demuxer that the caller has chosen. What goes out lands under names of our own on
a bench: a private folder that vanishes with the run. No word of a stranger reaches the command line.

The child runs in its own session behind pipeline/door/sandbox.py. It is killed with its whole group when it passes its
leash, when the consumer fails or loses interest, and when this process dies. Linux kills it too when the *thread* that
started it ends: start and finish a run in one thread.
"""

from __future__ import annotations

import contextlib
import functools
import math
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import BadMedia, OverLimit, Unavailable, UserError

SANDBOX = Path(__file__).with_name("sandbox.py")

#: threads for each decoder and encoder: beyond 4 memory grows faster than speed, and x264 writes other bytes for
#: every count, so that a fixed one gives the same film on every machine
THREADS = 4

CHATTER_BYTES = 64 * 1024  # how much of the start and of the end of stderr is kept
PIPE_BYTES = 256 * 1024  # asked of the kernel for each pipe and read at once: a user may have 64 MB of them in all

#: nothing of our environment is handed on; two malloc arenas keep address space, which is limited, near real use.
#: 255 has glibc hand out zeroes: x264's macroblock tree reads memory before it is written, and would write other bytes
#: for the same clip now and then. It costs a tenth of processor time; without the tree films grow by half
ENVIRONMENT = {"LC_ALL": "C", "MALLOC_ARENA_MAX": "2", "MALLOC_PERTURB_": "255"}

#: for every output: no tags, chapters or dates of the client's, no version marks of ffmpeg's
NOTHING_PERSONAL = ("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags", "+bitexact")


SHORTER = "Try a shorter or a smaller clip."


@dataclass(frozen=True)
class Leash:
    """How far one child may go; beyond it the child is killed and OverLimit raised."""

    seconds: float = 120.0  #: that we wait for it, all together
    stall_s: float = math.inf  #: that we wait without a byte from it
    cpu_s: int = 300  #: of processor time, all threads together
    memory: int = 3 * 1024**3  #: bytes of address space; decoding 4K60 HEVC takes about 1.5 GiB of it
    file_bytes: int = 4 * 1024**3  #: in any one file that it writes
    output_bytes: int = 64 * 1024**2  #: that `run` collects from stdout


@dataclass(frozen=True)
class Finished:
    output: bytes  #: what the child wrote to stdout
    chatter: str  #: what it wrote to stderr: the start and the end of it, when it is long


@functools.cache
def find_ffmpeg() -> Path:
    """Return the ffmpeg that came with the package, whatever the environment says; raises Unavailable."""
    import imageio_ffmpeg

    found = sorted((Path(imageio_ffmpeg.__file__).parent / "binaries").glob("ffmpeg-*"))
    if not found:
        raise Unavailable(
            "The ffmpeg that comes with the package imageio-ffmpeg is missing.",
            hint="Install it again from a wheel: pip install --force-reinstall --only-binary :all: imageio-ffmpeg",
        )
    return found[-1]


def take_in(source: BinaryIO, demuxer: str, *options: str) -> list[str]:
    """Name an open file as an input: this demuxer and no other, this descriptor and no other."""
    narrow = ["-f", demuxer, "-format_whitelist", demuxer, "-protocol_whitelist", "fd"]
    return [*narrow, "-threads", str(THREADS), *options, "-fd", str(source.fileno()), "-i", "fd:"]


@contextlib.contextmanager
def bench(folder: Path) -> Iterator[Path]:
    """Lend an empty private folder inside `folder`, on the same disk, and remove it with all that lies in it."""
    folder.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix=".bench-", dir=folder))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def take_fed(demuxer: str, *options: str) -> list[str]:
    """Name as an input what `Child.feed` will give."""
    narrow = ["-f", demuxer, "-format_whitelist", demuxer, "-protocol_whitelist", "fd"]
    return [*narrow, *options, "-fd", "0", "-i", "fd:"]


class Child:
    """A running ffmpeg. All its pipes are served from one place, so that none can fill up and block it."""

    def __init__(self, process: subprocess.Popen[bytes], aside: int | None, leash: Leash) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self._process = process
        self._leash = leash
        self._left_s = leash.seconds
        self._stdout, self._stderr, self._aside = process.stdout.fileno(), process.stderr.fileno(), aside
        pipes = [pipe for pipe in (self._stdout, self._stderr, aside) if pipe is not None]
        self._held = {pipe: bytearray() for pipe in pipes}
        self._open = selectors.DefaultSelector()
        for pipe in pipes:
            self._open.register(pipe, selectors.EVENT_READ)
        if process.stdin:
            os.set_blocking(process.stdin.fileno(), False)

    def read(self, size: int) -> bytes:
        """Return `size` bytes of stdout, fewer only at its end."""
        return self._take(self._stdout, lambda held: size if len(held) >= size else 0)

    def read_line(self) -> str:
        """Return the next line of the side pipe, "" at its end."""
        assert self._aside is not None
        return self._take(self._aside, lambda held: held.find(b"\n") + 1).decode("ascii", "replace").strip()

    def feed(self, data: memoryview) -> None:
        """Give it bytes on its stdin, as fast as it takes them; raises what it ended of when it is gone."""
        assert self._process.stdin is not None
        stdin = self._process.stdin.fileno()
        rest = data.cast("B")
        self._open.register(stdin, selectors.EVENT_WRITE)
        try:
            while rest:
                if stdin in self._pump():
                    rest = rest[os.write(stdin, rest) :]
        except BrokenPipeError:
            self._open.unregister(stdin)
            self.finish()
            raise Unavailable("ffmpeg ended before it had everything.", hint="Is there enough memory left?") from None
        self._open.unregister(stdin)

    def finish(self) -> Finished:
        """Wait for the end, with nothing more to feed; raises what went wrong as one of our errors."""
        if self._process.stdin:
            self._process.stdin.close()
        while self._open.get_map():
            self._pump()
            if len(self._held[self._stdout]) > self._leash.output_bytes:
                raise OverLimit("The clip holds more than can be listed.", hint=SHORTER)
        try:
            code = self._process.wait(max(1.0, self._left_s))
        except subprocess.TimeoutExpired:
            raise _too_slow() from None
        if code:
            raise _failure(code, self.chatter)
        return Finished(bytes(self._held[self._stdout]), self.chatter)

    @property
    def chatter(self) -> str:
        """What it has said on stderr so far."""
        return self._held[self._stderr].decode("utf-8", "replace")

    def close(self) -> None:
        """Kill the whole group and reap it, in whatever state it is."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._open.close()

    def _take(self, pipe: int, ready: Callable[[bytearray], int]) -> bytes:
        """Cut off the head of what a pipe holds, as long as `ready` says; all that is left at the pipe's end."""
        held = self._held[pipe]
        while not (size := ready(held)) and pipe in self._open.get_map():
            self._pump()
        with memoryview(held) as view:
            taken = bytes(view[: size or len(held)])
        del held[: len(taken)]
        return taken

    def _pump(self) -> list[int]:
        """Move what the pipes have into our hands, waiting for the first byte; return those that can be written to.

        Raises OverLimit when nothing happens.
        """
        began = time.monotonic()
        ready = self._open.select(min(self._left_s, self._leash.stall_s))
        self._left_s -= time.monotonic() - began
        if not ready or self._left_s <= 0:
            raise _too_slow()
        for key, _ in ready:
            if key.events == selectors.EVENT_WRITE:
                continue
            if chunk := os.read(key.fd, PIPE_BYTES):
                self._held[key.fd] += chunk
            else:
                self._open.unregister(key.fd)
        said = self._held[self._stderr]
        if len(said) > 4 * CHATTER_BYTES:
            said[CHATTER_BYTES:-CHATTER_BYTES] = b"\n...\n"
        return [key.fd for key, _ in ready if key.events == selectors.EVENT_WRITE]


@contextlib.contextmanager
def start(
    arguments: Sequence[str],
    *,
    place: Path,
    leash: Leash,
    inputs: Sequence[BinaryIO] = (),
    aside: tuple[int, int] | None = None,
    fed: bool = False,
) -> Iterator[Child]:
    """Run ffmpeg with `place` as its working folder; kill its group on leaving, whatever the reason.

    `inputs` are the open files that it inherits. `aside` is a pipe (read end, write end) that `read_line` reads; both
    ends are closed here. A `fed` one gets its stdin from `Child.feed`.
    """
    for source in inputs:
        if source.seekable():  # a pipe is not
            source.seek(0)  # the child shares the position
    with contextlib.ExitStack() as ends:
        if aside:
            ends.callback(os.close, aside[0])
        try:
            process = _launch([*_behind_sandbox(leash), *arguments], place, inputs, aside, fed=fed)
        except OSError as exc:
            raise Unavailable("ffmpeg could not be started.", hint="Is there enough memory left?") from exc
        finally:
            if aside:
                os.close(aside[1])
        ends.enter_context(process)
        child = Child(process, aside[0] if aside else None, leash)
        ends.callback(child.close)
        yield child


def run(arguments: Sequence[str], *, place: Path, leash: Leash, inputs: Sequence[BinaryIO] = ()) -> Finished:
    """Run ffmpeg to its end; raises BadMedia, OverLimit or Unavailable."""
    with start(arguments, place=place, leash=leash, inputs=inputs) as child:
        return child.finish()


def _behind_sandbox(leash: Leash) -> list[str]:
    limits = [str(os.getpid()), str(leash.memory), str(leash.cpu_s), str(leash.file_bytes)]
    quiet = ["-hide_banner", "-nostdin", "-nostats", "-y", "-loglevel", "info"]
    return [sys.executable, "-I", "-S", str(SANDBOX), *limits, "--", str(find_ffmpeg()), *quiet]


def _launch(
    command: list[str], place: Path, inputs: Sequence[BinaryIO], aside: tuple[int, int] | None, *, fed: bool
) -> subprocess.Popen[bytes]:
    inherited = [source.fileno() for source in inputs] + ([aside[1]] if aside else [])
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE if fed else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        pipesize=PIPE_BYTES,
        pass_fds=inherited,
        cwd=place,
        env=ENVIRONMENT,
        start_new_session=True,
    )


def _too_slow() -> OverLimit:
    return OverLimit("Reading the clip took longer than is allowed.", hint=SHORTER)


def _failure(code: int, chatter: str) -> UserError:
    """Turn the way in which ffmpeg ended into an error of ours; nothing that it said is shown."""
    if "No space left on device" in chatter:
        return Unavailable("The disk is full.", hint="Free some space and try again.")
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return OverLimit("Reading the clip took more processor time or memory than is allowed.", hint=SHORTER)
    if code == -signal.SIGXFSZ or "File too large" in chatter:
        return OverLimit("What the clip unpacks to is larger than is allowed.", hint=SHORTER)
    if "Cannot allocate memory" in chatter:
        return OverLimit("Reading the clip took more memory than is allowed.", hint=SHORTER)
    return BadMedia(
        "The file cannot be read as a clip: it is damaged or of an unknown kind.",
        hint="Play it in a video player; if it plays, export it as MP4 (H.264) and send that.",
    )
