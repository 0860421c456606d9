"""The child program of a worker: a clip is scored or a music video made in it; it can be killed at any moment.

    python -m jobs.performance

**In.** What is heavy is imported first; then ONE line of JSON is read from stdin, so that a child may wait as a warm
spare. The end of stdin without a line is no job: exit code 0, nothing more is said.

    {"job": "k3m9...", "folder": "/data/jobs/k3m9...", "request": {...}, "vendors": {...}}

`request` is a jobs.job.Request. The clip or track lies in `folder/upload`, what came with it beside it under the names
in `request.beside`. `vendors` is a pipeline.backends.Vendors, its keys included; it may be left out. What an earlier
attempt has left in the folder is taken up again, so leave the folder as it is between attempts and remove it when the
job has ended.

**Out.** Lines of JSON on stdout, one object with one of these keys first:

    {"ready": true}                                       once: all is loaded, the line may come (or be there already)
    {"progress": {"stage": "scenes", "share": 0.31, "take": 1}, "clip_s": 12.5}
                                                          a jobs.job.Progress; at each change of stage or take, and
                                                          else at most five times a second; `share` never falls.
                                                          `clip_s`: the clip's seconds, null before they are known
    {"outcome": {...}, "again_s": null, "kept": false}    once, the last line: a jobs.job.Outcome. `again_s` is a number
                                                          when it may go better by itself after that many seconds: try
                                                          again then, or, when no try is left, tell the outcome. `kept`:
                                                          models lie in its memory, and it waits for another job

In an outcome every file of a Film (`film`, `thumbnail`, `music`, `song`, `stems`, `midi`, `sheet`, `certificate`,
`pictures`, `contact`) and of a Preview (`contact`) is a name relative to `folder`, such as "take-2/song.m4a"; the
worker puts the files in the blob store and the keys in their place. Two films may name the same thumbnail. Every file
is whole before the line is written.

    kind "films"      one Film for each take, in order
    kind "sentence"   a UserError: its sentence, hint and code
    kind "question"   the clip has sound of its own and `request.sound` is "ask" (code "undecided"): run again in the
                      same folder with "keep" or "replace" when the answer is there; nothing is decoded twice. Or
                      `request.go` is false (code "preview"): run again with it true, nothing is planned twice
    kind "nothing"    the same with `request.sound` "silent"

**End.** A child that has read no models' weights ends with its job; one that has (`kept`) waits for the next line, so
that the next job finds them there, until stdin ends. Exit code 0: the outcome was said. 1: a bug; the traceback is on
stderr, and no outcome was said. Negative (a signal): it crashed or was killed. SIGTERM stops the work: the outcome has
the code "cancelled" (nothing is said by a spare that has no job), exit code 0, within a second as a rule; the folder
stays for another attempt. SIGUSR1 stops the job alone, in the same way; without a job it does nothing.

Its own ffmpeg dies with it. stdout is for the lines alone: what a library prints goes to stderr. One child at a time
works in a folder: a second waits some seconds for the first to end. No word of a person's is in a name.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
import signal
import sys
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, TypeAdapter

from jobs.job import OUTCOME, PROGRESS, Facts, Film, Outcome, OwnSound, Preview, Progress, Request, cue_lines, facts_of
from pipeline.backends import Vendors
from pipeline.errors import Cancelled, DoesNotFit, OverLimit, Unavailable, Undecided, UserError

if TYPE_CHECKING:  # heavy: imported only after stdout is put out of the libraries' reach
    from pipeline.cuesheet import CueSheet
    from pipeline.musicvideo import MusicVideo, Plan, Sketch
    from pipeline.score import Score, Sound

#: what a stage takes of the time, by three real clips of 10-52 s on two cores; the last three once for each take
SHOT = {"clip": 3.0, "scenes": 50.0, "cues": 5.0}
TAKE = {"music": 12.0, "mix": 18.0, "film": 8.0}
PACKING = 4.0  # thumbnails, songs and archives, after the last take
#: the same of a music video with painted pictures
VIDEO = {"track": 2.0, "sections": 8.0, "lyrics": 1.0, "storyboard": 4.0, "pictures": 25.0, "motion": 0.0, "edit": 60.0}

SAID_EVERY_S = 0.2
FOLDER_BUSY_S = 10.0  # a child that was killed is gone within two
DISK_AGAIN_S = 60.0  # by then another job's folder may have been removed

THUMBNAIL_SIDE, THUMBNAIL_BYTES = 320, 200_000  # Telegram's: https://core.telegram.org/bots/api#sendvideo
THUMBNAIL_STILLS = 8  # that are looked at for one that is not dark
DARK = 0.4  # of the lightest of them

#: what the archive of a film's pictures holds
PORTFOLIO_NAMES = re.compile(r"portfolio\.json|(pictures|motion)/[a-z][a-z0-9-]{0,30}/[a-z0-9][a-z0-9._-]{0,60}")
UNPACKED_BYTES = 2_000_000_000  # of an earlier film's pictures: a hundred in layers have a quarter of that

ANY_SIZE = ".any-size"  # in the folder: the film has not fitted into the place's bytes and is made without a limit

SOUNDS: dict[OwnSound, Sound] = {"ask": "ask", "silent": "ask", "keep": "keep", "replace": "replace"}


@dataclass(frozen=True)
class Task:
    """The line on stdin."""

    job: str
    folder: Path
    request: Request
    vendors: Vendors = field(default_factory=Vendors)

    __pydantic_config__ = ConfigDict(extra="forbid", hide_input_in_errors=True)


_TASK: TypeAdapter[Task] = TypeAdapter(Task)


def main() -> None:
    """Load, wait for a job, perform it, say the outcome; with models in memory, wait for another one."""
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    wire = Wire()
    try:
        signal.signal(signal.SIGTERM, _stop)
        _load()
        wire.say(ready=True)
        while (line := sys.stdin.buffer.readline()).endswith(b"\n"):  # else nobody wants anything any more
            if not _do(_TASK.validate_json(line), wire):
                return
            signal.signal(signal.SIGTERM, _stop)
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is ending as it is


def _do(task: Task, wire: Wire) -> bool:
    """Perform a job and say its outcome; return whether to stay for another one."""
    going = []  # whether it was SIGTERM that has stopped the job

    def stop(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGTERM:
            going.append(True)
        _stop(number, frame)

    again_s: float | None = None
    for number in (signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, stop)
    try:
        with _alone_in(task.folder):
            stages = VIDEO if task.request.treatment else SHOT
            takes = {} if task.request.treatment else TAKE
            outcome = _perform(task, Meter(wire, stages, takes, task.request.takes))
    except (UserError, MemoryError, OSError, KeyboardInterrupt) as error:
        shown = _as_user_error(error)
        outcome, again_s = _told(shown, task.request.sound), getattr(shown, "retry_after", None)
    for number in (signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)  # the outcome is known
    stays = not going and _has_models()
    wire.say(outcome=OUTCOME.dump_python(outcome, mode="json"), again_s=again_s, kept=stays)
    return stays


def _stop(number: int, frame: FrameType | None) -> None:
    for each in (signal.SIGTERM, signal.SIGUSR1):
        signal.signal(each, signal.SIG_IGN)  # a second one would only disturb the cleaning up
    raise KeyboardInterrupt


def _has_models() -> bool:
    """Whether models have been loaded that another job may want."""
    shelf = sys.modules.get("pipeline.shelf")
    return bool(shelf and shelf.holds())


def _load() -> None:
    """Import what is heavy and usual, so that the job does not wait for it."""
    from pipeline import backends
    from pipeline.orchestra import synth
    from pipeline.score import score

    del score, synth
    backends.captioner(), backends.writer(), backends.composer()


class Wire:
    """The real stdout, for our lines alone; descriptor 1 becomes stderr."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def say(self, **line: Any) -> None:
        self._out.write(json.dumps(line, allow_nan=False) + "\n")
        self._out.flush()


