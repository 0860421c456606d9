"""The terminal: `reelscore score CLIP` and `reelscore demo`.

Nothing heavy is imported before it is needed, so that --help answers at once.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import itertools
import json
import math
import os
import shlex
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from bot.programs import add_programs
from bot.text import terminal as text
from bot.text.plain import plain
from pipeline.errors import BadSheet, Refused, Unavailable, UserError

if TYPE_CHECKING:
    from types import FrameType

    from rich.console import Console

    from pipeline.backends import Report
    from pipeline.cuesheet import Brief, CueSheet
    from pipeline.score import Score

app = typer.Typer(
    name="reelscore",
    help=text.APP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

BUG, ASKED_TO_CHANGE, STOPPED = 1, 2, 130  # exit codes; 130 is 128 + SIGINT, as shells have it
INTENSITIES = {"gentle": 0.3, "normal": 0.5, "strong": 0.8}
WIDE = 118  # columns from which the prompts fit into the table
FILMS = (".mp4", ".mov", ".mkv", ".webm")  # what pipeline/film.py writes
#: what a job leaves in its folder, see pipeline/score.py; anything else there is a person's own
PAPERS = frozenset(
    {"picture.mp4", "sound.wav", "scenes", "cues.json", "music", "stems", "music.wav", "mix.wav", "score.mid"}
    | {"certificate.json"}
)
SHEET_BYTES = 16 * 1024**2  # of an edited cue sheet; an hour with a cut each second has 2 MB
LONGEST_NAME = 240  # bytes: of 255, the rest goes to names for unfinished work
LONGEST_STEM = 190  # bytes: of 255, the rest goes to "-scored-2-take-20.mp4" and to names for unfinished work
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # a kill cleans up as Ctrl-C does
CLEANING_S = 2.0  # in which further signals wait: ten times what it takes; after it they work again
QUIET_S = 5.0  # at least so long between two plain lines of one stage

_WISHES, _FILM, _CREW, _PAPERS = "The music", "The film", "Who does it", "Files and output"

Words = Annotated[list[str] | None, typer.Argument(help=text.WISH, metavar="WISH")]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help=text.OUT, metavar="FILE", rich_help_panel=_PAPERS, show_default=False)
]
Folder = Annotated[
    Path | None, typer.Option(help=text.FOLDER, metavar="FOLDER", rich_help_panel=_PAPERS, show_default=False)
]
Edit = Annotated[Path | None, typer.Option(help=text.EDIT, metavar="FILE", rich_help_panel=_PAPERS, show_default=False)]


def _intensity(said: str) -> float:
    """Read a word or a share of 0-1."""
    with contextlib.suppress(ValueError):
        share = INTENSITIES[said] if said in INTENSITIES else float(said)
        if 0.0 <= share <= 1.0:
            return share
    raise typer.BadParameter(text.NOT_INTENSE)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"reelscore {version('reelscore')}")
        raise typer.Exit


@app.callback()
def _front(
    version: Annotated[bool, typer.Option("--version", help=text.VERSION, callback=_version, is_eager=True)] = False,
) -> None:
    pass


@app.command(help=text.SCORE, epilog=text.SCORE_EXAMPLES)
def score(
    clip: Annotated[Path, typer.Argument(help=text.CLIP, metavar="CLIP", show_default=False)],
    wish: Words = None,
    style: Annotated[
        str, typer.Option(help=text.STYLE, metavar="STYLE", rich_help_panel=_WISHES, show_default=False)
    ] = "",
    mood: Annotated[
        str, typer.Option(help=text.MOOD, metavar="MOOD", rich_help_panel=_WISHES, show_default=False)
    ] = "",
    intensity: Annotated[
        float, typer.Option(help=text.INTENSITY, rich_help_panel=_WISHES, parser=_intensity, metavar="HOW")
    ] = "normal",  # type: ignore[assignment]
    tempo: Annotated[
        float | None,
        typer.Option(help=text.TEMPO, metavar="BPM", rich_help_panel=_WISHES, min=30, max=240, show_default=False),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help=text.KEY, metavar="KEY", rich_help_panel=_WISHES, show_default=False)
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help=text.WITHOUT, metavar="WHAT", rich_help_panel=_WISHES, show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help=text.SEED, metavar="NUMBER", rich_help_panel=_WISHES, min=0)] = 1,
    takes: Annotated[int, typer.Option(help=text.TAKES, metavar="NUMBER", rich_help_panel=_WISHES, min=1, max=20)] = 1,
    prompt: Annotated[
        Literal["simple", "brief", "long"], typer.Option(help=text.PROMPT, rich_help_panel=_WISHES)
    ] = "brief",
    sound: Annotated[Literal["auto", "keep", "replace"], typer.Option(help=text.SOUND, rich_help_panel=_FILM)] = "auto",
    target: Annotated[
        Literal["none", "telegram", "discord"], typer.Option(help=text.TARGET, rich_help_panel=_FILM)
    ] = "none",
    aspect: Annotated[
        Literal["keep", "9:16", "16:9", "1:1", "4:5"], typer.Option(help=text.ASPECT, rich_help_panel=_FILM)
    ] = "keep",
    detector: Annotated[
        Literal["adaptive", "content", "threshold", "histogram", "hash"],
        typer.Option(help=text.DETECTOR, rich_help_panel=_CREW),
    ] = "adaptive",
    captioner: Annotated[str, typer.Option(help=text.CAPTIONER, metavar="NAME", rich_help_panel=_CREW)] = "measured",
    writer: Annotated[str, typer.Option(help=text.WRITER, metavar="NAME", rich_help_panel=_CREW)] = "rules",
    composer: Annotated[str, typer.Option(help=text.COMPOSER, metavar="NAME", rich_help_panel=_CREW)] = "orchestra",
    out: Out = None,
    folder: Folder = None,
    edit: Edit = None,
    force: Annotated[bool, typer.Option("--force", help=text.FORCE, rich_help_panel=_PAPERS)] = False,
    as_json: Annotated[bool, typer.Option("--json", help=text.AS_JSON, rich_help_panel=_PAPERS)] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help=text.QUIET, rich_help_panel=_PAPERS)] = False,
    debug: Annotated[bool, typer.Option("--debug", help=text.DEBUG, rich_help_panel=_PAPERS)] = False,
) -> None:
    with _errors_shown(as_json=as_json, debug=debug) as job:
        _check_clip(clip, wish or [])
        to, job.folder = choose_places(clip, out, folder, takes=takes, force=force)
        edited = _read_sheet(edit) if edit else None
        brief = read_brief(
            wish=" ".join(wish or []),
            style=style,
            mood=mood,
            intensity=intensity,
            tempo=tempo,
            key=key,
            without=without or [],
            prompt=prompt,
            seed=seed,
        )
        _check_crew(captioner=captioner, writer=writer, composer=composer)
        from pipeline.backends import Crew
        from pipeline.score import score as score_clip

        with _claimed(job.folder, force=force), _progress(takes, silent=quiet or as_json) as report:
            scores = score_clip(
                clip,
                to=to,
                folder=job.folder,
                brief=brief,
                takes=takes,
                sound=sound,
                target=target,
                aspect=aspect,
                detector=detector,
                crew=Crew(captioner, writer, composer),
                edited=edited,
                report=report,
            )
    with _said_or_not():
        _show(scores, clip, as_json=as_json, quiet=quiet)


@app.command(help=text.DEMO)
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help=text.DEMO_OUT)] = Path("reel.mp4"),
    seed: Annotated[int, typer.Option(help=text.DEMO_SEED, min=0)] = 1,
    force: Annotated[bool, typer.Option("--force", help=text.FORCE)] = False,
    debug: Annotated[bool, typer.Option("--debug", help=text.DEBUG)] = False,
) -> None:
    with _errors_shown(as_json=False, debug=debug):
        to = _as_film(out, "reel.mp4")
        _check_place(to)
        if to.exists() and not force:
            raise Refused(text.EXISTS.format(name=to), hint=text.EXISTS_HINT)
        from bot.demo import RATE, draw_reel

        began = time.monotonic()
        drawn = draw_reel(to, seed=seed)
        console = _console()
        took = time.monotonic() - began
        _say(console, text.DREW.format(scenes=len(drawn), seconds=drawn[-1].end / RATE, took=took))
        _say(console, f"{text.FILM}    {to}")
        _say(console, f"{text.NEXT} reelscore score {as_word(to)}")


add_programs(app)


def main() -> None:
    """Run the command line; what cannot be encoded for the terminal is escaped instead of raising."""
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    for number in STOPS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup and shells say so for work in the background
            signal.signal(number, _Stop())
    try:
        app(args=as_paths(sys.argv[1:]))
    except KeyboardInterrupt:  # before there was a command that could say so
        sys.exit(STOPPED)
    finally:
        for number in STOPS:
            signal.signal(number, signal.SIG_IGN)  # Python is about to end, and the exit code is known


def _open_streams() -> None:
    """Put the null device where a standard stream was closed, or the first file that is opened would take its place."""
    while (spare := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(spare)
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


class _Stop:
    """Stops the work once: a second Ctrl-C would only disturb the cleaning up."""

    def __init__(self) -> None:
        self._last = -math.inf

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if time.monotonic() - self._last > CLEANING_S:
            self._last = time.monotonic()
            raise KeyboardInterrupt


def as_paths(arguments: list[str]) -> list[str]:
    """Keep a file whose name looks like an option, such as --help.mp4, from being read as one."""
    return [
        f"./{word}" if word.startswith("-") and "." in word and "=" not in word and os.path.isfile(word) else word
        for word in arguments
    ]


# ---- before the work: what was asked for, and where it goes ----


def read_brief(
    *,
    wish: str,
    style: str,
    mood: str,
    intensity: float,
    tempo: float | None,
    key: str | None,
    without: list[str],
    prompt: Literal["simple", "brief", "long"],
    seed: int,
) -> Brief:
    """Put the options into a brief; raises Refused for a key that is none.

    Words for a style that name none of the eight are handed on as a wish, where the spotting session reads them.
    """
    from pipeline.cuesheet import Brief
    from pipeline.keys import read_key

    if key:
        read_key(key)
    named = _style(style)
    if style and named is None:
        wish = f"{style}. {wish}".rstrip(". ")
    exclude = [word.strip() for words in without for word in words.split(",") if word.strip()]
    return Brief(wish, named, mood, intensity, tempo, key, tuple(exclude), prompt, seed)


def _style(words: str) -> Any:
    """Return the style that the words name exactly, by its own name or by one that people call it."""
    from pipeline.spotting.wishes import STYLE_WORDS

    said = words.strip().lower()
    return next((style for style, called in STYLE_WORDS.items() if said in (style, *called)), None)


def choose_places(clip: Path, out: Path | None, folder: Path | None, *, takes: int, force: bool) -> tuple[Path, Path]:
    """Return where the film and the job's folder go; raises Refused rather than touch what is there.

    Without `out` and `force` a number is added until both names are free.
    """
    name = f"{_short(clip.stem)}-scored.mp4"
    to = _as_film(out, name) if out else clip.with_name(name)
    if out is None and not force:
        names = itertools.chain([to], (to.with_stem(f"{to.stem}-{n}") for n in itertools.count(2)))
        to = next(name for name in names if not any(path.exists() for path in (*_films(name, takes), _papers(name))))
    papers = folder or _papers(to)
    for path in (*_films(to, takes), papers):
        _check_place(path)
    _check_apart(papers, clip, _films(to, takes))
    for film in _films(to, takes):
        if film.exists() and film.samefile(clip):
            raise Refused(text.SAME_FILE, hint=text.SAME_FILE_HINT)
        if film.is_dir() or (film.exists() and not force):
            raise Refused(text.EXISTS.format(name=film), hint=text.EXISTS_HINT)
    _check_folder(papers, force=force)
    return to, papers


def _short(stem: str) -> str:
    """Leave room for what is added to a name: file systems take 255 bytes."""
    while len(os.fsencode(stem)) > LONGEST_STEM:
        stem = stem[:-1]
    return stem


def _as_film(out: Path, name: str) -> Path:
    """Complete what was given as the film's place: a folder gets the name, a bare name the suffix."""
    if os.path.isdir(out):  # Path.is_dir raises for a name that is too long
        return out / name
    if not out.suffix:
        return out.with_name(f"{out.name}.mp4")
    if out.suffix.lower() not in FILMS:
        raise Refused(text.NOT_A_FILM.format(suffix=out.suffix), hint=text.NOT_A_FILM_HINT)
    return out


