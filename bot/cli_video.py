"""The terminal: `reelscore video TRACK`.

Nothing heavy is imported before it is needed, so that --help answers at once.
"""

from __future__ import annotations

import math
import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bot.console import as_word
from bot.exits import errors_shown, said_or_not
from bot.meter import progress
from bot.places import VIDEO, choose_places, claimed, read_plan
from bot.shown_video import show_made, show_offer
from bot.text import terminal as text
from pipeline.errors import BadLyrics, OverLimit, Refused

if TYPE_CHECKING:
    from pipeline.backends import Crew, Report, Vendors
    from pipeline.musicvideo import MusicVideo, Ordered, Sketch
    from pipeline.storyboard import Storyboard, Treatment

LYRICS_BYTES = 1_000_000  # of a file: fifty times what is taken, and no song has it
SOUNDS = (".mp3", ".wav", ".m4a", ".flac", ".ogg", ".opus", ".aac")  # what a singer may leave
SHIFT_MOST_S = 60.0  # pipeline.storyboard.SHIFT_MOST_S
REDRAWS_MOST = 1000  # pipeline.storyboard.Treatment.redraws
SONG = "song"  # the folder of a song that was made, inside the film's; and what its film is named after
PLANNING = ("track", "sections", "lyrics", "storyboard")  # what is done before the pictures
REPLANS = {"wish": "A wish", "lyrics": "--lyrics", "look": "--look", "pace": "--pace", "seed": "--seed"}

_WISHES, _FILM, _CREW, _PAPERS = "The pictures", "The film", "Who does it", "Files and output"


def _seconds(said: str) -> float:
    """Read seconds, with a sign or without."""
    try:
        seconds = float(said)
    except ValueError:
        seconds = math.nan
    if not abs(seconds) <= SHIFT_MOST_S:
        raise typer.BadParameter(text.NOT_SECONDS)
    return seconds