class Meter:
    """Turns what the pipeline reports into Progress: the share of the whole job, which never falls."""

    def __init__(self, wire: Wire, once: Mapping[str, float], each: Mapping[str, float], takes: int = 1) -> None:
        """`once` and `each` weigh the stages that come once and for each take, in order."""
        self._wire = wire
        self._once, self._each = dict(once), dict(each)
        self._whole = sum(once.values()) + takes * sum(each.values()) + PACKING
        self._takes = takes
        self._take = 1
        self._share = 0.0
        self._clip_s: float | None = None
        self._said_at = ("", 0, 0.0)  # stage, take, time

    def __call__(self, stage: str, done: float, total: float) -> None:
        if stage == next(iter(self._once)):
            self._take = 1
            self._clip_s = total if done else self._clip_s
        self._share = max(self._share, self._passed(stage, done / total if total else 0.0) / self._whole)
        self._say(stage)
        if stage in self._each and stage == list(self._each)[-1] and done == total:
            self._take = min(self._take + 1, self._takes)

    def _passed(self, stage: str, part: float) -> float:
        """Return how much weight lies behind us."""
        stages = self._once | self._each
        before = list(stages)[: list(stages).index(stage)]
        takes = (self._take - 1) * sum(self._each.values()) if stage in self._each else 0.0
        return sum(stages[name] for name in before) + stages[stage] * part + takes

    def _say(self, stage: str) -> None:
        now = time.monotonic()
        if (stage, self._take) == self._said_at[:2] and now - self._said_at[2] < SAID_EVERY_S:
            return
        self._said_at = (stage, self._take, now)
        progress = Progress(stage, round(self._share, 4), self._take)
        self._wire.say(progress=PROGRESS.dump_python(progress, mode="json"), clip_s=self._clip_s)