def _films(to: Path, takes: int) -> list[Path]:
    """Return the films of all takes, named as pipeline/score.py names them."""
    return [to, *(to.with_stem(f"{to.stem}-take-{number}") for number in range(2, takes + 1))]


def _papers(to: Path) -> Path:
    return to.with_suffix(".reelscore")


def _check_place(path: Path) -> None:
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


def _check_folder(papers: Path, *, force: bool) -> None:
    """Refuse a folder that holds anything, unless it is an earlier run's and may be replaced."""
    if not papers.exists() or (papers.is_dir() and not any(papers.iterdir())):
        return
    if not (papers / "cues.json").is_file():
        raise Refused(text.NOT_A_JOB.format(name=papers), hint=text.NOT_A_JOB_HINT)
    if not force:
        raise Refused(text.EXISTS.format(name=papers), hint=text.EXISTS_HINT)


def _check_clip(clip: Path, wish: list[str]) -> None:
    if os.path.isdir(clip):
        raise Refused(text.A_FOLDER.format(name=clip), hint=text.A_FOLDER_HINT)
    if not os.path.exists(clip):
        raise Refused(text.NO_FILE.format(name=clip), hint=text.NO_FILE_HINT)
    for word in wish:
        if Path(word).suffix and os.path.isfile(word):
            raise Refused(text.TWO_CLIPS.format(name=word), hint=text.TWO_CLIPS_HINT)


