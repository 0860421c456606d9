"""What came out of a music video, as a person reads it: what was heard, the shots, the certificate, how to go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bot.console import open_console, say
from bot.shown import WIDE, held, show_plainly
from bot.text import terminal as text
from bot.text.measured import about, clipped, clock
from bot.text.plain import plain

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.cutcertificate import CutCertificate
    from pipeline.musicvideo import MusicVideo, Plan, Sketch
    from pipeline.storyboard import Picture, Shot, Storyboard

SHOWS_MOST, LYRICS_MOST, LOOK_MOST = 48, 60, 100  # letters of a cell and of a line
SUPPLIED = "supplied"  # pipeline.visuals.SUPPLIED
NARROW = (0, 1, 2, 3, 5, 7)  # the columns that a small terminal has room for
STRETCHED = (4, 7)  # those that take what room there is


def show_made(made: Sketch | MusicVideo, again: str, *, as_json: bool, quiet: bool) -> None:
    """Print the plan or the film; `again` is the command that plays the storyboard again."""
    from pipeline.musicvideo import MusicVideo

    console = open_console()
    if as_json:
        data = {"video": as_data(made)} if isinstance(made, MusicVideo) else {"preview": as_preview(made)}
        typer.echo(json.dumps(data, indent=1))
    elif quiet:
        path = made.film if isinstance(made, MusicVideo) else made.contact
        say(console, path) if console.is_terminal else typer.echo(path)
    elif isinstance(made, MusicVideo):
        _show_video(console, made, again)
    else:
        _show_sketch(console, made, again)


def show_offer(sketched: Sketch) -> None:
    """Print what is planned, before somebody is asked whether it may cost money."""
    console = open_console(stderr=True)
    _show_heard(console, sketched.plan.board)
    _show_rows(console, [(text.CONTACT, sketched.contact), (text.PRICE, _price(sketched))])


def _show_video(console: Console, made: MusicVideo, again: str) -> None:
    board = made.plan.board
    _show_heard(console, board)
    show_shots(console, board)
    say(console, "")
    say(console, text.CERTIFICATE, style="bold")
    for what, how_much in certificate_lines(made.certificate):
        say(console, f"  {what:<24}{how_much}")
    say(console, "")
    _show_notes(console, made.notes)
    say(console, f"{text.FILM:<8}{made.film}", style="bold")
    _show_rows(console, _song(made.plan, made.folder))
    _show_rows(console, [(text.JOB, f"{made.folder}  ({held(made.folder, text.VIDEO_HOLDS)})")])
    say(console, f"{text.AGAIN} {again}")
    if any(name != SUPPLIED for name in made.certificate.illustrator.split(", ")):
        say(console, f"{text.REDRAW_ONE} {again} --redraw {board.shots[-1].number}")


def _show_sketch(console: Console, made: Sketch, again: str) -> None:
    _show_heard(console, made.plan.board)
    show_shots(console, made.plan.board)
    say(console, "")
    _show_notes(console, made.plan.notes)
    board = made.contact.with_name("storyboard.json")
    _show_rows(console, _song(made.plan, made.contact.parent))
    _show_rows(console, [(text.PRICE, _price(made)), (text.CONTACT, made.contact), (text.BOARD, board)])
    say(console, f"{text.AGAIN_FROM} {again}")


def _show_rows(console: Console, rows: list[tuple[str, object]]) -> None:
    for what, words in rows:
        say(console, f"{what:<8}{words}")


def _song(plan: Plan, folder: Path) -> list[tuple[str, object]]:
    """Name the song that was made, where one was."""
    return [(text.SUNG, plan.track.path)] if plan.track.path.parent.parent == folder else []


def _show_notes(console: Console, notes: tuple[str, ...]) -> None:
    for note in dict.fromkeys(notes):
        say(console, f"Note: {note}")


def _show_heard(console: Console, board: Storyboard) -> None:
    """Print tempo, key, form and look; of a film that is looped there is only its length."""
    chart, style = board.chart, board.style
    if _is_looped(board):
        _show_rows(console, [(text.HEARD, clock(chart.duration))])
        return
    tempo = text.TEMPO_OF.format(tempo=chart.tempo) if chart.tempo else text.NO_BEAT
    form = (f"{section.part} {clock(section.start)}" for section in chart.sections)
    look = clipped(", ".join(filter(None, (style.look, style.place))), LOOK_MOST)
    heard = ", ".join(filter(None, (clock(chart.duration), tempo, chart.key)))
    _show_rows(console, [(text.HEARD, heard), (text.FORM, ", ".join(form)), (text.LOOKS, look)])


def _is_looped(board: Storyboard) -> bool:
    from pipeline.visuals import is_whole

    return is_whole(board)


def _price(sketched: Sketch) -> str:
    cost = _dollars(sketched.usd)
    if sketched.usd > 0:
        cost = text.COSTS.format(cost=cost)
    return text.TAKES_TIME.format(cost=cost, time=about(sketched.seconds, "en"))


def _dollars(usd: float) -> str:
    from pipeline.purse import dollars

    return dollars(usd) if usd > 0 else text.COSTS_NOTHING


# ---- the shots ----


def show_shots(console: Console, board: Storyboard) -> None:
    """Print a row for each shot."""
    rows = [_row(board, shot) for shot in board.shots]
    if not console.is_terminal:
        show_plainly(console, [text.SHOTS, *rows])
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    columns = range(len(text.SHOTS)) if console.width >= WIDE else NARROW
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    for column in columns:
        ratio = 1 if column in STRETCHED else None
        table.add_column(text.SHOTS[column], no_wrap=True, overflow="ellipsis", ratio=ratio)
    for row in rows:
        table.add_row(*(Text(plain(row[column])) for column in columns))
    console.print(table)


def _row(board: Storyboard, shot: Shot) -> tuple[str, ...]:
    enters = shot.transition if shot.transition == "cut" else f"{shot.transition} {shot.transition_s:.1f} s"
    sung = " / ".join(line.text for line in board.lines if shot.start <= line.start < shot.end)
    return (
        str(shot.number),
        text.timecode(shot.start, board.treatment.frame_rate),
        f"{shot.length:.2f}",
        shot.picture,
        clipped(_seen(board.picture(shot.picture)), SHOWS_MOST),
        shot.move,
        enters,
        clipped(" ".join(sung.split()), LYRICS_MOST),
    )


def _seen(picture: Picture) -> str:
    """Return how a picture's prompt begins; there is none for what was supplied."""
    return " ".join(picture.prompt.split()) or text.YOUR_OWN


