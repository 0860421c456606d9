"""The terminal: `reelscore score CLIP` and `reelscore demo`; bot/cli_video.py has `reelscore video TRACK`.

Nothing heavy is imported before it is needed, so that --help answers at once.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bot.cli_models import models
from bot.cli_video import video
from bot.console import as_word, open_console, say
from bot.exits import STOPPED, errors_shown, said_or_not
from bot.meter import progress
from bot.places import as_film, check_clip, check_place, choose_places, claimed, read_plan
from bot.programs import add_programs
from bot.shown import show_scores
from bot.text import terminal as text
from pipeline.errors import Refused

if TYPE_CHECKING:
    from types import FrameType

    from pipeline.backends import Crew, Vendors
    from pipeline.cuesheet import Brief

app = typer.Typer(
    name="reelscore",
    help=text.APP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

INTENSITIES = {"gentle": 0.3, "normal": 0.5, "strong": 0.8}
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # a kill cleans up as Ctrl-C does
CLEANING_S = 2.0  # in which further signals wait: ten times what it takes; after it they work again

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
    drama: Annotated[bool, typer.Option("--drama", help=text.DRAMA, rich_help_panel=_WISHES)] = False,
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
    captioner: Annotated[
        str, typer.Option(help=text.CAPTIONER, metavar="NAME", rich_help_panel=_CREW, show_default=False)
    ] = "",
    writer: Annotated[
        str, typer.Option(help=text.WRITER, metavar="NAME", rich_help_panel=_CREW, show_default=False)
    ] = "",
    composer: Annotated[
        str, typer.Option(help=text.COMPOSER, metavar="NAME", rich_help_panel=_CREW, show_default=False)
    ] = "",
    temp: Annotated[
        Path | None, typer.Option(help=text.TEMP, metavar="FILE", rich_help_panel=_CREW, show_default=False)
    ] = None,
    commercial: Annotated[bool, typer.Option("--commercial", help=text.COMMERCIAL, rich_help_panel=_CREW)] = False,
    out: Out = None,
    folder: Folder = None,
    edit: Edit = None,
    force: Annotated[bool, typer.Option("--force", help=text.FORCE, rich_help_panel=_PAPERS)] = False,
    as_json: Annotated[bool, typer.Option("--json", help=text.AS_JSON, rich_help_panel=_PAPERS)] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help=text.QUIET, rich_help_panel=_PAPERS)] = False,
    debug: Annotated[bool, typer.Option("--debug", help=text.DEBUG, rich_help_panel=_PAPERS)] = False,
) -> None:
    with errors_shown(as_json=as_json, debug=debug) as job:
        check_clip(clip, wish or [])
        to, job.folder = choose_places(clip, out, folder, takes=takes, force=force)
        edited = read_plan(edit) if edit else None
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
            drama=drama,
        )
        if temp:
            check_clip(temp, [])
        crew, vendors = _hire(
            captioner=captioner, writer=writer, composer=composer, commercial=commercial, temp=temp is not None
        )
        from pipeline.score import score as score_clip

        with claimed(job.folder, force=force), progress(text.STAGES, takes=takes, silent=quiet or as_json) as report:
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
                crew=crew,
                vendors=vendors,
                edited=edited,
                temp=temp,
                report=report,
            )
    with said_or_not():
        show_scores(scores, clip, as_json=as_json, quiet=quiet)


app.command(help=text.VIDEO, epilog=text.VIDEO_EXAMPLES)(video)


@app.command(help=text.DEMO)
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help=text.DEMO_OUT)] = Path("reel.mp4"),
    seed: Annotated[int, typer.Option(help=text.DEMO_SEED, min=0)] = 1,
    force: Annotated[bool, typer.Option("--force", help=text.FORCE)] = False,
    debug: Annotated[bool, typer.Option("--debug", help=text.DEBUG)] = False,
) -> None:
    with errors_shown(as_json=False, debug=debug):
        to = as_film(out, "reel.mp4")
        check_place(to)
        if to.exists() and not force:
            raise Refused(text.EXISTS.format(name=to), hint=text.EXISTS_HINT)
        from bot.demo import RATE, draw_reel

        began = time.monotonic()
        drawn = draw_reel(to, seed=seed)
        console = open_console()
        took = time.monotonic() - began
        say(console, text.DREW.format(scenes=len(drawn), seconds=drawn[-1].end / RATE, took=took))
        say(console, f"{text.FILM}    {to}")
        say(console, f"{text.NEXT} reelscore score {as_word(to)}")
        say(console, text.NEXT_VIDEO)


app.add_typer(models, name="models")
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


# ---- what was asked for ----


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
    drama: bool = False,
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
    return Brief(wish, named, mood, intensity, tempo, key, tuple(exclude), prompt, seed, drama)


def _style(words: str) -> Any:
    """Return the style that the words name exactly, by its own name or by one that people call it."""
    from pipeline.spotting.wishes import STYLE_WORDS

    said = words.strip().lower()
    return next((style for style, called in STYLE_WORDS.items() if said in (style, *called)), None)


def _hire(*, captioner: str, writer: str, composer: str, commercial: bool, temp: bool) -> tuple[Crew, Vendors]:
    """Return who does the work, by the options and else by the settings, and what they need.

    Refuses a name that nobody answers to, and who cannot work here, before the work begins and not in its midst.
    """
    from jobs.settings import JobSettings
    from pipeline.crew import hire

    settings = JobSettings.read()
    usual = settings.crew
    crew = replace(
        usual,
        captioner=captioner or usual.captioner,
        writer=writer or usual.writer,
        composer=composer or usual.composer,
    )
    vendors = replace(settings.vendors, commercial=commercial or settings.commercial)
    hire(crew, vendors, temp=temp)
    return crew, vendors


if __name__ == "__main__":
    main()