def _check_crew(*, captioner: str, writer: str, composer: str) -> None:
    """Refuse a name that nobody answers to before the work begins, not in its midst."""
    from pipeline import backends

    backends.captioner(captioner)
    backends.writer(writer)
    backends.composer(composer)


def _read_sheet(path: Path) -> bytes:
    try:
        if path.is_file() and path.stat().st_size <= SHEET_BYTES:
            return path.read_bytes()
    except OSError:
        pass
    raise BadSheet(text.NO_SHEET.format(name=path), hint=text.NO_SHEET_HINT)


@contextlib.contextmanager
def _claimed(folder: Path, *, force: bool) -> Iterator[None]:
    """Take the folder before another run does. What `force` replaces comes back unless the new one is made."""
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
            yield
        except BaseException as exc:
            if isinstance(exc, UserError | KeyboardInterrupt) or _is_full_disk(exc):
                shutil.rmtree(folder, ignore_errors=True)
            if aside.exists() and not folder.exists():
                aside.rename(folder)
            raise
        _keep_strangers(aside, folder)
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


def _keep_strangers(aside: Path, folder: Path) -> None:
    """Move what a person has put into the folder of an earlier run, such as a copy of the cue sheet, to the new one."""
    for path in aside.iterdir() if aside.exists() else ():
        if path.name not in PAPERS and not path.name.startswith(("take-", ".")):
            path.rename(folder / path.name)


