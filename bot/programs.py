"""The programs of the bot: `reelscore run`, `bot`, `worker`, `doctor` and `sync`.

Nothing heavy is imported before it is needed, so that --help answers at once; a worker never reads a chat token.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from bot.console import open_console, say
from bot.exits import BUG, errors_shown, is_full_disk, print_error, said_or_not
from bot.places import check_clip, check_place, choose_places, claimed
from bot.shown import show_scores
from bot.text import terminal as text
from pipeline.errors import Refused, Unavailable, UserError

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from typing import TextIO

    from bot.parts import Part
    from bot.settings import BotSettings
    from bot.terminal import Written
    from jobs.job import Request
    from jobs.queue import Bell
    from jobs.settings import JobSettings
    from storage.blobs import Blobs
    from storage.records import Records

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SETTLE_S = 10.0  # that a part may take to end beyond what it drains for
OWN_REDIS_S = 10.0  # one that another run has started may just leave, and is started again by this one
DELIVER_S = 30.0  # that a bot may take to hand over what it has in hand
LOG_BYTES = 8 * 1024**2  # of run.log; beyond it the file is begun anew, and the earlier one kept
ROOT = Path(__file__).resolve().parents[1]  # where our packages are, whatever folder we are started in
DAY_S = 86400.0
STORED_S = 60.0  # a blob store that was written to and read is believed for so long: on S3 each look is paid for

_WISHES, _FILM = "The music", "The film"


def add_programs(app: typer.Typer) -> None:
    """Add the programs to the command line."""
    app.command(help=text.RUN, epilog=text.RUN_EXAMPLES)(run)
    app.command(help=text.BOT)(bot)
    app.command(help=text.WORKER)(worker)
    app.command(help=text.DOCTOR)(doctor)
    app.command(help=text.SYNC)(sync)


def run(
    clip: Annotated[Path | None, typer.Argument(help=text.RUN_CLIP, metavar="CLIP", show_default=False)] = None,
    wish: Annotated[list[str] | None, typer.Argument(help=text.WISH, metavar="WISH")] = None,
    style: Annotated[str, typer.Option(help=text.STYLE, rich_help_panel=_WISHES, show_default=False)] = "",
    mood: Annotated[str, typer.Option(help=text.MOOD, rich_help_panel=_WISHES, show_default=False)] = "",
    tempo: Annotated[
        float | None,
        typer.Option(help=text.TEMPO, metavar="BPM", rich_help_panel=_WISHES, min=30, max=240, show_default=False),
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help=text.WITHOUT, metavar="WHAT", rich_help_panel=_WISHES, show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help=text.SEED, metavar="NUMBER", rich_help_panel=_WISHES, min=0)] = 1,
    takes: Annotated[int, typer.Option(help=text.TAKES, metavar="NUMBER", rich_help_panel=_WISHES, min=1, max=4)] = 1,
    prompt: Annotated[
        Literal["simple", "brief", "long"], typer.Option(help=text.PROMPT, rich_help_panel=_WISHES)
    ] = "brief",
    sound: Annotated[Literal["keep", "replace"], typer.Option(help=text.RUN_SOUND, rich_help_panel=_FILM)] = "keep",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help=text.OUT, metavar="FILE", rich_help_panel=_FILM, show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help=text.FORCE, rich_help_panel=_FILM)] = False,
    draw: Annotated[
        Path | None, typer.Option(help=text.DRAW, metavar="FILE", rich_help_panel=_FILM, show_default=False)
    ] = None,
) -> None:
    from bot.cli import read_brief

    with _errors_told() as job:
        settings = _bot_settings()
        fronts = settings.fronts()
        _say_fronts(fronts)
        if clip is None and not fronts:
            clip = _drawn(draw)
        errand = None
        if clip is not None:
            check_clip(clip, wish or [])
            to, job.folder = choose_places(clip, out, None, takes=takes, force=force)
            brief = read_brief(
                wish=" ".join(wish or []), style=style, mood=mood, intensity=0.5, tempo=tempo, key=None,
                without=without or [], prompt=prompt, seed=seed,
            )  # fmt: skip
            from jobs.job import Request

            errand = Errand(clip, Request(brief=brief, takes=takes, sound=sound), to, job.folder)
        claim = claimed(job.folder, force=force) if job.folder else contextlib.nullcontext()
        with _run_log(settings, here=bool(fronts)) as stream, claim:
            films = asyncio.run(_run(settings, fronts, errand, stream))
        if films and clip and not fronts:
            _show(films, clip)


def bot(
    fronts: Annotated[list[str] | None, typer.Argument(help=text.FRONTS, metavar="FRONT", show_default=False)] = None,
) -> None:
    with _errors_told():
        settings = _bot_settings()
        chosen = _chosen_fronts(settings, fronts)
        _start_logs(settings)
        asyncio.run(_speak(settings, chosen))


def worker(
    queues: Annotated[list[str] | None, typer.Argument(help=text.QUEUES, metavar="QUEUE", show_default=False)] = None,
) -> None:
    with _errors_told():
        from jobs.job import QUEUES
        from jobs.settings import JobSettings, scrub

        scrub(os.environ)
        settings = JobSettings.read()
        chosen = list(dict.fromkeys(queues or ["cpu", "io"]))
        for queue in chosen:
            if queue not in QUEUES:
                raise Refused(text.NO_QUEUE.format(name=queue), hint=text.KNOWN.format(names=", ".join(QUEUES)))
        _start_logs(settings)
        asyncio.run(_work(settings, chosen))


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help=text.AS_JSON)] = False,
) -> None:
    with _errors_told():
        from bot.doctor import examine, show, works

        findings = asyncio.run(examine(_bot_settings()))
        show(findings, as_json=as_json)
        if not works(findings):
            raise typer.Exit(2)


def sync() -> None:
    with _errors_told():
        settings = _bot_settings()
        _chosen_fronts(settings, ["discord"])
        _start_logs(settings)
        from bot.discord import front

        count = asyncio.run(front.sync(settings))
        say(open_console(), text.SYNCED.format(count=count))


# ---- what they share ----


def _bot_settings() -> BotSettings:
    from bot.settings import BotSettings
    from jobs.logs import hide

    settings = BotSettings.read()
    hide(settings.secrets())
    return settings


def _start_logs(settings: JobSettings, stream: TextIO | None = None) -> None:
    from jobs.logs import start_logs

    start_logs(settings.log_format, settings.log_level, secrets=settings.secrets(), stream=stream)


def _chosen_fronts(settings: BotSettings, asked: list[str] | None) -> list[str]:
    """Return the front ends to speak through. Raises Refused for one that is unknown or has no token."""
    from bot.settings import FRONTS

    for name in asked or []:
        if name not in FRONTS:
            raise Refused(text.NO_FRONT.format(name=name), hint=text.KNOWN.format(names=", ".join(FRONTS)))
        if settings.token(name) is None:
            variable = f"{name.upper()}_BOT_TOKEN"
            raise Refused(text.NO_TOKEN.format(variable=variable, front=text.NAMES[name]), hint=text.HOW_TO[name])
    chosen = list(dict.fromkeys(asked or settings.fronts()))
    if not chosen:
        raise Refused(text.NO_TOKENS, hint=" ".join(text.HOW_TO.values()))
    return chosen


@contextlib.contextmanager
def _errors_told() -> Iterator[Any]:
    """Turn what goes wrong into a sentence and an exit code; a bug is told by its kind alone, the log has the rest."""
    import structlog

    with errors_shown(as_json=False, debug=False) as job:
        try:
            yield job
        except (UserError, typer.Exit):
            raise
        except Exception as exc:
            if is_full_disk(exc):
                raise
            structlog.get_logger().critical("broke", exc_info=exc)
            what = text.BROKE.format(what=type(exc).__name__)
            print_error(False, "bug", what, [text.BROKE_LOG])
            raise typer.Exit(BUG) from None


@contextlib.contextmanager
def _signals() -> Iterator[tuple[asyncio.Event, asyncio.Event]]:
    """Give two events for the loop that runs: the first signal sets the first, to stop; another the second, at once."""
    stop, hurry = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in STOPS}

    def heard() -> None:
        (hurry if stop.is_set() else stop).set()

    taken = [number for number in STOPS if before[number] is not signal.SIG_IGN]  # nohup and shells say so
    for number in taken:
        loop.add_signal_handler(number, heard)
    try:
        yield stop, hurry
    finally:
        for number in taken:
            loop.remove_signal_handler(number)
            signal.signal(number, before[number])


@contextlib.asynccontextmanager
async def _opened(settings: JobSettings) -> AsyncIterator[tuple[Records, Blobs, Bell]]:
    """Open database, blob store and bell. Raises Unavailable for what does not answer."""
    from jobs.queue import Bell
    from storage.blobs import Blobs
    from storage.errors import Down
    from storage.records import Records

    settings.make_data()
    bell = Bell(settings.redis)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(bell.close)
        await bell.meet(within_s=OWN_REDIS_S if settings.redis_url is None else 0.0)
        try:
            records = await Records.open(settings.database)
            stack.push_async_callback(records.close)
            blobs = Blobs(settings.blobs)
        except ValueError as exc:
            raise Refused(text.BAD_STORE.format(why=exc), hint=text.BAD_STORE_HINT) from None
        except Down as exc:
            raise Unavailable(text.NO_STORE.format(why=exc), hint=text.NO_STORE_HINT) from None
        yield records, blobs, bell


async def _first(*waits: Coroutine[Any, Any, object], also: list[asyncio.Task[Any]] | None = None) -> None:
    """Wait until one of them is done; the tasks in `also` are waited for as well but go on."""
    own = [asyncio.create_task(wait) for wait in waits]
    try:
        pending: list[asyncio.Task[Any]] = [*own, *(also or [])]
        await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in own:
            task.cancel()
        await asyncio.gather(*own, return_exceptions=True)


# ---- reelscore bot ----


async def _speak(settings: BotSettings, fronts: list[str]) -> None:
    """Run the front ends until a signal; one that ends by itself ends the others, and a supervisor starts anew."""
    from bot import leftovers
    from bot.desk import Desk
    from bot.health import watched

    with _signals() as (stop, hurry):
        async with _opened(settings) as (records, blobs, bell):
            checks = {"database": records.ping, "redis": bell.ping}
            async with (
                _linked(settings, blobs),
                watched(checks, host=settings.health_host, port=settings.health_port) as vitals,
            ):
                desk = Desk(
                    records,
                    blobs,
                    caps=settings.caps,
                    ring=bell.wake,
                    folder=_uploads(settings),
                    owners=settings.owners,
                    crew=settings.crew,
                    composers=settings.offered,
                )
                with_them = {"settings": settings, "desk": desk, "records": records, "blobs": blobs, "bell": bell}
                tasks = [asyncio.create_task(_front(name)(**with_them, stop=stop), name=name) for name in fronts]
                await _first(stop.wait(), leftovers.sweep(_uploads(settings)), also=tasks)
                stop.set()
                vitals.stopping = True
                await _settle(tasks, hurry, within_s=DELIVER_S)


@contextlib.asynccontextmanager
async def _linked(settings: BotSettings, blobs: Blobs) -> AsyncIterator[None]:
    """Give out films by signed links, where people can reach this machine and the blobs lie in a folder."""
    if settings.public_url is None or not blobs.is_folder:
        yield
        return
    from bot.films import Links, own_secret, served

    links = Links(settings.public_url, own_secret(settings.data / "links.key"))
    blobs.linker = links.link
    async with served(blobs, links, host=settings.public_host, port=settings.public_port):
        yield


def _front(name: str) -> Callable[..., Coroutine[Any, Any, None]]:
    import importlib

    return cast("Callable[..., Coroutine[Any, Any, None]]", importlib.import_module(f"bot.{name}.front").run)


def _uploads(settings: JobSettings) -> Path:
    """Return the folder that uploads pass through, beside the blobs, where there is room for them."""
    folder = settings.data / "uploads"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


async def _settle(tasks: list[asyncio.Task[None]], hurry: asyncio.Event, *, within_s: float) -> None:
    """Let tasks end by themselves for a while, then cancel them; raise what one of them has raised."""
    hurried = asyncio.create_task(hurry.wait())
    everything = asyncio.ensure_future(asyncio.wait(tasks))
    both: list[asyncio.Future[Any]] = [hurried, everything]
    await asyncio.wait(both, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    hurried.cancel()
    everything.cancel()
    for task in tasks:
        task.cancel()
    for fate in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(fate, Exception):
            raise fate


# ---- reelscore worker ----


async def _work(settings: JobSettings, queues: list[Any]) -> None:
    """Work until a signal, then let the jobs at hand go on for a while and put the rest back."""
    from bot.health import seldom, watched
    from jobs.dispatcher import Dispatcher
    from jobs.worker import Worker

    with _signals() as (stop, hurry):
        async with _opened(settings) as (records, blobs, bell):
            one = Worker(
                records,
                blobs,
                bell,
                queues=queues,
                slots=settings.slots or slots(queues),
                folder=settings.data / "jobs",
                vendors=settings.vendors,
            )
            kept_s = settings.keep_days * DAY_S
            rounds = [Dispatcher(records, blobs, bell, queue, owner=one.name, kept_s=kept_s).run() for queue in queues]
            stored = seldom(blobs.ping, seconds=STORED_S)
            checks = {"database": records.ping, "redis": bell.ping, "blobs": stored}
            calls = _calls(settings)
            async with watched(checks, host=settings.health_host, port=settings.health_port, also=calls) as vitals:
                duties = [asyncio.create_task(duty) for duty in rounds]
                working = asyncio.create_task(one.run())
                await _first(stop.wait(), also=[working, *duties])
                vitals.stopping = True
                if stop.is_set():
                    await _first(one.drain(within_s=settings.drain_s), hurry.wait())
                    await _settle([working], hurry, within_s=SETTLE_S / 2)
                await _settle([working, *duties], hurry, within_s=0)


def _calls(settings: JobSettings) -> list[Any]:
    """Return the routes under which vendors call, where they were told to."""
    if not settings.replicate_webhook or settings.replicate_webhook_secret is None:
        return []
    from bot import ended

    return [*ended.routes(settings.webhooks, settings.replicate_webhook_secret.get_secret_value())]


def slots(queues: list[str]) -> int:
    """Return how many jobs are done at once: one for two processors, since ffmpeg uses several; one for a GPU."""
    return 1 if "gpu" in queues else max(1, len(os.sched_getaffinity(0)) // 2)


# ---- reelscore run ----


@dataclass(frozen=True)
class Errand:
    """A clip to be scored for who sits at the terminal."""

    clip: Path
    request: Request
    to: Path
    folder: Path


def _say_fronts(on: list[str]) -> None:
    from bot.settings import FRONTS

    console = open_console(stderr=True)
    for front in FRONTS:
        say(console, text.IS_ON.format(front=text.NAMES[front]) if front in on else text.HOW_TO[front])


def _drawn(draw: Path | None) -> Path:
    """Draw the reel; raises Refused when no place was named for it."""
    if draw is None:
        raise Refused(text.NOTHING_TO_DO, hint=text.NOTHING_TO_DO_HINT)
    check_place(draw)
    say(open_console(stderr=True), text.DRAWING)
    from bot.demo import draw_reel

    draw_reel(draw, seed=1)
    return draw


@contextlib.contextmanager
def _run_log(settings: BotSettings, *, here: bool) -> Iterator[TextIO]:
    """Log to the terminal where the bot stays up; else to a file, so that the progress of a clip can be seen."""
    if here:
        _start_logs(settings)
        yield sys.stderr
        return
    path = settings.make_data() / "run.log"
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    with path.open("a", encoding="utf-8") as stream:
        _start_logs(settings, stream)
        say(open_console(stderr=True), text.PARTS_LOG.format(log=path))
        yield stream
        _start_logs(settings)  # the file is about to be closed


async def _run(settings: BotSettings, fronts: list[str], errand: Errand | None, stream: TextIO) -> list[Written] | None:
    """Keep the parts running until a signal, or until the errand is done where there is nobody to stay up for.

    Return the errand's films. Raises KeyboardInterrupt when it was stopped.
    """
    from bot.parts import end_in_order

    settings.make_data()
    parts = _parts(settings, fronts, stream)
    keepers: list[asyncio.Task[None]] = []
    films: list[Written] | None = None
    with _signals() as (stop, hurry):
        try:
            for part in parts:
                keepers.append(asyncio.create_task(part.keep()))
                await _first(part.up.wait(), stop.wait(), also=keepers)
                _raise_from(keepers)
            if fronts and not stop.is_set():
                say(open_console(stderr=True), text.STAYS_UP.format(data=settings.data))
            if errand is not None and not stop.is_set():
                films = await _while_kept(_score(settings, errand), keepers, stop)
            if fronts:
                if films and errand:
                    await asyncio.to_thread(_show, films, errand.clip)
                await _first(stop.wait(), also=keepers)
                _raise_from(keepers)
        finally:
            if stop.is_set():
                say(open_console(stderr=True), text.STOPPING)
            await end_in_order(parts[1:] + parts[:1], hurry)  # Redis last
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
    if errand is not None and films is None:
        raise KeyboardInterrupt
    return films


def _raise_from(tasks: list[asyncio.Task[None]]) -> None:
    """Raise what a task has ended with."""
    for task in tasks:
        if task.done():
            task.result()


async def _while_kept(
    work: Coroutine[Any, Any, list[Written]], keepers: list[asyncio.Task[None]], stop: asyncio.Event
) -> list[Written] | None:
    """Do the work; return None when a signal came first. Raises when a part refuses to run."""
    task = asyncio.create_task(work)
    try:
        await _first(stop.wait(), also=[task, *keepers])
        _raise_from(keepers)
        return task.result() if task.done() else None
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _score(settings: BotSettings, errand: Errand) -> list[Written]:
    """Send the clip through the queue and wait for its films."""
    from bot.desk import Desk
    from bot.terminal import Terminal, without_limits
    from storage.errors import StoreError

    async with _opened(settings) as (records, blobs, bell):
        caps = without_limits(settings.caps)
        desk = Desk(records, blobs, caps=caps, ring=bell.wake, folder=_uploads(settings))
        terminal = Terminal(records, blobs, bell, desk=desk, console=open_console(stderr=True))
        try:
            return await terminal.score(errand.clip, errand.request, to=errand.to, folder=errand.folder)
        except StoreError as exc:  # whoever sits here hears of it at once; a chat's update would wait
            raise Unavailable(text.NO_STORE.format(why=exc), hint=text.NO_STORE_HINT) from exc


def _show(films: list[Written], clip: Path) -> None:
    """Print what came out as `reelscore score` does."""
    from bot.terminal import read_score

    with said_or_not():
        show_scores([read_score(film) for film in films], clip, as_json=False, quiet=False)


def _parts(settings: BotSettings, fronts: list[str], stream: TextIO) -> list[Part]:
    """Return what has to run, in the order of its start."""
    from bot.parts import Part
    from jobs import redis_server

    hint = text.PART_REFUSED_HINT if stream is sys.stderr else text.PART_REFUSED_LOG_HINT.format(log=stream.name)
    data, place = settings.data, redis_server.socket_of(settings.data)
    parts = []
    if settings.redis_url is None:
        parts.append(
            Part(
                "redis",
                lambda: redis_server.start(data),
                grace_s=redis_server.STOP_S,
                hint=hint,
                there=lambda: redis_server.answers(place),
            )
        )
    programs = {"worker": (["worker", "cpu", "io"], settings.drain_s)}
    if fronts:
        programs["bot"] = (["bot", *fronts], DELIVER_S)
    for name, (words, drain_s) in programs.items():
        env = _environment(settings, name)
        parts.append(Part(name, _starter(words, env, stream), grace_s=drain_s + SETTLE_S, hint=hint))
    return parts


def _starter(words: list[str], env: dict[str, str], stream: TextIO) -> Callable[[], Awaitable[Process]]:
    from jobs import processes

    async def start() -> Process:
        said = stream.fileno()
        return await processes.start(sys.executable, "-m", "bot.cli", *words, env=env, stdout=said, stderr=said)

    return start


def _environment(settings: BotSettings, part: str) -> dict[str, str]:
    """Return what a part sees: for a worker no token, and a health server of its own beside the bot's."""
    from jobs.settings import scrub

    env = dict(os.environ)
    env["REELSCORE_DATA"] = str(settings.data)
    paths = [str(ROOT), *filter(None, [env.get("PYTHONPATH")])]
    env |= {"PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"}  # a file jobs.py here is not ours
    if part == "worker":
        scrub(env)
        if settings.health_port:
            env["REELSCORE_HEALTH_PORT"] = str(settings.health_port + 1)
    return env