def video(
    track: Annotated[str | None, typer.Argument(help=text.TRACK, metavar="TRACK", show_default=False)] = None,
    wish: Annotated[list[str] | None, typer.Argument(help=text.SEEN_WISH, metavar="WISH")] = None,
    lyrics: Annotated[
        Path | None, typer.Option(help=text.LYRICS, metavar="FILE", rich_help_panel=_WISHES, show_default=False)
    ] = None,
    look: Annotated[
        str | None, typer.Option(help=text.LOOK, metavar="WORDS", rich_help_panel=_WISHES, show_default=False)
    ] = None,
    pace: Annotated[
        Literal["calm", "normal", "quick"] | None,
        typer.Option(help=text.PACE, rich_help_panel=_WISHES, show_default=False),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help=text.VIDEO_SEED, metavar="NUMBER", rich_help_panel=_WISHES, min=0, max=2**31 - 1, show_default=False
        ),
    ] = None,
    visual: Annotated[
        list[Path] | None, typer.Option(help=text.VISUAL, metavar="FILE", rich_help_panel=_WISHES, show_default=False)
    ] = None,
    crop: Annotated[
        int | None,
        typer.Option(help=text.CROP, metavar="PERCENT", rich_help_panel=_WISHES, min=0, max=90, show_default=False),
    ] = None,
    loop: Annotated[
        Literal["plain", "there-and-back"] | None,
        typer.Option(help=text.LOOP, rich_help_panel=_WISHES, show_default=False),
    ] = None,
    song: Annotated[bool, typer.Option("--song", help=text.SONG, rich_help_panel=_WISHES)] = False,
    titles: Annotated[
        Literal["line", "karaoke", "pop", "none"] | None,
        typer.Option(help=text.TITLES, rich_help_panel=_FILM, show_default=False),
    ] = None,
    shift: Annotated[
        float | None,
        typer.Option(help=text.SHIFT, metavar="SECONDS", rich_help_panel=_FILM, parser=_seconds, show_default=False),
    ] = None,
    shape: Annotated[
        Literal["9:16", "1:1", "16:9", "4:5"] | None,
        typer.Option(help=text.SHAPE, rich_help_panel=_FILM, show_default=False),
    ] = None,
    fps: Annotated[
        Literal["24", "25", "30", "60"] | None, typer.Option(help=text.FPS, rich_help_panel=_FILM, show_default=False)
    ] = None,
    target: Annotated[
        Literal["none", "telegram", "discord"], typer.Option(help=text.TARGET, rich_help_panel=_FILM)
    ] = "none",
    aligner: Annotated[str, typer.Option(help=text.ALIGNER, metavar="NAME", rich_help_panel=_CREW)] = "spread",
    director: Annotated[str, typer.Option(help=text.DIRECTOR, metavar="NAME", rich_help_panel=_CREW)] = "auto",
    illustrator: Annotated[str, typer.Option(help=text.ILLUSTRATOR, metavar="NAME", rich_help_panel=_CREW)] = "painted",
    animator: Annotated[str, typer.Option(help=text.ANIMATOR, metavar="NAME", rich_help_panel=_CREW)] = "camera",
    singer: Annotated[str, typer.Option(help=text.SINGER, metavar="NAME", rich_help_panel=_CREW)] = "orchestra",
    yes: Annotated[bool, typer.Option("--yes", "-y", help=text.YES, rich_help_panel=_CREW)] = False,
    preview: Annotated[bool, typer.Option("--preview", help=text.PREVIEW, rich_help_panel=_PAPERS)] = False,
    edit: Annotated[
        Path | None, typer.Option(help=text.EDIT_BOARD, metavar="FILE", rich_help_panel=_PAPERS, show_default=False)
    ] = None,
    redraw: Annotated[
        list[int] | None,
        typer.Option(help=text.REDRAW, metavar="SHOT", rich_help_panel=_PAPERS, min=1, show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help=text.VIDEO_OUT, metavar="FILE", rich_help_panel=_PAPERS, show_default=False),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help=text.VIDEO_FOLDER, metavar="FOLDER", rich_help_panel=_PAPERS, show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help=text.FORCE, rich_help_panel=_PAPERS)] = False,
    as_json: Annotated[bool, typer.Option("--json", help=text.AS_JSON, rich_help_panel=_PAPERS)] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help=text.QUIET, rich_help_panel=_PAPERS)] = False,
    debug: Annotated[bool, typer.Option("--debug", help=text.DEBUG, rich_help_panel=_PAPERS)] = False,
) -> None:
    with errors_shown(as_json=as_json, debug=debug) as job:
        given = read_given(track, wish or [], song=song, edit=edit)
        said = {
            "wish": given.wish or None,
            "lyrics": read_words(lyrics) if lyrics else None,
            "look": look,
            "titles": titles,
            "shape": shape,
            "frame_rate": int(fps) if fps else None,
            "pace": pace,
            "shift": shift,
            "seed": seed,
            "loop": loop,
            "bottom_crop_percent": crop,
        }
        _check_visuals(visual or [])
        board = _read_board(edit, visual or []) if edit else None
        treatment = read_treatment(said, board, redraw or [])
        crew = _crew(aligner=aligner, director=director, illustrator=illustrator, animator=animator, singer=singer)
        before = edit.parent if edit else None
        held = before if before and _is_preview(before) else None
        to, job.folder = choose_places(given.source, out, folder, force=force, kind=VIDEO, preview=held)
        from pipeline.musicvideo import Ordered

        edited = board.to_json() if board else None
        ordered = Ordered(given.track, treatment, crew, tuple(visual or ()), edited, before, target)
        vendors = _vendors()
        with claimed(job.folder, force=force or _is_same(job.folder, held), kind=VIDEO) as aside:
            wanted = _found(ordered, job.folder, aside)
            silent = quiet or as_json
            made = _make(wanted, to, job.folder, vendors, preview=preview, yes=yes, silent=silent)
    with said_or_not():
        show_made(made, _again(ordered, job.folder), as_json=as_json, quiet=quiet)


# ---- what is asked for ----


@dataclass(frozen=True)
class Given:
    """What the words mean that no option stands before."""

    track: Path | None  #: None: a song is made
    source: Path  #: the film is named after it and put beside it
    wish: str


def read_given(track: str | None, wish: list[str], *, song: bool, edit: Path | None) -> Given:
    """Tell the track from the wish; raises Refused for a track that is not there, or is one too many."""
    if song:
        words = [track, *wish] if track else wish
        if track and os.path.isfile(track):
            raise Refused(text.TRACK_AND_SONG.format(name=track), hint=text.TRACK_AND_SONG_HINT)
        return Given(_song_of(edit), _beside(edit), " ".join(words))
    if track is None:
        if (made := _song_of(edit)) is None:
            raise Refused(text.NO_TRACK, hint=text.NO_TRACK_HINT)
        return Given(made, _beside(edit), "")
    if os.path.isdir(track):
        raise Refused(text.NOT_A_TRACK.format(name=track), hint=text.NOT_A_TRACK_HINT)
    if not os.path.exists(track):
        raise Refused(text.NO_FILE.format(name=track), hint=text.NO_FILE_HINT)
    for word in wish:
        if Path(word).suffix and os.path.isfile(word):
            raise Refused(text.TWO_TRACKS.format(name=word), hint=text.TWO_TRACKS_HINT)
    return Given(Path(track), Path(track), " ".join(wish))