def _is_full_disk(exc: BaseException) -> bool:
    return isinstance(exc, OSError) and exc.errno in {errno.ENOSPC, errno.EDQUOT}


# ---- during the work: how far it is ----


@contextlib.contextmanager
def _progress(takes: int, *, silent: bool) -> Iterator[Report]:
    """Give a `report` that draws bars on a terminal, prints lines elsewhere, and says nothing when asked to."""
    console = _console(stderr=True)
    if silent:
        yield lambda stage, done, total: None
    elif console.is_terminal:
        with _bars(console, takes) as report:
            yield report
    else:
        yield _lines(console, takes)


@contextlib.contextmanager
def _bars(console: Console, takes: int) -> Iterator[Report]:
    from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        rows: dict[str, TaskID] = {
            stage: progress.add_task(said, start=False, total=1.0) for stage, said in text.STAGES.items()
        }
        at: tuple[str, int] = ("", 1)

        def report(stage: str, done: float, total: float) -> None:
            nonlocal at
            row = rows[stage]
            if stage != at[0]:
                at = (stage, _take_of(at, stage))
                for earlier in itertools.takewhile(lambda other: other != row, rows.values()):
                    progress.start_task(earlier)
                    progress.update(earlier, completed=1.0)
                progress.start_task(row)
                progress.update(row, description=_titled(stage, at[1], takes))
            progress.update(row, completed=done / total if total else 0.0)

        report("clip", 0, 1)
        yield report


