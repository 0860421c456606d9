"""Where the film and the folder beside it go: named, checked, and taken before another run does."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.exits import is_full_disk
from bot.text import terminal as text
from pipeline.errors import BadSheet, Refused, UserError

FILMS = (".mp4", ".mov", ".mkv", ".webm")  # what pipeline/film.py writes
SHEET_BYTES = 16 * 1024**2  # of an edited plan; an hour with a cut each second has 2 MB
LONGEST_NAME = 240  # bytes: of 255, the rest goes to names for unfinished work
LONGEST_STEM = 190  # bytes: of 255, the rest goes to "-scored-2-take-20.mp4" and to names for unfinished work


@dataclass(frozen=True)
class Kind:
    """What a command makes: how its film is named, and what it leaves in the folder beside it."""

    ending: str  #: of the film's name
    plan: str  #: the file that every folder of this kind has
    papers: frozenset[str]  #: what may be replaced there; anything else is a person's own
    films: tuple[str, ...] = FILMS  #: endings of what can be written


#: what pipeline/score.py leaves
SCORED = Kind(
    "scored",
    "cues.json",
    frozenset({"picture.mp4", "sound.wav", "scenes", "cues.json", "music", "stems", "music.wav", "mix.wav"})
    | {"score.mid", "certificate.json"},
)
#: what pipeline/musicvideo.py leaves
VIDEO = Kind(
    "video",
    "storyboard.json",
    frozenset({"sound.wav", "cover.jpg", "storyboard.json", "sketches", "stills", "contact.jpg", "pictures", "motion"})
    | {"supplied", "song", "portfolio.json", "certificate.json"},
    (".mp4", ".mov", ".mkv"),  # WebM holds no H.264
)


def choose_places(
    clip: Path,
    out: Path | None,
    folder: Path | None,
    *,
    takes: int = 1,
    force: bool,
    kind: Kind = SCORED,
    preview: Path | None = None,
) -> tuple[Path, Path]:
    """Return where the film and the job's folder go; raises Refused rather than touch what is there.

    Without `out` and `force` a number is added until both names are free. The folder `preview` counts as free: what
    lies in it is gone on from.
    """
    name = f"{_short(clip.stem)}-{kind.ending}.mp4"
    to = as_film(out, name, kind.films) if out else clip.with_name(name)

    def is_taken(place: Path) -> bool:
        return place.exists() and not (preview and place.resolve() == preview.resolve())

    if out is None and not force:
        names = itertools.chain([to], (to.with_stem(f"{to.stem}-{n}") for n in itertools.count(2)))
        to = next(name for name in names if not any(map(is_taken, (*_films(name, takes), _papers(name)))))
    papers = folder or _papers(to)
    for path in (*_films(to, takes), papers):
        check_place(path)
    _check_apart(papers, clip, _films(to, takes))
    for film in _films(to, takes):
        if film.exists() and clip.exists() and film.samefile(clip):
            raise Refused(text.SAME_FILE.format(name=film), hint=text.SAME_FILE_HINT)
        if film.is_dir() or (film.exists() and not force):
            raise Refused(text.EXISTS.format(name=film), hint=text.EXISTS_HINT)
    _check_folder(papers, kind, force=force or not is_taken(papers))
    return to, papers


def _short(stem: str) -> str:
    """Leave room for what is added to a name: file systems take 255 bytes."""
    while len(os.fsencode(stem)) > LONGEST_STEM:
        stem = stem[:-1]
    return stem


def as_film(out: Path, name: str, films: tuple[str, ...] = FILMS) -> Path:
    """Complete what was given as the film's place: a folder gets the name, a bare name the suffix."""
    if os.path.isdir(out):  # Path.is_dir raises for a name that is too long
        return out / name
    if not out.suffix:
        return out.with_name(f"{out.name}.mp4")
    if out.suffix.lower() not in films:
        hint = text.NOT_A_FILM_HINT.format(known=f"{', '.join(films[:-1])} or {films[-1]}")
        raise Refused(text.NOT_A_FILM.format(suffix=out.suffix), hint=hint)
    return out


def _films(to: Path, takes: int) -> list[Path]:
    """Return the films of all takes, named as pipeline/score.py names them."""
    return [to, *(to.with_stem(f"{to.stem}-take-{number}") for number in range(2, takes + 1))]