def _song_of(edit: Path | None) -> Path | None:
    """Return the song that was made for an earlier film, from its folder."""
    place = edit.parent / SONG if edit else Path(SONG)
    if edit is None or not place.is_dir():
        return None
    return next((path for path in sorted(place.iterdir()) if path.suffix in SOUNDS), None)


def _beside(edit: Path | None) -> Path:
    """Return what the film of a song is named after: it lies beside the earlier folder, or here."""
    if edit is None:
        return Path(SONG)
    return (edit.parent if edit.parent.name else edit.parent.absolute()).parent / SONG


def read_words(lyrics: Path) -> str:
    """Return the text of a lyrics file; raises BadLyrics and OverLimit for what can be read by nobody."""
    from pipeline.lyrics import decode_lyrics, read_lyrics

    try:
        if not lyrics.is_file() or lyrics.stat().st_size > LYRICS_BYTES:
            raise BadLyrics(text.NO_LYRICS.format(name=lyrics), hint=text.NO_LYRICS_HINT)
        words = decode_lyrics(lyrics.read_bytes())
    except OSError:
        raise BadLyrics(text.NO_LYRICS.format(name=lyrics), hint=text.NO_LYRICS_HINT) from None
    read_lyrics(words)
    return words


def _read_board(edit: Path, visuals: Sequence[Path]) -> Storyboard:
    """Return an edited storyboard; raises BadSheet, and Refused rather than paint what was the client's own picture."""
    from pipeline.storyboard import Storyboard
    from pipeline.visuals import is_whole

    board = Storyboard.from_json(read_plan(edit, text.NO_BOARD, text.NO_BOARD_HINT))
    if is_whole(board) and not visuals:
        raise Refused(text.SUPPLIED, hint=text.SUPPLIED_HINT)
    return board


def read_treatment(said: Mapping[str, Any], board: Storyboard | None, redraw: Sequence[int]) -> Treatment:
    """Return the treatment that is asked for; what is None in `said` was not said.

    With an edited storyboard it is the one that stands in it, with what was said above it. Raises Refused, OverLimit.
    """
    from pipeline.storyboard import WORDS_MOST, Treatment

    chosen = {name: _unbroken(value) for name, value in said.items() if value is not None}
    for what, words in ((text.YOUR_WISH, chosen.get("wish", "")), (text.YOUR_LOOK, chosen.get("look", ""))):
        if len(words) > WORDS_MOST:
            sentence = text.LONG_WORDS.format(what=what, count=len(words), most=WORDS_MOST)
            raise OverLimit(sentence, hint=text.LONG_WORDS_HINT)
    if board is None:
        if redraw:
            raise Refused(text.NOT_EDITED, hint=text.NOT_EDITED_HINT)
        return Treatment(**chosen)
    if option := next((option for name, option in REPLANS.items() if name in chosen), None):
        raise Refused(text.REPLANS.format(option=option), hint=text.REPLANS_HINT)
    return replace(board.treatment, **chosen, redraws=_redraws(board, redraw))