def _perform(task: Task, meter: Meter) -> Outcome:
    """Make what is wanted; where the film cannot be made to fit, make it without a limit."""
    make, any_size = _video if task.request.treatment else _films, task.folder / ANY_SIZE
    if not any_size.exists():
        try:
            return make(task, meter)
        except DoesNotFit:
            any_size.touch()
    return make(replace(task, request=replace(task.request, target="none", most_bytes=None)), meter)


def _films(task: Task, meter: Meter) -> Outcome:
    from pipeline.score import score

    folder, request = task.folder, task.request
    scores = score(
        folder / "upload",
        to=folder / "film.mp4",
        folder=folder,
        brief=request.brief,
        takes=request.takes,
        sound=SOUNDS[request.sound],
        target=request.target,
        most_bytes=request.most_bytes,
        aspect=request.aspect,
        crew=request.crew,
        vendors=task.vendors,
        insist=False,  # whoever asked in a chat did not choose the engines, and wants a film
        resume=True,
        report=meter,
    )
    return Outcome("films", films=tuple(_pack(made, folder) for made in scores))


def _video(task: Task, meter: Meter) -> Outcome:
    """Make the music video, or what is shown of it before."""
    from pipeline.musicvideo import Ordered, make_video, sketch

    folder, request = task.folder, task.request
    assert request.treatment is not None
    lies = {name: folder / name for name in request.beside}
    ordered = Ordered(
        track=None if request.song else folder / "upload",
        treatment=request.treatment,
        crew=request.crew,
        visuals=(lies["visual"],) if "visual" in lies else (),
        edited=lies["storyboard"].read_bytes() if "storyboard" in lies else None,
        earlier=_unpacked(lies["pictures"]) if "pictures" in lies else None,
        target=request.target,
        most_bytes=request.most_bytes,
    )
    if not request.go:
        sketched = sketch(ordered, folder=folder, vendors=task.vendors, resume=True, report=meter)
        return Outcome("question", code="preview", preview=_previewed(sketched, request, folder))
    made = make_video(ordered, to=folder / "film.mp4", folder=folder, vendors=task.vendors, resume=True, report=meter)
    return Outcome("films", films=(_pack_video(made, request, folder),))