# ---- what was measured ----


def certificate_lines(measured: CutCertificate) -> list[tuple[str, str]]:
    """Return what a person wants to know of a film, as (what, how much)."""
    sound = text.COPIED if measured.sound_copied else text.ENCODED
    pictures = text.PICTURES_OF.format(
        pictures=measured.pictures, shots=measured.shots, illustrator=measured.illustrator
    )
    return [
        ("Length", text.LENGTH_OF.format(film=measured.film_s, error=measured.length_error_ms)),
        ("Sound", sound.format(codec=measured.codec)),
        ("Loudness", f"{measured.loudness:.1f} LUFS, true peak {measured.true_peak:.1f} dBTP"),
        ("Cuts on a beat", _on_beat(measured)),
        ("Pictures", pictures),
        ("Cost", _dollars(measured.usd)),
        ("Licence", measured.licence),
    ]


def _on_beat(measured: CutCertificate) -> str:
    if not measured.cuts:
        return text.NO_CUTS
    if measured.on_beat is None or measured.chance is None:
        return text.NO_BEATS.format(cuts=measured.cuts)
    hit = round(measured.on_beat * measured.cuts)
    return text.ON_BEAT.format(hit=hit, cuts=measured.cuts, share=measured.on_beat, chance=measured.chance)


# ---- as JSON ----


def as_data(made: MusicVideo) -> dict[str, Any]:
    """Return a music video as JSON has it."""
    return {
        "film": str(made.film),
        "folder": str(made.folder),
        "track": str(made.plan.track.path),
        "contact": str(made.contact),
        "stills": [str(path) for path in made.stills],
        "notes": list(made.notes),
        "certificate": json.loads(made.certificate.to_json()),
        "storyboard": json.loads(made.plan.board.to_json()),
    }


def as_preview(made: Sketch) -> dict[str, Any]:
    """Return a plan as JSON has it."""
    return {
        "folder": str(made.contact.parent),
        "track": str(made.plan.track.path),
        "contact": str(made.contact),
        "usd": made.usd,
        "seconds": made.seconds,
        "notes": list(made.plan.notes),
        "storyboard": json.loads(made.plan.board.to_json()),
    }