def _unbroken(value: Any) -> Any:
    """Put a mark where a terminal has sent bytes that are no letters."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _redraws(board: Storyboard, shots: Sequence[int]) -> dict[str, int]:
    """Return how often each picture was drawn anew, with those of these shots once more."""
    redraws, shown = dict(board.treatment.redraws), {shot.number: shot.picture for shot in board.shots}
    for number in shots:
        if number not in shown:
            raise Refused(text.NO_SHOT.format(number=number), hint=text.NO_SHOT_HINT.format(most=max(shown)))
    for picture in {shown[number] for number in shots}:
        redraws[picture] = min(REDRAWS_MOST, redraws.get(picture, 0) + 1)
    return redraws


def _check_visuals(visuals: Sequence[Path]) -> None:
    for path in visuals:
        if os.path.isdir(path):
            raise Refused(text.NOT_A_VISUAL.format(name=path), hint=text.NOT_A_VISUAL_HINT)
        if not os.path.exists(path):
            raise Refused(text.NO_FILE.format(name=path), hint=text.NO_FILE_HINT)


def _crew(**names: str) -> Crew:
    from pipeline.backends import Crew

    return Crew(**names)


def _vendors() -> Vendors:
    """Return keys and cap as the environment and `.env` have them."""
    from jobs.settings import VendorSettings

    return VendorSettings.read().vendors


# ---- where it goes ----


def _is_preview(folder: Path) -> bool:
    """Whether a film was planned there and never made."""
    return (folder / VIDEO.plan).is_file() and not (folder / "certificate.json").exists()


def _is_same(folder: Path, other: Path | None) -> bool:
    return other is not None and folder.resolve() == other.resolve()


def _found(ordered: Ordered, folder: Path, aside: Path) -> Ordered:
    """Return what is ordered with its files where they lie while the folder that held them is replaced.

    A song of ours is copied into the new folder, so that its film can be made again.
    """

    def now(path: Path) -> Path:
        place = path.absolute()
        inside = aside.exists() and place.is_relative_to(folder.absolute())
        return aside / place.relative_to(folder.absolute()) if inside else path

    earlier = now(ordered.earlier) if ordered.earlier else None
    track = now(ordered.track) if ordered.track else None
    if track and earlier and track.parent == earlier / SONG:
        (folder / SONG).mkdir()
        track = shutil.copyfile(track, folder / SONG / track.name)
    return replace(ordered, track=track, visuals=tuple(map(now, ordered.visuals)), earlier=earlier)


# ---- the work ----


def _make(
    ordered: Ordered, to: Path, folder: Path, vendors: Vendors, *, preview: bool, yes: bool, silent: bool
) -> Sketch | MusicVideo:
    """Make the film, or plan it; what costs money is told before, and asked."""
    from pipeline.musicvideo import make_video, sketch

    stages = text.VIDEO_STAGES
    if preview or _may_cost(ordered.crew):
        planning = {stage: stages[stage] for stage in PLANNING}
        with progress(planning, silent=silent) as report:
            sketched = sketch(ordered, folder=folder, vendors=vendors, resume=True, report=report)
        if preview or not _agreed(sketched, yes=yes):
            return sketched
        stages = {stage: said for stage, said in stages.items() if stage not in planning}
    with progress(stages, silent=silent) as report:
        told = _only(stages, report)
        return make_video(ordered, to=to, folder=folder, vendors=vendors, resume=True, report=told)


def _may_cost(crew: Crew) -> bool:
    return (crew.illustrator, crew.animator) != (type(crew).illustrator, type(crew).animator)


def _agreed(sketched: Sketch, *, yes: bool) -> bool:
    """Ask whether the money may be spent; raises Refused where nobody can be asked."""
    if yes or sketched.usd <= 0:
        return True
    from pipeline.purse import dollars

    cost = dollars(sketched.usd)
    if not _is_somebody_here():
        raise Refused(text.UNASKED.format(cost=cost), hint=text.UNASKED_HINT)
    show_offer(sketched)
    try:
        return typer.confirm(text.ASK.format(cost=cost), err=True)
    except typer.Abort:  # Ctrl-C and Ctrl-D
        raise KeyboardInterrupt from None


def _is_somebody_here() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _only(stages: Mapping[str, str], report: Report) -> Report:
    """Keep to itself what was reported before."""
    return lambda stage, done, total: report(stage, done, total) if stage in stages else None


def _again(ordered: Ordered, folder: Path) -> str:
    """Return the command that plays the storyboard again, with what does not stand in it."""
    words = ["reelscore", "video"]
    if ordered.track and not (ordered.earlier and ordered.track.parent == ordered.earlier / SONG):
        words.append(as_word(ordered.track))
    words += ["--edit", as_word(folder / VIDEO.plan)]
    for visual in ordered.visuals:
        words += ["--visual", as_word(visual)]
    for option, name in (("--illustrator", ordered.crew.illustrator), ("--animator", ordered.crew.animator)):
        if name != getattr(type(ordered.crew), option.removeprefix("--")):
            words += [option, shlex.quote(name)]
    if ordered.target != "none":
        words += ["--target", ordered.target]
    return " ".join(words)