def _previewed(sketched: Sketch, request: Request, folder: Path) -> Preview:
    plan = sketched.plan
    return Preview(
        contact=sketched.contact.relative_to(folder).as_posix(),
        facts=_facts(plan, request),
        usd=sketched.usd,
        seconds=sketched.seconds,
        notes=plan.notes,
    )


def _facts(plan: Plan, request: Request) -> Facts:
    crew = request.crew
    return facts_of(plan.board, timed=plan.timed, illustrator=crew.illustrator, animator=crew.animator)


def _pack_video(made: MusicVideo, request: Request, folder: Path) -> Film:
    """Prepare what is delivered beside a music video, and name it all."""
    from pipeline.film import picture_size

    width, height = picture_size(made.film)
    thumbnail, pictures = folder / "thumbnail.jpg", folder / "pictures.zip"
    draw_thumbnail(list(made.stills), thumbnail, shape=(width, height))
    if made.portfolio:
        _zip(made.portfolio, pictures, inside=made.folder)

    def name(path: Path) -> str:
        return path.relative_to(folder).as_posix()

    certificate = made.certificate
    return Film(
        film=name(made.film),
        bytes=made.film.stat().st_size,
        seconds=certificate.film_s,
        width=width,
        height=height,
        copied=certificate.sound_copied,
        thumbnail=name(thumbnail),
        music=name(made.plan.track.path) if request.song else None,  # for another film of the same song
        song=None,
        stems=None,
        midi=None,
        sheet="storyboard.json",
        cues=(),
        style=made.plan.board.style.look,
        seed=made.plan.board.treatment.seed,
        hit_rate=certificate.on_beat,
        cuts=certificate.cuts,
        notes=made.notes,
        certificate="certificate.json",
        facts=_facts(made.plan, request),
        pictures=name(pictures) if made.portfolio else None,
        contact=name(made.contact),
        usd=certificate.usd,
    )