def _lines(console: Console, takes: int) -> Report:
    at: tuple[str, int] = ("", 1)
    said = 0.0

    def report(stage: str, done: float, total: float) -> None:
        nonlocal at, said
        if stage != at[0]:
            at = (stage, _take_of(at, stage))
            _say(console, f"{_titled(stage, at[1], takes)} ...")
        elif 0 < done < total and time.monotonic() - said > QUIET_S:
            _say(console, f"{_titled(stage, at[1], takes)}: {done / total:.0%}")
        else:
            return
        said = time.monotonic()

    report("clip", 0, 1)
    return report


def _take_of(at: tuple[str, int], stage: str) -> int:
    """Count the takes: a new one begins when a film is followed by an earlier stage."""
    return at[1] + (at[0] == "film" and stage != "film")


def _titled(stage: str, take: int, takes: int) -> str:
    said = text.STAGES.get(stage, stage)
    return f"{said} (take {take} of {takes})" if take > 1 else said


# ---- after the work: what came out ----


def _show(scores: list[Score], clip: Path, *, as_json: bool, quiet: bool) -> None:
    """Print the cue table, the certificate and the paths; or JSON, or the paths alone."""
    console = _console()
    if as_json:
        typer.echo(json.dumps({"scores": [as_data(one) for one in scores]}, indent=1))
        return
    if quiet:
        for one in scores:
            _say(console, one.film) if console.is_terminal else typer.echo(one.film)
        return
    show_cues(console, scores[0].sheet)
    for one in scores:
        _say(console, "")
        _say(console, text.CERTIFICATE + (f": {one.film.name}" if len(scores) > 1 else ""), style="bold")
        for what, how_much in one.certificate.lines():
            _say(console, f"  {what:<24}{how_much}")
    _say(console, "")
    for note in dict.fromkeys(note for one in scores for note in one.notes):
        _say(console, f"Note: {note}")
    for one in scores:
        _say(console, f"{text.FILM:<8}{one.film}", style="bold")
        _say(console, f"{text.JOB:<8}{one.folder}  ({_held(one.folder)})")
    sheet = scores[0].folder / "cues.json"
    _say(console, f"{text.AGAIN} reelscore score {as_word(clip)} --edit {as_word(sheet)}")


def _held(folder: Path) -> str:
    """Name what lies in a folder of papers, of what a person may want."""
    return ", ".join(name for name in text.HOLDS if (folder / name).exists())


def show_cues(console: Console, sheet: CueSheet) -> None:
    """Print the cue table: with the prompts where the terminal is wide, with the prompts under it where it is not."""
    rows = [
        (
            cue.number,
            text.timecode(cue.start, sheet.frame_rate),
            text.timecode(cue.end, sheet.frame_rate),
            cue.seen,
            cue.mood,
            f"{cue.tempo:.0f}",
            cue.key,
            cue.prompt,
        )
        for cue in sheet.cues
    ]
    if not console.is_terminal:
        _show_plainly(console, [(*text.COLUMNS, text.PROMPT_COLUMN), *rows])
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    wide = console.width >= WIDE
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=wide)
    for column in (*text.COLUMNS, text.PROMPT_COLUMN)[: 8 if wide else 7]:
        sized = {"ratio": 3} if column == text.PROMPT_COLUMN else {"ratio": 1} if column == "Seen" and wide else {}
        table.add_column(column, no_wrap=column in ("Cue", "From", "To", "Tempo", "Key"), overflow="fold", **sized)  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row[: 8 if wide else 7]))
    console.print(table)
    if not wide:
        _say(console, text.PROMPTS, style="bold")
        for row in rows:
            console.print(Text(f"  {plain(row[0])}  {plain(row[-1])}"))


