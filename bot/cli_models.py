"""The terminal: `reelscore models` and `reelscore models fetch NAME`. No model and none of its packages is loaded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.console import open_console, say
from bot.exits import STOPPED, errors_shown, said_or_not
from bot.meter import progress
from bot.shown import show_plainly
from bot.text import models as text
from pipeline.errors import Refused

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.backends import Vendors
    from pipeline.catalogue import Weights
    from pipeline.engines import Row

WIDE = 110  # columns from which the table can be read

models = typer.Typer(
    help=text.MODELS,
    epilog=text.MODELS_EXAMPLES,
    invoke_without_command=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@models.callback()
def listing(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help=text.AS_JSON)] = False,
    debug: Annotated[bool, typer.Option("--debug", hidden=True)] = False,
) -> None:
    if context.invoked_subcommand is not None:
        return
    with errors_shown(as_json=as_json, debug=debug):
        from jobs.settings import VendorSettings
        from pipeline.engines import look

        vendors = VendorSettings.read().vendors
        rows = look(vendors)
    with said_or_not():
        if as_json:
            typer.echo(json.dumps({"engines": [as_data(row) for row in rows]}, indent=1))
        else:
            show(rows, vendors)


@models.command(help=text.FETCH)
def fetch(
    names: Annotated[list[str], typer.Argument(help=text.NAMES, metavar="NAME...", show_default=False)],
    revision: Annotated[str, typer.Option(help=text.REVISION, metavar="COMMIT", show_default=False)] = "",
    debug: Annotated[bool, typer.Option("--debug", hidden=True)] = False,
) -> None:
    with errors_shown(as_json=False, debug=debug):
        from jobs.settings import VendorSettings

        vendors = VendorSettings.read().vendors
        wanted = find(names, vendors)
        if revision and len(wanted) > 1:
            raise Refused(text.ONE_REVISION, hint=text.ONE_REVISION_HINT)
        for weights in wanted:
            fetch_one(weights, vendors, revision)


def find(names: Sequence[str], vendors: Vendors) -> list[Weights]:
    """Return the checkpoints of these names, each once; a kind by itself may stand before one. Raises Refused."""
    from pipeline.weights import CATALOGUE, choose

    kinds = set(text.KINDS)
    said = [name.rpartition("/")[2] if name.partition("/")[0] in kinds else name for name in names if name not in kinds]
    if not said:
        raise Refused(text.NOTHING_NAMED, hint=text.KNOWN.format(names=", ".join(one.name for one in CATALOGUE)))
    found: dict[str, Weights] = {}
    for name in said:
        backend, _, variant = name.partition(":")
        kind = next((one.kind for one in CATALOGUE if one.backend == backend), None)
        if kind is None:
            raise _unknown(name)
        weights = choose(kind, backend, variant, vendors)
        found[weights.name] = weights
    return list(found.values())


def _unknown(name: str) -> Refused:
    from pipeline.engines import ENGINES
    from pipeline.weights import CATALOGUE

    known = text.KNOWN.format(names=", ".join(one.name for one in CATALOGUE))
    if kind := next((engine.kind for engine in ENGINES if engine.name == name.partition(":")[0]), None):
        return Refused(text.NO_WEIGHTS.format(kind=kind, name=name), hint=known)
    return Refused(text.NOT_KNOWN.format(name=name), hint=known)


def fetch_one(weights: Weights, vendors: Vendors, revision: str) -> None:
    """Fetch one checkpoint with a bar. Raises as pipeline.weights.fetch does, and typer.Exit where it is stopped."""
    from pipeline import weights as shelf

    console = open_console(stderr=True)
    said = text.FETCHES.format(
        name=weights.name, repository=weights.repository, size=_size(weights.bytes), licence=weights.licence
    )
    say(console, said)
    known = shelf.commit(weights, vendors)
    try:
        with progress({"weights": text.FETCHING.format(name=weights.name)}, silent=False) as report:
            shelf.fetch(weights, vendors, report, revision=revision)
    except KeyboardInterrupt:
        say(console, text.STOPPED)
        raise typer.Exit(STOPPED) from None
    say(console, text.FETCHED.format(name=weights.name, commit=shelf.commit(weights, vendors)))
    if not known and not revision:
        say(console, text.TAKEN)


# ---- the list ----


def show(rows: list[Row], vendors: Vendors) -> None:
    """Print a table for each kind; lines without one where nobody sees it on a terminal."""
    console = open_console()
    for kind, members in groupby(rows, key=lambda row: row.engine.kind):
        cells = [as_cells(row) for row in members]
        say(console, text.KINDS[kind], style="bold")
        if console.is_terminal and console.width >= WIDE:
            _print_table(console, cells)
        elif console.is_terminal:
            _print_lines(console, cells)
        else:
            show_plainly(console, [text.COLUMNS, *cells])
            say(console, "")
    say(console, text.FOLDER.format(folder=vendors.models) if vendors.models else text.DEFAULT_FOLDER)
    say(console, text.ABOUT)


def _print_table(console: Console, cells: list[tuple[str, ...]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from bot.text.plain import plain

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in text.COLUMNS:
        table.add_column(column, no_wrap=column in ("Engine", "Size", "Memory"), overflow="fold")
    for row in cells:
        table.add_row(*(Text(plain(cell)) for cell in row))
    console.print(table)


def _print_lines(console: Console, cells: list[tuple[str, ...]]) -> None:
    """Print an engine to a line, and beneath it what a narrow terminal has no columns for."""
    from rich.padding import Padding
    from rich.text import Text

    from bot.text.plain import plain

    for name, state, commercial, size, memory, speed in cells:
        say(console, f"{name}: {state}")
        weighs = text.WEIGHS.format(size=size, memory=memory) if size != text.NOTHING else ""
        for what in filter(None, (f"{text.COLUMNS[2]}: {commercial}", weighs, speed)):
            console.print(Padding(Text(plain(what)), (0, 0, 0, 4)))
    say(console, "")


def as_cells(row: Row) -> tuple[str, ...]:
    """Return what a line of the table says, by its columns."""
    weights = row.weights
    return (
        row.name,
        state_of(row),
        text.COMMERCIAL[weights.commercial if weights else row.engine.commercial],
        _size(weights.bytes) if weights else text.NOTHING,
        _size(weights.memory_bytes) if weights else text.NOTHING,
        weights.speed if weights else row.engine.speed,
    )


def state_of(row: Row) -> str:
    """Say what an engine needs before it can be used."""
    needs = []
    if row.missing:
        needs.append(text.NEEDS_PACKAGES.format(install=row.engine.install))
    if row.unset:
        needs.append(text.NEEDS_SETTING.format(names=text.OR.join(row.unset)))
    if not row.here:
        needs.append(text.NEEDS_WEIGHTS)
    return ", ".join(needs) or text.READY


def as_data(row: Row) -> dict[str, Any]:
    """Return a line as JSON has it."""
    weights = row.weights
    return {
        "kind": row.engine.kind,
        "name": row.name,
        "ready": row.ready,
        "missing_packages": list(row.missing),
        "unset": list(row.unset),
        "fetched": row.here,
        "licence": weights.licence if weights else row.engine.licence,
        "commercial": weights.commercial if weights else row.engine.commercial,
        "speed": weights.speed if weights else row.engine.speed,
        "weights": {**asdict(weights), "commit": row.commit} if weights else None,
    }


def _size(count: int) -> str:
    return text.SIZE.format(gigabytes=count / 1e9)