def _unpacked(archive: Path) -> Path:
    """Unpack the pictures of an earlier film, once; what is torn, too large or leads elsewhere is left out.

    The archive is moved away: the film's own pictures need a folder of that name.
    """
    folder, moved = archive.with_name("earlier"), archive.with_name("earlier.zip")
    if archive.is_file():
        archive.replace(moved)
    if not folder.exists():
        part = archive.with_name("earlier.part")
        part.mkdir(exist_ok=True)
        with contextlib.suppress(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
            _extract(moved, part)
        part.replace(folder)
    return folder


def _extract(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as files:
        inside = [file for file in files.infolist() if PORTFOLIO_NAMES.fullmatch(file.filename)]
        if sum(file.file_size for file in inside) <= UNPACKED_BYTES:
            files.extractall(folder, inside)


def _pack(made: Score, folder: Path) -> Film:
    """Prepare what is delivered beside the film, and name it all."""
    from pipeline.film import encode_song, picture_size
    from pipeline.score import KEPT_SOUND, MACHINE_MADE

    width, height = picture_size(made.film)
    song, stems, thumbnail = made.folder / "song.m4a", made.folder / "stems.zip", folder / "thumbnail.jpg"
    if _outdated(song, made.music):
        encode_song(made.music, song, comment=MACHINE_MADE)
    if _outdated(stems, made.music):
        _zip(made.stems, stems)
    draw_thumbnail(sorted((folder / "scenes").glob("*.jpg")), thumbnail, shape=(width, height))

    def name(path: Path) -> str:
        return path.relative_to(folder).as_posix()

    return Film(
        film=name(made.film),
        bytes=made.film.stat().st_size,
        seconds=made.certificate.picture_s,
        width=width,
        height=height,
        copied=made.copied,
        thumbnail=name(thumbnail),
        music=name(made.music),
        song=name(song),
        stems=name(stems),
        midi=name(made.midi) if made.midi else None,
        sheet=name(made.folder / "cues.json"),
        cues=cue_lines(made.sheet),
        style=_ruling_style(made.sheet),
        seed=made.sheet.seed,
        hit_rate=made.certificate.hit,
        cuts=made.certificate.cuts,
        notes=tuple(note for note in made.notes if note != KEPT_SOUND),  # whoever reads them has asked for that
        certificate=name(made.folder / "certificate.json"),
        usd=made.usd,
        composer=made.certificate.composer,
        licence=made.certificate.licence,
        commercial=made.certificate.commercial,
    )


def _outdated(made: Path, source: Path) -> bool:
    """Whether a file that appears whole or not at all is missing, or older than what it is made of."""
    return not made.exists() or made.stat().st_mtime_ns < source.stat().st_mtime_ns


def _zip(files: tuple[Path, ...], to: Path, *, inside: Path | None = None) -> None:
    """Put files into an archive as they are, under their names or their paths `inside`: they hardly get smaller."""
    part = to.with_name(f"{to.name}.part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        for file in files:
            archive.write(file, file.relative_to(inside) if inside else file.name)
    part.replace(to)


def draw_thumbnail(stills: list[Path], to: Path, *, shape: tuple[int, int]) -> None:
    """Write a small JPEG of the first still that is not dark, on black where the film has another `shape`."""
    import cv2
    import numpy as np

    read = (cv2.imdecode(np.fromfile(still, np.uint8), cv2.IMREAD_COLOR) for still in stills[:THUMBNAIL_STILLS])
    pictures = [np.asarray(picture, np.uint8) for picture in read if picture is not None]
    pictures = pictures or [np.zeros((shape[1], shape[0], 3), np.uint8)]
    lightest = max(float(picture.mean()) for picture in pictures)
    picture = next(picture for picture in pictures if picture.mean() >= DARK * lightest)
    scale = THUMBNAIL_SIDE / max(shape)
    width, height = (max(1, round(side * scale)) for side in shape)
    fit = min(width / picture.shape[1], height / picture.shape[0])
    size = max(1, round(picture.shape[1] * fit)), max(1, round(picture.shape[0] * fit))
    canvas = np.zeros((height, width, 3), np.uint8)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    canvas[top : top + size[1], left : left + size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    qualities = (cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, quality])[1] for quality in (88, 70, 40))
    to.write_bytes(next(jpeg for jpeg in qualities if jpeg.size < THUMBNAIL_BYTES).tobytes())


def _ruling_style(sheet: CueSheet) -> str:
    """Return the style that sounds for the longest time."""
    seconds: dict[str, float] = {}
    for cue in sheet.cues:
        seconds[cue.style] = seconds.get(cue.style, 0.0) + cue.length
    return max(seconds, key=lambda style: seconds[style])


def _told(error: UserError, sound: OwnSound) -> Outcome:
    if isinstance(error, Undecided):
        return replace(Outcome.of_error(error), kind="nothing" if sound == "silent" else "question")
    return Outcome.of_error(error)


def _as_user_error(error: BaseException) -> UserError:
    """Say what a person can be told; raises the error again when it is a bug."""
    if isinstance(error, UserError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return Cancelled("Stopped.")
    if isinstance(error, MemoryError):
        return OverLimit("There is not enough memory for this clip.", hint="Send a shorter or a smaller one.")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Unavailable("The disk is full here.", hint="Try again later.", retry_after=DISK_AGAIN_S)
    raise error


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder against a second child; raises Unavailable when the first does not end."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        until = time.monotonic() + FOLDER_BUSY_S
        while not _locked(held):
            if time.monotonic() > until:
                raise Unavailable("This clip is still being worked on.", retry_after=FOLDER_BUSY_S)
            time.sleep(0.1)
        yield
    finally:
        os.close(held)


def _locked(held: int) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    main()
