"""What came out, as a person reads it: the cue table, the certificate, the paths; or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bot.console import as_word, open_console, say
from bot.text import terminal as text
from bot.text.plain import plain

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.cuesheet import CueSheet
    from pipeline.score import Score

WIDE = 118  # columns from which the prompts fit into the table


def show_scores(scores: list[Score], clip: Path, *, as_json: bool, quiet: bool) -> None:
    """Print the cue table, the certificate and the paths; or JSON, or the paths alone."""
    from pipeline.purse import dollars

    console = open_console()
    if as_json:
        typer.echo(json.dumps({"scores": [as_data(one) for one in scores]}, indent=1))
        return
    if quiet:
        for one in scores:
            say(console, one.film) if console.is_terminal else typer.echo(one.film)
        return
    show_cues(console, scores[0].sheet)
    for one in scores:
        say(console, "")
        say(console, text.CERTIFICATE + (f": {one.film.name}" if len(scores) > 1 else ""), style="bold")
        for what, how_much in one.certificate.lines():
            say(console, f"  {what:<24}{how_much}")
        if one.verdict:
            say(console, f"  {text.VERDICT:<24}{one.verdict.line()}")
        if one.usd:
            say(console, f"  {text.COST:<24}{dollars(one.usd)}")
    say(console, "")
    for note in dict.fromkeys(note for one in scores for note in one.notes):
        say(console, f"Note: {note}")
    for one in scores:
        say(console, f"{text.FILM:<8}{one.film}", style="bold")
        say(console, f"{text.JOB:<8}{one.folder}  ({held(one.folder, text.HOLDS)})")
    sheet = scores[0].folder / "cues.json"
    say(console, f"{text.AGAIN} reelscore score {as_word(clip)} --edit {as_word(sheet)}")


def held(folder: Path, names: Sequence[str]) -> str:
    """Name what lies in a folder of papers, of what a person may want."""
    return ", ".join(name for name in names if (folder / name).exists())


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
        show_plainly(console, [(*text.COLUMNS, text.PROMPT_COLUMN), *rows])
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
        say(console, text.PROMPTS, style="bold")
        for row in rows:
            console.print(Text(f"  {plain(row[0])}  {plain(row[-1])}"))


def show_plainly(console: Console, rows: list[tuple[str, ...]]) -> None:
    """Print one line for each row, in columns that are as wide as what is in them."""
    shown = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        say(console, "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


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
        "usd": round(one.usd, 6),
        "verdict": {**asdict(one.verdict), "total": one.verdict.total} if one.verdict else None,
    }