def _show_plainly(console: Console, rows: list[tuple[str, ...]]) -> None:
    """Print one line for each row, in columns that are as wide as what is in them."""
    shown = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        _say(console, "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def as_data(one: Score) -> dict[str, Any]:
    """Return a score as JSON has it."""
    return {
        "film": str(one.film),
        "folder": str(one.folder),
        "stems": [str(path) for path in one.stems],
        "music": str(one.music),
        "midi": str(one.midi) if one.midi else None,
        "notes": list(one.notes),
        "certificate": json.loads(one.certificate.to_json()),
        "sheet": json.loads(one.sheet.to_json()),
    }


# ---- how it is said, and how it ends when it goes wrong ----


def _console(*, stderr: bool = False) -> Console:
    """Return a console that reads nothing into text: no markup, no emoji names, no colours of its own."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def as_word(path: Path) -> str:
    """Write a path as a shell and this command take it."""
    return shlex.quote(f"./{path}" if str(path).startswith("-") else str(path))


def _say(console: Console, words: object, *, style: str = "") -> None:
    from rich.text import Text

    console.print(Text(plain(words), style=style), soft_wrap=True)


class _Job:
    """What a message about a bug has to know."""

    folder: Path | None = None


@contextlib.contextmanager
def _errors_shown(*, as_json: bool, debug: bool) -> Iterator[_Job]:
    """Turn what goes wrong into a sentence and an exit code, once."""
    job = _Job()
    try:
        yield job
    except UserError as exc:
        _fail(exc, as_json=as_json)
    except KeyboardInterrupt:
        _say(_console(stderr=True), text.STOPPED)
        raise typer.Exit(STOPPED) from None
    except typer.Exit:
        raise
    except Exception as exc:
        if _is_full_disk(exc):
            _fail(Unavailable(text.NO_SPACE, hint=text.NO_SPACE_HINT), as_json=as_json)
        _own_up(exc, job, as_json=as_json, debug=debug)


@contextlib.contextmanager
def _said_or_not() -> Iterator[None]:
    """Keep a full disk behind the output from looking like a bug: the film is there."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError:
        _say(_console(stderr=True), text.UNSAID)
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  or the end would try again
        raise typer.Exit(ASKED_TO_CHANGE) from None


def _fail(exc: UserError, *, as_json: bool) -> NoReturn:
    _print_error(as_json, exc.code, exc.sentence, [exc.hint] if exc.hint else [])
    raise typer.Exit(ASKED_TO_CHANGE) from exc


def _own_up(exc: Exception, job: _Job, *, as_json: bool, debug: bool) -> NoReturn:
    """Say that it was our fault, and where to look."""
    if debug:
        traceback.print_exception(exc)
    advice = [] if debug else [text.BROKE_DEBUG]
    if job.folder and job.folder.exists():
        advice.insert(0, text.BROKE_FOLDER.format(folder=job.folder))
    _print_error(as_json, "bug", text.BROKE.format(what=f"{type(exc).__name__}: {exc}".rstrip(":. ")), advice)
    raise typer.Exit(BUG) from exc


def _print_error(as_json: bool, code: str, sentence: str, advice: list[str]) -> None:
    if as_json:
        typer.echo(json.dumps({"error": {"code": code, "sentence": sentence, "hint": " ".join(advice)}}, indent=1))
    console = _console(stderr=True)
    for line in (sentence, *advice):
        _say(console, line)


if __name__ == "__main__":
    main()