def _papers(to: Path) -> Path:
    return to.with_suffix(".reelscore")


def check_place(path: Path) -> None:
    """Refuse a name that is too long, and a place whose folder is missing or locked."""
    if len(os.fsencode(path.name)) > LONGEST_NAME:
        raise Refused(text.LONG_NAME, hint=text.LONG_NAME_HINT)
    parent = path.absolute().parent
    if not parent.is_dir():
        raise Refused(text.NO_FOLDER.format(name=path.parent), hint=text.NO_FOLDER_HINT)
    if not os.access(parent, os.W_OK | os.X_OK):
        raise Refused(text.LOCKED.format(name=path.parent), hint=text.LOCKED_HINT)


def _check_apart(papers: Path, clip: Path, films: list[Path]) -> None:
    """Refuse a folder for the papers which holds the clip, is a film or is the one that we stand in."""
    place = papers.resolve()
    taken = [clip.resolve(), Path.cwd()]
    if any(path.is_relative_to(place) for path in taken) or place in [film.resolve() for film in films]:
        raise Refused(text.NOT_APART.format(name=papers), hint=text.NOT_A_JOB_HINT)


def _check_folder(papers: Path, kind: Kind, *, force: bool) -> None:
    """Refuse a folder that holds anything, unless it is an earlier run's and may be replaced."""
    if not papers.exists() or (papers.is_dir() and not any(papers.iterdir())):
        return
    if not (papers / kind.plan).is_file():
        raise Refused(text.NOT_A_JOB.format(name=papers), hint=text.NOT_A_JOB_HINT)
    if not force:
        raise Refused(text.EXISTS.format(name=papers), hint=text.EXISTS_HINT)


def check_clip(clip: Path, wish: list[str]) -> None:
    """Refuse a clip that is not there, and a second one among the words."""
    if os.path.isdir(clip):
        raise Refused(text.A_FOLDER.format(name=clip), hint=text.A_FOLDER_HINT)
    if not os.path.exists(clip):
        raise Refused(text.NO_FILE.format(name=clip), hint=text.NO_FILE_HINT)
    for word in wish:
        if Path(word).suffix and os.path.isfile(word):
            raise Refused(text.TWO_CLIPS.format(name=word), hint=text.TWO_CLIPS_HINT)


def read_plan(path: Path, sentence: str = text.NO_SHEET, hint: str = text.NO_SHEET_HINT) -> bytes:
    """Return an edited plan of sane size; raises BadSheet."""
    try:
        if path.is_file() and path.stat().st_size <= SHEET_BYTES:
            return path.read_bytes()
    except OSError:
        pass
    raise BadSheet(sentence.format(name=path), hint=hint)


@contextlib.contextmanager
def claimed(folder: Path, *, force: bool, kind: Kind = SCORED) -> Iterator[Path]:
    """Take the folder before another run does. What `force` replaces comes back unless the new one is made.

    Yield where that lies meanwhile.
    """
    aside = folder.with_name(f".{folder.name}.{os.getpid()}")
    folder.mkdir(exist_ok=True)
    with _locked(folder), contextlib.ExitStack() as new:
        if any(folder.iterdir()):
            if not force:
                raise Refused(text.EXISTS.format(name=folder), hint=text.EXISTS_HINT)
            folder.rename(aside)
            folder.mkdir()
            new.enter_context(_locked(folder))
        try:
            yield aside
        except BaseException as exc:
            if isinstance(exc, UserError | KeyboardInterrupt) or is_full_disk(exc):
                shutil.rmtree(folder, ignore_errors=True)
            if aside.exists() and not folder.exists():
                aside.rename(folder)
            raise
        _keep_strangers(aside, folder, kind)
        shutil.rmtree(aside, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder; the system lets go of it when this process ends, however it ends."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise Refused(text.BUSY.format(name=folder), hint=text.BUSY_HINT) from None
    except OSError:  # a network drive may have no locks
        pass
    try:
        yield
    finally:
        os.close(handle)


def _keep_strangers(aside: Path, folder: Path, kind: Kind) -> None:
    """Move what a person has put into the folder of an earlier run, such as a copy of the cue sheet, to the new one."""
    for path in aside.iterdir() if aside.exists() else ():
        if path.name not in kind.papers and not path.name.startswith(("take-", ".")):
            path.rename(folder / path.name)
